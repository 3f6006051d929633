"""Best efforts: the highest mean power over standard times, the shortest time over standard distances.

What belongs here: finding them in samples. What does not: which of them is a record (``figures``).

Both go by the clock, as races do, and as Strava's best efforts: "always based on elapsed time" [1]_. Rests count, up
to half an hour (``recorded``); over a gap no work was done, and the time passes.

.. [1] https://support.strava.com/hc/en-us/articles/115001188684-Moving-Time-Speed-and-Pace-Calculations
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from strava_assets.training.recorded import Array, Indices, Recorded

#: Standard times for power, seconds.
DURATIONS: dict[str, int] = {
    "5 s": 5,
    "10 s": 10,
    "15 s": 15,
    "20 s": 20,
    "30 s": 30,
    "1 min": 60,
    "2 min": 120,
    "5 min": 300,
    "10 min": 600,
    "20 min": 1200,
    "30 min": 1800,
    "60 min": 3600,
}
#: Standard distances on foot, metres.
DISTANCES: dict[str, float] = {
    "400 m": 400.0,
    "1/2 mile": 804.672,
    "1 km": 1000.0,
    "1 mile": 1609.344,
    "5 km": 5000.0,
    "10 km": 10_000.0,
    "half marathon": 21_097.5,
    "marathon": 42_195.0,
}
#: No leg turns a crank with more, watts; FIT's 65535 means that the device does not know.
_MOST_WATTS = 3000.0
#: Nobody on foot is faster, m/s: a satellite lost and found again.
_FASTEST = 12.0
#: Metres count if the odometer was read again so soon, seconds: longer than other gaps, for they were measured.
_ODOMETER = 60.0
#: An odometer may tremble by so much, metres; one that goes back farther ends a stretch.
_TREMBLE = 1.0
#: Sums of metres are this exact.
_ROUNDING = 1e-3
#: A recording that says it is longer has a broken clock, seconds: nothing is told of its power.
_LONGEST = 14 * 86_400.0


@dataclass(frozen=True)
class Efforts:
    """Best efforts, one a row.

    Attributes
    ----------
    activity : ndarray of int, shape (k,)
        Index of the activity.
    effort : ndarray of int, shape (k,)
        Place in `DURATIONS` or `DISTANCES`.
    value : ndarray, shape (k,)
        Mean watts, or seconds.
    start : ndarray, shape (k,)
        When it began: the recording's own seconds.
    """

    activity: Indices
    effort: Indices
    value: Array
    start: Array


@dataclass(frozen=True)
class Seconds:
    """Work at every whole second of each stretch, one stretch after the other.

    Attributes
    ----------
    work, known : ndarray, shape (s,)
        Joules, and seconds of known power, since some beginning; they never fall.
    first, count : ndarray of int, shape (stretches,)
        Where each stretch is in them: ``count`` points are ``count - 1`` seconds.
    activity : ndarray of int, shape (stretches,)
    start : ndarray, shape (stretches,)
        The recording's own seconds at the first point.
    """

    work: Array
    known: Array
    first: Indices
    count: Indices
    activity: Indices
    start: Array

    def stretches(self, shortest: int) -> Iterator[tuple[int, slice]]:
        """Number and place of every stretch of so many seconds at least."""
        for number in np.flatnonzero(self.count > shortest).tolist():
            yield number, slice(self.first[number], self.first[number] + self.count[number])


def plausible_watts(watts: Array) -> Array:
    """Watts that legs can give; NaN for all others."""
    with np.errstate(invalid="ignore"):
        return np.where((watts >= 0) & (watts <= _MOST_WATTS), watts, np.nan)


def by_second(samples: Recorded, watts: Array) -> Seconds:
    """Work by whole seconds since each stretch began, whatever the sampling.

    Parameters
    ----------
    samples : Recorded
    watts : ndarray, shape (m,)
        Of the samples that were given to `recorded`; what is unknown or impossible is no work.
    """
    watts = plausible_watts(watts[samples.sample])
    # recordings without power, or with a broken clock, need no seconds
    activities = len(samples.usual)
    told = np.bincount(samples.activity, np.isfinite(watts), activities) > 0
    told &= np.bincount(samples.activity, samples.step, activities) <= _LONGEST
    chosen = told[samples.activity]
    if not chosen.any():
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return Seconds(nothing, nothing, none, none, none, nothing)
    watts, time, hold = watts[chosen], samples.time[chosen], samples.hold[chosen]
    activity, stretch = samples.activity[chosen], samples.stretch[chosen]
    last = np.diff(stretch, append=-1) != 0

    # where a sample does not stand for the time until the next one, another, of nothing, does
    times = 1 + (samples.is_gap[chosen] | last)
    row = np.repeat(np.arange(len(watts)), times)
    added = np.append(False, np.diff(row) == 0)
    moment = time[row] + np.where(added, hold[row], 0.0)
    power = np.where(added, np.nan, watts[row])
    heads = np.flatnonzero(np.diff(stretch[row], prepend=-1))
    ends = np.append(heads[1:], len(row)) - 1

    # each stretch after the other on one axis of seconds
    start, length = moment[heads], moment[ends] - moment[heads]
    count = np.floor(length + 1e-6).astype(np.int64) + 1
    first = np.cumsum(count) - count
    axis = moment + np.repeat(first - start, np.diff(np.append(heads, len(row))))
    step = np.append(np.diff(moment), 0.0)  # from one stretch to the next nothing is known
    known = np.isfinite(power)
    points = np.arange(count.sum(), dtype=float)
    return Seconds(
        work=np.interp(points, axis, _running(np.where(known, power, 0.0) * step)),
        known=np.interp(points, axis, _running(known * step)),
        first=first,
        count=count,
        activity=activity[row][heads],
        start=start,
    )


def best_powers(seconds: Seconds, usual: Array) -> Efforts:
    """The highest mean power over each of `DURATIONS`, of windows that begin at a whole second.

    Parameters
    ----------
    seconds : Seconds
    usual : ndarray, shape (activities,)
        Seconds between samples: over a shorter time than that nothing is told.

    Notes
    -----
    Mean maximal power, as in H. Allen and A. Coggan, *Training and Racing with a Power Meter*, 2nd ed. 2010.
    """
    rows = []
    durations = list(enumerate(DURATIONS.values()))
    for number, place in seconds.stretches(durations[0][1]):
        work, activity = seconds.work[place], seconds.activity[number]
        for effort, duration in durations:
            if len(work) <= duration:
                break
            if duration < usual[activity]:
                continue
            done = work[duration:] - work[:-duration]
            at = int(done.argmax())
            rows.append((activity, effort, done[at] / duration, seconds.start[number] + at))
    return _best(rows, highest=True)


def best_times(samples: Recorded, distance: Array) -> Efforts:
    """The shortest time over each of `DISTANCES`.

    Parameters
    ----------
    samples : Recorded
        Of samples whose distance is known.
    distance : ndarray, shape (m,)
        Cumulative metres of the samples that were given to `recorded`.

    Notes
    -----
    Between two samples the pace is taken to be even. The shortest window then begins or ends at a sample; both are
    looked for. Metres over more than a minute without a sample, or faster than any legs, do not count; their time does.
    """
    metres = distance[samples.sample]
    if not len(metres):
        return _best([], highest=False)
    ahead = np.diff(metres, append=metres[-1])
    stretch = samples.stretch + np.append(0, np.cumsum(ahead < -_TREMBLE)[:-1])
    believed = (ahead > 0) & (samples.step <= _ODOMETER) & (ahead <= _FASTEST * samples.step)
    walked = np.where(believed, ahead, 0.0)
    heads = np.flatnonzero(np.diff(stretch, prepend=-1))
    ends = np.append(heads[1:], len(metres))
    walked[ends - 1] = 0.0
    far_enough = np.add.reduceat(walked, heads) >= min(DISTANCES.values()) - _ROUNDING
    rows = []
    for head, end in zip(heads[far_enough], ends[far_enough], strict=True):
        time, done = samples.time[head:end], _running(walked[head:end])
        for effort, length in enumerate(DISTANCES.values()):
            if done[-1] < length - _ROUNDING:
                break
            seconds, start = _shortest(time, done, length)
            rows.append((samples.activity[head], effort, seconds, start))
    return _best(rows, highest=False)


def _shortest(time: Array, done: Array, length: float) -> tuple[float, float]:
    """The shortest time in which a never falling line rises by a length, and when it begins."""
    # windows that begin at a sample: when is the length reached?
    begins = np.arange(np.searchsorted(done, done[-1] - length + _ROUNDING, side="right"))
    goal = np.minimum(done[begins] + length, done[-1])
    after = np.searchsorted(done, goal, side="left")
    share = (goal - done[after - 1]) / (done[after] - done[after - 1])
    takes = time[after - 1] + share * (time[after] - time[after - 1]) - time[begins]
    # windows that end at a sample: when, at the latest, was the length before it?
    stops = np.arange(np.searchsorted(done, length - _ROUNDING, side="left"), len(done))
    origin = np.maximum(done[stops] - length, 0.0)
    before = np.searchsorted(done, origin, side="right") - 1
    share = (origin - done[before]) / (done[before + 1] - done[before])
    starts = time[before] + share * (time[before + 1] - time[before])
    lasts = time[stops] - starts
    one, other = int(takes.argmin()), int(lasts.argmin())
    if takes[one] <= lasts[other]:
        return float(takes[one]), float(time[begins[one]])
    return float(lasts[other]), float(starts[other])


def _running(steps: Array) -> Array:
    """The sum of all steps before each; there is one at least."""
    return np.append(0.0, np.cumsum(steps[:-1]))


def _best(rows: list[tuple[int, int, float, float]], highest: bool) -> Efforts:
    """Of each activity's stretches the best one; of equals the first."""
    table = np.array(rows, dtype=float).reshape(-1, 4)
    activity, effort = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    order = np.lexsort((table[:, 3], -table[:, 2] if highest else table[:, 2], effort, activity))
    activity, effort, table = activity[order], effort[order], table[order]
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(activity) != 0) | (np.diff(effort) != 0)
    return Efforts(activity[first], effort[first], table[first, 2], table[first, 3])
