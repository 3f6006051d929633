// The map: every shown track on one canvas, the chosen one above them, and which track a finger means.
// What belongs here: Leaflet. What does not: which activities are shown, what a card says.
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import type { Activity, Bounds, LonLat } from "./activity";
import { el } from "./dom";
import type { Units } from "./format";
import { nearestActivity } from "./geometry";
import { createGraticule } from "./graticule";
import type { Tiles } from "./publicFiles";
import { SPORTS } from "./sports";

const TOLERANCE = 10; // px around a finger
const WEIGHT = 2;

export interface MapView {
  /** Draws exactly these; the first is the latest and stands out. */
  show(newestFirst: readonly Activity[]): void;
  /** Raises one track above the others, which fade; null lowers it. */
  raise(activity: Activity | null): void;
  /** Brings an area into the free part of the map, `covered` px of which are under something at the bottom. */
  frame(bounds: Bounds, covered: number, animate: boolean): void;
  /** Whether the whole area is in view. */
  sees(bounds: Bounds): boolean;
  /** Whether the area is so small on the map that going nearer would help. */
  dwarfs(bounds: Bounds): boolean;
  /** A marker at a position of the raised track; null takes it away. */
  mark(position: LonLat | null): void;
}

export interface MapEvents {
  picked(activity: Activity | null): void;
  moved(): void;
  describe(activity: Activity): string;
}

export function createMap(container: HTMLElement, tiles: Tiles | null, units: Units, events: MapEvents): MapView {
  const map = L.map(container, {
    preferCanvas: true,
    attributionControl: false,
    zoomControl: false,
    zoomSnap: 0.25,
    zoomDelta: 1,
    worldCopyJump: true,
    minZoom: 1,
    maxZoom: 18,
    wheelPxPerZoomLevel: 90,
  }).setView([20, 0], 2);
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ position: "bottomleft", metric: units === "metric", imperial: units === "imperial" }).addTo(map);
  if (tiles === null) createGraticule().addTo(map);
  else L.tileLayer(tiles.url, { maxZoom: 18 }).addTo(map);

  // two canvases: raising a track never draws the thousands below it again
  const below = map.createPane("tracks");
  below.style.zIndex = "410";
  map.createPane("raised").style.zIndex = "420";
  const tracksCanvas = L.canvas({ pane: "tracks", padding: 0.3 });
  const raisedCanvas = L.canvas({ pane: "raised", padding: 0.3 });

  let activities: readonly Activity[] = [];
  const drawn = new Map<Activity, L.Polyline>();
  let raised: Activity | null = null;
  let hovered: Activity | null = null;
  const above = L.layerGroup().addTo(map);
  const marker = L.circleMarker([0, 0], {
    renderer: raisedCanvas,
    radius: 6,
    weight: 3,
    color: "#fff",
    fillColor: "#111",
    fillOpacity: 1,
    interactive: false,
  });
  const tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1, className: "tip" });

  function redrawAbove(): void {
    above.clearLayers();
    const halo = getComputedStyle(document.documentElement).getPropertyValue("--halo").trim() || "#fff";
    for (const activity of new Set([raised, hovered])) {
      if (activity === null) continue;
      const lines = latLngs(activity);
      above.addLayer(
        L.polyline(lines, { renderer: raisedCanvas, interactive: false, weight: 9, opacity: 0.9, color: halo }),
      );
      above.addLayer(
        L.polyline(lines, {
          renderer: raisedCanvas,
          interactive: false,
          weight: 4,
          opacity: 1,
          color: SPORTS[activity.sport].colour,
        }),
      );
    }
    below.classList.toggle("faded", raised !== null);
    if (map.hasLayer(marker)) marker.bringToFront();
  }

  function hover(activity: Activity | null, at: L.LatLng | null): void {
    if (activity !== hovered) {
      hovered = activity;
      container.classList.toggle("pointing", activity !== null);
      if (activity !== null) tip.setContent(el("span", {}, events.describe(activity)));
      redrawAbove();
    }
    if (activity === null || at === null) tip.close();
    else tip.setLatLng(at).openOn(map);
  }

  function under(at: L.LatLng): Activity | null {
    const { lat, lng } = at.wrap();
    const degreesPerPixel = (360 / (256 * 2 ** map.getZoom())) * Math.cos((lat * Math.PI) / 180);
    return nearestActivity(activities, [lng, lat], TOLERANCE * degreesPerPixel);
  }

  map.on("click", (event) => events.picked(under(event.latlng)));
  map.on("moveend zoomend resize", () => events.moved());
  map.on("movestart zoomstart", () => hover(null, null));
  // a finger has no hover: what it touches first is already a tap
  if (matchMedia("(hover: hover)").matches) {
    let latest: L.LeafletMouseEvent | null = null;
    map.on("mousemove", (event) => {
      if (latest === null)
        requestAnimationFrame(() => {
          if (latest !== null) hover(under(latest.latlng), latest.latlng);
          latest = null;
        });
      latest = event;
    });
    map.on("mouseout", () => {
      latest = null;
      hover(null, null);
    });
  }
  // what was at the top left stays there: opening a card below must not move the track under the finger
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(container);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAbove);

  return {
    show(next) {
      const wanted = new Set(next);
      for (const [activity, line] of drawn) {
        // the latest is drawn anew, thin if it no longer is, and always on top
        if (!wanted.has(activity) || activity === activities[0] || activity === next[0]) {
          line.remove();
          drawn.delete(activity);
        }
      }
      activities = next;
      for (const activity of [...next].reverse()) {
        if (drawn.has(activity)) continue;
        const latest = activity === next[0];
        drawn.set(
          activity,
          L.polyline(latLngs(activity), {
            renderer: tracksCanvas,
            interactive: false,
            weight: latest ? 4 : WEIGHT,
            opacity: latest ? 1 : 0.7,
            color: SPORTS[activity.sport].colour,
          }).addTo(map),
        );
      }
      if (hovered !== null && !wanted.has(hovered)) hover(null, null);
    },
    raise(activity) {
      raised = activity;
      if (activity === null) marker.remove();
      redrawAbove();
    },
    frame([west, south, east, north], covered, animate) {
      map.invalidateSize({ pan: false });
      map.fitBounds(
        [
          [south, west],
          [north, east],
        ],
        {
          paddingTopLeft: [24, 24],
          paddingBottomRight: [24, 24 + covered],
          maxZoom: 15,
          animate: animate && !matchMedia("(prefers-reduced-motion: reduce)").matches,
        },
      );
    },
    sees([west, south, east, north]) {
      return map.getBounds().contains([
        [south, west],
        [north, east],
      ]);
    },
    dwarfs([west, south, east, north]) {
      return (
        Math.min(
          15,
          map.getBoundsZoom([
            [south, west],
            [north, east],
          ]),
        ) >
        map.getZoom() + 1
      );
    },
    mark(position) {
      if (position === null) marker.remove();
      else marker.setLatLng([position[1], position[0]]).addTo(map).bringToFront();
    },
  };
}

function latLngs(activity: Activity): L.LatLngTuple[][] {
  return activity.lines.map((line) => line.map(([lon, lat]) => [lat, lon]));
}
