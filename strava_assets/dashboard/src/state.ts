// What the person chose, in one place and in the URL's hash; whoever draws subscribes.
// What belongs here: the choice and how it is written as a hash. What does not: data, drawing.
import { SPORTS, type SportKey } from "./sports";

export interface State {
  readonly sports: ReadonlySet<SportKey>; // none: every sport
  readonly ride: string | null; // the public id of the open activity
}

export const NOTHING_CHOSEN: State = { sports: new Set(), ride: null };

/** `#sport=mtb,road&ride=0123456789abcdef`; whatever is not understood is left out. */
export function readHash(hash: string): State {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const sports = (parameters.get("sport") ?? "")
    .split(",")
    .filter((key): key is SportKey => Object.hasOwn(SPORTS, key));
  const ride = parameters.get("ride");
  return { sports: new Set(sports), ride: ride !== null && /^[\w-]{1,64}$/.test(ride) ? ride : null };
}

export function writeHash(state: State): string {
  const parts: string[] = [];
  if (state.sports.size > 0) parts.push(`sport=${[...state.sports].sort().join(",")}`);
  if (state.ride !== null) parts.push(`ride=${state.ride}`);
  return parts.length > 0 ? `#${parts.join("&")}` : "";
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

/** Ties the state to the address bar both ways, so that a view can be shared and "back" works. */
export function followHash(store: Store): void {
  store.subscribe((state) => {
    const hash = writeHash(state);
    if (hash !== location.hash)
      history.replaceState(null, "", hash === "" ? location.pathname + location.search : hash);
  });
  addEventListener("hashchange", () => store.set(readHash(location.hash)));
}
