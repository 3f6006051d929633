"""One archived activity in the words of ``schema.ACTIVITIES``.

What belongs here: reading ``strava.activity.archive``. What does not: filling it (``entries``). A field
that is missing is None; nothing here fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from strava_assets.archive.export import FIGURES


def activity_row(archive: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of ``schema.ACTIVITIES`` that an export's row, or a file, can tell.

    Parameters
    ----------
    archive : mapping
        As `entries.say` made it.

    Returns
    -------
    dict
        Metres, seconds, m/s, W, bpm, rpm, kcal; ``start_time`` aware UTC. Visibility, the time zone and
        Strava's gear ids are in no export.
    """
    start = archive.get("start")
    filename = archive.get("filename")
    return {
        "name": archive.get("name"),
        "sport_type": archive.get("sport_type"),
        "start_time": datetime.fromisoformat(start) if start else None,
        # JSON gives 1e18 back as a whole number, which no column of floats takes
        **{name: None if archive.get(name) is None else float(archive[name]) for name in FIGURES},
        "gear_name": archive.get("gear_name"),
        "device_name": archive.get("device_name"),
        "computed": ", ".join((archive.get("recording") or {}).get("computed") or []) or None,
        # no file: typed in by hand, or recorded where Strava kept none; the export does not say which
        "manual": False if filename else None,
    }
