// The picture of a profile: an area of elevation, lines above it, hatched gaps.
// What belongs here: from samples to SVG and back from pixels to samples. What does not: what is chosen (profile).
import { svg } from "./dom";
import type { Run, Sample, Series } from "./streams";

export type Axis = "distance" | "time";

export interface Look {
  readonly width: number; // px
  readonly height: number; // px
  readonly axis: Axis;
  readonly window: readonly [number, number] | null; // on the axis; null is the whole ride
  readonly lines: readonly Series[]; // drawn beside elevation
  readonly colour: string;
  readonly colours: Readonly<Record<Series, string>>;
  tick(series: Series, value: number): string;
  place(value: number): string;
}

export interface Picture {
  readonly element: SVGElement;
  cursor(sample: Sample | null): void;
  sampleAt(x: number): Sample;
  /** Shows what is being dragged over. */
  select(from: number | null, to: number | null): void;
}

const EDGE = { top: 8, right: 12, bottom: 20, left: 50 };
const LEAST_RISE = 40; // m: a flat ride should look flat

export function draw(runs: readonly Run[], look: Look): Picture {
  const { width, height, axis } = look;
  const along = (run: Run) => (axis === "distance" ? run.distance : run.time);
  const length = Math.max(1, along(runs.at(-1)!).at(-1) ?? 1);
  const [start, end] = look.window ?? [0, length];
  const inner = width - EDGE.left - EDGE.right;
  const bottom = height - EDGE.bottom;
  // gaps in view take some room, though no length: what they hid is not known
  const inView = runs.map((run, i) => i > 0 && along(run)[0]! >= start && along(run)[0]! <= end);
  const gaps = inView.filter(Boolean).length;
  const gap = gaps === 0 ? 0 : Math.min(104, (inner * 0.3) / gaps);
  const before = runs.map((_, i) => inView.slice(0, i + 1).filter(Boolean).length * gap);
  const x = (value: number, run: number) => EDGE.left + ((value - start) / Math.max(1e-9, end - start)) * (inner - gaps * gap) + before[run]!;

  const clip = svg("clipPath", { id: "plot" }, svg("rect", { x: EDGE.left, y: 0, width: inner, height }));
  const root = svg(
    "svg",
    { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    svg(
      "defs",
      {},
      clip,
      svg(
        "pattern",
        { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("line", { class: "hatch", x1: 0, y1: 0, x2: 0, y2: 6 }),
      ),
    ),
  );

  const scaled = (series: Series): ((value: number) => number) & { low: number; high: number } => {
    let [low, high] = [Infinity, -Infinity];
    for (const run of runs) {
      const values = run.values[series];
      for (let i = 0; i < values.length; i++) {
        const value = values[i];
        if (value === null || value === undefined || along(run)[i]! < start || along(run)[i]! > end) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
    if (low > high) [low, high] = [0, 1];
    if (series === "altitude" && high - low < LEAST_RISE) [low, high] = [(low + high - LEAST_RISE) / 2, (low + high + LEAST_RISE) / 2];
    if (high === low) [low, high] = [low - 1, high + 1];
    const y = (value: number) => bottom - ((value - low) / (high - low)) * (bottom - EDGE.top);
    return Object.assign(y, { low, high });
  };

  const hasAltitude = runs.some((run) => run.values.altitude.some((value) => value !== null));
  const axisSeries: Series = hasAltitude ? "altitude" : (look.lines[0] ?? "altitude");
  const y = scaled(axisSeries);
  for (const value of [y.low, (y.low + y.high) / 2, y.high]) {
    root.append(
      svg("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value) }),
      svg("text", { class: "tick", x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, look.tick(axisSeries, value)),
    );
  }
  const plot = svg("g", { "clip-path": "url(#plot)" });
  root.append(plot);
  const step = (run: Run) => Math.ceil(run.positions.length / inner / 2) || 1;

  runs.forEach((run, number) => {
    if (inView[number] === true) {
      const right = x(along(run)[0]!, number);
      plot.append(hiddenSection(right - gap, gap, bottom));
    }
    if (hasAltitude)
      for (const piece of pieces(along(run), run.values.altitude, step(run))) {
        const line = piece.map(([at, value]) => `${x(at, number).toFixed(1)},${y(value).toFixed(1)}`).join("L");
        const [first, last] = [x(piece[0]![0], number), x(piece.at(-1)![0], number)];
        plot.append(
          svg("path", { class: "ground", d: `M${first},${bottom}L${line}L${last},${bottom}Z`, fill: look.colour, "fill-opacity": 0.16 }),
          svg("path", { class: "line", d: `M${line}`, fill: "none", stroke: look.colour, "stroke-width": 2, "stroke-linejoin": "round" }),
        );
      }
  });
  for (const series of look.lines) {
    const scale = series === axisSeries ? y : scaled(series);
    runs.forEach((run, number) => {
      for (const piece of pieces(along(run), run.values[series], step(run))) {
        const line = piece.map(([at, value]) => `${x(at, number).toFixed(1)},${scale(value).toFixed(1)}`).join("L");
        plot.append(
          svg("path", { class: `line ${series}`, d: `M${line}`, fill: "none", stroke: look.colours[series], "stroke-width": 1.5, "stroke-opacity": 0.9, "stroke-linejoin": "round" }),
        );
      }
    });
  }
  root.append(
    svg("text", { class: "tick", x: EDGE.left, y: height - 5 }, start === 0 ? "0" : look.place(start)),
    svg("text", { class: "tick", x: width - EDGE.right, y: height - 5, "text-anchor": "end" }, look.place(end)),
  );
  const selection = svg("rect", { class: "selection", y: EDGE.top, height: bottom - EDGE.top, visibility: "hidden" });
  const cursor = svg("line", { class: "cursor", y1: EDGE.top, y2: bottom, visibility: "hidden" });
  const bead = svg("circle", { class: "bead", r: 4, visibility: "hidden" });
  root.append(selection, cursor, bead);

  return {
    element: root,
    cursor(sample) {
      const run = sample === null ? undefined : runs[sample.run];
      const value = run === undefined ? undefined : along(run)[sample!.index]!;
      const seen = value !== undefined && value >= start && value <= end;
      cursor.setAttribute("visibility", seen ? "visible" : "hidden");
      bead.setAttribute("visibility", "hidden");
      if (!seen) return;
      const where = String(x(value, sample!.run));
      for (const name of ["x1", "x2"]) cursor.setAttribute(name, where);
      const height = run!.values[axisSeries][sample!.index] ?? null;
      if (height === null) return;
      bead.setAttribute("cx", where);
      bead.setAttribute("cy", String(y(height)));
      bead.setAttribute("visibility", "visible");
    },
    sampleAt(at) {
      let number = 0;
      for (let i = 1; i < runs.length; i++) {
        if (at >= x(along(runs[i]!)[0]!, i) - (inView[i] === true ? gap / 2 : 0)) number = i;
      }
      return { run: number, index: nearestIndex(along(runs[number]!), (value) => x(value, number), at) };
    },
    select(from, to) {
      selection.setAttribute("visibility", from === null || to === null ? "hidden" : "visible");
      if (from === null || to === null) return;
      selection.setAttribute("x", String(Math.min(from, to)));
      selection.setAttribute("width", String(Math.abs(to - from)));
    },
  };
}

/**
 * The window in which two places on the axis come to lie under two fingers; null where it would be the whole ride.
 *
 * `pixels` from the picture's left edge, `width` the picture's; gaps are passed over.
 */
export function windowUnder(
  places: readonly [number, number],
  pixels: readonly [number, number],
  width: number,
  length: number,
): readonly [number, number] | null {
  const inner = width - EDGE.left - EDGE.right;
  const scale = Math.max(length / 200 / inner, (places[1] - places[0]) / Math.max(1, pixels[1] - pixels[0]));
  const span = scale * inner;
  if (span >= length) return null;
  const start = Math.max(0, Math.min(length - span, places[0] - (pixels[0] - EDGE.left) * scale));
  return [start, start + span];
}

function hiddenSection(left: number, gap: number, bottom: number): SVGElement {
  const group = svg(
    "g",
    { class: "gap-group" },
    svg("rect", { class: "gap", x: left, y: EDGE.top, width: Math.max(1, gap), height: bottom - EDGE.top, fill: "url(#hatch)" }),
    svg("title", {}, "hidden section"),
  );
  const [across, down] = [left + gap / 2, (EDGE.top + bottom) / 2];
  if (gap >= 84) group.append(svg("text", { class: "gap-label", x: across, y: down + 4, "text-anchor": "middle" }, "hidden section"));
  else if (gap >= 14)
    group.append(
      svg("text", { class: "gap-label", transform: `translate(${across + 4} ${down}) rotate(-90)`, "text-anchor": "middle" }, "hidden section"),
    );
  return group;
}

/** The samples that have a value, unbroken stretches apart, every `step`th of them. */
function pieces(along: readonly number[], values: readonly (number | null)[], step: number): [number, number][][] {
  const found: [number, number][][] = [];
  let current: [number, number][] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined) {
      if (current.length > 1) found.push(current);
      current = [];
    } else if (i % step === 0 || i === values.length - 1) current.push([along[i]!, value]);
  }
  if (current.length > 1) found.push(current);
  return found;
}

/** The index whose place is nearest, on places that never go back. */
function nearestIndex(values: readonly number[], place: (value: number) => number, at: number): number {
  let low = 0,
    high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (place(values[middle]!) <= at) low = middle;
    else high = middle;
  }
  return at - place(values[low]!) <= place(values[high]!) - at ? low : high;
}
