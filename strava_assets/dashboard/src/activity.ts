// One activity as the page knows it, made from one geometry of activities.topojson.
// What belongs here: reading CONTRACT's properties, whatever the file says. What does not: fetching, drawing.
import { sportOf, type SportKey } from "./sports";
import { type Bounds, type LonLat, type Track, trackOf } from "./tracks";

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
  readonly words: string; // name and gear as the search sees them
  readonly track: Track;
  readonly bounds: Bounds;
}

/** The activity of a geometry's properties and lines, or null where it has no id or no line to draw. */
export function activityOf(
  properties: Readonly<Record<string, unknown>>,
  lines: readonly (readonly LonLat[])[],
  athlete: string,
  athleteName: string,
): Activity | null {
  const id = text(properties["actID"]);
  const track = trackOf(lines);
  if (id === null || track === null) return null;
  const type = text(properties["type"]) ?? "Workout";
  const kind = text(properties["type_extended"]) ?? type;
  const name = text(properties["name"]) ?? kind;
  const gear = text(properties["gear_name"]);
  return {
    id,
    athlete,
    athleteName,
    type,
    kind,
    name,
    gear,
    track,
    sport: sportOf(type, kind),
    date: dateOf(properties["startDate"]),
    stravaId: /^\d+$/.exec(String(properties["strava_id"] ?? ""))?.[0] ?? null,
    distance: amount(properties["distance"]),
    movingTime: amount(properties["moving_time"]),
    elapsedTime: amount(properties["elapsed_time"]),
    climb: amount(properties["total_elevation_gain"]),
    averageSpeed: amount(properties["average_speed"]),
    maxSpeed: amount(properties["max_speed"]),
    averageWatts: amount(properties["average_watts"]),
    averageHeartrate: amount(properties["average_heartrate"]),
    maxHeartrate: amount(properties["max_heartrate"]),
    calories: amount(properties["calories"]),
    partlyHidden: properties["partly_hidden"] === true,
    words: plain(`${name} ${gear ?? ""}`),
    bounds: track.bounds,
  };
}

/** A text as the search compares it: small letters without their accents. */
export function plain(words: string): string {
  return words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

function text(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
}

/** A figure; what is no number, or below nothing, is unknown. */
function amount(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

function dateOf(value: unknown): string {
  const day = /^\d{4}-\d{2}-\d{2}/.exec(typeof value === "string" ? value : "")?.[0] ?? "";
  return Number.isNaN(Date.parse(`${day}T00:00:00Z`)) ? "" : day;
}
