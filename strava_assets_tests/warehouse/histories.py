"""Typed tables of invented histories, written as the stage before writes them: no database, no Dagster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from strava_assets.schema import ACTIVITIES, STREAMS
from strava_assets.stores import Store
from strava_assets.tables import encode, key_of, months_of
from strava_assets.training import keeping

SPORTS = ("Ride", "GravelRide", "Run", "Swim")


def activity(number: int, start: datetime, **values: Any) -> dict[str, Any]:
    """A typed row; figures by its number, some unknown."""
    chance = np.random.default_rng(number)
    known = chance.uniform(size=4) > 0.3
    return {
        "activity_id": number,
        "athlete_id": 1 + number % 2,
        "provenance": "archive",
        "name": f"Ride {number} über Land 🌲",
        "sport_type": SPORTS[number % len(SPORTS)],
        "start_time": start,
        "utc_offset": (None, 0.0, 7200.0, -28800.0)[number % 4],
        "distance": float(chance.uniform(1e3, 1e5)),
        "moving_time": float(chance.integers(600, 20_000)),
        "total_elevation_gain": float(chance.uniform(0, 2000)) if known[0] else None,
        "average_watts": float(chance.uniform(90, 300)) if known[1] else None,
        "average_heartrate": float(chance.uniform(90, 180)) if known[2] else None,
        "calories": float(chance.uniform(50, 4000)) if known[3] else None,
        "gear_id": f"b{number % 3}",
        "gear_name": ("Stahl", "Carbon", None)[number % 3],
        **values,
    }


def track(number: int, samples: int = 40, lon: float | None = None, lat: float | None = None) -> dict[str, np.ndarray]:
    """Channels of a small recording: a wandering line from a place; a few positions are missing."""
    chance = np.random.default_rng(1000 + number)
    lon = chance.uniform(-170, 170) if lon is None else lon
    lat = chance.uniform(-70, 70) if lat is None else lat
    found = {
        "time": np.arange(float(samples)),
        "distance": np.arange(samples) * 5.0,
        "lat": np.round(lat + np.cumsum(chance.normal(size=samples)) * 1e-4, 6),
        "lng": np.round(lon + np.cumsum(chance.normal(size=samples)) * 1e-4, 6),
        "watts": chance.integers(0, 400, samples).astype(float),
        "heartrate": chance.integers(80, 190, samples).astype(float),
    }
    missing = chance.uniform(size=samples) < 0.1
    found["lat"][missing] = found["lng"][missing] = np.nan
    return found


def samples_of(number: int, channels: dict[str, np.ndarray]) -> pa.Table:
    """Typed samples; what is not given is null."""
    count = len(channels["time"])
    columns: dict[str, Any] = {"activity_id": np.full(count, number), "sample": np.arange(count)}
    for field in STREAMS:
        if field.name not in columns:
            values = channels.get(field.name)
            columns[field.name] = [None] * count if values is None else pa.array(values, from_pandas=True)
    return pa.table({field.name: pa.array(columns[field.name]).cast(field.type) for field in STREAMS})


def write_month(store: Store, month: str, rows: dict[int, dict[str, Any]], tracks: dict[int, Any]) -> None:
    """Both typed tables of a month."""
    typed = pa.Table.from_pylist([rows[number] for number in sorted(rows)], schema=ACTIVITIES)
    streams = [samples_of(number, tracks[number]) for number in sorted(rows) if tracks.get(number) is not None]
    store.write(key_of("activities", month), encode(typed))
    store.write(key_of("activity_streams", month), encode(pa.concat_tables([STREAMS.empty_table(), *streams])))


def some_years(folder: Path, activities: int = 60) -> tuple[Store, set[int]]:
    """A store with activities over some years, and their ids: one without samples, one without positions."""
    store = Store(str(folder / "private"))
    months: dict[str, dict[int, dict[str, Any]]] = {}
    for number in range(1, activities + 1):
        start = datetime(2020, 11, 28, 22, 30, tzinfo=UTC) + timedelta(days=17 * number, minutes=37 * number)
        months.setdefault(f"{start:%Y-%m}", {})[number] = activity(number, start)
    for month, rows in months.items():
        tracks: dict[int, Any] = {number: track(number) for number in rows}
        if 5 in rows:
            tracks[5] = None
        if 6 in rows:
            tracks[6] |= {"lat": np.full(40, np.nan), "lng": np.full(40, np.nan)}
        write_month(store, month, rows, tracks)
    return store, {*range(1, activities + 1)}


def measure(store: Store) -> None:
    """The training figures of every month, as the flow makes them."""
    for month in months_of(store, "activities"):
        made = keeping.measure_month(store, month)
        if made is None or made.efforts is None or made.load is None:  # as it was
            continue
        store.write(key_of(keeping.EFFORTS, month), encode(made.efforts))
        store.write(key_of(keeping.LOAD, month), encode(made.load))
    keeping.refresh_figures(store, {}, 50.0)
