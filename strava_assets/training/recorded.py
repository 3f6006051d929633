"""What a recording's samples stand for: how long each, where nothing was recorded, where an effort cannot go on.

What belongs here: clocks, steps and gaps, whatever device wrote them. What does not: what was measured.

A sample stands for the time until the next one. A longer step than usual is a gap: a pause, a lost sensor. Over a
gap the clock runs on, and nothing is counted that was not measured: no work, no heart beats. So whatever is left out
makes a figure smaller, and never larger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A step is a gap if it is longer than so many usual ones, but never below the first or above the second, seconds.
_USUAL_STEPS, _SHORTEST_GAP, _LONGEST_STEP = 5.0, 5.0, 60.0
#: A longer rest ends an effort, seconds.
REST = 1800.0

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Recorded:
    """Samples of some activities, cut into stretches in which the clock goes forward and no rest is too long.

    Attributes
    ----------
    sample : ndarray of int, shape (n,)
        Index of each into the arrays that were given: those without a time are left out.
    activity : ndarray of int, shape (n,)
        Index of its activity.
    time : ndarray, shape (n,)
        Seconds, as recorded.
    stretch : ndarray of int, shape (n,)
        Number of its stretch, from 0 over all activities.
    step : ndarray, shape (n,)
        Seconds until the next sample of the stretch; 0 for its last one.
    hold : ndarray, shape (n,)
        Seconds that it stands for: the step; before a gap and at the end one usual step.
    usual : ndarray, shape (activities,)
        The median of an activity's steps, seconds; 1 where there is none.
    """

    sample: Indices
    activity: Indices
    time: Array
    stretch: Indices
    step: Array
    hold: Array
    usual: Array

    @property
    def is_gap(self) -> NDArray[np.bool_]:
        """Whether nothing is known of a part of the time until the next sample of the stretch."""
        return self.step > self.hold

    @property
    def heads(self) -> Indices:
        """Where each stretch begins."""
        return np.flatnonzero(np.diff(self.stretch, prepend=-1))


def recorded(activity: Indices, time: Array, activities: int) -> Recorded:
    """What samples stand for.

    Parameters
    ----------
    activity : ndarray of int, shape (m,)
        Index of each sample's activity; those of one activity are neighbours, in recorded order.
    time : ndarray, shape (m,)
        Seconds; NaN where unknown. A clock that goes back ends a stretch; one that stands still does not.
    activities : int
        How many there are, with samples or without.
    """
    sample = np.flatnonzero(np.isfinite(time))
    activity, time = activity[sample].astype(np.int64), time[sample]
    if not len(sample):
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return Recorded(none, none, nothing, none, nothing, nothing, np.ones(activities))
    step = np.diff(time, append=time[-1])
    goes_on = (np.diff(activity, append=-1) == 0) & (step >= 0) & (step <= REST)
    usual = _usual_steps(activity, np.where(goes_on & (step > 0), step, np.nan), activities)
    longest = np.clip(_USUAL_STEPS * usual, _SHORTEST_GAP, _LONGEST_STEP)
    at_end = np.minimum(usual, longest)[activity]
    return Recorded(
        sample=sample,
        activity=activity,
        time=time,
        stretch=np.concatenate([[0], np.cumsum(~goes_on[:-1])]),
        step=np.where(goes_on, step, 0.0),
        hold=np.where(goes_on & (step <= longest[activity]), step, at_end),
        usual=usual,
    )


def _usual_steps(activity: Indices, steps: Array, activities: int) -> Array:
    """The median of each activity's steps that are known; 1 second without any."""
    usual = np.ones(activities)
    ends = np.searchsorted(activity, np.arange(activities), side="right")
    for number, (first, end) in enumerate(zip(np.append(0, ends[:-1]), ends, strict=True)):
        known = steps[first:end]
        known = known[np.isfinite(known)]
        if len(known):
            usual[number] = np.median(known)
    return usual
