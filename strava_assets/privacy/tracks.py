"""Many tracks as flat arrays, and which of their segments come near a place.

What belongs here: the one array layout that the cut and the invariants work on, and the search that
rejects by box first and projects only what is left. What does not: what "near" means for privacy.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.rings import Ring

#: Steps longer than this are followed along the lon/lat line in pieces, metres.
LONG_STEP = 500.0
#: What is straight in lon and lat may bend so much in a plane before it is followed in pieces, metres.
MOST_BEND = 0.1
#: Around an area, metres: a shorter step from outside does not meet it.
NEAR = 60.0
#: Of so few steps it is quicker to tell whether they meet an area than whether they may.
FEW = 100
#: Steps in a piece.
PIECE = 64


@dataclass(frozen=True)
class Tracks:
    """Positions of many tracks, one after the other.

    Attributes
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees, finite.
    starts : ndarray of int, shape (t + 1,)
        Track ``k`` is ``[starts[k], starts[k + 1])``; ``starts[-1] == n``. Tracks may be empty.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    starts: NDArray[np.int64]

    @property
    def owner(self) -> NDArray[np.int64]:
        """Index of each position's track, shape (n,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def around(
        self, center: tuple[float, float], index: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far some positions lie east (the short way round) and north of a place, degrees."""
        return geodesy.unwrap(self.lon[index] - center[0]), self.lat[index] - center[1]

    @staticmethod
    def of(lines: list[NDArray[np.float64]]) -> Tracks:
        """From one (k, 2) array of lon, lat a track."""
        starts = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
        flat = np.concatenate(lines) if lines else np.empty((0, 2))
        return Tracks(flat[:, 0].astype(float), flat[:, 1].astype(float), starts)


@dataclass(frozen=True)
class Area:
    """A place to stay away from, in metres around its own centre.

    Attributes
    ----------
    center : (lon, lat)
        Degrees.
    geometry : shapely geometry
        Metres around the centre; prepared.
    ends_only : bool
        Whether a track may pass through.
    """

    center: tuple[float, float]
    geometry: shapely.Geometry
    ends_only: bool = False

    @staticmethod
    def of(center: tuple[float, float], geometry: shapely.Geometry, ends_only: bool = False) -> Area:
        """An area ready for many questions."""
        shapely.prepare(geometry)
        return Area(center, geometry, ends_only)

    @functools.cached_property
    def surroundings(self) -> shapely.Geometry:
        """The area and all that is nearer to it than `NEAR`, and a little more of neither; prepared."""
        wide = shapely.buffer(self.geometry, NEAR, quad_segs=16)
        shapely.prepare(wide)
        return wide

    @functools.cached_property
    def reach(self) -> float:
        """Distance from the centre to the farthest point, metres."""
        return float(np.hypot(*shapely.get_coordinates(self.geometry).T).max())

    @functools.cached_property
    def box(self) -> tuple[float, float]:
        """Half width and half height of a box that holds it, degrees."""
        return geodesy.half_widths(self.center[1], self.reach)

    @functools.cached_property
    def ring(self) -> Ring:
        """Between its circles nobody knows without looking."""
        return Ring.of(self.geometry, self.center, self.box)


@dataclass(frozen=True)
class Boxes:
    """Boxes on the globe, each from its west end eastwards; NaN is near nothing."""

    west: NDArray[np.float64]
    width: NDArray[np.float64]
    south: NDArray[np.float64]
    north: NDArray[np.float64]

    @staticmethod
    def around(
        west: NDArray[np.float64], south: NDArray[np.float64], east: NDArray[np.float64], north: NDArray[np.float64]
    ) -> Boxes:
        """From smallest and greatest positions, degrees.

        One that is wider than half the globe is that of a track across the antimeridian, or with a position gone
        astray: it may be anywhere in longitude.
        """
        width = east - west
        return Boxes(west, np.where(width > 180, 360.0, width), south, north)

    def near(self, area: Area) -> NDArray[np.int64]:
        """Indices of those that meet the area's box."""
        width, height = area.box
        east_of = area.center[0] - self.west  # how far the area lies east of each box's west end
        east_of[east_of < 0] += 360.0
        lat = area.center[1]
        met = (east_of <= self.width + width) | (east_of >= 360.0 - width)
        return np.flatnonzero(met & (self.south <= lat + height) & (self.north >= lat - height))


@dataclass(frozen=True)
class Pieces:
    """Tracks in pieces of a few positions, with their boxes: most pieces are near nothing.

    Attributes
    ----------
    tracks : Tracks
    first, end : ndarray of int, shape (p,)
        Piece ``k`` is the positions ``[first[k], end[k])``. Two pieces of one track share a position: every step is
        in exactly one piece.
    boxes : Boxes
    """

    tracks: Tracks
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    boxes: Boxes

    @staticmethod
    def of(tracks: Tracks) -> Pieces:
        """All of them."""
        sizes = np.diff(tracks.starts)
        count = -(-sizes // PIECE)
        inner = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        first = np.repeat(tracks.starts[:-1], count) + PIECE * inner
        last = np.minimum(first + PIECE, np.repeat(tracks.starts[1:], count) - 1)  # which the next piece begins with
        lon, lat = tracks.lon, tracks.lat
        boxes = Boxes.around(
            np.minimum(np.minimum.reduceat(lon, first), lon[last]),
            np.minimum(np.minimum.reduceat(lat, first), lat[last]),
            np.maximum(np.maximum.reduceat(lon, first), lon[last]),
            np.maximum(np.maximum.reduceat(lat, first), lat[last]),
        )
        return Pieces(tracks, first, last + 1, boxes)

    def ranges(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Some pieces as ranges of positions, ``[first, end)``; neighbours of one track are one range."""
        first, end = self.first[chosen], self.end[chosen]
        if not len(first):
            return first, end
        apart = first[1:] >= end[:-1]
        return first[np.append(True, apart)], end[np.append(apart, True)]

    def steps(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
        """Indices of the first positions of all steps in these pieces, in order."""
        return ranges(self.first[chosen], self.end[chosen] - 1)


def touching(pieces: Pieces, area: Area) -> NDArray[np.int64]:
    """Positions that lie in the area, or whose step to a neighbour meets it.

    Returns
    -------
    ndarray of int
        Indices of positions, sorted, unique.
    """
    first, end = pieces.ranges(pieces.boxes.near(area))
    if not len(first):
        return np.empty(0, np.int64)
    index = ranges(first, end)
    (width, height), (lon, lat) = area.box, pieces.tracks.around(area.center, index)

    away = area.ring.measured(lon, lat)

    # positions, also those that are all there is of a track: between the circles, and in the box, they are looked at
    inside = away < area.ring.inner
    place = np.flatnonzero(~inside & (away <= area.ring.outer))
    place = place[(np.abs(lon[place]) <= width) & (np.abs(lat[place]) <= height)]
    inside[place] = shapely.intersects_xy(area.geometry, *_plane(pieces.tracks, index[place], area).T)

    # most steps begin and end farther away than they are long; one that may go the other way round is looked at
    length = area.ring.length(np.diff(lon), np.diff(lat))
    passes = away[:-1] + away[1:] - length <= 2 * area.ring.outer
    passes |= length > 90 * area.ring.scale[0]
    passes[np.cumsum(end - first)[:-1] - 1] = False  # from the end of a range to the next one
    a = np.flatnonzero(passes)
    met = inside[a] | inside[a + 1]  # with an end inside, it meets the area
    met[~met] = _steps_meeting(pieces.tracks, index, a[~met], lon, lat, area)
    inside[a[met]] = inside[a[met] + 1] = True
    return index[inside]


def _plane(tracks: Tracks, index: NDArray[np.int64], area: Area) -> NDArray[np.float64]:
    """Some positions in metres around an area's centre, shape (n, 2)."""
    return geodesy.to_plane(tracks.lon[index], tracks.lat[index], area.center)


def nearest(pieces: Pieces, area: Area, within: float) -> float:
    """Smallest distance from any position or step to an area's geometry, metres; ``inf`` if it is more than ``within``.

    Parameters
    ----------
    pieces : Pieces
    area : Area
    within : float
        Metres.
    """
    shapely.prepare(area.geometry)
    wide = Area(area.center, shapely.buffer(area.geometry, within))
    first, end = pieces.ranges(pieces.boxes.near(wide))
    if not len(first):
        return math.inf
    index = ranges(first, end)
    (width, height), (lon, lat) = wide.box, pieces.tracks.around(area.center, index)
    a = np.delete(np.arange(len(index)), np.cumsum(end - first) - 1)
    lon_b = lon[a] + geodesy.unwrap(lon[a + 1] - lon[a])
    length = np.hypot(lon_b - lon[a], lat[a + 1] - lat[a]) * geodesy.LONGEST_DEGREE
    close = (np.abs(lon) <= width) & (np.abs(lat) <= height)
    distance = math.inf
    if close.any():
        plane = geodesy.to_plane(pieces.tracks.lon[index[close]], pieces.tracks.lat[index[close]], area.center)
        # who is farther from the middle than the nearest by more than the area's radius cannot be the nearest
        reach = np.hypot(*plane.T)
        radius = np.hypot(*shapely.get_coordinates(area.geometry).T).max()
        middle = float(shapely.distance(area.geometry, shapely.Point(0.0, 0.0)))
        plane = plane[reach - radius <= reach.min() + middle]
        distance = float(shapely.distance(area.geometry, shapely.multipoints(plane)))
        # nor can a step be nearer that begins farther away than both; outside the box it does so farther than `within`
        away = np.full(len(index), within)
        away[close] = reach - radius
        asked = away[a] <= distance + length
    else:
        asked = length > NEAR
    _, lines = _followed(wide, lon[a[asked]], lat[a[asked]], lon_b[asked], lat[a[asked] + 1])
    if len(lines):
        distance = min(distance, float(shapely.distance(area.geometry, shapely.multilinestrings(lines))))
    return distance if distance <= within else math.inf


def _steps_meeting(
    tracks: Tracks,
    index: NDArray[np.int64],
    a: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    area: Area,
) -> NDArray[np.bool_]:
    """Whether steps with no end in the area meet it; ``lon`` and ``lat`` in degrees relative to its centre."""
    # the short way round, by their boxes
    (width, height), lon_b = area.box, lon[a] + geodesy.unwrap(lon[a + 1] - lon[a])
    west, east = np.minimum(lon[a], lon_b), np.maximum(lon[a], lon_b)
    asked = (west <= width) & (east >= -width) | (east >= 360 - width) | (west <= width - 360)
    asked &= (np.minimum(lat[a], lat[a + 1]) <= height) & (np.maximum(lat[a], lat[a + 1]) >= -height)
    if len(a) > FEW:  # from close by, or so long that nobody knows
        far = np.flatnonzero(asked)
        length = np.hypot(lon_b[far] - lon[a[far]], lat[a[far] + 1] - lat[a[far]]) * geodesy.LONGEST_DEGREE
        far = far[length <= 0.95 * NEAR]
        asked[far] = shapely.intersects_xy(area.surroundings, *_plane(tracks, index[a[far]], area).T)
    open_ = np.flatnonzero(asked)
    if len(open_):
        asked[open_] = _lines_meeting(area, lon[a[open_]], lat[a[open_]], lon_b[open_], lat[a[open_] + 1])
    return asked


def _lines_meeting(
    area: Area,
    lon_a: NDArray[np.float64],
    lat_a: NDArray[np.float64],
    lon_b: NDArray[np.float64],
    lat_b: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Whether steps meet the area, projected; long ones in pieces."""
    step, lines = _followed(area, lon_a, lat_a, lon_b, lat_b)
    met = np.zeros(len(lon_a), bool)
    met[step[shapely.intersects(area.geometry, lines)]] = True
    return met


def _followed(
    area: Area,
    lon_a: NDArray[np.float64],
    lat_a: NDArray[np.float64],
    lon_b: NDArray[np.float64],
    lat_b: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.object_]]:
    """Steps along the lon/lat line as straights in the plane of an area, and which step each is of.

    Degrees relative to its centre, the short way round. Long ones come in pieces, and without those that are far away.
    """
    center_lon, center_lat = area.center
    middle = np.radians((lat_a + lat_b) / 2 + center_lat)
    length = np.hypot((lon_b - lon_a) * np.cos(middle), lat_b - lat_a) * 111_320
    # what is straight in lon and lat bends in the plane, near a pole also where it is short: a parallel is a circle
    # there, and meridians, which converge, are crossed in a spiral
    east, north = np.abs(np.radians(lon_b - lon_a)), np.abs(np.radians(lat_b - lat_a))
    bend = geodesy.EARTH_RADIUS * (east**2 * np.abs(np.sin(2 * middle)) / 16 + east * north / 4)
    pieces = np.ceil(np.maximum(length / LONG_STEP, np.sqrt(bend / MOST_BEND)))
    pieces = np.clip(pieces, 1, 100_000).astype(np.int64)
    step = np.repeat(np.arange(len(pieces)), pieces)
    offset = np.arange(len(step)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = np.stack([offset / pieces[step], (offset + 1) / pieces[step]], axis=1)
    lon = lon_a[step, None] + share * (lon_b - lon_a)[step, None]
    lat = lat_a[step, None] + share * (lat_b - lat_a)[step, None]
    if (pieces > 1).any():  # most pieces of a long step are far away again
        width, height = area.box
        turned = geodesy.unwrap(lon)
        far = (np.abs(turned) > width + 1).all(axis=1) | (np.abs(lat) > height + 1).all(axis=1)
        step, lon, lat = step[~far], lon[~far], lat[~far]
    plane = geodesy.to_plane((lon + center_lon).ravel(), (lat + center_lat).ravel(), area.center)
    return step, shapely.linestrings(plane.reshape(-1, 2, 2))


def ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """``concatenate(arange(s, e))`` for all pairs, without a loop."""
    sizes = ends - starts
    offsets = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    return offsets + np.arange(sizes.sum())
