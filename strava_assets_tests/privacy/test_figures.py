"""Figures say what the visible samples say, weighed by the time that they stand for, and nothing of what is between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strava_assets.privacy import figures
from strava_assets.privacy.cut import Runs, Samples
from strava_assets_tests.privacy.worlds import Place

EQUATOR = Place(7.6, 0.0)
NAN = float("nan")


def told(
    east: Any,
    seconds: Any = None,
    runs: tuple[tuple[int, int], ...] = (),
    odometer: Any = None,
    lost: tuple[int, ...] = (),
    **channels: Any,
) -> dict[str, float]:
    """Figures of one activity along the equator, by how far east each sample is (metres)."""
    count = len(east)
    track = EQUATOR.degrees(np.column_stack([np.asarray(east, float), np.zeros(count)]))
    track[list(lost)] = np.nan
    time = np.arange(count) if seconds is None else seconds
    samples = Samples(track[:, 0], track[:, 1], np.asarray(time, float), np.array([0, count]))
    first, last = np.array(runs or ((0, count - 1),)).T
    shown = Runs(np.zeros(len(first), np.int64), first, last)
    visible = figures.rebased(samples, shown, np.asarray(np.full(count, NAN) if odometer is None else odometer, float))
    given = {
        name: np.asarray(channels.get(name, np.full(count, NAN)), float)
        for name in ("altitude", "velocity_smooth", "heartrate", "cadence", "watts", "moving")
    }
    result = figures.figures(shown, visible, given, 1)
    return {name: float(values[0]) for name, values in result.items()}


def test_a_sample_stands_for_the_time_until_the_next_one() -> None:
    # 100 bpm for 9 s, 200 bpm for 1 s, and so on
    seconds = np.cumsum([0, *[9, 1] * 20])
    assert told(seconds * 5.0, seconds, heartrate=[*[100, 200] * 20, 250])["average_heartrate"] == 110.0


def test_the_mean_does_not_hang_on_a_long_silence() -> None:
    """Nobody knows what the heart did in an hour without a sample: it counts for half a minute."""
    seconds = np.array([0, 30, 3630, 3660])
    figures_ = told(seconds * 1.0, seconds, heartrate=[100, 160, 100, 100])
    assert figures_["average_heartrate"] == 120.0
    assert figures_["max_heartrate"] == 160.0


def test_means_are_told_in_tenths() -> None:
    seconds = np.arange(4) * 10
    figures_ = told(seconds * 5.0, seconds, heartrate=[100, 100, 101, 0], cadence=[80, 80, 81, 9], watts=[1, 1, 2, 9])
    assert (figures_["average_heartrate"], figures_["average_cadence"], figures_["average_watts"]) == (100.3, 80.3, 1.3)


def test_unknown_hearts_are_not_counted() -> None:
    assert told(np.arange(5) * 5.0, heartrate=[NAN, 100, NAN, 120, 180])["average_heartrate"] == 110.0
    assert np.isnan(told(np.arange(5) * 5.0)["average_heartrate"])
    assert np.isnan(told(np.arange(5) * 5.0)["max_heartrate"])


def test_cadence_is_that_of_pedalling_and_power_that_of_moving() -> None:
    east = [0, 5, 10, 15, 15, 15, 15]
    figures_ = told(east, cadence=[80, 0, 90, 0, 0, 0, 0], watts=[200, 100, 300, 0, 0, 0, 0])
    assert figures_["average_cadence"] == 85.0
    assert figures_["average_watts"] == 200.0


def test_whoever_stands_does_not_move_whatever_the_clock_says() -> None:
    east = np.concatenate([np.arange(0, 100, 5.0), np.full(10, 100.0), np.arange(100, 200, 5.0)])
    figures_ = told(east)
    assert figures_["distance"] == pytest.approx(195, abs=0.2)
    assert figures_["elapsed_time"] == len(east) - 1
    assert figures_["moving_time"] == len(east) - 1 - 10


def test_the_source_knows_best_who_stands_except_over_a_long_interval() -> None:
    seconds = np.array([0, 1, 2, 32, 63])
    figures_ = told([0, 5, 10, 200, 400], seconds, moving=[1, 1, 0, 0, 0])
    # 1 s as said; then 1 s and 30 s said to be stood through; 31 s are judged by the way that was made in them
    assert figures_["moving_time"] == 1 + 31
    assert told([0, 5, 5, 5, 5], seconds, moving=[1, 1, 1, 1, 1])["moving_time"] == 1 + 1 + 30


def test_exactly_as_slow_as_standing_is_standing() -> None:
    """Half a metre a second, as the odometer tells it to the digit."""
    standing = told([0, 2, 4], [0, 4, 8], odometer=[0, 2, 4])
    assert standing["moving_time"] == 0
    assert np.isnan(standing["average_speed"])
    assert told([0, 2.04, 4.08], [0, 4, 8], odometer=[0, 2.1, 4.1])["moving_time"] == 4


def test_speed_times_moving_time_is_never_more_than_the_distance() -> None:
    for metres in (7.0, 9.99, 10.01, 13.37):
        figures_ = told(np.arange(60) * metres / 3, np.arange(60) * 3)
        assert figures_["average_speed"] * figures_["moving_time"] <= figures_["distance"]
        assert figures_["average_speed"] == pytest.approx(metres / 9, rel=0.01)
    assert np.isnan(told([0, 0, 0])["average_speed"])


def test_what_lies_between_two_runs_adds_nothing() -> None:
    east = np.arange(100) * 5.0
    seconds = np.arange(100.0)
    seconds[50:] += 5_000
    height = np.where(np.arange(100) < 50, 300.0, 900.0)
    figures_ = told(east, seconds, ((0, 39), (60, 99)), altitude=height)
    assert figures_["distance"] == pytest.approx(2 * 39 * 5, abs=0.3)
    assert figures_["elapsed_time"] == figures_["moving_time"] == 2 * 39
    assert figures_["total_elevation_gain"] == 0.0
    assert figures_["max_speed"] == pytest.approx(5, abs=0.05)


def test_climb_is_what_each_run_rises_and_no_barometers_noise() -> None:
    east = np.arange(90) * 5.0
    noise = np.where(np.arange(90) % 2, 0.9, -0.9)
    assert told(east, altitude=300 + noise)["total_elevation_gain"] < 4
    hills = 300 + 50 * np.abs(np.sin(np.arange(90) / 90 * 2 * np.pi))
    assert told(east, altitude=hills)["total_elevation_gain"] == pytest.approx(100, abs=1)
    assert told(east, runs=((0, 22), (45, 67)), altitude=hills)["total_elevation_gain"] == pytest.approx(100, abs=1)
    # down is no climb, and a hole in the profile is bridged inside a run
    assert told(east, altitude=500 - np.arange(90.0))["total_elevation_gain"] == 0
    assert told(east, altitude=np.where(np.arange(90) == 40, NAN, hills))["total_elevation_gain"] == pytest.approx(
        100, abs=1
    )


def test_climb_is_unknown_where_no_two_heights_are() -> None:
    for height in (np.full(50, NAN), np.where(np.arange(50) == 7, 300.0, NAN)):
        assert np.isnan(told(np.arange(50) * 5.0, altitude=height)["total_elevation_gain"])


def test_the_highest_speed_is_the_sources_where_there_is_one() -> None:
    assert told(np.arange(40) * 5.0, velocity_smooth=np.where(np.arange(40) == 3, 9.25, 4.0))["max_speed"] == 9.25
    assert told(np.arange(40) * 5.0, velocity_smooth=np.where(np.arange(40) == 3, 4.0, NAN))["max_speed"] == 4.0


def test_without_it_it_is_that_of_five_samples_so_one_leap_is_no_record() -> None:
    east = np.arange(40) * 5.0
    east[20:] += 20  # 25 m in a second
    assert told(east)["max_speed"] == pytest.approx((5 * 5 + 20) / 5, abs=0.05)
    # nor is a moment: three seconds or less say nothing
    assert np.isnan(told(np.arange(40) * 5.0, np.arange(40) * 0.5)["max_speed"])


def test_the_odometer_is_believed_while_it_is_no_longer_than_the_track() -> None:
    east = np.arange(101) * 10.0
    assert told(east, odometer=np.arange(101) * 10.15)["distance"] == 1015.0
    assert told(east, odometer=np.arange(101) * 10.25)["distance"] == pytest.approx(1000, abs=1)
    assert told(east, odometer=np.arange(101) * 9.5)["distance"] == 950.0


def test_an_odometer_that_stands_still_in_a_run_is_not_believed_wherever_else_it_moves() -> None:
    """I4: whether it ever moved inside the cut is nobody's business; nor is a way of no length one."""
    east = np.arange(101) * 10.0
    assert told(east, odometer=np.zeros(101))["distance"] == pytest.approx(1000, abs=1)
    assert told(east, odometer=np.full(101, 4711.0))["distance"] == pytest.approx(1000, abs=1)


def test_one_that_stands_does_not_fall() -> None:
    east, wheel = np.minimum(np.arange(101), 60) * 10.0, np.minimum(np.arange(101), 60) * 10.1
    assert told(east, odometer=wheel)["distance"] == 606.0


def test_nor_if_it_falls_or_is_silent_where_there_is_a_position() -> None:
    east, wheel = np.arange(101) * 10.0, np.arange(101) * 10.1
    fallen = wheel.copy()
    fallen[60] -= 300
    silent = wheel.copy()
    silent[60] = NAN
    for odometer in (fallen, silent):
        assert told(east, odometer=odometer)["distance"] == pytest.approx(1000, abs=1)


def test_one_runs_odometer_does_not_decide_for_another() -> None:
    east, wheel = np.arange(202) * 10.0, np.arange(202) * 10.1
    wheel[150] -= 300
    assert told(east, runs=((0, 100), (101, 201)), odometer=wheel)["distance"] == pytest.approx(1010 + 1000, abs=1)


def test_a_position_that_is_lost_on_the_way_costs_no_distance() -> None:
    lost = told(np.arange(101) * 10.0, lost=tuple(range(30, 60)))
    assert lost["distance"] == pytest.approx(1000, abs=1)
    assert lost["moving_time"] == 29 + 1 + 40  # in the tunnel nobody knows; out of it, all of it at once


def test_times_and_distances_are_told_in_tenths_since_the_runs_own_beginning() -> None:
    track = EQUATOR.degrees(np.column_stack([np.arange(6) * 100.0, np.zeros(6)]))
    time = np.array([1000.04, 1001.05, 1002.09, 5000.0, NAN, 5002.26])
    samples = Samples(track[:, 0], track[:, 1], time, np.array([0, 6]))
    runs = Runs(np.zeros(2, np.int64), np.array([0, 3]), np.array([2, 5]))
    visible = figures.rebased(samples, runs, np.array([777.0, 877.04, 977.06, 5000.0, 5099.0, 5199.96]))
    assert visible.time.tolist()[:4] == [0.0, 1.0, 2.1, 0.0]
    assert np.isnan(visible.time[4])
    assert visible.time[5] == 2.3
    assert visible.distance.tolist() == [0.0, 100.0, 200.1, 0.0, 99.0, 200.0]
    assert visible.chord == pytest.approx([200, 200], abs=0.01)
    without = figures.rebased(samples, runs, np.full(6, NAN))
    assert without.distance.tolist() == [0.0, 100.0, 200.0, 0.0, 100.0, 200.0]


def test_figures_are_told_as_exactly_as_strava_tells_them() -> None:
    """Tenths of a metre, thousandths of a metre a second, rounded down where a product could come out too long."""
    wheel = [0.0, 33.4, 66.7, 100.3]
    figures_ = told(
        [0, 33.4, 66.7, 100.3], [0, 3, 6, 9], odometer=wheel, altitude=[300, 302.53, 305, 307.54],
        velocity_smooth=[9.1234, 9.12, 9, 9],
    )  # fmt: skip
    assert (figures_["distance"], figures_["average_speed"], figures_["max_speed"]) == (100.3, 11.144, 9.123)
    assert figures_["total_elevation_gain"] == 7.5
    assert told([0, 4.2], [0, 1], odometer=[0, 4.2])["average_speed"] == 4.2


def test_a_long_ride_is_measured_as_exactly_as_a_short_one() -> None:
    """To the tenth, after 120 km and ten hours."""
    count = 1201
    track = EQUATOR.degrees(np.column_stack([np.arange(count) * 100.0, np.zeros(count)]))
    time = np.arange(count) * 30.1 + 1e6
    samples = Samples(track[:, 0], track[:, 1], time, np.array([0, count]))
    whole = Runs(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([count - 1]))
    visible = figures.rebased(samples, whole, np.full(count, NAN))
    np.testing.assert_allclose(visible.distance, np.arange(count) * 100, atol=0.051)
    np.testing.assert_allclose(visible.time, np.arange(count) * 30.1, atol=1e-6)
    assert visible.chord[0] == pytest.approx(120_000, abs=0.02)


def test_where_nothing_is_visible_there_is_nothing_to_rebase() -> None:
    none = np.empty(0, np.int64)
    visible = figures.rebased(
        Samples(np.zeros(2), np.zeros(2), np.zeros(2), np.array([0, 2])), Runs(*[none] * 3), NAN * np.zeros(2)
    )
    assert [len(values) for values in vars(visible).values()] == [0] * 5


def shown(time: list[float], *runs: tuple[int, int]) -> list[float]:
    count = len(time)
    track = EQUATOR.degrees(np.column_stack([np.arange(count) * 300.0, np.zeros(count)]))
    first, last = np.array(runs or [(0, count - 1)]).T
    samples = Samples(track[:, 0], track[:, 1], np.array(time, float), np.array([0, count]))
    return figures.rebased(
        samples, Runs(np.zeros(len(first), np.int64), first, last), np.full(count, NAN)
    ).time.tolist()


def test_tenths_are_rounded_at_the_half() -> None:
    assert shown([7.0, 7.049999, 7.05, 7.149999]) == [0.0, 0.0, 0.1, 0.1]


def test_a_clock_that_trembles_is_as_late_as_it_was_and_each_run_has_its_own() -> None:
    """What is less than `CLOCK_NOISE` breaks no run, and may still be a tenth."""
    assert shown([0, 1.06, 1.04, 2, 100, 101.06, 101.04, 102, 200, 201], (0, 3), (4, 7), (8, 9)) == [
        0.0, 1.1, 1.1, 2.0, 0.0, 1.1, 1.1, 2.0, 0.0, 1.0,
    ]  # fmt: skip
    trembling = shown([0, 1, 2, 3.06, NAN, 3.04, 4], (0, 1), (2, 6))
    np.testing.assert_array_equal(trembling, [0.0, 1.0, 0.0, 1.1, NAN, 1.1, 2.0])


def test_the_only_time_that_is_known_is_no_later_than_nothing() -> None:
    """I3: it is where the run's time begins, also in its last sample."""
    np.testing.assert_array_equal(shown([NAN, NAN, 4711.0]), [NAN, NAN, 0.0])


def test_what_has_no_time_adds_none() -> None:
    seconds = np.arange(10) * 10.0
    seconds[5] = NAN
    figures_ = told(np.arange(10) * 50.0, seconds)
    assert figures_["elapsed_time"] == figures_["moving_time"] == 7 * 10


def test_a_rise_of_more_than_two_metres_is_climbed_and_one_of_less_is_noise() -> None:
    """And however long ago the ride began."""
    for bump, climb in ((1.9, 0.0), (2.1, 2.1)):
        height = np.full(60, 300.0)
        height[40:50] += bump
        assert told(np.arange(60) * 5.0, altitude=height)["total_elevation_gain"] == climb
        assert told(np.arange(60) * 5.0, runs=((30, 59),), altitude=height)["total_elevation_gain"] == climb


def test_what_is_lost_on_the_way_up_is_climbed_again() -> None:
    up = np.concatenate([np.arange(300, 351), np.arange(349, 339, -1), np.arange(341, 401)])
    assert told(np.arange(len(up)) * 5.0, altitude=up)["total_elevation_gain"] == 110.0


def test_two_heights_are_enough_to_climb_and_one_is_not() -> None:
    height = np.array([300.0, 310.0, NAN, NAN, 400.0, NAN])
    assert told(np.arange(6) * 100.0, runs=((0, 2), (3, 5)), altitude=height)["total_elevation_gain"] == 10.0


def test_a_mean_over_less_than_a_second_is_one_and_over_none_is_not() -> None:
    assert told([0, 5], [0, 0.5], heartrate=[100, 120])["average_heartrate"] == 100.0
    assert np.isnan(told([0, 5], [3, 3], heartrate=[100, 120])["average_heartrate"])
