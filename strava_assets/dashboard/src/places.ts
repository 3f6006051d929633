// Which tracks pass a place: a box, an area drawn by hand, the surroundings of a spot.
// What belongs here: pure geometry on tracks. What does not: which place was chosen (state), pixels.
import { type Box, type LonLat, mercatorX, mercatorY, metre, type Track } from "./tracks";

/** Whether any part of the track lies in the box. */
export function passesBox(track: Track, box: Box): boolean {
  const [left, top, right, bottom] = box;
  const [west, north, east, south] = track.box;
  if (west > right || east < left || north > bottom || south < top) return false;
  if (west >= left && east <= right && north >= top && south <= bottom) return true;
  return someSegment(track, (ax, ay, bx, by) => {
    if ((ax < left && bx < left) || (ax > right && bx > right) || (ay < top && by < top) || (ay > bottom && by > bottom))
      return false;
    if ((ax >= left && ax <= right && ay >= top && ay <= bottom) || (bx >= left && bx <= right && by >= top && by <= bottom))
      return true;
    // neither end inside: the segment crosses the box where its corners lie on both sides of it
    const side = (x: number, y: number) => Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
    const sides = [side(left, top), side(right, top), side(left, bottom), side(right, bottom)];
    return Math.min(...sides) !== Math.max(...sides);
  });
}

/** A test for tracks: whether any part lies in the area, whose corners are in degrees. */
export function passesArea(area: readonly LonLat[]): (track: Track) => boolean {
  const xs = area.map(([lon]) => mercatorX(lon));
  const ys = area.map(([, lat]) => mercatorY(lat));
  const box: Box = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  const count = area.length;
  const inside = (x: number, y: number) => {
    let odd = false;
    for (let i = 0, j = count - 1; i < count; j = i++) {
      if (ys[i]! > y !== ys[j]! > y && x < ((xs[j]! - xs[i]!) * (y - ys[i]!)) / (ys[j]! - ys[i]!) + xs[i]!) odd = !odd;
    }
    return odd;
  };
  const crosses = (ax: number, ay: number, bx: number, by: number) => {
    for (let i = 0, j = count - 1; i < count; j = i++) {
      const [cx, cy, dx, dy] = [xs[i]!, ys[i]!, xs[j]!, ys[j]!];
      const one = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0 !== (bx - ax) * (dy - ay) - (by - ay) * (dx - ax) > 0;
      const other = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx) > 0 !== (dx - cx) * (by - cy) - (dy - cy) * (bx - cx) > 0;
      if (one && other) return true;
    }
    return false;
  };
  return (track) =>
    passesBox(track, box) &&
    someSegment(track, (ax, ay, bx, by) => {
      const away =
        (ax < box[0] && bx < box[0]) || (ax > box[2] && bx > box[2]) || (ay < box[1] && by < box[1]) || (ay > box[3] && by > box[3]);
      return !away && (inside(ax, ay) || crosses(ax, ay, bx, by));
    });
}

/** A test for tracks: whether any part comes as near to a spot as so many metres. */
export function passesSpot([lon, lat]: LonLat, metres: number): (track: Track) => boolean {
  const [x, y] = [mercatorX(lon), mercatorY(lat)];
  const reach = metres * metre(lat);
  return (track) => {
    const [west, north, east, south] = track.box;
    if (x < west - reach || x > east + reach || y < north - reach || y > south + reach) return false;
    return someSegment(track, (ax, ay, bx, by) => squared(ax - x, ay - y, bx - x, by - y) <= reach * reach);
  };
}

/** The square of the distance from the origin to the segment a–b. */
export function squared(ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax,
    dy = by - ay;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
  const x = ax + along * dx,
    y = ay + along * dy;
  return x * x + y * y;
}

function someSegment(track: Track, test: (ax: number, ay: number, bx: number, by: number) => boolean): boolean {
  const { xy, ends } = track;
  let first = 0;
  for (const end of ends) {
    for (let i = first + 1; i < end; i++) {
      if (test(xy[2 * i - 2]!, xy[2 * i - 1]!, xy[2 * i]!, xy[2 * i + 1]!)) return true;
    }
    first = end;
  }
  return false;
}
