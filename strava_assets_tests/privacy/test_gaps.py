"""A recording that stopped, leapt or went back is two runs; a rest in one place and a sparse recorder are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from strava_assets.privacy import cut
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.zones import ENDS_ONLY
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.privacy.worlds import Place

EQUATOR = Place(7.6, 0.0)


def runs(*recordings: tuple[Any, Any], zones: Any = ()) -> list[tuple[int, int, int]]:
    """Activity, first and last sample of the runs of recordings along the equator: metres east, and seconds."""
    lon, lat = np.concatenate([
        EQUATOR.degrees(np.column_stack([np.asarray(east, float), np.zeros(len(east))])) for east, _ in recordings
    ]).T  # fmt: skip
    time = np.concatenate([np.asarray(seconds, float) for _, seconds in recordings])
    starts = np.concatenate([[0], np.cumsum([len(east) for east, _ in recordings])])
    found = cut.visible_runs(Samples(lon, lat, time, starts), cut.hidden_areas(zones))
    return list(zip(found.activity.tolist(), found.first.tolist(), found.last.tolist(), strict=True))


def interrupted(pause: float, metres: float, interval: float = 1.0, count: int = 100) -> int:
    """Runs of a recording that stops in its middle and goes on so many metres farther."""
    east, seconds = np.arange(2 * count) * 5.0, np.arange(2 * count) * interval
    east[count:] += metres - 5.0
    seconds[count:] += pause - interval
    return len(runs((east, seconds)))


@pytest.mark.parametrize(
    ("pause", "metres", "gap"),
    [
        (300, 500, False),
        (301, 500, True),
        (301, 190, False),
        (301, 210, True),
        (3600, 150, False),
        (3601, 150, True),
        (3601, 0, True),
    ],
)
def test_a_pause_is_a_gap_where_somebody_went_on_or_after_an_hour(pause: float, metres: float, gap: bool) -> None:
    assert interrupted(pause, metres) == (2 if gap else 1)


@pytest.mark.parametrize(("pause", "gap"), [(999, False), (1000, False), (1001, True)])
def test_ten_times_the_usual_interval_is_none(pause: float, gap: bool) -> None:
    assert interrupted(pause, 400, interval=100) == (2 if gap else 1)


@pytest.mark.parametrize(("pause", "gap"), [(7199, False), (7201, True)])
def test_where_positions_are_rare_a_silence_of_hours_is_a_gap_nevertheless(pause: float, gap: bool) -> None:
    """Each second a heartbeat, each quarter of an hour a position: the file would tell a leap in its time (I3), and the
    gate refuse it, with all that is written together with it."""
    east, seconds = np.arange(18_000) * 1.0, np.arange(18_000.0)
    east[np.arange(18_000) % 900 != 0] = np.nan
    seconds[9450:] += pause - 1
    assert len(runs((east, seconds))) == (2 if gap else 1)
    seconds[1::2] = np.nan  # clocks of which every other tick is missing
    assert len(runs((east, seconds))) == (2 if gap else 1)


def test_a_recorder_that_is_silent_for_hours_as_a_rule_is_not_interrupted() -> None:
    east = np.arange(60) * 100.0
    east[1::2] = np.nan
    assert len(runs((east, np.arange(60) * 10_000.0))) == 1


def test_what_is_usual_is_that_of_the_activity_itself_also_in_its_first_step() -> None:
    dense = np.arange(100) * 5.0, np.arange(100.0)
    sparse = np.arange(30) * 250.0, np.concatenate([[0], 700 + np.arange(29) * 100.0])
    assert runs(dense, sparse, dense) == [(0, 0, 99), (1, 100, 129), (2, 130, 229)]


def test_the_middle_interval_is_the_usual_one_the_last_step_included() -> None:
    intervals = np.concatenate([np.ones(40), np.full(60, 100.0), [900.0], np.full(10, 100.0)])
    east = np.concatenate([[0], np.cumsum(np.where(intervals == 900, 400.0, 5.0))])
    assert len(runs((east, np.concatenate([[0], np.cumsum(intervals)])))) == 1
    assert runs(([0, 250, 550], [0, 1, 351])) == [(0, 0, 2)]


def test_what_happened_in_a_hidden_place_does_not_decide_what_is_usual() -> None:
    """I4: somebody who stopped there often does not make a pause elsewhere a usual one."""
    east = np.concatenate([np.arange(-1500, -400, 5.0), np.linspace(-100, 100, 1500), np.arange(400, 3000, 5.0)])
    home, pause = around(EQUATOR), 1500 + 220 + 300
    east[pause:] += 300
    for usual, shown in ((1.0, 3), (50.0, 2)):  # a pause eight times as long as usual is none
        found = []
        for inside in (1.0, 600.0):
            intervals = np.full(len(east), usual)
            intervals[221:1720] = inside
            intervals[pause] = 400
            found.append(runs((east, np.cumsum(intervals)), zones=[home]))
        assert found[0] == found[1]
        assert len(found[0]) == shown
        assert ([run[1] for run in found[0]][-1] == pause) == (shown == 3)


def test_an_activity_of_one_sample_does_not_go_on_in_the_next() -> None:
    ride = np.arange(100) * 5.0, np.arange(100.0)
    one = [0.0], [0.0]
    assert runs(one, ride) == [(1, 1, 100)]
    assert runs(one, one, ride, one) == [(2, 2, 101)]
    assert runs(ride, ride) == [(0, 0, 99), (1, 100, 199)]


def test_a_clock_that_goes_back_by_a_tenth_is_a_gap_and_by_what_nobody_sees_is_none() -> None:
    for back, count in ((0.04, 1), (0.06, 2)):
        seconds = np.arange(200.0)
        seconds[100:] -= 1 + back
        assert len(runs((np.arange(200) * 5.0, seconds))) == count


def test_samples_without_a_time_are_as_late_as_the_one_before() -> None:
    seconds = np.arange(200.0)
    seconds[[0, 50, 51, 199]] = np.nan
    assert len(runs((np.arange(200) * 5.0, seconds))) == 1
    seconds[100:] += 4000
    assert len(runs((np.arange(200) * 5.0, seconds))) == 2
    assert len(runs((np.arange(200) * 5.0, np.full(200, np.nan)))) == 1


@pytest.mark.parametrize(
    ("fall", "lost", "left"),
    [
        (105, (100, 110), [(0, 0, 99), (0, 110, 199)]),
        (3, (1, 6), [(0, 6, 199)]),  # right after the first position, which is left alone
        (3, (0, 6), [(0, 6, 199)]),  # before there is any
        (195, (190, 200), [(0, 0, 189)]),  # or after the last
    ],
)
def test_a_clock_that_goes_back_where_there_is_no_position_is_a_gap(
    fall: int, lost: tuple[int, int], left: list[tuple[int, int, int]]
) -> None:
    """And no clock tells it from before to after, as it went on in time."""
    east, seconds = np.arange(200) * 5.0, np.arange(200) * 2.0
    seconds[lost[0] + 1 : fall] += 5
    east[slice(*lost)] = np.nan
    assert runs((east, seconds)) == left


def test_when_it_was_in_a_hidden_place_is_not_carried_to_where_it_was_left() -> None:
    """I4: though the first sample outside has no time of its own."""
    east = np.arange(-2000, 2000, 5.0)
    east[10:60] = np.nan
    home = around(EQUATOR)
    [_, (_, outside, _)] = wanted = runs((east, np.arange(len(east))), zones=[home])
    for inside in (0.0, 4000.0):
        seconds = np.arange(len(east)) + np.where(np.arange(len(east)) >= outside, inside, 0.0)
        seconds[outside] = np.nan
        assert runs((east, seconds), zones=[home]) == wanted


def test_an_activity_without_a_position_lends_no_time_to_the_next() -> None:
    nowhere = [np.nan, np.nan], [9000.0, 9001.0]
    seconds = np.arange(100.0)
    seconds[0] = np.nan
    assert runs(nowhere, (np.arange(100) * 5.0, seconds)) == [(1, 2, 101)]


def test_nor_do_the_steps_of_the_next_one_say_what_is_usual() -> None:
    assert runs(([0, 250, 550], [0, 1, 351]), (np.arange(100) * 5.0, np.arange(100.0)))[0] == (0, 0, 2)


@pytest.mark.parametrize("chance", range(5))
def test_of_intervals_in_any_order_the_middle_one_counts_ten_times(chance: int) -> None:
    usual = np.random.default_rng(chance).permutation(np.repeat([20.0, 50.0, 100.0], [30, 40, 30]))
    intervals = np.concatenate([usual[:50], [499.0], usual[50:70], [501.0], usual[70:]])
    east = np.concatenate([[0], np.cumsum(np.where(intervals > 100, 300.0, 10.0))])
    assert runs((east, np.concatenate([[0], np.cumsum(intervals)]))) == [(0, 0, 71), (0, 72, 102)]


@pytest.mark.parametrize(
    ("east", "seconds", "shown"),
    [
        ([-1500, -1250, -950, -700, -200, 0], [0, 1, 351, 352, 353, 354], (0, 0, 2)),
        ([-900, -650, -200, 0, 200, 650, 900, 1150, 1450], [0, 1, 2, 102, 103, 104, 105, 106, 456], (0, 6, 8)),
        ([0, 200, 650, 900, 1150, 1450], [0, 1, 2, 3, 4, 354], (0, 3, 5)),
    ],
    ids=["ending there", "halting there", "beginning there"],
)
def test_a_step_to_where_only_ends_are_hidden_teaches_nothing_and_every_other_does(
    east: list[float], seconds: list[float], shown: tuple[int, int, int]
) -> None:
    """Of an interval of 1 s and one of 350 s, the latter is the middle one; one more of 1 s would make it a gap."""
    assert runs((east, seconds), zones=[replace(around(EQUATOR), mode=ENDS_ONLY)]) == [shown]
