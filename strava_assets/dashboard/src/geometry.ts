// Where activities lie: the area that the map begins with.
// What belongs here: pure geometry on bounds in degrees. What does not: tracks that pass a place (places), pixels.
import type { Activity } from "./activity";
import type { Bounds } from "./tracks";

const CELL = 0.25; // degrees of latitude, about 28 km: rides of one home touch the same or adjoining cells

/** The bounds of everything. Null without activities. */
export function wholeBounds(activities: readonly Activity[]): Bounds | null {
  if (activities.length === 0) return null;
  return activities
    .map((activity) => activity.bounds)
    .reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
}

/**
 * The area where most activities are: one far holiday does not make the map begin with half a continent.
 *
 * Centres are counted on a grid, adjoining cells are one place, and the place with most activities wins.
 * Its bounds leave out the longest few, so that one long tour does not shrink the other rides to a dot.
 */
export function homeBounds(activities: readonly Activity[]): Bounds | null {
  if (activities.length === 0) return null;
  const cells = new Map<string, Activity[]>();
  for (const activity of activities) {
    const [west, south, east, north] = activity.bounds;
    const row = Math.floor((south + north) / 2 / CELL);
    // as wide as high on the ground, by the latitude of the row
    const width = CELL / Math.max(0.1, Math.cos((row * CELL * Math.PI) / 180));
    const key = `${Math.floor((west + east) / 2 / width)} ${row}`;
    const members = cells.get(key);
    if (members === undefined) cells.set(key, [activity]);
    else members.push(activity);
  }
  let home: Activity[] = [];
  while (cells.size > 0) {
    const place = takePlace(cells);
    if (place.length > home.length) home = place;
  }
  const edges = (side: 0 | 1 | 2 | 3) => home.map((activity) => activity.bounds[side]).sort((a, b) => a - b);
  const spared = Math.floor(home.length * 0.02);
  const last = home.length - 1 - spared;
  return [edges(0)[spared]!, edges(1)[spared]!, edges(2)[last]!, edges(3)[last]!];
}

/** Takes one cell out of the grid with everything that adjoins it. */
function takePlace(cells: Map<string, Activity[]>): Activity[] {
  const place: Activity[] = [];
  const waiting = [cells.keys().next().value!];
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    const members = cells.get(key);
    if (members === undefined) continue;
    cells.delete(key);
    for (const member of members) place.push(member);
    const [column, row] = key.split(" ").map(Number) as [number, number];
    for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) waiting.push(`${column + dx} ${row + dy}`);
  }
  return place;
}
