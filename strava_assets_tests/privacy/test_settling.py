"""What drifts from the door on is silent until it no longer tells for how long."""

from __future__ import annotations

import numpy as np
import pytest

from strava_assets.privacy import settling
from strava_assets.privacy.cut import Runs, Samples

EVERY = 10.0


def one_ride(count: int = 400) -> Samples:
    time = np.arange(count) * EVERY
    return Samples(np.linspace(8, 8.2, count), np.full(count, 47.0), time, np.array([0, count]))


def runs(*spans: tuple[int, int], activity: int = 0) -> Runs:
    first, last = np.array(spans).T
    return Runs(np.full(len(first), activity), first, last)


def silent(samples: Samples, visible: Runs, channel: str) -> np.ndarray:
    """The visible samples, counted from each run's first, at which a channel says nothing."""
    values = settling.settled(samples, visible, {channel: np.full(len(samples.time), 100.0)})[channel]
    return np.flatnonzero(np.isnan(values))


@pytest.mark.parametrize(("channel", "seconds"), [("heartrate", 600), ("temp", 1800)])
def test_a_channel_is_silent_after_a_hidden_part_and_back_when_it_has_settled(channel: str, seconds: int) -> None:
    gone = silent(one_ride(), runs((30, 399)), channel)
    assert gone.tolist() == list(range(30, 30 + int(seconds / EVERY)))


def test_a_ride_that_begins_in_public_is_silent_nowhere() -> None:
    assert not len(silent(one_ride(), runs((0, 399)), "temp"))


def test_the_way_back_home_is_told_until_it_is_hidden() -> None:
    assert not len(silent(one_ride(), runs((0, 250)), "heartrate"))


def test_a_stop_at_home_on_the_way_is_hidden_like_a_start() -> None:
    assert silent(one_ride(), runs((0, 100), (150, 399)), "heartrate").tolist() == list(range(150, 210))


def test_a_pause_in_public_hides_nothing_and_ends_no_silence() -> None:
    assert not len(silent(one_ride(), runs((0, 100), (101, 399)), "heartrate"))
    assert silent(one_ride(), runs((30, 50), (51, 399)), "heartrate").tolist() == list(range(30, 90))


def test_two_pauses_in_public_end_no_silence_either_whoever_else_rode_that_month() -> None:
    month = one_ride(800)
    month = Samples(month.lon, month.lat, np.tile(np.arange(400) * EVERY, 2), np.array([0, 400, 800]))
    first, last = np.array([(0, 399), (430, 440), (441, 450), (451, 799)]).T
    assert silent(month, Runs(np.array([0, 1, 1, 1]), first, last), "heartrate").tolist() == list(range(430, 490))


def test_it_ends_with_the_millisecond() -> None:
    ride = one_ride()
    for late, gone in ((0.0, 90), (-0.001, 91)):
        ride.time[90] = 900 + late
        assert silent(ride, runs((30, 399)), "heartrate").tolist() == list(range(30, gone))


def test_neighbours_in_a_month_are_strangers() -> None:
    """The last sample of one ride and the first of the next follow each other in the table only."""
    both = one_ride(800)
    both = Samples(both.lon, both.lat, np.tile(np.arange(400) * EVERY, 2), np.array([0, 400, 800]))
    visible = Runs(np.array([0, 1]), np.array([30, 400]), np.array([399, 799]))
    assert silent(both, visible, "heartrate").max() < 400
    visible = Runs(np.array([0, 1]), np.array([0, 430]), np.array([399, 799]))
    assert silent(both, visible, "heartrate").tolist() == list(range(430, 490))


@pytest.mark.parametrize("delay", [0.0, 0.001, 33.37, 4096.1, 77777.77])
def test_how_long_was_hidden_does_not_decide_when_the_silence_ends(delay: float) -> None:
    ride = one_ride()
    later = Samples(ride.lon, ride.lat, ride.time * 0.999 + np.where(np.arange(400) >= 30, delay, 0), ride.starts)
    now = Samples(ride.lon, ride.lat, ride.time * 0.999, ride.starts)
    assert silent(later, runs((30, 399)), "heartrate").tolist() == silent(now, runs((30, 399)), "heartrate").tolist()


def test_a_sample_without_a_time_says_nothing() -> None:
    ride = one_ride()
    ride.time[300] = np.nan
    assert 300 in silent(ride, runs((30, 399)), "heartrate")


def test_other_channels_and_the_recording_itself_are_left_alone() -> None:
    ride, heart = one_ride(), np.full(400, 100.0)
    found = settling.settled(ride, runs((30, 399)), {"heartrate": heart, "altitude": heart})
    assert np.isfinite(heart).all()
    assert found["altitude"] is heart
