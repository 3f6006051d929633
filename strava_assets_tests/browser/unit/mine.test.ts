import { expect, test } from "vitest";
import { hiddenParts } from "../../../strava_assets/dashboard/src/mine/hidden";
import { draftOf, geometryOf, offset, placeFor, placesOf, type Zone } from "../../../strava_assets/dashboard/src/mine/zones";
import { type LonLat, metresBetween, trackOf } from "../../../strava_assets/dashboard/src/tracks";

const HOME: LonLat = [11.4, 47];
const at = (east: number, north = 0): LonLat => offset(HOME, east, north);
const way = (...easts: number[]) => easts.map((east) => at(east));
const track = (...lines: LonLat[][]) => trackOf(lines)!;
const metres = (stretch: readonly LonLat[]) => stretch.slice(1).reduce((sum, to, i) => sum + metresBetween(stretch[i]!, to), 0);

test("what is public all along has no hidden part, however its line was simplified", () => {
  expect(hiddenParts(track(way(0, 500, 1000, 3000)), track([at(0, 9), at(1200, -9), at(3000, 5)]))).toEqual([]);
});

test("a ride that nobody else sees is hidden from end to end", () => {
  const hidden = hiddenParts(track(way(0, 1000), way(2000, 2500)), null);
  expect(hidden.map((part) => Math.round(metres(part)))).toEqual([1000, 500]);
});

test("a hidden beginning and end go to where the public line begins and ends", () => {
  const hidden = hiddenParts(track(way(0, 200, 400, 2000, 3600, 3800, 4000)), track(way(700, 2000, 3200)));
  expect(hidden.map((part) => Math.round(metres(part)))).toEqual([700, 800]);
});

test("a place that a ride passes in one step is hidden between two public runs", () => {
  const [hidden, ...more] = hiddenParts(track(way(0, 1000, 5000, 6000)), track(way(0, 1000, 2500), way(3400, 5000, 6000)));
  expect(more).toEqual([]);
  expect(metres(hidden!)).toBeCloseTo(900, 0);
});

test("a gap in the recording is not drawn as hidden", () => {
  expect(hiddenParts(track(way(0, 1000), way(4000, 5000)), track(way(0, 1000), way(4000, 5000)))).toEqual([]);
});

const zone = (id: number, coordinates: LonLat[], more: object = {}) => ({
  type: "Feature" as const,
  geometry: { type: "Polygon" as const, coordinates: [[...coordinates, coordinates[0]!].map((corner) => [...corner])] },
  properties: { id, name: "", mode: "everywhere", origin: "drawn", hides_everything: true, expansion: 300, across: 200, shape: id, cut: null, ...more },
});
const around = (radius: number, corners: number, east = 0) =>
  Array.from({ length: corners }, (_, i) => at(east + radius * Math.cos((2 * Math.PI * i) / corners), radius * Math.sin((2 * Math.PI * i) / corners)));

test("found places that share what is cut are one, drawn zones each their own, in the order of the list", () => {
  const found = { origin: "provisional", shape: 9 };
  const features = [zone(1, around(50, 9), { origin: "lifted" }), zone(2, around(50, 9), found), zone(3, around(50, 9, 400), found), zone(4, around(50, 9)), zone(5, around(50, 9), { shape: 4 })];
  const places = placesOf({ type: "FeatureCollection", features });
  expect(places.map((place) => place.map(({ id }) => id))).toEqual([[4], [5], [2, 3], [1]]);
  expect(draftOf(places[2]!)).toMatchObject({ kind: "circle" });
});

test("a circle is shaped as a circle, any other outline by no more corners than a hand can move", () => {
  const [circle] = placesOf({ type: "FeatureCollection", features: [zone(1, around(120, 128))] });
  expect(draftOf(circle!)).toMatchObject({ kind: "circle", radius: 120 });
  const wavy = around(100, 128).map((corner, i) => offset(corner, 40 * Math.sin(i / 7), 0));
  const [polygon] = placesOf({ type: "FeatureCollection", features: [zone(1, wavy)] });
  const draft = draftOf(polygon as Zone[]);
  expect(draft.kind === "polygon" && draft.corners.length).toBe(24);
  expect(geometryOf(draft)).toMatchObject({ type: "Polygon" });
});

test("one more corner goes where the outline crosses itself least", () => {
  const square = [at(0, 0), at(100, 0), at(100, 100), at(0, 100)];
  expect(placeFor(at(50, -20), square)).toBe(1);
  expect(placeFor(at(120, 50), square)).toBe(2);
  expect(placeFor(at(-20, 50), square)).toBe(4);
  expect(placeFor(at(50, 50), square.slice(0, 2))).toBe(2);
});
