"""The same figures, computed as their definitions read: one sample, one second, one window after the other.

What belongs here: slow, plain Python, and recordings to try it on. What does not: anything of ``strava_assets``
but names of standard efforts.
"""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

#: One stretch: (time, hold, value) of each sample.
Stretch = list[tuple[float, float, float]]


def stretches(times: list[float], values: list[float]) -> list[Stretch]:
    """Samples of one activity with what they stand for, split where the clock goes back or rests for half an hour."""
    samples = [(t, v) for t, v in zip(times, values, strict=True) if math.isfinite(t)]
    steps = [b[0] - a[0] for a, b in pairwise(samples)]
    ordinary = [step for step in steps if 0 < step <= 1800]
    usual = statistics.median(ordinary) if ordinary else 1.0
    gap = min(max(5 * usual, 5.0), 60.0)
    found: list[Stretch] = []
    for place, (time, value) in enumerate(samples):
        if place == 0 or not 0 <= steps[place - 1] <= 1800:
            found.append([])
        step = steps[place] if place < len(steps) else -1.0
        found[-1].append((time, step if 0 <= step <= gap else min(usual, gap), value))
    return found


def usual_step(times: list[float]) -> float:
    known = [t for t in times if math.isfinite(t)]
    steps = [b - a for a, b in pairwise(known) if 0 < b - a <= 1800]
    return statistics.median(steps) if steps else 1.0


def watts(value: float) -> float | None:
    return value if math.isfinite(value) and 0 <= value <= 3000 else None


def work_between(stretch: Stretch, begin: float, end: float) -> float:
    """Joules: each sample's watts for as long as it stands for, where that is in the window."""
    return sum(
        (watts(value) or 0.0) * max(0.0, min(end, time + hold) - max(begin, time)) for time, hold, value in stretch
    )


def best_power(times: list[float], values: list[float], duration: int) -> float | None:
    """The highest mean power of windows that begin at a whole second of a stretch."""
    if duration < usual_step(times) or not any(watts(v) is not None for v in values):
        return None
    best = None
    for stretch in stretches(times, values):
        begin, end = stretch[0][0], stretch[-1][0] + stretch[-1][1]
        while begin + duration <= end + 1e-6:
            mean = work_between(stretch, begin, begin + duration) / duration
            best = mean if best is None else max(best, mean)
            begin += 1
    return best


def walked(times: list[float], metres: list[float]) -> list[list[tuple[float, float]]]:
    """(time, metres that count) of every sample, split where clock or odometer go back."""
    samples = [(t, d) for t, d in zip(times, metres, strict=True) if math.isfinite(t) and math.isfinite(d)]
    found: list[list[tuple[float, float]]] = []
    for place, (time, distance) in enumerate(samples):
        if place:
            step, ahead = time - samples[place - 1][0], distance - samples[place - 1][1]
        if place == 0 or not 0 <= step <= 1800 or ahead < -1:
            found.append([(time, 0.0)])
            continue
        counts = 0 < ahead <= 12 * step and step <= 60
        found[-1].append((time, found[-1][-1][1] + (ahead if counts else 0.0)))
    return found


def time_over(line: list[tuple[float, float]], begin: float, length: float) -> float | None:
    """Seconds from a moment until so many more metres are done."""
    times, done = (np.array(part) for part in zip(*line, strict=True))
    goal = np.interp(begin, times, done) + length
    for (t0, d0), (t1, d1) in pairwise(line):
        if d1 >= goal - 1e-9 and t1 >= begin and d1 > d0:
            return max(t0 + (goal - d0) / (d1 - d0) * (t1 - t0), begin) - begin
    return None


def loads(values: list[float], days: float) -> list[float]:
    share, today, found = 1 - math.exp(-1 / days), 0.0, []
    for value in values:
        today = today + (value - today) * share
        found.append(today)
    return found


@st.composite
def recordings(draw: st.DrawFn, value: st.SearchStrategy[float], steps: list[float]) -> tuple[list[float], list[float]]:
    """Times of all kinds, and values."""
    count = draw(st.integers(0, 30))
    times = np.cumsum(draw(st.lists(st.sampled_from(steps), min_size=count, max_size=count))).tolist()
    for place in draw(st.lists(st.integers(0, 40), max_size=2)):
        if place < count:
            times[place] = math.nan
    return times, draw(st.lists(value, min_size=count, max_size=count))


#: Steps of a clock: ordinary ones, pauses, rests, standstill, and back.
STEPS = [1.0, 1.0, 1.0, 1.0, 2.0, 3.5, 0.25, 7.0, 30.0, 90.0, 2000.0, 0.0, -5.0]
#: What power meters say, and what they must not.
POWER = st.one_of(st.floats(0, 1500, width=32), st.sampled_from([0.0, 65535.0, -3.0, math.nan, 3000.0]))
