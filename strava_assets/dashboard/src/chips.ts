// The sport chips: one a sport with its icon, dash and count, several at once, and one for all.
// What belongs here: the row of buttons. What does not: what filtering does.
import { el, sportIcon, svg } from "./dom";
import type { Formats } from "./format";
import { type Sport, SPORTS, type SportKey } from "./sports";

export function fillChips(
  group: HTMLElement,
  counts: readonly (readonly [SportKey, number])[],
  chosen: ReadonlySet<SportKey>,
  formats: Formats,
  choose: (sports: ReadonlySet<SportKey>) => void,
): void {
  const focused = group.contains(document.activeElement)
    ? (document.activeElement as HTMLElement).dataset["sport"]
    : undefined;
  const chip = (key: string, pressed: boolean, sports: ReadonlySet<SportKey>, ...content: (Node | string)[]) => {
    const button = el(
      "button",
      { class: "chip", type: "button", "data-sport": key, "aria-pressed": String(pressed) },
      ...content,
    );
    button.addEventListener("click", () => choose(sports));
    return button;
  };
  // a chosen sport stays, should another filter leave none of it: else it could not be let go
  const missing = [...chosen].filter((key) => !counts.some(([other]) => other === key)).map((key) => [key, 0] as const);
  const whole = counts.reduce((sum, [, count]) => sum + count, 0);
  group.replaceChildren(
    chip("all", chosen.size === 0, new Set(), "All ", el("span", { class: "count" }, formats.count(whole))),
    ...[...counts, ...missing].map(([key, count]) => {
      const next = new Set(chosen);
      if (!next.delete(key)) next.add(key);
      const sport = SPORTS[key];
      return chip(
        key,
        chosen.has(key),
        next,
        el("span", { class: "mark" }, sportIcon(sport), dashes(sport)),
        `${sport.label} `,
        el("span", { class: "count" }, formats.count(count)),
      );
    }),
  );
  if (focused !== undefined) group.querySelector<HTMLElement>(`[data-sport="${focused}"]`)?.focus();
}

/** How the sport's lines look on the map. */
function dashes(sport: Sport): SVGElement {
  const line = svg("line", { x1: 0, y1: 1.5, x2: 22, y2: 1.5, "stroke-width": 2.5, stroke: sport.colour });
  if (sport.dashes.length > 0) line.setAttribute("stroke-dasharray", sport.dashes.join(" "));
  return svg("svg", { class: "dashes", viewBox: "0 0 22 3", "aria-hidden": "true" }, line);
}
