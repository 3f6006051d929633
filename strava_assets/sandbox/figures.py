"""Figures and JSON values of arrays of samples, rounded as Strava rounds them.

What belongs here: what Strava computes from a recording. What does not: the other fields of an
activity (``account``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: Decimals of each stream; None for whole numbers.
_DECIMALS: dict[str, int | None] = {
    "time": None,
    "distance": 1,
    "altitude": 1,
    "velocity_smooth": 1,
    "heartrate": None,
    "cadence": None,
    "watts": None,
    "temp": None,
    "grade_smooth": 1,
}
_EARTH = 6_371_008.8
#: A longer wait between two samples is a pause, seconds.
_PAUSE = 10


def stream_values(samples: dict[str, np.ndarray]) -> dict[str, list[Any]]:
    """JSON values by stream type.

    Parameters
    ----------
    samples : dict of numpy.ndarray
        By Strava's names, ``lat`` and ``lng`` in degrees for ``latlng``; NaN where there is no value.

    Returns
    -------
    dict of list
        ``latlng`` as [lat, lng] with 6 decimals, or null; null for NaN elsewhere.
    """
    found: dict[str, list[Any]] = {}
    for name, decimals in _DECIMALS.items():
        if name in samples:
            found[name] = _rounded(samples[name], decimals)
    if "moving" in samples:
        found["moving"] = samples["moving"].astype(bool).tolist()
    if "lat" in samples:
        pairs = np.round(np.column_stack([samples["lat"], samples["lng"]]), 6) + 0.0
        known = np.isfinite(pairs).all(axis=1)
        latlng: list[Any] = pairs.tolist()
        for at in np.flatnonzero(~known):
            latlng[at] = None
        found["latlng"] = latlng
    return found


def figures(samples: dict[str, np.ndarray]) -> dict[str, Any]:
    """What Strava says of the whole activity: distance (m), times (s), speeds (m/s), averages, map.

    Parameters
    ----------
    samples : dict of numpy.ndarray
        As of `stream_values`.
    """
    if not samples:
        return {}
    found: dict[str, Any] = {}
    time = _finite(samples.get("time"))
    if len(time):
        found["elapsed_time"] = max(0, round(float(time[-1] - time[0])))
        found["moving_time"] = _moving_time(samples)
    distance = _finite(samples.get("distance"))
    length = float(distance[-1]) if len(distance) else 0.0
    if "lat" in samples:
        found |= _where(samples)
        if not len(distance):
            length = _length(samples)
    found["distance"] = round(length, 1)
    if found.get("moving_time"):
        found["average_speed"] = round(length / found["moving_time"], 3)
    if len(speeds := _finite(samples.get("velocity_smooth"))):
        found["max_speed"] = round(float(speeds.max()), 3)
    if len(heights := _finite(samples.get("altitude"))):
        # small ups and downs are noise: count them every ten samples
        steps = np.diff(heights[::10]) if len(heights) > 20 else np.diff(heights)
        found |= {
            "total_elevation_gain": round(float(steps[steps > 0].sum()), 1),
            "elev_high": round(float(heights.max()), 1),
            "elev_low": round(float(heights.min()), 1),
        }
    if len(heart := _finite(samples.get("heartrate"))):
        found |= {
            "has_heartrate": True,
            "average_heartrate": round(float(heart.mean()), 1),
            "max_heartrate": float(round(float(heart.max()))),
        }
    if len(cadence := _finite(samples.get("cadence"))) and (cadence > 0).any():
        found["average_cadence"] = round(float(cadence[cadence > 0].mean()), 1)
    if len(watts := _finite(samples.get("watts"))):
        found |= {
            "average_watts": round(float(watts.mean()), 1),
            "max_watts": round(float(watts.max())),
            "weighted_average_watts": round(float((watts**4).mean() ** 0.25)),
            "device_watts": True,
            "kilojoules": round(float(watts.mean()) * found.get("moving_time", 0) / 1000, 1),
        }
    if len(temp := _finite(samples.get("temp"))):
        found["average_temp"] = round(float(temp.mean()))
    found["calories"] = round(found.get("moving_time", 0) / 60 * 9.5, 1)
    return found


def encode_polyline(lat: np.ndarray, lng: np.ndarray) -> str:
    """Google's encoded polyline, 5 decimals: what Strava's ``map`` holds."""
    whole = np.round(np.column_stack([lat, lng]) * 1e5).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), np.int64)).ravel()
    text: list[str] = []
    for step in np.where(steps < 0, ~(steps << 1), steps << 1).tolist():
        while step >= 0x20:
            text.append(chr((0x20 | (step & 0x1F)) + 63))
            step >>= 5
        text.append(chr(step + 63))
    return "".join(text)


def _where(samples: dict[str, np.ndarray]) -> dict[str, Any]:
    known = np.isfinite(samples["lat"]) & np.isfinite(samples["lng"])
    lat, lng = samples["lat"][known], samples["lng"][known]
    if not len(lat):
        return {}
    ends = [[round(float(lat[at]), 6), round(float(lng[at]), 6)] for at in (0, -1)]
    lines = {
        name: encode_polyline(*(part[_thin(len(lat), most)] for part in (lat, lng)))
        for name, most in (("polyline", 800), ("summary_polyline", 120))
    }
    return {"start_latlng": ends[0], "end_latlng": ends[1], "map": lines}


def _thin(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def _length(samples: dict[str, np.ndarray]) -> float:
    """Metres along the positions, on a sphere."""
    known = np.isfinite(samples["lat"]) & np.isfinite(samples["lng"])
    lat, lng = np.radians(samples["lat"][known]), np.radians(samples["lng"][known])
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[1:]) * np.cos(lat[:-1]) * np.sin(np.diff(lng) / 2) ** 2
    return float(2 * _EARTH * np.arcsin(np.sqrt(np.clip(half, 0, 1))).sum())


def _moving_time(samples: dict[str, np.ndarray]) -> int:
    waits = np.diff(samples["time"].astype(float), prepend=samples["time"][0])
    counted = np.isfinite(waits) & (waits > 0) & (waits <= _PAUSE)
    if "moving" in samples:
        counted &= samples["moving"].astype(bool)
    return round(float(waits[counted].sum()))


def _finite(values: np.ndarray | None) -> np.ndarray:
    if values is None:
        return np.empty(0)
    values = values.astype(float)
    return values[np.isfinite(values)]


def _rounded(values: np.ndarray, decimals: int | None) -> list[Any]:
    known = np.isfinite(values.astype(float))
    whole = np.where(known, values, 0)
    found: list[Any] = (
        np.round(whole).astype(np.int64) if decimals is None else np.round(whole.astype(float), decimals) + 0.0
    ).tolist()
    for at in np.flatnonzero(~known):
        found[at] = None
    return found
