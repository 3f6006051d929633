// One activity as the page knows it, made from one feature of activities.topojson.
// What belongs here: reading CONTRACT's properties, whatever the file says. What does not: fetching, drawing.
import type { Feature, LineString, MultiLineString } from "geojson";
import { sportOf, type SportKey } from "./sports";

/** A position: longitude, latitude in degrees (EPSG:4326). */
export type LonLat = readonly [number, number];
/** West, south, east, north in degrees. */
export type Bounds = readonly [number, number, number, number];

export interface Activity {
  readonly id: string;
  readonly athlete: string;
  readonly athleteName: string;
  readonly name: string;
  readonly type: string;
  readonly kind: string; // type_extended: what people call the sport
  readonly sport: SportKey;
  readonly date: string; // YYYY-MM-DD, or "" where the file does not say
  readonly gear: string | null;
  readonly stravaId: string | null; // only where the owner opted in
  readonly distance: number | null; // m
  readonly movingTime: number | null; // s
  readonly elapsedTime: number | null; // s
  readonly climb: number | null; // m
  readonly averageSpeed: number | null; // m/s
  readonly maxSpeed: number | null; // m/s
  readonly averageWatts: number | null; // W
  readonly averageHeartrate: number | null; // bpm
  readonly maxHeartrate: number | null; // bpm
  readonly calories: number | null; // kcal
  readonly partlyHidden: boolean;
  readonly lines: readonly (readonly LonLat[])[];
  readonly bounds: Bounds;
}

/** The activity of a feature, or null where it has no id or no line to draw. */
export function activityOf(
  feature: Feature<LineString | MultiLineString | null>,
  athlete: string,
  athleteName: string,
): Activity | null {
  const properties: Record<string, unknown> = feature.properties ?? {};
  const id = text(properties["actID"]);
  const lines = linesOf(feature.geometry);
  if (id === null || lines.length === 0) return null;
  const type = text(properties["type"]) ?? "Workout";
  const kind = text(properties["type_extended"]) ?? type;
  return {
    id,
    athlete,
    athleteName,
    type,
    kind,
    lines,
    sport: sportOf(type, kind),
    name: text(properties["name"]) ?? kind,
    date: /^\d{4}-\d{2}-\d{2}/.exec(text(properties["startDate"]) ?? "")?.[0] ?? "",
    gear: text(properties["gear_name"]),
    stravaId: /^\d+$/.exec(String(properties["strava_id"] ?? ""))?.[0] ?? null,
    distance: number(properties["distance"]),
    movingTime: number(properties["moving_time"]),
    elapsedTime: number(properties["elapsed_time"]),
    climb: number(properties["total_elevation_gain"]),
    averageSpeed: number(properties["average_speed"]),
    maxSpeed: number(properties["max_speed"]),
    averageWatts: number(properties["average_watts"]),
    averageHeartrate: number(properties["average_heartrate"]),
    maxHeartrate: number(properties["max_heartrate"]),
    calories: number(properties["calories"]),
    partlyHidden: properties["partly_hidden"] === true,
    bounds: boundsOf(lines),
  };
}

/** The smallest bounds around lines that have at least one position. */
export function boundsOf(lines: readonly (readonly LonLat[])[]): Bounds {
  let west = Infinity,
    south = Infinity,
    east = -Infinity,
    north = -Infinity;
  for (const line of lines) {
    for (const [lon, lat] of line) {
      if (lon < west) west = lon;
      if (lon > east) east = lon;
      if (lat < south) south = lat;
      if (lat > north) north = lat;
    }
  }
  return [west, south, east, north];
}

function linesOf(geometry: LineString | MultiLineString | null): LonLat[][] {
  if (geometry === null) return [];
  const parts =
    geometry.type === "MultiLineString"
      ? geometry.coordinates
      : geometry.type === "LineString"
        ? [geometry.coordinates]
        : [];
  return parts.map((part) => part.filter(isPosition) as unknown as LonLat[]).filter((part) => part.length > 1);
}

function isPosition(position: readonly unknown[]): boolean {
  const [lon, lat] = position;
  return typeof lon === "number" && typeof lat === "number" && Math.abs(lon) <= 180 && Math.abs(lat) <= 90;
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
