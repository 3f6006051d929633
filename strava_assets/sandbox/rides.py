"""From a route to a recording: speed by slope, stops, a receiver's noise, a heart, legs.

What belongs here: the physics of one activity, as arrays. What does not: where it goes (``routes``),
when, and what it is called (``athlete``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from strava_assets.sandbox.routes import STEP
from strava_assets.sandbox.streets import Terrain

#: Metres of a degree of latitude.
DEGREE = 111_195.0

Samples = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pace:
    """How a sport moves.

    Attributes
    ----------
    flat : float
        Speed on the flat, m/s.
    most : float
        Never faster, m/s.
    on_foot : bool
        Slopes slow both ways; cadence is strides a minute.
    effort : float
        Share of the heart's reserve on a usual day.
    cadence : float
        Revolutions or strides a minute; 0 for none.
    stops : float
        Stops an hour.
    slow_in_bends : float
    """

    flat: float
    most: float
    on_foot: bool
    effort: float
    cadence: float = 0.0
    stops: float = 1.5
    slow_in_bends: float = 1.5


PACES: dict[str, Pace] = {
    "Ride": Pace(8.1, 17.5, False, 0.60, 86, 1.6),
    "EBikeRide": Pace(6.9, 12.0, False, 0.42, 70, 1.8),
    "GravelRide": Pace(6.6, 14.0, False, 0.62, 82, 1.8),
    "MountainBikeRide": Pace(5.0, 11.5, False, 0.66, 76, 2.6),
    "Run": Pace(3.05, 5.2, True, 0.72, 84, 0.8, 0.3),
    "TrailRun": Pace(2.6, 4.6, True, 0.74, 81, 1.0, 0.3),
    "Walk": Pace(1.45, 2.2, True, 0.28, 54, 2.5, 0.2),
    "Hike": Pace(1.3, 2.0, True, 0.38, 51, 2.5, 0.2),
    "NordicSki": Pace(3.6, 9.0, True, 0.68, 0, 1.5, 0.3),
    "Swim": Pace(0.85, 1.2, True, 0.58, 26, 0.6, 0.0),
    "Hockey": Pace(3.4, 8.0, True, 0.66, 0, 3.0, 0.2),
}

_WEIGHT, _ROLLING, _DRAG, _GRAVITY = 82.0, 0.006, 0.22, 9.81
_HEART_REST, _HEART_MOST = 52.0, 188.0


def record(
    route: np.ndarray,
    terrain: Terrain,
    pace: Pace,
    rng: np.random.Generator,
    *,
    smart: bool,
    power: bool,
    heart: bool,
    warmth: float | None,
) -> tuple[Samples, np.ndarray]:
    """Ride a route and record it.

    Parameters
    ----------
    route : numpy.ndarray, shape (n, 2)
        Metres, a point every `STEP`.
    terrain : Terrain
    pace : Pace
    rng : numpy.random.Generator
    smart : bool
        Record when something changes (1–7 s apart) rather than every second.
    power, heart : bool
        Whether there is a meter.
    warmth : float or None
        °C of the day, where the device knows it.

    Returns
    -------
    samples : dict of numpy.ndarray
        Strava's stream names, but for ``latlng``; units of ``schema.CHANNELS``; ``time`` whole seconds.
    positions : numpy.ndarray, shape (m, 2)
        Metres, with the receiver's noise.
    """
    gone = np.arange(len(route)) * STEP
    height = smooth(terrain.height(route[:, 0], route[:, 1]), 5)
    grade = smooth(np.gradient(height, STEP), 7)
    clock = _riding_time(route, grade, pace, rng)
    clock, along, pauses = _with_stops(clock, gone, pace, rng)
    time = _sample_times(clock[-1], pauses, smart, rng)
    s = np.interp(time, clock, along)
    true = np.column_stack([np.interp(s, gone, route[:, axis]) for axis in (0, 1)])
    speed = smooth(np.gradient(s, time), 5) if len(time) > 5 else np.full(len(time), pace.flat)
    standing = speed < 0.12 * pace.flat
    wander = np.column_stack([_drift(rng, time, 25.0, 2.4) + rng.normal(0, 0.35, len(time)) for _ in (0, 1)])
    slope = np.interp(s, gone, grade) * 100
    samples: Samples = {
        "time": time.astype(np.int64),
        "distance": s * rng.normal(1.0, 0.003),
        "altitude": np.interp(s, gone, height) + _drift(rng, time, 600.0, 2.5),
        "velocity_smooth": np.where(standing, 0.0, speed),
        "grade_smooth": np.where(standing, 0.0, slope),
        "moving": ~standing,
    }
    effort = _effort(pace, speed, slope, samples, rng, power)
    if heart:
        samples["heartrate"] = _heart(effort, time, rng)
    if pace.cadence:
        samples["cadence"] = _cadence(pace, speed, slope, standing, rng)
    if warmth is not None:
        samples["temp"] = np.clip(
            warmth + 2.5 * np.sin(time / 5200) - samples["altitude"] * 0.004 + _drift(rng, time, 900.0, 0.8), -20, 42
        )
    return samples, true + wander


def indoor(seconds: int, rng: np.random.Generator, *, speed: float = 0.0, watts: float = 0.0) -> Samples:
    """A session without positions: heart rate, and what a trainer says.

    Parameters
    ----------
    seconds : int
    rng : numpy.random.Generator
    speed, watts : float
        Of a trainer, m/s and W; 0 for none.
    """
    time = np.arange(seconds)
    sets = 0.5 + 0.25 * np.sin(time / 95.0) + _drift(rng, time, 120.0, 0.08)
    samples: Samples = {
        "time": time,
        "heartrate": _heart(np.clip(sets, 0.1, 1), time, rng),
        "moving": np.ones(seconds, dtype=bool),
    }
    if speed:
        velocity = np.clip(speed + _drift(rng, time, 60.0, 0.8), 1, None)
        samples |= {
            "distance": velocity.cumsum() - velocity[0],
            "velocity_smooth": velocity,
            "watts": np.clip(watts * (0.6 + 0.8 * sets) + rng.normal(0, 9, seconds), 0, 900),
            "cadence": np.clip(88 + _drift(rng, time, 40.0, 4), 0, 120),
        }
    return samples


def to_degrees(positions: np.ndarray, lng: float, lat: float) -> tuple[np.ndarray, np.ndarray]:
    """Metres east and north of a centre to longitude and latitude, WGS 84; across the antimeridian too."""
    east = lng + positions[:, 0] / (DEGREE * math.cos(math.radians(lat)))
    return (east + 180) % 360 - 180, lat + positions[:, 1] / DEGREE


def smooth(values: np.ndarray, width: int) -> np.ndarray:
    """A running mean over an odd number of values, with the ends held."""
    if len(values) <= width:
        return values.astype(float)
    padded = np.pad(values.astype(float), width // 2, mode="edge")
    total = np.concatenate([[0.0], padded.cumsum()])
    return (total[width:] - total[:-width]) / width


def _riding_time(route: np.ndarray, grade: np.ndarray, pace: Pace, rng: np.random.Generator) -> np.ndarray:
    """Seconds at each point, without stops."""
    if pace.on_foot:
        # Tobler's shape: fastest slightly downhill
        speed = pace.flat * np.exp(-3.2 * (np.abs(grade + 0.04) - 0.04))
    else:
        speed = pace.flat * np.where(grade > 0, 1 / (1 + 13 * np.maximum(grade, 0)), 1 - 8 * grade)
    heading = np.unwrap(np.arctan2(*np.gradient(route, axis=0).T[::-1]))
    bend = smooth(np.abs(np.gradient(heading)), 5) if len(heading) > 2 else np.zeros(len(route))
    form = rng.normal(1.0, 0.06) * (1 + _drift(rng, np.arange(len(route)), 60.0, 0.05))
    speed = np.clip(speed * form / (1 + pace.slow_in_bends * bend), 0.25 * pace.flat, pace.most)
    speed = smooth(speed, 7)
    return np.concatenate([[0.0], (STEP / ((speed[1:] + speed[:-1]) / 2)).cumsum()])


def _with_stops(
    clock: np.ndarray, gone: np.ndarray, pace: Pace, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """Clock and distance with stops put in, and the stretches in which the device paused by itself."""
    count = min(int(rng.poisson(pace.stops * clock[-1] / 3600)), max(0, len(clock) // 20))
    where = np.sort(rng.choice(np.arange(3, len(clock) - 3), count, replace=False) if count else np.empty(0, int))
    long = np.clip(rng.lognormal(3.6, 1.0, count), 6, 2400)
    automatic = rng.random(count) < 0.55
    pauses: list[tuple[float, float]] = []
    clock, gone = clock.copy(), gone.copy()
    extra_at, extra_clock, extra_gone = [], [], []
    for at, stop, paused in zip(where, long, automatic, strict=True):
        begins = clock[at]
        if paused and stop > 12:
            pauses.append((begins + 3, begins + stop - 1))
        clock[at + 1 :] += stop
        extra_at.append(at + 1)
        extra_clock.append(begins + stop)
        extra_gone.append(gone[at])
    return np.insert(clock, extra_at, extra_clock), np.insert(gone, extra_at, extra_gone), pauses


def _sample_times(end: float, pauses: list[tuple[float, float]], smart: bool, rng: np.random.Generator) -> np.ndarray:
    last = max(2, math.floor(end))
    if smart:
        gaps = rng.choice([1, 1, 2, 3, 3, 4, 5, 7], size=last)
        time = np.concatenate([[0], gaps.cumsum()])
        time = time[time <= last]
    else:
        time = np.arange(last + 1)
    keep = np.ones(len(time), dtype=bool)
    for begin, finish in pauses:
        keep[np.searchsorted(time, begin) : np.searchsorted(time, finish)] = False
    return time[keep].astype(float)


def _drift(rng: np.random.Generator, at: np.ndarray, length: float, size: float) -> np.ndarray:
    """Slowly wandering noise along `at` with a correlation length and a standard deviation."""
    knots = math.ceil((float(at[-1]) - float(at[0])) / length) + 2
    return np.interp(at, at[0] + np.arange(knots) * length, rng.normal(0, size, knots))


def _effort(
    pace: Pace, speed: np.ndarray, slope: np.ndarray, samples: Samples, rng: np.random.Generator, power: bool
) -> np.ndarray:
    """Share of the heart's reserve; fills in ``watts`` where there is a meter."""
    if pace.on_foot:
        return np.clip(pace.effort * speed / pace.flat * (1 + 0.05 * np.maximum(slope, -6)), 0.08, 1)
    force = _WEIGHT * _GRAVITY * (_ROLLING + slope / 100) + _DRAG * speed**2
    watts = np.clip(force * speed / 0.97, 0, 620)
    if power:
        noisy = np.clip(watts * rng.normal(1, 0.10, len(watts)) + rng.normal(0, 8, len(watts)), 0, 900)
        samples["watts"] = np.where(watts < 15, 0.0, noisy)
    return np.clip(pace.effort * (0.45 + 0.55 * watts / 170), 0.08, 1)


def _heart(effort: np.ndarray, time: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """bpm; follows the effort with a lag of about 40 samples and creeps up over the hours."""
    kernel = np.exp(-np.arange(160) / 40.0)
    kernel /= kernel.sum()
    lagged = np.convolve(np.concatenate([np.full(159, 0.18), effort]), kernel, mode="valid")
    reserve = _HEART_MOST - _HEART_REST
    rate = _HEART_REST + reserve * (0.12 + 0.83 * lagged) + time / 3600 * 1.8 + _drift(rng, time, 45.0, 1.5)
    return np.clip(rate, 55, _HEART_MOST + 4)


def _cadence(
    pace: Pace, speed: np.ndarray, slope: np.ndarray, standing: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    noise = rng.normal(0, 2.0, len(speed))
    if pace.on_foot:
        turning = pace.cadence * (0.75 + 0.25 * speed / pace.flat) + noise
    else:
        turning = np.where(slope < -3.5, 0.0, pace.cadence * (1 - 0.02 * np.maximum(slope, 0)) + noise)
    return np.where(standing, 0.0, np.clip(turning, 0, 130))
