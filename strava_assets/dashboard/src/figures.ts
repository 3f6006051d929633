// What the shown activities add up to: the tiles, and sums by week, quarter and year.
// What belongs here: pure sums, by the rules of weekly.json. What does not: which activities (filters), words (format).
import type { Activity } from "./activity";
import { nextStart, type Period, startOf, type Weekday } from "./days";
import type { SportKey } from "./sports";
import type { Measure } from "./state";

const MOST = 6000; // periods: a century of weeks

/** Sums over some activities; null is not known of any of them. */
export interface Figures {
  readonly activities: number;
  readonly distance: number | null; // m
  readonly climb: number | null; // m
  readonly movingTime: number | null; // s
  readonly calories: number | null; // kcal
  readonly averageSpeed: number | null; // m/s: way over time, of those that have both
  readonly averageWatts: number | null; // W, weighted by moving time, as weekly.json's
}

export interface PeriodFigures {
  readonly start: string; // the first day, YYYY-MM-DD
  readonly all: Figures;
  readonly bySport: ReadonlyMap<SportKey, Figures>;
}

export function figuresOf(activities: Iterable<Activity>): Figures {
  let count = 0;
  let way = 0,
    wayTime = 0,
    work = 0,
    workTime = 0;
  const sums = { distance: null, climb: null, movingTime: null, calories: null } as Record<
    "distance" | "climb" | "movingTime" | "calories",
    number | null
  >;
  for (const activity of activities) {
    count += 1;
    for (const name of ["distance", "climb", "movingTime", "calories"] as const) {
      const value = activity[name];
      if (value !== null) sums[name] = (sums[name] ?? 0) + value;
    }
    const time = activity.movingTime ?? 0;
    if (time === 0) continue;
    if (activity.distance !== null) {
      way += activity.distance;
      wayTime += time;
    }
    if (activity.averageWatts !== null) {
      work += activity.averageWatts * time;
      workTime += time;
    }
  }
  return {
    activities: count,
    ...sums,
    averageSpeed: wayTime > 0 ? way / wayTime : null,
    averageWatts: workTime > 0 ? work / workTime : null,
  };
}

/** Sums by period, oldest first; periods between without an activity are there, activities without a date are not. */
export function byPeriod(activities: readonly Activity[], period: Period, first: Weekday): PeriodFigures[] {
  const starts = new Map<string, string>(); // of a day: many activities share one
  const groups = new Map<string, Activity[]>();
  for (const activity of activities) {
    if (activity.date === "") continue;
    let start = starts.get(activity.date);
    if (start === undefined) starts.set(activity.date, (start = startOf(activity.date, period, first)));
    const group = groups.get(start);
    if (group === undefined) groups.set(start, [activity]);
    else group.push(activity);
  }
  if (groups.size === 0) return [];
  const starting = [...groups.keys()].sort();
  const newest = starting.at(-1)!;
  let start = starting[0]!;
  if (start.slice(0, 4) < "1980") start = starting.find((each) => each.slice(0, 4) >= "1980") ?? start; // an absurd date
  const rows: PeriodFigures[] = [];
  for (; start <= newest && rows.length < MOST; start = nextStart(start, period)) {
    const members = groups.get(start) ?? [];
    const sports = new Map<SportKey, Activity[]>();
    for (const member of members) {
      const theirs = sports.get(member.sport);
      if (theirs === undefined) sports.set(member.sport, [member]);
      else theirs.push(member);
    }
    rows.push({
      start,
      all: figuresOf(members),
      bySport: new Map([...sports].map(([sport, theirs]) => [sport, figuresOf(theirs)])),
    });
  }
  return rows;
}

/** One of the five things that a chart can show. */
export function measured(figures: Figures | undefined, measure: Measure): number | null {
  if (figures === undefined) return null;
  switch (measure) {
    case "count":
      return figures.activities;
    case "distance":
      return figures.distance;
    case "climb":
      return figures.climb;
    case "time":
      return figures.movingTime;
    case "watts":
      return figures.averageWatts;
  }
}

/** The activities of each day that has any. */
export function byDay(activities: readonly Activity[]): Map<string, Activity[]> {
  const days = new Map<string, Activity[]>();
  for (const activity of activities) {
    if (activity.date === "") continue;
    const day = days.get(activity.date);
    if (day === undefined) days.set(activity.date, [activity]);
    else day.push(activity);
  }
  return days;
}
