"""A masked row holds what is visible of its activity, and nothing else that the activity was made from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from strava_assets.privacy import cut, geodesy, masked
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.masked import MonthSamples
from strava_assets.privacy.zones import ENDS_ONLY, Zone, disc
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.publish.worlds import HOME, ride, tables

SOURCES = {"api"}
#: Figures that a source gives of a whole ride, hidden part and all.
TOTALS = (
    "distance", "elapsed_time", "moving_time", "total_elevation_gain", "average_speed", "max_speed", "average_watts",
    "average_heartrate", "max_heartrate", "average_cadence",
)  # fmt: skip


def around(place: Place, radius: float = 300.0, number: int = 1) -> Zone:
    """A zone whose cut shape is a plain disc in its middle."""
    shape = CutShape((place.lon, place.lat), shapely.Point(0, 0).buffer(radius, quad_segs=64))
    return Zone(number, "nest", disc(place.lon, place.lat, 100), number, shape)


def mask(*rides: tuple[dict[str, Any], pa.Table], zones: list[Zone] = []) -> geopandas.GeoDataFrame:  # noqa: B006
    activities, streams = tables(list(rides))
    return masked.mask(activities, streams, zones, SOURCES, masked.fingerprints(activities, zones, SOURCES))


def along(metres: np.ndarray, place: Place = HOME, **row: Any) -> tuple[dict[str, Any], pa.Table]:
    """A ride over these metres around a place, a sample a second."""
    typed, _ = ride(1, place=place, kilometres=1)
    degrees = place.degrees(metres).round(6)
    count = len(degrees)
    samples = pa.table({"time": np.arange(count, dtype=float), "lat": degrees[:, 1], "lng": degrees[:, 0]})
    west, south, east, north = *degrees.min(axis=0), *degrees.max(axis=0)
    box = {"west": west, "south": south, "east": east, "north": north}
    return typed | box | {"samples": count, "positions": count} | row, samples


def straight(start: tuple[float, float], end: tuple[float, float], spacing: float = 5.0) -> np.ndarray:
    count = int(np.hypot(end[0] - start[0], end[1] - start[1]) / spacing)
    return np.linspace(start, end, count)


def test_no_figure_of_the_whole_ride_comes_through() -> None:
    whole = dict.fromkeys(TOTALS, 987_654.0)
    row = mask(ride(1, **whole), zones=[around(HOME)]).iloc[0]
    assert row["partly_hidden"]
    for name in TOTALS:
        assert row[name] != 987_654.0, name
    assert 7_000 < row["distance"] < 8_000 - 300
    assert row["average_heartrate"] == 140.0
    assert np.isnan(row["average_cadence"])  # nobody measured it
    assert row["has_heartrate"]


def test_who_wore_no_sensor_has_no_heartrate() -> None:
    assert not mask(along(straight((0, 0), (4000, 0)))).iloc[0]["has_heartrate"]


def test_a_row_carries_the_fingerprint_of_all_that_it_was_made_from() -> None:
    """And not that of its originals alone: a new zone would change nothing."""
    activities, streams = tables([ride(1), ride(2, visibility="only_me")])
    prints = masked.fingerprints(activities, [], SOURCES)
    rows = masked.mask(activities, streams, [], SOURCES, prints)
    assert dict(zip(rows["activity_id"], rows["fingerprint"], strict=True)) == prints


def test_calories_are_shown_of_whole_rides_only() -> None:
    assert mask(ride(1)).iloc[0]["calories"] == 500.0
    assert np.isnan(mask(ride(1), zones=[around(HOME)]).iloc[0]["calories"])


def test_a_ride_of_which_nothing_is_hidden_is_not_partly_hidden() -> None:
    row = mask(ride(1)).iloc[0]
    assert not row["partly_hidden"]
    assert row["samples_visible"] == row["samples"]
    assert (row["first"], row["last"]) == ([0], [row["samples"] - 1])


@pytest.mark.parametrize(
    "why",
    [{"visibility": "only_me"}, {"provenance": "archive"}, {"sport_type": "VirtualRide"}, {"positions": 0}, "no run"],
)
def test_of_what_is_hidden_nothing_is_carried_on(why: Any) -> None:
    other = {} if why == "no run" else why
    zones = [around(HOME, 20_000)] if why == "no run" else []
    row = mask(
        ride(1, name="To the doctor", gear_name="Rocinante", strava_id=77, distance=8000.0, **other), zones=zones
    )
    row = row.iloc[0]
    kept = {name for name in masked.COLUMNS if not _nothing(row[name])}
    assert kept == {"activity_id", "athlete_id", "fingerprint", "hidden_because", "samples"}
    assert row.geometry is None
    assert row["samples_visible"] == row["vertices"] == 0
    assert row["first"] == row["last"] == []


def _nothing(value: Any) -> bool:
    return len(value) == 0 if isinstance(value, list) else bool(pd.isna(value)) or value == 0


def test_each_row_says_why_it_is_hidden_and_its_neighbours_are_not() -> None:
    rows = mask(ride(1), ride(2, visibility="followers_only"), ride(3), ride(4, place=Place(9.0, 47.0), kilometres=0.1))
    reasons = rows["hidden_because"].fillna("").tolist()
    assert reasons == ["", "visible to followers only", "", "no visible run"]
    for number in (0, 2):
        assert shapely.get_coordinates(rows.geometry[number])[0] == pytest.approx([HOME.lon, HOME.lat], abs=1e-4)
    alone = mask(ride(3)).iloc[0]
    assert rows.iloc[2].drop("geometry").to_json(default_handler=str) == alone.drop("geometry").to_json(
        default_handler=str
    )
    assert shapely.equals_identical(rows.geometry[2], alone.geometry)


def test_who_only_trembles_within_one_cell_of_the_map_goes_nowhere() -> None:
    standing = np.column_stack([np.tile([0.0, 0.3], 400), np.zeros(800)])
    assert mask(along(np.append(standing, [[0.0, 0.0]], axis=0))).iloc[0]["hidden_because"] == "no visible run"


def test_the_day_is_that_of_the_first_visible_sample() -> None:
    """A ride that left home a minute before midnight: its hidden start is not told by its day."""
    before = datetime(2024, 5, 3, 23, 59, tzinfo=UTC)
    leaving = along(straight((0, 0), (4000, 0)), start_time=before, utc_offset=0.0)
    assert mask(leaving).iloc[0]["start_date"] == date(2024, 5, 3)
    assert mask(leaving, zones=[around(HOME, 600)]).iloc[0]["start_date"] == date(2024, 5, 4)


@pytest.mark.parametrize(
    ("offset", "place", "day"),
    [(7200.0, HOME, 4), (-3600.0, HOME, 3), (None, Place(150.0, -33.0), 4), (None, Place(-70.0, -33.0), 3)],
)
def test_it_is_the_day_of_the_place(offset: float | None, place: Place, day: int) -> None:
    late = datetime(2024, 5, 3, 23, 0, tzinfo=UTC)
    there = along(straight((0, 0), (4000, 0)), place, start_time=late, utc_offset=offset)
    assert mask(there).iloc[0]["start_date"] == date(2024, 5, day)


def test_it_is_that_of_the_first_of_them_and_of_the_start_if_none_has_a_time() -> None:
    almost = datetime(2024, 5, 3, 23, 59, 59, 500_000, tzinfo=UTC)
    leaving, samples = along(straight((0, 0), (4000, 0)), start_time=almost, utc_offset=0.0)
    assert mask((leaving, samples)).iloc[0]["start_date"] == date(2024, 5, 3)
    nobody_knows = samples.drop_columns("time")
    assert mask((leaving, nobody_knows)).iloc[0]["start_date"] == date(2024, 5, 3)


@pytest.mark.parametrize(
    ("lon", "clock", "day"),
    [(172.4, (12, 30, 0), 3), (172.6, (12, 30, 0), 4), (179.9, (12, 0, 0), 4), (179.9, (11, 59, 59), 3)],
)
def test_without_a_time_zone_the_sun_has_one_of_fifteen_degrees_an_hour(
    lon: float, clock: tuple[int, int, int], day: int
) -> None:
    start = datetime(2024, 5, 3, *clock, tzinfo=UTC)
    there = along(straight((0, 0), (0, 4000)), Place(lon, -33.0), start_time=start, utc_offset=None)
    assert mask(there).iloc[0]["start_date"] == date(2024, 5, day)


def test_a_track_that_skirts_the_cut_keeps_the_margin_and_one_that_comes_nearer_is_cut() -> None:
    home = around(HOME, 300)
    for beside, shown in ((cut.MARGIN + 1, 1), (cut.MARGIN - 1, 2)):
        row = mask(along(straight((-4000, 300 + beside), (4000, 300 + beside))), zones=[home]).iloc[0]
        assert len(row["first"]) == shown, beside
        assert shapely.disjoint(
            geodesy.geometry_to_plane(shapely.segmentize(row.geometry, 1e-4), home.shape.center), home.shape.geometry
        )


def test_the_cut_comes_first_and_sees_every_sample_that_simplifying_would_drop() -> None:
    """A road along the zone, and every fifty metres a step nearer to it, less than the map's tolerance."""
    home = around(HOME, 300)
    track = straight((-4000, 300 + cut.MARGIN + 4), (4000, 300 + cut.MARGIN + 4))
    track[::10, 1] -= 8
    row = mask(along(track), zones=[home]).iloc[0]
    shown = np.concatenate([np.arange(a, b + 1) for a, b in zip(row["first"], row["last"], strict=True)])
    plane = geodesy.to_plane(*HOME.degrees(track).T, home.shape.center)
    assert shapely.distance(home.shape.geometry, shapely.points(plane[shown])).min() >= cut.MARGIN
    assert len(row["first"]) == 2


def test_a_zone_is_cut_however_large_its_month() -> None:
    far = [ride(number, place=Place(20.0 + number, 10.0)) for number in range(2, 5)]
    rows = mask(ride(1), *far, zones=[around(HOME), around(Place(24.0, 10.0), number=2)])
    assert rows["partly_hidden"].tolist() == [True, False, False, True]


def test_the_table_says_which_samples_are_visible() -> None:
    activities, streams = tables([ride(1), ride(2), ride(3), ride(4, kilometres=0.5)])
    zones = [around(HOME, 1_000), around(Place(*HOME.degrees(np.array([(2000.0, 0.0)]))[0]), 2_000, number=2)]
    frame = masked.mask(activities, streams, zones, SOURCES, masked.fingerprints(activities, zones, SOURCES))
    shown = frame[frame["hidden_because"].isna()]
    for some in (shown, frame):
        month = MonthSamples.of(streams, some["activity_id"].tolist())
        stored, made = masked.runs_of(some, month), cut.visible_runs(month.samples, cut.hidden_areas(zones))
        for name in ("activity", "first", "last"):
            assert getattr(stored, name).tolist() == getattr(made, name).tolist(), name
            assert getattr(stored, name).dtype.kind == "i"
    assert shown["samples_visible"].sum() == len(made.samples)
    assert shown["vertices"].tolist() == shapely.get_num_coordinates(shown.geometry).tolist()


@pytest.mark.parametrize("asked", [[], [1], [2], [3], [4], [1, 2], [1, 4], [2, 3], [1, 3, 4], [1, 2, 3, 4]])
def test_a_ride_that_is_not_asked_for_does_not_end_up_in_its_neighbour(asked: list[int]) -> None:
    """Nor if it is of one sample, or the last; one that is asked for may have none."""
    rides = [ride(1), *((ride(k)[0], ride(k)[1].slice(0, count)) for k, count in ((2, 1), (3, 0), (4, 1)))]
    _, streams = tables(rides)
    month, looked_at = MonthSamples.of(streams, asked), masked.positions(streams, asked)
    assert month.ids == asked
    parts = [rides[number - 1][1] for number in asked]
    assert month.samples.starts.tolist() == np.cumsum([0, *(part.num_rows for part in parts)]).tolist()
    for name, column in (("lon", "lng"), ("lat", "lat"), ("time", "time")):
        values = [number for part in parts for number in part.column(column).to_pylist()]
        assert getattr(month.samples, name).tolist() == values
        assert getattr(looked_at, name).tolist() == values
    assert looked_at.starts.tolist() == month.samples.starts.tolist()


def test_of_no_samples_none_is_visible() -> None:
    month = MonthSamples.of(tables([])[1], [1, 2])
    assert month.samples.starts.tolist() == [0, 0, 0]
    runs = masked.runs_of(masked.empty(), MonthSamples.of(tables([])[1], []))
    assert [(values.tolist(), values.dtype.kind) for values in vars(runs).values()] == [([], "i")] * 3


class TestAFingerprint:
    """A row is made again when something that it depends on changed, and only then."""

    def prints(self, zones: list[Zone], sources: set[str] = SOURCES, **row: Any) -> str:
        activities, _ = tables([ride(1, **row)])
        return masked.fingerprints(activities, zones, sources)[1]

    def test_tells_what_the_ride_was_made_from(self) -> None:
        assert self.prints([]) == self.prints([])
        assert self.prints([], fingerprint="another") != self.prints([])
        assert self.prints([], {"api", "archive"}) != self.prints([])

    def test_tells_the_shapes_in_reach_and_no_others(self) -> None:
        home, far = around(HOME), around(Place(30.0, 10.0), number=2)
        assert self.prints([home]) != self.prints([])
        assert self.prints([home, far]) == self.prints([home])
        assert self.prints([far, home]) == self.prints([home, far])
        assert self.prints([around(HOME, 301)]) != self.prints([home])

    def test_tells_a_shape_that_moved_though_it_looks_the_same(self) -> None:
        home = around(HOME)
        moved = replace(home, shape=CutShape((HOME.lon + 0.001, HOME.lat), home.shape.geometry))
        assert self.prints([moved]) != self.prints([home])

    def test_tells_whether_it_hides_everything_or_only_ends(self) -> None:
        home = around(HOME)
        assert self.prints([replace(home, mode=ENDS_ONLY)]) != self.prints([home])

    def test_takes_a_shape_for_near_before_it_can_hide_anything(self) -> None:
        activities, _ = tables([ride(1)])
        east, north = activities["east"][0].as_py(), activities["north"][0].as_py()
        corner = Place(east, north)
        for away, near in ((300 + cut.MARGIN - 1, True), (600, False)):
            beside = around(Place(*corner.degrees(np.array([(away, -200.0)]))[0]))
            assert (self.prints([beside]) != self.prints([])) is near

    def test_is_nobodys_where_there_is_no_track(self) -> None:
        nowhere = dict.fromkeys(("west", "south", "east", "north"))
        assert self.prints([around(HOME)], **nowhere) == self.prints([], **nowhere)

    def test_changes_with_what_the_cut_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = self.prints([])
        for module, name, value in (
            (masked, "VERSION", "0"),
            (cut, "TOLERANCE", 9.0),
            (cut, "MARGIN", 11.0),
            (cut, "SHORTEST_RUN", 199.0),
        ):
            with monkeypatch.context() as patched:
                patched.setattr(module, name, value)
                assert self.prints([]) != before, name


def test_a_month_without_activities_has_every_column() -> None:
    frame = masked.empty()
    assert list(frame.columns) == [*masked.COLUMNS, "geometry"]
    assert len(frame) == 0
    assert frame.crs == mask(ride(1)).crs == "EPSG:4326"
    of_rides = mask(ride(1), ride(2, visibility="only_me"))
    for kind, names in (
        ("Int64", ("activity_id", "athlete_id", "strava_id", "samples", "samples_visible", "vertices")),
        ("boolean", ("has_heartrate", "partly_hidden")),
        ("float64", (*TOTALS, "calories")),
    ):
        for name in names:
            assert frame[name].dtype == of_rides[name].dtype == kind, name
