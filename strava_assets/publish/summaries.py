"""``weekly.json``, ``quarterly.json`` and ``index.json``: made from published numbers, from nothing else.

What belongs here: adding up the features of published TopoJSON. What does not: private figures; every number
here can be recomputed by anybody from the public files (I13).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from strava_assets.publish.topojson_decoder import DecodedTopology
from strava_assets.publish.topojson_file import MapFile

_SUMS = ("distance", "moving_time", "total_elevation_gain", "calories")
_MEANS = ("average_watts", "average_heartrate")


def week_start(day: str) -> str:
    """The ISO Monday of a day, both ``YYYY-MM-DD``."""
    then = date.fromisoformat(day)
    return (then - timedelta(days=then.weekday())).isoformat()


def quarter_start(day: str) -> str:
    """The first day of a day's quarter, both ``YYYY-MM-DD``."""
    year, month = int(day[:4]), int(day[5:7])
    return f"{year:04d}-{(month - 1) // 3 * 3 + 1:02d}-01"


def periods(features: Sequence[Mapping[str, Any]], start: Any) -> list[dict[str, Any]]:
    """Sums by period and sport.

    Parameters
    ----------
    features : sequence of mapping
        Published properties.
    start : callable
        `week_start` or `quarter_start`.

    Returns
    -------
    list of dict
        CONTRACT's rows, by start and type. Averages are weighted by moving time over the activities
        that have them; a sum over none is null.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for properties in features:
        groups.setdefault((start(properties["startDate"]), properties["type"]), []).append(properties)
    rows = []
    for (begin, kind), members in sorted(groups.items()):
        sums = {name: _sum([m.get(name) for m in members]) for name in _SUMS}
        means = {name: _mean([(m.get(name), m.get("moving_time")) for m in members]) for name in _MEANS}
        rows.append(
            {
                "start": begin,
                "type": kind,
                "activities": len(members),
                "distance": sums["distance"],
                "moving_time": sums["moving_time"],
                "total_elevation_gain": sums["total_elevation_gain"],
                "average_watts": means["average_watts"],
                "average_heartrate": means["average_heartrate"],
                "calories": sums["calories"],
            }
        )
    return rows


def encode_periods(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A list of rows as JSON, a row a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return f"[\n{lines}\n]\n".encode() if rows else b"[]\n"


def encode_index(athletes: Sequence[tuple[str, str, MapFile | DecodedTopology]]) -> bytes:
    """``index.json``.

    Parameters
    ----------
    athletes : sequence of (public id, name, map)
        Ones without a visible activity are left out.
    """
    entries = [
        {
            "id": public,
            "name": name,
            "activities": len(shown.features),
            "bbox": shown.bbox,
            # the newest ride's day: the day of the build would tell when something was uploaded
            "updated": max(feature.properties["startDate"] for feature in shown.features),
        }
        for public, name, shown in sorted(athletes, key=lambda entry: entry[0])
        if shown.features
    ]
    return (json.dumps({"schema": 1, "athletes": entries}, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def _sum(values: Sequence[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known), 1) if known else None


def _mean(pairs: Sequence[tuple[Any, Any]]) -> float | None:
    known = [(value, weight) for value, weight in pairs if value is not None and weight]
    total = sum(weight for _, weight in known)
    return round(sum(value * weight for value, weight in known) / total, 1) if total else None
