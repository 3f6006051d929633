"""One activity as the API tells it, in the words of ``schema.ACTIVITIES``.

What belongs here: reading fields of an activity's JSON, detail or summary. What does not: getting or
keeping it. A field that is missing or of the wrong kind is None; nothing here fails.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from strava_assets.sports import type_extended

#: What an activity's row is made from and a listing tells too: a change of one of these is a change.
KEPT = (
    "name",
    "sport_type",
    "type",
    "visibility",
    "private",
    "start_date",
    "start_date_local",
    "utc_offset",
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
    "gear_id",
    "device_name",
    "trainer",
    "manual",
)
#: A change of one of these means that the samples changed (a crop, a split).
OF_SAMPLES = ("start_date", "distance", "elapsed_time")

_NUMBERS = (
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "calories",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
)
_LONGEST_OFFSET = 26 * 3600  # seconds; real ones are within -12 h and +14 h


def activity_row(api: Mapping[str, Any], gear: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Keys of ``schema.ACTIVITIES`` that the API can tell.

    Parameters
    ----------
    api : mapping
        A detailed activity, or a summary.
    gear : mapping
        By Strava's gear id: ``name`` and ``frame_type``.

    Returns
    -------
    dict
        Metres, seconds, m/s, W, bpm, rpm, kcal; ``start_time`` aware UTC.
    """
    sport = _text(api.get("sport_type")) or _text(api.get("type")) or "Workout"
    gear_id = _text(api.get("gear_id"))
    own = gear.get(gear_id or "", {})
    embedded = api.get("gear")
    frame = own.get("frame_type")
    named = own.get("name") or (
        _text(embedded.get("name")) if isinstance(embedded, dict) and embedded.get("id") == gear_id else None
    )
    return {
        "strava_id": strava_id(api),
        "name": _text(api.get("name")),
        "sport_type": sport,
        "type_extended": type_extended(sport, frame),
        "start_time": start_time(api),
        "utc_offset": _utc_offset(api),
        "visibility": visibility(api),
        **{name: _number(api.get(name)) for name in _NUMBERS},
        "gear_id": gear_id,
        "gear_name": named,
        "device_name": _text(api.get("device_name")),
        "trainer": _truth(api.get("trainer")),
        "manual": _truth(api.get("manual")),
    }


def strava_id(api: Mapping[str, Any]) -> int | None:
    """Strava's number of an activity; None if it has none that could be one."""
    value = api.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else None


def start_time(api: Mapping[str, Any]) -> datetime | None:
    """When it started, aware UTC. An activity whose start is hidden says one second past midnight."""
    return _moment(api.get("start_date"))


def visibility(api: Mapping[str, Any]) -> str:
    """Who may see it on Strava: ``everyone``, ``followers_only``, ``only_me``; ``unknown`` if it is not said.

    A word that we do not know means fewer than everyone, until we do.
    """
    said = api.get("visibility")
    if api.get("private") is True:
        return "only_me"
    if said is None:
        return "unknown"
    return said if said in ("everyone", "followers_only") else "only_me"


def has_positions(api: Mapping[str, Any]) -> bool:
    """Whether Strava has a track of it, to judge by its start."""
    return bool(api.get("start_latlng"))


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `KEPT` that ``after`` tells otherwise; what it leaves out did not change."""
    return {name: after[name] for name in KEPT if name in after and not _same(before.get(name), after[name])}


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def _utc_offset(api: Mapping[str, Any]) -> float | None:
    offset = _number(api.get("utc_offset"))
    start, local = _moment(api.get("start_date")), _moment(api.get("start_date_local"))
    if offset is None and start and local:
        offset = (local - start).total_seconds()
    return offset if offset is not None and abs(offset) <= _LONGEST_OFFSET else None


def _moment(value: Any) -> datetime | None:
    """An ISO 8601 moment; local ones are written with a false Z, so both are read as if UTC."""
    try:
        read = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else None
    except ValueError:
        return None
    if read is None or not 1900 <= read.year <= 2200:
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
