// Where the page's data comes from: the addresses of its files, relative to the page.
// What belongs here: addresses. What does not: fetching and reading (publicFiles). Another view of the same history,
// such as the owner's own, is another source and nothing else.

export interface Source {
  readonly config: string;
  readonly index: string;
  topology(athlete: string): string;
  streams(athlete: string, activity: string): string;
}

/** Files under CONTRACT's names, in a folder that is named relative to the page. */
export function sourceAt(folder: string): Source {
  return {
    config: `${folder}config.json`,
    index: `${folder}index.json`,
    topology: (athlete) => `${folder}${athlete}/activities.topojson`,
    streams: (athlete, activity) => `${folder}${athlete}/streams/stream_${activity}.csv`,
  };
}

/** The public root, which the page lies in. */
export const PUBLIC: Source = sourceAt("");
