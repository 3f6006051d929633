// Opens the page, does what a scenario says, and prints what was seen as one line of JSON; one browser for all orders.
// What belongs here: hands and eyes. What does not: judging what was seen (test_map.py).
//
// Orders come as lines: {"url": …, "scenario": …, "width": …, "height": …, "dark": …, "shot": …}
import { createInterface } from "node:readline";
import { launch } from "./chromium.mjs";
import { ownerScenarios } from "./ownerScenarios.mjs";
import { scenarios } from "./scenarios.mjs";

const all = { ...scenarios, ...ownerScenarios };
const browser = await launch();
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  let seen;
  try {
    seen = await visit(order);
  } catch (problem) {
    seen = { failed: String(problem.stack ?? problem).slice(0, 3000) };
  }
  console.log(JSON.stringify(seen));
}
await browser.close();

async function visit(order) {
  const phone = order.width <= 640;
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
  try {
    const seen = { console: [], foreign: [], requests: [] };
    context.on("console", (line) => {
      if (!["error", "warning"].includes(line.type())) return;
      if (line.text().includes("Canvas2D: Multiple readback")) return; // our own eyes
      seen.console.push(line.text());
    });
    context.on("weberror", (error) => seen.console.push(String(error.error())));
    context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol === "data:") return;
      if (url.origin !== new URL(order.url).origin) seen.foreign.push(request.url());
      seen.requests.push(url.pathname);
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(order.url + (order.hash ?? ""));
    if (order.form) await page.locator("form").waitFor();
    else if (order.blank) await page.waitForFunction(() => !document.getElementById("message").textContent.includes("Loading"));
    else await page.waitForFunction(() => document.body.dataset.ready === "true");
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const result = await all[order.scenario]({ page, context, order, phone });
    if (order.shot) await page.screenshot({ path: order.shot });
    return { ...seen, ...result };
  } finally {
    await context.close();
  }
}
