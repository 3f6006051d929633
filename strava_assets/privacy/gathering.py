"""Which ends of tracks are one place: what the owner is shown, so that he knows what to draw.

What belongs here: from first and last positions to places, by how many tracks begin or end there. What does not: what
is hidden without the owner's word (`provisional`), which must hold every end and not only the frequent ones.

A place is where ends are densest, with all ends within `REACH` of it; then the next densest of the rest. Receivers
that find their satellites late begin a track up to a few streets away from where its rider did: a place at which tracks
only ever begin, close to one that is more frequent, is taken for that one's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strava_assets.privacy import geodesy

#: Ends that are no farther from a place's middle are there, metres.
REACH = 150.0
#: So far from a place tracks may begin that began there, metres; and what share of the ends may be last ones then.
_LATE, _LAST = 450.0, 0.1
#: Side of the cells that ends are counted in, metres; and how many of them to each side count.
_CELL, _AROUND = 50.0, 2


@dataclass
class Gathered:
    """A place.

    Attributes
    ----------
    center : (lon, lat)
        Degrees.
    tracks : ndarray of int
        Which tracks begin or end there, each once.
    ends : int
        Beginnings and ends.
    last : int
        Ends alone.
    """

    center: tuple[float, float]
    tracks: NDArray[np.int64]
    ends: int
    last: int


def gathered(first: NDArray[np.float64], last: NDArray[np.float64], most: int) -> list[Gathered]:
    """Places by how many tracks begin or end there, the most frequent first.

    Parameters
    ----------
    first, last : ndarray, shape (n, 2)
        Where each track begins and ends: lon, lat, degrees, finite.
    most : int
        How many at most; none only if there is no track.
    """
    count = len(first)
    lon, lat = np.concatenate([first, last]).T
    cells, of_cell, around = _cells(lon, lat)
    left = np.ones(2 * count, bool)
    found: list[Gathered] = []
    while left.any() and len(found) < 4 * most:  # the densest are not always the most frequent, but nearly
        weights = np.append(np.bincount(of_cell[left], minlength=cells), 0)  # the last is of cells that are not there
        densest = int(weights[around].sum(axis=1).argmax())
        near = np.flatnonzero(left & np.isin(of_cell, around[densest]))
        center = _densest_of(lon[near], lat[near])
        there = left & (_distances(lon, lat, center) <= REACH)
        there[near[0]] = True
        here = np.flatnonzero(there)
        left[here] = False
        found.append(Gathered(center, np.unique(here % count), len(here), int((here >= count).sum())))
    found.sort(key=lambda place: (-len(place.tracks), -place.ends))
    return _without_late_beginnings(found)[:most]


def _cells(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """How many cells of the globe hold an end; which one each end is in; and the cells around each, shape (c, 25)."""
    degree = geodesy.LONGEST_DEGREE

    def in_row(row: NDArray[np.int64]) -> NDArray[np.int64]:
        width = np.cos(np.radians(row * _CELL / degree))
        return np.maximum(np.rint(360.0 * width * degree / _CELL), 1).astype(np.int64)

    row = np.floor(lat * degree / _CELL).astype(np.int64)
    column = np.floor((lon + 180.0) / 360.0 * in_row(row)).astype(np.int64) % in_row(row)
    wide = 1 << 32
    keys, of_cell = np.unique(row * wide + column, return_inverse=True)
    row, column = keys // wide, keys % wide
    around = []
    for up in range(-_AROUND, _AROUND + 1):
        scaled = (column + 0.5) / in_row(row) * in_row(row + up)
        for along in range(-_AROUND, _AROUND + 1):
            wanted = (row + up) * wide + (np.floor(scaled).astype(np.int64) + along) % in_row(row + up)
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            around.append(np.where(keys[at] == wanted, at, len(keys)))
    return len(keys), of_cell, np.column_stack(around)


def _densest_of(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> tuple[float, float]:
    """The middle of where some ends are densest: of those around their median, the median, a few times."""
    center = (float(lon[0]), float(lat[0]))
    for reach in (4 * REACH, REACH, REACH / 2, REACH / 2):
        near = _distances(lon, lat, center) <= reach
        if not near.any():
            break
        east = np.median(geodesy.unwrap(lon[near] - center[0])) + center[0]
        center = (float(geodesy.unwrap(np.array([east]))[0]), float(np.median(lat[near])))
    return center


def _without_late_beginnings(places: list[Gathered]) -> list[Gathered]:
    """Give tracks that only ever begin at a place to a more frequent one nearby."""
    kept: list[Gathered] = []
    for place in places:
        near = [
            other
            for other in kept
            if _distances(np.array([place.center[0]]), np.array([place.center[1]]), other.center)[0] <= _LATE
        ]
        if near and place.last <= _LAST * place.ends:
            near[0].tracks = np.union1d(near[0].tracks, place.tracks)
            near[0].ends += place.ends
            near[0].last += place.last
        else:
            kept.append(place)
    return sorted(kept, key=lambda place: (-len(place.tracks), -place.ends))


def _distances(lon: NDArray[np.float64], lat: NDArray[np.float64], center: tuple[float, float]) -> NDArray[np.float64]:
    """Great-circle distances from a place, metres."""
    half = np.sin(np.radians(lat - center[1]) / 2) ** 2
    half += np.cos(np.radians(center[1])) * np.cos(np.radians(lat)) * np.sin(np.radians(lon - center[0]) / 2) ** 2
    return 2 * geodesy.EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
