// The map: all tracks on one layer, the chosen one above them, and which track a finger means.
// What belongs here: Leaflet. What does not: which activities are shown, what a card says, pixels of tracks (raster).
import L from "leaflet";
import "leaflet/dist/leaflet.css";
import type { Activity } from "./activity";
import type { Tiles } from "./config";
import { el } from "./dom";
import { draw, type Tool } from "./drawing";
import { NEAR } from "./filters";
import { createGraticule } from "./graticule";
import { squared } from "./places";
import { SPORTS } from "./sports";
import type { Choice, Place } from "./state";
import { createTrackLayer } from "./trackLayer";
import { type Bounds, type Box, type LonLat, latOf, lonOf, mercatorX, mercatorY, type Track } from "./tracks";
import { themeColour } from "./theme";

const TOLERANCE = { mouse: 6, finger: 10 }; // px around a pointer

export interface MapView {
  /** Leaflet's own, for who lays something else on the map. */
  readonly leaflet: L.Map;
  /** Whoever takes clicks hears where each was; null lets them pick rides again. */
  takeClicks(taker: ((at: LonLat) => void) | null): void;
  /** Draws exactly these; the first is the latest and stands out. */
  show(newestFirst: readonly Activity[], heat: boolean): void;
  /** Raises one track above the others, which fade; null lowers it. */
  raise(activity: Activity | null): void;
  /** Marks a track that the pointer is on elsewhere. */
  hint(activity: Activity | null): void;
  /** Draws the area and the spot that were chosen. */
  outline(choice: Pick<Choice, "area" | "spot">): void;
  /** Lets the person draw; what was drawn goes to `drawn`. */
  use(tool: Tool): void;
  /** Brings an area into the free part of the map, `covered` px of which are under something at the bottom. */
  frame(bounds: Bounds, covered: number, animate: boolean): void;
  go(place: Place): void;
  place(): Place;
  /** What is in view, in Web Mercator. */
  view(): Box;
  /** Whether the whole area is in view. */
  sees(bounds: Bounds): boolean;
  /** Whether the area is so small on the map that going nearer would help. */
  dwarfs(bounds: Bounds): boolean;
  /** A marker at a position of the raised track; null takes it away. */
  mark(position: LonLat | null): void;
  /** The colours or the units changed. */
  refresh(metric: boolean): void;
}

export interface MapEvents {
  picked(activity: Activity | null): void;
  moved(byHand: boolean): void;
  drawn(tool: Tool, corners: LonLat[] | null): void;
  /** The pointer is on the raised track, here; null: not any more. */
  along(position: LonLat | null): void;
  describe(activity: Activity): string;
}

export function createMap(container: HTMLElement, tiles: Tiles | null, metric: boolean, events: MapEvents): MapView {
  const map = L.map(container, {
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
  let scale = L.control.scale({ position: "bottomleft", metric, imperial: !metric }).addTo(map);
  const ground = tiles === null ? createGraticule() : L.tileLayer(tiles.url, {
          maxZoom: 19,
          className: "tiles",
          referrerPolicy: "strict-origin-when-cross-origin", // tile servers want to know the site
        });
  ground.addTo(map);

  const below = map.createPane("tracks");
  below.style.zIndex = "410";
  map.createPane("raised").style.zIndex = "420";
  const tracks = createTrackLayer("tracks");
  tracks.layer.addTo(map);
  const raisedCanvas = L.canvas({ pane: "raised", padding: 0.3 });

  let raised: Activity | null = null;
  let hovered: Activity | null = null;
  let busy: (() => void) | null = null; // ends what is being drawn
  let taker: ((at: LonLat) => void) | null = null;
  const above = L.layerGroup().addTo(map);
  const chosen = L.layerGroup().addTo(map);
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
    const halo = themeColour("--halo");
    for (const activity of new Set([raised, hovered])) {
      if (activity === null) continue;
      const lines = latLngs(activity.track);
      const common = { renderer: raisedCanvas, interactive: false };
      above.addLayer(L.polyline(lines, { ...common, weight: 8, opacity: 0.9, color: halo }));
      above.addLayer(L.polyline(lines, { ...common, weight: 4, opacity: 1, color: SPORTS[activity.sport].colour }));
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

  /** The raised track answers first: it lies on top. */
  function under(at: L.LatLng, tolerance: number): Activity | null {
    if (raised !== null && near(raised.track, at, tolerance)) return raised;
    return tracks.at(map.latLngToLayerPoint(at), tolerance);
  }

  function near(track: Track, at: L.LatLng, tolerance: number): boolean {
    const world = 256 * 2 ** map.getZoom();
    const { lat, lng } = at.wrap();
    const [x, y, reach] = [mercatorX(lng), mercatorY(lat), tolerance / world];
    const { xy, ends } = track;
    let first = 0;
    for (const end of ends) {
      for (let i = first + 1; i < end; i++) {
        if (squared(xy[2 * i - 2]! - x, xy[2 * i - 1]! - y, xy[2 * i]! - x, xy[2 * i + 1]! - y) <= reach * reach) return true;
      }
      first = end;
    }
    return false;
  }

  const finger = matchMedia("(pointer: coarse)");
  let framing = false; // we move the map, not the person
  map.on("click", (event) => {
    const { lng, lat } = event.latlng.wrap();
    if (taker !== null) taker([lng, lat]);
    else events.picked(under(event.latlng, finger.matches ? TOLERANCE.finger : TOLERANCE.mouse));
  });
  map.on("moveend resize", () => events.moved(!framing));
  map.on("movestart zoomstart", () => hover(null, null));
  // a finger has no hover: what it touches first is already a tap
  if (matchMedia("(hover: hover)").matches) {
    let latest: L.LeafletMouseEvent | null = null;
    map.on("mousemove", (event) => {
      if (latest === null)
        requestAnimationFrame(() => {
          if (latest !== null && busy === null && taker === null) {
            const activity = under(latest.latlng, TOLERANCE.mouse);
            hover(activity, latest.latlng);
            const { lng, lat } = latest.latlng.wrap();
            events.along(activity !== null && activity === raised ? [lng, lat] : null);
          }
          latest = null;
        });
      latest = event;
    });
    // not Leaflet's mouseout, which also tells of going from one of its canvases to another
    container.addEventListener("mouseleave", () => {
      latest = null;
      hover(null, null);
      events.along(null);
    });
  }
  // what was at the top left stays there: opening a card below must not move the track under the finger
  new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(container);

  function moving(move: () => void): void {
    framing = true;
    move();
    framing = false;
  }

  return {
    leaflet: map,
    takeClicks(next) {
      taker = next;
      hover(null, null);
    },
    show(newestFirst, heat) {
      container.classList.toggle("heat", heat);
      tracks.show(newestFirst, heat);
      if (hovered !== null && !newestFirst.includes(hovered)) hover(null, null);
    },
    raise(activity) {
      if (activity === raised) return;
      raised = activity;
      if (activity === null) marker.remove();
      redrawAbove();
    },
    hint: (activity) => hover(activity, null),
    outline({ area, spot }) {
      chosen.clearLayers();
      const style = { color: themeColour("--ink"), weight: 2, dashArray: "6 5", fillOpacity: 0.06, interactive: false };
      if (area !== null) chosen.addLayer(L.polygon(area.map(([lon, lat]) => [lat, lon] as L.LatLngTuple), style));
      if (spot !== null) {
        chosen.addLayer(L.circle([spot[1], spot[0]], { ...style, radius: NEAR }));
        chosen.addLayer(L.circleMarker([spot[1], spot[0]], { ...style, dashArray: "", radius: 5, fillOpacity: 0.9 }));
      }
    },
    use(tool) {
      busy?.();
      hover(null, null);
      container.classList.add("busy");
      busy = draw(container.parentElement!, tool, (corners) => {
        busy = null;
        container.classList.remove("busy");
        const degrees = corners?.map(([x, y]) => {
          const { lng, lat } = map.containerPointToLatLng([x, y]).wrap();
          return [lng, lat] as const;
        });
        events.drawn(tool, degrees ?? null);
      });
    },
    frame([west, south, east, north], covered, animate) {
      map.invalidateSize({ pan: false });
      const side = container.clientWidth < 640 ? 62 : 24; // on a phone the tools stand there
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      moving(() =>
        map.fitBounds(
          [
            [south, west],
            [north, east],
          ],
          { paddingTopLeft: [24, 24], paddingBottomRight: [side, 24 + covered], maxZoom: 15, animate: animate && !calm },
        ),
      );
    },
    go: ({ lat, lon, zoom }) => moving(() => map.setView([lat, lon], zoom, { animate: false })),
    place() {
      const { lat, lng } = map.getCenter().wrap();
      return { zoom: map.getZoom(), lat, lon: lng };
    },
    view() {
      const bounds = map.getBounds();
      return [mercatorX(bounds.getWest()), mercatorY(bounds.getNorth()), mercatorX(bounds.getEast()), mercatorY(bounds.getSouth())];
    },
    sees([west, south, east, north]) {
      return map.getBounds().contains([
        [south, west],
        [north, east],
      ]);
    },
    dwarfs([west, south, east, north]) {
      const nearest = map.getBoundsZoom([
        [south, west],
        [north, east],
      ]);
      return Math.min(15, nearest) > map.getZoom() + 1;
    },
    mark(position) {
      if (position === null) marker.remove();
      else marker.setLatLng([position[1], position[0]]).addTo(map).bringToFront();
    },
    refresh(nowMetric) {
      scale.remove();
      scale = L.control.scale({ position: "bottomleft", metric: nowMetric, imperial: !nowMetric }).addTo(map);
      if (ground instanceof L.GridLayer && tiles === null) ground.redraw();
      redrawAbove();
    },
  };
}

function latLngs({ xy, ends }: Track): L.LatLngTuple[][] {
  let first = 0;
  return ends.map((end) => {
    const line: L.LatLngTuple[] = [];
    for (; first < end; first++) line.push([latOf(xy[2 * first + 1]!), lonOf(xy[2 * first]!)]);
    return line;
  });
}
