// Zones as the gateway tells of them, and a drawing as it is told to the gateway.
// What belongs here: these values, and pure geometry on them. What does not: drawing them, asking for them (server).
import type { MultiPolygon, Polygon } from "geojson";
import { type Bounds, type LonLat, metresBetween } from "../tracks";

export type Area = Polygon | MultiPolygon;
export type Mode = "everywhere" | "ends_only";

export interface Zone {
  readonly id: number;
  readonly name: string;
  readonly mode: Mode;
  readonly origin: "drawn" | "provisional" | "lifted";
  readonly hidesEverything: boolean;
  readonly expansion: number; // m
  readonly across: number; // m
  readonly shape: number;
  readonly geometry: Area;
  readonly cut: Area | null;
}

/** What a place hides, or would hide at most. */
export interface Hidden {
  readonly rides: number;
  readonly metres: number;
  readonly public: readonly { date: string; name: string; path: string }[];
  readonly at_most: boolean;
  readonly zone: number | null; // that hides it already
  readonly reach: Area;
  readonly lines: GeoJSON.MultiLineString;
}

/** What became of a change. */
export interface Done {
  readonly said: readonly string[];
  readonly withdrawn: readonly { date: string; name: string; path: string }[];
  readonly months: number;
}

export type Draft =
  | { readonly kind: "circle"; readonly center: LonLat; readonly radius: number } // m
  | { readonly kind: "polygon"; readonly corners: readonly LonLat[] };

export const SMALLEST = 25; // m: a radius below it is a slip of the finger
const MOST_CORNERS = 24; // that a hand can move
const METRE = 1 / 111_195; // degrees of latitude

/** The zones of a FeatureCollection; those that were found and share what is cut are one place. */
export function placesOf(told: GeoJSON.FeatureCollection<Area>): Zone[][] {
  const places = new Map<string, Zone[]>();
  for (const { geometry, properties } of told.features) {
    const zone = { ...properties, hidesEverything: properties!["hides_everything"], geometry } as unknown as Zone;
    const key = zone.origin === "drawn" ? `${zone.id}` : `${zone.origin} ${zone.shape}`;
    const members = places.get(key);
    if (members === undefined) places.set(key, [zone]);
    else members.push(zone);
  }
  const order = ["drawn", "provisional", "lifted"];
  return [...places.values()].sort((a, b) => order.indexOf(a[0]!.origin) - order.indexOf(b[0]!.origin) || a[0]!.id - b[0]!.id);
}

/** The GeoJSON geometry of a draft. */
export function geometryOf(draft: Draft): GeoJSON.Point | Polygon {
  if (draft.kind === "circle") return { type: "Point", coordinates: [...draft.center] };
  return { type: "Polygon", coordinates: [[...draft.corners, draft.corners[0]!].map((corner) => [...corner])] };
}

export function boundsOf(areas: readonly Area[]): Bounds {
  const points = areas.flatMap((area) => (area.type === "Polygon" ? [area.coordinates] : area.coordinates)).flat(2);
  const [lons, lats] = [points.map((point) => point[0]!), points.map((point) => point[1]!)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** Something to shape by hand that is the place as it is now, or nearly; a circle around it if it has several parts. */
export function draftOf(place: readonly Zone[]): Draft {
  const areas = place.map(({ geometry }) => geometry);
  const polygons = areas.flatMap((area) => (area.type === "Polygon" ? [area.coordinates] : area.coordinates));
  if (polygons.length > 1) {
    const [west, south, east, north] = boundsOf(areas);
    const center: LonLat = [(west + east) / 2, (south + north) / 2];
    return { kind: "circle", center, radius: Math.ceil(metresBetween(center, [east, north])) };
  }
  const ring = polygons[0]![0]!.slice(0, -1) as unknown as LonLat[];
  return circleOf(ring) ?? { kind: "polygon", corners: fewer(ring) };
}

/** A ring all of whose many corners are as far from their middle is a circle. */
function circleOf(ring: readonly LonLat[]): Draft | null {
  if (ring.length < 16) return null;
  const center: LonLat = [mean(ring.map(([lon]) => lon)), mean(ring.map(([, lat]) => lat))];
  const radii = ring.map((corner) => metresBetween(center, corner));
  const radius = Math.max(...radii);
  return radius - Math.min(...radii) > radius * 0.02 ? null : { kind: "circle", center, radius: Math.round(radius) };
}

/** So many corners that a hand can move them: those that matter least go first. */
function fewer(ring: readonly LonLat[]): LonLat[] {
  const kept = [...ring];
  const weight = (i: number) => {
    const [[ax, ay], [bx, by], [cx, cy]] = [kept.at(i - 1)!, kept[i]!, kept[(i + 1) % kept.length]!];
    return Math.abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay));
  };
  while (kept.length > MOST_CORNERS) {
    const weights = kept.map((_, i) => weight(i));
    kept.splice(weights.indexOf(Math.min(...weights)), 1);
  }
  return kept;
}

/** Where one more corner makes the outline longer by least: before the corner with this number. */
export function placeFor(corner: LonLat, corners: readonly LonLat[]): number {
  if (corners.length < 3) return corners.length;
  const more = corners.map((next, i) => {
    const before = corners.at(i - 1)!;
    return metresBetween(before, corner) + metresBetween(corner, next) - metresBetween(before, next);
  });
  const best = more.indexOf(Math.min(...more));
  return best === 0 ? corners.length : best;
}

/** A position so many metres east and north of another. */
export function offset([lon, lat]: LonLat, east: number, north: number): LonLat {
  return [lon + (east * METRE) / Math.cos((lat * Math.PI) / 180), lat + north * METRE];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
