// Drawing on the map with a finger or a mouse: a rectangle, a lasso, or one spot.
// What belongs here: the gesture and its picture. What does not: degrees, what is done with what was drawn.
import { el, svg } from "./dom";

export type Tool = "rectangle" | "lasso" | "spot";
/** A point in px from the map's upper left corner. */
export type Pixel = readonly [number, number];

const LEAST = 8; // px: a shorter stroke was a slip
const APART = 6; // px between two corners of a lasso

const HINTS: Readonly<Record<Tool, string>> = {
  rectangle: "Drag a rectangle. Enter takes the middle of the map, Esc ends it.",
  lasso: "Draw around what you mean. Enter takes the middle of the map, Esc ends it.",
  spot: "Click a spot: every ride within 100 m stays. Enter takes the middle of the map, Esc ends it.",
};

/** Lays a sheet over the map until something is drawn; `done` hears its corners, one for a spot, or null. */
export function draw(container: HTMLElement, tool: Tool, done: (corners: Pixel[] | null) => void): () => void {
  const shape = svg("polygon", { class: "drawn" });
  const sheet = el(
    "div",
    { class: "drawing", tabindex: 0, role: "application", "aria-label": HINTS[tool], "data-tool": tool },
    svg("svg", { "aria-hidden": "true", width: "100%", height: "100%" }, shape),
    el("p", { class: "hint" }, HINTS[tool]),
  );
  let corners: Pixel[] = [];
  let drawing = false;

  const at = (event: PointerEvent): Pixel => {
    const frame = sheet.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };
  const end = (result: Pixel[] | null) => {
    if (!sheet.isConnected) return;
    sheet.remove();
    done(result);
  };
  const show = () => shape.setAttribute("points", outline().map((corner) => corner.join(",")).join(" "));
  const outline = (): Pixel[] => {
    const [from, to] = [corners[0], corners.at(-1)];
    if (tool !== "rectangle" || from === undefined || to === undefined) return corners;
    return [from, [to[0], from[1]], to, [from[0], to[1]]];
  };

  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    drawing = true;
    corners = [at(event)];
    event.preventDefault();
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!drawing || tool === "spot") return;
    const [here, last] = [at(event), corners.at(-1)!];
    if (tool === "rectangle") corners = [corners[0]!, here];
    else if (Math.hypot(here[0] - last[0], here[1] - last[1]) >= APART) corners.push(here);
    show();
  });
  sheet.addEventListener("pointerup", (event) => {
    if (!drawing) return;
    drawing = false;
    if (tool === "spot") return end([at(event)]);
    const shape = outline();
    const [xs, ys] = [shape.map(([x]) => x), shape.map(([, y]) => y)];
    const large = Math.max(...xs) - Math.min(...xs) >= LEAST && Math.max(...ys) - Math.min(...ys) >= LEAST;
    if (large && shape.length > 2) end(thinned(shape));
    else {
      corners = [];
      show();
    }
  });
  sheet.addEventListener("pointercancel", () => {
    drawing = false;
    corners = [];
    show();
  });
  sheet.addEventListener("keydown", (event) => {
    const [width, height] = [sheet.clientWidth, sheet.clientHeight];
    if (event.key === "Enter")
      end(
        tool === "spot"
          ? [[width / 2, height / 2]]
          : [
              [width / 4, height / 4],
              [(width * 3) / 4, height / 4],
              [(width * 3) / 4, (height * 3) / 4],
              [width / 4, (height * 3) / 4],
            ],
      );
    else if (event.key === "Escape") end(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  container.append(sheet);
  sheet.focus({ preventScroll: true });
  return () => end(null);
}

/** At most so many corners as an address can carry. */
function thinned(corners: Pixel[], most = 60): Pixel[] {
  const step = Math.ceil(corners.length / most);
  return corners.filter((_, i) => i % step === 0);
}
