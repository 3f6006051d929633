import { expect, test } from "vitest";
import { activityOf } from "../../../strava_assets/dashboard/src/activity";
import { createArcs, latOf, lonOf, mercatorX, mercatorY, metresBetween, trackOf } from "../../../strava_assets/dashboard/src/tracks";

test("the projection is undone by its inverse", () => {
  for (const [lon, lat] of [[11.42, 47.05], [-179.9, -80], [0, 0], [25, 70]] as const) {
    expect(lonOf(mercatorX(lon))).toBeCloseTo(lon, 9);
    expect(latOf(mercatorY(lat))).toBeCloseTo(lat, 9);
  }
});

test("arcs are read as the specification says: deltas, reversed ones, joined ones", () => {
  const line = createArcs({
    type: "Topology",
    objects: {},
    transform: { scale: [0.1, 0.2], translate: [10, 40] },
    arcs: [[[0, 0], [1, 1]], [[2, 3], [-1, -2]]],
  });
  const rounded = (arcs: number[]) => line(arcs).map((position) => position.map((value) => Number(value.toFixed(3))));
  expect(rounded([0])).toEqual([[10, 40], [10.1, 40.2]]);
  expect(rounded([0, ~1])).toEqual([[10, 40], [10.1, 40.2], [10.2, 40.6]]);
  expect(rounded([0])).toEqual([[10, 40], [10.1, 40.2]]); // and again the same
  expect(() => line([7])).toThrow();
});

test("a track keeps its parts apart and knows its bounds", () => {
  const track = trackOf([[[11, 47], [12, 48]], [[13, 46], [13.5, 46.5], [14, 47]]])!;
  expect(track.ends).toEqual([2, 5]);
  expect(track.bounds).toEqual([11, 46, 14, 48]);
  expect(track.xy).toHaveLength(10);
});

test("a degree of latitude is 111 km", () => {
  expect(metresBetween([11, 47], [11, 48])).toBeCloseTo(111_195, -1);
});

test("absurd lines are left out, odd properties are unknown", () => {
  expect(trackOf([[[11, 47]]])).toBeNull();
  expect(trackOf([[[11, 470], [200, 47]]])).toBeNull();
  expect(trackOf([[[Number.NaN, 47], [11, 47]]])).toBeNull();
  expect(activityOf({}, [[[11, 47], [12, 47]]], "a", "Ada")).toBeNull();
  const odd = activityOf({ actID: "x", distance: "far", moving_time: -5, name: 7, startDate: "2026-99-99" }, [[[11, 47], [12, 47]], []], "a", "Ada")!;
  expect([odd.distance, odd.movingTime, odd.name, odd.date, odd.track.ends]).toEqual([null, null, "Workout", "", [2]]);
});
