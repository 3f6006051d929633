// A stream CSV as the profile needs it: one run a visible segment, distances counted on from run to run.
// What belongs here: reading CONTRACT's CSV. What does not: drawing it (profile).
import type { LonLat } from "./activity";
import { metresBetween } from "./geometry";

/** One visible run. All arrays have a value a sample. */
export interface Run {
  readonly distance: number[]; // m from the first visible sample, gaps not counted
  readonly altitude: (number | null)[]; // m
  readonly positions: LonLat[];
}

/** The runs of a file, in its order; empty where it holds no sample. Throws where it is no such file. */
export function parseStream(text: string): Run[] {
  const [head, ...rows] = text.trimEnd().split(/\r?\n/);
  const names = (head ?? "").split(",");
  const at = (name: string) => names.indexOf(name);
  const [segment, lat, lng, distance, altitude] = [at("segment"), at("lat"), at("lng"), at("distance"), at("altitude")];
  if (segment < 0 || lat < 0 || lng < 0) throw new Error("it has no columns segment, lat and lng");
  const runs: Run[] = [];
  let current: string | undefined;
  let offset = 0; // where the present run begins on the common axis
  for (const row of rows) {
    const cells = row.split(",");
    const position: LonLat = [Number(cells[lng]), Number(cells[lat])];
    if (cells.length !== names.length || !Number.isFinite(position[0] + position[1])) continue; // half a line: still being written
    if (cells[segment] !== current) {
      current = cells[segment];
      offset = runs.at(-1)?.distance.at(-1) ?? 0;
      runs.push({ distance: [], altitude: [], positions: [] });
    }
    const run = runs.at(-1)!;
    const before = run.positions.at(-1);
    const measured = optional(cells[distance]);
    const last = run.distance.at(-1) ?? offset;
    run.distance.push(
      measured !== null
        ? Math.max(last, offset + measured)
        : before === undefined
          ? offset
          : last + metresBetween(before, position),
    );
    run.altitude.push(optional(cells[altitude]));
    run.positions.push(position);
  }
  return runs;
}

function optional(cell: string | undefined): number | null {
  if (cell === undefined || cell === "") return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
