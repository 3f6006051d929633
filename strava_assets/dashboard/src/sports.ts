// The sports that the map tells apart: their colours, dashes and icons, and which of Strava's words belong to which.
// What belongs here: the table. What does not: which of them are shown (state).

export type SportKey = "mtb" | "road" | "gravel" | "run" | "walk" | "hike" | "swim" | "ski" | "other";

export interface Sport {
  readonly label: string;
  readonly colour: string;
  readonly dashes: readonly number[]; // px drawn, px not drawn, …; none: a whole line
  readonly icon: string; // strokes in a box of 20 by 20
  readonly pace: "speed" | "pace" | "swim"; // what people say: km/h, min/km, or min/100 m
}

const WHEELS = "M5 10.2a3.4 3.4 0 1 0 .01 0M15 10.2a3.4 3.4 0 1 0 .01 0";

/** In the order of the chips where counts are equal. */
export const SPORTS: Readonly<Record<SportKey, Sport>> = {
  mtb: {
    label: "Mountain bike",
    colour: "#e41a1c",
    dashes: [],
    icon: `${WHEELS}M5 13.6 8.5 7h5l1.5 6.6M8.5 7 10 13.6 13.5 7M2 4l3-2.6L8 4`,
    pace: "speed",
  },
  road: {
    label: "Road",
    colour: "#377eb8",
    dashes: [24, 2],
    icon: `${WHEELS}M5 13.6 8 7h6l1 6.6M8 7l2 6.6L14 7M13 4.6h3`,
    pace: "speed",
  },
  gravel: {
    label: "Gravel",
    colour: "#a67c00",
    dashes: [12, 2, 3, 2],
    icon: `${WHEELS}M5 13.6 8 7h6l1 6.6M8 7l2 6.6M4 3h.1M7 2h.1M10 3.4h.1M13 2h.1`,
    pace: "speed",
  },
  run: {
    label: "Run",
    colour: "#a65628",
    dashes: [7, 2.5],
    icon: "M12.6 2.6a1.6 1.6 0 1 0 .01 0M4 9l3.4-2.6 4 .6-2.6 5 3.4 2.4-.8 4.6M8.8 12 7 15.4H3M11.4 7l2 3H17",
    pace: "pace",
  },
  walk: {
    label: "Walk",
    colour: "#984ea3",
    dashes: [3, 3],
    icon: "M11 2.4a1.6 1.6 0 1 0 .01 0M10.6 6.4 9.6 12l2.8 2.6.6 4M9.6 12l-1.4 3.4L5.6 18.6M10.6 6.4 7 8.4 6.4 11.6M10.6 6.4l2 3 2.8 1",
    pace: "pace",
  },
  hike: {
    label: "Hike",
    colour: "#2e8b57",
    dashes: [9, 3, 3, 3],
    icon: "M1.6 17 7.4 5.4l3.4 6.4 2.4-4 5.2 9.2zM5.2 9.8l2.2 1.4 2-1.6",
    pace: "pace",
  },
  swim: {
    label: "Swim",
    colour: "#0e8a9d",
    dashes: [4, 4],
    icon: "M2 12.4q2-2 4 0t4 0 4 0 4 0M2 16.4q2-2 4 0t4 0 4 0 4 0M15 5.6a1.7 1.7 0 1 0 .01 0M5 9.6 10.4 5l3 4.6",
    pace: "swim",
  },
  ski: {
    label: "Ski",
    colour: "#5b7fd1",
    dashes: [14, 4],
    icon: "M2 14.4 17 18M12.6 2.4a1.6 1.6 0 1 0 .01 0M11.6 6.4 7.4 8.6l3.8 3-1.6 4.4M11.6 6.4l2.4 3 2.6.4M6 4.4l-1 9",
    pace: "speed",
  },
  other: {
    label: "Other",
    colour: "#6b7280",
    dashes: [5, 2, 2, 2],
    icon: "M10 2.6l2.2 4.8 5.2.6-3.8 3.6 1 5.2L10 14.2l-4.6 2.6 1-5.2L2.6 8l5.2-.6z",
    pace: "speed",
  },
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
