// Shaping a zone on the map: placing it with a click, then moving what it is made of by handles, or by keys.
// What belongs here: the draft's picture and its handles. What does not: its name and what it hides (draftForm).
import L from "leaflet";
import { el } from "../dom";
import type { MapView } from "../map";
import type { Bounds, LonLat } from "../tracks";
import { type Draft, type Hidden, offset, placeFor, SMALLEST } from "./zones";

const RADIUS = 120; // m, to begin with: small is good
const AROUND = 500; // m on each side that are shown with it: about what may be cut
const NEAR = 14; // the zoom from which on the map stays where it is
const STEP = 6; // px a key; with Shift one

export interface Editor {
  /** Lets the owner place a new one. */
  place(kind: Draft["kind"]): void;
  /** Lets the owner shape this one. */
  shape(draft: Draft): void;
  /** What would disappear, as far as it is known. */
  preview(hidden: Hidden | null): void;
  end(): void;
}

/** `changed` hears every change, null while there is too little of it; `frame` brings where it begins into view. */
export function createEditor(map: MapView, changed: (draft: Draft | null) => void, frame: (bounds: Bounds) => void): Editor {
  const { leaflet } = map;
  leaflet.createPane("draft").style.zIndex = "430";
  const renderer = L.svg({ pane: "draft", padding: 0.5 });
  const below = L.layerGroup();
  const outline = L.layerGroup();
  const handles = L.layerGroup();
  const cross = el("div", { class: "crosshair", "aria-hidden": "true", hidden: true });
  const hint = el("p", { class: "hint draft-hint", role: "status", hidden: true });
  const container = leaflet.getContainer();
  container.parentElement!.append(cross, hint);
  let placing: Draft["kind"] | null = null;
  let draft: Draft | null = null;

  const finger = matchMedia("(pointer: coarse)");
  const words = { circle: "where the place is", polygon: "the corners, one after the other" };
  function tellHow(): void {
    hint.hidden = placing === null;
    cross.hidden = placing === null;
    if (placing !== null)
      hint.textContent = `${finger.matches ? "Tap" : "Click"} ${words[placing]}. Or move the map under the cross with the arrow keys and press Enter.`;
  }

  /** A place was clicked, or is under the cross. */
  function put(at: LonLat): void {
    if (draft === null && leaflet.getZoom() < NEAR) frame([...offset(at, -AROUND, -AROUND), ...offset(at, AROUND, AROUND)]);
    if (placing === "circle") {
      placing = null;
      map.takeClicks(() => undefined); // no ride opens while something is drawn
      set({ kind: "circle", center: at, radius: RADIUS });
    } else if (placing === "polygon") {
      const corners = draft?.kind === "polygon" ? [...draft.corners] : [];
      corners.splice(placeFor(at, corners), 0, at);
      set({ kind: "polygon", corners });
    }
    tellHow();
  }

  function set(next: Draft): void {
    draft = next;
    draw();
    tell();
  }
  const tell = () => changed(draft === null || (draft.kind === "polygon" && draft.corners.length < 3) ? null : draft);

  function drawOutline(): void {
    outline.clearLayers();
    if (draft === null) return;
    const style = { renderer, interactive: false, className: "draft" };
    outline.addLayer(
      draft.kind === "circle"
        ? L.circle(latLng(draft.center), { ...style, radius: draft.radius })
        : L.polygon(draft.corners.map(latLng), style),
    );
  }

  function draw(): void {
    drawOutline();
    handles.clearLayers();
    if (draft === null) return;
    if (draft.kind === "circle") {
      handle("move", "Middle of the circle", draft.center, (at) => draft?.kind === "circle" && { ...draft, center: at });
      const { center, radius } = draft;
      handle("corner", `Edge of the circle, ${Math.round(radius)} m from its middle`, offset(center, radius, 0), (at) => {
        if (draft?.kind !== "circle") return false;
        const [x, y] = [leaflet.distance(latLng(draft.center), latLng(at)), SMALLEST];
        return { ...draft, radius: Math.round(Math.max(x, y)) };
      });
      return;
    }
    const { corners } = draft;
    corners.forEach((corner, i) =>
      handle("corner", `Corner ${i + 1} of ${corners.length}`, corner, (at) => moved(i, at), corners.length > 3 ? () => without(i) : undefined),
    );
    if (corners.length < 3) return;
    corners.forEach((corner, i) => {
      const next = corners[(i + 1) % corners.length]!;
      handle("between", `A new corner after corner ${i + 1}`, middle(corner, next), (at, began) => {
        if (draft?.kind !== "polygon") return false;
        const more = [...draft.corners];
        if (began) more.splice(i + 1, 0, at);
        else more[i + 1] = at;
        return { kind: "polygon", corners: more };
      }, undefined, i + 1);
    });
  }

  function moved(i: number, at: LonLat): Draft | false {
    if (draft?.kind !== "polygon") return false;
    const corners = [...draft.corners];
    corners[i] = at;
    return { kind: "polygon", corners };
  }

  function without(i: number): void {
    if (draft?.kind === "polygon") set({ kind: "polygon", corners: draft.corners.filter((_, each) => each !== i) });
  }

  /** `become` says what the draft is with the handle there; it hears whether the handle is moved for the first time. */
  function handle(
    kind: "move" | "corner" | "between",
    label: string,
    at: LonLat,
    become: (at: LonLat, began: boolean) => Draft | false,
    remove?: () => void,
    becomes = handles.getLayers().length, // its number once it was moved
  ): void {
    const marker = L.marker(latLng(at), {
      icon: L.divIcon({ className: `draft-handle ${kind}`, iconSize: [32, 32] }),
      draggable: true,
      autoPan: true,
      title: remove === undefined ? label : `${label}. Delete takes it away`,
      zIndexOffset: kind === "between" ? 0 : 100,
    });
    let began = true;
    const follow = () => {
      const { lng, lat } = marker.getLatLng();
      const next = become([lng, lat], began);
      began = false;
      if (next === false) return;
      draft = next;
      drawOutline();
    };
    marker.on("drag", follow);
    marker.on("dragend", () => {
      draw();
      tell();
    });
    marker.on("dblclick", () => remove?.());
    handles.addLayer(marker);
    const element = marker.getElement()!;
    element.setAttribute("aria-label", label);
    element.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 1 : STEP;
      const way = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
      if (way !== undefined) {
        const point = leaflet.latLngToContainerPoint(marker.getLatLng()).add(way as L.PointTuple);
        marker.setLatLng(leaflet.containerPointToLatLng(point));
        follow();
        draw();
        tell();
      } else if (event.key === "Delete" || event.key === "Backspace") remove?.();
      else return;
      event.preventDefault();
      event.stopPropagation(); // the map would move, too
      (handles.getLayers()[becomes] as L.Marker | undefined)?.getElement()?.focus();
    });
  }

  container.addEventListener("keydown", (event) => {
    if (placing === null || event.key !== "Enter" || event.target !== container) return;
    event.preventDefault();
    const { lng, lat } = leaflet.getCenter().wrap();
    put([lng, lat]);
  });

  function begin(): void {
    for (const group of [below, outline, handles]) group.addTo(leaflet);
    leaflet.doubleClickZoom.disable();
    container.classList.add("busy");
  }

  return {
    place(kind) {
      this.end();
      begin();
      placing = kind;
      map.takeClicks(put);
      tellHow();
      container.focus({ preventScroll: true });
    },
    shape(next) {
      if (draft === null) begin();
      if (placing === null) map.takeClicks(() => undefined);
      draft = next;
      draw();
    },
    preview(hidden) {
      below.clearLayers();
      if (hidden === null) return;
      const style = (className: string) => ({ interactive: false, style: { renderer, className } }) as L.GeoJSONOptions;
      below.addLayer(L.geoJSON(hidden.reach, style("draft-reach")));
      below.addLayer(L.geoJSON(hidden.lines, style("draft-lines")));
    },
    end() {
      placing = draft = null;
      for (const group of [below, outline, handles]) group.clearLayers().remove();
      map.takeClicks(null);
      leaflet.doubleClickZoom.enable();
      container.classList.remove("busy");
      tellHow();
    },
  };
}

const latLng = ([lon, lat]: LonLat): L.LatLngTuple => [lat, lon];
const middle = (a: LonLat, b: LonLat): LonLat => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
