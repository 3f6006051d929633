import { expect, test } from "vitest";
import { nearestSample, parseStream, seriesOf, splits } from "../../../strava_assets/dashboard/src/streams";
import { windowUnder } from "../../../strava_assets/dashboard/src/profilePicture";

test("segments become runs that count on where the one before ended", () => {
  const runs = parseStream(
    "segment,time,distance,lat,lng,altitude\n0,0,0,47,11,500\n0,9,40,47.1,11,510\n1,0,0,47.2,11,600\n1,5,25,47.3,11,\n",
  );
  expect(runs.map((run) => run.distance)).toEqual([
    [0, 40],
    [40, 65],
  ]);
  expect(runs.map((run) => run.values.altitude)).toEqual([
    [500, 510],
    [600, null],
  ]);
  expect(runs[1]!.positions[0]).toEqual([11, 47.2]);
});

test("without a distance column the way is measured", () => {
  const [run] = parseStream("segment,time,lat,lng\n0,0,47,11\n0,9,47.01,11\n");
  expect(run!.distance[1]).toBeCloseTo(1112, 0);
  expect(run!.values.altitude).toEqual([null, null]);
});

test("half a last line is passed over, another file refused", () => {
  expect(parseStream("segment,time,lat,lng\n0,0,47,11\n0,9,4")[0]!.distance).toHaveLength(1);
  expect(parseStream("segment,time,lat,lng\n")).toEqual([]);
  expect(() => parseStream("<!doctype html>")).toThrow("no columns");
});

test("only what the file has is offered", () => {
  const runs = parseStream("segment,time,distance,lat,lng,heartrate,watts\n0,0,0,47,11,120,\n0,9,40,47.1,11,130,\n");
  expect(seriesOf(runs)).toEqual(["heartrate"]);
});

test("a place on the map finds its sample, if one is near", () => {
  const runs = parseStream("segment,time,lat,lng\n0,0,47,11\n0,9,47.01,11\n1,0,47.05,11\n1,9,47.06,11\n");
  expect(nearestSample(runs, [11.0001, 47.0502], 60)).toEqual({ run: 1, index: 0 });
  expect(nearestSample(runs, [12, 47], 60)).toBeNull();
});

test("splits hold what was done on each kilometre, gaps not counted", () => {
  const runs = parseStream("segment,time,distance,lat,lng,heartrate\n0,0,0,47,11,100\n0,300,900,47.01,11,110\n0,400,1200,47.02,11,140\n1,0,0,47.05,11,160\n1,60,200,47.06,11,\n");
  expect(splits(runs, 1000).map(({ from, to, time, means }) => [from, to, time, means.heartrate])).toEqual([
    [0, 900, 300, 105],
    [1000, 1400, 160, 150],
  ]);
});

test("two fingers bring the places under them along, within the ride", () => {
  const [width, length] = [562, 1000]; // 500 px of plot from 50 px on
  expect(windowUnder([400, 600], [250, 350], width, length)).toBe(null); // as it was: the whole ride
  const [from, to] = windowUnder([400, 600], [100, 500], width, length)!;
  expect([from, to]).toEqual([375, 625]);
  expect(windowUnder([0, 100], [300, 500], width, length)![0]).toBe(0); // not before its beginning
  expect(windowUnder([950, 1000], [100, 200], width, length)![1]).toBe(1000);
  const [first, last] = windowUnder([500, 501], [50, 550], width, length)!;
  expect(last - first).toBeCloseTo(5); // no nearer than a two-hundredth
});
