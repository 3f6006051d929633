// What others do not see, on the map: hidden stretches stand out, what is public steps back.
// What belongs here: the layer and its words. What does not: which stretches those are (hidden).
import type { Activity } from "../activity";
import { byId, el } from "../dom";
import type { Formats } from "../format";
import type { MapView } from "../map";
import type { History } from "../publicFiles";
import { createTrackLayer } from "../trackLayer";
import { metresBetween, trackOf } from "../tracks";
import { hiddenParts } from "./hidden";

const COLOUR = "#ec0a83"; // none of the sports'
const WEIGHT = 3.5; // px

export interface Difference {
  /** Shows what of these rides is not in the public history; null, nothing is public. */
  show(visible: readonly Activity[], others: History | null, formats: Formats): void;
  hide(): void;
}

interface Found {
  readonly shown: Activity | null;
  readonly hidden: Activity | null; // the same ride with the hidden stretches for a track
  readonly metres: number;
}

export function createDifference(map: MapView): Difference {
  map.leaflet.createPane("hidden").style.zIndex = "415";
  const { layer, show } = createTrackLayer("hidden", { colour: COLOUR, weight: WEIGHT });
  const key = el("p", { class: "difference-key", hidden: true });
  byId("map").parentElement!.append(key);
  const known = new WeakMap<Activity, Found>(); // it takes a moment for some thousand rides

  function find(activity: Activity, shown: Activity | null): Found {
    const before = known.get(activity);
    if (before !== undefined && before.shown === shown) return before;
    const parts = hiddenParts(activity.track, shown?.track ?? null);
    const track = trackOf(parts);
    const metres = parts.reduce((sum, part) => sum + part.slice(1).reduce((way, to, i) => way + metresBetween(part[i]!, to), 0), 0);
    const found = { shown, hidden: track === null ? null : { ...activity, track, bounds: track.bounds }, metres };
    known.set(activity, found);
    return found;
  }

  return {
    show(visible, others, formats) {
      const theirs = new Map((others?.activities ?? []).map((activity) => [`${activity.athlete} ${activity.id}`, activity]));
      const all = visible.map((activity) => find(activity, theirs.get(`${activity.athlete} ${activity.id}`) ?? null));
      show(all.flatMap(({ hidden }) => hidden ?? []), false);
      if (!map.leaflet.hasLayer(layer)) layer.addTo(map.leaflet);
      byId("map").classList.add("differing");
      const metres = all.reduce((sum, found) => sum + found.metres, 0);
      const [some, whole] = [all.filter(({ hidden }) => hidden !== null).length, all.filter(({ shown }) => shown === null).length];
      key.replaceChildren(
        el("i", { "aria-hidden": "true" }),
        el("span", {}, `${formats.distance(metres)} in ${formats.count(some)} of ${formats.count(all.length)} rides hidden from others`),
        whole > 0 ? el("span", {}, ` · ${formats.count(whole)} not shown at all`) : "",
      );
      key.hidden = false;
    },
    hide() {
      layer.remove();
      byId("map").classList.remove("differing");
      key.hidden = true;
    },
  };
}
