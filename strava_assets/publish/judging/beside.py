"""Rows of a CSV beside the lines of the map (I11): whether each lies where the activity's line runs.

What belongs here: distances of rows from lines. What does not: which lines, and what is said of a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.invariants import LINE_TOLERANCE, Finding
from strava_assets.publish.csv_files import DecodedCsv, located_lines
from strava_assets.publish.judging.rules import Judgement

Array = NDArray[np.float64]

#: Cells of the map's grid in a degree.
_CELLS = 1e5
_DEGREE = 111_320.0


def judge_beside(csvs: Mapping[str, DecodedCsv], lines: Mapping[str, Sequence[Array]], result: Judgement) -> None:
    """Add what is found of CSVs, by path, whose lines are known."""
    for path, decoded in csvs.items():
        if (shown := lines.get(path)) and all(len(line) >= 2 for line in shown):
            distance = beside_line(decoded, shown, LINE_TOLERANCE)
            if distance:
                result.findings.append(Finding("I11", path, f"a row lies {distance:.0f} m from the map's line"))


def beside_line(decoded: DecodedCsv, lines: Sequence[Array], tolerance: float) -> float:
    """How far a point of a CSV lies from the activity's lines on the map, metres; 0 if none beyond tolerance (I11).

    A line's vertices are some of the rows, in their order, so that each row is looked for between the two vertices
    that it should be between. Only what is not there is held against every line: a wrong guess costs time, and
    changes nothing.
    """
    parts = located_lines(decoded)
    if not parts:
        return 0.0
    points = np.concatenate(parts)
    vertices = np.concatenate(lines)
    scale = np.cos(np.radians(points[:, 1].mean()))
    metres = np.array([scale, 1.0]) * _DEGREE
    origin = points[0]

    def plane(coords: Array) -> Array:
        # near the middle latitude the plane is right; far from it, longitudes are stretched to match
        relative = coords - origin
        relative[:, 0] = geodesy.unwrap(relative[:, 0])
        return relative * metres

    places, corners = plane(points), plane(vertices)
    joined = np.ones(len(corners) - 1, bool)
    joined[np.cumsum([len(line) for line in lines])[:-1] - 1] = False  # from one line's end to the next one's beginning
    steps = np.stack([corners[:-1], corners[1:]], axis=1)
    guess = np.searchsorted(_rows_of(vertices, points), np.arange(len(points)), side="right") - 1
    beside = np.arange(len(points))
    for neighbour in (0, -1, 1):
        step = np.clip(guess[beside] + neighbour, 0, len(steps) - 1)
        near = joined[step] & (_distances(places[beside], steps[step]) <= tolerance)
        beside = beside[~near]
    return _farthest(places[beside], steps[joined], tolerance) if len(beside) else 0.0


def _rows_of(vertices: Array, points: Array) -> NDArray[np.int64]:
    """Of each vertex about the row that it is, never less than of the vertex before."""
    keys, first = np.unique(_cells(points), return_index=True)
    wanted = _cells(vertices)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.maximum.accumulate(np.where(keys[at] == wanted, first[at], 0))


def _cells(coords: Array) -> NDArray[np.int64]:
    lon, lat = np.rint(coords * _CELLS).astype(np.int64).T
    return (lon << 32) + lat


def _distances(places: Array, steps: Array) -> Array:
    """From each place to the step beside it, metres."""
    begin, along = steps[:, 0], steps[:, 1] - steps[:, 0]
    offset = places - begin
    square = np.einsum("ij,ij->i", along, along)
    share = np.clip(np.einsum("ij,ij->i", offset, along) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    return np.hypot(*(offset - share[:, None] * along).T)


def _farthest(places: Array, steps: Array, tolerance: float) -> float:
    tree, wanted = shapely.STRtree(shapely.linestrings(steps)), shapely.points(places)
    beside = np.ones(len(wanted), bool)
    beside[tree.query(wanted, predicate="dwithin", distance=tolerance)[0]] = False
    if not beside.any():
        return 0.0
    # to say how far takes longer than to say that it is near
    _, distance = tree.query_nearest(wanted[beside], return_distance=True, all_matches=False)
    return float(distance.max())
