// The form beside a draft: what the place is called and hides, and at once what would disappear.
// What belongs here: these inputs and words. What does not: the draft's picture (editor), the list of zones (zonePanel).
import { el, options } from "../dom";
import type { Formats } from "../format";
import type { Bounds } from "../tracks";
import { ask, Refusal } from "./server";
import { boundsOf, type Done, type Draft, geometryOf, type Hidden, type Mode, SMALLEST, type Zone } from "./zones";
import { hiddenWords } from "./words";

const PAUSE = 350; // ms after the last change

export interface FormEvents {
  /** The radius was typed. */
  resized(radius: number): void;
  hidden(hidden: Hidden | null): void;
  saved(done: Done): void;
  cancelled(): void;
  frame(bounds: Bounds): void;
}

export interface DraftForm {
  readonly element: HTMLElement;
  show(draft: Draft | null): void;
}

/** A form for a new place, or for one that is kept already. */
export function createDraftForm(kept: Zone | null, formats: Formats, events: FormEvents): DraftForm {
  const own = kept?.origin === "drawn" ? kept : null;
  let draft: Draft | null = null;
  let asked: AbortController | null = null;
  let waiting = 0;

  const name = el("input", { type: "text", id: "zone-name", maxlength: 80, autocomplete: "off", value: kept?.name ?? "" });
  const mode = el("select", { id: "zone-mode" });
  options(mode, [["everywhere", "Everything near it"], ["ends_only", "Only where rides begin, end or stop"]], own?.mode ?? "everywhere");
  const expansion = el("input", { type: "number", id: "zone-expansion", min: own?.expansion ?? 100, max: 5000, step: 50, value: own?.expansion ?? 300, inputmode: "numeric" });
  const radius = el("input", { type: "number", id: "zone-radius", min: SMALLEST, max: 5000, step: 5, inputmode: "numeric" });
  const radiusRow = row("Radius, m", radius);
  const mean = el("input", { type: "checkbox", id: "zone-mean" });
  const meanRow = el("label", { class: "zone-mean", hidden: true }, mean, "Yes, rides that only pass may be shown again");
  const result = el("div", { class: "zone-result", role: "status" });
  const problem = el("p", { class: "zone-problem", role: "alert", hidden: true });
  const save = el("button", { type: "submit", class: "primary" }, own === null ? "Hide this place" : "Save");
  const cancel = el("button", { type: "button", class: "chip" }, "Cancel");
  const element = el(
    "form",
    { class: "zone-form", novalidate: true },
    result,
    problem,
    el("div", { class: "zone-buttons" }, save, cancel),
    row("Name", name),
    radiusRow,
    row("Hides", mode),
    meanRow,
    row("Hidden displacement, m", expansion),
    el("p", { class: "quiet" }, "Names stay private. Draw small, 100 to 150 m: what hides is the displacement, a larger shape around the place, drawn at random once. More of it hides better."),
  );

  function feature(): object {
    return {
      type: "Feature",
      geometry: geometryOf(draft!),
      properties: {
        name: name.value.trim(),
        mode: mode.value as Mode,
        expansion: Number(expansion.value),
        ...(draft!.kind === "circle" ? { radius: draft!.radius } : {}),
        ...(own === null ? {} : { zone: own.id }),
        ...(mean.checked ? { show_this_place: true } : {}),
      },
    };
  }

  function refuse(words: string): void {
    problem.textContent = words;
    problem.hidden = words === "";
  }

  /** Asks what would disappear, once the hand rests. */
  function look(): void {
    asked?.abort();
    clearTimeout(waiting);
    save.disabled = draft === null;
    meanRow.hidden = !(own?.mode === "everywhere" && mode.value === "ends_only");
    if (draft === null) {
      result.replaceChildren(el("p", { class: "quiet" }, "Nothing is drawn yet."));
      return;
    }
    result.setAttribute("aria-busy", "true");
    waiting = setTimeout(() => void check(), PAUSE) as unknown as number;
  }

  async function check(): Promise<void> {
    asked = new AbortController();
    const { signal } = asked;
    try {
      const { said, zones } = await ask<{ said: string[]; zones: Hidden[] }>("zones/check", feature(), signal);
      const hidden = zones[0]!;
      refuse("");
      result.replaceChildren(...hiddenWords(hidden, "would", formats), ...said.map((words) => el("p", {}, words)));
      events.hidden(hidden);
    } catch (failed) {
      if (signal.aborted) return;
      if (!(failed instanceof Refusal)) throw failed;
      result.replaceChildren();
      events.hidden(null);
      refuse(failed.message);
    }
    result.removeAttribute("aria-busy");
  }

  element.addEventListener("submit", (event) => {
    event.preventDefault();
    if (draft === null) return;
    save.disabled = true;
    asked?.abort();
    clearTimeout(waiting);
    ask<Done>(own === null ? "zones" : `zones/${own.id}/redraw`, feature()).then(events.saved, (failed: unknown) => {
      if (!(failed instanceof Refusal)) throw failed;
      refuse([...failed.said, failed.message].join(" "));
      save.disabled = false;
    });
  });
  cancel.addEventListener("click", events.cancelled);
  for (const input of [mode, expansion]) input.addEventListener("change", look);
  radius.addEventListener("change", () => {
    const value = Math.max(SMALLEST, Math.min(5000, Math.round(Number(radius.value)) || SMALLEST));
    radius.value = String(value);
    events.resized(value);
  });
  look();
  if (kept !== null) events.frame(boundsOf([kept.cut ?? kept.geometry]));

  return {
    element,
    show(next) {
      draft = next;
      radiusRow.hidden = draft?.kind !== "circle";
      if (draft?.kind === "circle" && document.activeElement !== radius) radius.value = String(draft.radius);
      look();
    },
  };
}

function row(label: string, input: HTMLElement): HTMLElement {
  return el("p", { class: "zone-row" }, el("label", { for: input.id }, label), input);
}
