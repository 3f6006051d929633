// What people do on the page, and what they then see. Each scenario returns plain values for the test to judge.
import { readFileSync, writeFileSync } from "node:fs";

const texts = (page, selector) => page.locator(selector).allInnerTexts();

/** The totals on the page, as text by name. */
async function totals(page) {
  return page.$$eval("[data-total]", (tiles) =>
    Object.fromEntries(tiles.map((tile) => [tile.dataset.total, tile.querySelector("dd").textContent])),
  );
}

/** How many pixels of the tracks' canvas carry ink. */
async function inked(page) {
  return page.evaluate(() => {
    let count = 0;
    for (const canvas of document.querySelectorAll(".leaflet-tracks-pane canvas")) {
      const { data } = canvas
        .getContext("2d", { willReadFrequently: true })
        .getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 40) count += 1;
      }
    }
    return count;
  });
}

/** Chooses a ride in the list, scrolling until its row is there. */
async function pick(page, id) {
  await page.evaluate(async (id) => {
    for (let tries = 0; tries < 100 && !document.querySelector(`[data-id="${id}"]`); tries++) {
      document.getElementById("rides").scrollTop = 1e9;
      await new Promise((done) => setTimeout(done, 50));
    }
    document.querySelector(`[data-id="${id}"]`).click();
  }, id);
}

async function card(page) {
  const open = await page.locator("#card").isVisible();
  if (!open) return { open };
  await page.locator("#card .profile, #card .card-profile > p:not(:text('Loading'))").first().waitFor();
  return {
    open,
    name: await page.locator("#card h2").textContent(),
    text: await page.locator("#card").innerText(),
    gaps: await page.locator("#card .gap").count(),
    lines: await page.locator("#card .profile path[fill=none]").count(),
    images: await page.locator("img[src=x], #card b, #rides img, #rides b").count(),
  };
}

export const scenarios = {
  async look({ page }) {
    return {
      title: await page.title(),
      totals: await totals(page),
      chips: await texts(page, ".chip"),
      inked: await inked(page),
      rides: await page.locator(".ride").count(),
      first: await page.locator(".ride-name").first().innerText(),
      weeks: await page.$$eval("#weeks .bar-week title", (bars) => bars.map((bar) => bar.textContent.split(": ")[1])),
      messageShown: await page.locator("#message").isVisible(),
      wide: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      frame: await texts(page, "#frame:visible"),
      names: await texts(page, ".ride-name"),
      images: await page.locator("img[src=x], #rides b").count(),
      small: await page.$$eval("button:not([hidden])", (all) =>
        all.filter((b) => b.offsetParent !== null && b.offsetHeight < 24).map((b) => b.outerHTML.slice(0, 80)),
      ),
      unnamed: await page.$$eval(
        "button, a",
        (all) =>
          all.filter((b) => b.offsetParent !== null && !(b.textContent.trim() || b.getAttribute("aria-label"))).length,
      ),
    };
  },

  async message({ page }) {
    return { message: await page.locator("#message").innerText() };
  },

  async filter({ page, order }) {
    const before = { totals: await totals(page), inked: await inked(page) };
    for (const sport of order.sports) await page.locator(`[data-sport="${sport}"]`).click();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    return {
      before,
      after: { totals: await totals(page), inked: await inked(page) },
      hash: new URL(page.url()).hash,
      pressed: await texts(page, '.chip[aria-pressed="true"]'),
      about: await texts(page, ".ride-about"),
    };
  },

  /** Frames one ride through the list, closes it, then taps its line on the map itself. */
  async tap({ page, order, phone }) {
    await pick(page, order.ride);
    await page.waitForTimeout(300);
    // the raised track is alone on its canvas: take the pixel of it that is nearest to the middle of the free map
    const point = await page.evaluate(() => {
      const canvas = document.querySelector(".leaflet-raised-pane canvas");
      const frame = canvas.getBoundingClientRect();
      const map = document.getElementById("map").getBoundingClientRect();
      const over = document.getElementById("card").getBoundingClientRect();
      const bottom = over.left < map.right && over.top < map.bottom ? over.top : map.bottom;
      const { data, width } = canvas
        .getContext("2d", { willReadFrequently: true })
        .getImageData(0, 0, canvas.width, canvas.height);
      const ratio = canvas.width / frame.width;
      let best = null,
        least = Infinity;
      for (let i = 0; i < data.length; i += 4 * 3) {
        if (data[i + 3] < 250) continue;
        const x = frame.left + ((i / 4) % width) / ratio,
          y = frame.top + Math.floor(i / 4 / width) / ratio;
        if (x < map.left + 30 || x > map.right - 60 || y < map.top + 60 || y > bottom - 40) continue;
        const far = Math.hypot(x - (map.left + map.right) / 2, y - (map.top + bottom) / 2);
        if (far < least) {
          least = far;
          best = { x, y };
        }
      }
      return best;
    });
    await page.keyboard.press("Escape");
    const closed = !(await page.locator("#card").isVisible());
    if (phone) await page.touchscreen.tap(point.x, point.y);
    else {
      await page.mouse.move(point.x, point.y);
      await page.mouse.click(point.x, point.y);
    }
    await page.locator("#card").waitFor({ state: "visible" });
    return {
      closed,
      card: await card(page),
      faded: await page.locator(".leaflet-tracks-pane.faded").count(),
      hash: new URL(page.url()).hash,
      current: await texts(page, '[aria-current="true"] .ride-name'),
    };
  },

  async open({ page, order }) {
    const streamsBefore = order.hash
      ? []
      : await page.evaluate(
          () => performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".csv")).length,
        );
    if (!order.hash) await pick(page, order.ride);
    const first = await card(page);
    let cursor = null;
    if (first.lines > 0) {
      const profile = await page.locator("#card .profile svg").boundingBox();
      await page.mouse.move(profile.x + profile.width * 0.75, profile.y + 60);
      cursor = await page.locator("#card figcaption").innerText();
    }
    return { card: first, streamsBefore, cursor, titles: await page.title() };
  },

  async frames({ page }) {
    const scale = () => page.locator(".leaflet-control-scale-line").first().innerText();
    const home = await scale();
    const button = await page.locator("#frame").innerText();
    await page.locator("#frame").click();
    await page.waitForTimeout(200);
    const whole = await scale();
    const back = await page.locator("#frame").innerText();
    await page.locator("#frame").click();
    await page.waitForTimeout(200);
    return { home, button, whole, back, again: await scale() };
  },

  /** New files replace the old ones while the page is open and a ride is selected. */
  async arrive({ page, order }) {
    await pick(page, order.ride);
    await page.locator("#card").waitFor();
    const before = await totals(page);
    for (const [to, from] of Object.entries(order.copies)) writeFileSync(to, readFileSync(from));
    await page.waitForFunction(
      (count) => document.querySelector('[data-total="activities"] dd').textContent === count,
      order.count,
      { timeout: 25_000 },
    );
    return {
      before,
      after: await totals(page),
      card: await card(page),
      notice: await page.locator("#notice").innerText(),
      first: await page.locator(".ride-name").first().innerText(),
    };
  },

  /** Everything by keyboard: into the list, down, open, close. */
  async keys({ page }) {
    await page.locator(".ride").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator("#card").waitFor();
    const opened = await page.locator("#card h2").textContent();
    await page.keyboard.press("Escape");
    return {
      opened,
      closed: !(await page.locator("#card").isVisible()),
      focused: await page.evaluate(() => document.activeElement?.className ?? ""),
    };
  },

  async sheet({ page }) {
    const height = async () => (await page.locator("#sheet").boundingBox()).height;
    const heights = [await height()];
    for (let i = 0; i < 2; i++) {
      await page.locator("#handle").click();
      await page.waitForTimeout(50);
      heights.push(await height());
    }
    const handle = await page.locator("#handle").boundingBox();
    await page.mouse.move(handle.x + handle.width / 2, handle.y + 10);
    await page.mouse.down();
    await page.mouse.move(handle.x + handle.width / 2, handle.y + 900, { steps: 6 });
    await page.mouse.up();
    await page.waitForTimeout(50);
    heights.push(await height());
    return { heights };
  },
};
