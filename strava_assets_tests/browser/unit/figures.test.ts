import { expect, test } from "vitest";
import { byDay, byPeriod, figuresOf, measured } from "../../../strava_assets/dashboard/src/figures";
import { activity } from "./activities";

const rides = [
  activity("1", { type_extended: "Road Cycling", distance: 30000, moving_time: 3600, total_elevation_gain: 300, average_watts: 200, calories: 900, startDate: "2026-03-30" }),
  activity("2", { type_extended: "Mountain Bike", distance: 10000, moving_time: 1800, average_watts: 140, startDate: "2026-05-10" }),
  activity("3", { type_extended: "Run", distance: null, moving_time: 1200, startDate: "2026-05-11" }),
  activity("4", { type_extended: "Run", distance: 4000, moving_time: 0, startDate: "2026-05-11" }),
];

test("sums add up what is known, and averages weigh by the time of those that have both", () => {
  expect(figuresOf(rides)).toEqual({
    activities: 4,
    distance: 44000,
    climb: 300,
    movingTime: 6600,
    calories: 900,
    averageSpeed: 40000 / 5400,
    averageWatts: (200 * 3600 + 140 * 1800) / 5400,
  });
});

test("nothing known is null, not zero", () => {
  expect(figuresOf([])).toEqual({ activities: 0, distance: null, climb: null, movingTime: null, calories: null, averageSpeed: null, averageWatts: null });
});

test("periods without an activity are there, each with its sports", () => {
  const quarters = byPeriod(rides, "quarter", 1);
  expect(quarters.map(({ start, all }) => [start, all.activities])).toEqual([["2026-01-01", 1], ["2026-04-01", 3]]);
  expect([...quarters[1]!.bySport.keys()]).toEqual(["mtb", "run"]);
  const weeks = byPeriod(rides, "week", 1);
  expect(weeks.map(({ start }) => start)).toEqual(["2026-03-30", "2026-04-06", "2026-04-13", "2026-04-20", "2026-04-27", "2026-05-04", "2026-05-11"]);
  expect(weeks.map(({ all }) => all.activities)).toEqual([1, 0, 0, 0, 0, 1, 2]);
  expect(byPeriod(rides, "week", 0).at(-1)!.all.activities).toBe(3); // where weeks begin on Sunday
  expect(byPeriod([], "year", 1)).toEqual([]);
});

test("an absurd date does not make a chart of two thousand years", () => {
  expect(byPeriod([activity("old", { startDate: "0001-01-01" }), ...rides], "year", 1)).toHaveLength(1);
});

test("a chart shows one of five measures", () => {
  const figures = figuresOf(rides.slice(0, 1));
  expect((["count", "distance", "climb", "time", "watts"] as const).map((measure) => measured(figures, measure))).toEqual([1, 30000, 300, 3600, 200]);
  expect(measured(undefined, "distance")).toBeNull();
});

test("a day has all of its activities", () => {
  expect(byDay(rides).get("2026-05-11")!.map(({ id }) => id)).toEqual(["3", "4"]);
});
