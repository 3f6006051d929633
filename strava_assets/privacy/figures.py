"""The figures of what is visible: distance, times, climb, averages, from visible samples only.

What belongs here: one row of figures an activity, and the channels as they are published in each run.
What does not: whole-activity figures of the source; they would tell what was hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.cut import Runs, Samples

#: An odometer may be this much longer than the visible track before the track is believed (I5).
ODOMETER_SLACK = 1.02
#: Slower than this is standing, m/s.
_STANDING = 0.5
#: Climb counts only what rises by more than this, metres: a barometer's noise is less.
_CLIMB_NOISE = 2.0
#: Grade is over so much track to both sides, metres, and no more than this, percent.
_GRADE_REACH, _STEEPEST = 25.0, 50.0
#: More than any track is long, metres.
_APART = 1e8

Array = NDArray[np.float64]


@dataclass(frozen=True)
class VisibleSamples:
    """The samples of all visible runs, one after the other, re-based for publication.

    Attributes
    ----------
    index : ndarray of int, shape (v,)
        Flat index into `Samples`.
    run : ndarray of int, shape (v,)
        Index into `Runs`.
    time : ndarray, shape (v,)
        Seconds since the run's first sample.
    distance : ndarray, shape (v,)
        Metres since the run's first sample; NaN where unknown.
    chord : ndarray, shape (r,)
        Length of each run's track, metres.
    """

    index: NDArray[np.int64]
    run: NDArray[np.int64]
    time: Array
    distance: Array
    chord: Array


def rebased(samples: Samples, runs: Runs, odometer: Array) -> VisibleSamples:
    """Start ``time`` and ``distance`` at 0 in each run, from the run's own samples alone.

    Parameters
    ----------
    samples, runs
        From the cut.
    odometer : ndarray, shape (n,)
        Cumulative distance of each sample, metres; NaN where the source has none. It is believed in
        runs where it moves, never falls and is no more than 2 % longer than the track; else the track is.
    """
    index, run = runs.samples, runs.run_of_sample
    if not len(index):
        nothing = np.empty(0)
        return VisibleSamples(index, run, nothing, nothing, nothing)
    heads = np.flatnonzero(np.diff(run, prepend=-1))
    ends = np.append(heads[1:], len(index)) - 1
    time = _never_falling(_tenths(samples.time[index], run, heads), run)

    located = np.isfinite(samples.lon[index])
    where = np.flatnonzero(located)
    step = np.zeros(len(index) - 1)
    lengths = geodesy.step_lengths(samples.lon[index[where]], samples.lat[index[where]])
    step[where[1:] - 1] = np.where(np.diff(run[where]) == 0, lengths, 0.0)
    walked = geodesy.walked(step)
    chord = (walked[ends] - walked[heads]) / 1e6
    track = np.where(located, np.floor((walked - walked[heads][run]) / 1e5 + 0.5) / 10, np.nan)

    wheel = _tenths(odometer[index], run, heads)
    known = np.flatnonzero(np.isfinite(wheel))
    down = (np.diff(wheel[known]) < 0) & (np.diff(run[known]) == 0)
    believed = np.ones(len(heads), bool)
    believed[run[known[1:][down]]] = False
    believed[run[~np.isfinite(wheel) & located]] = False
    with np.errstate(invalid="ignore"):
        believed &= (wheel[ends] > 0) & (wheel[ends] <= ODOMETER_SLACK * chord)
    return VisibleSamples(index, run, time, np.where(believed[run], wheel, track), chord)


def _tenths(values: Array, run: NDArray[np.int64], heads: NDArray[np.int64]) -> Array:
    """Values since each run's first known one, rounded to tenths, NaN where unknown.

    Subtracted as whole millionths: a difference of floats, rounded, would hang on how large the hidden
    total before it was.
    """
    known = np.isfinite(values)
    millionths = np.rint(np.where(known, values, 0.0) * 1e6).astype(np.int64)
    first = np.minimum.reduceat(np.where(known, np.arange(len(values)), len(values) - 1), heads)
    since = millionths - millionths[first][run]
    return np.where(known, (since + 50_000) // 100_000 / 10, np.nan)


def _never_falling(time: Array, run: NDArray[np.int64]) -> Array:
    """Times of runs whose clock trembles, as late as they were before; a clock that goes back ends a run (`cut`)."""
    known = np.flatnonzero(np.isfinite(time))
    falls = known[1:][(np.diff(time[known]) < 0) & (np.diff(run[known]) == 0)]
    for trembling in np.unique(run[falls]):
        own = known[run[known] == trembling]
        time[own] = np.maximum.accumulate(time[own])
    return time


def figures(runs: Runs, visible: VisibleSamples, channels: Mapping[str, Array], activities: int) -> dict[str, Array]:
    """Figures of each activity, from what is visible of it.

    Parameters
    ----------
    runs : Runs
        From the cut.
    visible : VisibleSamples
        From `rebased`.
    channels : mapping of str to ndarray, shape (n,)
        ``altitude``, ``velocity_smooth``, ``heartrate``, ``cadence``, ``watts`` and ``moving`` (1, 0), NaN
        where absent.
    activities : int
        How many there are, visible or not.

    Returns
    -------
    dict of str to ndarray, shape (activities,)
        CONTRACT's names and units; NaN where a figure is not possible.
    """
    owner = runs.activity[visible.run]
    same_run = np.diff(visible.run) == 0
    elapsed = np.where(same_run, np.diff(visible.time), 0.0)
    elapsed = np.where(np.isfinite(elapsed), elapsed, 0.0)
    covered = _covered(visible)
    moving = _moving(visible, channels["moving"], covered, elapsed)

    def total(values: Array) -> Array:
        if not len(owner):
            return np.zeros(activities)
        return np.bincount(owner[1:], weights=values, minlength=activities).astype(float)

    distance, elapsed_time, moving_time = total(covered), total(elapsed), total(elapsed * moving)
    # a sample stands for the time until the next one, whatever the device's interval
    weight = np.append(elapsed, 0.0)
    weight = np.where(weight > 0, np.minimum(weight, 30.0), 0.0)
    result = {
        "distance": np.round(distance, 1),
        "elapsed_time": np.round(elapsed_time),
        "moving_time": np.round(moving_time),
        "total_elevation_gain": np.round(_climb(visible, channels["altitude"], runs, activities), 1),
        "max_speed": np.round(_highest(_speeds(visible, channels["velocity_smooth"], owner), owner, activities), 3),
        "average_heartrate": np.round(_mean(channels["heartrate"][visible.index], weight, owner, activities), 1),
        "max_heartrate": _highest(channels["heartrate"][visible.index], owner, activities),
        "average_cadence": np.round(
            _mean(
                channels["cadence"][visible.index], weight * (channels["cadence"][visible.index] > 0), owner, activities
            ),
            1,
        ),
        "average_watts": np.round(
            _mean(channels["watts"][visible.index], weight * np.append(moving, 0), owner, activities), 1
        ),
    }
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = result["distance"] / result["moving_time"]
        # rounded down, so that the product with moving_time is never more than the distance
        result["average_speed"] = np.where(result["moving_time"] > 0, np.floor(speed * 1000) / 1000, np.nan)
    return result


def derived(visible: VisibleSamples, channels: Mapping[str, Array], owner: NDArray[np.int64]) -> dict[str, Array]:
    """Speed and grade, of activities whose source has none from what is visible of them alone.

    Made here and not where samples are typed, because both are smoothed: a value beside the cut would carry
    samples from inside it (I4).

    Parameters
    ----------
    visible : VisibleSamples
    channels : mapping of str to ndarray, shape (n,)
        ``velocity_smooth``, ``grade_smooth`` and ``altitude``, NaN where absent.
    owner : ndarray of int, shape (v,)
        The activity of each visible sample.

    Returns
    -------
    dict of str to ndarray, shape (v,)
        ``velocity_smooth`` (m/s) over the next five samples, ``grade_smooth`` (percent, at most 50 as in Strava's
        streams) over 25 m of track to both sides; never across runs.
    """
    return {
        "velocity_smooth": _speeds(visible, channels["velocity_smooth"], owner),
        "grade_smooth": _grades(visible, channels["grade_smooth"], channels["altitude"], owner),
    }


def _covered(visible: VisibleSamples) -> Array:
    """Distance covered since the sample before, within runs, metres; positionless samples carry it on."""
    filled = _carried_forward(visible.distance)
    return np.where(np.diff(visible.run) == 0, np.maximum(np.diff(filled), 0.0), 0.0)


def _carried_forward(values: Array) -> Array:
    """Unknown values replaced by the last known one; a run's first is always known, so none is another run's."""
    known = np.where(np.isfinite(values), np.arange(len(values)), 0)
    return values[np.maximum.accumulate(known)]


def _moving(visible: VisibleSamples, recorded: Array, covered: Array, elapsed: Array) -> NDArray[np.bool_]:
    said = recorded[visible.index][1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        faster = covered / elapsed > _STANDING
    # what the source says holds for the usual interval; a long one is judged by its speed
    return np.where(np.isfinite(said) & (elapsed <= 30), said > 0, faster)


def _speeds(visible: VisibleSamples, recorded: Array, owner: NDArray[np.int64]) -> Array:
    """Speed at each sample, m/s: the source's where an activity has any, else over a few samples of its own run."""
    given = recorded[visible.index]
    if np.isfinite(given).all() or not len(given):
        return given
    width = 5
    distance = _carried_forward(visible.distance)
    heads = np.flatnonzero(np.diff(visible.run, prepend=-1))
    ends = np.append(heads[1:], len(given)) - 1
    ahead = np.minimum(np.arange(len(given)) + width, ends[visible.run])
    with np.errstate(invalid="ignore", divide="ignore"):
        speed = (distance[ahead] - distance) / (visible.time[ahead] - visible.time)
        speed[~(visible.time[ahead] - visible.time > 3) | (speed < 0)] = np.nan
    has_its_own = np.isin(owner, owner[np.isfinite(given)])
    return np.where(has_its_own, given, speed)


def _grades(visible: VisibleSamples, recorded: Array, altitude: Array, owner: NDArray[np.int64]) -> Array:
    """Grade at each sample, percent: the source's where an activity has any, else from its own run's profile."""
    given, height = recorded[visible.index], altitude[visible.index]
    known = np.flatnonzero(np.isfinite(height))
    if np.isfinite(given).all() or not len(known):
        return given
    # runs far apart on one line, so that one search serves all of them; whole millimetres, as a sum of two fractions
    # would be rounded by how many runs came before
    along = _carried_forward(visible.distance)[known]
    place = np.rint(along * 1000).astype(np.int64) + visible.run[known] * int(_APART * 1000)
    behind = np.searchsorted(place, place - int(_GRADE_REACH * 1000), side="left")
    ahead = np.searchsorted(place, place + int(_GRADE_REACH * 1000), side="right") - 1
    length = along[ahead] - along[behind]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.clip((height[known][ahead] - height[known][behind]) / length * 100, -_STEEPEST, _STEEPEST)
    grade = np.full(len(given), np.nan)
    grade[known] = np.where(length >= _GRADE_REACH / 2, slope, np.nan)
    has_its_own = np.isin(owner, owner[np.isfinite(given)])
    return np.where(has_its_own, given, grade)


def _climb(visible: VisibleSamples, altitude: Array, runs: Runs, activities: int) -> Array:
    """Metres risen in each activity: the profile of each run, simplified by 2 m, then summed."""
    height = altitude[visible.index]
    known = np.isfinite(height)
    climb = np.full(activities, np.nan)
    if not known.any():
        return climb
    run = visible.run[known]
    # far apart, so that deviation is vertical; counted from the run's own first sample, as other rides tell nothing
    position = (visible.index - runs.first[visible.run])[known] * 1e3
    enough = np.isin(run, np.flatnonzero(np.bincount(run) >= 2))
    if not enough.any():
        return climb
    names, whose = np.unique(run[enough], return_inverse=True)
    profiles = shapely.linestrings(np.column_stack([position[enough], height[known][enough]]), indices=whose)
    coords, line = shapely.get_coordinates(
        shapely.simplify(profiles, _CLIMB_NOISE, preserve_topology=False), return_index=True
    )
    rise = np.where(np.diff(line) == 0, np.maximum(np.diff(coords[:, 1]), 0.0), 0.0)
    owner = runs.activity[names]
    climb[np.unique(owner)] = 0.0
    np.add.at(climb, owner[line[1:]], rise)
    return climb


def _mean(values: Array, weight: Array, owner: NDArray[np.int64], activities: int) -> Array:
    """Mean of known values, weighted by the time they stand for."""
    known = np.isfinite(values)
    weights = np.bincount(owner[known], weights=weight[known], minlength=activities)
    sums = np.bincount(owner[known], weights=values[known] * weight[known], minlength=activities)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 0, sums / weights, np.nan)


def _highest(values: Array, owner: NDArray[np.int64], activities: int) -> Array:
    highest = np.full(activities, -np.inf)
    known = np.isfinite(values)
    np.maximum.at(highest, owner[known], values[known])
    return np.where(np.isfinite(highest), highest, np.nan)
