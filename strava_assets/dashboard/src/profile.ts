// The profile of one ride: its series over distance or time, gaps between visible runs drawn as gaps, a cursor.
// What belongs here: what is chosen in it, the cursor, the zoom, the table of splits. What does not: the drawing
// (profilePicture), reading the CSV (streams).
import { el } from "./dom";
import type { Formats } from "./format";
import { type Axis, draw, type Picture, windowUnder } from "./profilePicture";
import type { Sport } from "./sports";
import { nearestSample, type Run, type Sample, type Series, SERIES, seriesOf, type Split, splits } from "./streams";
import type { LonLat } from "./tracks";

const LABELS: Readonly<Record<Series, string>> = {
  altitude: "Elevation",
  heartrate: "Heart rate",
  speed: "Speed",
  watts: "Power",
  cadence: "Cadence",
  grade: "Grade",
  temp: "Temperature",
};
export const COLOURS: Readonly<Record<Series, string>> = {
  altitude: "",
  heartrate: "#d6336c",
  speed: "#1c7ed6",
  watts: "#e0842c",
  cadence: "#7048e8",
  grade: "#0ca678",
  temp: "#c2255c",
};
const NEAR = 60; // m from a track that still means it

export interface Profile {
  readonly element: HTMLElement;
  /** The pointer is on the map at this position; null: not any more. */
  point(position: LonLat | null): void;
}

/** `pointed` hears the position under the cursor, or null when it leaves. */
export function createProfile(
  runs: readonly Run[],
  sport: Sport,
  formats: Formats,
  pointed: (position: LonLat | null) => void,
): Profile {
  const available = seriesOf(runs);
  const element = el("figure", { class: "profile" });
  const hidden = Math.max(0, runs.length - 1);
  const gaps = hidden === 0 ? "" : hidden === 1 ? "one hidden section" : `${formats.count(hidden)} hidden sections`;
  if (available.length === 0) {
    element.append(el("p", { class: "quiet" }, "Neither elevation nor anything else was recorded for this one.", gaps === "" ? "" : ` There ${hidden === 1 ? "is" : "are"} ${gaps}.`));
    return { element, point: () => undefined };
  }

  let axis: Axis = "distance";
  let window: readonly [number, number] | null = null;
  const lines = new Set<Series>(available.includes("altitude") ? [] : [available[0]!]);
  let cursor: Sample | null = null;
  let picture: Picture | null = null;

  const holder = el("div", {
    class: "profile-holder",
    role: "slider",
    tabindex: 0,
    "aria-label": "Place on the ride",
    "aria-valuemin": 0,
    "aria-valuenow": 0,
  });
  const readout = el("figcaption", { class: "readout", "aria-live": "off" });
  const switches = el("div", { class: "switches", role: "group", "aria-label": "Drawn in the profile" });
  const whole = el("button", { type: "button", class: "link", hidden: true }, "Whole ride");
  whole.addEventListener("click", () => zoom(null));
  const axes = el("div", { class: "segments small", role: "group", "aria-label": "Profile over" });
  for (const each of ["distance", "time"] as const) {
    const button = el("button", { type: "button", "data-axis": each }, each === "distance" ? "Distance" : "Time");
    button.addEventListener("click", () => {
      axis = each;
      zoom(null);
    });
    axes.append(button);
  }
  const twin = el("div", { class: "twin", tabindex: 0, "aria-label": "The profile as a table" });
  const details = el("details", {}, el("summary", {}, "As a table"), twin);
  details.addEventListener("toggle", () => {
    if (details.open && twin.childElementCount === 0) twin.append(splitTable(splits(runs, formats.longStep), available, sport, formats));
  });
  element.append(el("div", { class: "profile-head" }, switches, whole, axes), holder, readout, details);

  for (const series of available) {
    if (series === "altitude") {
      switches.append(el("span", { class: "switch fixed" }, LABELS.altitude));
      continue;
    }
    const button = el("button", { type: "button", class: "switch", "data-series": series }, LABELS[series]);
    button.style.setProperty("--series", COLOURS[series]);
    button.addEventListener("click", () => {
      if (!lines.delete(series)) lines.add(series);
      redraw();
    });
    switches.append(button);
  }

  const along = (run: Run) => (axis === "distance" ? run.distance : run.time);
  const words = (series: Series, value: number | null): string => {
    switch (series) {
      case "altitude":
        return formats.height(value);
      case "speed":
        return formats.speed(value, sport.pace);
      case "heartrate":
        return formats.whole(value, "bpm");
      case "watts":
        return formats.whole(value, "W");
      case "cadence":
        return formats.whole(value, "rpm");
      case "grade":
        return formats.whole(value, "%");
      case "temp":
        return formats.whole(value, "°C");
    }
  };
  const place = (value: number) => (axis === "distance" ? formats.distance(value) : formats.duration(value));

  function rest(): string {
    const heights = runs.flatMap((run) => run.values.altitude).filter((value) => value !== null);
    const range =
      heights.length < 2
        ? ""
        : `Elevation from ${formats.height(heights.reduce((a, b) => Math.min(a, b)))} to ${formats.height(heights.reduce((a, b) => Math.max(a, b)))}`;
    return [range, gaps].filter(Boolean).join(" · ");
  }

  function redraw(): void {
    const width = Math.floor(holder.clientWidth);
    for (const button of switches.querySelectorAll<HTMLElement>("button"))
      button.setAttribute("aria-pressed", String(lines.has(button.dataset["series"] as Series)));
    for (const button of axes.querySelectorAll<HTMLElement>("button"))
      button.setAttribute("aria-pressed", String(button.dataset["axis"] === axis));
    whole.hidden = window === null;
    if (width <= 0) return;
    picture = draw(runs, {
      width,
      height: Math.max(96, holder.clientHeight),
      axis,
      window,
      lines: [...lines],
      colour: sport.colour,
      colours: COLOURS,
      tick: (series, value) => words(series, value),
      place,
    });
    holder.replaceChildren(picture.element);
    holder.setAttribute("aria-valuemax", String(Math.round(along(runs.at(-1)!).at(-1) ?? 0)));
    show(cursor);
  }

  /** Puts the cursor on a sample, here and in words. */
  function show(sample: Sample | null): void {
    cursor = sample;
    picture?.cursor(sample);
    if (sample === null) {
      readout.textContent = rest();
      holder.setAttribute("aria-valuetext", rest());
      return;
    }
    const run = runs[sample.run]!;
    const said = [
      place(along(run)[sample.index]!),
      ...available.map((series) => words(series, run.values[series][sample.index] ?? null)),
    ].filter((word) => word !== "–");
    readout.textContent = said.join(" · ");
    holder.setAttribute("aria-valuenow", String(Math.round(along(run)[sample.index]!)));
    holder.setAttribute("aria-valuetext", said.join(", "));
  }

  function move(sample: Sample | null): void {
    show(sample);
    pointed(sample === null ? null : runs[sample.run]!.positions[sample.index]!);
  }

  function zoom(next: readonly [number, number] | null): void {
    window = next;
    redraw();
  }

  // a mouse points, and drags to zoom; a finger drags the marker along, two of them zoom
  let from: number | null = null;
  const fingers = new Map<number, number>(); // where each is
  let pinched: [number, number] | null = null; // the places under two of them
  const length = () => Math.max(1, along(runs.at(-1)!).at(-1) ?? 1);
  const under = () => [...fingers.values()].sort((a, b) => a - b) as [number, number];
  const placeAt = (x: number): number => {
    const sample = picture!.sampleAt(x);
    return along(runs[sample.run]!)[sample.index]!;
  };
  const at = (event: PointerEvent) => event.clientX - holder.getBoundingClientRect().left;
  holder.addEventListener("pointerdown", (event) => {
    if (picture === null) return;
    if (event.pointerType === "mouse") from = at(event);
    else {
      fingers.set(event.pointerId, at(event));
      if (fingers.size === 2) pinched = under().map(placeAt) as [number, number];
      else move(picture.sampleAt(at(event)));
    }
    holder.setPointerCapture(event.pointerId);
  });
  holder.addEventListener("pointermove", (event) => {
    if (picture === null) return;
    const x = at(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, x);
    if (pinched !== null) return zoom(windowUnder(pinched, under(), holder.clientWidth, length()));
    move(picture.sampleAt(x));
    if (from !== null && Math.abs(x - from) > 6) picture.select(from, x);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    holder.addEventListener(end, ({ pointerId }) => {
      fingers.delete(pointerId);
      if (fingers.size < 2) pinched = null;
    });
  holder.addEventListener("pointerup", (event) => {
    const began = from;
    from = null;
    if (began === null || picture === null) return;
    picture.select(null, null);
    const [low, high] = [Math.min(began, at(event)), Math.max(began, at(event))];
    if (high - low < 12) return;
    const [a, b] = [picture.sampleAt(low), picture.sampleAt(high)];
    const [start, end] = [along(runs[a.run]!)[a.index]!, along(runs[b.run]!)[b.index]!];
    if (end > start) zoom([start, end]);
  });
  holder.addEventListener("pointerleave", () => {
    if (from === null) move(null);
  });
  holder.addEventListener("dblclick", () => zoom(null));
  holder.addEventListener("blur", () => move(null));
  holder.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -1e9, End: 1e9 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const total = runs.reduce((sum, run) => sum + run.positions.length, 0);
    const stride = Math.abs(step) === 1e9 ? 1 : Math.max(1, Math.round(total / 200));
    const before = cursor === null ? -1 : runs.slice(0, cursor.run).reduce((sum, run) => sum + run.positions.length, 0) + cursor.index;
    let next = Math.max(0, Math.min(total - 1, before + step * stride));
    for (let run = 0; run < runs.length; run++) {
      const size = runs[run]!.positions.length;
      if (next < size) return move({ run, index: next });
      next -= size;
    }
  });

  // drawn in real pixels, so that text and strokes keep their size
  new ResizeObserver(redraw).observe(holder);
  readout.textContent = rest();
  return {
    element,
    point(position) {
      show(position === null ? null : nearestSample(runs, position, NEAR * 40));
    },
  };
}

function splitTable(rows: readonly Split[], available: readonly Series[], sport: Sport, formats: Formats): HTMLElement {
  const shown = SERIES.filter((series) => available.includes(series));
  const cell = (series: Series, value: number | null) =>
    series === "altitude"
      ? formats.height(value)
      : series === "speed"
        ? formats.speed(value, sport.pace)
        : formats.whole(value, { heartrate: "bpm", watts: "W", cadence: "rpm", grade: "%", temp: "°C" }[series]);
  return el(
    "table",
    {},
    el(
      "thead",
      {},
      el("tr", {}, ...["Up to", "Time", ...shown.map((series) => LABELS[series])].map((label) => el("th", { scope: "col" }, label))),
    ),
    el(
      "tbody",
      {},
      ...rows.map((row) =>
        el(
          "tr",
          {},
          el("th", { scope: "row" }, formats.distance(row.to)),
          el("td", {}, `${Math.floor(row.time / 60)}:${String(Math.round(row.time) % 60).padStart(2, "0")}`),
          ...shown.map((series) => el("td", {}, cell(series, row.means[series]))),
        ),
      ),
    ),
  );
}
