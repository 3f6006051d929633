// Measures the page in a Chromium and prints the figures as one line of JSON.
// What belongs here: the stopwatch. What does not: the files it looks at, the table of figures (benchmarks/map.py).
//
//   node measure.mjs '{"url": …, "width": …, "height": …, "slower": …, "changes": …}'
import { launch } from "./chromium.mjs";

const order = JSON.parse(process.argv[2]);
const browser = await launch();
try {
  const phone = order.width < 640;
  const context = await browser.newContext({
    viewport: { width: order.width, height: order.height },
    deviceScaleFactor: phone ? 2 : 1,
    locale: "en-GB",
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  if (order.slower > 1) {
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: order.slower });
  }
  await page.addInitScript(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const task of list.getEntries()) globalThis.longTasks.push(task.startTime + task.duration);
    }).observe({ type: "longtask", buffered: true });
  });
  await page.goto(order.url);
  await page.locator("#message").waitFor({ state: "hidden" });
  await page.waitForTimeout(1500 * order.slower);
  // interactive: nothing keeps the page busy any more, since the TopoJSON had arrived
  const interactive = await page.evaluate(() => {
    const arrived = performance.getEntriesByType("resource").find(({ name }) => name.endsWith(".topojson")).responseEnd;
    return Math.max(...globalThis.longTasks, arrived) - arrived;
  });

  // a filter change: from the click to the frame after the one that shows it
  const filters = await page.evaluate(async (changes) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const chips = () => [...document.querySelectorAll(".chip[data-sport]")];
    const search = document.getElementById("search");
    const deeds = [() => chips()[1]?.click(), () => chips()[2]?.click(), () => chips()[0]?.click()];
    if (search !== null)
      for (const text of ["two", ""])
        deeds.push(() => {
          search.value = text;
          search.dispatchEvent(new Event("input"));
        });
    const took = [];
    for (let i = 0; i < changes; i++) {
      await new Promise((done) => setTimeout(done, 60));
      await frame();
      const began = performance.now();
      deeds[i % deeds.length]();
      await frame();
      await new Promise((done) => setTimeout(done, 0)); // that frame is painted
      took.push(performance.now() - began);
    }
    chips()[0].click();
    return took;
  }, order.changes);

  // panning: the time between frames while the map is dragged, well beyond what was drawn around it
  await page.waitForTimeout(500);
  const box = await page.locator("#map").boundingBox();
  const frames = [];
  for (const [dx, dy] of [
    [-1, 0],
    [1, 0.6],
    [0.4, -1],
  ]) {
    await page.evaluate(() => {
      globalThis.frames = [];
      globalThis.watching = true;
      const tick = () => {
        globalThis.frames.push(performance.now());
        if (globalThis.watching) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
    });
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 3];
    await page.mouse.move(x, y);
    await page.mouse.down();
    for (let i = 1; i <= 40; i++) await page.mouse.move(x + dx * i * (box.width / 100), y + dy * i * (box.height / 160));
    await page.mouse.up();
    await page.waitForTimeout(120); // what is drawn when the map is let go belongs to it
    frames.push(
      ...(await page.evaluate(() => {
        globalThis.watching = false;
        return globalThis.frames.slice(1).map((now, i) => now - globalThis.frames[i]);
      })),
    );
  }
  console.log(JSON.stringify({ interactive, filters, frames }));
} finally {
  await browser.close();
}
