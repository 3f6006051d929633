"""Rows beside lines: how far, whatever way a row is looked for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.publish.csv_files import DecodedCsv
from strava_assets.publish.judging.beside import beside_line

_DEGREE = 111_320.0
TOLERANCE = 20.0


def decoded(metres: np.ndarray, segment: np.ndarray, lat: float = 0.0) -> DecodedCsv:
    columns = {
        "segment": segment.astype(float),
        "lat": lat + metres[:, 1] / _DEGREE,
        "lng": metres[:, 0] / _DEGREE / np.cos(np.radians(lat)),
    }
    return DecodedCsv(tuple(columns), columns)


def lines_of(rows: DecodedCsv, every: int) -> list[np.ndarray]:
    """As the map has them: some of the rows, on its grid."""
    points = np.column_stack([rows.columns["lng"], rows.columns["lat"]])
    parts = np.split(points, np.flatnonzero(np.diff(rows.columns["segment"])) + 1)
    return [np.round(part[np.unique([*range(0, len(part), every), len(part) - 1])], 5) for part in parts]


def farthest(rows: DecodedCsv, lines: list[np.ndarray]) -> float:
    """Every row against every step."""
    metres = [line * _DEGREE for line in lines]
    points = shapely.points(np.column_stack([rows.columns["lng"], rows.columns["lat"]]) * _DEGREE)
    distance = shapely.distance(points, shapely.multilinestrings([shapely.linestrings(line) for line in metres]))
    return float(distance.max()) if distance.max() > TOLERANCE else 0.0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    turning=st.sampled_from([0.02, 0.3, 1.5]),
    laps=st.integers(1, 4),
    every=st.integers(1, 9),
    moved=st.sampled_from([0.0, 0.0, 5.0, 60.0, 900.0]),
)
def test_a_row_is_as_far_away_as_from_the_nearest_of_all_steps(
    seed: int, turning: float, laps: int, every: int, moved: float
) -> None:
    chance = np.random.default_rng(seed)
    heading = np.cumsum(chance.normal(0, turning, 120))
    lap = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * 6.0, axis=0)
    metres = np.tile(lap, (laps, 1))  # the same cells again and again
    segment = np.searchsorted(np.sort(chance.integers(5, len(metres), 3)), np.arange(len(metres)), side="right")
    segment = np.unique(segment, return_inverse=True)[1]
    lines = lines_of(decoded(metres, segment), every)
    if any(len(line) < 2 for line in lines):
        return
    metres = metres.copy()
    metres[int(chance.integers(len(metres)))] += moved
    rows = decoded(metres, segment)
    assert beside_line(rows, lines, TOLERANCE) == pytest.approx(farthest(rows, lines), rel=1e-3, abs=1e-3)


def test_between_two_lines_there_is_none() -> None:
    rows = decoded(np.array([[0.0, 0], [100, 0], [500, 0], [600, 0]]), np.array([0, 0, 1, 1]))
    lines = lines_of(rows, 1)
    between = decoded(np.array([[0.0, 0], [100, 0], [300, 0], [500, 0], [600, 0]]), np.array([0, 0, 0, 1, 1]))
    assert beside_line(between, lines, TOLERANCE) == pytest.approx(200.0, rel=0.01)


def test_without_a_position_nothing_is_beside_anything() -> None:
    rows = decoded(np.full((3, 2), np.nan), np.zeros(3))
    assert beside_line(rows, [np.zeros((2, 2))], TOLERANCE) == 0.0
