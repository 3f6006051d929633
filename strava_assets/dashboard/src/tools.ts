// The tools on the map: what is in view, a rectangle, a lasso, a spot, heat, and the way home.
// What belongs here: the row of buttons and which are pressed. What does not: what they do.
import type { Tool } from "./drawing";
import { el, icon } from "./dom";
import type { State } from "./state";

const ICONS = {
  frame: "M3 9.5 10 3l7 6.5M5 8.4V17h10V8.4",
  view: "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4M7.4 10a2.6 2.6 0 1 0 5.2 0 2.6 2.6 0 1 0-5.2 0",
  rectangle: "M3.5 5h13v10h-13zM2.5 4h2v2h-2zM15.5 4h2v2h-2zM2.5 14h2v2h-2zM15.5 14h2v2h-2z",
  lasso: "M10 3.5c4 0 7 1.9 7 4.6s-3 4.6-7 4.6-7-1.9-7-4.6 3-4.6 7-4.6zM6.4 12.2c-1.6.8-1.4 2.6.2 2.7s1.8-1.9.4-2.4M6.6 15c.2 1-.4 1.8-1.6 2.2",
  spot: "M10 6.4a3.6 3.6 0 1 0 .01 0M10 2v4M10 14v4M2 10h4M14 10h4",
  heat: "M10 2.5c.6 3 4.6 4.6 4.6 8.8a4.6 4.6 0 0 1-9.2 0c0-2 1-3 1.8-4 .3 1.2.8 1.8 1.6 2.2C8.4 7 9 4.6 10 2.5z",
} as const;

export type ToolName = keyof typeof ICONS;

export interface Tools {
  show(state: State, frame: string | null): void;
}

export function createTools(
  bar: HTMLElement,
  events: { frame(): void; inView(): void; heat(): void; draw(tool: Tool): void; clear(what: "area" | "spot"): void },
): Tools {
  let state: State | null = null;
  const button = (name: ToolName, label: string, click: () => void) => {
    const made = el("button", { type: "button", class: "tool", "data-tool": name, "aria-label": label, title: label }, icon(ICONS[name]));
    made.addEventListener("click", click);
    return made;
  };
  const area = (tool: Tool) => () => (state?.area === null ? events.draw(tool) : events.clear("area"));
  const frame = button("frame", "Home area", () => events.frame());
  frame.id = "frame";
  const buttons = {
    frame,
    view: button("view", "Only rides in view", () => events.inView()),
    rectangle: button("rectangle", "Choose with a rectangle", area("rectangle")),
    lasso: button("lasso", "Choose with a lasso", area("lasso")),
    spot: button("spot", "Every ride within 100 m of a spot", () => (state?.spot === null ? events.draw("spot") : events.clear("spot"))),
    heat: button("heat", "Heat: count passes", () => events.heat()),
  };
  bar.replaceChildren(...Object.values(buttons));
  const press = (name: Exclude<ToolName, "frame">, pressed: boolean) => buttons[name].setAttribute("aria-pressed", String(pressed));

  return {
    show(next, words) {
      state = next;
      frame.disabled = words === null;
      frame.title = words ?? "Home area";
      frame.setAttribute("aria-label", words ?? "Home area");
      press("view", next.inView);
      press("rectangle", next.area !== null && next.area.length === 4);
      press("lasso", next.area !== null && next.area.length !== 4);
      press("spot", next.spot !== null);
      press("heat", next.heat);
    },
  };
}
