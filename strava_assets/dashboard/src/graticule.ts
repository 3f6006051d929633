// The ground without tiles: a quiet net of meridians and parallels, so that panning and zooming can be felt.
// What belongs here: that layer. What does not: tracks.
import L from "leaflet";
import { themeColour } from "./theme";

const STEPS = [45, 30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
const SPACING = 96; // px at least between two meridians

/** A layer that needs no request: every tile is a small canvas. */
export function createGraticule(): L.GridLayer {
  const Graticule = L.GridLayer.extend({
    createTile(this: L.GridLayer & { _map: L.Map }, coords: L.Coords): HTMLCanvasElement {
      const size = this.getTileSize();
      const ratio = Math.min(2, devicePixelRatio);
      const canvas = L.DomUtil.create("canvas");
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      const pen = canvas.getContext("2d");
      if (pen === null) return canvas;
      pen.scale(ratio, ratio);
      pen.strokeStyle = themeColour("--graticule");
      pen.lineWidth = 1;
      const corner = coords.scaleBy(size);
      const northWest = this._map.unproject(corner, coords.z);
      const southEast = this._map.unproject(corner.add(size), coords.z);
      const perDegree = (256 * 2 ** coords.z) / 360;
      const step = [...STEPS].reverse().find((degrees) => degrees * perDegree >= SPACING) ?? 45;
      pen.beginPath();
      for (let i = Math.ceil(northWest.lng / step); i * step < southEast.lng; i++) {
        const x = Math.round(this._map.project([0, i * step], coords.z).x - corner.x) + 0.5;
        pen.moveTo(x, 0);
        pen.lineTo(x, size.y);
      }
      for (let i = Math.ceil(southEast.lat / step); i * step < northWest.lat; i++) {
        const y = Math.round(this._map.project([i * step, 0], coords.z).y - corner.y) + 0.5;
        pen.moveTo(0, y);
        pen.lineTo(size.x, y);
      }
      pen.stroke();
      return canvas;
    },
  }) as unknown as new (options: L.GridLayerOptions) => L.GridLayer;
  return new Graticule({ updateWhenIdle: false, className: "graticule" });
}
