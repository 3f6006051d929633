// How the map is built: relative addresses, so that it works under any path of any static host.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  logLevel: "warn",
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "safari17.5", "firefox120"], // they know light-dark()
    modulePreload: false, // one small bundle; nothing to preload
    chunkSizeWarningLimit: 400,
  },
});
