"""Streaks: days, or weeks, one after the other with something done in each.

What belongs here: finding them. What does not: what counts as done, whose it was (``figures``), and which is the
present one: that depends on when one asks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strava_assets.training.recorded import Indices

Days = NDArray[np.datetime64]

#: ISO weeks begin on a Monday; the first day of numpy's time was a Thursday.
_MONDAY = np.datetime64("1969-12-29", "D")


def streaks(days: Days, span: int) -> tuple[Days, Days, Indices]:
    """The first and the last period of each streak, and its length in periods, in order of time.

    Parameters
    ----------
    days : ndarray of datetime64[D], shape (n,)
        On which something was done, in any order, as often as they come.
    span : {1, 7}
        Days in a period: days, or weeks, which are told by their Monday.
    """
    periods = np.unique((days.astype("datetime64[D]") - _MONDAY).astype(np.int64) // span)
    heads = np.flatnonzero(np.diff(periods, prepend=periods[:1] - 2) != 1)
    ends = np.append(heads[1:], len(periods))[: len(heads)]
    return _MONDAY + periods[heads] * span, _MONDAY + periods[ends - 1] * span, ends - heads
