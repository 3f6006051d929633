// The bar at the top: whose rides, which days, the search, the reset, and the switches of units and colours.
// What belongs here: those inputs and what they show. What does not: what a filter does, the chips, the panel of more.
import { type Range, RANGES } from "./days";
import { byId, icon, options } from "./dom";
import type { Formats } from "./format";
import type { Athlete } from "./publicFiles";
import { filtersOn, type State } from "./state";
import type { Theme } from "./theme";

const WORDS: Readonly<Record<(typeof RANGES)[number], string>> = {
  all: "All time",
  year: "This year",
  "12m": "12 months",
  quarter: "This quarter",
  "30d": "30 days",
  "7d": "7 days",
};
const ICONS = {
  light: "M10 6.2a3.8 3.8 0 1 0 .01 0M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6 16 16M16 4l-1.4 1.4M5.4 14.6 4 16",
  dark: "M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.5 8.5z",
  about: "M10 2.5a7.5 7.5 0 1 0 .01 0M10 9v5M10 6v.4",
};

export interface Bar {
  readonly search: HTMLInputElement;
  show(state: State, athletes: readonly Athlete[], formats: Formats): void;
  /** What the two switches would switch to. */
  switches(formats: Formats, theme: Theme): void;
}

export interface BarEvents {
  changed(change: Partial<State>): void;
  custom(): void;
  reset(): void;
  units(): void;
  theme(): void;
}

export function createBar(events: BarEvents): Bar {
  const search = byId("search") as HTMLInputElement;
  const range = byId("range") as HTMLSelectElement;
  const athlete = byId("athlete") as HTMLSelectElement;
  search.addEventListener("input", () => events.changed({ text: search.value }));
  range.addEventListener("change", () => {
    if (range.value === "custom") events.custom();
    else events.changed({ range: range.value as Range });
  });
  athlete.addEventListener("change", () => events.changed({ athlete: athlete.value === "" ? null : athlete.value }));
  byId("reset").addEventListener("click", () => events.reset());
  byId("theme").addEventListener("click", () => events.theme());
  byId("units").addEventListener("click", () => events.units());
  byId("about-open").append(icon(ICONS.about));

  return {
    search,
    show(state, athletes, formats) {
      const custom = typeof state.range === "object" ? daysIn(state.range, formats) : null;
      options(
        range,
        [...RANGES.map((each) => [each, WORDS[each]] as const), ["custom", custom ?? "Custom …"] as const],
        typeof state.range === "object" ? "custom" : state.range,
      );
      const on = filtersOn(state);
      byId("reset").hidden = on === 0;
      byId("reset").textContent = `Reset ${formats.count(on)} ${on === 1 ? "filter" : "filters"}`;
      const more = custom !== null || [...state.distance, ...state.climb].some((end) => end !== null);
      byId("filters-open").classList.toggle("on", more);
      if (document.activeElement !== search) search.value = state.text;
      athlete.hidden = athletes.length < 2;
      const names = athletes.map(({ id, name }) => [id, name] as const);
      options(athlete, [["", "Everybody together"], ...names], state.athlete ?? "");
    },
    switches(formats, theme) {
      const metric = formats.units === "metric";
      byId("units").textContent = metric ? "km" : "mi";
      byId("units").setAttribute("aria-label", metric ? "km, switch to miles" : "mi, switch to kilometres");
      byId("theme").replaceChildren(icon(theme === "dark" ? ICONS.light : ICONS.dark));
      byId("theme").setAttribute("aria-label", theme === "dark" ? "Switch to light colours" : "Switch to dark colours");
    },
  };
}

function daysIn({ from, to }: { from: string; to: string }, formats: Formats): string {
  const [first, last] = [from, to].map((day) => (day === "" ? "…" : formats.shortDay(day)));
  return first === last ? first! : `${first} – ${last}`;
}
