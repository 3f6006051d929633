"""Many tracks as flat arrays, and which of their segments come near a place.

What belongs here: the one array layout that the cut and the invariants work on, and the search that
rejects by box first and projects only what is left. What does not: what "near" means for privacy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy

#: Steps longer than this are followed along the lon/lat line in pieces, metres.
LONG_STEP = 500.0


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
    """

    center: tuple[float, float]
    geometry: shapely.Geometry

    @staticmethod
    def of(center: tuple[float, float], geometry: shapely.Geometry) -> Area:
        """An area ready for many questions."""
        shapely.prepare(geometry)
        return Area(center, geometry)

    @property
    def box(self) -> tuple[float, float]:
        """Half width and half height of a box that holds it, degrees."""
        coords = shapely.get_coordinates(self.geometry)
        return geodesy.half_widths(self.center[1], float(np.hypot(coords[:, 0], coords[:, 1]).max()))


@dataclass(frozen=True)
class TrackBoxes:
    """The boxes of tracks on the globe: longitudes relative to each track's own first one."""

    origin: NDArray[np.float64]
    west: NDArray[np.float64]
    east: NDArray[np.float64]
    south: NDArray[np.float64]
    north: NDArray[np.float64]

    @staticmethod
    def of(tracks: Tracks) -> TrackBoxes:
        """Boxes of all tracks; an empty one's is never near anything (NaN)."""
        sizes = np.diff(tracks.starts)
        filled = sizes > 0
        heads = tracks.starts[:-1][filled]
        shape = len(sizes)
        origin, west, east, south, north = (np.full(shape, np.nan) for _ in range(5))
        if filled.any():
            origin[filled] = tracks.lon[heads]
            relative = geodesy.unwrap(tracks.lon - np.repeat(origin, sizes))
            west[filled], east[filled] = np.minimum.reduceat(relative, heads), np.maximum.reduceat(relative, heads)
            # a step over the far side of the globe leaves the box open to all longitudes
            around = np.abs(np.diff(relative, append=relative[-1:])) > 180
            around[tracks.starts[1:][filled] - 1] = False
            everywhere = filled.copy()
            everywhere[filled] = np.logical_or.reduceat(around, heads)
            west[everywhere], east[everywhere] = -180.0, 180.0
            south[filled] = np.minimum.reduceat(tracks.lat, heads)
            north[filled] = np.maximum.reduceat(tracks.lat, heads)
        return TrackBoxes(origin, west, east, south, north)

    @staticmethod
    def kept(boxes: NDArray[np.float64]) -> TrackBoxes:
        """From kept boxes: west, south, east, north in degrees, shape (n, 4).

        One that is wider than half the globe was kept of a track across the antimeridian, or with a
        position gone astray: it may be anywhere in longitude.
        """
        west, south, east, north = np.asarray(boxes, float).reshape(-1, 4).T
        wide = east - west > 180
        return TrackBoxes(west, np.where(wide, -180.0, 0.0), np.where(wide, 180.0, east - west), south, north)

    def near(self, area: Area) -> NDArray[np.int64]:
        """Indices of the tracks whose box meets the area's."""
        width, height = area.box
        at = geodesy.unwrap(area.center[0] - self.origin)
        lat = area.center[1]
        # one that goes far round the globe may be met from its other side too
        around = [(at + turn >= self.west - width) & (at + turn <= self.east + width) for turn in (-360, 0, 360)]
        return np.flatnonzero(np.any(around, axis=0) & (self.south <= lat + height) & (self.north >= lat - height))


def touching(tracks: Tracks, area: Area, boxes: TrackBoxes | None = None) -> NDArray[np.int64]:
    """Positions that lie in the area, or whose step to a neighbour meets it.

    Parameters
    ----------
    tracks : Tracks
    area : Area
    boxes : TrackBoxes, optional
        Of ``tracks``, if they were made already.

    Returns
    -------
    ndarray of int
        Indices of positions, sorted, unique.
    """
    chosen = (boxes or TrackBoxes.of(tracks)).near(area)
    if not len(chosen):
        return np.empty(0, np.int64)
    index = _ranges(tracks.starts[chosen], tracks.starts[chosen + 1])
    width, height = area.box
    lon, lat = geodesy.unwrap(tracks.lon[index] - area.center[0]), tracks.lat[index] - area.center[1]

    # positions on their own: also what one-point tracks consist of
    inside = np.flatnonzero((np.abs(lon) <= width) & (np.abs(lat) <= height))
    plane = geodesy.to_plane(tracks.lon[index[inside]], tracks.lat[index[inside]], area.center)
    hits = [index[inside[shapely.intersects_xy(area.geometry, plane[:, 0], plane[:, 1])]]]

    # steps, the short way round, by their boxes
    joined = np.flatnonzero(np.diff(index) == 1)
    ends = tracks.starts[chosen + 1] - 1
    joined = joined[~np.isin(index[joined], ends)]
    lon_a, lat_a = lon[joined], lat[joined]
    lon_b = lon_a + geodesy.unwrap(lon[joined + 1] - lon_a)
    lat_b = lat[joined + 1]
    meets = (np.minimum(lon_a, lon_b) <= width) & (np.maximum(lon_a, lon_b) >= -width)
    meets |= (np.maximum(lon_a, lon_b) >= 360 - width) | (np.minimum(lon_a, lon_b) <= width - 360)
    meets &= (np.minimum(lat_a, lat_b) <= height) & (np.maximum(lat_a, lat_b) >= -height)
    near = np.flatnonzero(meets)
    if len(near):
        step = _steps_meeting(area, lon_a[near], lat_a[near], lon_b[near], lat_b[near])
        first = index[joined[near[step]]]
        hits += [first, first + 1]
    return np.unique(np.concatenate(hits))


def distances(tracks: Tracks, area: Area, within: float, boxes: TrackBoxes | None = None) -> float:
    """Smallest distance from any position near the area to its geometry, metres; ``inf`` if none is near."""
    wide = Area(area.center, shapely.buffer(area.geometry, within))
    chosen = (boxes or TrackBoxes.of(tracks)).near(wide)
    if not len(chosen):
        return float("inf")
    index = _ranges(tracks.starts[chosen], tracks.starts[chosen + 1])
    width, height = wide.box
    close = np.abs(geodesy.unwrap(tracks.lon[index] - area.center[0])) <= width
    close &= np.abs(tracks.lat[index] - area.center[1]) <= height
    if not close.any():
        return float("inf")
    plane = geodesy.to_plane(tracks.lon[index[close]], tracks.lat[index[close]], area.center)
    # who is farther from the middle than the nearest by more than the area's radius cannot be the nearest
    reach = np.hypot(*plane.T)
    radius = np.hypot(*shapely.get_coordinates(area.geometry).T).max()
    middle = float(shapely.distance(area.geometry, shapely.Point(0.0, 0.0)))
    plane = plane[reach - radius <= reach.min() + middle]
    return float(shapely.distance(area.geometry, shapely.points(plane)).min())


def _steps_meeting(
    area: Area,
    lon_a: NDArray[np.float64],
    lat_a: NDArray[np.float64],
    lon_b: NDArray[np.float64],
    lat_b: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Indices of steps that meet the area; degrees relative to its centre, the short way round."""
    center_lon, center_lat = area.center
    length = np.hypot((lon_b - lon_a) * np.cos(np.radians(center_lat)), lat_b - lat_a) * 111_320
    pieces = np.clip(np.ceil(length / LONG_STEP), 1, 100_000).astype(np.int64)
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
    lines = shapely.linestrings(plane.reshape(-1, 2, 2))
    return np.unique(step[shapely.intersects(area.geometry, lines)])


def _ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """``concatenate(arange(s, e))`` for all pairs, without a loop."""
    sizes = ends - starts
    offsets = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes)
    return offsets + np.arange(sizes.sum())
