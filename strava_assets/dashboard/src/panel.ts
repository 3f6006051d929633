// The six tiles and the latest ride.
// What belongs here: those. What does not: which rides are shown (filters), adding up (figures), the tabs below.
import type { Activity } from "./activity";
import { el, sportIcon } from "./dom";
import type { Figures } from "./figures";
import type { Formats } from "./format";
import { SPORTS } from "./sports";

export function fillTotals(list: HTMLElement, figures: Figures, formats: Formats): void {
  const tiles: [string, string, string][] = [
    ["activities", figures.activities === 1 ? "activity" : "activities", formats.count(figures.activities)],
    ["distance", "distance", formats.distance(figures.distance)],
    ["climb", "climb", formats.height(figures.climb)],
    ["time", "moving time", formats.duration(figures.movingTime)],
    ["calories", "calories", formats.whole(figures.calories, "kcal")],
    ["speed", "average speed", formats.speed(figures.averageSpeed, "speed")],
  ];
  list.replaceChildren(
    ...tiles.map(([name, label, value]) => {
      const [, figure, unit] = /^(.*?)((?: [^\d\s]+)?)$/.exec(value)!;
      return el(
        "div",
        { "data-total": name },
        el("dt", {}, label),
        el("dd", {}, figure!, unit === "" ? "" : el("span", { class: "unit" }, unit!)),
      );
    }),
  );
}

/** A line for the newest of what is shown. */
export function fillLatest(
  button: HTMLElement,
  activity: Activity | null,
  formats: Formats,
  picked: (activity: Activity) => void,
): void {
  button.hidden = activity === null;
  if (activity === null) return;
  button.replaceChildren(
    sportIcon(SPORTS[activity.sport]),
    el(
      "span",
      { class: "latest-words" },
      el("span", { class: "latest-name" }, activity.name),
      el("span", { class: "quiet" }, `Latest · ${formats.day(activity.date)}`),
    ),
    el("span", { class: "latest-distance" }, formats.distance(activity.distance)),
  );
  button.onclick = () => picked(activity);
}
