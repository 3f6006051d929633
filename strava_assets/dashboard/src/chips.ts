// The sport chips: one a sport with its count, several at once, and one for all.
// What belongs here: the row of buttons. What does not: what filtering does.
import { dot, el } from "./dom";
import type { Formats } from "./format";
import { SPORTS, type SportKey } from "./sports";

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
  const whole = counts.reduce((sum, [, count]) => sum + count, 0);
  group.hidden = whole === 0; // nothing to choose from
  group.replaceChildren(
    chip("all", chosen.size === 0, new Set(), "All ", el("span", { class: "count" }, formats.count(whole))),
    ...counts.map(([key, count]) => {
      const next = new Set(chosen);
      if (!next.delete(key)) next.add(key);
      return chip(
        key,
        chosen.has(key),
        next,
        dot(SPORTS[key].colour),
        `${SPORTS[key].label} `,
        el("span", { class: "count" }, formats.count(count)),
      );
    }),
  );
  if (focused !== undefined) group.querySelector<HTMLElement>(`[data-sport="${focused}"]`)?.focus();
}
