// How the page is built: relative addresses, so that it works under any path of any static host. Twice: as everybody
// sees it, which is what is published, and (--mode mine) as its owner does, which the gateway alone hands out.
import { defineConfig, type Plugin } from "vite";

/** The same document, with the owner's script in it. */
const owners: Plugin = {
  name: "the owner's page",
  transformIndexHtml: {
    order: "pre",
    handler: (html) => html.replace("./src/main.ts", "./src/mine/main.ts").replace(/<meta name="description".*\n/, ""),
  },
};

export default defineConfig(({ mode }) => ({
  base: "./",
  logLevel: "warn",
  plugins: mode === "mine" ? [owners] : [],
  build: {
    outDir: mode === "mine" ? "dist/mine" : "dist/public",
    target: "es2022",
    cssTarget: ["chrome123", "safari17.5", "firefox120"], // they know light-dark()
    modulePreload: false, // one small bundle; nothing to preload
    chunkSizeWarningLimit: 400,
  },
}));
