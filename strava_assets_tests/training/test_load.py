"""Training load: Coggan's and Banister's formulas, by other means."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.training.best_efforts import by_second
from strava_assets.training.load import (
    chronic_and_acute,
    highest_held,
    normalized_power,
    seconds_by_heart_rate,
    seconds_of_power,
    stress_from_heart,
    stress_from_power,
)
from strava_assets.training.recorded import Recorded, recorded
from strava_assets_tests.training import plainly
from strava_assets_tests.training.plainly import POWER, STEPS, recordings


def one(time: list[float], values: list[float]) -> tuple[Recorded, np.ndarray]:
    return recorded(np.zeros(len(time), np.int64), np.array(time, float), 1), np.array(values, float)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1500), min_size=30, max_size=200))
def test_normalized_power_of_every_second_is_pandas_rolling_mean(watts: list[float]) -> None:
    ours, values = one([*map(float, range(len(watts)))], watts)
    (found,) = normalized_power(by_second(ours, values), 1)
    expected = (pd.Series(watts).rolling(30).mean().dropna() ** 4).mean() ** 0.25
    assert found == pytest.approx(expected, abs=1e-3)


@settings(deadline=None)
@given(recordings(POWER, STEPS))
def test_normalized_power_weighs_seconds_by_what_is_known_of_them(recording: tuple[list[float], list[float]]) -> None:
    time, watts = recording
    ours, values = one(time, watts)
    seconds = by_second(ours, values)
    (found,) = normalized_power(seconds, 1)
    fourths = weights = known = 0.0
    for stretch in plainly.stretches(time, watts):
        known += sum(hold for _, hold, value in stretch if plainly.watts(value) is not None)
        second, end = stretch[0][0] + 29, stretch[-1][0] + stretch[-1][1]
        ones = [(t, hold, 1.0 if plainly.watts(value) is not None else math.nan) for t, hold, value in stretch]
        while second + 1 <= end + 1e-6:
            weight = plainly.work_between(ones, second, second + 1)
            fourths += weight * (plainly.work_between(stretch, second - 29, second + 1) / 30) ** 4
            weights += weight
            second += 1
    if weights < 1e-6:
        assert not found > 1e-3
    else:
        assert found == pytest.approx((fourths / weights) ** 0.25, rel=1e-6, abs=1e-3)
    # parts of a second at the end of a stretch are no whole second
    assert seconds_of_power(seconds, 1)[0][0] == pytest.approx(known, abs=1.0 * max(1, len(seconds.first)))


def test_an_hour_at_threshold_is_a_hundred() -> None:
    intensity, stress = stress_from_power(
        np.array([3600.0, 1800.0]), np.array([250.0, 300.0]), np.array([250.0, 250.0])
    )
    assert intensity.tolist() == pytest.approx([1.0, 1.2])
    assert stress.tolist() == pytest.approx([100.0, 1800 * 300 * 1.2 / (250 * 3600) * 100])
    # the threshold's heart rate is 85 % of the reserve
    hour = stress_from_heart(np.array([162.0]), np.array([3600.0]), np.array([0]), np.array([60.0]), np.array([180.0]))
    assert hour.tolist() == pytest.approx([100.0])


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 255), st.sampled_from([1.0, 2.0, 5.0, 40.0])), max_size=40))
def test_the_hearts_load_is_banisters_sum_over_samples(beats: list[tuple[int, float]]) -> None:
    time = np.cumsum([0.0] + [step for _, step in beats])[: len(beats)].tolist()
    rates = [float(rate) for rate, _ in beats]
    ours, values = one(time, rates)
    by_rate = seconds_by_heart_rate(ours, values)
    _, which = np.nonzero(by_rate)
    (found,) = stress_from_heart(
        which.astype(float), by_rate[0, which], np.zeros(len(which), np.int64), np.array([50.0]), np.array([190.0])
    )
    held = [
        (rate, hold) for stretch in plainly.stretches(time, rates) for _, hold, rate in stretch if 30 <= rate <= 240
    ]

    def impulse(rate: float, seconds: float) -> float:
        reserve = min(max((rate - 50) / 140, 0.0), 1.0)
        return seconds / 60 * reserve * 0.64 * math.exp(1.92 * reserve)

    if not sum(hold for _, hold in held):
        assert math.isnan(found)
    else:
        threshold = impulse(50 + 0.85 * 140, 3600)
        assert found == pytest.approx(100 * sum(impulse(*part) for part in held) / threshold)
    highest = [rate for rate, _ in held if sum(hold for other, hold in held if other >= rate) >= 10]
    assert highest_held(by_rate)[0] == pytest.approx(max(highest, default=math.nan), nan_ok=True)


@settings(deadline=None)
@given(st.lists(st.floats(0, 400), max_size=80))
def test_chronic_and_acute_load_decay(loads: list[float]) -> None:
    chronic, acute, form = chronic_and_acute(np.array(loads))
    assert chronic.tolist() == pytest.approx(plainly.loads(loads, 42))
    assert acute.tolist() == pytest.approx(plainly.loads(loads, 7))
    before = [0.0, *(c - a for c, a in zip(chronic, acute, strict=True))]
    assert form.tolist() == pytest.approx(before[: len(loads)])


def test_six_weeks_of_the_same_make_two_thirds_of_it() -> None:
    chronic, _, form = chronic_and_acute(np.full(42, 100.0))
    assert chronic[-1] == pytest.approx(100 * (1 - math.exp(-1)))
    assert form[-1] < 0
