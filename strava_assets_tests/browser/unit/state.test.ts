import { expect, test } from "vitest";
import { createStore, NOTHING_CHOSEN, readHash, writeHash } from "../../../strava_assets/dashboard/src/state";

test("a choice written as a hash is read back the same", () => {
  const state = { sports: new Set(["run", "mtb"] as const), ride: "0123456789abcdef" };
  expect(writeHash(state)).toBe("#sport=mtb,run&ride=0123456789abcdef");
  expect(readHash(writeHash(state))).toEqual(state);
  expect(writeHash(NOTHING_CHOSEN)).toBe("");
});

test("a hash from elsewhere cannot choose what does not exist", () => {
  expect(readHash("#sport=mtb,constructor,&ride=%3Cimg%3E&x=1")).toEqual({ sports: new Set(["mtb"]), ride: null });
  expect(readHash("")).toEqual(NOTHING_CHOSEN);
});

test("whoever subscribed hears the new state and the one before", () => {
  const store = createStore(NOTHING_CHOSEN);
  const heard: (string | null)[] = [];
  store.subscribe((state, before) => heard.push(before.ride, state.ride));
  store.set({ ride: "a" });
  store.set({ ride: null });
  expect(heard).toEqual([null, "a", "a", null]);
});
