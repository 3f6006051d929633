// Asking the gateway: JSON in and out, and what it refuses as a sentence.
// What belongs here: requests. What does not: which ones, and what is done with the answers.

/** What was not done; the message is a sentence for the owner. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly said: readonly string[] = [], // what was done before it failed
  ) {
    super(message);
  }
}

/** Reads an address, or sends something to it. */
export async function ask<T>(path: string, told?: unknown, signal?: AbortSignal): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method: told === undefined ? "GET" : "POST",
      credentials: "same-origin",
      ...(told === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(told) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (problem) {
    if (signal?.aborted === true) throw problem;
    throw new Refusal("The gateway does not answer. Is it running?");
  }
  if (answer.status === 401 || answer.status === 404)
    throw new Refusal("You are logged out. Load the page again, or open a new link: strava-assets view");
  const text = await answer.text();
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(text.split("\n")[0]!.slice(0, 300));
  }
  const { error, said } = value as { error?: string; said?: string[] };
  if (error !== undefined) throw new Refusal(sentence(error), said ?? []);
  return value as T;
}

/** As the gateway words it: it may begin in the middle of a line of the command line. */
function sentence(words: string): string {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?)]$/.test(whole) ? whole : `${whole}.`;
}
