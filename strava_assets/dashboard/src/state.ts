// What the person chose, in one place and in the URL's hash; whoever draws subscribes.
// What belongs here: the choice and how it is written as a hash. What does not: data, drawing, what filters do.
import { isDay, type Period, type Range, RANGES } from "./days";
import { SPORTS, type SportKey } from "./sports";
import type { LonLat } from "./tracks";

export const MEASURES = ["distance", "count", "climb", "time", "watts"] as const;
export type Measure = (typeof MEASURES)[number];
export const PERIODS: readonly Period[] = ["year", "quarter", "week"];
export const TABS = ["chart", "table", "calendar"] as const;
export type Tab = (typeof TABS)[number];

/** From and to, both included; null is an open end. */
export type Span = readonly [number | null, number | null];

/** What decides which activities are shown. */
export interface Choice {
  readonly athlete: string | null; // public id; null is everybody together
  readonly sports: ReadonlySet<SportKey>; // none: every sport
  readonly range: Range;
  readonly distance: Span; // m
  readonly climb: Span; // m
  readonly text: string;
  readonly inView: boolean;
  readonly area: readonly LonLat[] | null; // what was drawn on the map
  readonly spot: LonLat | null; // where the map was asked
}

/** Where the map stands. */
export interface Place {
  readonly zoom: number;
  readonly lat: number;
  readonly lon: number;
}

export interface State extends Choice {
  readonly ride: string | null; // the public id of the open activity
  readonly heat: boolean;
  readonly tab: Tab;
  readonly period: Period;
  readonly measure: Measure;
  readonly at: Place | null; // null: wherever the map framed itself
}

const ANY: Span = [null, null];

export const NO_FILTER: Omit<Choice, "athlete"> = {
  sports: new Set(),
  range: "all",
  distance: ANY,
  climb: ANY,
  text: "",
  inView: false,
  area: null,
  spot: null,
};

export const NOTHING_CHOSEN: State = {
  ...NO_FILTER,
  athlete: null,
  ride: null,
  heat: false,
  tab: "chart",
  period: "year",
  measure: "distance",
  at: null,
};

/** How many filters are on; whose rides these are is none. */
export function filtersOn(choice: Choice): number {
  return [
    choice.sports.size > 0,
    choice.range !== "all",
    choice.distance.some((end) => end !== null),
    choice.climb.some((end) => end !== null),
    choice.text.trim() !== "",
    choice.inView,
    choice.area !== null,
    choice.spot !== null,
  ].filter(Boolean).length;
}

/** `#sport=mtb,road&ride=0123456789abcdef`; whatever is not understood is left out. */
export function readHash(hash: string): State {
  const parameters = new URLSearchParams(hash.replace(/^#/, "").slice(0, 8000));
  const get = (name: string) => parameters.get(name) ?? "";
  const one = <T extends string>(name: string, allowed: readonly T[], otherwise: T): T =>
    allowed.find((value) => value === get(name)) ?? otherwise;
  return {
    athlete: idOf(get("athlete")),
    sports: new Set(
      get("sport")
        .split(",")
        .filter((key): key is SportKey => Object.hasOwn(SPORTS, key)),
    ),
    range: rangeOf(get("range")),
    distance: spanOf(get("distance")),
    climb: spanOf(get("climb")),
    text: get("q").slice(0, 100),
    inView: get("view") === "1",
    area: areaOf(get("area")),
    spot: positionOf(get("spot")),
    ride: idOf(get("ride")),
    heat: get("heat") === "1",
    tab: one("tab", TABS, NOTHING_CHOSEN.tab),
    period: one("by", PERIODS, NOTHING_CHOSEN.period),
    measure: one("of", MEASURES, NOTHING_CHOSEN.measure),
    at: placeOf(get("at")),
  };
}

export function writeHash(state: State): string {
  const parts: [string, string][] = [
    ["athlete", state.athlete ?? ""],
    ["sport", [...state.sports].sort().join(",")],
    ["range", state.range === "all" ? "" : typeof state.range === "string" ? state.range : `${state.range.from}..${state.range.to}`],
    ["distance", spanText(state.distance)],
    ["climb", spanText(state.climb)],
    ["q", encodeURIComponent(state.text.trim())],
    ["view", state.inView ? "1" : ""],
    ["area", (state.area ?? []).map(positionText).join("~")],
    ["spot", state.spot === null ? "" : positionText(state.spot)],
    ["ride", state.ride ?? ""],
    ["heat", state.heat ? "1" : ""],
    ["tab", state.tab === NOTHING_CHOSEN.tab ? "" : state.tab],
    ["by", state.period === NOTHING_CHOSEN.period ? "" : state.period],
    ["of", state.measure === NOTHING_CHOSEN.measure ? "" : state.measure],
    ["at", state.at === null ? "" : `${round(state.at.zoom, 2)}/${round(state.at.lat, 5)}/${round(state.at.lon, 5)}`],
  ];
  const written = parts.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`);
  return written.length > 0 ? `#${written.join("&")}` : "";
}

export interface Store {
  get(): State;
  set(change: Partial<State>): void;
  subscribe(listener: (state: State, before: State) => void): void;
}

export function createStore(initial: State): Store {
  let state = initial;
  const listeners: ((state: State, before: State) => void)[] = [];
  return {
    get: () => state,
    set(change) {
      const before = state;
      state = { ...state, ...change };
      for (const listener of listeners) listener(state, before);
    },
    subscribe(listener) {
      listeners.push(listener);
    },
  };
}

/** Ties the state to the address bar both ways, so that a view can be shared; `arrived` hears of a new address. */
export function followHash(store: Store, arrived: (state: State) => void): void {
  store.subscribe((state) => {
    const hash = writeHash(state);
    if (hash !== location.hash)
      history.replaceState(null, "", hash === "" ? location.pathname + location.search : hash);
  });
  addEventListener("hashchange", () => {
    const state = readHash(location.hash);
    store.set(state);
    arrived(state);
  });
}

function idOf(text: string): string | null {
  return /^[\w-]{1,64}$/.test(text) ? text : null;
}

function rangeOf(text: string): Range {
  const known = RANGES.find((range) => range === text);
  if (known !== undefined) return known;
  const [from = "", to = "", more] = text.split("..");
  const fine = more === undefined && (from === "" || isDay(from)) && (to === "" || isDay(to)) && from + to !== "";
  return fine ? { from, to } : "all";
}

function spanOf(text: string): Span {
  const match = /^(\d{0,9})-(\d{0,9})$/.exec(text);
  if (match === null) return ANY;
  const [from, to] = [match[1]!, match[2]!].map((end) => (end === "" ? null : Number(end)));
  return [from!, to!];
}

function spanText([from, to]: Span): string {
  return from === null && to === null ? "" : `${from === null ? "" : Math.round(from)}-${to === null ? "" : Math.round(to)}`;
}

function positionOf(text: string): LonLat | null {
  const match = /^(-?\d{1,3}(?:\.\d+)?),(-?\d{1,2}(?:\.\d+)?)$/.exec(text);
  if (match === null) return null;
  const [lon, lat] = [Number(match[1]), Number(match[2])];
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 85 ? [lon, lat] : null;
}

function areaOf(text: string): LonLat[] | null {
  const corners = text.split("~").map(positionOf);
  return corners.length >= 3 && corners.length <= 200 && !corners.includes(null) ? (corners as LonLat[]) : null;
}

function placeOf(text: string): Place | null {
  const [zoom, lat, lon, more] = text.split("/");
  const position = more === undefined ? positionOf(`${lon},${lat}`) : null;
  if (position === null || !/^\d{1,2}(\.\d+)?$/.test(zoom ?? "") || Number(zoom) > 19) return null;
  return { zoom: Number(zoom), lat: position[1], lon: position[0] };
}

function positionText([lon, lat]: LonLat): string {
  return `${round(lon, 5)},${round(lat, 5)}`;
}

function round(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
