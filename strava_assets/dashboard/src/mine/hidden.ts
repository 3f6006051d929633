// Which parts of a ride others do not see: the whole line beside the one that is public.
// What belongs here: pure geometry on two lines of one ride. What does not: drawing them (difference).
import { squared } from "../places";
import { latOf, type LonLat, lonOf, metre, type Track } from "../tracks";

const NEAR = 25; // m: both lines were simplified by themselves, each within 10 m of where the ride was

type Point = readonly [number, number];

/** The stretches of a whole line that are not near the public one; all of it where there is none. */
export function hiddenParts(whole: Track, shown: Track | null): LonLat[][] {
  const parts = lines(whole);
  if (shown === null) return parts.map(degrees);
  const reach = (NEAR * metre((whole.bounds[1] + whole.bounds[3]) / 2)) ** 2;
  const seen = createSight(shown, reach);
  const tips = lines(shown).flatMap((line) => [line[0]!, line.at(-1)!]); // where a visible run begins or ends
  const along = (from: Point, to: Point) =>
    tips.filter(([x, y]) => squared(from[0] - x, from[1] - y, to[0] - x, to[1] - y) <= reach);
  const found: Point[][] = [];
  for (const part of parts) {
    let stretch: Point[] | null = null;
    let before: Point | null = null;
    let beforeSeen = false;
    for (const point of part) {
      const isSeen = seen(point[0], point[1]);
      if (!isSeen) {
        stretch ??= before !== null && beforeSeen ? [closest(along(before, point), point) ?? before] : [];
        stretch.push(point);
      } else if (stretch !== null) {
        stretch.push(closest(along(before!, point), before!) ?? point);
        found.push(stretch);
        stretch = null;
      } else if (before !== null && tips.length > 2) {
        // one step over a hidden place: from the end of a run to the beginning of the next
        const ends = along(before, point);
        if (ends.length > 1) {
          const [from, to] = [closest(ends, before)!, closest(ends, point)!];
          if (!seen((from[0] + to[0]) / 2, (from[1] + to[1]) / 2)) found.push([from, to]);
        }
      }
      [before, beforeSeen] = [point, isSeen];
    }
    if (stretch !== null) found.push(stretch);
  }
  return found.filter((stretch) => stretch.length > 1).map(degrees);
}

/** Whether a position is near a line; asked for one after the other along it, it knows at once. */
function createSight({ xy, ends }: Track, reach: number): (x: number, y: number) => boolean {
  const first = new Set([0, ...ends]);
  const steps = Array.from({ length: xy.length / 2 }, (_, i) => i).filter((i) => !first.has(i)); // by their second end
  let last = 0;
  return (x, y) => {
    for (let i = 0, at = last; i < steps.length; i++, at = at + 1 < steps.length ? at + 1 : 0) {
      const step = 2 * steps[at]!;
      if (squared(xy[step - 2]! - x, xy[step - 1]! - y, xy[step]! - x, xy[step + 1]! - y) > reach) continue;
      last = at;
      return true;
    }
    return false;
  };
}

function lines({ xy, ends }: Track): Point[][] {
  let first = 0;
  return ends.map((end) => {
    const line: Point[] = [];
    for (; first < end; first++) line.push([xy[2 * first]!, xy[2 * first + 1]!]);
    return line;
  });
}

function closest(points: readonly Point[], to: Point): Point | null {
  const far = ([x, y]: Point) => Math.hypot(x - to[0], y - to[1]);
  return points.reduce<Point | null>((best, point) => (best === null || far(point) < far(best) ? point : best), null);
}

const degrees = (line: readonly Point[]): LonLat[] => line.map(([x, y]) => [lonOf(x), latOf(y)]);
