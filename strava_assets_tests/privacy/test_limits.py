"""Each invariant is found broken at its limit, and not a step before it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import shapely

from strava_assets.privacy import geodesy, invariants
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.tracks import Tracks
from strava_assets.privacy.zones import Zone, disc
from strava_assets_tests.privacy.worlds import Place

HOME = Place(7.6, 47.5)


def zone(shape: float, radius: float = 100.0) -> Zone:
    center = (HOME.lon, HOME.lat)
    return Zone(1, "nest", disc(*center, radius), 1, CutShape(center, shapely.Point(0, 0).buffer(shape, quad_segs=64)))


def near(private: Zone, *lines: list[tuple[float, float]], tested: invariants.Tested | None = None) -> list[str]:
    tracks = Tracks.of([HOME.degrees(np.array(line, float)) for line in lines])
    names = [str(number) for number in range(len(lines))]
    found = invariants.near_zones("I1", tracks, names, invariants.forbidden_areas([private]), tested)
    return [finding.where for finding in found]


def test_a_vertex_or_a_step_in_the_cut_is_found_and_its_line_named() -> None:
    private = zone(400)
    inside, across = [(0, 390), (0, 900)], [(-900, 0), (900, 0)]
    beside, far = [(-900, 405), (900, 405)], [(9_000, 0), (9_900, 0)]
    assert near(private, far, inside, beside, across) == ["1", "3"]


def test_a_shape_that_does_not_hold_its_zone_does_not_make_it_visible() -> None:
    """Z and 25 m around it are guarded whatever was drawn for it."""
    private = zone(10)
    assert near(private, [(120, -500), (120, 500)]) == ["0"]
    assert near(private, [(130, -500), (130, 500)]) == []


def test_it_is_told_how_much_was_tested_and_how_near_anything_came() -> None:
    tested = invariants.Tested()
    near(zone(400), [(900, 0), (950, 0), (990, 0)], [(3_000, 0), (3_100, 0)], tested=tested)
    assert (tested.vertices, tested.segments) == (5, 3)
    assert tested.nearest == pytest.approx(800, abs=3)
    near(zone(400), [(700, 0), (1_000, 0)], tested=tested)
    assert (tested.vertices, tested.segments) == (7, 4)
    assert tested.nearest == pytest.approx(600, abs=3)
    near(zone(400), tested=tested)
    assert (tested.vertices, tested.segments) == (7, 4)
    far = invariants.Tested()
    near(zone(400), [(40_000, 0), (40_500, 0)], tested=far)
    assert far.nearest == math.inf


def rows(**change: Any) -> list[tuple[str, str]]:
    """Findings of a CSV of two segments, a hundred metres a step, where some columns are others."""
    metres = np.array([0, 100, 200, 1000, 1100.0])
    track = HOME.degrees(np.column_stack([metres, np.zeros(5)]))
    columns: dict[str, Any] = {
        "segment": np.array([0, 0, 0, 1, 1]),
        "time": np.array([0, 10, 20, 0, 10.0]),
        "distance": np.array([0, 100, 200, 0, 100.0]),
        "lon": track[:, 0],
        "lat": track[:, 1],
    }
    columns |= {
        name: value if value is None else np.asarray(value, columns[name].dtype) for name, value in change.items()
    }
    return [(finding.invariant, finding.what) for finding in invariants.rebased_rows("a.csv", **columns)]


NAN = math.nan
LOST = HOME.degrees(np.array([(0, 0), (100, 0), (NAN, NAN), (1000, 0), (1100, 0)]))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"distance": None},
        {"time": [NAN, 10, 20, 0, 10]},
        {"time": [0, NAN, NAN, 0, NAN]},
        {"time": [0, 10, 10, 0, 0]},
        {"time": [0, 10, 7210, 0, 10]},
        {"distance": [NAN, 100, 200, NAN, 100]},
        {"distance": [0, 100, 100, 0, 0]},
        {"distance": [0, 100, 204.9, 0, 102.9]},
        {"lon": LOST[:, 0], "lat": LOST[:, 1], "distance": [0, 100, NAN, 0, 100]},
    ],
)
def test_rows_that_are_as_they_should_be(change: dict[str, Any]) -> None:
    assert rows(**change) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"time": [1, 10, 20, 0, 10]}, "time does not start at 0"),
        ({"time": [0, 10, 20, 21, 31]}, "time does not start at 0"),
        ({"time": [0, 10, 9.9, 0, 10]}, "time goes back"),
        ({"time": [0, 10, NAN, 0, -1]}, "time goes back"),
        ({"time": [0, 10, 7211, 0, 10]}, "time jumps"),
        ({"distance": [0.1, 100, 200, 0, 100]}, "distance does not start at 0"),
        ({"distance": [0, 100, 200, 200.1, 300]}, "distance does not start at 0"),
        ({"distance": [0, 100, 99.9, 0, 100]}, "distance goes back"),
        ({"distance": [0, 100, 205.6, 0, 100]}, "distance is longer than the visible track"),
        ({"distance": [0, 100, 200, 0, 104]}, "distance is longer than the visible track"),
        ({"lon": [NAN, 7.61, 7.62, 7.63, 7.64], "distance": None}, "a segment starts without a position"),
        ({"lon": [7.6, 7.61, 7.62, NAN, 7.64], "distance": None}, "a segment starts without a position"),
    ],
)
def test_rows_that_tell_what_is_hidden(change: dict[str, Any], found: str) -> None:
    assert found in " ".join(what for _, what in rows(**change))


def test_a_sparse_recorders_steps_are_no_jumps() -> None:
    """Thirty times its usual interval is one."""
    for seconds, jumps in ((30 * 300, False), (30 * 300 + 1, True)):
        time = np.array([0, 300, 600, 600 + seconds, 900 + seconds])
        track = HOME.degrees(np.column_stack([np.arange(5) * 100.0, np.zeros(5)]))
        found = invariants.rebased_rows("a.csv", np.zeros(5, int), time.astype(float), None, track[:, 0], track[:, 1])
        assert [finding.what for finding in found] == (["time jumps inside a segment"] if jumps else [])


FINE: dict[str, Any] = {
    "distance": 1000.0, "elapsed_time": 200, "moving_time": 190, "average_speed": 5.2, "max_speed": 9.0,
    "total_elevation_gain": 30, "average_heartrate": 140, "max_heartrate": 170, "average_watts": 200,
    "average_cadence": 80, "partly_hidden": True, "calories": None,
}  # fmt: skip
HIGHEST = {"heartrate": 170.0, "watts": 200.0, "cadence": 80.0, "velocity_smooth": 9.0}


def figures(rise: float | None = 30.0, segments: int = 1, highest: Any = HIGHEST, **change: Any) -> str:
    found = invariants.feature_figures("a feature", FINE | change, 1000.0, 200.0, highest, rise, segments)
    assert {finding.invariant for finding in found} <= {"I5"}
    return "; ".join(finding.what for finding in found)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"distance": 1020.9},
        {"elapsed_time": 201, "moving_time": 201, "average_speed": 5.0},
        {"max_heartrate": 170.5, "average_heartrate": 170.5, "average_watts": 200.5, "average_cadence": 80.5},
        {"max_speed": 9.5},
        {"total_elevation_gain": 31.2},
        {"total_elevation_gain": 32.0, "segments": 5},
        {"max_heartrate": 220, "total_elevation_gain": 9_000, "highest": None, "rise": None},
        {"calories": 500, "partly_hidden": False},
        dict.fromkeys(("distance", "elapsed_time", "moving_time", "average_speed", "max_heartrate"), None),
        {"distance": True, "elapsed_time": "99999"},  # of another kind: told by `property_types`
    ],
)
def test_figures_that_a_visible_track_can_have(change: dict[str, Any]) -> None:
    assert figures(**change) == ""


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"distance": 1021.5}, "distance is longer than the visible track"),
        ({"elapsed_time": 201.5}, "is more than the visible time"),
        ({"moving_time": 201.5, "average_speed": 1}, "is more than the visible time"),
        ({"average_speed": 5.4}, "average_speed × time is longer"),
        ({"average_speed": 5.3, "moving_time": 100, "distance": 500}, "average_speed × time is longer"),
        ({"max_heartrate": 170.6}, "max_heartrate is more"),
        ({"average_heartrate": 170.6}, "average_heartrate is more"),
        ({"average_watts": 200.6}, "average_watts is more"),
        ({"average_cadence": 80.6}, "average_cadence is more"),
        ({"max_speed": 9.6}, "max_speed is more"),
        ({"total_elevation_gain": 31.3}, "total_elevation_gain is more"),
        ({"total_elevation_gain": 32.1, "segments": 5}, "total_elevation_gain is more"),
        ({"calories": 0}, "calories of a partly hidden activity"),
        ({"calories": 500, "partly_hidden": None}, "calories of a partly hidden activity"),
    ],
)
def test_figures_that_say_more_than_the_visible_track(change: dict[str, Any], found: str) -> None:
    assert found in figures(**change)


KINDS: list[tuple[str, list[Any], list[Any]]] = [
    ("has_heartrate", [True, False], [None, 1, "true"]),
    ("private", [False], [0, None]),
    ("partly_hidden", [True], ["", None, 1.0]),
    ("name", ["", "at 12:30"], [None, 5]),
    ("actID", ["0123456789abcdef"], [None, 12]),
    ("strava_id", ["1", "1" * 19], ["", "1" * 20, "1.5", "1\n", 77, None]),
    ("gear_name", [None, "Rocinante"], [5]),
    ("startDate", ["2024-02-29"], ["2024-2-29", "2023-02-29", "2024-05-01T06:00", "20240501", "", None, 20240501]),
    ("type", ["Ride", "Café-Ride"], ["", "7.6 47.5", "Ride 3", None, "at_home", " Ride", "Ride\n", "a b c d e f g"]),
    ("type_extended", ["Road Cycling", "Mountain Bike", "E-Bike"], ["at 12 Any Street", 7]),
    ("distance", [None, 0, 1.5], [-0.1, math.nan, math.inf, True, "far", [1]]),
    ("calories", [None, 500], [-1]),
]


@pytest.mark.parametrize(("name", "good", "bad"), KINDS, ids=[name for name, *_ in KINDS])
def test_a_property_is_of_its_kind(name: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert invariants.property_types("a feature", {name: value}, [name]) == [], value
    for value in bad:
        [finding] = invariants.property_types("a feature", {name: value}, [name])
        assert finding.invariant == ("I6" if name == "startDate" else "I7"), value
        assert finding.what.startswith(name)


def test_a_property_that_is_missing_or_has_another_name_is_told() -> None:
    [missing] = invariants.property_types("a feature", {"name": "x"}, ["name", "calories"])
    assert (missing.invariant, missing.what) == ("I7", "calories is missing")
    [other] = invariants.known_names("a feature", ["name", "description"], ["name", "type"])
    assert (other.invariant, other.what) == ("I7", "'description' is no published name")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2024-05-01", False),
        ("2024-05-01T06:30", True),
        ("2024-05-01 06:30:00", True),
        ("6:30", True),
        ("06:30", True),
        ("1714543200", True),
        ("999999999.5", True),
        ("12345678", False),
        ("12345678901", False),
        (1714543200, True),
        (300_000_001, True),
        (300_000_000, False),
        (True, False),
        (None, False),
    ],
)
def test_an_instant_is_told_however_it_is_written(value: Any, told: bool) -> None:
    found = invariants.no_clock("a feature", {"type": value})
    assert [finding.invariant for finding in found] == (["I6"] if told else [])
    for number in ("actID", "strava_id"):
        assert invariants.no_clock("a feature", {number: value}) == []
    # what comes after a free text is looked at, too
    assert invariants.no_clock("a feature", {"name": "x", "type": value}) == found


@pytest.mark.parametrize("free", ["name", "gear_name"])
@pytest.mark.parametrize(
    ("text", "told"),
    [("2024-05-01T06:30", True), ("Tour 2024-05-01 06:30:00", True), ("6:30", False), ("2024-05-01", False)],
)
def test_a_free_text_tells_an_instant_only_with_its_day(free: str, text: str, told: bool) -> None:
    found = invariants.no_clock("a feature", {free: text})
    assert [finding.invariant for finding in found] == (["I6"] if told else [])


def test_lengths_are_those_of_the_ground() -> None:
    """What the invariants measure with is half a percent from the ellipsoid, nowhere more."""
    for lat in (0.0, 47.5, 80.0):
        place = Place(7.6, lat)
        track = place.degrees(np.column_stack([np.arange(0, 3000, 100.0), np.zeros(30)]))
        plane = geodesy.to_plane(track[:, 0], track[:, 1], (place.lon, place.lat))
        assert geodesy.step_lengths(*track.T).sum() == pytest.approx(np.hypot(*plane[-1]), rel=0.0055)
