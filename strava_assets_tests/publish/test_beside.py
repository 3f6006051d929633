"""Rows beside lines: how far, whatever way a row is looked for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.privacy.invariants import Finding
from strava_assets.publish.csv_files import DecodedCsv
from strava_assets.publish.judging import beside
from strava_assets.publish.judging.beside import beside_line, judge_beside
from strava_assets.publish.judging.rules import Judgement

_DEGREE = 111_320.0
TOLERANCE = 20.0


def decoded(metres: np.ndarray, segment: np.ndarray, lat: float = 0.0, lon: float = 0.0) -> DecodedCsv:
    columns = {
        "segment": segment.astype(float),
        "lat": lat + metres[:, 1] / _DEGREE,
        "lng": (lon + metres[:, 0] / _DEGREE / np.cos(np.radians(lat)) + 180) % 360 - 180,
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


STREET = np.column_stack([np.arange(-280.0, 281, 20), np.zeros(29)])
ONE = np.zeros(29)


@pytest.mark.parametrize("lat", [0.0, 60.0, -60.0])
@pytest.mark.parametrize("lon", [0.0, 90.0, -90.0, 180.0])
@pytest.mark.parametrize("along", [0, 1])
def test_a_hundred_metres_are_as_many_everywhere(lat: float, lon: float, along: int) -> None:
    """Also where longitudes begin anew, and where a degree of them is short; beside a street east, or one north."""
    street, aside = (STREET, [0.0, 100.0]) if along == 0 else (STREET[:, ::-1], [100.0, 0.0])
    lines = lines_of(decoded(street, ONE, lat, lon), 28)
    for sign in (1, -1):
        metres = street.copy()
        metres[15] += np.multiply(sign, aside)
        assert beside_line(decoded(metres, ONE, lat, lon), lines, TOLERANCE) == pytest.approx(100, abs=1.5)
        rows = decoded(street + np.multiply(2 * sign, aside), ONE, lat, lon)
        assert beside_line(rows, lines, TOLERANCE) == pytest.approx(200, abs=1.5)


@pytest.mark.parametrize(("east", "told"), [(380, 100), (-380, 100), (290, 0), (1_480, 1_200)])
def test_what_lies_beyond_a_lines_end_does_not_lie_beside_it(east: float, told: float) -> None:
    lines = lines_of(decoded(STREET, ONE), 28)
    for metres in (np.vstack([STREET, (east, 0.0)]), np.vstack([(east, 0.0), STREET])):
        assert beside_line(decoded(metres, np.zeros(30)), lines, TOLERANCE) == pytest.approx(told, abs=2)


def test_of_several_rows_the_farthest_is_told() -> None:
    lines, metres = lines_of(decoded(STREET, ONE), 5), STREET.copy()
    metres[[5, 12, 20], 1] = (60, 900, 300)
    assert beside_line(decoded(metres, ONE), lines, TOLERANCE) == pytest.approx(900, abs=2)


@pytest.mark.parametrize(("bend", "every"), [(300, 1), (300, 4), (0, 28)])
@pytest.mark.parametrize("lon", [0.0, 7.6, -120.0])
def test_of_a_track_as_it_is_published_no_row_is_looked_for_in_every_line(
    monkeypatch: pytest.MonkeyPatch, bend: float, every: int, lon: float
) -> None:
    """That would take long: each is found where its neighbours in time are."""
    street = STREET + np.column_stack([ONE, bend * np.abs(np.arange(29) / 4 % 2 - 1)])  # it turns at every fourth row
    metres = np.vstack([street, street + [0, 3_000], street[::-1] + [5_000, 0]])
    rows = decoded(metres, np.repeat([0, 1, 2], 29), 47.5, lon)
    monkeypatch.delattr(beside, "_farthest")
    assert beside_line(rows, lines_of(rows, every), TOLERANCE) == 0.0


def test_only_what_has_lines_is_held_against_them() -> None:
    """Lines of one vertex are none; the map's own judgement tells of them."""
    rows = decoded(STREET, ONE)
    line = np.array([(0.0, 1.0), (0.1, 1.0)])
    for lines in ({}, {"a.csv": []}, {"a.csv": [line[:1]]}, {"a.csv": [line, line[:1]]}, {"b.csv": [line]}):
        result = Judgement()
        judge_beside({"a.csv": rows}, lines, result)
        assert result.findings == []
    judge_beside({"c.csv": rows, "a.csv": rows}, {"a.csv": [line]}, result)
    assert result.findings == [Finding("I11", "a.csv", "a row lies 111320 m from the map's line")]
