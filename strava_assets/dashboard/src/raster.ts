// Thousands of tracks into pixels: which track is on top of each pixel and how much of it is covered, or how many pass.
// What belongs here: lines to buffers, buffers to colours. What does not: canvases, Leaflet, which tracks.
//
// With 5,000 tracks a filter change takes a third of what it takes with Leaflet's own canvas: there is no path to
// build, nothing is blended, and the owner of a pixel answers "which line is this?" without any search.
import type { Track } from "./tracks";

export interface Pen {
  readonly rgb: number; // 0xRRGGBB
  readonly dashes: readonly number[]; // px
}

/** How the world lies on the buffer: pixel = world × scale − origin. */
export interface Lie {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

const NEAR = 1.2; // px: a vertex nearer than this to the one drawn before adds nothing that can be seen under a line of 2

export class Raster {
  readonly cover: Uint8Array;
  readonly owner: Uint32Array; // 1 + the track's number; it means something where cover is above 0
  readonly passes: Uint16Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.cover = new Uint8Array(width * height);
    this.owner = new Uint32Array(width * height);
    this.passes = new Uint16Array(width * height);
  }

  clear(): void {
    this.cover.fill(0);
    this.passes.fill(0);
  }

  /** Draws one track; earlier ones lie on top. `number` is what `at` answers, `weight` and dashes are in pixels. */
  line(track: Track, number: number, lie: Lie, weight: number, dashes: Uint8Array | null): void {
    this.walk(track, lie, number + 1, weight, dashes);
  }

  /** Counts one pass of a track over each pixel on its way. */
  pass(track: Track, lie: Lie, weight: number): void {
    this.walk(track, lie, 0, weight, null);
  }

  /** The number of the track nearest to a pixel, if one is within the tolerance; else −1. */
  at(x: number, y: number, tolerance: number): number {
    const [left, right] = [Math.max(0, Math.floor(x - tolerance)), Math.min(this.width - 1, Math.ceil(x + tolerance))];
    const [top, bottom] = [Math.max(0, Math.floor(y - tolerance)), Math.min(this.height - 1, Math.ceil(y + tolerance))];
    let least = tolerance * tolerance;
    let found = -1;
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const i = row * this.width + column;
        if (this.cover[i]! < 90) continue;
        const far = (column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2;
        if (far < least || (far === least && this.owner[i]! - 1 < found)) {
          least = far;
          found = this.owner[i]! - 1;
        }
      }
    }
    return found;
  }

  /** Colours by track into an image's bytes (RGBA in memory's order). */
  colour(pixels: Uint32Array, rgbOf: Uint32Array, opacity: number): void {
    const { cover, owner } = this;
    const alphas = new Uint32Array(256).map((_, i) => Math.round(i * opacity) << 24);
    for (let i = 0; i < cover.length; i++) {
      const c = cover[i]!;
      pixels[i] = c === 0 ? 0 : (alphas[c]! | rgbOf[owner[i]! - 1]!) >>> 0;
    }
  }

  /** Colours by passes, from `ramp[0]` for one to its end for the most. */
  heat(pixels: Uint32Array, ramp: Uint32Array): void {
    const { passes } = this;
    let most = 1;
    for (let i = 0; i < passes.length; i++) if (passes[i]! > most) most = passes[i]!;
    // by the logarithm: a street that is ridden daily must not dim all the others
    const table = new Uint32Array(most + 1);
    for (let n = 1; n <= most; n++) {
      table[n] = ramp[Math.min(ramp.length - 1, Math.round((Math.log(n) / Math.log(Math.max(2, most))) * (ramp.length - 1)))]!;
    }
    for (let i = 0; i < passes.length; i++) pixels[i] = table[passes[i]!]!;
  }

  /** Goes through the segments that may be seen, vertices too near to each other left out; an id of 0 counts a pass. */
  private walk({ xy, ends }: Track, { scale, x, y }: Lie, id: number, weight: number, dashes: Uint8Array | null): void {
    const right = this.width + 4,
      low = this.height + 4;
    let first = 0;
    for (const end of ends) {
      let ax = xy[2 * first]! * scale - x,
        ay = xy[2 * first + 1]! * scale - y,
        way = 0;
      for (let i = first + 1; i < end; i++) {
        const bx = xy[2 * i]! * scale - x,
          by = xy[2 * i + 1]! * scale - y;
        const dx = bx - ax,
          dy = by - ay;
        if (dx < NEAR && dx > -NEAR && dy < NEAR && dy > -NEAR && i < end - 1) continue;
        const outside =
          (ax < -4 && bx < -4) || (ay < -4 && by < -4) || (ax > right && bx > right) || (ay > low && by > low);
        if (!outside) {
          if (id === 0) this.count(ax, ay, bx, by, weight);
          else this.stroke(ax, ay, bx, by, way, id, weight, dashes);
        }
        if (dashes !== null) way += Math.sqrt(dx * dx + dy * dy);
        ax = bx;
        ay = by;
      }
      first = end;
    }
  }

  /** One segment: across its longer axis a strip of `weight`, its edges by how much of a pixel they cover. */
  private stroke(
    ax: number,
    ay: number,
    bx: number,
    by: number,
    before: number,
    id: number,
    weight: number,
    dashes: Uint8Array | null,
  ): void {
    const { cover, owner } = this;
    const dx = bx - ax,
      dy = by - ay;
    const steep = dx * dx < dy * dy;
    // along the longer axis (a), across the shorter (c)
    const most = steep ? this.height : this.width,
      wide = steep ? this.width : this.height;
    const stepA = steep ? this.width : 1,
      stepC = steep ? 1 : this.width;
    const a0 = steep ? ay : ax,
      a1 = steep ? by : bx,
      c0 = steep ? ax : ay;
    const slope = steep ? dx / dy : dx === 0 ? 0 : dy / dx;
    const stretch = Math.sqrt(1 + slope * slope);
    const low = Math.max(0, Math.round((a0 < a1 ? a0 : a1) - 0.5));
    const high = Math.min(most - 1, Math.round((a0 < a1 ? a1 : a0) - 0.5));
    // in 1/65536 of a pixel, so that the loop has whole numbers only
    const start = c0 + (low + 0.5 - a0) * slope - (weight / 2) * stretch;
    if (start > 30_000 || start < -30_000) return;
    let top = (start * 65536) | 0;
    const step = (slope * 65536) | 0;
    const thick = (weight * stretch * 65536) | 0;
    const pattern = dashes === null ? 0 : dashes.length;
    const tread = a1 < a0 ? -stretch : stretch;
    let dash = pattern === 0 ? 0 : (before + Math.abs(low + 0.5 - a0) * stretch) % pattern;
    for (let a = low, row = low * stepA; a <= high; a++, row += stepA, top += step) {
      if (pattern !== 0) {
        const drawn = dashes![dash | 0] !== 0;
        dash += tread;
        if (dash >= pattern) dash -= pattern;
        else if (dash < 0) dash += pattern;
        if (!drawn) continue;
      }
      const bottom = top + thick;
      const from = top >> 16,
        to = bottom >> 16;
      if (from < 0 || to >= wide) continue;
      // what is covered already stays: the newest came first
      let i = row + from * stepC;
      let covered = 255 - ((top >> 8) & 255);
      for (let c = from; c < to; c++, i += stepC) {
        if (covered > cover[i]!) {
          cover[i] = covered;
          owner[i] = id;
        }
        covered = 255;
      }
      covered = (bottom >> 8) & 255;
      if (covered > cover[i]!) {
        cover[i] = covered;
        owner[i] = id;
      }
    }
  }

  private count(ax: number, ay: number, bx: number, by: number, weight: number): void {
    const { width, height, passes } = this;
    const steep = Math.abs(by - ay) > Math.abs(bx - ax);
    const [a0, c0, a1, c1] = steep ? [ay, ax, by, bx] : [ax, ay, bx, by];
    const [most, wide] = steep ? [height, width] : [width, height];
    const [stepA, stepC] = steep ? [width, 1] : [1, width];
    const slope = a1 === a0 ? 0 : (c1 - c0) / (a1 - a0);
    // the last pixel belongs to the next segment, or a bend would count twice
    const [low, high] = a0 <= a1 ? [Math.round(a0), Math.round(a1)] : [Math.round(a1), Math.round(a0)];
    for (let a = Math.max(0, low); a < Math.min(most, high); a++) {
      const top = Math.round(c0 + (a + 0.5 - a0) * slope - weight / 2);
      for (let c = Math.max(0, top); c < Math.min(wide, top + weight); c++) {
        const i = a * stepA + c * stepC;
        if (passes[i]! < 65_535) passes[i]!++;
      }
    }
  }
}

/** A dash pattern as a table of pixels that are drawn (1) or not (0); null for a whole line. */
export function dashTable(dashes: readonly number[], ratio: number): Uint8Array | null {
  if (dashes.length === 0) return null;
  const length = Math.max(2, Math.round(dashes.reduce((sum, dash) => sum + dash, 0) * ratio));
  const table = new Uint8Array(length);
  let at = 0;
  dashes.forEach((dash, i) => {
    const next = at + dash * ratio;
    if (i % 2 === 0) table.fill(1, Math.round(at), Math.round(next));
    at = next;
  });
  return table;
}

/** A colour as an image keeps it in memory, without its alpha (little-endian: blue, green, red from the left). */
export function packed(rgb: string): number {
  const value = Number.parseInt(rgb.slice(1), 16);
  return ((value & 0xff) << 16) | (value & 0xff00) | ((value >> 16) & 0xff);
}

/** The heat's colours, the coolest first, with alpha. */
export function ramp(stops: readonly string[], steps = 64): Uint32Array {
  const parts = stops.map((stop) => packed(stop));
  return new Uint32Array(steps).map((_, i) => {
    const at = (i / (steps - 1)) * (parts.length - 1);
    const [low, share] = [Math.min(parts.length - 2, Math.floor(at)), at - Math.min(parts.length - 2, Math.floor(at))];
    let mixed = 0;
    for (const shift of [0, 8, 16]) {
      const [from, to] = [(parts[low]! >> shift) & 0xff, (parts[low + 1]! >> shift) & 0xff];
      mixed |= Math.round(from + (to - from) * share) << shift;
    }
    const alpha = Math.round(150 + 105 * Math.min(1, (i / steps) * 3)); // a single pass is a glow, not a flame
    return ((alpha << 24) | mixed) >>> 0;
  });
}
