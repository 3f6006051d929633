"""Eddington numbers: the largest E such that on E days at least E kilometres (or miles) were covered.

What belongs here: counting days. What does not: which activities count, whose they are (``figures``). Source: A. S.
Eddington to S. Chandrasekhar, 1938, quoted in Chandrasekhar, *Eddington: The Most Distinguished
Astrophysicist of His Time*, Cambridge 1984, p. 6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from strava_assets.training.recorded import Array, Indices

#: A unit's length in metres. A distance may fall short of a whole number by a centimetre: sums of floats do.
UNITS = {"km": 1000.0, "mile": 1609.344}
_ROUNDING = 0.01


def levels(metres: Array, unit: float) -> tuple[Indices, NDArray[np.int64]]:
    """How many days there are of each length, and on which of them an Eddington number was reached.

    Parameters
    ----------
    metres : ndarray, shape (days,)
        Covered on each day, in the order of the days.
    unit : float
        Metres.

    Returns
    -------
    days : ndarray of int, shape (longest,)
        Days of at least 1, 2, 3, … units.
    reached : ndarray of int, shape (longest,)
        Index of the day on which the number became 1, 2, 3, …; -1 where it has not. Their count is the number.
    """
    whole = np.floor((np.nan_to_num(metres) + _ROUNDING) / unit).astype(np.int64)
    longest = int(whole.max(initial=0))
    exactly = np.zeros(longest + 2, np.int64)
    reached = np.full(longest, -1)
    number = farther = 0  # and how many days, up to now, are longer than the number
    for day, length in enumerate(whole.tolist()):
        exactly[length] += 1
        farther += length > number
        if farther > number:
            reached[number] = day
            number += 1
            farther -= int(exactly[number])
    days = np.cumsum(exactly[::-1])[::-1][1 : longest + 1]
    return days, reached
