// What the owner's page has beside everybody's: the mark that only the owner sees it, the comparison, the zones, the way out.
// What belongs here: the strip and its wiring. What does not: the zones (zonePanel), what is hidden (difference).
import type { Activity } from "../activity";
import type { Addition, Page } from "../app";
import { el, icon } from "../dom";
import type { Formats } from "../format";
import { say } from "../messages";
import { createPublicFiles, FileProblem, type History } from "../publicFiles";
import { sourceAt } from "../source";
import { createDifference } from "./difference";
import { ask, Refusal } from "./server";
import { createZonePanel } from "./zonePanel";

const LOCK = "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9";
const VIEWS = [
  ["all", "Everything", "All"],
  ["others", "As others see it", "Others"],
  ["difference", "Difference", "Difference"],
] as const;
type View = (typeof VIEWS)[number][0];

/** Adds all of it to the page. */
export function createOwner(page: Page): Addition {
  document.title = `${document.title} – only you`;
  const others = createPublicFiles(sourceAt("../"));
  const difference = createDifference(page.map);
  let view: View = "all";
  let visible: readonly Activity[] = [];
  let published: History | null | undefined; // undefined: nobody has looked yet

  const views = el("div", { class: "segments small", role: "group", "aria-label": "Shown on this page" });
  for (const [key, label, short] of VIEWS) {
    const button = el("button", { type: "button", "data-view": key }, el("span", { class: "long" }, label), el("span", { class: "short" }, short));
    button.addEventListener("click", () => void show(key));
    views.append(button);
  }
  const zones = el("button", { type: "button", class: "chip", id: "zones-open", "aria-expanded": false, "aria-controls": "zones" }, "Zones");
  const leave = el("button", { type: "button", class: "chip", id: "logout" }, "Log out");
  const mark = el("p", { class: "owner-mark" }, icon(LOCK), "Only you see this");
  const strip = el("section", { class: "owner-strip", "aria-label": "Only you see this page" }, mark, views, zones, leave);
  document.querySelector(".bar")!.after(strip);

  const panel = createZonePanel(page.map, {
    frame: page.frame,
    formats: page.formats,
    waiting(count) {
      zones.replaceChildren("Zones", count > 0 ? el("span", { class: "count" }, `${page.formats().count(count)} to decide`) : "");
    },
    changed: () => void show(view),
    toggled(open) {
      zones.setAttribute("aria-expanded", String(open));
      if (open && view === "others") void show("all");
      if (open && innerWidth <= 640) page.set({ ride: null }); // there is room for one of them
      if (!open) zones.focus({ preventScroll: true });
    },
  });
  zones.addEventListener("click", () => panel.toggle());
  leave.addEventListener("click", () => {
    ask("logout", {}).then(
      () => location.assign("../"),
      (problem: unknown) => {
        if (!(problem instanceof Refusal)) throw problem;
        say(problem.message);
      },
    );
  });

  /** Shows everything, what others see, or what they do not. */
  async function show(next: View): Promise<void> {
    const before = view;
    view = next;
    for (const button of views.querySelectorAll<HTMLElement>("button")) button.setAttribute("aria-pressed", String(button.dataset["view"] === next));
    document.body.dataset["view"] = next;
    panel.shown(next !== "others");
    if (next === "others") panel.toggle(false);
    if (next !== "difference") difference.hide();
    if ((before === "others") !== (next === "others") || next === "others") await page.show(next === "others" ? others : page.files);
    if (next !== "difference" || view !== next) return;
    published = await others.history().catch((problem: unknown) => {
      if (!(problem instanceof FileProblem)) throw problem;
      if (problem.status !== 404) say(problem.message);
      return null; // nothing is published: nobody sees anything
    });
    if (view === "difference") difference.show(visible, published, page.formats());
  }
  void show("all");
  void panel.look();

  return {
    drawn(rides: readonly Activity[], formats: Formats) {
      visible = rides;
      if (view === "difference" && published !== undefined) difference.show(visible, published, formats);
    },
    escape: panel.escape,
  };
}
