// The column beside the map, the sheet below it on a phone: totals, weeks, and the list of rides.
// What belongs here: those three. What does not: which rides are shown (filters), the card.
import type { Activity } from "./activity";
import { dot, el, svg } from "./dom";
import { type Totals, weeks } from "./filters";
import type { Formats } from "./format";
import { SPORTS } from "./sports";

const ROWS_AT_ONCE = 60;
const WEEKS = 52;

export function fillTotals(list: HTMLElement, totals: Totals, formats: Formats): void {
  const tiles: [string, string, string][] = [
    ["activities", totals.activities === 1 ? "activity" : "activities", formats.count(totals.activities)],
    ["distance", "distance", formats.distance(totals.distance)],
    ["climb", "climb", formats.height(totals.climb)],
    ["time", "moving time", formats.duration(totals.movingTime)],
  ];
  list.replaceChildren(
    ...tiles.map(([name, label, value]) => el("div", { "data-total": name }, el("dt", {}, label), el("dd", {}, value))),
  );
}

/** Distance a week up to the newest ride's, as small bars. */
export function fillWeeks(holder: HTMLElement, newestFirst: readonly Activity[], formats: Formats): void {
  const until = newestFirst[0]?.date ?? "";
  holder.hidden = until === "";
  if (until === "") return;
  const bars = weeks(newestFirst, until, WEEKS);
  const most = Math.max(1, ...bars.map((week) => week.distance));
  const chart = svg("svg", { viewBox: `0 0 ${WEEKS * 10} 56`, preserveAspectRatio: "none", "aria-hidden": "true" });
  bars.forEach((week, i) => {
    const height = week.distance === 0 ? 1 : Math.max(3, (week.distance / most) * 54);
    chart.append(
      svg(
        "rect",
        { class: week.distance === 0 ? "bar-none" : "bar-week", x: i * 10 + 1.5, y: 56 - height, width: 7, height },
        svg("title", {}, `Week of ${formats.day(week.start)}: ${formats.distance(week.distance)}`),
      ),
    );
  });
  const best = bars.reduce((a, b) => (b.distance > a.distance ? b : a));
  const words = `Distance a week, ${formats.shortMonth(bars[0]!.start)} – ${formats.shortMonth(until)}`;
  holder.replaceChildren(
    el(
      "div",
      {
        role: "img",
        "aria-label": `${words}; most in the week of ${formats.day(best.start)}: ${formats.distance(best.distance)}`,
      },
      chart,
    ),
    el("p", { class: "quiet" }, el("span", {}, words), el("span", {}, `best week ${formats.distance(best.distance)}`)),
  );
}

export interface RideList {
  show(newestFirst: readonly Activity[]): void;
  mark(id: string | null, scroll: boolean): void;
  /** Puts the keyboard's focus on a ride's row, where it is shown. */
  focus(id: string): boolean;
}

/** The list; rows are made as they are scrolled to, so ten thousand rides open as fast as ten. */
export function createRideList(holder: HTMLElement, formats: Formats, picked: (activity: Activity) => void): RideList {
  let rides: readonly Activity[] = [];
  let made = 0;
  let marked: string | null = null;
  const list = el("ol", {});
  const end = el("div", { class: "rides-end", "aria-hidden": "true" });
  holder.replaceChildren(list, end);
  const byId = new Map<string, Activity>();

  function more(count: number): void {
    const upTo = Math.min(rides.length, made + count);
    for (; made < upTo; made++) list.append(row(rides[made]!, rides[made - 1]));
    end.hidden = made >= rides.length;
  }

  function row(activity: Activity, before: Activity | undefined): HTMLElement {
    const sport = SPORTS[activity.sport];
    const button = el(
      "button",
      { class: "ride", type: "button", "data-id": activity.id, "aria-current": activity.id === marked ? "true" : null },
      dot(sport.colour),
      el("span", { class: "ride-name" }, activity.name),
      el("span", { class: "ride-distance" }, formats.distance(activity.distance)),
      el("span", { class: "ride-about" }, `${activity.kind} · ${formats.day(activity.date)}`),
      el("span", { class: "ride-climb" }, activity.climb === null ? "" : `↑ ${formats.height(activity.climb)}`),
    );
    const item = el("li", {}, button);
    if (before === undefined) {
      item.className = "latest";
      item.prepend(el("h2", {}, "Latest"));
    } else if (activity.date.slice(0, 7) !== before.date.slice(0, 7) || before === rides[0]) {
      item.prepend(el("h2", {}, formats.month(activity.date)));
    }
    return item;
  }

  list.addEventListener("click", (event) => {
    const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"];
    const activity = id === undefined ? undefined : byId.get(id);
    if (activity !== undefined) picked(activity);
  });
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step === 0) return;
    const buttons = [...list.querySelectorAll<HTMLElement>("[data-id]")];
    buttons[buttons.indexOf(document.activeElement as HTMLElement) + step]?.focus();
    event.preventDefault();
  });
  new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) more(ROWS_AT_ONCE);
    },
    { root: holder, rootMargin: "600px" },
  ).observe(end);

  return {
    show(newestFirst) {
      rides = newestFirst;
      byId.clear();
      for (const activity of rides) byId.set(activity.id, activity);
      list.replaceChildren();
      const before = Math.max(made, ROWS_AT_ONCE); // as far as was scrolled
      made = 0;
      more(before);
    },
    mark(id, scroll) {
      marked = id;
      for (const current of list.querySelectorAll("[aria-current]")) current.removeAttribute("aria-current");
      if (id === null) return;
      const place = rides.findIndex((activity) => activity.id === id);
      if (place >= made) more(place - made + 1);
      const button = list.querySelector(`[data-id="${CSS.escape(id)}"]`);
      button?.setAttribute("aria-current", "true");
      if (scroll) button?.scrollIntoView({ block: "nearest" });
    },
    focus(id) {
      list.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();
      return list.contains(document.activeElement);
    },
  };
}
