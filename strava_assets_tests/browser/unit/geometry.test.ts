import { expect, test } from "vitest";
import { activityOf, type LonLat } from "../../../strava_assets/dashboard/src/activity";
import { homeBounds, metresBetween, nearestActivity, wholeBounds } from "../../../strava_assets/dashboard/src/geometry";
import { activity } from "./activities";

const at = (id: string, lon: number, lat: number, size = 0.05) =>
  activity(id, {}, [
    [lon, lat],
    [lon + size, lat + size],
  ]);

test("one far holiday does not widen the home area", () => {
  const home = [at("1", 11, 47), at("2", 11.1, 47.05), at("3", 11.2, 47.1)];
  const holiday = [at("4", -16.6, 28.2), at("5", -16.5, 28.2)];
  expect(homeBounds([...holiday, ...home])).toEqual(wholeBounds(home));
  expect(wholeBounds([...holiday, ...home])![0]).toBe(-16.6);
});

test("one long tour among many rides does not shrink the others", () => {
  const rides = Array.from({ length: 60 }, (_, i) => at(String(i), 11 + (i % 7) / 100, 47));
  const tour = activity("tour", {}, [
    [8, 45],
    [14.1, 49.1],
  ]);
  expect(homeBounds([...rides, tour])![0]).toBeGreaterThan(10.9);
});

test("no activities have no area", () => {
  expect([homeBounds([]), wholeBounds([])]).toEqual([null, null]);
});

test("a finger means the nearest line, if one is near enough", () => {
  const low = activity("low", {}, [
    [11, 47],
    [12, 47],
  ]);
  const high = activity("high", {}, [
    [11, 47.01],
    [12, 47.01],
  ]);
  expect(nearestActivity([low, high], [11.5, 47.004], 0.01)?.id).toBe("low");
  expect(nearestActivity([low, high], [11.5, 47.007], 0.01)?.id).toBe("high");
  expect(nearestActivity([low, high], [11.5, 47.1], 0.01)).toBeNull();
});

test("the tolerance is the same length to the east as to the north, far north too", () => {
  const line = activity("line", {}, [
    [25, 70],
    [25, 71],
  ]);
  expect(nearestActivity([line], [25.028, 70.5], 0.01)?.id).toBe("line"); // 0.028° of longitude are 0.0093° of latitude there
  expect(nearestActivity([line], [25.032, 70.5], 0.01)).toBeNull();
});

test("a degree of latitude is 111 km", () => {
  expect(metresBetween([11, 47], [11, 48])).toBeCloseTo(111_195, -1);
});

test("absurd features are left out, odd properties are unknown", () => {
  const feature = (coordinates: unknown, properties: object | null = { actID: "x" }) =>
    activityOf(
      { type: "Feature", properties, geometry: { type: "MultiLineString", coordinates } } as unknown as Parameters<
        typeof activityOf
      >[0],
      "a",
      "Ada",
    );
  expect(feature([[[11, 47]]])).toBeNull();
  expect(
    feature([
      [
        [11, 470],
        [200, 47],
      ],
    ]),
  ).toBeNull();
  expect(
    feature(
      [
        [
          [11, 47],
          [12, 47],
        ],
      ],
      null,
    ),
  ).toBeNull();
  const odd = feature(
    [
      [
        [11, 47],
        [12, 47],
      ],
      [],
    ],
    { actID: "x", distance: "far", name: 7, startDate: "yesterday" },
  )!;
  expect([odd.distance, odd.name, odd.date, odd.lines.length]).toEqual([null, "Workout", "", 1]);
  const bounds: readonly number[] = odd.bounds;
  expect(bounds).toEqual([11, 47, 12, 47] satisfies number[]);
  expect(odd.lines[0]![0] satisfies LonLat).toEqual([11, 47]);
});
