"""Threshold power, as athletes tell it in their Strava profile, and since when.

What belongs here: reading and remembering it. What does not: what is judged by it (``training``). Strava tells only
what holds now, so what it told on earlier days is kept, as an original of the API's: a file of the private store
beside the streams.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaError
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.strava.account import clients
from strava_assets.strava.quota import Work

#: A profile that was read so lately is not read again.
_LASTS = timedelta(hours=20)
#: Without this scope a profile holds no threshold.
_SCOPE = "profile:read_all"


def read_thresholds(settings: Settings, database: Database, store: Store, now: datetime | None = None) -> int:
    """Ask every connected athlete's profile, once a day; how many were asked.

    What Strava does not tell now, it may next time.

    Raises
    ------
    StoreUnavailable, DatabaseUnavailable
    """
    now = now or datetime.now(UTC)
    client_for = clients(settings, database, Work.RECONCILE)
    with database.transaction() as connection:
        athletes = list(queries().connected_athletes(connection))
    asked = 0
    for athlete in athletes:
        kept = _read(store, athlete["id"])
        if _SCOPE not in athlete["scopes"] or (kept and now - datetime.fromisoformat(kept["read_at"]) < _LASTS):
            continue
        try:
            profile = client_for(athlete["id"]).athlete()
        except StravaError:
            continue
        asked += 1
        entries = _told(_entries(store, athlete["id"]), profile.get("ftp"), now.date())
        _write(store, athlete["id"], {"read_at": now.isoformat(), "thresholds": entries})
    return asked


def thresholds(store: Store, athletes: Iterable[int]) -> dict[int, list[tuple[date, float]]]:
    """By our athlete id, from which day on which threshold power, watts."""
    return {
        athlete: [(date.fromisoformat(entry["since"]), float(entry["watts"])) for entry in _entries(store, athlete)]
        for athlete in athletes
    }


def forget_thresholds(store: Store, athletes: Iterable[int], days: int, now: datetime | None = None) -> int:
    """Delete what Strava told last longer ago than so many days; how many thresholds."""
    oldest = (now or datetime.now(UTC)).date() - timedelta(days=days)
    forgotten = 0
    for athlete in athletes:
        entries = _entries(store, athlete)
        fresh = [entry for entry in entries if date.fromisoformat(entry["until"]) >= oldest]
        if len(fresh) < len(entries):
            forgotten += len(entries) - len(fresh)
            _write(store, athlete, _read(store, athlete) | {"thresholds": fresh})
    return forgotten


def _told(entries: list[dict[str, Any]], watts: Any, today: date) -> list[dict[str, Any]]:
    """The entries with what the profile says today; a profile without a number says nothing."""
    if not isinstance(watts, (int, float)) or not 0 < watts < 1000:
        return entries
    if entries and entries[-1]["watts"] == watts:
        return [*entries[:-1], entries[-1] | {"until": today.isoformat()}]
    return [*entries, {"since": today.isoformat(), "until": today.isoformat(), "watts": watts}]


def _entries(store: Store, athlete: int) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = _read(store, athlete).get("thresholds", [])
    return entries


def _read(store: Store, athlete: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(store.read(_key(athlete)))
    except FileNotFoundError:
        return {}
    return found


def _write(store: Store, athlete: int, kept: dict[str, Any]) -> None:
    store.write(_key(athlete), json.dumps(kept).encode())


def _key(athlete: int) -> str:
    return f"landing/api/{athlete}/thresholds.json"
