"""Typed tables of a few activities, written down in a test.

What belongs here: filling the columns that training figures read. What does not: figures.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from strava_assets.schema import ACTIVITIES, STREAMS
from strava_assets.training.measures import ACTIVITY_COLUMNS, SAMPLE_COLUMNS, measured

FIRST = datetime(2024, 3, 4, 7, tzinfo=UTC)


def activity(number: int, day: float = 0.0, sport: str = "Ride", **more: Any) -> dict[str, Any]:
    """An activity so many days after a Monday in March."""
    return {
        "activity_id": number,
        "athlete_id": 1,
        "sport_type": sport,
        "start_time": FIRST + timedelta(days=day),
        "utc_offset": 3600.0,
        "distance": 10_000.0,
        "fingerprint": f"print of {number}",
        **more,
    }


def activities(*rows: dict[str, Any]) -> pa.Table:
    schema = pa.schema([ACTIVITIES.field(name) for name in ACTIVITY_COLUMNS])
    return pa.Table.from_pylist([{name: row[name] for name in ACTIVITY_COLUMNS} for row in rows], schema)


def samples(*rows: dict[str, Any]) -> pa.Table:
    """One sample a second, of rows that name channels: arrays, or one value for ``seconds``."""
    schema = pa.schema([STREAMS.field(name) for name in SAMPLE_COLUMNS])
    tables = []
    for row in rows:
        count = row.get("seconds", 0)
        columns = {"activity_id": np.full(count, row["activity_id"]), "time": np.arange(count, dtype=float)}
        for name in ("time", "distance", "heartrate", "watts"):
            if name in row.get("channels", {}):
                columns[name] = np.broadcast_to(np.asarray(row["channels"][name], float), count)
        arrays = [
            pa.array(columns[field.name], field.type, from_pandas=True)
            if field.name in columns
            else pa.nulls(count, field.type)
            for field in schema
        ]
        tables.append(pa.table(arrays, schema=schema))
    return pa.concat_tables([schema.empty_table(), *tables])


def measure(*rows: dict[str, Any]) -> tuple[pa.Table, pa.Table]:
    """Efforts and loads of these."""
    return measured(activities(*rows), samples(*rows))


def ride(number: int, day: float = 0.0, watts: Any = None, beats: Any = None, seconds: int = 3600, **more: Any) -> Any:
    """An even hour, unless told otherwise."""
    channels = {name: value for name, value in (("watts", watts), ("heartrate", beats)) if value is not None}
    return activity(number, day, **more) | {"seconds": seconds, "channels": channels}
