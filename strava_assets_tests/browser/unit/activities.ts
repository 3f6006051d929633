// Activities for the unit tests, with only what a test is about.
import type { Activity } from "../../../strava_assets/dashboard/src/activity";
import { activityOf } from "../../../strava_assets/dashboard/src/activity";
import type { LonLat } from "../../../strava_assets/dashboard/src/tracks";

export function activity(
  id: string,
  properties: Record<string, unknown> = {},
  line: LonLat[] = [
    [11, 47],
    [11.1, 47.1],
  ],
  athlete = "a",
): Activity {
  const made = activityOf({ actID: id, startDate: "2026-05-04", ...properties }, [line], athlete, "Ada");
  if (made === null) throw new Error("no activity");
  return made;
}
