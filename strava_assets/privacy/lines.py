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
    index, owner = index[located], owner[located]
    if not len(index):
        return np.empty((0, 2), np.int64), np.zeros(len(runs.first) + 1, np.int64)
    plane, walked = _plane(samples.lon[index], samples.lat[index], owner)

    # no chord over 2 km: each run is simplified in pieces that share their ends
    piece = (
        np.cumsum(np.concatenate([[True], (np.diff(owner) != 0) | (np.diff(walked // int(LONGEST_CHORD * 1e6)) != 0)]))
        - 1
    )
    shared = np.flatnonzero((np.diff(piece) != 0) & (np.diff(owner) == 0))
    where = np.concatenate([np.arange(len(index)), shared])
    whose = np.concatenate([piece, piece[shared + 1]])
    order = np.lexsort([where, whose])
    where, whose = where[order], whose[order]
    alone = np.isin(whose, np.flatnonzero(np.bincount(whose) < 2))
    coords = np.column_stack([plane[where], where])[~alone]
    kept = [where[alone]]
    if len(coords):
        _, whose = np.unique(whose[~alone], return_inverse=True)
        lines = shapely.simplify(shapely.linestrings(coords, indices=whose), tolerance, preserve_topology=False)
        kept.append(shapely.get_coordinates(lines, include_z=True)[:, 2].astype(np.int64))  # z carries the index
    chosen = np.unique(np.concatenate(kept))

    cells = np.rint(np.column_stack([samples.lon[index[chosen]], samples.lat[index[chosen]]]) * CELLS).astype(np.int64)
    whose = owner[chosen]
    repeated = np.concatenate([[False], (np.diff(whose) == 0) & (np.diff(cells, axis=0) == 0).all(axis=1)])
    cells, whose = cells[~repeated], whose[~repeated]
    return cells, np.searchsorted(whose, np.arange(len(runs.first) + 1)).astype(np.int64)


def _plane(
    lon: NDArray[np.float64], lat: NDArray[np.float64], owner: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Metres in which no distance is too short, per run, and the way walked in each (micrometres).

    Mercator's map, scaled for the latitude of the run nearest the equator: conformal, and everywhere
    else in the run longer than the truth, so that a tolerance kept here is kept on the ground.
    """
    heads = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(heads, len(owner)))
    scale = geodesy.EARTH_RADIUS * 1.004 * np.cos(np.radians(np.minimum.reduceat(np.abs(lat), heads)))
    radians = np.radians(np.clip(lat, -89.9, 89.9))
    x = np.radians(lon - np.repeat(lon[heads], sizes)) * np.repeat(scale, sizes)
    y = np.arcsinh(np.tan(radians)) * np.repeat(scale, sizes)
    walked = geodesy.walked(geodesy.step_lengths(lon, lat))
    return np.column_stack([x, y]), walked - np.repeat(walked[heads], sizes)


def to_geometry(cells: NDArray[np.int64], starts: NDArray[np.int64]) -> shapely.MultiLineString:
    """Lines of one activity as lon/lat degrees (EPSG:4326)."""
    return shapely.multilinestrings(
        [shapely.linestrings(cells[a:b] / CELLS) for a, b in itertools.pairwise(starts) if b - a >= 2]
    )
