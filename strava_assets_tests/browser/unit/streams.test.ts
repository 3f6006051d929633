import { expect, test } from "vitest";
import { parseStream } from "../../../strava_assets/dashboard/src/streams";

test("segments become runs that count on where the one before ended", () => {
  const runs = parseStream(
    "segment,time,distance,lat,lng,altitude\n0,0,0,47,11,500\n0,9,40,47.1,11,510\n1,0,0,47.2,11,600\n1,5,25,47.3,11,\n",
  );
  expect(runs.map((run) => run.distance)).toEqual([
    [0, 40],
    [40, 65],
  ]);
  expect(runs.map((run) => run.altitude)).toEqual([
    [500, 510],
    [600, null],
  ]);
  expect(runs[1]!.positions[0]).toEqual([11, 47.2]);
});

test("without a distance column the way is measured", () => {
  const [run] = parseStream("segment,time,lat,lng\n0,0,47,11\n0,9,47.01,11\n");
  expect(run!.distance[1]).toBeCloseTo(1112, 0);
  expect(run!.altitude).toEqual([null, null]);
});

test("half a last line is passed over, another file refused", () => {
  expect(parseStream("segment,time,lat,lng\n0,0,47,11\n0,9,4")[0]!.distance).toHaveLength(1);
  expect(parseStream("segment,time,lat,lng\n")).toEqual([]);
  expect(() => parseStream("<!doctype html>")).toThrow("no columns");
});
