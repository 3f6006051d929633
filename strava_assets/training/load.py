"""Training load: what an activity costs, from power, else from the heart; and what days of it add up to.

What belongs here: the formulas, as functions of arrays. What does not: samples (``recorded``), tables (``figures``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strava_assets.training.best_efforts import Seconds
from strava_assets.training.recorded import Array, Indices, Recorded

#: Heart rates that a heart has, beats a minute; a strap that lost contact says others.
LEAST_BPM, MOST_BPM = 30, 240
#: A heart rate counts as reached once it was held this long in one activity, seconds.
_HELD = 10.0
#: Seconds that normalized power rolls over.
_ROLLING = 30
#: Fewer seconds than this are the rounding of sums.
_NOTHING = 1e-6
#: Banister's exponent (men's; women's is 1.67), and the share of the heart rate reserve at the lactate threshold.
_EXPONENT, _THRESHOLD = 1.92, 0.85
#: Days over which chronic and acute load decay.
CHRONIC, ACUTE = 42.0, 7.0

Matrix = NDArray[np.float64]


def normalized_power(seconds: Seconds, activities: int) -> Array:
    """The fourth root of the mean fourth power of power's rolling mean over 30 s, watts; NaN where there is none.

    Parameters
    ----------
    seconds : Seconds
    activities : int

    Notes
    -----
    A. R. Coggan, in H. Allen and A. Coggan, *Training and Racing with a Power Meter*, 2nd ed. 2010, ch. 7. The
    rolling mean goes over the clock's seconds, in which a gap is rest; it is averaged over the seconds of known power,
    from the 30th of a stretch on.
    """
    fourths, known = np.zeros(activities), np.zeros(activities)
    for number, place in seconds.stretches(_ROLLING):
        work = seconds.work[place]
        rolling = (work[_ROLLING:] - work[:-_ROLLING]) / _ROLLING
        weight = np.diff(seconds.known[place])[_ROLLING - 1 :]
        squares = rolling * rolling
        fourths[seconds.activity[number]] += float((squares * squares) @ weight)
        known[seconds.activity[number]] += float(weight.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known > _NOTHING, (fourths / known) ** 0.25, np.nan)


def seconds_of_power(seconds: Seconds, activities: int) -> tuple[Array, Array]:
    """Seconds of known power, and work in joules, of each activity."""
    ends = seconds.first + seconds.count - 1

    def total(line: Array) -> Array:
        return np.bincount(seconds.activity, line[ends] - line[seconds.first], activities).astype(float)

    return total(seconds.known), total(seconds.work)


def seconds_by_heart_rate(samples: Recorded, heartrate: Array) -> Matrix:
    """How long the heart beat how fast.

    Parameters
    ----------
    samples : Recorded
    heartrate : ndarray, shape (m,)
        Beats a minute of the samples that were given to `recorded`; what is unknown or impossible is left out.

    Returns
    -------
    ndarray, shape (activities, MOST_BPM + 1)
        Seconds, by beats a minute rounded to whole ones.
    """
    beats = heartrate[samples.sample]
    with np.errstate(invalid="ignore"):
        known = (beats >= LEAST_BPM) & (beats <= MOST_BPM)
    wide = MOST_BPM + 1
    place = samples.activity[known] * wide + np.rint(beats[known]).astype(np.int64)
    activities = len(samples.usual)
    return np.bincount(place, samples.hold[known], activities * wide).reshape(activities, wide).astype(float)


def highest_held(by_rate: Matrix) -> Array:
    """The highest heart rate at or above which an activity spent 10 s, beats a minute; NaN where there is none."""
    above = np.cumsum(by_rate[:, ::-1], axis=1)[:, ::-1]
    held = above >= _HELD
    highest = by_rate.shape[1] - 1 - held[:, ::-1].argmax(axis=1)
    return np.where(held.any(axis=1), highest, np.nan)


def stress_from_power(seconds: Array, normalized: Array, threshold: Array) -> tuple[Array, Array]:
    """Intensity factor and training stress score.

    Parameters
    ----------
    seconds : ndarray
        Of known power.
    normalized, threshold : ndarray
        Normalized and functional threshold power, watts.

    Notes
    -----
    ``IF = NP / FTP`` and ``TSS = seconds · NP · IF / (FTP · 3600) · 100``: an hour at threshold is 100. Source as of
    `normalized_power`.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        intensity = normalized / threshold
    return intensity, seconds * intensity**2 / 36.0


def stress_from_heart(rates: Array, seconds: Array, owner: Indices, rest: Array, highest: Array) -> Array:
    """Banister's training impulse, scaled so that an hour at the lactate threshold is 100.

    Parameters
    ----------
    rates, seconds : ndarray, shape (k,)
        Heart rates, beats a minute, and how long each was held.
    owner : ndarray of int, shape (k,)
        Index of the activity of each.
    rest, highest : ndarray, shape (activities,)
        The athlete's resting and highest heart rate; NaN where unknown.

    Returns
    -------
    ndarray, shape (activities,)
        NaN where the heart is unknown.

    Notes
    -----
    ``TRIMP = Σ minutes · r · e^(1.92 r)`` with ``r = (rate - rest) / (highest - rest)``, the share of the heart rate
    reserve [1]_; a constant factor before it is lost in the scaling. The threshold is taken at 85 % of the reserve,
    as others do who scale so [2]_.

    .. [1] R. H. Morton, J. R. Fitz-Clarke and E. W. Banister, "Modeling human performance in running", Journal of
       Applied Physiology 69 (1990) 1171-1177; E. W. Banister, "Modeling elite athletic performance", in
       *Physiological Testing of the High-Performance Athlete*, 2nd ed. 1991.
    .. [2] https://github.com/thomaschampagne/elevate/issues/341 and /408 (heart rate stress score).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        reserve = np.clip((rates - rest[owner]) / (highest - rest)[owner], 0.0, 1.0)
    impulse = np.bincount(owner, seconds / 60 * _impulse(reserve), len(rest))
    told = np.bincount(owner, seconds, len(rest)) > 0
    return np.where(told & (highest > rest), impulse / (60 * _impulse(_THRESHOLD)) * 100, np.nan)


def chronic_and_acute(loads: Array) -> tuple[Array, Array, Array]:
    """Chronic load, acute load and form of days that follow one another, beginning from nothing.

    Parameters
    ----------
    loads : ndarray, shape (days,)
        The sum of each day's loads; 0 on a day without any.

    Returns
    -------
    ndarray, ndarray, ndarray
        ``today = yesterday + (load - yesterday) · (1 - e^(-1/days))`` with 42 and 7 days, and yesterday's chronic
        less yesterday's acute load.

    Notes
    -----
    A. R. Coggan, "The Science of the TrainingPeaks Performance Manager", after Banister's impulse-response model:
    http://home.trainingpeaks.com/blog/article/the-science-of-the-performance-manager
    """
    chronic, acute = (_decaying(loads, days) for days in (CHRONIC, ACUTE))
    form = np.append(0.0, (chronic - acute)[:-1])
    return chronic, acute, form[: len(loads)]


def _decaying(loads: Array, days: float) -> Array:
    share = 1 - np.exp(-1 / days)
    found, today = np.empty(len(loads)), 0.0
    for day, load in enumerate(loads.tolist()):
        today += (load - today) * share
        found[day] = today
    return found


def _impulse(reserve: Array | float) -> Array:
    return np.asarray(reserve * np.exp(_EXPONENT * np.asarray(reserve)))
