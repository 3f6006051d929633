// The panel of filters that have no place in the bar: days, distance, climb.
// What belongs here: those inputs. What does not: what they filter, the chips, the tools on the map.
import type { Activity } from "./activity";
import { daysOf } from "./days";
import { el } from "./dom";
import type { Formats } from "./format";
import { createSlider } from "./sliders";
import type { Choice, State } from "./state";

export interface FilterPanel {
  show(activities: readonly Activity[], state: State, today: string, formats: Formats): void;
  toggle(open?: boolean): void;
}

export function createFilterPanel(panel: HTMLElement, opener: HTMLElement, changed: (change: Partial<Choice>) => void): FilterPanel {
  const day = (name: string) => el("input", { type: "date", id: `range-${name}`, min: "1900-01-01", max: "2100-12-31" });
  const [from, to] = [day("from"), day("to")];
  const distance = createSlider("distance", "Distance", (span) => changed({ distance: span }));
  const climb = createSlider("climb", "Climb", (span) => changed({ climb: span }));
  const close = el("button", { type: "button", class: "close", "aria-label": "Close the filters" }, "×");
  panel.replaceChildren(
    el("div", { class: "popover-head" }, el("h2", {}, "More filters"), close),
    el("div", { class: "days" }, el("label", { for: "range-from" }, "From"), from, el("label", { for: "range-to" }, "to"), to),
    distance.element,
    climb.element,
    el("p", { class: "quiet" }, "The tools on the map choose by place: what is in view, a rectangle, a lasso, or one spot."),
  );
  const days = () => changed({ range: from.value === "" && to.value === "" ? "all" : { from: from.value, to: to.value } });
  from.addEventListener("change", days);
  to.addEventListener("change", days);

  function toggle(open = panel.hidden): void {
    panel.hidden = !open;
    opener.setAttribute("aria-expanded", String(open));
    if (open) from.focus({ preventScroll: true });
    else if (panel.contains(document.activeElement) || document.activeElement === document.body) opener.focus();
  }
  close.addEventListener("click", () => {
    toggle(false);
    opener.focus();
  });
  opener.addEventListener("click", () => toggle());

  return {
    toggle,
    show(activities, state, today, formats) {
      const days = daysOf(state.range, today);
      if (document.activeElement !== from) from.value = days.from;
      if (document.activeElement !== to) to.value = days.to;
      const most = (name: "distance" | "climb") => activities.reduce((sum, activity) => Math.max(sum, activity[name] ?? 0), 0);
      const up = (value: number, step: number) => Math.ceil(value / step) * step;
      const [long, high] = [formats.longStep, formats.shortStep * 10];
      distance.show(state.distance, up(most("distance"), 10 * long), long, (value) => formats.distance(value));
      climb.show(state.climb, up(most("climb"), 10 * high), high, (value) => formats.height(value));
    },
  };
}
