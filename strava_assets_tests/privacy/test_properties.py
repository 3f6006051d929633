"""Every promise on decoded public bytes, on worlds of every kind; the long run is ``benchmarks properties``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strava_assets.privacy import cut, cut_shapes
from strava_assets_tests.privacy import oracle, properties
from strava_assets_tests.privacy.cases import HAIRS, PLACES, TRACKS, World, as_ride, draw_ride, draw_zones, worlds
from strava_assets_tests.privacy.oracle import degrees_around
from strava_assets_tests.privacy.public_bytes import publish

few = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(few, max_examples=60)
@given(worlds())
def test_no_world_shows_what_is_hidden(world: World) -> None:
    assert properties.shown_and_judged(world).wrong == []


@settings(few, max_examples=40)
@given(worlds(tracks=("leaves", "wanders", "hairpin", "stands", "stays inside")), st.integers(0, 2**32 - 1))
def test_what_happens_inside_the_cut_changes_no_byte(world: World, seed: int) -> None:
    assert properties.same_whatever_is_hidden(world, seed) == []


@settings(few, max_examples=30)
@given(worlds())
def test_a_ride_is_shown_alike_in_any_company(world: World) -> None:
    assert properties.same_in_any_company(world) == []


HOME = PLACES["in the middle"]
#: What is faster than any vehicle is a leap, and not shown.
CLOCK_OF = {"strides of 100 km": "one an hour"}


def a_world(samples: dict[str, np.ndarray], place: tuple[float, float] = HOME, **row: Any) -> World:
    """One ride near one home whose cut reaches 175 m around it."""
    [home] = draw_zones(place, "round", 150.0, 0.0, 0.0, 0.0)
    table = pa.table({name: pa.array(values, from_pandas=True) for name, values in samples.items()})
    return World("", [home], [as_ride(1, table, **row)])


def straight_out(count: int = 300, stride: float = 10.0, place: tuple[float, float] = HOME) -> dict[str, np.ndarray]:
    """From home eastwards, a sample a second."""
    lon, lat = degrees_around(place, np.column_stack([np.arange(count) * stride, np.zeros(count)])).round(6).T
    return {"time": np.arange(count, dtype=float), "lng": lon, "lat": lat}


class TestWhatWasFoundOnce:
    """Each was a counterexample."""

    @pytest.mark.parametrize("hidden_clock", [0.0, -9_000.0, 500_000.0])
    def test_a_visible_sample_without_a_time_does_not_take_one_from_the_hidden(self, hidden_clock: float) -> None:
        samples = straight_out()
        samples["time"][:40] += hidden_clock
        samples["time"][15:40] = np.nan  # the first visible ones, too
        public = publish(*shown(a_world(samples)))
        assert len(public.frame.at[0, "first"]) == 1

    def test_the_day_is_not_that_of_a_hidden_start(self) -> None:
        samples = straight_out()
        samples["time"][:] += 3 * 86_400.0  # paused for three days at home
        samples["time"][0], samples["time"][15:40] = 0.0, np.nan
        start = datetime(2024, 2, 28, 12, tzinfo=UTC)
        public = publish(*shown(a_world(samples, start_time=start, utc_offset=0.0)))
        assert public.frame.at[0, "start_date"] == date(2024, 3, 2)

    def test_a_clock_that_falls_while_there_is_no_position_starts_a_new_segment(self) -> None:
        samples = straight_out()
        samples["lng"][150:160] = samples["lat"][150:160] = np.nan
        samples["time"][155:] -= 100.0
        samples["time"][160] = np.nan  # nor does the position after it tell
        world = a_world(samples)
        assert properties.shown_and_judged(world).wrong == []
        assert publish(*shown(world)).frame.at[0, "last"][0] == 149

    def test_a_clock_that_trembles_does_not_stop_the_month(self) -> None:
        samples = straight_out()
        samples["time"] = np.arange(300) // 2 + np.tile([0.06, 0.02], 150)
        world = a_world(samples)
        assert properties.shown_and_judged(world).wrong == []
        assert len(publish(*shown(world)).frame.at[0, "first"]) == 1

    @pytest.mark.parametrize("stride", [40.0, 120.0, 450.0])
    @pytest.mark.parametrize("where", ["near a pole", "beside a pole"])
    def test_short_steps_bend_near_a_pole(self, where: str, stride: float) -> None:
        place = PLACES[where]
        zones = draw_zones(place, "three corners", 80.0, 300.0, 1.0, 0.5)
        for seed in range(4):
            for kind in ("skirts", "grazes a corner"):
                shape = zones[0].shape
                ride = draw_ride(
                    1, shape.center, shape.geometry, seed, kind, stride, HAIRS[seed % 9], "each second", "none", "none"
                )
                assert properties.shown_and_judged(World(where, zones, [ride])).wrong == []

    @pytest.mark.parametrize("shift", [0.0, 0.0004, 17.123456])
    def test_the_last_digits_of_a_hidden_odometer_are_not_told(self, shift: float) -> None:
        samples = straight_out()
        wheel = np.round(np.arange(300) * 9.87654321, 6)
        rows = []
        for more in (0.0, shift):
            samples["distance"] = np.where(np.arange(300) > 2, wheel + more, wheel)
            rows.append(publish(*shown(a_world(samples))).csv(1))
        assert rows[0] == rows[1]

    def test_the_climb_does_not_hang_on_where_a_ride_stands_among_others(self) -> None:
        chance = np.random.default_rng(8)
        samples = straight_out(2_000)
        samples["altitude"] = np.repeat(chance.integers(-1, 2, 400) * 2.0, 5).astype(float)  # just as high as noise
        world = a_world(samples)
        [(row, table)] = world.rides
        many = [(row | {"activity_id": number}, table) for number in range(1, 40)]
        gains = publish(many, world.zones).frame["total_elevation_gain"]
        assert gains.nunique() == 1


def shown(world: World) -> tuple[Any, Any]:
    return world.rides, world.zones


class TestTheOracle:
    """A judge who never finds anything proves nothing."""

    @pytest.mark.parametrize(
        ("where", "kind"),
        [(where, kind) for where in PLACES for kind in ("skirts", "grazes a corner", "jumps across", "leaves")]
        + [(where, "strides of 100 km") for where in ("in the middle", "greenwich", "equator", "80 north")],
    )
    def test_sees_whatever_is_not_cut(self, where: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        zones = draw_zones(PLACES[where], "round", 80.0, 100.0, 2.0, 0.9)
        shape = zones[0].shape
        rides = [
            draw_ride(
                n,
                shape.center,
                shape.geometry,
                n,
                kind,
                25.0,
                -15.0,
                CLOCK_OF.get(kind, "each second"),
                "right",
                "none",
            )
            for n in range(1, 8)
        ]
        world = World(where, zones, rides)
        assert properties.shown_and_judged(world).wrong == []
        monkeypatch.setattr(cut, "hidden_areas", lambda zones: [])
        seen = oracle.judge(publish(rides, zones).files, world.secrets).wrong
        assert {wrong[:2] for wrong in seen} >= {"I1", "I2"}

    def test_measures_metres(self) -> None:
        """A zone of 100 m, a line 400 m north of its middle, and nothing beyond."""
        ring = degrees_around(HOME, 100 * np.column_stack([np.cos(t := np.linspace(0, 6.2832, 400)), np.sin(t)]))
        secret = oracle.Secret(shapely.Polygon(ring), HOME, shapely.Point(0, 0).buffer(150.0, quad_segs=64))
        line = degrees_around(HOME, np.array([(-5_000.0, 400.0), (5_000.0, 400.0)]))
        to_zone, to_hidden = oracle.distances([line], secret)
        # the straight in lon and lat runs south of the geodesic, by 2 m in the middle of 10 km
        assert to_zone == pytest.approx(298.0, abs=0.3)
        assert to_hidden == pytest.approx(248.0, abs=0.3)
        assert oracle.distances([line + [0.5, 0.0]], secret) == (np.inf, np.inf)

    def test_sees_a_row_beside_the_line(self) -> None:
        line = degrees_around(HOME, np.array([(0.0, 0.0), (2_000.0, 0.0)]))
        track = degrees_around(HOME, np.array([(0.0, 0.0), (700.0, 14.0), (900.0, -9.0), (2_000.0, 0.0)]))
        assert oracle.beside(track, line) == pytest.approx(14.0, abs=0.2)


def test_the_displacement_is_uniform_in_its_disc() -> None:
    """The worlds choose it by hand; nobody else does."""
    drawn = np.array([cut_shapes._uniform_in_disc(300.0) for _ in range(4_000)])
    share = (drawn[:, 1] / 300.0) ** 2
    for values in (share, drawn[:, 0] / (2 * np.pi)):
        assert np.histogram(values, 10, (0, 1))[0].min() > 300
        assert values.max() <= 1


def test_every_kind_of_track_shows_something_and_hides_something() -> None:
    """Else the worlds would be empty, and every promise kept."""
    zones = draw_zones(HOME, "round", 150.0, 300.0, 1.0, 0.5)
    shape = zones[0].shape
    for kind in TRACKS:
        rides = [
            draw_ride(
                n, shape.center, shape.geometry, n, kind, 25.0, 0.0, CLOCK_OF.get(kind, "each second"), "none", "none"
            )
            for n in range(1, 15)
        ]
        frame = publish(rides, zones).frame
        visible, samples = int(frame["samples_visible"].sum()), int(frame["samples"].sum())
        assert visible < samples, kind
        assert (visible > 0) is (kind != "stays inside"), kind
