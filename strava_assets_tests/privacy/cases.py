"""Worlds to publish: a few zones and a few rides, of every kind that PRIVACY names.

What belongs here: hypothesis strategies, and drawing what they choose. What does not: judging (``oracle``), and making
public bytes (``public_bytes``). A world is a handful of small numbers, so that hypothesis can make it smaller.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import strategies as st

from strava_assets.privacy import cut_shapes
from strava_assets.privacy.zones import Zone
from strava_assets_tests.privacy.oracle import EARTH, Secret, degrees_around, metres_around
from strava_assets_tests.publish.worlds import ride

#: lon, lat of places that are somehow special.
PLACES = {
    "in the middle": (7.6, 47.5),
    "antimeridian": (179.9995, -17.0),
    "antimeridian, from the west": (-179.999, 66.0),
    "greenwich": (-0.0005, 51.5),
    "equator": (-70.0, 0.0003),
    "80 north": (20.0, 80.0),
    "near a pole": (7.6, 89.93),
    "beside a pole": (-120.0, -89.996),
}
#: Metres that a ride keeps from what must not be met: just, hardly, not.
HAIRS = (-15.0, -1.0, -0.1, 0.0, 0.1, 1.0, 12.0, 13.0, 20.0)

Metres = np.ndarray  # (n, 2): east, north of the place


@dataclass(frozen=True)
class World:
    """Zones in force, and rides near them: typed rows with their samples."""

    where: str
    zones: list[Zone]
    rides: list[tuple[dict[str, Any], pa.Table]]
    kinds: tuple[str, ...] = ()  # of the zones, the tracks, their clocks, odometers and damages

    @property
    def secrets(self) -> list[Secret]:
        """What the oracle has to know."""
        return [Secret(zone.geometry, zone.shape.center, zone.shape.geometry) for zone in self.zones]


# --- zones -----------------------------------------------------------------------------------------------------------


def _ring(radius: float, corners: int, x: float = 0.0, y: float = 0.0) -> Metres:
    angle = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def _star(size: float) -> Metres:
    ring = _ring(size, 14)
    ring[1::2] *= 0.4
    return ring


def _corner(size: float) -> Metres:
    return np.array([(-1, -1), (1, -1), (1, 1), (0.7, 1), (0.7, -0.7), (-1, -0.7)]) * size


#: Each gives the rings of one or more zones: lists of (outer ring, holes).
ZONES: dict[str, Callable[[float], list[list[tuple[Metres, list[Metres]]]]]] = {
    "round": lambda size: [[(_ring(size, 24), [])]],
    "three corners": lambda size: [[(_ring(size, 3), [])]],
    "concave": lambda size: [[(_corner(size), [])]],
    "star": lambda size: [[(_star(size), [])]],
    "with a hole": lambda size: [[(_ring(size, 16), [_ring(0.7 * size, 9)])]],
    "tiny": lambda _: [[(_ring(0.5, 4), [])]],
    "a sliver": lambda size: [[(np.array([(-size, -0.5), (size, -0.5), (size, 0.5), (-size, 0.5)]), [])]],
    "huge": lambda size: [[(_ring(60 * size, 40), [])]],
    "nested": lambda size: [[(_ring(size, 12), [])], [(_ring(0.3 * size, 5, 0.2 * size), [])]],
    "overlapping": lambda size: [[(_ring(size, 9, 1.2 * k * size), [])] for k in range(3)],
    "a multipolygon": lambda size: [[(_ring(size, 8, -2 * size), []), (_star(size) + [2.5 * size, size], [])]],
    "two, apart": lambda size: [[(_ring(size, 7), [])], [(_corner(size) + [2_500.0, 900.0], [])]],
    "far away": lambda size: [[(_ring(size, 10, 300_000.0, -200_000.0), [])]],
}  # fmt: skip


def _polygon(place: tuple[float, float], parts: list[tuple[Metres, list[Metres]]]) -> shapely.Geometry:
    """In lon/lat; split at ±180° as map makers do."""
    polygons = []
    for outer, holes in parts:
        rings = [degrees_around(place, ring) for ring in (outer, *holes)]
        if np.ptp(rings[0][:, 0]) > 180:
            east = shapely.Polygon(*[(around := [_eastward(ring) for ring in rings])[0], around[1:]])
            polygons.append(shapely.intersection(east, shapely.box(0, -90, 180, 90)))
            beyond = shapely.intersection(east, shapely.box(180, -90, 360, 90))
            polygons.append(shapely.transform(beyond, lambda c: c - [360.0, 0.0]))
        else:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    parts_ = [part for polygon in polygons for part in shapely.get_parts(polygon) if part.area > 0]
    return parts_[0] if len(parts_) == 1 else shapely.MultiPolygon(parts_)


def _eastward(ring: np.ndarray) -> np.ndarray:
    return np.column_stack([ring[:, 0] % 360.0, ring[:, 1]])


def draw_zones(
    place: tuple[float, float], kind: str, size: float, expansion: float, angle: float, share: float
) -> list[Zone]:
    """Zones as the product keeps them; where their shapes are displaced to is not left to chance."""
    shapes = ZONES[kind](size)
    # no polygon in lon and lat holds a pole (the shape that is cut may)
    room = 0.5 * EARTH.line_length([place[0], place[0]], [place[1], math.copysign(90.0, place[1])])
    extent = max(float(np.hypot(*outer.T).max()) for parts in shapes for outer, _ in parts)
    scale = min(1.0, room / extent)
    drawn = [_polygon(place, [(outer * scale, [h * scale for h in holes]) for outer, holes in z]) for z in shapes]
    with mock.patch.object(cut_shapes, "_uniform_in_disc", lambda radius: (angle, radius * math.sqrt(share))):
        zones: list[Zone] = []
        for group in cut_shapes.overlapping(drawn):
            shape = cut_shapes.draw(shapely.union_all([drawn[i] for i in group]), expansion)
            zones += [Zone(i + 1, "", drawn[i], group[0] + 1, shape, "drawn", expansion) for i in group]
    return zones


# --- tracks ----------------------------------------------------------------------------------------------------------

#: A chance, the outline of what is hidden (metres), a stride, and by how much to miss → positions, metres.
Track = Callable[[np.random.Generator, shapely.Geometry, float, float], Metres]


def _walk(chance: np.random.Generator, start: Metres, count: int, stride: float, wildness: float) -> Metres:
    heading = np.cumsum(chance.normal(size=count) * wildness) + chance.uniform(0, 6.28)
    return start + np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * stride, axis=0)


def _outline(shape: shapely.Geometry, distance: float, stride: float) -> Metres:
    """Round the biggest part of a shape, at a distance."""
    grown = shapely.buffer(shape, distance, quad_segs=32)
    rim = max(shapely.get_parts(grown), key=lambda part: part.area).exterior
    return shapely.get_coordinates(shapely.line_interpolate_point(rim, np.arange(0, rim.length, stride)))


def _straight(a: Metres, b: Metres, stride: float) -> Metres:
    count = max(2, int(np.hypot(*(b - a)) / stride) + 1)
    return a + np.linspace(0, 1, count)[:, None] * (b - a)


def skirts(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """Along the border, now and then from far away and back."""
    around = _outline(shape, 12.0 + hair, min(stride, 60.0))[:3_000]
    start = int(chance.integers(len(around)))
    around = np.roll(around, start, axis=0)[: int(len(around) * chance.uniform(0.3, 1.0)) + 2]
    away = around[0] / max(np.hypot(*around[0]), 1.0) * 1_500.0
    return np.concatenate([_straight(around[0] + away, around[0], 12.0), around]) if chance.random() < 0.7 else around


def grazes(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """Straight past a corner, in steps that may cut it."""
    hull = shapely.get_coordinates(shapely.convex_hull(shape))[:-1]
    at = hull[int(chance.integers(len(hull)))]
    middle = hull.mean(axis=0)
    outward = (at - middle) / max(np.hypot(*(at - middle)), 1e-9)
    along = np.array([-outward[1], outward[0]])
    passes = at + outward * (12.0 + hair)
    reach = 2_000.0 + 20 * stride
    return _straight(passes - reach * along, passes + reach * along, stride) + along * chance.uniform(0, stride)


def hairpin(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """To the border and back on the same road, again and again."""
    rim = _outline(shape, 12.0 + hair, 40.0)
    turn = rim[int(chance.integers(len(rim)))]
    far = turn + turn / max(np.hypot(*turn), 1.0) * 900.0
    there = _straight(far, turn, min(stride, 150.0))
    back = there[::-1] + chance.normal(size=2) * 0.4
    return np.concatenate([there, back] * int(chance.integers(1, 4)))


def jumps_across(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """From one side to the other between two samples."""
    reach = float(np.hypot(*shapely.get_coordinates(shape).T).max()) + 60.0
    turn = chance.uniform(0, 6.28)
    onward = np.array([math.cos(turn), math.sin(turn)])
    beside = np.array([-onward[1], onward[0]]) * chance.uniform(-1.1, 1.1) * reach
    one = _straight(beside - onward * (reach + 900), beside - onward * reach, min(stride, 90.0))
    other = _straight(beside + onward * reach, beside + onward * (reach + 900), min(stride, 90.0))
    return np.concatenate([one, other] * int(chance.integers(1, 3)))


def stays_inside(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """Never out of it."""
    middle = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
    room = shapely.distance(shapely.boundary(shape), shapely.Point(middle))
    points = _walk(chance, np.zeros(2), 250, min(stride, 20.0), 0.5)
    return middle + points / max(1.0, np.hypot(*points.T).max() / (0.98 * room))


def leaves(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """From inside out, and perhaps home again."""
    middle = shapely.get_coordinates(shapely.point_on_surface(shape))[0]
    out = _walk(chance, middle, 300, min(stride, 40.0), 0.05)
    return np.concatenate([out, out[::-1] + 3.0]) if chance.random() < 0.5 else out


def wanders(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """In and out, anyhow."""
    start = chance.normal(size=2) * 900.0
    return _walk(chance, start, int(chance.integers(2, 420)), stride, float(chance.choice([0.02, 0.3, 1.2])))


def strides_of_100_km(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """As on an aeroplane; now and then over the very place."""
    count = int(chance.integers(3, 25))
    turn = chance.uniform(0, 6.28)
    onward = np.array([math.cos(turn), math.sin(turn)])
    ticks = (np.arange(count) - count // 2 + chance.uniform(0, 1)) * 100_000.0
    return ticks[:, None] * onward + np.array([-onward[1], onward[0]]) * chance.choice(
        [0.0, 0.0, 400.0, 900.0, 5_000.0]
    )


def stands(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """The same point over and over, at the border and elsewhere."""
    points = grazes(chance, shape, min(stride, 100.0), hair)
    return np.repeat(points, chance.integers(1, 6, len(points)), axis=0)[:1_500]


def too_little(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """None, one, two or a few samples."""
    return _walk(chance, chance.normal(size=2) * 700.0, int(chance.integers(0, 5)), 70.0, 0.5).reshape(-1, 2)


def anywhere(chance: np.random.Generator, shape: shapely.Geometry, stride: float, hair: float) -> Metres:
    """A receiver gone mad: leaps of up to half the world."""
    points = wanders(chance, shape, stride, hair)
    mad = chance.random(len(points)) < 0.05
    points[mad] += chance.normal(size=(int(mad.sum()), 2)) * 10 ** chance.uniform(2, 6.9, (int(mad.sum()), 1))
    return points


TRACKS: dict[str, Track] = {
    "skirts": skirts,
    "grazes a corner": grazes,
    "hairpin": hairpin,
    "jumps across": jumps_across,
    "stays inside": stays_inside,
    "leaves": leaves,
    "wanders": wanders,
    "strides of 100 km": strides_of_100_km,
    "stands": stands,
    "too little": too_little,
    "anywhere": anywhere,
}
CLOCKS = ("each second", "two a second", "one a minute", "one an hour", "goes back", "pauses", "has gaps", "none")
ODOMETERS = ("none", "right", "long", "falls", "has gaps")
DAMAGES = ("none", "positions lost", "values lost", "everything lost now and then")


def _clock(chance: np.random.Generator, kind: str, count: int) -> np.ndarray:
    step = {"two a second": 0.5, "one a minute": 60.0, "one an hour": 3600.0}.get(kind, 1.0)
    time = np.arange(count) * step
    if kind == "goes back" and count > 4:
        time[int(chance.integers(2, count)) :] -= chance.choice([3.0, 400.0, 90_000.0])
    if kind == "pauses" and count > 4:
        for at in chance.integers(1, count, 3):
            time[at:] += chance.choice([20.0, 400.0, 5_000.0])
    if kind == "has gaps":
        time[chance.random(count) < 0.3] = np.nan
    if kind == "none":
        time[:] = np.nan
    return time


def _samples(
    chance: np.random.Generator, degrees: np.ndarray, clock: str, odometer: str, damage: str, moving: bool
) -> pa.Table:
    count = len(degrees)
    lon, lat = degrees.round(6).T.copy() if count else (np.empty(0), np.empty(0))
    step = np.hypot(np.diff(degrees[:, 0], prepend=degrees[:1, 0]), np.diff(degrees[:, 1], prepend=degrees[:1, 1]))
    wheel = np.cumsum(step) * {"long": 150_000.0}.get(odometer, 60_000.0)
    if odometer == "falls" and count > 4:
        wheel[count // 2 :] -= wheel[count // 2]
    if odometer == "has gaps":
        wheel[chance.random(count) < 0.2] = np.nan
    columns = {
        "time": _clock(chance, clock, count),
        "distance": wheel.round(2),
        "lat": lat,
        "lng": lon,
        "altitude": (300 + np.cumsum(chance.normal(size=count))).round(1),
        "velocity_smooth": chance.uniform(0, 9, count).round(2),
        "heartrate": chance.integers(90, 190, count).astype(float),
        "cadence": chance.integers(0, 100, count).astype(float),
        "watts": chance.integers(0, 500, count).astype(float),
    }
    if odometer == "none":
        del columns["distance"]
    if damage == "positions lost":
        lost = chance.random(count) < 0.2
        columns["lat"], columns["lng"] = (np.where(lost, np.nan, columns[name]) for name in ("lat", "lng"))
    if damage in ("values lost", "everything lost now and then"):
        some = [name for name in columns if name not in ("lat", "lng")]
        for name in some if damage == "values lost" else [*some, "lat"]:
            columns[name] = np.where(chance.random(count) < 0.3, np.nan, columns[name])
        columns["lng"] = np.where(np.isfinite(columns["lat"]), columns["lng"], np.nan)
    table = {name: pa.array(values, from_pandas=True) for name, values in columns.items()}
    if moving:
        table["moving"] = pa.array(chance.random(count) < 0.8)
    return pa.table(table)


def draw_ride(
    number: int,
    place: tuple[float, float],
    shape: shapely.Geometry,
    seed: int,
    kind: str,
    stride: float,
    hair: float,
    clock: str,
    odometer: str,
    damage: str,
) -> tuple[dict[str, Any], pa.Table]:
    """One ride: a typed row and its samples."""
    chance = np.random.default_rng(seed)
    metres = TRACKS[kind](chance, shape, stride, hair)
    degrees = degrees_around(place, metres) if len(metres) else np.empty((0, 2))
    samples = _samples(chance, degrees, clock, odometer, damage, bool(seed % 2))
    return as_ride(number, samples, utc_offset=None if seed % 3 else 3600.0)


def as_ride(number: int, samples: pa.Table, **row: Any) -> tuple[dict[str, Any], pa.Table]:
    """A typed row for samples."""
    lon, lat = (samples.column(name).to_numpy(zero_copy_only=False) for name in ("lng", "lat"))
    known = np.flatnonzero(np.isfinite(lon.astype(float)) & np.isfinite(lat.astype(float)))
    typed, _ = ride(number, kilometres=0.03, fingerprint=str(number))
    extent: dict[str, Any] = dict.fromkeys(
        ("first_lng", "first_lat", "last_lng", "last_lat", "west", "south", "east", "north")
    )
    if len(known):
        extent = {
            "first_lng": lon[known[0]], "first_lat": lat[known[0]],
            "last_lng": lon[known[-1]], "last_lat": lat[known[-1]],
            "west": lon[known].min(), "south": lat[known].min(),
            "east": lon[known].max(), "north": lat[known].max(),
        }  # fmt: skip
    return typed | extent | {"samples": samples.num_rows, "positions": len(known)} | row, samples


# --- hypothesis ------------------------------------------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn, tracks: tuple[str, ...] = tuple(TRACKS), zones: tuple[str, ...] = tuple(ZONES)) -> World:
    """A place, zones of one kind, and one to three rides near them."""
    where = draw(st.sampled_from(tuple(PLACES)))
    kind = draw(st.sampled_from(zones))
    size = draw(st.sampled_from((30.0, 80.0, 150.0, 400.0)))
    expansion = draw(st.sampled_from((300.0, 100.0, 500.0)))
    drawn = draw_zones(PLACES[where], kind, size, expansion, draw(st.floats(0, 6.28)), draw(st.floats(0, 1)))
    rides, kinds = [], [f"zones: {kind}"]
    for number in range(1, draw(st.integers(1, 3)) + 1):
        aim = drawn[draw(st.integers(0, len(drawn) - 1))].shape
        # the rides are around the shape's own middle; far zones are met, too
        seed, track = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from(tracks))
        stride, hair = draw(st.sampled_from((3.0, 8.0, 25.0, 120.0, 700.0))), draw(st.sampled_from(HAIRS))
        clock, odometer, damage = (draw(st.sampled_from(kinds_)) for kinds_ in (CLOCKS, ODOMETERS, DAMAGES))
        kinds += [f"track: {track}", f"clock: {clock}", f"odometer: {odometer}", f"damage: {damage}"]
        rides.append(draw_ride(number, aim.center, aim.geometry, seed, track, stride, hair, clock, odometer, damage))
    return World(where, drawn, rides, tuple(kinds))


def within_cut(world: World, samples: pa.Table) -> np.ndarray:
    """Which samples of a ride lie strictly inside a cut shape, shape (n,)."""
    lon, lat = (samples.column(name).to_numpy(zero_copy_only=False).astype(float) for name in ("lng", "lat"))
    known = np.isfinite(lon) & np.isfinite(lat)
    within = np.zeros(len(lon), bool)
    for zone in world.zones:
        plane = metres_around(zone.shape.center, np.column_stack([lon, lat])[known])
        within[known] |= shapely.contains_xy(_core(zone), plane[:, 0], plane[:, 1])
    return within


def _core(zone: Zone) -> shapely.Geometry:
    return shapely.buffer(zone.shape.geometry, -0.5)


def lived_otherwise(world: World, seed: int) -> World:
    """The same rides, but for what happened strictly inside the cut, and for what the whole says of it.

    A detour, other values, more samples or fewer, a later start, another pause; whole-ride figures and the device
    differ, too. Whatever lies outside happened at the same moments.
    """
    chance = np.random.default_rng(seed)
    rides = []
    for row, samples in world.rides:
        within = within_cut(world, samples)
        if not within.any():
            rides.append((row, samples))
            continue
        order, fresh, shift = [], [], 0.0
        shifts = []
        stretches = np.split(np.arange(len(within)), np.flatnonzero(np.diff(within)) + 1)
        for stretch in stretches:
            if within[stretch[0]]:
                count = int(chance.integers(1, 2 * len(stretch) + 2))
                order += [int(stretch[0])] * count
                fresh += [True] * count
                shifts += [shift] * count
                shift += float(np.round(chance.choice([0.0, 0.04, 123.46, 20_000.03]), 2))
            else:
                order += stretch.tolist()
                fresh += [False] * len(stretch)
                shifts += [shift] * len(stretch)
        hidden, hours = np.array(fresh), float(chance.choice([0, 0, 7, -3600, 5400, 86_400 * 20]))
        if not np.isfinite(samples.column("time").to_numpy(zero_copy_only=False).astype(float)[~within]).any():
            hours = 0.0  # where nothing visible has a time, the day is that of the start
        columns = {}
        table = samples.take(pa.array(order))
        places = _inside(world.zones, int(hidden.sum()), chance)
        for name in table.column_names:
            values = table.column(name).to_numpy(zero_copy_only=False).astype(float).copy()
            if name == "time":
                values -= hours
                values[hidden] = np.where(
                    chance.random(len(places)) < 0.2, np.nan, chance.normal(size=len(places)) * 1e4
                )
            elif name == "distance":
                values = np.round(values + np.array(shifts), 2)
            elif name in ("lng", "lat"):
                values[hidden] = places[:, 0 if name == "lng" else 1]
            else:
                values[hidden] = chance.uniform(0, 200, len(places)).round()
                values[hidden & (chance.random(len(values)) < 0.2)] = np.nan
            columns[name] = pa.array(values > 0 if name == "moving" else values, from_pandas=name != "moving")
        told = {
            "start_time": row["start_time"] + timedelta(seconds=hours),
            "distance": 1e5 * chance.random(),
            "elapsed_time": 1e4 * chance.random(),
            "moving_time": 1e4 * chance.random(),
            "calories": 1e3 * chance.random(),
            "max_heartrate": 220.0,
            "device_name": "another",
            "fingerprint": f"otherwise {seed}",
        }
        rides.append(as_ride(row["activity_id"], pa.table(columns), **{"utc_offset": row["utc_offset"], **told}))
    return World(world.where, world.zones, rides, world.kinds)


def _inside(zones: list[Zone], count: int, chance: np.random.Generator) -> np.ndarray:
    """Places strictly inside any of the cut shapes, lon, lat."""
    found = np.empty((0, 2))
    while len(found) < count:
        zone = zones[int(chance.integers(len(zones)))]
        core = _core(zone)
        west, south, east, north = shapely.bounds(core)
        tried = chance.uniform((west, south), (east, north), (max(count, 8), 2))
        good = tried[shapely.contains_xy(core, tried[:, 0], tried[:, 1])]
        found = np.concatenate([found, degrees_around(zone.shape.center, good).round(6)])
    return found[chance.permutation(len(found))[:count]]
