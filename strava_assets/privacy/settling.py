"""Channels that tell how long somebody has been on the way, left out until they no longer do.

What belongs here: which channels drift from the door on, and for how long. What does not: where a run may begin
(`cut`).

A heart warms up and a thermometer leaves the house, at an even pace: what is left of that at the first visible
sample tells the hidden minutes, and those, over a few dozen rides and a street map, the home. Blurring averages out;
so the channel is silent until its drift is over.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from strava_assets.privacy.cut import Runs, Samples

#: Seconds after a hidden part for which a channel is not published.
SETTLING = {"heartrate": 600.0, "temp": 1800.0}


def settled(
    samples: Samples, runs: Runs, channels: Mapping[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Channels without what drifts after a hidden part.

    Parameters
    ----------
    samples, runs
        From the cut.
    channels : mapping of str to ndarray, shape (n,)

    Returns
    -------
    dict
        The same channels, NaN where one has not settled. Only visible samples decide that.
    """
    result = dict(channels)
    index, run = runs.samples, runs.run_of_sample
    if not len(index):
        return result
    since = _since_hidden(samples, runs, index, run)
    for name, seconds in SETTLING.items():
        if name in result:
            result[name] = result[name].copy()
            result[name][index[~(since >= seconds * 1000)]] = np.nan
    return result


def _since_hidden(
    samples: Samples, runs: Runs, index: NDArray[np.int64], run: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Milliseconds from each visible sample back to the hidden part before it; infinite where there is none.

    As whole numbers: what was hidden shifts all times, and must not decide by a rounding error.
    """
    goes_on = np.append(False, runs.first[1:] == runs.last[:-1] + 1)  # after a gap in the recording; nothing is hidden
    goes_on &= np.append(False, runs.activity[1:] == runs.activity[:-1])
    head = np.maximum.accumulate(np.where(goes_on, 0, np.arange(len(runs.first))))
    first = runs.first[head]
    whole = first == samples.starts[runs.activity]
    time = np.rint(samples.time * 1000)
    since = time[index] - time[first][run]
    return np.where(whole[run], np.inf, since)
