// Opens the page, does what one scenario says, and prints what was seen as one line of JSON.
// What belongs here: hands and eyes. What does not: judging what was seen (test_map.py).
//
//   node drive.mjs '{"url": …, "scenario": …, "width": …, "height": …, "dark": …, "shot": …}'
import { launch } from "./chromium.mjs";
import { scenarios } from "./scenarios.mjs";

const order = JSON.parse(process.argv[2]);
const browser = await launch();
try {
  const phone = order.width < 720;
  const context = await browser.newContext({
    viewport: { width: order.width, height: order.height },
    deviceScaleFactor: phone ? 2 : 1,
    hasTouch: phone,
    isMobile: phone,
    colorScheme: order.dark ? "dark" : "light",
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const seen = { console: [], foreign: [], requests: [] };
  page.on("console", (line) => {
    if (!["error", "warning"].includes(line.type()) || line.text().startsWith("Canvas2D: Multiple readback")) return; // our own eyes
    seen.console.push(line.text());
  });
  page.on("pageerror", (error) => seen.console.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol === "data:") return;
    if (url.origin !== new URL(order.url).origin) seen.foreign.push(request.url());
    seen.requests.push(url.pathname);
  });
  page.setDefaultTimeout(15_000);
  await page.goto(order.url + (order.hash ?? ""));
  await page.locator("#message").waitFor({ state: order.blank ? "visible" : "hidden" });
  if (order.blank)
    await page.waitForFunction(() => !document.getElementById("message").textContent.includes("Loading"));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const result = await scenarios[order.scenario]({ page, context, order, phone });
  if (order.shot) await page.screenshot({ path: order.shot });
  console.log(JSON.stringify({ ...seen, ...result }));
} finally {
  await browser.close();
}
