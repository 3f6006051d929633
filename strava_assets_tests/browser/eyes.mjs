// What can be seen on any page of ours: figures, ink, what axe finds.
// What belongs here: looking. What does not: doing anything (the scenarios).
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const frame = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** The tiles on the page, as text by name. */
export async function totals(page) {
  return page.$$eval("[data-total]", (tiles) =>
    Object.fromEntries(tiles.map((tile) => [tile.dataset.total, tile.querySelector("dd").textContent])),
  );
}

/** How many pixels of the tracks' canvas carry ink. */
export async function inked(page, canvases = ".leaflet-tracks-pane canvas") {
  return page.evaluate((canvases) => {
    let count = 0;
    for (const canvas of document.querySelectorAll(canvases)) {
      const { data } = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 40) count += 1;
    }
    return count;
  }, canvases);
}

/** What axe finds on the page as it is now; `where` names it. */
export async function axeFindings(page, where) {
  await frame(page);
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  return violations.map(({ id, impact, nodes }) => ({ where, id, impact, nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.slice(0, 200)}`) }));
}
