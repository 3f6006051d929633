// config.json: what the owner chose for everybody who looks.
// What belongs here: reading it, whatever it says. What does not: what a person switched to themselves (theme, state).
import type { Units } from "./format";
import type { Theme } from "./theme";

export interface Tiles {
  readonly url: string;
  readonly attribution: string;
}

export interface Config {
  readonly title: string | null;
  readonly tiles: Tiles | null; // null: nothing is asked of anybody else
  readonly units: Units | null; // null: the system's
  readonly theme: Theme | null; // null: the system's
  readonly streams: string | null; // another address of a CSV beside ours: "streams/{athlete}/{activity}.csv"
}

export const NO_CONFIG: Config = { title: null, tiles: null, units: null, theme: null, streams: null };

export function configOf(value: unknown): Config {
  const { title, tiles, units, theme, streams } = record(value);
  const { url, attribution } = record(tiles);
  return {
    title: typeof title === "string" && title.trim() !== "" ? title.trim() : null,
    tiles:
      typeof url === "string" && /^(https?:)?\/|^\./.test(url)
        ? { url, attribution: typeof attribution === "string" ? attribution : "" }
        : null,
    units: units === "metric" || units === "imperial" ? units : null,
    theme: theme === "light" || theme === "dark" ? theme : null,
    streams: typeof streams === "string" && /^\w[\w./{}-]*\{activity\}\.csv$/.test(streams) ? streams : null,
  };
}

/** A JSON object's members; none where it is something else. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
