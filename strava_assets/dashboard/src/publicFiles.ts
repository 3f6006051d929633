// The public root's files, fetched and read: config.json, index.json, each athlete's activities.topojson, CSVs.
// What belongs here: requests, what has changed since the last one, what is wrong with a file. What does not: drawing.
import type { GeometryCollection, Topology } from "topojson-specification";
import { activityOf, type Activity } from "./activity";
import { type Config, configOf, NO_CONFIG, record } from "./config";
import type { Source } from "./source";
import { parseStream, type Run } from "./streams";
import { createArcs } from "./tracks";

export interface Athlete {
  readonly id: string;
  readonly name: string;
}

export interface History {
  readonly athletes: readonly Athlete[];
  readonly updated: string; // the newest day that the index names, or ""
  readonly activities: readonly Activity[];
  readonly problems: readonly string[]; // a sentence each
}

/** A file that cannot be had or read; the message is a sentence for the person at the map. */
export class FileProblem extends Error {
  constructor(
    message: string,
    readonly status: number | null = null,
  ) {
    super(message);
  }
}

interface Kept {
  tag: string | null; // what the server calls this version
  text: string | null; // kept only where the server has no name for it
  value: unknown;
}

export interface PublicFiles {
  config(): Promise<Config>;
  history(): Promise<History>;
  profile(activity: Activity): Promise<Run[]>;
}

/** What was loaded before is kept, so that looking again costs one small request a file. */
export function createPublicFiles(source: Source): PublicFiles {
  const kept = new Map<string, Kept>();
  const read = new Map<string, { from: unknown; name: string; activities: Activity[] }>();
  let history: History | null = null;
  let elsewhere: string | null = null; // where streams are, as the config says: in a bucket, by a redirect

  async function json(path: string): Promise<unknown> {
    const before = kept.get(path);
    const response = await request(path);
    const version = response.headers.get("etag") ?? response.headers.get("last-modified");
    const tag = version === null ? null : `${version} ${response.headers.get("content-length") ?? ""}`;
    if (before !== undefined && tag !== null && tag === before.tag) {
      void response.body?.cancel();
      return before.value;
    }
    const text = await response.text();
    if (before !== undefined && text === before.text) return before.value;
    try {
      const value: unknown = JSON.parse(text);
      kept.set(path, { tag, text: tag === null ? text : null, value });
      return value;
    } catch {
      throw new FileProblem(`${path} is damaged or only half there.`);
    }
  }

  async function athlete(id: string, name: string): Promise<Activity[]> {
    const path = source.topology(id);
    const value = await json(path);
    const before = read.get(id);
    if (before !== undefined && before.from === value && before.name === name) return before.activities;
    const activities = activitiesOf(value, id, name, path);
    read.set(id, { from: value, name, activities });
    return activities;
  }

  /** A bucket may not let pages of other origins read: then our own address does. */
  async function fromElsewhere({ athlete, id }: Activity): Promise<string | null> {
    if (elsewhere === null) return null;
    try {
      return await (await request(elsewhere.replace("{athlete}", athlete).replace("{activity}", id))).text();
    } catch (problem) {
      if (!(problem instanceof FileProblem)) throw problem;
      elsewhere = null;
      return null;
    }
  }

  return {
    async config() {
      try {
        const config = configOf(await json(source.config));
        elsewhere = config.streams;
        return config;
      } catch (problem) {
        if (problem instanceof FileProblem) return NO_CONFIG; // the file is optional
        throw problem;
      }
    },
    async history() {
      const entries = athletesOf(await json(source.index));
      const problems: string[] = [];
      const lists = await Promise.all(
        entries.map(({ id, name }) =>
          athlete(id, name).catch((problem: unknown) => {
            if (!(problem instanceof FileProblem)) throw problem;
            problems.push(`${name}: ${problem.message}`);
            return read.get(id)?.activities ?? []; // half-written a moment ago: what was there before still holds
          }),
        ),
      );
      const next = {
        athletes: entries.map(({ id, name }) => ({ id, name })),
        updated:
          entries
            .map(({ updated }) => updated)
            .sort()
            .at(-1) ?? "",
        activities: lists.flat(),
        problems,
      };
      // the same object for the same content: whoever draws need not draw again
      if (
        history === null ||
        JSON.stringify([next.athletes, next.updated, problems]) !==
          JSON.stringify([history.athletes, history.updated, history.problems]) ||
        next.activities.length !== history.activities.length ||
        next.activities.some((activity, i) => activity !== history!.activities[i])
      )
        history = next;
      return history;
    },
    async profile(activity) {
      const path = source.streams(activity.athlete, activity.id);
      const text = (await fromElsewhere(activity)) ?? (await (await request(path)).text());
      try {
        return parseStream(text);
      } catch (problem) {
        throw new FileProblem(`${path} cannot be read: ${(problem as Error).message}.`);
      }
    },
  };
}

async function request(path: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { cache: "no-cache", credentials: "same-origin" }); // asks whether it changed
  } catch {
    throw new FileProblem(`${path} cannot be reached. Is the connection gone?`);
  }
  if (!response.ok) throw new FileProblem(`${path} is not there (${response.status}).`, response.status);
  return response;
}

function athletesOf(index: unknown): { id: string; name: string; updated: string }[] {
  const { schema, athletes } = record(index);
  if (typeof schema === "number" && schema > 1)
    throw new FileProblem("index.json is of a newer version than this page. Load the page again.");
  if (!Array.isArray(athletes)) throw new FileProblem("index.json is not an index of athletes.");
  return athletes
    .map(record)
    .flatMap(({ id, name, updated }) =>
      typeof id === "string" && /^[\w-]+$/.test(id)
        ? [
            {
              id,
              name: typeof name === "string" && name !== "" ? name : "An athlete",
              updated: typeof updated === "string" ? updated : "",
            },
          ]
        : [],
    );
}

function activitiesOf(value: unknown, athlete: string, name: string, path: string): Activity[] {
  const object = record(record(record(value)["objects"])["activities"]) as Partial<GeometryCollection>;
  if (record(value)["type"] !== "Topology" || object.type !== "GeometryCollection" || !Array.isArray(object.geometries))
    throw new FileProblem(`${path} is not a map of activities.`);
  try {
    const line = createArcs(value as Topology);
    return object.geometries.flatMap((geometry) => {
      const lines =
        geometry.type === "LineString"
          ? [line(geometry.arcs as number[])]
          : geometry.type === "MultiLineString"
            ? (geometry.arcs as number[][]).map(line)
            : [];
      return activityOf(record(geometry.properties), lines, athlete, name) ?? [];
    });
  } catch {
    throw new FileProblem(`${path} is damaged: a line that it names is not in it.`);
  }
}
