import { expect, test } from "vitest";
import { daysOf, isDay, monthGrid, nextStart, plus, plusMonths, startOf, todayOf } from "../../../strava_assets/dashboard/src/days";

test("ranges end today and begin where people expect", () => {
  const from = (range: Parameters<typeof daysOf>[0]) => daysOf(range, "2026-05-11").from;
  expect((["all", "year", "12m", "quarter", "30d", "7d"] as const).map(from)).toEqual(["", "2026-01-01", "2025-05-12", "2026-04-01", "2026-04-12", "2026-05-05"]);
  expect(daysOf({ from: "2020-01-01", to: "" }, "2026-05-11")).toEqual({ from: "2020-01-01", to: "" });
  expect(daysOf("12m", "2024-02-29").from).toBe("2023-03-02");
});

test("only days that exist are days", () => {
  expect(["2026-02-28", "2026-02-30", "2026-13-01", "26-1-1", "", "2024-02-29"].map(isDay)).toEqual([true, false, false, false, false, true]);
});

test("weeks begin on the weekday of the country", () => {
  expect(startOf("2026-05-10", "week", 1)).toBe("2026-05-04");
  expect(startOf("2026-05-10", "week", 0)).toBe("2026-05-10");
  expect(startOf("2026-05-10", "week", 6)).toBe("2026-05-09");
  expect(startOf("2027-01-01", "week", 1)).toBe("2026-12-28");
});

test("periods follow each other without a gap", () => {
  expect(nextStart("2025-12-29", "week")).toBe("2026-01-05");
  expect(nextStart("2025-10-01", "quarter")).toBe("2026-01-01");
  expect(nextStart("2025-01-01", "year")).toBe("2026-01-01");
  expect(startOf("2026-12-31", "quarter", 1)).toBe("2026-10-01");
  expect([plus("2024-02-28", 1), plus("2026-01-01", -1), plusMonths("2026-01", -1), plusMonths("2025-11", 3)]).toEqual(["2024-02-29", "2025-12-31", "2025-12", "2026-02"]);
});

test("a month is whole weeks with its own days", () => {
  const grid = monthGrid("2026-02", 1);
  expect(grid.map((week) => week.length)).toEqual([7, 7, 7, 7, 7]);
  expect(grid[0]).toEqual([null, null, null, null, null, null, "2026-02-01"]);
  expect(grid.flat().filter(Boolean)).toHaveLength(28);
  expect(monthGrid("2026-02", 0)).toHaveLength(4); // it begins on a Sunday and has four weeks
});

test("today is the person's own day, not Greenwich's", () => {
  expect(todayOf(new Date(2026, 4, 11, 23, 59))).toBe("2026-05-11");
  expect(todayOf(new Date(2026, 4, 11, 0, 1))).toBe("2026-05-11");
});
