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
from strava_assets.privacy.zones import ENDS_ONLY, EVERYWHERE, Zone, disc
from strava_assets_tests.privacy.worlds import Place

HOME = Place(7.6, 47.5)
NAN = math.nan


def zone(shape: float, radius: float = 100.0, mode: str = EVERYWHERE, east: float = 0.0) -> Zone:
    lon, lat = HOME.degrees(np.array([(east, 0.0)]))[0]
    cut = CutShape((lon, lat), shapely.Point(0, 0).buffer(shape, quad_segs=64))
    return Zone(1 + int(east), "nest", disc(lon, lat, radius), 1 + int(east), cut, mode=mode)


def near(
    private: Zone | list[Zone],
    *lines: list[tuple[float, float]],
    tested: invariants.Tested | None = None,
    invariant: str = "I1",
    margin: float = 0.0,
) -> list[str]:
    tracks = Tracks.of([HOME.degrees(np.array(line, float)) for line in lines])
    names = [str(number) for number in range(len(lines))]
    areas = invariants.forbidden_areas(private if isinstance(private, list) else [private], *[margin] * bool(margin))
    found = invariants.near_zones(invariant, tracks, names, areas, tested)
    what = {"I1": "a vertex or segment", "I2": "a row, or the step between two rows,"}[invariant]
    assert {(finding.invariant, finding.what) for finding in found} <= {
        (invariant, f"{what} lies inside a private zone's cut")
    }
    return [finding.where for finding in found]


def test_a_vertex_or_a_step_in_the_cut_is_found_and_its_line_named() -> None:
    private = zone(400)
    inside, across = [(0, 390), (0, 900)], [(-900, 0), (900, 0)]
    beside, far = [(-900, 405), (900, 405)], [(9_000, 0), (9_900, 0)]
    assert near(private, far, inside, beside, across) == ["1", "3"]
    assert near(private, far, inside, beside, across, invariant="I2") == ["1", "3"]
    assert near(private, [(-900, 400.4), (900, 400.4)], [(-900, 399.6), (900, 399.6)]) == ["1"]


def test_with_a_margin_as_much_farther_away() -> None:
    lines = [[(-900, beside), (900, beside)] for beside in (449.6, 450.4)]
    assert near(zone(400), *lines, margin=50.0) == ["0"]
    assert near(zone(10), *[[(0, beside), (900, beside)] for beside in (174.6, 175.4)], margin=50.0) == ["0"]


def test_where_one_zone_hides_only_ends_another_hides_everything_nevertheless() -> None:
    ends, whole = zone(400, mode=ENDS_ONLY), zone(400, east=2_000)
    lines = [
        [(-900, 0), (900, 0)],  # through the one
        [(2_000, -900), (2_000, 900)],  # through the other
        [(-900, 0), (0, 0)],  # ends in the first
        [],
        [(0, 0), (-900, 0)],  # begins there
        [(0, 0)],  # a position alone
    ]
    for zones in ([ends, whole], [whole, ends]):
        assert near(zones, *lines) == ["1", "2", "4", "5"]
    assert near([ends], *lines) == ["2", "4", "5"]


def test_what_was_tested_in_parts_was_tested_together() -> None:
    whole = invariants.Tested(1, 2, 3, 4, 50.0)
    for nearest in (70.0, 30.0, 40.0):
        whole.add(invariants.Tested(10, 20, 30, 40, nearest))
    assert whole == invariants.Tested(31, 62, 93, 124, 30.0)


def stays(
    *rows: tuple[float, float], segment: list[int] | None = None, east: float = 300.0, modes: Any = (ENDS_ONLY,)
) -> bool:
    """Whether somebody stops in a place where only ends are hidden, by the seconds and metres north of rows."""
    time, north = np.array(rows, float).T
    lon, lat = HOME.degrees(np.column_stack([np.full(len(rows), east), north])).T
    number = np.zeros(len(rows)) if segment is None else np.array(segment, float)
    areas = invariants.forbidden_areas([zone(400, mode=mode, east=-30_000.0 * k) for k, mode in enumerate(modes[::-1])])
    found = invariants.halts("a.csv", number, time, lon, lat, areas[::-1])
    assert {(finding.invariant, finding.where) for finding in found} <= {("I2", "a.csv")}
    return bool(found)


def test_a_minute_without_a_row_is_a_stop_and_half_a_second_more_is_for_rounding() -> None:
    for seconds, stopped in ((60.4, False), (60.5, True), (60.6, True)):
        assert stays((0, -100), (seconds, 100)) is stopped
    assert stays((0, 0), (30, 0), (61, 0))
    assert not stays((0, 0), (30, 0), (60, 0))


def test_who_gets_24_m_away_in_a_minute_does_not_stand_be_it_in_between() -> None:
    for metres, stopped in ((23.9, True), (24.1, False)):
        assert stays((0, 0), (30, 10), (61, metres)) is stopped
        assert stays((0, 0), (30, metres), (61, 10)) is stopped
    assert not stays((0, 0), (20, 0), (40, 100), (61, 0))
    assert stays((0, 0), (30, 0), (61, 0), (70, 200))
    assert stays((0, -200), (30, 0), (60, 0), (91, 0), (120, 200))


def test_each_stay_in_a_place_is_one_of_its_own() -> None:
    out_and_back = (0, 0), (40, 0), (50, 900), (60, 0), (100, 0)
    assert not stays(*out_and_back)
    assert stays((0, 0), (40, 0), (50, 10), (60, 0), (100, 0))
    assert not stays((0, 0), (40, 0), (41, 0), (81, 0), segment=[0, 0, 1, 1])


def test_a_stop_is_one_at_an_unknown_time_too_and_whatever_else_is_unknown() -> None:
    assert not stays((0, 0), (10, 50), (20, 100))
    assert stays((0, 0), (10, 50), (NAN, 100))
    assert stays((0, 0), (10, NAN), (30, 0), (61, 0))
    assert not stays((0, NAN), (10, NAN))


def test_a_stop_is_looked_for_in_every_place_where_only_ends_are_hidden() -> None:
    stop = (0, 0), (30, 0), (61, 0)
    assert stays(*stop, modes=(ENDS_ONLY, ENDS_ONLY))
    assert stays(*stop, modes=(EVERYWHERE, ENDS_ONLY))
    assert not stays(*stop, modes=(ENDS_ONLY, EVERYWHERE))
    assert not stays(*stop, east=900.0)


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


def rows(**change: Any) -> list[str]:
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
    found = invariants.rebased_rows("a.csv", **columns)
    assert {finding.where for finding in found} <= {"a.csv"}
    return [f"{finding.invariant} {finding.what}" for finding in found]


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
        ({"time": [1, 10, 20, 0, 10]}, "I3 time does not start at 0"),
        ({"time": [0, 10, 20, 21, 31]}, "I3 time does not start at 0"),
        ({"time": [0, 10, 9.9, 0, 10]}, "I3 time goes back"),
        ({"time": [0, 10, NAN, 0, -1]}, "I3 time goes back"),
        ({"time": [0, NAN, -1, 0, 10]}, "I3 time goes back"),
        ({"time": [0, 10, 7211, 0, 10]}, "I3 time jumps"),
        ({"distance": [0.1, 100, 200, 0, 100]}, "I3 distance does not start at 0"),
        ({"distance": [0, 100, 200, 200.1, 300]}, "I3 distance does not start at 0"),
        ({"distance": [0, 100, 99.9, 0, 100]}, "I3 distance goes back"),
        ({"distance": [0, NAN, -1, 0, 100]}, "I3 distance goes back"),
        ({"distance": [0, 100, 205.6, 0, 100]}, "I5 distance is longer than the visible track"),
        ({"distance": [0, 100, 200, 0, 104]}, "I5 distance is longer than the visible track"),
        ({"lon": [NAN, 7.61, 7.62, 7.63, 7.64], "distance": None}, "I2 a segment starts without a position"),
        ({"lon": [7.6, 7.61, 7.62, NAN, 7.64], "distance": None}, "I2 a segment starts without a position"),
        ({"lon": [7.6, 7.61, 7.62, NAN, NAN]}, "I2 a segment starts without a position"),
    ],
)
def test_rows_that_tell_what_is_hidden(change: dict[str, Any], found: str) -> None:
    assert found in " ".join(rows(**change))


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
UNMEASURED = ("average_heartrate", "max_heartrate", "average_watts", "average_cadence")
HIGHEST = {"heartrate": 170.0, "watts": 200.0, "cadence": 80.0, "velocity_smooth": 9.0}


def figures(rise: float | None = 30.0, highest: Any = HIGHEST, segments: int | None = None, **change: Any) -> str:
    counted = {} if segments is None else {"segments": segments}
    found = invariants.feature_figures("a feature", FINE | change, 1000.0, 200.0, highest, rise, **counted)
    assert {(finding.invariant, finding.where) for finding in found} <= {("I5", "a feature")}
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
        {"highest": {}, "rise": None, "max_speed": 9_000, "total_elevation_gain": None} | dict.fromkeys(UNMEASURED),
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
        ({"rise": None}, "total_elevation_gain is told, and no visible sample's altitude"),
        ({"calories": 0}, "calories of a partly hidden activity"),
        ({"calories": 500, "partly_hidden": None}, "calories of a partly hidden activity"),
    ],
)
def test_figures_that_say_more_than_the_visible_track(change: dict[str, Any], found: str) -> None:
    assert found in figures(**change)


def test_what_no_visible_sample_measured_is_not_told() -> None:
    without = figures(highest={"velocity_smooth": 9.0}).split("; ")
    assert without == [
        f"{name} is told, and no visible sample's {channel}"
        for name, channel in (
            ("max_heartrate", "heartrate"), ("average_heartrate", "heartrate"), ("average_watts", "watts"),
            ("average_cadence", "cadence"),
        )
    ]  # fmt: skip


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
        assert (finding.invariant, finding.where) == ("I6" if name == "startDate" else "I7", "a feature"), value
        assert finding.what.startswith(name)


def test_a_property_that_is_missing_or_has_another_name_is_told() -> None:
    [missing] = invariants.property_types("a feature", {"name": "x"}, ["name", "calories"])
    assert missing == invariants.Finding("I7", "a feature", "calories is missing")
    [other] = invariants.known_names("a feature", ["name", "description"], ["name", "type"])
    assert other == invariants.Finding("I7", "a feature", "'description' is no published name")


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
    assert [(finding.invariant, finding.where) for finding in found] == ([("I6", "a feature")] if told else [])
    assert all(finding.what.startswith("type ") for finding in found)
    for number in ("actID", "strava_id"):
        assert invariants.no_clock("a feature", {number: value}) == []
    # what comes after a free text is looked at, too
    assert invariants.no_clock("a feature", {"name": "x", "type": value}) == found
    assert invariants.no_clock("a feature", {"startDate": "2024-05-01", "actID": "1", "type": value}) == found


@pytest.mark.parametrize("free", ["name", "gear_name"])
@pytest.mark.parametrize(
    ("text", "told"),
    [("2024-05-01T06:30", True), ("Tour 2024-05-01 06:30:00", True), ("6:30", False), ("2024-05-01", False)],
)
def test_a_free_text_tells_an_instant_only_with_its_day(free: str, text: str, told: bool) -> None:
    found = invariants.no_clock("a feature", {free: text})
    assert found == [invariants.Finding("I6", "a feature", f"{free} holds a day with its time")] * told


def test_lengths_are_those_of_the_ground() -> None:
    """What the invariants measure with is half a percent from the ellipsoid, nowhere more."""
    for lat in (0.0, 47.5, 80.0):
        place = Place(7.6, lat)
        track = place.degrees(np.column_stack([np.arange(0, 3000, 100.0), np.zeros(30)]))
        plane = geodesy.to_plane(track[:, 0], track[:, 1], (place.lon, place.lat))
        assert geodesy.step_lengths(*track.T).sum() == pytest.approx(np.hypot(*plane[-1]), rel=0.0055)
