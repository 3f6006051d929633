// Days, weeks, quarters and ranges of them, as YYYY-MM-DD.
// What belongs here: arithmetic on the calendar. What does not: words for it (format), what happened when (figures).

export type Period = "week" | "quarter" | "year";
/** The weekday that a week begins with: 0 is Sunday, 1 Monday, 6 Saturday. */
export type Weekday = 0 | 1 | 6;

export const RANGES = ["all", "year", "12m", "quarter", "30d", "7d"] as const;
/** A range that moves with today, or two days, both included; an open end is "". */
export type Range = (typeof RANGES)[number] | { readonly from: string; readonly to: string };

/** The first and the last day of a range, both included; "" where it is open. */
export function daysOf(range: Range, today: string): { from: string; to: string } {
  if (typeof range === "object") return range;
  switch (range) {
    case "all":
      return { from: "", to: "" };
    case "year":
      return { from: `${today.slice(0, 4)}-01-01`, to: "" };
    case "12m":
      return { from: plus(yearBefore(today), 1), to: "" };
    case "quarter":
      return { from: startOf(today, "quarter", 1), to: "" };
    case "30d":
      return { from: plus(today, -29), to: "" };
    case "7d":
      return { from: plus(today, -6), to: "" };
  }
}

/** Whether a text is a day that exists. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const then = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(then) && new Date(then).toISOString().startsWith(text);
}

/** So many days later, or earlier. */
export function plus(day: string, days: number): string {
  return dayOf(new Date(time(day) + days * 86_400_000));
}

/** 0 Sunday … 6 Saturday. */
export function weekdayOf(day: string): number {
  return new Date(time(day)).getUTCDay();
}

/** The first day of the period that a day is in. */
export function startOf(day: string, period: Period, first: Weekday): string {
  if (period === "year") return `${day.slice(0, 4)}-01-01`;
  if (period === "quarter") {
    const month = Math.floor((Number(day.slice(5, 7)) - 1) / 3) * 3 + 1;
    return `${day.slice(0, 4)}-${String(month).padStart(2, "0")}-01`;
  }
  return plus(day, -((weekdayOf(day) - first + 7) % 7));
}

/** The first day of the period after. */
export function nextStart(start: string, period: Period): string {
  if (period === "week") return plus(start, 7);
  const then = new Date(time(start));
  then.setUTCMonth(then.getUTCMonth() + (period === "year" ? 12 : 3));
  return dayOf(then);
}

/** A month as weeks of seven days; days of the months beside it are null. */
export function monthGrid(month: string, first: Weekday): (string | null)[][] {
  const start = `${month}-01`;
  const weeks: (string | null)[][] = [];
  for (let day = startOf(start, "week", first); day.slice(0, 7) <= month; ) {
    const week: (string | null)[] = [];
    for (let i = 0; i < 7; i++, day = plus(day, 1)) week.push(day.slice(0, 7) === month ? day : null);
    weeks.push(week);
  }
  return weeks;
}

/** So many months later, or earlier, as YYYY-MM. */
export function plusMonths(month: string, months: number): string {
  const then = new Date(time(`${month}-01`));
  then.setUTCMonth(then.getUTCMonth() + months);
  return dayOf(then).slice(0, 7);
}

/** Today where the person is. */
export function todayOf(now: Date): string {
  return dayOf(new Date(Date.UTC(now.getFullYear(), now.getMonth(), now.getDate())));
}

function yearBefore(day: string): string {
  const then = new Date(time(day));
  then.setUTCFullYear(then.getUTCFullYear() - 1);
  return dayOf(then);
}

const time = (day: string) => Date.parse(`${day}T00:00:00Z`);
const dayOf = (then: Date) => then.toISOString().slice(0, 10);
