// What people do on the page, and what they then see. Each scenario returns plain values for the test to judge.
import { readFileSync, writeFileSync } from "node:fs";
import { axeFindings, frame, inked, totals } from "./eyes.mjs";

const texts = (page, selector) => page.locator(selector).allInnerTexts();
const hash = (page) => decodeURIComponent(new URL(page.url()).hash);

async function tab(page, name, phone) {
  if (phone)
    for (let i = 0; i < 2; i++) {
      if ((await page.locator("#sheet").getAttribute("data-stop")) === "full") break;
      await page.locator("#handle").click();
    }
  await page.locator(`#tab-${name}`).click();
  await frame(page);
}

/** Chooses a ride in the table, scrolling until its row is there. */
async function pick(page, id, phone) {
  await tab(page, "table", phone);
  await page.evaluate(async (id) => {
    const table = document.querySelector(".ride-table");
    for (let y = 0; y <= table.scrollHeight && !document.querySelector(`.ride[data-id="${id}"]`); y += 400) {
      table.scrollTop = y;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
    document.querySelector(`.ride[data-id="${id}"]`).click();
  }, id);
}

async function card(page) {
  const open = await page.locator("#card").isVisible();
  if (!open) return { open };
  await page.locator("#card .profile svg, #card .profile > p, #card .card-profile > p:not(:text('Loading'))").first().waitFor();
  return {
    open,
    name: await page.locator("#card h2").textContent(),
    text: await page.locator("#card").innerText(),
    gaps: await page.locator("#card .gap").count(),
    labels: await page.locator("#card .gap-label").count(),
    lines: await page.locator("#card .profile path.ground").count(),
    switches: await texts(page, "#card .switch"),
    images: await page.locator("img[src=x], #card b, #panels img, #panels b").count(),
  };
}

/** The pixel of the raised track that is nearest to the middle of the free map. */
async function pointOnRaised(page) {
  return page.evaluate(() => {
    const canvas = document.querySelector(".leaflet-raised-pane canvas");
    const frame = canvas.getBoundingClientRect();
    const map = document.getElementById("map").getBoundingClientRect();
    const over = document.getElementById("card").getBoundingClientRect();
    const bottom = over.left < map.right && over.top < map.bottom ? over.top : map.bottom;
    const { data, width } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height);
    const ratio = canvas.width / frame.width;
    let best = null,
      least = Infinity;
    for (let i = 0; i < data.length; i += 4 * 3) {
      if (data[i + 3] < 250) continue;
      const x = frame.left + ((i / 4) % width) / ratio,
        y = frame.top + Math.floor(i / 4 / width) / ratio;
      if (x < map.left + 70 || x > map.right - 70 || y < map.top + 60 || y > bottom - 40) continue;
      const far = Math.hypot(x - (map.left + map.right) / 2, y - (map.top + bottom) / 2);
      if (far < least) {
        least = far;
        best = { x, y };
      }
    }
    return best;
  });
}

/** Figures, chips and the address, after a deed. */
async function state(page) {
  await frame(page);
  return {
    totals: await totals(page),
    inked: await inked(page),
    hash: hash(page),
    reset: (await texts(page, "#reset:visible"))[0] ?? null,
    chips: await texts(page, ".chip[data-sport]"),
  };
}

async function slide(page, name, value) {
  await page.locator(`[data-slider="${name}"]`).evaluate((input, value) => {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }, value);
}

/** Lays fingers on the page, moves them, and takes them away: for each moment, where each finger is. */
async function touch(page, moments) {
  const session = await page.context().newCDPSession(page);
  const points = (moment) => moment.map(([x, y], id) => ({ x, y, id }));
  const send = (type, touchPoints) => session.send("Input.dispatchTouchEvent", { type, touchPoints });
  await send("touchStart", points(moments[0]));
  for (const moment of moments.slice(1)) await send("touchMove", points(moment));
  await send("touchEnd", []);
  await session.detach();
}

/** Draws with a tool on the map, through points given as shares of the map's width and height. */
async function drawOn(page, tool, shares, byFinger = false) {
  await page.locator(`.tool[data-tool="${tool}"]`).click();
  const box = await page.locator("#map").boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  if (byFinger) {
    const steps = shares.flatMap((to, i) => (i === 0 ? [to] : [0.25, 0.5, 0.75, 1].map((part) => shares[i - 1].map((from, axis) => from + (to[axis] - from) * part))));
    return touch(page, steps.map((share) => [at(share)]));
  }
  await page.mouse.move(...at(shares[0]));
  await page.mouse.down();
  for (const share of shares.slice(1)) await page.mouse.move(...at(share), { steps: 4 });
  await page.mouse.up();
}

export const scenarios = {
  async look({ page, phone }) {
    const seen = {
      title: await page.title(),
      totals: await totals(page),
      chips: await texts(page, ".chip[data-sport]"),
      inked: await inked(page),
      latest: await page.locator(".latest-name").innerText(),
      messageShown: await page.locator("#message").isVisible(),
      wide: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
      frame: await page.locator("#frame").getAttribute("aria-label"),
      small: await page.$$eval("button:not([hidden])", (all) =>
        all.filter((b) => b.offsetParent !== null && b.offsetHeight < 24).map((b) => b.outerHTML.slice(0, 80)),
      ),
      unnamed: await page.$$eval(
        "button, a, select, input",
        (all) => all.filter((b) => b.offsetParent !== null && !(b.textContent.trim() || b.getAttribute("aria-label") || b.labels?.length)).length,
      ),
    };
    await tab(page, "table", phone);
    return { ...seen, names: await texts(page, ".ride-name"), images: await page.locator("img[src=x], #panels b").count() };
  },

  /** Waits until all is drawn, for a picture; opens the newest ride of a sport if asked. */
  async picture({ page, order }) {
    if (order.open !== undefined) {
      await page.locator(`.ride:has-text("${order.open}")`).first().click();
      await page.locator("#card .profile svg").waitFor();
      for (const series of order.series ?? []) await page.locator(`[data-series="${series}"]`).click();
    }
    await page.waitForFunction(() => [...document.querySelectorAll(".chart canvas")].every((canvas) => canvas.offsetParent === null || canvas.width > 0));
    await page.waitForTimeout(300);
    return {};
  },

  /** What Lighthouse calls best practices, as far as it can be seen without a network. */
  async practices({ page, order }) {
    const answers = [];
    page.on("response", (answer) => answers.push([new URL(answer.url()).pathname, answer.status()]));
    await page.reload();
    await page.waitForFunction(() => document.body.dataset.ready === "true");
    await pick(page, order.ride, order.width <= 640);
    await card(page);
    const seen = await page.evaluate(() => {
      const all = (selector) => [...document.querySelectorAll(selector)];
      const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? null;
      const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 1;
      const ids = all("[id]").map(({ id }) => id);
      return {
        doctype: document.doctype?.name ?? null,
        mode: document.compatMode,
        charset: document.characterSet,
        charsetEarly: document.head.innerHTML.indexOf("charset") < 1024,
        lang: document.documentElement.lang,
        title: document.title,
        description: meta("description"),
        viewport: meta("viewport"),
        zoomable: !/user-scalable|maximum-scale/.test(meta("viewport") ?? ""),
        policy: document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.content ?? null,
        icon: document.querySelector('link[rel="icon"]')?.href ?? null,
        headings: all("h1, h2, h3").filter(shown).map(({ tagName }) => Number(tagName[1])),
        landmarks: all("header, main, aside").length,
        insecure: performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.startsWith("http:") && !name.startsWith(location.origin)),
        handlers: all("*").filter((element) => [...element.attributes].some(({ name }) => name.startsWith("on"))).length,
        inline: all("script:not([src]), style, [style*='url(']").length,
        unsized: all("img").filter((image) => shown(image) && !(image.width > 0 && image.height > 0)).length,
        opened: all('a[target="_blank"]:not([rel~="noopener"])').length,
        duplicates: ids.filter((id, i) => ids.indexOf(id) !== i),
        fonts: [...document.fonts].map(({ family }) => family),
        pasteBlocked: all("[onpaste]").length,
        small: all("button, a[href], select, input, summary, [role='tab']")
          .filter((element) => shown(element) && !element.closest(".ride-head, .leaflet-control-container"))
          .map((element) => [element, element.getBoundingClientRect()])
          .filter(([, box]) => box.width < 24 || box.height < 24)
          .map(([element]) => element.outerHTML.slice(0, 90)),
        text: Math.min(...all("body *").filter((element) => shown(element) && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "")).map((element) => parseFloat(getComputedStyle(element).fontSize))),
        storage: [Object.keys(localStorage), Object.keys(sessionStorage), document.cookie],
        wide: document.documentElement.scrollWidth - innerWidth,
      };
    });
    return { ...seen, failed: undefined, refused: answers.filter(([, status]) => status >= 400), asked: answers.length };
  },

  async message({ page }) {
    return { message: await page.locator("#message").innerText() };
  },

  /** Every kind of filter, one after the other, and what is shown after each; then the whole address in a new page. */
  async filters({ page, context, order, phone }) {
    const seen = { before: await state(page) };
    const step = async (name, deed, undo) => {
      await deed();
      seen[name] = await state(page);
      await undo();
      const after = await state(page);
      if (after.totals.activities !== seen.before.totals.activities) seen.stuck = `${name}: ${after.hash}`;
    };
    const reset = () => page.locator("#reset").click();
    const chip = (sport) => page.locator(`.chip[data-sport="${sport}"]`).click();
    await step("sports", async () => { await chip("run"); await chip("hike"); }, () => chip("all"));
    await step("range", () => page.locator("#range").selectOption("12m"), () => page.locator("#range").selectOption("all"));
    await step("search", () => page.locator("#search").fill(order.search), () => page.locator("#search").fill(""));
    await page.locator("#filters-open").click();
    await step("days", async () => {
      await page.locator("#range-from").fill(order.days[0]);
      await page.locator("#range-to").fill(order.days[1]);
    }, reset);
    await step("distance", async () => { await slide(page, "distance-from", 40); await slide(page, "distance-to", 80); }, reset);
    await step("climb", () => slide(page, "climb-from", 60), reset);
    await page.locator("#filters .close").click();
    if (phone) {
      await step("rectangle", () => drawOn(page, "rectangle", [[0.3, 0.15], [0.5, 0.3]], true), () => page.locator('.tool[data-tool="rectangle"]').click());
      await step("lasso", () => drawOn(page, "lasso", [[0.08, 0.08], [0.3, 0.1], [0.28, 0.25], [0.1, 0.22]], true), () => page.locator('.tool[data-tool="lasso"]').click());
      await step("spot", () => drawOn(page, "spot", [[0.47, 0.56]], true), () => page.locator('.tool[data-tool="spot"]').click());
    } else {
      await step("rectangle", () => drawOn(page, "rectangle", [[0.15, 0.15], [0.35, 0.4]]), () => page.locator('.tool[data-tool="rectangle"]').click());
      await step("lasso", () => drawOn(page, "lasso", [[0.6, 0.2], [0.8, 0.25], [0.75, 0.5], [0.62, 0.4]]), () => page.locator('.tool[data-tool="lasso"]').click());
      await step("spot", () => drawOn(page, "spot", [[0.47, 0.56]]), () => page.locator('.tool[data-tool="spot"]').click());
    }
    await step("view", async () => {
      await page.locator("#map").focus();
      for (let i = 0; i < 4; i++) {
        await page.keyboard.press("+");
        await page.waitForTimeout(120);
      }
      await page.locator('.tool[data-tool="view"]').click();
    }, () => page.locator('.tool[data-tool="view"]').click());

    await chip("mtb");
    await page.locator("#search").fill(order.search);
    await page.locator("#filters-open").click();
    await slide(page, "distance-from", 30);
    seen.together = await state(page);
    const friend = await context.newPage();
    await friend.goto(page.url());
    await friend.waitForFunction(() => document.body.dataset.ready === "true");
    seen.shared = await state(friend);
    await reset();
    seen.reset = await state(page);
    return seen;
  },

  /** The table twins of all charts. */
  async charts({ page, phone }) {
    await tab(page, "chart", phone);
    const seen = { pictures: await page.locator(".chart canvas:visible").count() };
    await page.waitForFunction(() => [...document.querySelectorAll(".chart canvas")].every((canvas) => canvas.width > 0));
    for (const details of await page.locator(".chart details").all()) await details.evaluate((element) => { element.open = true; });
    const rows = (selector) =>
      page.$$eval(`${selector} tr`, (all) => all.map((row) => [row.dataset.start ?? "", ...[...row.children].map((cell) => cell.textContent)]));
    for (const period of ["year", "quarter", "week"])
      for (const measure of ["distance", "count", "climb", "time", "watts"]) {
        await page.locator(`[data-period="${period}"]`).click();
        await page.locator("#measure").selectOption(measure);
        await frame(page);
        seen[`${period} ${measure}`] = await rows('[data-chart="main"]');
      }
    seen.watts = await rows('[data-chart="watts"]');
    seen.quarters = await rows(".quarters");
    seen.ink = await page.evaluate(() => {
      const canvas = document.querySelector('[data-chart="main"] canvas');
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, i) => i % 4 === 3 && value > 200).length;
    });
    await tab(page, "calendar", phone);
    seen.month = await page.locator(".calendar-head h3").innerText();
    seen.sums = await page.locator(".calendar-sums").innerText();
    seen.days = await page.locator(".calendar-ride").count();
    return seen;
  },

  /** Sorts the table by each column and reads its first rows. */
  async sort({ page, phone }) {
    await tab(page, "table", phone);
    const seen = {};
    for (const column of ["name", "distance"]) {
      await page.locator(`[data-sort="${column}"]`).click();
      await frame(page);
      seen[column] = await page.$$eval(".ride", (rows) => rows.slice(0, 8).map((row) => row.dataset.id));
    }
    seen.made = await page.locator(".ride").count();
    return seen;
  },

  /** Opens one ride through the table, closes it, then taps its line on the map itself. */
  async tap({ page, order, phone }) {
    await pick(page, order.ride, phone);
    await card(page);
    await page.waitForTimeout(300);
    const point = await pointOnRaised(page);
    await page.keyboard.press("Escape");
    const closed = !(await page.locator("#card").isVisible());
    if (phone) await page.touchscreen.tap(point.x + 6, point.y); // a finger is not exact
    else {
      await page.mouse.move(point.x, point.y);
      await page.mouse.click(point.x, point.y);
    }
    await page.locator("#card").waitFor({ state: "visible" });
    return {
      closed,
      card: await card(page),
      faded: await page.locator(".leaflet-tracks-pane.faded").count(),
      hash: hash(page),
      selected: await page.$$eval('.ride[aria-selected="true"]', (rows) => rows.map((row) => row.dataset.id)),
    };
  },

  /** Opens a ride and goes along its profile: the marker on the map follows, and the other way round. */
  async open({ page, order, phone }) {
    const streamsBefore = order.hash
      ? 0
      : await page.evaluate(() => performance.getEntriesByType("resource").filter((e) => e.name.endsWith(".csv")).length);
    if (!order.hash) await pick(page, order.ride, phone);
    const seen = { card: await card(page), streamsBefore, titles: await page.title() };
    if (seen.card.lines === 0) return seen;
    const markerInk = () =>
      page.evaluate(() => {
        const canvas = document.querySelector(".leaflet-raised-pane canvas");
        const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height);
        let count = 0; // the marker is the only thing of this colour there
        for (let i = 0; i < data.length; i += 4) if (data[i] === 17 && data[i + 1] === 17 && data[i + 2] === 17 && data[i + 3] === 255) count += 1;
        return count;
      });
    await page.locator(".profile-holder").scrollIntoViewIfNeeded();
    const profile = await page.locator(".profile-holder").boundingBox();
    seen.markerBefore = await markerInk();
    await page.mouse.move(profile.x + profile.width * 0.75, profile.y + 60);
    await frame(page);
    seen.cursor = await page.locator(".readout").innerText();
    seen.marker = await markerInk();
    const point = await pointOnRaised(page); // before the pointer raises another one
    await page.mouse.move(profile.x + profile.width * 0.75, profile.y - 400);
    if (!phone) {
      await page.mouse.move(point.x, point.y);
      await page.waitForFunction(() => document.querySelector(".cursor").getAttribute("visibility") === "visible");
      seen.fromMap = { cursor: await page.locator(".readout").innerText(), line: await page.locator(".cursor").getAttribute("visibility") };
      await page.mouse.move(profile.x + profile.width * 0.3, profile.y + 60);
      await page.mouse.down();
      await page.mouse.move(profile.x + profile.width * 0.5, profile.y + 60, { steps: 5 });
      await page.mouse.up();
      seen.zoomed = await page.locator(".profile .tick").allTextContents();
      await page.locator(".profile-head .link").click();
      seen.whole = await page.locator(".profile .tick").allTextContents();
    }
    if (phone) {
      const [y, left, right] = [profile.y + 60, profile.x + profile.width * 0.5, profile.x + profile.width * 0.6];
      await touch(page, [0, 1, 2, 3, 4].map((i) => [[left - i * 20, y], [right + i * 20, y]]));
      await frame(page);
      seen.zoomed = await page.locator(".profile .tick").allTextContents();
      await page.locator(".profile-head .link").click();
      seen.whole = await page.locator(".profile .tick").allTextContents();
    }
    await page.locator('[data-axis="time"]').click();
    seen.overTime = await page.locator(".profile .tick").allTextContents();
    for (const series of await page.locator("button.switch").all()) await series.click();
    seen.drawn = await page.locator(".profile path.line:not(.ground)").count();
    await page.locator(".profile-holder").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    seen.byKey = await page.locator(".profile-holder").getAttribute("aria-valuetext");
    await page.locator("#card details").evaluate((element) => { element.open = true; });
    await frame(page);
    seen.splits = await page.locator("#card .twin tbody tr").count();
    return seen;
  },

  async frames({ page }) {
    const scale = () => page.locator(".leaflet-control-scale-line").first().innerText();
    const button = page.locator("#frame");
    const seen = { home: await scale(), button: await button.getAttribute("aria-label") };
    await button.click();
    await page.waitForTimeout(200);
    Object.assign(seen, { whole: await scale(), back: await button.getAttribute("aria-label") });
    await button.click();
    await page.waitForTimeout(200);
    return { ...seen, again: await scale() };
  },

  /** New files replace the old ones while the page is open and a ride is selected. */
  async arrive({ page, order, phone }) {
    await pick(page, order.ride, phone);
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
      latest: await page.locator(".latest-name").textContent(),
    };
  },

  /** Everything by keyboard: search, into the table, down, open, close, clear, a rectangle. */
  async keys({ page, order }) {
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className || "");
    const seen = {};
    await page.keyboard.press("/");
    seen.search = await focused();
    await page.keyboard.type(order.search);
    seen.found = (await totals(page)).activities;
    await page.keyboard.press("Escape");
    seen.cleared = (await totals(page)).activities;
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowDown"); // into the table
    seen.row = await focused();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator("#card").waitFor();
    seen.opened = await page.locator("#card h2").textContent();
    await page.keyboard.press("ArrowDown");
    seen.next = await page.locator("#card h2").textContent();
    await page.keyboard.press("End");
    await frame(page);
    seen.last = await page.locator("#card h2").textContent();
    await page.keyboard.press("Escape");
    seen.closed = !(await page.locator("#card").isVisible());
    await page.locator('.tool[data-tool="rectangle"]').focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    seen.area = hash(page).includes("area=");
    await page.keyboard.press("Escape");
    seen.reset = hash(page).includes("area=");
    await page.locator("#tab-table").focus();
    await page.keyboard.press("ArrowRight");
    seen.tab = await page.locator("#panel-calendar").isVisible();
    return seen;
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

  /** Light to dark, kilometres to miles, heat; kept when the page is loaded again. */
  async switches({ page, context }) {
    const ground = () => page.evaluate(() => getComputedStyle(document.querySelector(".bar")).backgroundColor);
    const seen = { light: await ground(), inked: await inked(page) };
    await page.locator("#theme").click();
    seen.dark = await ground();
    await page.locator("#units").click();
    seen.miles = await totals(page);
    await page.locator('.tool[data-tool="heat"]').click();
    seen.heat = { hash: hash(page), key: await page.locator("#heat-key").isVisible(), inked: await inked(page) };
    const again = await context.newPage();
    await again.goto(page.url());
    await again.waitForFunction(() => document.body.dataset.ready === "true");
    seen.kept = { dark: await again.evaluate(() => document.documentElement.dataset.theme), miles: await totals(again) };
    await page.locator("#about-open").click();
    seen.about = await page.locator("#about").innerText();
    await page.keyboard.press("Escape");
    seen.aboutClosed = !(await page.locator("#about").isVisible());
    return seen;
  },

  /** Another address in the same page. */
  async address({ page, order }) {
    const seen = { before: await state(page) };
    await page.evaluate((next) => { location.hash = next; }, order.next);
    await page.waitForFunction(() => document.querySelector(".leaflet-control-scale-line").textContent === "300 km");
    return { ...seen, after: await state(page) };
  },

  async tiles({ page }) {
    await page.waitForFunction(() => [...document.querySelectorAll("img.leaflet-tile")].some((tile) => tile.complete && tile.naturalWidth > 0));
    return {
      attribution: await page.locator("#attribution").innerText(),
      link: await page.locator("#attribution a").getAttribute("href"),
      graticule: await page.locator(".graticule").count(),
    };
  },

  /** Each athlete alone, then all together. */
  async athletes({ page }) {
    const seen = { all: await totals(page), names: await texts(page, "#athlete option") };
    const ids = await page.$$eval("#athlete option", (all) => all.map((option) => option.value));
    for (const id of ids.slice(1)) {
      await page.locator("#athlete").selectOption(id);
      seen[id] = await totals(page);
    }
    await page.locator("#athlete").selectOption("");
    seen.again = await totals(page);
    return seen;
  },

  /** The rules of axe on what a person meets: the first view, the table, the calendar, the filters, a ride. */
  async axe({ page, order, phone }) {
    const found = [];
    const scan = async (where) => found.push(...(await axeFindings(page, where)));
    await scan("first view");
    await tab(page, "table", phone);
    await scan("table");
    await page.locator("#tab-calendar").click();
    await scan("calendar");
    await page.locator("#filters-open").click();
    await scan("filters");
    await page.keyboard.press("Escape");
    await pick(page, order.ride, phone);
    await card(page);
    await scan("a ride");
    return { found };
  },
};
