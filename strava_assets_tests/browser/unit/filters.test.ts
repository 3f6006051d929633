import { expect, test } from "vitest";
import { newestFirst, shown, shownInAnySport, sportCounts } from "../../../strava_assets/dashboard/src/filters";
import { type Choice, NO_FILTER } from "../../../strava_assets/dashboard/src/state";
import { mercatorX, mercatorY } from "../../../strava_assets/dashboard/src/tracks";
import { activity } from "./activities";

const rides = [
  activity("road", { type: "Ride", type_extended: "Road Cycling", distance: 30000, total_elevation_gain: 300, gear_name: "Red Racer", name: "Über den Sattel" }),
  activity("mtb", { type: "Ride", type_extended: "Mountain Bike", distance: 10000, total_elevation_gain: 900, startDate: "2026-05-10", name: "Two lakes" }, [[11, 48], [11.1, 48]]),
  activity("run", { type: "Run", type_extended: "Trail Run", distance: null, startDate: "2026-05-11", name: "Two hills" }, [[12, 47], [12, 47.2]], "b"),
  activity("undated", { type: "Run", type_extended: "Run", distance: 5000, startDate: "soon" }, [[-60, -30], [-60.1, -30]]),
];
const around = { today: "2026-05-11", view: null };
const ids = (choice: Partial<Choice>, surroundings = around) =>
  shown(rides, { athlete: null, ...NO_FILTER, ...choice }, surroundings).map(({ id }) => id);

test("without a choice everything is shown", () => {
  expect(ids({})).toEqual(["road", "mtb", "run", "undated"]);
});

test("several sports at once are one or the other, and the chips count without them", () => {
  expect(ids({ sports: new Set(["mtb", "run"]) })).toEqual(["mtb", "run", "undated"]);
  const choice = { athlete: null, ...NO_FILTER, sports: new Set(["mtb"] as const), text: "two" };
  expect(sportCounts(shownInAnySport(rides, choice, around))).toEqual([["mtb", 1], ["run", 1]]);
});

test("a range keeps its days, both ends included; what has no date is in none", () => {
  expect(ids({ range: "7d" })).toEqual(["mtb", "run"]);
  expect(ids({ range: { from: "2026-05-04", to: "2026-05-10" } })).toEqual(["road", "mtb"]);
  expect(ids({ range: { from: "", to: "2026-05-04" } })).toEqual(["road"]);
});

test("distance and climb include their ends, and what is not known passes no limit", () => {
  expect(ids({ distance: [5000, 10000] })).toEqual(["mtb", "undated"]);
  expect(ids({ distance: [null, 1e9] })).toEqual(["road", "mtb", "undated"]);
  expect(ids({ climb: [400, null] })).toEqual(["mtb"]);
});

test("the search finds every word in name or gear, whatever the case and the accents", () => {
  expect(ids({ text: "uber RACER" })).toEqual(["road"]);
  expect(ids({ text: " two " })).toEqual(["mtb", "run"]);
  expect(ids({ text: "two racer" })).toEqual([]);
});

test("one athlete's are shown, or everybody's", () => {
  expect(ids({ athlete: "b" })).toEqual(["run"]);
  expect(ids({ athlete: "nobody" })).toEqual([]);
});

test("in view is what any part of its line is in, also where no vertex is", () => {
  const view = [mercatorX(11.99), mercatorY(47.11), mercatorX(12.01), mercatorY(47.09)] as const;
  expect(ids({ inView: true }, { ...around, view })).toEqual(["run"]);
});

test("an area and a spot choose the lines that pass them", () => {
  expect(ids({ area: [[10.9, 47.9], [11.2, 47.9], [11.2, 48.1], [10.9, 48.1]] })).toEqual(["mtb"]);
  expect(ids({ spot: [12.0013, 47.1] })).toEqual(["run"]); // 98 m beside it
  expect(ids({ spot: [12.00135, 47.1] })).toEqual([]); // 102 m
});

test("all filters hold together", () => {
  expect(ids({ sports: new Set(["road", "mtb"]), text: "two", range: "30d", distance: [1, null] })).toEqual(["mtb"]);
});

test("the newest comes first, and one without a date last", () => {
  expect(newestFirst([rides[3]!, ...rides.slice(0, 3)]).map(({ id }) => id)).toEqual(["run", "mtb", "road", "undated"]);
});
