// The panel of zones: the list, the owner's word on each, and the form of the one that is being drawn.
// What belongs here: the panel. What does not: pictures on the map (zoneLayer, editor), asking (server).
import { byId, el } from "../dom";
import type { Formats } from "../format";
import type { MapView } from "../map";
import type { Bounds } from "../tracks";
import { createDraftForm, type DraftForm } from "./draftForm";
import { createEditor } from "./editor";
import { ask, Refusal } from "./server";
import { doneWords, hiddenWords, many } from "./words";
import { createZoneLayer, titleOf } from "./zoneLayer";
import { boundsOf, type Done, type Draft, draftOf, type Hidden, placesOf, type Zone } from "./zones";

const UNDECIDED = "Rides begin or end here. Hidden until you decide.";

export interface ZonePanel {
  toggle(open?: boolean): void;
  /** Reads the zones again. */
  look(): Promise<void>;
  /** Whether they are drawn on the map. */
  shown(shown: boolean): void;
  /** Ends a drawing, else closes the panel; false if it is closed. */
  escape(): boolean;
}

export interface PanelEvents {
  frame(bounds: Bounds): void;
  formats(): Formats;
  /** How many places wait for the owner's word. */
  waiting(count: number): void;
  /** Something others see may be another thing now. */
  changed(): void;
  toggled(open: boolean): void;
}

export function createZonePanel(map: MapView, events: PanelEvents): ZonePanel {
  const close = el("button", { type: "button", class: "close", "aria-label": "Close the zones" }, "×");
  const circle = el("button", { type: "button", class: "chip", "data-draw": "circle" }, "+ Circle");
  const polygon = el("button", { type: "button", class: "chip", "data-draw": "polygon" }, "+ Polygon");
  const told = el("div", { class: "zone-told", role: "status" });
  const body = el("div", { class: "zone-body", tabindex: -1 });
  const panel = el(
    "section",
    { id: "zones", class: "sheet zones", "data-stop": "half", "aria-labelledby": "zones-title", hidden: true },
    el("header", { class: "zone-head" }, el("h2", { id: "zones-title" }, "Zones"), circle, polygon, close),
    told,
    body,
  );
  byId("sheet").after(panel);

  let places: Zone[][] = [];
  let known = ""; // the answer that they were made of
  let form: DraftForm | null = null;
  let draft: Draft | null = null;
  const layer = createZoneLayer(map, (place) => {
    if (form !== null) return;
    toggle(true);
    layer.mark(place);
    const item = body.querySelector<HTMLElement>(`[data-zone="${place[0]!.id}"] button`);
    item?.focus();
    item?.scrollIntoView({ block: "nearest" });
  });
  const editor = createEditor(map, drafted, events.frame);

  function list(): void {
    const group = (origin: Zone["origin"]) => places.filter(([first]) => first!.origin === origin);
    const [drawn, found, lifted] = [group("drawn"), group("provisional"), group("lifted")];
    body.replaceChildren();
    if (drawn.length === 0)
      body.append(el("p", { class: "quiet" }, "You have drawn none. Until you do, every place where a ride begins or ends is hidden."));
    else body.append(el("h3", {}, "Your own"), el("ul", { class: "zone-list" }, ...drawn.map(item)));
    if (found.length > 0) body.append(el("h3", {}, `Found, for you to decide (${events.formats().count(found.length)})`), el("ul", { class: "zone-list" }, ...found.map(item)));
    if (lifted.length > 0)
      body.append(el("details", {}, el("summary", {}, `${many(lifted.length, "place", events.formats())} that you let be shown`), el("ul", { class: "zone-list" }, ...lifted.map(item))));
    events.waiting(found.length);
  }

  function item(place: Zone[]): HTMLElement {
    const zone = place[0]!;
    const formats = events.formats();
    const below = el("div", { class: "zone-below" });
    const button = (label: string, deed: () => void) => {
      const made = el("button", { type: "button", class: "chip small" }, label);
      made.addEventListener("click", deed);
      return made;
    };
    const look = el("button", { type: "button", class: "zone-name", "aria-label": `Show ${titleOf(zone)} on the map` }, titleOf(zone));
    look.addEventListener("click", () => {
      layer.mark(place);
      events.frame(boundsOf(place.map(({ cut, geometry }) => cut ?? geometry)));
    });
    const facts = [
      formats.height(zone.across) + " across",
      zone.hidesEverything ? "hides everything near it" : "hides only beginnings, ends and stops",
      `displaced by up to ${formats.height(zone.expansion)}`,
    ];
    const deeds = {
      drawn: () => [button("Edit", () => edit(place)), button("Remove …", () => void offer(zone, below))],
      provisional: () => [
        button("Keep hidden", () => void act(`zones/${zone.id}/confirm`, {})),
        button("Draw it myself", () => edit(place)),
        button("Show it …", () => void offer(zone, below)),
      ],
      lifted: () => [button("Hide again", () => void act(`zones/${zone.id}/confirm`, {}))],
    }[zone.origin]();
    return el(
      "li",
      { class: `zone-item ${zone.origin}`, "data-zone": zone.id },
      look,
      el("p", { class: "quiet" }, zone.origin === "provisional" ? UNDECIDED : zone.origin === "lifted" ? "Shown to everybody." : `${facts.join(" · ")}.`),
      el("div", { class: "zone-deeds", role: "group", "aria-label": titleOf(zone) }, ...deeds),
      below,
    );
  }

  /** Says what would be shown again, before it is. */
  async function offer(zone: Zone, below: HTMLElement): Promise<void> {
    below.replaceChildren(el("p", { class: "quiet", role: "status" }, "Looking …"));
    const hidden = await tried(() => ask<Hidden>(`zones/${zone.id}/check`, {}));
    if (hidden === null) return below.replaceChildren();
    const yes = el("button", { type: "button", class: "primary danger" }, "Yes, show this place");
    const no = el("button", { type: "button", class: "chip small" }, "No, keep it hidden");
    yes.addEventListener("click", () => void act(`zones/${zone.id}/remove`, { show_this_place: true }));
    no.addEventListener("click", () => below.replaceChildren());
    below.replaceChildren(...hiddenWords(hidden, "does", events.formats()), el("div", { class: "zone-deeds" }, yes, no));
    no.focus();
  }

  async function act(path: string, body: object): Promise<void> {
    const done = await tried(() => ask<Done>(path, body));
    if (done !== null) await finished(done);
  }

  async function finished(done: Done): Promise<void> {
    await look();
    told.replaceChildren(...doneWords(done, events.formats()));
    body.focus({ preventScroll: true });
    events.changed();
  }

  /** What goes wrong is said in a line. */
  async function tried<T>(deed: () => Promise<T>): Promise<T | null> {
    told.replaceChildren();
    try {
      return await deed();
    } catch (failed) {
      if (!(failed instanceof Refusal)) throw failed;
      told.replaceChildren(el("p", { class: "zone-problem", role: "alert" }, [...failed.said, failed.message].join(" ")));
      return null;
    }
  }

  async function look(): Promise<void> {
    const answer = await tried(() => ask<GeoJSON.FeatureCollection<Zone["geometry"]>>("zones.json"));
    if (answer === null || JSON.stringify(answer) === known) return; // what the owner is at stays as it is
    known = JSON.stringify(answer);
    places = placesOf(answer);
    layer.show(places);
    if (form === null) list();
  }

  function edit(place: Zone[] | null, kind: Draft["kind"] = "circle"): void {
    told.replaceChildren();
    panel.dataset["stop"] = "form";
    layer.mark(place);
    form = createDraftForm(place?.[0] ?? null, events.formats(), {
      resized: (radius) => draft?.kind === "circle" && shape({ ...draft, radius }),
      hidden: editor.preview,
      cancelled: endForm,
      frame: events.frame,
      saved(done) {
        endForm();
        void finished(done);
      },
    });
    body.replaceChildren(form.element);
    circle.hidden = polygon.hidden = true;
    byId("zones-title").textContent = place === null ? "A new place" : titleOf(place[0]!);
    if (place === null) editor.place(kind);
    else shape(draftOf(place));
  }

  function drafted(next: Draft | null): void {
    draft = next;
    form?.show(next);
  }

  function shape(next: Draft): void {
    editor.shape(next);
    drafted(next);
  }

  function endForm(): void {
    editor.end();
    form = draft = null;
    layer.mark(null);
    panel.dataset["stop"] = "half";
    circle.hidden = polygon.hidden = false;
    byId("zones-title").textContent = "Zones";
    list();
  }

  function toggle(open = panel.hidden !== false): void {
    if (!open && form !== null) endForm();
    panel.hidden = !open;
    document.body.classList.toggle("with-zones", open);
    if (open) {
      layer.visible(true);
      if (form === null) void look(); // the command line may have changed them
    } else layer.mark(null);
    events.toggled(open);
  }
  close.addEventListener("click", () => toggle(false));
  for (const [button, kind] of [[circle, "circle"], [polygon, "polygon"]] as const)
    button.addEventListener("click", () => edit(null, kind));

  return {
    toggle,
    look,
    shown: layer.visible,
    escape() {
      if (panel.hidden) return false;
      if (form !== null) endForm();
      else toggle(false);
      return true;
    },
  };
}
