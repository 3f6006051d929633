// Figures as people read them, in the units and the number format of their system.
// What belongs here: metres, seconds and m/s to text. What does not: adding anything up.
import type { Period, Weekday } from "./days";
import type { Sport } from "./sports";
import type { Measure } from "./state";

export type Units = "metric" | "imperial";

export interface Formats {
  readonly units: Units;
  distance(metres: number | null): string;
  height(metres: number | null): string;
  duration(seconds: number | null): string;
  speed(metresPerSecond: number | null, how: Sport["pace"]): string;
  count(value: number): string;
  whole(value: number | null, unit: string): string;
  day(date: string): string;
  month(date: string): string;
  shortDay(date: string): string;
  /** "2026", "Q2 2026" or the week's first day. */
  period(start: string, period: Period): string;
  weekday(weekday: number): { short: string; long: string };
  /** A figure of a chart in words. */
  measure(measure: Measure, value: number | null): string;
  /** The same as a bare number in the unit that `unit` names: for axes. */
  scaled(measure: Measure, value: number): number;
  unit(measure: Measure): string;
  /** A length that people count in: a kilometre or a mile, a metre or a foot; in m. */
  readonly longStep: number;
  readonly shortStep: number;
}

const NOTHING = "–";
const MILE = 1609.344;
const FOOT = 0.3048;
const YARD = 0.9144;

/** A language that the browser can format in; some name themselves in ways that it refuses ("en-US@posix"). */
export function localeOf(language: string): string {
  for (const candidate of [language, language.split(/[@.]/)[0]!.replaceAll("_", "-"), "en"]) {
    try {
      return Intl.getCanonicalLocales(candidate)[0] ?? "en";
    } catch {
      continue;
    }
  }
  return "en";
}

/** Miles where roads are signed in miles by default, kilometres everywhere else. */
export function unitsOf(locale: string): Units {
  const region = /-([A-Z]{2})\b/.exec(locale)?.[1] ?? "";
  return ["US", "LR", "MM"].includes(region) ? "imperial" : "metric";
}

// where the week begins on Sunday or Saturday; for browsers that do not say
const SUNDAY = /-(US|CA|MX|BR|CO|PE|VE|JP|KR|TW|HK|IN|IL|PH|ZA|TH)\b/;
const SATURDAY = /-(AE|DZ|EG|IQ|JO|KW|LY|OM|QA|SA|SD|SY)\b/;

/** The weekday that weeks begin with there. */
export function firstWeekday(locale: string): Weekday {
  const asked = new Intl.Locale(locale) as Intl.Locale & {
    getWeekInfo?(): { firstDay: number };
    weekInfo?: { firstDay: number };
  };
  const first = (asked.getWeekInfo?.() ?? asked.weekInfo)?.firstDay;
  if (first !== undefined) return first === 7 ? 0 : first === 6 ? 6 : 1;
  return SUNDAY.test(locale) ? 0 : SATURDAY.test(locale) ? 6 : 1;
}

export function formats(locale: string, units: Units = unitsOf(locale)): Formats {
  const metric = units === "metric";
  const digits = [0, 1].map(
    (places) => new Intl.NumberFormat(locale, { minimumFractionDigits: places, maximumFractionDigits: places }),
  );
  const fixed = (value: number, places: 0 | 1) => digits[places]!.format(value);
  const day = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  const month = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric", timeZone: "UTC" });
  const shortDay = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const weekdays = (["short", "long"] as const).map((weekday) => new Intl.DateTimeFormat(locale, { weekday, timeZone: "UTC" }));
  const dated = (format: Intl.DateTimeFormat, date: string) => {
    const then = Date.parse(`${date}T00:00:00Z`);
    return Number.isNaN(then) ? "no date" : format.format(then);
  };
  const made: Formats = {
    units,
    longStep: metric ? 1000 : MILE,
    shortStep: metric ? 1 : FOOT,
    distance(metres) {
      if (metres === null) return NOTHING;
      const far = metres / (metric ? 1000 : MILE);
      return `${fixed(far, far < 99.95 ? 1 : 0)} ${metric ? "km" : "mi"}`;
    },
    height(metres) {
      if (metres === null) return NOTHING;
      return `${fixed(metric ? metres : metres / FOOT, 0)} ${metric ? "m" : "ft"}`;
    },
    duration(seconds) {
      if (seconds === null) return NOTHING;
      const minutes = Math.round(seconds / 60);
      if (minutes < 60) return `${minutes} min`;
      const hours = Math.floor(minutes / 60);
      return hours < 100
        ? `${fixed(hours, 0)} h ${String(minutes % 60).padStart(2, "0")}`
        : `${fixed(Math.round(minutes / 60), 0)} h`;
    },
    speed(metresPerSecond, how) {
      if (metresPerSecond === null || metresPerSecond <= 0) return NOTHING;
      if (how === "speed") {
        const fast = (metresPerSecond * 3600) / (metric ? 1000 : MILE);
        return `${fixed(fast, 1)} ${metric ? "km/h" : "mph"}`;
      }
      const step = how === "swim" ? 100 * (metric ? 1 : YARD) : metric ? 1000 : MILE;
      const seconds = Math.round(step / metresPerSecond);
      const unit = how === "swim" ? (metric ? "/100 m" : "/100 yd") : metric ? "/km" : "/mi";
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} ${unit}`;
    },
    count: (value) => fixed(value, 0),
    whole: (value, unit) => (value === null ? NOTHING : `${fixed(value, 0)} ${unit}`),
    day: (date) => dated(day, date),
    month: (date) => dated(month, date),
    shortDay: (date) => dated(shortDay, date),
    period(start, period) {
      if (period === "year") return start.slice(0, 4);
      if (period === "quarter") return `Q${Math.ceil(Number(start.slice(5, 7)) / 3)} ${start.slice(0, 4)}`;
      return dated(shortDay, start);
    },
    weekday(weekday) {
      const day = Date.UTC(2026, 1, 1 + weekday); // the 1st was a Sunday
      return { short: weekdays[0]!.format(day), long: weekdays[1]!.format(day) };
    },
    measure(measure, value) {
      switch (measure) {
        case "count":
          return value === null ? NOTHING : fixed(value, 0);
        case "distance":
          return made.distance(value);
        case "climb":
          return made.height(value);
        case "time":
          return made.duration(value);
        case "watts":
          return made.whole(value, "W");
      }
    },
    scaled(measure, value) {
      const step = { count: 1, distance: made.longStep, climb: made.shortStep, time: 3600, watts: 1 };
      return value / step[measure];
    },
    unit: (measure) =>
      ({ count: "", distance: metric ? "km" : "mi", climb: metric ? "m" : "ft", time: "h", watts: "W" })[measure],
  };
  return made;
}
