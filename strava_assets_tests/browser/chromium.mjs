// A real Chromium for the tests: the machine's own where there is one, else the one inside an npm package.
// What belongs here: finding, unpacking and launching it. What does not: what is done on the page (drive.mjs).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const MODULES = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
const UNPACKED = join(MODULES, ".chromium");
const SYSTEM = [
  process.env.STRAVA_ASSETS_TEST_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

// nothing of the browser's own may go out or get in the way; the sandbox needs rights that containers lack
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-sync",
  "--no-first-run",
  "--no-pings",
  "--font-render-hinting=none",
];

export async function launch() {
  const system = SYSTEM.find((path) => path && existsSync(path));
  const executablePath = system ?? (await unpacked());
  const env = { ...process.env };
  if (!system) {
    env.FONTCONFIG_FILE = fontsFile();
    if (lacksLibraries(executablePath))
      env.LD_LIBRARY_PATH = [join(UNPACKED, "al2023", "lib"), env.LD_LIBRARY_PATH].filter(Boolean).join(":");
  }
  return chromium.launch({ executablePath, headless: true, args: FLAGS, env });
}

/** The package's compressed binaries, unpacked once; whole or not at all, should it be stopped half-way. */
async function unpacked() {
  const binary = join(UNPACKED, "chromium");
  if (existsSync(binary)) return binary;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(
      "the npm package holds a Chromium for Linux on x86-64 only; install Chromium or Chrome, or name one in STRAVA_ASSETS_TEST_CHROMIUM",
    );
  }
  const half = `${UNPACKED}.${process.pid}`;
  mkdirSync(half, { recursive: true });
  const { TMPDIR } = process.env;
  process.env.TMPDIR = half; // where the package unpacks
  const { inflate } = await import("@sparticuz/chromium");
  const packed = join(MODULES, "@sparticuz", "chromium", "bin");
  await Promise.all(
    ["chromium.br", "fonts.tar.br", "al2023.tar.br", "swiftshader.tar.br"].map((name) => inflate(join(packed, name))),
  );
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  try {
    renameSync(half, UNPACKED);
  } catch (problem) {
    rmSync(half, { recursive: true, force: true });
    if (!existsSync(binary)) throw problem; // else another process was first
  }
  return binary;
}

/** The package's font lies where its own settings do not look; without a font there is no text at all. */
function fontsFile() {
  const path = join(UNPACKED, "fonts.conf");
  const folders = [join(UNPACKED, "fonts", "fonts"), "/usr/share/fonts", "/usr/local/share/fonts"];
  writeFileSync(
    path,
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${folders.map((folder) => `<dir>${folder}</dir>`).join("")}<cachedir>${join(UNPACKED, "fonts-cache")}</cachedir>
    <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias><alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias></fontconfig>`,
  );
  return path;
}

/** Bare machines lack NSS and its kin; the package brings them for that case. */
function lacksLibraries(binary) {
  try {
    return execFileSync("ldd", [binary], { encoding: "utf8" }).includes("not found");
  } catch {
    return true;
  }
}
