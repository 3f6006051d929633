"""Best efforts: as their definition reads, whatever clocks, sensors and odometers do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.training.best_efforts import DISTANCES, DURATIONS, Efforts, best_powers, best_times, by_second
from strava_assets.training.recorded import recorded
from strava_assets_tests.training import plainly
from strava_assets_tests.training.plainly import POWER, STEPS, recordings

Recording = tuple[list[float], list[float]]


def together(activities: list[Recording]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    owner = np.repeat(np.arange(len(activities)), [len(times) for times, _ in activities])
    times, values = (
        np.concatenate([np.array(part, float) for part in parts]) for parts in zip(*activities, strict=True)
    )
    return owner, times, values


def powers(*activities: Recording) -> list[dict[str, tuple[float, float]]]:
    owner, time, watts = together(list(activities))
    ours = recorded(owner, time, len(activities))
    return by_name(best_powers(by_second(ours, watts), ours.usual), [*DURATIONS], len(activities))


def times(*activities: Recording) -> list[dict[str, tuple[float, float]]]:
    owner, time, metres = together(list(activities))
    known = np.isfinite(metres)
    ours = recorded(owner[known], time[known], len(activities))
    return by_name(best_times(ours, metres[known]), [*DISTANCES], len(activities))


def by_name(efforts: Efforts, names: list[str], activities: int) -> list[dict[str, tuple[float, float]]]:
    found: list[dict[str, tuple[float, float]]] = [{} for _ in range(activities)]
    for activity, effort, value, start in zip(
        efforts.activity, efforts.effort, efforts.value, efforts.start, strict=True
    ):
        found[activity][names[effort]] = (value, start)
    return found


@settings(deadline=None)
@given(st.lists(recordings(POWER, STEPS), min_size=1, max_size=3))
def test_power_is_the_highest_mean_of_any_window(activities: list[Recording]) -> None:
    for found, (time, watts) in zip(powers(*activities), activities, strict=True):
        for name in ("5 s", "10 s", "15 s", "20 s", "30 s", "1 min", "2 min"):
            expected = plainly.best_power(time, watts, DURATIONS[name])
            if expected is None:
                assert name not in found
                continue
            value, start = found[name]
            assert value == pytest.approx(expected, abs=1e-3)
            # and there it is
            assert any(
                plainly.work_between(stretch, start, start + DURATIONS[name]) / DURATIONS[name]
                == pytest.approx(value, abs=1e-3)
                for stretch in plainly.stretches(time, watts)
            )


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([5.0, 10.0, 20.0, 40.0, 61.0, 300.0, 2000.0, 0.0, -1.0]), st.floats(-2, 15)),
        max_size=60,
    ),
    st.sampled_from([0, 0, 0, 7]),
)
def test_no_window_over_a_distance_is_shorter(steps: list[tuple[float, float]], lost: int) -> None:
    time = np.cumsum([0.0] + [step for step, _ in steps]).tolist()
    metres = np.cumsum([0.0] + [abs(step) * pace for step, pace in steps]).tolist()
    if lost and lost < len(metres):
        metres[lost] = math.nan
    (found,) = times((time, metres))
    lines = [line for line in plainly.walked(time, metres) if len(line) > 1]
    for name, length in DISTANCES.items():
        takes = [
            value
            for line in lines
            for begin in {*np.linspace(line[0][0], line[-1][0], 90).tolist(), *(t for t, _ in line)}
            if (value := plainly.time_over(line, begin, length)) is not None
        ]
        if not any(line[-1][1] >= length for line in lines):
            assert name not in found or any(line[-1][1] >= length - 2e-3 for line in lines)
            continue
        best, start = found[name]
        assert all(best <= value + 1e-3 for value in takes)
        # and there it is: so many metres are done between its ends
        assert any(
            np.interp(start + best, *map(list, zip(*line, strict=True)))
            - np.interp(start, *map(list, zip(*line, strict=True)))
            >= length - 2e-3
            for line in lines
        )


def test_what_a_device_does_not_know_is_no_work() -> None:
    even = ([float(t) for t in range(60)], [200.0] * 60)
    holes = (even[0], [200.0] * 30 + [65535.0, math.nan, -1.0] * 10)
    (whole, torn) = powers(even, holes)
    assert whole["1 min"][0] == pytest.approx(200.0)
    assert torn["1 min"][0] == pytest.approx(100.0)
    assert torn["30 s"][0] == pytest.approx(200.0)


def test_a_pause_takes_time_and_gives_nothing() -> None:
    clock = [float(t) for t in (*range(20), *range(60, 80))]
    (found,) = powers((clock, [900.0] * 40))
    assert found["20 s"][0] == pytest.approx(900.0)
    assert found["30 s"][0] == pytest.approx(600.0)  # 20 s of it: nobody knows of more
    assert found["1 min"][0] == pytest.approx(300.0)
    assert "2 min" not in found


def test_samples_of_every_ten_seconds_say_nothing_of_five() -> None:
    (found,) = powers(([float(t) for t in range(0, 600, 10)], [300.0] * 60))
    assert "5 s" not in found
    assert found["10 s"][0] == pytest.approx(300.0)
    assert found["10 min"][0] == pytest.approx(300.0)


def test_an_effort_does_not_go_on_over_half_an_hour_of_rest() -> None:
    clock = [float(t) for t in (*range(1500), *range(4000, 5500))]
    (found,) = powers((clock, [250.0] * 3000))
    assert "20 min" in found
    assert "60 min" not in found


def test_a_clock_that_says_years_makes_no_seconds() -> None:
    years = [float(t) for t in range(0, 1700 * 2000, 1700)]
    owner, time, watts = together([(years, [200.0] * 2000)])
    assert len(by_second(recorded(owner, time, 1), watts).work) == 0
    assert powers((years, [200.0] * 2000)) == [{}]


def test_a_tunnel_is_not_run_at_the_speed_of_a_train() -> None:
    clock = [float(t) for t in range(1000)]
    run = [3.0 * t for t in clock]
    jump = [d + (2000 if t >= 500 else 0) for t, d in zip(clock, run, strict=True)]
    (plain, jumped) = times((clock, run), (clock, jump))
    assert plain["1 km"][0] == pytest.approx(1000 / 3, abs=0.01)
    assert jumped["1 km"][0] == pytest.approx(1000 / 3, abs=0.01)  # before or after it
    assert set(plain) == set(jumped) == {"400 m", "1/2 mile", "1 km", "1 mile"}
    assert jumped["1 mile"][0] == pytest.approx(
        1609.344 / 3 + 1, abs=0.01
    )  # over it: the time counts, the metres do not


def test_an_odometer_that_begins_anew_ends_an_effort() -> None:
    clock = [float(t) for t in range(600)]
    (found,) = times((clock, [3.0 * (t % 300) for t in clock]))
    assert set(found) == {"400 m", "1/2 mile"}


def test_nothing_recorded_is_no_effort() -> None:
    assert powers(([], []), ([math.nan], [200.0]), ([0.0], [200.0]), ([0.0, 0.0], [200.0, 200.0])) == [{}, {}, {}, {}]
    assert times(([], []), ([0.0], [0.0]), ([0.0, 1.0], [math.nan, math.nan]), ([0.0, 400.0], [0.0, 0.0])) == [{}] * 4
