// Activities for the unit tests, with only what a test is about.
import type { Activity, LonLat } from "../../../strava_assets/dashboard/src/activity";
import { activityOf } from "../../../strava_assets/dashboard/src/activity";

export function activity(
  id: string,
  properties: Record<string, unknown> = {},
  line: LonLat[] = [
    [11, 47],
    [11.1, 47.1],
  ],
): Activity {
  const made = activityOf(
    {
      type: "Feature",
      properties: { actID: id, startDate: "2026-05-04", ...properties },
      geometry: { type: "LineString", coordinates: line.map((p) => [...p]) },
    },
    "a",
    "Ada",
  );
  if (made === null) throw new Error("no activity");
  return made;
}
