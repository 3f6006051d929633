"""Eddington numbers and streaks, held against counting."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.training.eddington import UNITS, levels
from strava_assets.training.streaks import streaks

MONDAY = date(2024, 1, 1)


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 30_000), st.integers(0, 30).map(lambda n: n * 1000.0)), max_size=60))
def test_the_number_is_reached_on_the_day_that_makes_it(metres: list[float]) -> None:
    days, reached = levels(np.array(metres), UNITS["km"])
    whole = [int((length + 0.01) // 1000) for length in metres]

    def number(some: list[int]) -> int:
        return max((e for e in range(len(some) + 1) if sum(length >= e for length in some) >= e), default=0)

    assert len(days) == max(whole, default=0)
    assert days.tolist() == [sum(length >= level for length in whole) for level in range(1, len(days) + 1)]
    history = [number(whole[: day + 1]) for day in range(len(whole))]
    assert reached.tolist() == [
        next((day for day, then in enumerate(history) if then >= level), -1) for level in range(1, len(days) + 1)
    ]
    assert (reached >= 0).sum() == number(whole)


def test_ten_rides_of_ten_to_a_hundred_make_ten() -> None:
    _, reached = levels(np.arange(10, 101, 10) * 1000.0, UNITS["km"])
    assert (reached >= 0).sum() == 10
    _, reached = levels(np.arange(10, 101, 10) * 1000.0, UNITS["mile"])
    assert (reached >= 0).sum() == 9  # 6.2, 12.4, … miles


def test_a_sum_of_floats_that_falls_short_of_a_kilometre_is_one() -> None:
    days, _ = levels(np.array([sum([0.1] * 10_000)]), UNITS["km"])
    assert days.tolist() == [1]
    assert levels(np.array([np.nan, 0.0]), UNITS["km"])[0].tolist() == []


@settings(deadline=None)
@given(st.lists(st.integers(-400, 400), max_size=60))
def test_a_streak_is_as_long_as_there_is_something_every_day(numbers: list[int]) -> None:
    there = {MONDAY + timedelta(days=number) for number in numbers}
    for span in (1, 7):
        periods = {day - timedelta(days=day.weekday() if span == 7 else 0) for day in there}
        expected = []
        for first in sorted(periods):
            if first - timedelta(days=span) in periods:
                continue
            last = first
            while last + timedelta(days=span) in periods:
                last += timedelta(days=span)
            expected.append((first, last, (last - first).days // span + 1))
        days = np.array([MONDAY + timedelta(days=number) for number in numbers], "datetime64[D]")
        found = streaks(days, span)
        assert list(zip(*(column.tolist() for column in found), strict=True)) == expected


def test_sunday_and_monday_are_two_days_and_two_weeks() -> None:
    days = np.array(["2024-01-07", "2024-01-08", "2024-01-08"], "datetime64[D]")
    assert [column.tolist() for column in streaks(days, 1)] == [[date(2024, 1, 7)], [date(2024, 1, 8)], [2]]
    assert [column.tolist() for column in streaks(days, 7)] == [[date(2024, 1, 1)], [date(2024, 1, 8)], [2]]
