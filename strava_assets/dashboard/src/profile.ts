// The elevation profile of one ride: one line a visible run, gaps between them drawn as gaps.
// What belongs here: the drawing and its cursor. What does not: reading the CSV (streams).
import type { LonLat } from "./activity";
import { el, svg } from "./dom";
import type { Formats } from "./format";
import type { Run } from "./streams";

const HEIGHT = 128;
const EDGE = { top: 10, right: 10, bottom: 22, left: 46 };
const LEAST_RISE = 40; // m: a flat ride should look flat

/** The figure; `pointed` hears the position under the pointer, or null when it leaves. */
export function createProfile(
  runs: readonly Run[],
  colour: string,
  formats: Formats,
  pointed: (position: LonLat | null) => void,
): HTMLElement {
  const heights = runs.flatMap((run) => run.altitude.filter((value) => value !== null));
  const hidden = Math.max(0, runs.length - 1);
  const figure = el("figure", { class: "profile" });
  if (heights.length < 2) {
    figure.append(el("p", { class: "quiet" }, "No elevation was recorded for this one."));
    return figure;
  }
  const low = heights.reduce((a, b) => Math.min(a, b));
  const high = heights.reduce((a, b) => Math.max(a, b));
  const readout = el("figcaption", { class: "quiet" });
  const rest = `Elevation from ${formats.height(low)} to ${formats.height(high)}${hidden === 0 ? "" : ` · ${hidden === 1 ? "one hidden section" : `${formats.count(hidden)} hidden sections`}`}`;
  readout.textContent = rest;
  const holder = el("div", { class: "profile-holder", role: "img", "aria-label": rest });
  figure.append(holder, readout);

  // drawn in real pixels, so that text and strokes keep their size
  new ResizeObserver(() => {
    const width = Math.floor(holder.clientWidth);
    if (width > 0)
      holder.replaceChildren(
        drawing(runs, width, low, high, colour, formats, (position, words) => {
          readout.textContent = words ?? rest;
          pointed(position);
        }),
      );
  }).observe(holder);
  return figure;
}

function drawing(
  runs: readonly Run[],
  width: number,
  low: number,
  high: number,
  colour: string,
  formats: Formats,
  pointed: (position: LonLat | null, words: string | null) => void,
): SVGSVGElement {
  const inner = width - EDGE.left - EDGE.right;
  const gaps = runs.length - 1;
  const gap = gaps === 0 ? 0 : Math.min(104, (inner * 0.3) / gaps);
  const length = Math.max(1, runs.at(-1)?.distance.at(-1) ?? 1);
  const floor = high - low < LEAST_RISE ? (low + high - LEAST_RISE) / 2 : low;
  const rise = Math.max(LEAST_RISE, high - low);
  const bottom = HEIGHT - EDGE.bottom;
  const x = (distance: number, run: number) => EDGE.left + (distance / length) * (inner - gaps * gap) + run * gap;
  const y = (altitude: number) => bottom - ((altitude - floor) / rise) * (bottom - EDGE.top);

  const root = svg(
    "svg",
    { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" },
    svg(
      "defs",
      {},
      svg(
        "pattern",
        { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 6 }),
      ),
    ),
  );
  for (const height of [floor, floor + rise / 2, floor + rise]) {
    root.append(
      svg("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: y(height), y2: y(height) }),
      svg("text", { class: "tick", x: EDGE.left - 6, y: y(height) + 4, "text-anchor": "end" }, formats.height(height)),
    );
  }
  runs.forEach((run, number) => {
    if (number > 0) {
      const left = x(run.distance[0]!, number - 1);
      root.append(
        svg("rect", { class: "gap", x: left, y: EDGE.top, width: gap, height: bottom - EDGE.top, fill: "url(#hatch)" }),
      );
      const [across, down] = [left + gap / 2, (EDGE.top + bottom) / 2];
      if (gap >= 84)
        root.append(
          svg("text", { class: "gap-label", x: across, y: down + 4, "text-anchor": "middle" }, "hidden section"),
        );
      else if (gap >= 18)
        root.append(
          svg(
            "text",
            { class: "gap-label", transform: `translate(${across + 4} ${down}) rotate(-90)`, "text-anchor": "middle" },
            "hidden section",
          ),
        );
      else root.lastElementChild!.append(svg("title", {}, "hidden section"));
    }
    for (const piece of pieces(run, Math.ceil(run.distance.length / inner / 2) || 1)) {
      const line = piece
        .map(([distance, altitude]) => `${x(distance, number).toFixed(1)},${y(altitude).toFixed(1)}`)
        .join("L");
      const [first, last] = [x(piece[0]![0], number), x(piece.at(-1)![0], number)];
      root.append(
        svg("path", { d: `M${first},${bottom}L${line}L${last},${bottom}Z`, fill: colour, "fill-opacity": 0.16 }),
        svg("path", { d: `M${line}`, fill: "none", stroke: colour, "stroke-width": 2, "stroke-linejoin": "round" }),
      );
    }
  });
  root.append(
    svg("text", { class: "tick", x: EDGE.left, y: HEIGHT - 6 }, "0"),
    svg(
      "text",
      { class: "tick", x: width - EDGE.right, y: HEIGHT - 6, "text-anchor": "end" },
      formats.distance(length),
    ),
  );

  const cursor = svg("line", { class: "cursor", y1: EDGE.top, y2: bottom, visibility: "hidden" });
  root.append(cursor);
  root.addEventListener("pointermove", (event) => {
    const at = event.clientX - root.getBoundingClientRect().left;
    const number = runs.findLastIndex((run, i) => at >= x(run.distance[0]!, i) - gap / 2);
    const run = runs[Math.max(0, number)]!;
    const place = nearestIndex(run.distance, (i) => x(run.distance[i]!, Math.max(0, number)), at);
    const where = x(run.distance[place]!, Math.max(0, number));
    cursor.setAttribute("x1", String(where));
    cursor.setAttribute("x2", String(where));
    cursor.setAttribute("visibility", "visible");
    pointed(
      run.positions[place]!,
      `${formats.distance(run.distance[place]!)} · ${formats.height(run.altitude[place] ?? null)}`,
    );
  });
  root.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    pointed(null, null);
  });
  return root;
}

/** A run's samples that have an altitude, unbroken stretches apart, every `step`th of them. */
function pieces(run: Run, step: number): [number, number][][] {
  const found: [number, number][][] = [];
  let current: [number, number][] = [];
  for (let i = 0; i < run.distance.length; i++) {
    const altitude = run.altitude[i];
    if (altitude === null || altitude === undefined) {
      if (current.length > 1) found.push(current);
      current = [];
    } else if (i % step === 0 || i === run.distance.length - 1) {
      current.push([run.distance[i]!, altitude]);
    }
  }
  if (current.length > 1) found.push(current);
  return found;
}

/** The index whose place is nearest, on places that never go back. */
function nearestIndex(values: readonly number[], place: (index: number) => number, at: number): number {
  let low = 0,
    high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (place(middle) <= at) low = middle;
    else high = middle;
  }
  return at - place(low) <= place(high) - at ? low : high;
}
