// Where the page's data comes from: the addresses of its files, relative to the page.
// What belongs here: addresses. What does not: fetching and reading (publicFiles). Another view of the same history,
// such as the owner's own, is another source and nothing else.

export interface Source {
  readonly config: string;
  readonly index: string;
  topology(athlete: string): string;
  streams(athlete: string, activity: string): string;
}

/** The public root, which the page lies in. */
export const PUBLIC: Source = {
  config: "config.json",
  index: "index.json",
  topology: (athlete) => `${athlete}/activities.topojson`,
  streams: (athlete, activity) => `${athlete}/streams/stream_${activity}.csv`,
};
