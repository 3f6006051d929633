// Which activities are shown. Tiles, chart, table, calendar and map all ask here, so they show the same set.
// What belongs here: pure functions of (activities, choice). What does not: the choice itself (state), adding up (figures).
import { type Activity, plain } from "./activity";
import { daysOf } from "./days";
import { passesArea, passesBox, passesSpot } from "./places";
import { SPORT_KEYS, type SportKey } from "./sports";
import type { Choice, Span } from "./state";
import type { Box, LonLat, Track } from "./tracks";

export const NEAR = 100; // m: "every ride within 100 m of this spot"

/** What a choice alone does not say. */
export interface Surroundings {
  readonly today: string; // YYYY-MM-DD
  readonly view: Box | null; // what the map shows
}

/** The activities that pass every filter. */
export function shown(activities: readonly Activity[], choice: Choice, around: Surroundings): Activity[] {
  const rest = shownInAnySport(activities, choice, around);
  return choice.sports.size === 0 ? rest : rest.filter(({ sport }) => choice.sports.has(sport));
}

/** The activities that pass every filter but the sport's: what the chips count. */
export function shownInAnySport(activities: readonly Activity[], choice: Choice, around: Surroundings): Activity[] {
  const { from, to } = daysOf(choice.range, around.today);
  const words = plain(choice.text).split(/\s+/).filter(Boolean);
  const area = choice.area === null ? null : remembered(activities, choice.area, passesArea);
  const spot = choice.spot === null ? null : remembered(activities, choice.spot, passesNear);
  return activities.filter(
    (activity) =>
      (choice.athlete === null || activity.athlete === choice.athlete) &&
      (from === "" || activity.date >= from) &&
      (to === "" || (activity.date !== "" && activity.date <= to)) &&
      within(activity.distance, choice.distance) &&
      within(activity.climb, choice.climb) &&
      words.every((word) => activity.words.includes(word)) &&
      (area === null || area.has(activity)) &&
      (spot === null || spot.has(activity)) &&
      (!choice.inView || around.view === null || passesBox(activity.track, around.view)),
  );
}

/** How many activities each sport has: the most frequent first, sports without any left out. */
export function sportCounts(activities: readonly Activity[]): [SportKey, number][] {
  const counts = new Map<SportKey, number>();
  for (const { sport } of activities) counts.set(sport, (counts.get(sport) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || SPORT_KEYS.indexOf(a[0]) - SPORT_KEYS.indexOf(b[0]));
}

/** Newest first; on one day, in the order of the file. */
export function newestFirst(activities: readonly Activity[]): Activity[] {
  return [...activities].sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : 0));
}

/** What is not known passes only a span without ends. */
function within(value: number | null, [from, to]: Span): boolean {
  if (from === null && to === null) return true;
  return value !== null && (from === null || value >= from) && (to === null || value <= to);
}

const passesNear = (spot: LonLat) => passesSpot(spot, NEAR);

// a drawn place is asked again with every other filter; its answer changes only with itself and the activities
const answers = new WeakMap<object, { activities: readonly Activity[]; passing: ReadonlySet<Activity> }>();

function remembered<P extends object>(
  activities: readonly Activity[],
  place: P,
  test: (place: P) => (track: Track) => boolean,
): ReadonlySet<Activity> {
  const before = answers.get(place);
  if (before?.activities === activities) return before.passing;
  const passes = test(place);
  const passing = new Set(activities.filter(({ track }) => passes(track)));
  answers.set(place, { activities, passing });
  return passing;
}
