// What a place hides, in words.
// What belongs here: sentences from what the gateway counted. What does not: counting.
import { el } from "../dom";
import type { Formats } from "../format";
import type { Done, Hidden } from "./zones";

const NAMED = 6;

/** What this page says about itself. */
export const FOR_ITS_OWNER: readonly string[] = [
  "This is your whole history, with nothing cut out: also rides that nobody else may see, and every metre of those that are partly hidden. It is made when you look, is never written where others can read, and is there for this machine, or behind your password, only.",
  "“As others see it” shows the published files themselves. “Difference” lays your own lines over them: whatever stands out is hidden from everybody else.",
  "Draw your zones small, 100 to 150 m: around each a larger, displaced shape is drawn at random, once, and kept. What touches that is hidden, with every number that would tell of it. A zone that you redraw keeps its shape, or gets a larger one; nothing is shown again unless you remove one and say so.",
  "Figures here are of whole rides, so they differ from the public ones.",
];

/** What a drawing would hide, or what a kept zone hides and would show again. */
export function hiddenWords(hidden: Hidden, which: "would" | "does", formats: Formats): HTMLElement[] {
  const { rides, metres, at_most: atMost } = hidden;
  const lead = which === "would" ? "Would disappear: " : "Would be shown again: ";
  if (rides === 0) return [el("p", {}, el("strong", {}, `${lead}nothing. `), "No ride comes near. Is it the right place?")];
  if (which === "would" && hidden.zone !== null)
    return [el("p", {}, el("strong", {}, `${lead}nothing more. `), `What is cut for zone ${hidden.zone} holds this outline, too: ${formats.distance(metres)} of ${many(rides, "ride", formats)}.`)];
  const words = `${atMost || which === "does" ? "at most " : ""}${formats.distance(metres)} of ${many(rides, "ride", formats)}`;
  const found: HTMLElement[] = [el("p", {}, el("strong", {}, `${lead}${words}.`))];
  if (which === "does") return found;
  const shown = hidden.public.length;
  found.push(
    shown === 0
      ? el("p", {}, "None of these places is in a public file now.")
      : el("p", {}, `${many(shown, "public ride", formats)} ${shown === 1 ? "shows" : "show"} it now: ${shown === 1 ? "its file is" : "their files are"} withdrawn when you save, and made again without it.`),
  );
  if (shown > 0) found.push(named("Which", hidden.public, formats));
  return found;
}

/** What became of a change. */
export function doneWords(done: Done, formats: Formats): HTMLElement[] {
  const gone = done.withdrawn.length;
  const found: HTMLElement[] = [el("p", {}, el("strong", {}, done.said[0] ?? "Done."))];
  if (gone > 0) {
    found.push(el("p", {}, `${many(gone, "public ride", formats)} showed the place and ${gone === 1 ? "was" : "were"} withdrawn at once. Copies that others made are beyond reach.`));
    found.push(named("Which", done.withdrawn, formats));
  }
  if (done.months > 0)
    found.push(el("p", {}, `${many(done.months, "month", formats)} ${done.months === 1 ? "is" : "are"} made again: by themselves while strava-assets up runs, else with strava-assets materialize.`));
  return found;
}

function named(title: string, rides: Hidden["public"], formats: Formats): HTMLElement {
  const lines = rides.slice(0, NAMED).map(({ date, name }) => el("li", {}, `${formats.day(date)} · ${name}`));
  if (rides.length > NAMED) lines.push(el("li", {}, `and ${formats.count(rides.length - NAMED)} more`));
  return el("details", {}, el("summary", {}, title), el("ul", { class: "zone-rides" }, ...lines));
}

export function many(count: number, thing: string, formats: Formats): string {
  return `${formats.count(count)} ${thing}${count === 1 ? "" : "s"}`;
}
