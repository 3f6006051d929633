// The layer of all shown tracks: one canvas of our own, somewhat larger than the map, moved by Leaflet while one pans.
// What belongs here: the canvas in Leaflet's frame, and when it is drawn again. What does not: pixels (raster).
import L from "leaflet";
import type { Activity } from "./activity";
import { dashTable, packed, ramp, Raster } from "./raster";
import { SPORT_KEYS, SPORTS } from "./sports";

const PADDING = 0.15; // of the map's size on each side: so far one can pan before anything is drawn again
const WEIGHT = 2; // px
const OPACITY = 0.7;
const LATEST = 3.5; // px: the newest ride stands out
const MOST_PIXELS = 5_000_000;
const HEAT = ramp(["#fc4a1a", "#f7b733", "#fdedce"]);

export interface TrackLayer {
  readonly layer: L.Layer;
  /** Draws exactly these, the first on top. */
  show(newestFirst: readonly Activity[], heat: boolean): void;
  /** The activity under a point of the map, within so many px. */
  at(point: L.Point, tolerance: number): Activity | null;
}

/** Leaflet's own renderer, as far as it is known to its heirs. */
interface Renderer {
  on(type: string, listener: () => void): void;
  _map: L.Map;
  _bounds: L.Bounds | undefined;
  _container: HTMLCanvasElement;
  _layers: object;
  options: { padding: number; pane: string };
  _update(): void;
}

/** How all lines of a layer look, where it is not as their sports do. */
export interface Look {
  readonly colour: string;
  readonly weight: number; // px
}

export function createTrackLayer(pane: string, look: Look | null = null): TrackLayer {
  let activities: readonly Activity[] = [];
  let heat = false;
  let raster = new Raster(1, 1);
  let image = new ImageData(1, 1);
  let ratio = 1;
  let origin = L.point(0, 0); // of the canvas, in the map's layer points

  const base = (L.Renderer as unknown as { prototype: Renderer }).prototype;
  const Layer = (L.Renderer as unknown as { extend(props: object): new (options: object) => Renderer }).extend({
    _initContainer(this: Renderer) {
      this._layers = {}; // Leaflet's renderers go through their paths; ours has none
      this._container = L.DomUtil.create("canvas");
      this._container.setAttribute("aria-hidden", "true");
    },
    _destroyContainer(this: Renderer) {
      L.DomUtil.remove(this._container);
    },
    _updatePaths() {},
    _update(this: Renderer & { _map: L.Map & { _animatingZoom?: boolean } }) {
      if (this._map._animatingZoom === true && this._bounds !== undefined) return;
      base._update.call(this);
      const bounds = this._bounds!;
      const size = bounds.getSize();
      const [width, height] = fit(size);
      if (this._container.width !== width || this._container.height !== height) {
        this._container.width = width;
        this._container.height = height;
        this._container.style.width = `${size.x}px`;
        this._container.style.height = `${size.y}px`;
        raster = new Raster(width, height);
        image = new ImageData(width, height);
      }
      origin = bounds.min!;
      L.DomUtil.setPosition(this._container, origin);
      draw(this);
    },
  });
  const layer = new Layer({ padding: PADDING, pane });

  /** The canvas' size in device pixels; a huge screen gets fewer of them rather than a slow map. */
  function fit(size: L.Point): [number, number] {
    ratio = Math.min(devicePixelRatio, 2, Math.sqrt(MOST_PIXELS / Math.max(1, size.x * size.y)));
    return [Math.max(1, Math.round(size.x * ratio)), Math.max(1, Math.round(size.y * ratio))];
  }

  function draw({ _map: map, _container: canvas }: Renderer): void {
    const pen = canvas.getContext("2d");
    if (pen === null) return;
    const world = 256 * 2 ** map.getZoom();
    const corner = map.getPixelOrigin().add(origin);
    const tables = Object.fromEntries(SPORT_KEYS.map((key) => [key, dashTable(SPORTS[key].dashes, ratio)]));
    raster.clear();
    // the world lies beside itself: a map across the date line shows tracks of both sides
    for (let copy = Math.floor(corner.x / world); copy * world < corner.x + raster.width / ratio; copy++) {
      const lie = { scale: world * ratio, x: (corner.x - copy * world) * ratio, y: corner.y * ratio };
      const [left, right] = [lie.x / lie.scale, (lie.x + raster.width) / lie.scale];
      const [top, bottom] = [lie.y / lie.scale, (lie.y + raster.height) / lie.scale];
      for (let i = 0; i < activities.length; i++) {
        const { track, sport } = activities[i]!;
        const [west, north, east, south] = track.box;
        if (west > right || east < left || north > bottom || south < top) continue;
        if (heat) raster.pass(track, lie, Math.max(2, Math.round(1.5 * ratio)));
        const weight = look?.weight ?? (i === 0 ? LATEST : WEIGHT);
        raster.line(track, i, lie, weight * ratio, i === 0 || heat || look !== null ? null : tables[sport]!);
      }
    }
    const pixels = new Uint32Array(image.data.buffer);
    if (heat) raster.heat(pixels, HEAT);
    else {
      const colours = Uint32Array.from(activities, ({ sport }) => packed(look?.colour ?? SPORTS[sport].colour));
      raster.colour(pixels, colours, look === null ? OPACITY : 1);
    }
    pen.putImageData(image, 0, 0);
  }

  let waiting = false;
  layer.on("add", () => {
    // further than the padding: draw before the moved map shows an empty edge
    layer._map.on("move", () => {
      const view = L.bounds(
        layer._map.containerPointToLayerPoint([0, 0]),
        layer._map.containerPointToLayerPoint(layer._map.getSize()),
      );
      if (waiting || layer._bounds === undefined || layer._bounds.contains(view)) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        layer._update();
      });
    });
  });

  return {
    layer: layer as unknown as L.Layer,
    show(newestFirst, asHeat) {
      activities = newestFirst;
      heat = asHeat;
      if (layer._bounds !== undefined) draw(layer);
    },
    at(point, tolerance) {
      const found = raster.at((point.x - origin.x) * ratio, (point.y - origin.y) * ratio, tolerance * ratio);
      return activities[found] ?? null;
    },
  };
}
