// What the owner does on the page that only they see, and what they then see; judged by test_owner_page.py.
// What belongs here: hands and eyes on that page. What does not: the page that everybody sees (scenarios.mjs).
import { axeFindings, frame, inked, totals } from "./eyes.mjs";

const words = (page, selector) => page.locator(selector).first().innerText();

/** The middle of the map as it is on the screen. */
async function middle(page) {
  const box = await page.locator("#map").boundingBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Another place on the map: the link that opens the page keeps no hash. */
async function goTo(page, at) {
  await page.evaluate((at) => { location.hash = `at=${at}`; }, at);
  await frame(page);
}

async function openZones(page) {
  if (!(await page.locator("#zones").isVisible())) await page.locator("#zones-open").click();
  await page.locator(".zone-body > *").first().waitFor();
}

/** Clicks or taps a point of the map. */
async function touch(page, phone, x, y) {
  if (phone) await page.touchscreen.tap(x, y);
  else await page.mouse.click(x, y);
}

/** What the form says would disappear, once the gateway has answered. */
async function foretold(page) {
  await page.waitForFunction(() => {
    const result = document.querySelector(".zone-result");
    return result !== null && !result.hasAttribute("aria-busy") && result.textContent.includes("disappear");
  });
  return words(page, ".zone-result");
}

async function told(page) {
  await page.locator(".zone-told > *").first().waitFor();
  return words(page, ".zone-told");
}

async function save(page) {
  await page.locator(".zone-form .primary").click();
  await page.locator(".zone-form").waitFor({ state: "detached" });
  return told(page);
}

const names = (page) => page.locator(".zone-name").allInnerTexts();

export const ownerScenarios = {
  /** The mark, and the three ways to look. */
  async ownerLook({ page, order }) {
    const seen = { address: page.url(), title: await page.title(), mark: await words(page, ".owner-mark"), totals: await totals(page) };
    seen.everything = await inked(page);
    await page.locator('[data-view="others"]').click();
    await page.waitForFunction((count) => document.querySelector('[data-total="activities"] dd').textContent === count, order.published);
    await frame(page);
    seen.others = { totals: await totals(page), inked: await inked(page), mark: await page.locator(".owner-mark").isVisible(), zones: await page.locator(".zone").count() };
    await page.locator('[data-view="difference"]').click();
    await page.locator(".difference-key").waitFor();
    seen.axe = await axeFindings(page, "difference");
    seen.difference = { words: await words(page, ".difference-key"), hidden: await inked(page, ".leaflet-hidden-pane canvas"), totals: await totals(page) };
    await page.locator('[data-view="all"]').click();
    await page.locator(".difference-key").waitFor({ state: "hidden" });
    seen.again = await inked(page);
    seen.zones = await page.locator(".zone").count();
    seen.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await page.locator("#about-open").click();
    seen.about = await words(page, "#about");
    return seen;
  },

  /** A circle in the middle of the map, by hand; moved, made larger, saved. */
  async ownerCircle({ page, order, phone }) {
    await goTo(page, order.at);
    await openZones(page);
    const seen = { before: await names(page), axe: await axeFindings(page, "zones") };
    await page.locator('[data-draw="circle"]').click();
    seen.hint = await words(page, ".draft-hint");
    await touch(page, phone, ...(await middle(page)));
    seen.foretold = await foretold(page);
    seen.lines = await page.locator("path.draft-lines").count();
    const radius = () => page.locator("#zone-radius").inputValue();
    seen.radius = [await radius()];
    const edge = await page.locator(".draft-handle.corner").boundingBox();
    const [x, y] = [edge.x + edge.width / 2, edge.y + edge.height / 2];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 20, y, { steps: 4 });
    await page.mouse.up();
    seen.radius.push(await radius());
    await page.locator("#zone-name").fill(order.name);
    await foretold(page);
    seen.axe.push(...(await axeFindings(page, "a draft")));
    seen.said = await save(page);
    seen.after = await names(page);
    return seen;
  },

  /** A polygon without a mouse: keys place its corners, move one, take one away. */
  async ownerKeys({ page, order }) {
    await goTo(page, order.at);
    await page.locator("#zones-open").focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-draw="polygon"]').focus();
    await page.keyboard.press("Enter");
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("aria-label"));
    const seen = { focused: await focused(), corners: [] };
    const corners = async () => seen.corners.push(await page.locator(".draft-handle.corner").count());
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", null]) {
      await page.keyboard.press("Enter");
      await corners();
      if (key === null) break;
      await page.keyboard.press(key);
      await page.waitForTimeout(400); // the map glides
    }
    const first = page.locator(".draft-handle.corner").first();
    const before = await first.boundingBox();
    await first.focus();
    await page.keyboard.press("ArrowLeft");
    seen.moved = before.x - (await page.locator(".draft-handle.corner").first().boundingBox()).x;
    seen.stays = await focused();
    await page.keyboard.press("Delete");
    await corners();
    await page.locator(".draft-handle.between").first().focus();
    await page.keyboard.press("ArrowUp");
    await corners();
    seen.foretold = await foretold(page);
    await page.locator("#zone-name").focus();
    await page.keyboard.type(order.name);
    await page.keyboard.press("Enter");
    await page.locator(".zone-form").waitFor({ state: "detached" });
    seen.said = await told(page);
    await page.keyboard.press("Escape");
    seen.closed = !(await page.locator("#zones").isVisible());
    seen.focusedAtLast = await focused();
    return seen;
  },

  /** The owner's word on zones that are there: shaped anew, refused, removed, hidden again. */
  async ownerDecides({ page, context, order }) {
    await page.locator(`.zone-pin[title="${order.name}"]`).click();
    const item = page.locator(`[data-zone="${order.zone}"]`);
    await page.waitForFunction(() => document.activeElement.classList.contains("zone-name"));
    const picked = await page.evaluate(() => document.activeElement.textContent);
    await item.getByRole("button", { name: "Edit" }).click();
    const seen = { picked, handles: await page.locator(".draft-handle").count(), radius: await page.locator("#zone-radius").inputValue() };
    await foretold(page);
    await page.locator("#zone-radius").fill("115");
    await page.locator("#zone-radius").press("Tab");
    seen.foretold = await foretold(page);
    seen.redrawn = await save(page);
    await item.getByRole("button", { name: "Edit" }).click();
    await page.locator("#zone-mode").selectOption("ends_only");
    await page.locator(".zone-form .primary").click();
    await page.locator(".zone-problem").waitFor();
    seen.refused = await words(page, ".zone-problem");
    await page.keyboard.press("Escape");
    await item.getByRole("button", { name: "Remove …" }).click();
    await item.locator(".danger").waitFor();
    seen.offered = await words(page, `[data-zone="${order.zone}"] .zone-below p`);
    await item.locator(".danger").click();
    seen.removed = await told(page);
    await page.locator(".zone-body details summary").click();
    await item.getByRole("button", { name: "Hide again" }).click();
    await page.waitForFunction(() => document.querySelector(".zone-told")?.textContent.includes("confirmed"));
    seen.again = await told(page);
    await context.clearCookies();
    await item.getByRole("button", { name: "Remove …" }).click();
    await page.locator(".zone-told .zone-problem").waitFor();
    seen.loggedOut = await told(page);
    return seen;
  },

  /** Signs in with a wrong password, then with the right one. */
  async ownerPassword({ page, order }) {
    const seen = { asked: await words(page, "h1"), told: [] };
    for (const password of order.passwords) {
      await page.locator("input[type=password]").fill(password);
      await page.locator("button").click();
      seen.told.push(await words(page, "body"));
    }
    if (!order.opens) return seen;
    await page.waitForFunction(() => document.body.dataset.ready === "true");
    seen.address = page.url();
    seen.mark = await words(page, ".owner-mark");
    await page.locator("#logout").click();
    await page.waitForURL((url) => !url.pathname.startsWith("/mine"));
    seen.left = page.url();
    const answer = await page.goto(new URL("/mine/", order.url).href);
    seen.afterwards = answer.url();
    return seen;
  },

  /** Waits for what a picture is to show. */
  async ownerPicture({ page, order, phone }) {
    if (order.view) await page.locator(`[data-view="${order.view}"]`).click();
    if (order.zones) await openZones(page);
    if (order.draw) {
      await page.locator(`[data-draw="${order.draw}"]`).click();
      await touch(page, phone, ...(await middle(page)));
      await foretold(page);
    }
    if (order.offer) {
      await page.getByRole("button", { name: "Remove …" }).first().click();
      await page.locator(".danger").first().waitFor();
    }
    await page.waitForTimeout(400);
    return {};
  },
};
