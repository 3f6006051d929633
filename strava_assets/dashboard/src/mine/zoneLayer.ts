// Zones on the map: what was drawn or found, and around it what is cut for it.
// What belongs here: these pictures. What does not: the list of zones, changing one (editor).
import L from "leaflet";
import type { MapView } from "../map";
import { boundsOf, type Zone } from "./zones";

export interface ZoneLayer {
  show(places: readonly (readonly Zone[])[]): void;
  /** Makes one stand out; null none. */
  mark(place: readonly Zone[] | null): void;
  visible(shown: boolean): void;
}

export function createZoneLayer(map: MapView, picked: (place: readonly Zone[]) => void): ZoneLayer {
  map.leaflet.createPane("zones").style.zIndex = "405"; // below the tracks, which are to be seen in them
  const renderer = L.svg({ pane: "zones", padding: 0.5 });
  const group = L.featureGroup().addTo(map.leaflet);
  let all: readonly (readonly Zone[])[] = [];
  let marked: number | null = null;

  function draw(): void {
    group.clearLayers();
    for (const place of all) {
      const [first] = place;
      if (first === undefined || first.origin === "lifted") continue;
      const kind = `zone ${first.origin}${first.id === marked ? " marked" : ""}`;
      // Leaflet hands the pane's renderer on to what a GeoJSON layer makes; its types do not know
      const style = (name: string) => ({ interactive: false, style: { renderer, className: `${kind} ${name}` } }) as L.GeoJSONOptions;
      if (first.cut !== null) group.addLayer(L.geoJSON(first.cut, style("cut")));
      for (const { geometry } of place) group.addLayer(L.geoJSON(geometry, style("core")));
      const [west, south, east, north] = boundsOf(place.map(({ geometry }) => geometry));
      const pin = L.marker([(south + north) / 2, (west + east) / 2], {
        icon: L.divIcon({ className: `zone-pin ${first.origin}`, iconSize: [24, 24] }),
        keyboard: false, // the list has it
        title: titleOf(first),
      });
      pin.on("click", () => picked(place));
      group.addLayer(pin);
    }
  }

  return {
    show(places) {
      all = places;
      draw();
    },
    mark(place) {
      const next = place?.[0]?.id ?? null;
      if (next === marked) return;
      marked = next;
      draw();
    },
    visible(shown) {
      if (shown) group.addTo(map.leaflet);
      else group.remove();
    },
  };
}

/** What a zone is called. */
export function titleOf(zone: Zone): string {
  if (zone.name !== "") return zone.name;
  return zone.origin === "drawn" ? `Zone ${zone.id}` : `Place ${zone.id}`;
}
