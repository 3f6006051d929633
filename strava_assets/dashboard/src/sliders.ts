// A range with two handles: from and to, both may be open.
// What belongs here: the two inputs. What does not: what is filtered by them.
import { el } from "./dom";
import type { Span } from "./state";

const STOPS = 100;

export interface Slider {
  readonly element: HTMLElement;
  /** Sets the scale's end and the handles; values and steps in m. */
  show(span: Span, most: number, step: number, words: (value: number) => string): void;
}

/** `changed` hears the span while a handle is dragged. */
export function createSlider(name: string, label: string, changed: (span: Span) => void): Slider {
  let most = 1,
    step = 1;
  let words = (value: number) => String(value);
  const input = (end: string) =>
    el("input", { type: "range", min: 0, max: STOPS, value: 0, "data-slider": `${name}-${end}`, "aria-label": `${label}, ${end}` });
  const [from, to] = [input("from"), input("to")];
  const output = el("output", {});
  const track = el("div", { class: "slider-track" }, from, to);
  const element = el("div", { class: "slider", role: "group", "aria-label": label }, el("p", {}, el("span", {}, label), output), track);

  // finer where most rides are: the way along the scale is the square root of the value
  const valueAt = (stop: number) => Math.round(((stop / STOPS) ** 2 * most) / step) * step;
  const stopOf = (value: number) => Math.round(Math.sqrt(Math.min(1, value / most)) * STOPS);
  const span = (): Span => [
    Number(from.value) === 0 ? null : valueAt(Number(from.value)),
    Number(to.value) === STOPS ? null : valueAt(Number(to.value)),
  ];

  function say([low, high]: Span): void {
    const text =
      low === null && high === null
        ? "any"
        : low === null
          ? `up to ${words(high!)}`
          : high === null
            ? `from ${words(low)}`
            : `${words(low)} – ${words(high)}`;
    output.textContent = text;
    from.setAttribute("aria-valuetext", low === null ? "any" : words(low));
    to.setAttribute("aria-valuetext", high === null ? "any" : words(high));
    track.style.setProperty("--from", `${from.value}%`);
    track.style.setProperty("--to", `${to.value}%`);
  }

  for (const [mine, other] of [
    [from, to],
    [to, from],
  ] as const)
    mine.addEventListener("input", () => {
      const crossed = mine === from ? Number(from.value) > Number(to.value) : Number(to.value) < Number(from.value);
      if (crossed) mine.value = other.value;
      say(span());
      changed(span());
    });

  return {
    element,
    show(next, nextMost, nextStep, nextWords) {
      [most, step, words] = [Math.max(nextStep, nextMost), nextStep, nextWords];
      if (!track.contains(document.activeElement)) {
        from.value = String(next[0] === null ? 0 : stopOf(next[0]));
        to.value = String(next[1] === null ? STOPS : stopOf(next[1]));
      }
      say(next);
    },
  };
}
