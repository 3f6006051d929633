import { expect, test } from "vitest";
import { firstWeekday, formats, localeOf, unitsOf } from "../../../strava_assets/dashboard/src/format";
import { sportOf } from "../../../strava_assets/dashboard/src/sports";

const metric = formats("en-GB");
const imperial = formats("en-US");

test("units follow the country of the system", () => {
  expect(unitsOf("en-US")).toBe("imperial");
  expect(unitsOf("de-CH")).toBe("metric");
  expect(unitsOf("sr-Latn-RS")).toBe("metric");
  expect(unitsOf("fr")).toBe("metric");
});

test("distances, heights and speeds are read as people write them", () => {
  expect(metric.distance(18_149)).toBe("18.1 km");
  expect(metric.distance(2_676_000)).toBe("2,676 km");
  expect(imperial.distance(1609.344)).toBe("1.0 mi");
  expect(metric.height(435.4)).toBe("435 m");
  expect(imperial.height(304.8)).toBe("1,000 ft");
  expect(metric.speed(5, "speed")).toBe("18.0 km/h");
  expect(metric.speed(1000 / 330, "pace")).toBe("5:30 /km");
  expect(metric.speed(1, "swim")).toBe("1:40 /100 m");
  expect(formats("de-DE").distance(18_149)).toBe("18,1 km");
});

test("times never show sixty minutes", () => {
  expect(metric.duration(3599)).toBe("1 h 00");
  expect(metric.duration(59 * 60)).toBe("59 min");
  expect(metric.duration(7 * 3600 + 5 * 60)).toBe("7 h 05");
  expect(metric.duration(594_000)).toBe("165 h");
});

test("what is not known is a dash, not a zero", () => {
  expect([
    metric.distance(null),
    metric.height(null),
    metric.duration(null),
    metric.speed(null, "pace"),
    metric.speed(0, "pace"),
  ]).toEqual(["–", "–", "–", "–", "–"]);
  expect(metric.day("")).toBe("no date");
});

test("days do not slip in any time zone", () => {
  expect(metric.day("2026-11-14")).toBe("Sat, 14 Nov 2026");
});

test("every word of Strava finds its sport", () => {
  const words: [string, string, string][] = [
    ["MountainBikeRide", "Mountain Bike", "mtb"],
    ["EMountainBikeRide", "E-Mountain Bike", "mtb"],
    ["Ride", "Road Cycling", "road"],
    ["Ride", "Ride", "road"],
    ["Ride", "Time Trial", "road"],
    ["Ride", "Cyclocross", "gravel"],
    ["GravelRide", "Gravel", "gravel"],
    ["EBikeRide", "E-Bike", "road"],
    ["VirtualRide", "Virtual Ride", "road"],
    ["TrailRun", "Trail Run", "run"],
    ["Walk", "Walk", "walk"],
    ["Hike", "Hike", "hike"],
    ["Snowshoe", "Snowshoe", "hike"],
    ["Swim", "Swim", "swim"],
    ["BackcountrySki", "Backcountry Ski", "ski"],
    ["Snowboard", "Snowboard", "ski"],
    ["RollerSki", "Roller Ski", "other"],
    ["Kitesurf", "Kitesurf", "other"],
    ["InlineSkate", "Inline Skate", "other"],
    ["SomethingNew", "Something New", "other"],
  ];
  for (const [type, kind, sport] of words) expect([type, sportOf(type, kind)]).toEqual([type, sport]);
});

test("a language that the browser refuses is mended or replaced", () => {
  expect(["de-CH", "en-US@posix", "en_GB.UTF-8", "", "*"].map(localeOf)).toEqual(["de-CH", "en-US", "en-GB", "en", "en"]);
});

test("weeks begin where the country begins them", () => {
  expect(["en-US", "de-CH", "en-GB", "fr", "ar-EG"].map(firstWeekday)).toEqual([0, 1, 1, 1, 6]);
});

test("periods and measures are named as people name them", () => {
  expect([metric.period("2026-04-01", "quarter"), metric.period("2026-01-01", "year"), metric.period("2026-05-04", "week")]).toEqual([
    "Q2 2026",
    "2026",
    "4 May 2026",
  ]);
  expect(metric.weekday(1)).toEqual({ short: "Mon", long: "Monday" });
  expect([metric.measure("time", 5400), imperial.measure("climb", 304.8), metric.measure("watts", 187.4), metric.measure("count", 1200)]).toEqual([
    "1 h 30",
    "1,000 ft",
    "187 W",
    "1,200",
  ]);
  expect(metric.measure("distance", 5000 / metric.scaled("distance", 1000))).toBe("5.0 km");
});
