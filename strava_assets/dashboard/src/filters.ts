// Which activities are shown, and what they add up to. Tiles, weeks, list and map all ask here.
// What belongs here: pure functions of (activities, choice). What does not: the choice itself (state).
import type { Activity } from "./activity";
import { SPORT_KEYS, type SportKey } from "./sports";

/** No sport chosen means every sport. */
export interface Choice {
  readonly sports: ReadonlySet<SportKey>;
}

export interface Totals {
  readonly activities: number;
  readonly distance: number; // m
  readonly climb: number; // m
  readonly movingTime: number; // s
}

export interface Week {
  readonly start: string; // the ISO Monday, YYYY-MM-DD
  readonly activities: number;
  readonly distance: number; // m
}

export function shown(activities: readonly Activity[], choice: Choice): Activity[] {
  return activities.filter((activity) => choice.sports.size === 0 || choice.sports.has(activity.sport));
}

export function totals(activities: readonly Activity[]): Totals {
  let distance = 0,
    climb = 0,
    movingTime = 0;
  for (const activity of activities) {
    distance += activity.distance ?? 0;
    climb += activity.climb ?? 0;
    movingTime += activity.movingTime ?? 0;
  }
  return { activities: activities.length, distance, climb, movingTime };
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

/** The ISO Monday of a day, both YYYY-MM-DD. */
export function weekStart(date: string): string {
  const then = new Date(`${date}T00:00:00Z`);
  then.setUTCDate(then.getUTCDate() - ((then.getUTCDay() + 6) % 7));
  return then.toISOString().slice(0, 10);
}

/** The last `count` weeks up to and including the one of `until`, weeks without a ride included. */
export function weeks(activities: readonly Activity[], until: string, count: number): Week[] {
  const sums = new Map<string, { activities: number; distance: number }>();
  const last = Date.parse(`${weekStart(until)}T00:00:00Z`);
  for (let back = count - 1; back >= 0; back--) {
    sums.set(new Date(last - back * 7 * 86_400_000).toISOString().slice(0, 10), { activities: 0, distance: 0 });
  }
  for (const { date, distance } of activities) {
    const sum = date === "" ? undefined : sums.get(weekStart(date));
    if (sum === undefined) continue;
    sum.activities += 1;
    sum.distance += distance ?? 0;
  }
  return [...sums].map(([start, sum]) => ({ start, ...sum }));
}
