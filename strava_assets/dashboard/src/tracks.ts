// Tracks as the map needs them: TopoJSON's arcs decoded into one typed array an activity, in Web Mercator.
// What belongs here: reading arcs, the projection, and what holds of one track alone. What does not: pixels, colours.
import { transform } from "topojson-client";
import type { Topology } from "topojson-specification";

/** A position: longitude, latitude in degrees (EPSG:4326). */
export type LonLat = readonly [number, number];
/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];
/** Left, top, right, bottom in Web Mercator, the world from 0 to 1 and y southwards. */
export type Box = readonly [number, number, number, number];

export interface Track {
  readonly xy: Float64Array; // x, y, x, y … in Web Mercator, the world from 0 to 1 and y southwards
  readonly ends: readonly number[]; // of each part, the number of the position after its last
  readonly bounds: Bounds;
  readonly box: Box;
}

const RADIANS = Math.PI / 180;
const EARTH = 2 * Math.PI * 6_371_008.8; // m around
const HIGHEST = 85.0511; // degrees: where Web Mercator ends

export const mercatorX = (lon: number): number => (lon + 180) / 360;
export const mercatorY = (lat: number): number =>
  0.5 - Math.asinh(Math.tan(Math.max(-HIGHEST, Math.min(HIGHEST, lat)) * RADIANS)) / (2 * Math.PI);
export const lonOf = (x: number): number => x * 360 - 180;
export const latOf = (y: number): number => Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) / RADIANS;

/** How long a metre is on the map, the world being 1, at a latitude in degrees. */
export const metre = (lat: number): number => 1 / (EARTH * Math.cos(lat * RADIANS));

/** Metres between two positions on a sphere (haversine). */
export function metresBetween([lon1, lat1]: LonLat, [lon2, lat2]: LonLat): number {
  const h =
    Math.sin(((lat2 - lat1) * RADIANS) / 2) ** 2 +
    Math.cos(lat1 * RADIANS) * Math.cos(lat2 * RADIANS) * Math.sin(((lon2 - lon1) * RADIANS) / 2) ** 2;
  return (EARTH / Math.PI) * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** A track of lines; null where no line has two positions that lie on Earth. */
export function trackOf(lines: readonly (readonly LonLat[])[]): Track | null {
  const kept = lines.map((line) => line.filter(isPosition)).filter((line) => line.length > 1);
  if (kept.length === 0) return null;
  const xy = new Float64Array(2 * kept.reduce((sum, line) => sum + line.length, 0));
  const ends: number[] = [];
  let [at, west, south, east, north] = [0, Infinity, Infinity, -Infinity, -Infinity];
  for (const line of kept) {
    for (const [lon, lat] of line) {
      xy[at++] = mercatorX(lon);
      xy[at++] = mercatorY(lat);
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    }
    ends.push(at / 2);
  }
  return {
    xy,
    ends,
    bounds: [west, south, east, north],
    box: [mercatorX(west), mercatorY(north), mercatorX(east), mercatorY(south)],
  };
}

/**
 * Reads the lines of a topology's geometries, by TopoJSON's specification.
 *
 * @returns the lines of a list of arc numbers; it throws where an arc is named that is not there
 */
export function createArcs(topology: Topology): (arcs: readonly number[]) => LonLat[] {
  const arc = (number: number): LonLat[] => {
    // it remembers the position before: one for each arc; its types know nothing of the second parameter
    const absolute = transform(topology.transform ?? null) as unknown as (point: number[], i: number) => LonLat;
    return topology.arcs[number]!.map((point, i) => absolute(point, i));
  };
  return (arcs) => {
    const line: LonLat[] = [];
    for (const number of arcs) {
      const next = number < 0 ? arc(~number).reverse() : arc(number);
      if (line.length > 0) line.pop(); // the next arc begins where this one ended
      for (const point of next) line.push(point);
    }
    return line;
  };
}

function isPosition([lon, lat]: readonly unknown[]): boolean {
  return typeof lon === "number" && typeof lat === "number" && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}
