import { expect, test } from "vitest";
import { homeBounds, wholeBounds } from "../../../strava_assets/dashboard/src/geometry";
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
