import { expect, test } from "vitest";
import { createStore, filtersOn, NO_FILTER, NOTHING_CHOSEN, readHash, type State, writeHash } from "../../../strava_assets/dashboard/src/state";

const EVERYTHING: State = {
  athlete: "a1b2c3d4e5f60718",
  sports: new Set(["run", "mtb"] as const),
  range: { from: "2025-01-01", to: "" },
  distance: [10000, null],
  climb: [null, 800],
  text: "two & lakes = ü#1",
  inView: true,
  area: [[11, 47], [11.5, 47], [11.25, 47.5]],
  spot: [-11.00013, 47.05],
  ride: "0123456789abcdef",
  heat: true,
  tab: "calendar",
  period: "week",
  measure: "watts",
  at: { zoom: 12.25, lat: 47.05, lon: -11.42 },
};

test("everything that can be chosen is read back from the address as it was", () => {
  expect(readHash(writeHash(EVERYTHING))).toEqual(EVERYTHING);
  for (const range of ["all", "year", "12m", "quarter", "30d", "7d"] as const)
    expect(readHash(writeHash({ ...NOTHING_CHOSEN, range })).range).toBe(range);
});

test("an address without a choice is short, and one with a choice can be read by people", () => {
  expect(writeHash(NOTHING_CHOSEN)).toBe("");
  expect(readHash("")).toEqual(NOTHING_CHOSEN);
  expect(writeHash({ ...NOTHING_CHOSEN, sports: EVERYTHING.sports, range: "year", ride: "0123456789abcdef" })).toBe(
    "#sport=mtb,run&range=year&ride=0123456789abcdef",
  );
});

test.each([
  "#sport=mtb,constructor,&ride=%3Cimg%3E&x=1",
  "#sport=mtb&range=2026-02-30..&distance=-&climb=9-x&view=2&area=1,2~3&spot=900,1&at=99/1/1&tab=x&by=day&of=__proto__",
  "#sport=mtb&range=a..b..c&distance=-5--1&area=&spot=NaN,1&at=5/x/1&athlete=../..",
  "#sport=mtb&&&=&%",
])("rubbish in the address chooses nothing: %s", (hash) => {
  expect(readHash(hash)).toEqual({ ...NOTHING_CHOSEN, sports: new Set(["mtb"]) });
});

test("a reset counts each filter once, and lets go of all of them but the athlete", () => {
  expect(filtersOn(NOTHING_CHOSEN)).toBe(0);
  expect(filtersOn(EVERYTHING)).toBe(8);
  expect(filtersOn({ ...EVERYTHING, ...NO_FILTER })).toBe(0);
  expect(filtersOn({ ...NO_FILTER, athlete: null, text: "  " })).toBe(0);
});

test("whoever subscribed hears the new state and the one before", () => {
  const store = createStore(NOTHING_CHOSEN);
  const heard: (string | null)[] = [];
  store.subscribe((state, before) => heard.push(before.ride, state.ride));
  store.set({ ride: "a" });
  store.set({ ride: null });
  expect(heard).toEqual([null, "a", "a", null]);
});
