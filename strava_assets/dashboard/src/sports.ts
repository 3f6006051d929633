// The sports that the map tells apart: their colours, and which of Strava's words belong to which.
// What belongs here: the table. What does not: which of them are shown (state).

export type SportKey = "mtb" | "road" | "gravel" | "run" | "walk" | "hike" | "swim" | "ski" | "other";

export interface Sport {
  readonly label: string;
  readonly colour: string;
  readonly pace: "speed" | "pace" | "swim"; // what people say: km/h, min/km, or min/100 m
}

/** In the order of the chips where counts are equal. */
export const SPORTS: Readonly<Record<SportKey, Sport>> = {
  mtb: { label: "Mountain bike", colour: "#e41a1c", pace: "speed" },
  road: { label: "Road", colour: "#377eb8", pace: "speed" },
  gravel: { label: "Gravel", colour: "#a67c00", pace: "speed" },
  run: { label: "Run", colour: "#a65628", pace: "pace" },
  walk: { label: "Walk", colour: "#984ea3", pace: "pace" },
  hike: { label: "Hike", colour: "#2e8b57", pace: "pace" },
  swim: { label: "Swim", colour: "#0e8a9d", pace: "swim" },
  ski: { label: "Ski", colour: "#5b7fd1", pace: "speed" },
  other: { label: "Other", colour: "#6b7280", pace: "speed" },
};

export const SPORT_KEYS = Object.keys(SPORTS) as SportKey[];

// first match wins, so "Gravel" stands before the plain rides and "Snowshoe" before anything with "snow"
const WORDS: readonly (readonly [RegExp, SportKey])[] = [
  [/mountain ?bike|mtb/i, "mtb"],
  [/gravel|cyclo ?cross/i, "gravel"],
  [/snowshoe|hik(e|ing)/i, "hike"],
  [/\bwalk|walking/i, "walk"],
  [/run(ning)?$/i, "run"],
  [/swim/i, "swim"],
  [/roller ?ski/i, "other"],
  [/ski(ing)?$|snowboard/i, "ski"],
  [/road cycling|ride$|cycling|time trial|e-?bike|velomobile/i, "road"],
];

/** The map's sport of an activity: from what people call it (type_extended), else Strava's sport_type. */
export function sportOf(type: string, kind: string): SportKey {
  for (const word of [kind, type]) {
    for (const [pattern, key] of WORDS) if (pattern.test(word)) return key;
  }
  return "other";
}
