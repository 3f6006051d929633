// A stream CSV as the profile needs it: one run a visible segment, distances and times counted on from run to run.
// What belongs here: reading CONTRACT's CSV. What does not: drawing it (profile).
import { type LonLat, metresBetween } from "./tracks";

/** What a sample may carry, under the page's names, in the order in which people ask for them. */
export const SERIES = ["altitude", "heartrate", "speed", "watts", "cadence", "grade", "temp"] as const;
export type Series = (typeof SERIES)[number];

const COLUMNS: Readonly<Record<Series, string>> = {
  altitude: "altitude",
  heartrate: "heartrate",
  speed: "velocity_smooth",
  watts: "watts",
  cadence: "cadence",
  grade: "grade_smooth",
  temp: "temp",
};

/** One visible run. All arrays have a value a sample. */
export interface Run {
  readonly distance: number[]; // m from the first visible sample, gaps not counted
  readonly time: number[]; // s from the first visible sample, gaps not counted
  readonly positions: LonLat[];
  readonly values: Readonly<Record<Series, (number | null)[]>>; // m, bpm, m/s, W, rpm, %, °C
}

/** The runs of a file, in its order; empty where it holds no sample. Throws where it is no such file. */
export function parseStream(text: string): Run[] {
  const [head, ...rows] = text.trimEnd().split(/\r?\n/);
  const names = (head ?? "").split(",");
  const at = (name: string) => names.indexOf(name);
  const [segment, lat, lng, distance, time] = [at("segment"), at("lat"), at("lng"), at("distance"), at("time")];
  if (segment < 0 || lat < 0 || lng < 0) throw new Error("it has no columns segment, lat and lng");
  const columns = SERIES.map((series) => [series, at(COLUMNS[series])] as const);
  const runs: Run[] = [];
  let current: string | undefined;
  let [wayBefore, timeBefore] = [0, 0]; // where the present run begins on the common axes
  for (const row of rows) {
    const cells = row.split(",");
    const position: LonLat = [Number(cells[lng]), Number(cells[lat])];
    if (cells.length !== names.length || !Number.isFinite(position[0] + position[1])) continue; // half a line: still being written
    if (cells[segment] !== current) {
      current = cells[segment];
      wayBefore = runs.at(-1)?.distance.at(-1) ?? 0;
      timeBefore = runs.at(-1)?.time.at(-1) ?? 0;
      const values = Object.fromEntries(SERIES.map((series) => [series, []])) as unknown as Record<Series, (number | null)[]>;
      runs.push({ distance: [], time: [], positions: [], values });
    }
    const run = runs.at(-1)!;
    const before = run.positions.at(-1);
    const step = before === undefined ? 0 : metresBetween(before, position);
    run.distance.push(onward(run.distance, wayBefore, optional(cells[distance]), step));
    run.time.push(onward(run.time, timeBefore, optional(cells[time]), before === undefined ? 0 : 1));
    run.positions.push(position);
    for (const [series, column] of columns) run.values[series].push(optional(cells[column]));
  }
  return runs;
}

/** Which series have at least two values. */
export function seriesOf(runs: readonly Run[]): Series[] {
  return SERIES.filter((series) => {
    let known = 0;
    for (const run of runs) for (const value of run.values[series]) if (value !== null && ++known > 1) return true;
    return false;
  });
}

export interface Sample {
  readonly run: number;
  readonly index: number;
}

/** The sample nearest to a position, if one is within so many metres. */
export function nearestSample(runs: readonly Run[], position: LonLat, metres: number): Sample | null {
  let found: Sample | null = null;
  let least = metres;
  runs.forEach((run, number) =>
    run.positions.forEach((each, index) => {
      const far = metresBetween(each, position);
      if (far <= least) [found, least] = [{ run: number, index }, far];
    }),
  );
  return found;
}

/** What holds for each kilometre, or mile: means of what is known, weighted by nothing. */
export interface Split {
  readonly from: number; // m
  readonly to: number; // m
  readonly time: number; // s
  readonly means: Readonly<Record<Series, number | null>>;
}

export function splits(runs: readonly Run[], step: number): Split[] {
  const found: { from: number; to: number; time: number; sums: Record<Series, [number, number]> }[] = [];
  for (const run of runs) {
    run.distance.forEach((distance, i) => {
      const number = Math.floor(distance / step);
      while (found.length <= number && found.length < 5000)
        found.push({
          from: found.length * step,
          to: found.length * step,
          time: 0,
          sums: Object.fromEntries(SERIES.map((series) => [series, [0, 0]])) as unknown as Record<Series, [number, number]>,
        });
      const split = found[Math.min(number, found.length - 1)]!;
      split.to = Math.max(split.to, distance);
      if (i > 0) split.time += run.time[i]! - run.time[i - 1]!;
      for (const series of SERIES) {
        const value = run.values[series][i] ?? null;
        if (value === null) continue;
        split.sums[series][0] += value;
        split.sums[series][1] += 1;
      }
    });
  }
  return found.map(({ sums, ...rest }) => ({
    ...rest,
    means: Object.fromEntries(
      SERIES.map((series) => [series, sums[series][1] === 0 ? null : sums[series][0] / sums[series][1]]),
    ) as Record<Series, number | null>,
  }));
}

/** A counter that begins anew in each run, counted on; it never goes back. */
function onward(before: readonly number[], offset: number, measured: number | null, step: number): number {
  const last = before.at(-1) ?? offset;
  return measured === null ? last + step : Math.max(last, offset + measured);
}

function optional(cell: string | undefined): number | null {
  if (cell === undefined || cell === "") return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
