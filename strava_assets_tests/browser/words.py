"""Figures as the page words them for en-GB, added up from public properties and nothing else.

What belongs here: a second opinion on every sum, in Python. What does not: anything of the page's own code.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

NOTHING = "–"
#: The map's name of a sport, by type_extended.
SPORTS = {
    "Mountain Bike": "Mountain bike",
    "Road Cycling": "Road",
    "Gravel": "Gravel",
    "Run": "Run",
    "Hike": "Hike",
    "Walk": "Walk",
    "Backcountry Ski": "Ski",
    "Kitesurf": "Other",
}
#: The order where counts are equal.
ORDER = ["Mountain bike", "Road", "Gravel", "Run", "Walk", "Hike", "Swim", "Ski", "Other"]


def kilometres(metres: float | None) -> str:
    if metres is None:
        return NOTHING
    return f"{metres / 1000:,.1f} km" if metres / 1000 < 99.95 else f"{_half_up(metres / 1000):,} km"


def hours(seconds: float | None) -> str:
    if seconds is None:
        return NOTHING
    minutes = _half_up(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d}" if minutes < 6000 else f"{_half_up(minutes / 60):,} h"


def whole(value: float | None, unit: str) -> str:
    return NOTHING if value is None else f"{_half_up(value):,} {unit}".strip()


def total(rows: Iterable[dict[str, Any]], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None


def watts(rows: Iterable[dict[str, Any]]) -> float | None:
    known = [(row["average_watts"], row["moving_time"]) for row in rows if row["average_watts"] is not None]
    time = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / time if time else None


def tiles(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The six tiles."""
    distance, time = total(rows, "distance"), total(rows, "moving_time")
    return {
        "activities": f"{len(rows):,}",
        "distance": kilometres(distance),
        "climb": whole(total(rows, "total_elevation_gain"), "m"),
        "time": hours(time),
        "calories": whole(total(rows, "calories"), "kcal"),
        "speed": NOTHING if not distance or not time else f"{distance / time * 3.6:,.1f} km/h",
    }


def measure(rows: list[dict[str, Any]], name: str) -> str:
    """One figure of a chart."""
    return {
        "distance": lambda: kilometres(total(rows, "distance")),
        "count": lambda: f"{len(rows):,}",
        "climb": lambda: whole(total(rows, "total_elevation_gain"), "m"),
        "time": lambda: hours(total(rows, "moving_time")),
        "watts": lambda: whole(watts(rows), "W"),
    }[name]()


def start_of(day: str, period: str) -> str:
    then = date.fromisoformat(day)
    if period == "week":
        return (then - timedelta(days=then.weekday())).isoformat()
    month = 1 if period == "year" else (then.month - 1) // 3 * 3 + 1
    return then.replace(month=month, day=1).isoformat()


def starts(first: str, last: str, period: str) -> list[str]:
    """All periods from one to another."""
    found, then = [], date.fromisoformat(first)
    while then.isoformat() <= last:
        found.append(then.isoformat())
        later = then + timedelta(days={"week": 7, "quarter": 93, "year": 367}[period])
        then = date.fromisoformat(start_of(later.isoformat(), period))
    return found


def title(start: str, period: str) -> str:
    then = date.fromisoformat(start)
    if period == "year":
        return f"{then.year}"
    if period == "quarter":
        return f"Q{(then.month + 2) // 3} {then.year}"
    month = "Sept" if then.month == 9 else f"{then:%b}"
    return f"{then.day} {month} {then.year}"


def sports_of(rows: list[dict[str, Any]]) -> list[str]:
    """The sports, the most frequent first."""
    names = [SPORTS[row["type_extended"]] for row in rows]
    return sorted(set(names), key=lambda name: (-names.count(name), ORDER.index(name)))


def _half_up(value: float) -> int:
    """JavaScript rounds halves up, Python to the even neighbour."""
    return int(value + 0.5)
