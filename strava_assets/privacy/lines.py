"""The map's lines: visible runs, simplified, then quantised.

What belongs here: from runs to lines whose vertices are whole multiples of the grid. What does not:
deciding what is visible; that came before. The order matters: quantised first, or cut afterwards,
vertices and chords would fall back inside.
"""

from __future__ import annotations

import itertools

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.cut import TOLERANCE, Runs, Samples

#: Cells of the fixed grid in one degree: no vertex moves more than 0.8 m, whatever the extent, and
#: one ride's vertices never depend on another's.
CELLS = 100_000
#: The longest chord that simplification may make, metres: straights on the globe and on the map
#: differ by less than 0.2 m over it.
LONGEST_CHORD = 2_000.0
#: Samples that are simplified at a time.
_AT_ONCE = 50_000
#: A degree of a great circle, metres: the longest that it gets on WGS 84, which is at the poles.
_DEGREE = 111_700.0


def simplified(
    samples: Samples, runs: Runs, tolerance: float = TOLERANCE
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Simplify each run by Douglas-Peucker and quantise what is left.

    Parameters
    ----------
    samples, runs
        From the cut.
    tolerance : float
        Metres; no sample is farther from the line.

    Returns
    -------
    cells : ndarray of int, shape (v, 2)
        Vertices as lon, lat in grid cells; consecutive equal ones are dropped.
    starts : ndarray of int, shape (r + 1,)
        Run ``k`` is ``cells[starts[k]:starts[k + 1]]``. A run of fewer than two vertices is no line.
    """
    ends = np.cumsum(runs.last - runs.first + 1)
    first = np.flatnonzero(np.diff((ends - 1) // _AT_ONCE, prepend=-1))
    parts = [
        _simplified(samples, Runs(runs.activity[a:b], runs.first[a:b], runs.last[a:b]), tolerance)
        for a, b in itertools.pairwise([*first, len(ends)])
    ]
    if not parts:
        return np.empty((0, 2), np.int64), np.zeros(1, np.int64)
    counts = np.concatenate([[0], *(np.diff(starts) for _, starts in parts)])
    return np.concatenate([cells for cells, _ in parts]), np.cumsum(counts)


def _simplified(samples: Samples, runs: Runs, tolerance: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The same for a few runs, which a processor's own memory can hold."""
    starts = np.concatenate([[0], np.cumsum(runs.last - runs.first + 1)])
    lon, lat = _joined(samples.lon, runs.first, runs.last), _joined(samples.lat, runs.first, runs.last)
    located = np.isfinite(lon)
    place = None
    if not located.all():
        place = np.flatnonzero(located)
        starts, lon, lat = np.searchsorted(place, starts), lon[place], lat[place]
    east, north = _plane(lon, lat, starts)
    coords = np.empty((len(east), 3))
    coords[:, 0], coords[:, 1], coords[:, 2] = east, north, np.arange(len(east))  # z carries the index
    first, last = _legs(east, north, starts)
    legs = shapely.linestrings(_joined(coords, first, last), indices=np.repeat(np.arange(len(first)), last - first + 1))
    drawn = shapely.simplify(legs, tolerance, preserve_topology=False)
    kept = np.zeros(len(east), bool)
    kept[starts[:-1]] = True  # also of a run of one
    kept[shapely.get_coordinates(drawn, include_z=True)[:, 2].astype(np.int64)] = True
    chosen = np.flatnonzero(kept)

    whose = np.searchsorted(starts, chosen, side="right") - 1
    index = chosen if place is None else place[chosen]
    ends = np.cumsum(runs.last - runs.first + 1)
    index = index + (runs.last - ends + 1)[whose]
    cells = np.rint(np.column_stack([samples.lon[index], samples.lat[index]]) * CELLS).astype(np.int64)
    repeated = np.concatenate([[False], (np.diff(whose) == 0) & (np.diff(cells, axis=0) == 0).all(axis=1)])
    cells, whose = cells[~repeated], whose[~repeated]
    return cells, np.searchsorted(whose, np.arange(len(runs.first) + 1)).astype(np.int64)


def _joined(values: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    """Ranges of an array, both ends included, one after the other."""
    parts = [values[a:b] for a, b in zip(first.tolist(), (last + 1).tolist(), strict=True)]
    return np.concatenate([values[:0], *parts])


def _plane(
    lon: NDArray[np.float64], lat: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres east and north in which no distance is too short, per run; written over the degrees.

    Degrees, scaled for the latitude of the run nearest the equator: nowhere else in the run is a degree of longitude
    longer, so that a tolerance kept here is kept on the ground. What is straight here is straight on the map's grid.
    """
    heads, sizes = starts[:-1], np.diff(starts)
    scale = _DEGREE * np.cos(np.radians(np.minimum.reduceat(np.abs(lat), heads)))
    lat -= np.repeat(lat[heads], sizes)
    lat *= _DEGREE
    lon -= np.repeat(lon[heads], sizes)
    lon *= np.repeat(scale, sizes)
    return lon, lat


def _legs(
    east: NDArray[np.float64], north: NDArray[np.float64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last sample, both included, of the legs into which no chord over `LONGEST_CHORD` is walked.

    Neighbouring legs of a run share a sample: the last before another whole `LONGEST_CHORD` was walked. Legs of a
    single sample are left out.
    """
    steps, up = np.diff(east), np.diff(north)
    steps *= steps
    up *= up
    steps += up
    length = geodesy.walked(np.sqrt(steps, out=steps))
    heads, tails = starts[:-1], starts[1:] - 1
    chord = int(LONGEST_CHORD * 1e6)
    count = (length[tails] - length[heads]) // chord
    run = np.repeat(np.arange(len(heads)), count)
    milestone = length[heads][run] + chord * (np.arange(1, len(run) + 1) - np.repeat(np.cumsum(count) - count, count))
    shared = np.unique(np.searchsorted(length, milestone)) - 1
    first, last = np.sort(np.append(heads, shared)), np.sort(np.append(tails, shared))
    return first[last > first], last[last > first]
