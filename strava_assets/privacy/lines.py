"""The map's lines: visible runs, simplified, then quantised.

What belongs here: from runs to lines whose vertices are whole multiples of the grid. What does not:
deciding what is visible; that came before. The order matters: quantised first, or cut afterwards,
vertices and chords would fall back inside.
"""

from __future__ import annotations

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
    index = runs.samples
    owner = runs.run_of_sample
    located = np.isfinite(samples.lon[index])
    if not located.all():
        index, owner = index[located], owner[located]
    if not len(index):
        return np.empty((0, 2), np.int64), np.zeros(len(runs.first) + 1, np.int64)
    lon, lat = samples.lon[index], samples.lat[index]
    plane = _plane(lon, lat, owner)

    # no chord over 2 km: each run is simplified in pieces that share their ends
    legs = geodesy.walked(np.hypot(np.diff(plane[:, 0]), np.diff(plane[:, 1])))
    heads = np.flatnonzero(np.diff(owner, prepend=-1))
    legs -= np.repeat(legs[heads], np.diff(np.append(heads, len(owner))))
    legs //= int(LONGEST_CHORD * 1e6)
    same = owner[1:] == owner[:-1]
    shared = np.append(same & (legs[1:] != legs[:-1]), False)  # the last of one piece is the first of the next, too
    piece = np.concatenate([[0], np.cumsum(~same | shared[:-1])])
    where = np.repeat(np.arange(len(index)), 1 + shared)
    whose = piece[where]
    whose[1:] += where[1:] == where[:-1]
    alone = np.bincount(whose) < 2
    kept = np.zeros(len(index), bool)
    if alone.any():
        kept[where[alone[whose]]] = True
        where, whose = where[~alone[whose]], (np.cumsum(~alone) - 1)[whose[~alone[whose]]]
    if len(where):
        coords = np.empty((len(where), 3))
        coords[:, :2] = plane[where]
        coords[:, 2] = where  # z carries the index
        drawn = shapely.simplify(shapely.linestrings(coords, indices=whose), tolerance, preserve_topology=False)
        kept[shapely.get_coordinates(drawn, include_z=True)[:, 2].astype(np.int64)] = True
    chosen = np.flatnonzero(kept)

    cells = np.rint(np.column_stack([lon[chosen], lat[chosen]]) * CELLS).astype(np.int64)
    whose = owner[chosen]
    repeated = np.concatenate([[False], (np.diff(whose) == 0) & (np.diff(cells, axis=0) == 0).all(axis=1)])
    cells, whose = cells[~repeated], whose[~repeated]
    return cells, np.searchsorted(whose, np.arange(len(runs.first) + 1)).astype(np.int64)


def _plane(lon: NDArray[np.float64], lat: NDArray[np.float64], owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Metres in which no distance is too short, per run, shape (n, 2).

    Degrees, scaled for the latitude of the run nearest the equator: nowhere else in the run is a degree of longitude
    longer, so that a tolerance kept here is kept on the ground. What is straight here is straight on the map's grid.
    """
    heads = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(heads, len(owner)))
    plane = np.empty((len(lon), 2))
    np.multiply(lat - np.repeat(lat[heads], sizes), _DEGREE, out=plane[:, 1])
    scale = _DEGREE * np.cos(np.radians(np.minimum.reduceat(np.abs(lat), heads)))
    np.multiply(lon - np.repeat(lon[heads], sizes), np.repeat(scale, sizes), out=plane[:, 0])
    return plane
