"""Whole tracks as lines: every position's, from the first to the last, simplified to a metre. Private.

What belongs here: from samples to one geometry an activity. What does not: what may be seen of it (``privacy``).
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

#: No position lies farther from its line, metres; a GPS is not that good. Every position is in the table of samples.
TOLERANCE = 1.0
_DEGREE = 111_320.0  # m


def lines(
    owner: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64], count: int
) -> NDArray[np.object_]:
    """One line an activity.

    Parameters
    ----------
    owner : ndarray of int, shape (n,)
        Number of each sample's activity, ascending.
    lon, lat : ndarray, shape (n,)
        Degrees; NaN where a sample has no position.
    count : int
        Activities.

    Returns
    -------
    ndarray of shapely LineString or MultiLineString, shape (count,)
        In lon/lat; in parts where it crosses the antimeridian, as GeoJSON and GeoParquet ask. None of an activity
        with fewer than two positions.
    """
    known = np.isfinite(lon)
    owner, lon, lat, part = _parted(owner[known], lon[known], lat[known])
    long_enough = np.bincount(part)[part] >= 2 if len(part) else np.zeros(0, bool)
    owner, lon, lat, part = owner[long_enough], lon[long_enough], lat[long_enough], part[long_enough]
    tracks = np.full(count, None, object)
    if not len(owner):
        return tracks
    kept = _kept(owner, lon, lat, part)
    owner, part = owner[kept], np.unique(part[kept], return_inverse=True)[1]
    drawn = shapely.linestrings(np.column_stack([lon[kept], lat[kept]]), indices=part)
    whose = owner[np.unique(part, return_index=True)[1]]
    several = np.bincount(whose, minlength=count)[whose] > 1
    tracks[whose[~several]] = drawn[~several]
    if several.any():
        found, numbers = np.unique(whose[several], return_inverse=True)
        tracks[found] = shapely.multilinestrings(drawn[several], indices=numbers)
    return tracks


def _parted(
    owner: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Positions with those added where a step crosses the antimeridian, and the number of each one's part."""
    new = np.diff(owner) != 0
    over = np.flatnonzero(~new & (np.abs(np.diff(lon)) > 180))
    if len(over):
        side = np.sign(lon[over])
        step = lon[over + 1] + 360 * side - lon[over]
        share = np.divide(180 * side - lon[over], step, out=np.zeros(len(over)), where=step != 0)
        at = lat[over] + share * (lat[over + 1] - lat[over])
        places = np.repeat(over + 1, 2)
        lon = np.insert(lon, places, np.column_stack([180 * side, -180 * side]).ravel())
        lat = np.insert(lat, places, np.repeat(at, 2))
        owner = np.insert(owner, places, np.repeat(owner[over], 2))
        new = np.diff(owner) != 0
        new[over + 1 + 2 * np.arange(len(over))] = True  # from one side of it to the other
    part = np.concatenate([np.zeros(min(len(owner), 1), np.int64), np.cumsum(new)])
    return owner, lon, lat, part


def _kept(
    owner: NDArray[np.int64], lon: NDArray[np.float64], lat: NDArray[np.float64], part: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which positions are the simplified lines' vertices (Douglas-Peucker, in degrees as long as the latitude's)."""
    heads = np.flatnonzero(np.diff(part, prepend=-1))
    widest = np.cos(np.radians(np.minimum.reduceat(np.abs(lat), heads)))
    length = np.diff(heads, append=len(part))
    plane = np.column_stack([lon * np.repeat(widest, length), lat, np.arange(len(lon))])  # z carries the index
    drawn = shapely.simplify(
        shapely.linestrings(plane, indices=np.repeat(np.arange(len(heads)), length)),
        TOLERANCE / _DEGREE,
        preserve_topology=False,
    )
    kept = np.zeros(len(lon), bool)
    kept[shapely.get_coordinates(drawn, include_z=True)[:, 2].astype(np.int64)] = True
    kept[heads] = kept[heads + length - 1] = True  # also of one that went nowhere
    return kept
