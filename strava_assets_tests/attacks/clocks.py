"""Attack D: bodies and devices as clocks. How long was somebody on the way when the track becomes visible?

What belongs here: hidden times from channels that drift from the door on, and the point from which that many metres
lead to each exit. What does not: numbers that count (`hidden_distance`).

A thermometer leaves the house at its temperature and nears the weather's; a heart warms up. Both are
``end + (start − end) · exp(−t / τ)``: what is left of the drift at the first visible sample tells t.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from strava_assets_tests.attacks.circles import hole
from strava_assets_tests.attacks.cities import City
from strava_assets_tests.attacks.hidden_distance import ways_along_streets
from strava_assets_tests.attacks.public_files import Floats, Ride, View


@dataclass(frozen=True)
class Clock:
    """A channel that drifts: where from and how slowly is not known, but within these bounds; and how noisy it is."""

    starts: tuple[float, ...]
    slowness: tuple[float, ...]
    noise: float


#: Degrees, seconds; beats a minute, seconds.
CLOCKS = {
    "temp": Clock(tuple(np.arange(12.0, 25.0, 1.0)), (200.0, 260.0, 340.0, 430.0, 540.0, 680.0), 0.7),
    "heartrate": Clock(tuple(np.arange(65.0, 110.0, 5.0)), (35.0, 50.0, 70.0, 95.0, 120.0), 5.0),
}
#: Seconds over which the first visible values are averaged; and after which the drift is over.
_FIRST, _OVER = 60.0, 1100.0


def guess(view: View, city: City, channel: str) -> Floats:
    """Where home is, from what is left of a channel's drift at each exit."""
    around = hole(view)
    clock = CLOCKS[channel]
    read = [found for ride in view.rides if (found := _drift(ride, channel)) is not None]
    at = np.array([where for where, *_ in read]).reshape(-1, 2)
    near = np.abs(np.hypot(*(at - around.center).T) - around.radius) < 60.0
    if near.sum() < 5:
        return around.center
    at, first, end, pace, late = at[near], *(np.array([one[k] for one in read])[near] for k in (1, 2, 3, 4))
    points, ways = ways_along_streets(city, at, around)
    best: Floats = around.center
    least = np.inf
    for start, slowness in itertools.product(clock.starts, clock.slowness):
        whole = start - end
        left = np.clip((first - end) / np.where(np.abs(whole) < 1e-6, 1e-6, whole), 0.02, 1.0)
        seconds = np.clip(-slowness * np.log(left) - late - _FIRST / 2, 0.0, None)
        # the less is left of the drift, the less it tells
        doubt = np.hypot(slowness * clock.noise / np.maximum(np.abs(first - end), clock.noise), 15.0)
        wrong = (ways - (seconds * pace)[None]) / (doubt * pace)[None]
        fit = np.minimum(wrong**2, 9.0).sum(axis=1) + 2 * np.log(doubt).sum()
        if fit.min() < least:
            best, least = points[fit.argmin()], float(fit.min())
    return best


def _drift(ride: Ride, channel: str) -> tuple[Floats, float, float, float, float] | None:
    """Where a ride becomes visible; the channel at first, and after its drift; pace, m/s; first value at, s."""
    if ride.rows is None or channel not in ride.rows or "distance" not in ride.rows:
        return None
    rows = ride.rows.iloc[: ride.spans[0][1]]
    since, values = (rows[name].to_numpy() for name in ("time", channel))
    since, known = since - since[0], np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    begins, ends = since[known[0]], since[-1]
    over = _OVER if ends > begins + 1.5 * _OVER else begins + 0.7 * (ends - begins)
    early, late = known[since[known] < begins + _FIRST], known[since[known] > over]
    if not len(late) or ends <= 0:
        return None
    pace = (rows["distance"].iloc[-1] - rows["distance"].iloc[0]) / ends
    return ride.parts[0][0], float(values[early].mean()), float(values[late].mean()), float(pace), float(begins)
