import { expect, test } from "vitest";
import { dashTable, packed, ramp, Raster } from "../../../strava_assets/dashboard/src/raster";
import { type LonLat, type Track, trackOf, lonOf, latOf } from "../../../strava_assets/dashboard/src/tracks";

const LIE = { scale: 100, x: 0, y: 0 }; // the world is 100 px
const track = (...points: [number, number][]): Track =>
  trackOf([points.map(([x, y]): LonLat => [lonOf(x / 100), latOf(y / 100)])])!;
const inked = (raster: Raster) => raster.cover.reduce((sum, cover) => sum + cover, 0) / 255;

test("a line covers its length times its weight, in every direction", () => {
  for (const [bx, by] of [[60, 20], [20, 60], [20, -20 + 40], [50, 50], [45, 37]] as const) {
    const raster = new Raster(100, 100);
    raster.line(track([20, 20], [bx, by]), 0, LIE, 2, null);
    const length = Math.hypot(bx - 20, by - 20);
    expect(Math.abs(inked(raster) - 2 * length), `to ${bx},${by}`).toBeLessThan(0.06 * 2 * length + 3);
  }
});

test("a finger means the nearest line within its tolerance, the upper one where two lie on each other", () => {
  const raster = new Raster(100, 100);
  raster.line(track([10, 20], [90, 20]), 0, LIE, 2, null);
  raster.line(track([10, 40], [50, 40]), 1, LIE, 2, null);
  raster.line(track([10, 40], [90, 40]), 2, LIE, 2, null);
  expect([raster.at(50, 26, 10), raster.at(70, 35, 10), raster.at(30, 35, 10)]).toEqual([0, 2, 1]);
  expect([raster.at(50, 30, 8), raster.at(-50, 300, 8)]).toEqual([-1, -1]);
});

test("what lies outside draws nothing and breaks nothing", () => {
  const raster = new Raster(50, 50);
  raster.line(track([60, 60], [90, 90]), 0, LIE, 2, null);
  expect(inked(raster)).toBe(0);
  raster.line(track([1, 1], [99, 90]), 0, LIE, 2, null);
  expect(inked(raster)).toBeGreaterThan(90);
});

test("a pass is counted once a ride, and twice where it came by twice", () => {
  const raster = new Raster(100, 100);
  raster.pass(track([10, 20], [50, 20], [90, 20]), LIE, 2);
  expect(Math.max(...raster.passes)).toBe(1);
  raster.pass(track([10, 20], [90, 20], [10, 20]), LIE, 2);
  expect(Math.max(...raster.passes)).toBe(3);
});

test("dashes leave out their share", () => {
  const whole = new Raster(100, 100);
  const dashed = new Raster(100, 100);
  whole.line(track([0, 50], [100, 50]), 0, LIE, 2, dashTable([], 1));
  dashed.line(track([0, 50], [100, 50]), 0, LIE, 2, dashTable([6, 4], 1));
  expect(inked(dashed) / inked(whole)).toBeCloseTo(0.6, 1);
});

test("pixels carry the colour of their owner, empty ones nothing", () => {
  const raster = new Raster(100, 100);
  raster.line(track([0, 50], [100, 50]), 0, LIE, 4, null);
  const pixels = new Uint32Array(10_000);
  raster.colour(pixels, Uint32Array.of(packed("#102030")), 1);
  const bytes = new Uint8Array(pixels.buffer);
  expect([...bytes.slice(4 * 5050, 4 * 5050 + 4)]).toEqual([0x10, 0x20, 0x30, 255]);
  expect(pixels[0]).toBe(0);
});

test("the heat goes from its first colour to its last", () => {
  const colours = new Uint8Array(ramp(["#fc4a1a", "#f7b733", "#fdedce"]).buffer);
  expect([...colours.slice(0, 3)]).toEqual([0xfc, 0x4a, 0x1a]);
  expect([...colours.slice(-4)]).toEqual([0xfd, 0xed, 0xce, 255]);
});
