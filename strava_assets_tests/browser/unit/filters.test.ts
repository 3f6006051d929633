import { expect, test } from "vitest";
import {
  newestFirst,
  shown,
  sportCounts,
  totals,
  weeks,
  weekStart,
} from "../../../strava_assets/dashboard/src/filters";
import { activity } from "./activities";

const rides = [
  activity("1", {
    type: "Ride",
    type_extended: "Road Cycling",
    distance: 30000,
    moving_time: 3600,
    total_elevation_gain: 300,
    startDate: "2026-05-04",
  }),
  activity("2", { type: "Ride", type_extended: "Mountain Bike", distance: 10000, startDate: "2026-05-10" }),
  activity("3", {
    type: "Run",
    type_extended: "Trail Run",
    distance: null,
    moving_time: 1200,
    startDate: "2026-05-11",
  }),
];

test("without a choice everything is shown, with one only those sports", () => {
  expect(shown(rides, { sports: new Set() })).toHaveLength(3);
  expect(shown(rides, { sports: new Set(["mtb", "run"]) }).map(({ id }) => id)).toEqual(["2", "3"]);
});

test("totals add up what is known and pass over what is not", () => {
  expect(totals(rides)).toEqual({ activities: 3, distance: 40000, climb: 300, movingTime: 4800 });
  expect(totals([])).toEqual({ activities: 0, distance: 0, climb: 0, movingTime: 0 });
});

test("a mountain bike that Strava calls a Ride is counted as a mountain bike", () => {
  expect(sportCounts(rides)).toEqual([
    ["mtb", 1],
    ["road", 1],
    ["run", 1],
  ]);
});

test("the newest comes first, and one without a date last", () => {
  const undated = activity("4", { startDate: null });
  expect(newestFirst([undated, ...rides]).map(({ id }) => id)).toEqual(["3", "2", "1", "4"]);
});

test("weeks begin on Monday, and weeks without a ride are there", () => {
  expect(weekStart("2026-05-10")).toBe("2026-05-04");
  expect(weekStart("2027-01-01")).toBe("2026-12-28");
  expect(weeks(rides, "2026-05-11", 3)).toEqual([
    { start: "2026-04-27", activities: 0, distance: 0 },
    { start: "2026-05-04", activities: 2, distance: 40000 },
    { start: "2026-05-11", activities: 1, distance: 0 },
  ]);
});
