"""Passing through: what of a track may be seen in a place where only its ends are hidden.

What belongs here: telling a pass from a visit, in the cut shapes of zones whose mode is ``ends_only``. What does not:
finding the samples that lie there (`tracks`), what breaks a recording (`cut`), judging public bytes (`invariants`).

A *stretch* is what a track does between entering the cut shape and leaving it. It is hidden whole, as it would be if
the zone hid everywhere, unless it is a pass: the track comes in and goes out again, recorded without a break from the
sample before to the sample after, every position and time known, no two samples a minute apart, and in no minute does
it get less than 25 m away. The last rule finds more than a halt: who looks for a door, or turns round in front of one
and rides back, was there just as well. A halt that is shorter than a minute is seen, and so is a loop round a block.

So no visible run begins or ends in the shape, whatever the reason would be: the file's end, a gap, the antimeridian,
another zone's cut; and of a hidden stretch nothing can be told but that it is one. For that (I4), what decides on one
stretch is itself and what is visible in any case, never another stretch that may be hidden: usual intervals are
learned from outside all shapes, and stretches of one place that are less than a minute apart, as when somebody stands
at the very border of the shape, are judged as one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area, Tracks

#: Who gets no farther than `STRIDE` in this time has stopped, searched or turned round, seconds.
HALT = 60.0
#: Metres.
STRIDE = 25.0


def hidden_stretches(
    tracks: Tracks,
    time: NDArray[np.float64],
    areas: Sequence[tuple[Area, NDArray[np.int64]]],
    visible: NDArray[np.bool_],
    unbroken: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Positions in areas whose zones hide only ends, of stretches that are no pass.

    Parameters
    ----------
    tracks : Tracks
        Positions of many recordings.
    time : ndarray, shape (n,)
        Seconds since each recording's start; NaN where unknown.
    areas : sequence of (Area, ndarray of int)
        Grown by the margin; with the positions that touch it, sorted.
    visible : ndarray of bool, shape (n,)
        What no other area hides.
    unbroken : ndarray of bool, shape (n - 1,)
        Steps over which the recording went on: within one recording, no gap, no sample without a position left out.

    Returns
    -------
    ndarray of int
    """
    apart = visible.copy()
    for _, touched in areas:
        apart[touched] = False
    sure = unbroken & (np.diff(time) < HALT)  # an unknown time is not
    closed = np.flatnonzero(~(sure & apart[:-1] & apart[1:]))  # steps that may not be seen, or not be short
    hidden: list[NDArray[np.int64]] = []
    waiting: list[NDArray[np.int64]] = []
    for area, touched in areas:
        for visit in _visits(tracks, time, touched, apart):
            passes = _passes(tracks, time, area, int(visit[0]), int(visit[-1]), sure, closed)
            (waiting if passes else hidden).append(visit)
    # what passes here may be broken off there, and so may what passes where it was broken off
    seen = visible.copy()
    gone = hidden
    while True:
        for visit in gone:
            seen[visit] = False
        gone = [visit for visit in waiting if not seen[visit[0] - 1 : visit[-1] + 2].all()]
        if not gone:
            return np.concatenate([np.empty(0, np.int64), *hidden])
        hidden += gone
        waiting = [visit for visit in waiting if seen[visit[0] - 1 : visit[-1] + 2].all()]


def _visits(
    tracks: Tracks, time: NDArray[np.float64], touched: NDArray[np.int64], apart: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    """The positions in one area by stretch; stretches less than `HALT` apart, as far as that is seen, are one."""
    if not len(touched):
        return []
    owner = np.searchsorted(tracks.starts, touched, side="right")
    left, back = touched[:-1] + 1, touched[1:] - 1  # the first position outside, and the last
    soon = ~(time[back] - time[left] >= HALT) & apart[left] & apart[back]
    anew = (np.diff(owner) != 0) | ((np.diff(touched) > 1) & ~soon)
    return np.split(touched, np.flatnonzero(anew) + 1)


def _passes(
    tracks: Tracks,
    time: NDArray[np.float64],
    area: Area,
    first: int,
    last: int,
    sure: NDArray[np.bool_],
    closed: NDArray[np.int64],
) -> bool:
    """Whether a visit is recorded without a break, and without a `HALT`, which may begin before it and end after it."""
    if first == 0 or last + 1 == len(time) or not sure[first - 1 : last + 1].all():
        return False
    before, after = np.searchsorted(closed, [first - 1, last + 1])
    begin = int(closed[before - 1]) + 1 if before else 0
    end = int(closed[after]) if after < len(closed) else len(time) - 1
    begin += int(np.searchsorted(time[begin:first], time[first - 1] - HALT))
    end = min(end, last + int(np.searchsorted(time[last : end + 1], time[last] + HALT)))
    plane = geodesy.to_plane(tracks.lon[begin : end + 1], tracks.lat[begin : end + 1], area.center)
    clock = np.maximum.accumulate(time[begin : end + 1])  # it goes back by less than a tenth of a second, if at all
    later = np.searchsorted(clock, clock + HALT)
    now = np.flatnonzero((later < len(clock)) & (later >= first - begin))
    now = now[now <= last - begin]
    return bool((np.hypot(*(plane[later[now]] - plane[now]).T) >= STRIDE).all())
