"""The lake and the DuckDB warehouse of a long history: a whole refresh, one after a new ride, and questions.

``python -m strava_assets_tests.benchmarks warehouse --activities 10000 --home FOLDER``. The typed tables are kept in
the folder, so that a second measurement need not generate them again. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from strava_assets.schema import ACTIVITIES, STREAMS
from strava_assets.stores import Store
from strava_assets.tables import encode, key_of, months_of
from strava_assets.warehouse import duckdb, lake_files
from strava_assets_tests.benchmarks.history import Memory
from strava_assets_tests.benchmarks.latency import folder
from strava_assets_tests.benchmarks.long_export import SAMPLES, Recording, turned

out = Console()
QUESTIONS = {
    "average watts by week, of activities": "select iso_week_start, average_watts from weekly order by 1",
    "average watts by week, of every sample": "select iso_week_start, avg(watts) from strava_samples group by 1",
    "samples within a square kilometre": "select count(*) from strava_samples "
    "where bbox.xmin between 7.60 and 7.61 and bbox.ymin between 47.50 and 47.51",
}
#: Digits of each channel, as recorders give them.
_DIGITS = {"lat": 6, "lng": 6, "velocity_smooth": 3, "altitude": 1, "distance": 1, "grade_smooth": 1}


def write_history(store: Store, activities: int) -> None:
    """Typed tables of a history of ten years, as the stage before would have made them."""
    months: dict[str, list[Recording]] = {}
    for number in range(activities):
        one = Recording(number, activities)
        months.setdefault(f"{one.start:%Y-%m}", []).append(one)
    for month, recordings in months.items():
        _write_month(store, month, recordings)


def _write_month(store: Store, month: str, recordings: list[Recording]) -> None:
    tracks = [turned(one, SAMPLES) for one in recordings]
    store.write(
        key_of("activities", month),
        encode(
            pa.Table.from_pylist(
                [_row(one, track) for one, track in zip(recordings, tracks, strict=True)], schema=ACTIVITIES
            )
        ),
    )
    store.write(
        key_of("activity_streams", month),
        encode(
            pa.concat_tables([_samples(one, track) for one, track in zip(recordings, tracks, strict=True)]),
        ),
    )


def _row(one: Recording, track: dict[str, np.ndarray]) -> dict[str, object]:
    return {
        "activity_id": one.number + 1,
        "athlete_id": 1,
        "provenance": "archive",
        "name": f"Ride {one.number}",
        "sport_type": ("Ride", "GravelRide", "Run")[one.number % 3],
        "start_time": one.start,
        "utc_offset": 7200.0,
        "distance": float(track["distance"][-1]),
        "moving_time": float(SAMPLES - 1),
        "average_watts": float(track["watts"].mean()),
        "average_heartrate": float(track["heartrate"].mean()),
        "gear_name": f"Bike {one.number % 3}",
        "samples": SAMPLES,
        "positions": SAMPLES,
    }


def _samples(one: Recording, track: dict[str, np.ndarray]) -> pa.Table:
    columns = {"activity_id": np.full(SAMPLES, one.number + 1), "sample": np.arange(SAMPLES)}
    columns |= {name: np.round(track[name], _DIGITS.get(name, 0)) for name in STREAMS.names[2:-1]}
    columns["moving"] = track["moving"]
    return pa.table({name: pa.array(columns[name]) for name in STREAMS.names}).cast(STREAMS)


def _new_ride(store: Store, activities: int) -> None:
    """One more, in the newest month."""
    month = max(months_of(store, "activities"))
    typed, streams = months_of(store, "activities")[month], months_of(store, "activity_streams")[month]
    one = Recording(activities, activities + 1)
    track = turned(one, SAMPLES)
    row = _row(one, track) | {"start_time": typed["start_time"][-1].as_py() + timedelta(hours=1)}
    for name, table in (
        ("activities", pa.concat_tables([typed, pa.Table.from_pylist([row], schema=ACTIVITIES)])),
        ("activity_streams", pa.concat_tables([streams, _samples(one, track)])),
    ):
        store.write(key_of(name, month), encode(table))


def refresh(home: Path) -> tuple[float, float, int]:
    """Seconds for the lake and for DuckDB, and peak memory of a process of its own and of its children."""
    with Memory(home) as memory:
        done = subprocess.run([sys.executable, "-m", __name__, str(home)], capture_output=True, text=True, check=True)
    lake, warehouse = json.loads(done.stdout)
    return lake, warehouse, memory.peak


def _refresh_here(home: Path) -> None:
    store = Store(str(home / "private"))
    alive = {*range(1, 20_000)}
    lake = lake_files.refresh(store, alive)
    loaded = duckdb.load(store, home / "warehouse.duckdb")
    print(json.dumps([lake.seconds, loaded.seconds]))


def questions(home: Path) -> dict[str, float]:
    """Seconds until the answer is here, the median of some; the first time is not counted."""
    took = {}
    with duckdb.reading(Store(str(home / "private")), home / "warehouse.duckdb") as connection:
        for name, question in QUESTIONS.items():
            each = []
            for _ in range(8):
                began = time.perf_counter()
                connection.execute(question).fetchall()
                each.append(time.perf_counter() - began)
            took[name] = statistics.median(each[1:])
    return took


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--activities", type=int, default=10_000)
    parser.add_argument("--home", help="kept for the next measurement; else a temporary folder")


def main(activities: int = 10_000, home: str | None = None) -> None:
    """Measure, and show."""
    with folder(home) as place:
        base = place / f"warehouse-{activities}"
        store = Store(str(base / "private"))
        if not (base / "complete").exists():
            out.print(f"generating typed tables of {activities:,} activities first")
            write_history(store, activities)
            (base / "complete").touch()
        for key in store.keys("lake"):
            store.delete(key)
        (base / "warehouse.duckdb").unlink(missing_ok=True)
        table = Table(
            "", "seconds", "peak memory", title=f"{activities:,} activities, {activities * SAMPLES:,} samples"
        )

        def row(name: str) -> None:
            lake, warehouse, peak = refresh(base)
            table.add_row(f"{name}: the lake", f"{lake:.2f}", f"{peak / 1e6:,.0f} MB")
            table.add_row(f"{name}: DuckDB", f"{warehouse:.2f}")

        row("whole refresh")
        row("nothing changed")
        _new_ride(store, activities)
        row("after one new ride")
        for name, seconds in questions(base).items():
            table.add_row(f"question: {name}", f"{seconds:.3f}")
        sizes = store.sizes("lake")
        table.add_row("the lake, MB", f"{sum(sizes.values()) / 1e6:,.0f}")
        table.add_row("the DuckDB file, MB", f"{(base / 'warehouse.duckdb').stat().st_size / 1e6:,.1f}")
        _write_month(store, max(months_of(store, "activities")), _newest(activities))
    out.print(table)


def _newest(activities: int) -> list[Recording]:
    """The newest month's, as they were before the new ride."""
    recordings = [Recording(number, activities) for number in range(activities)]
    return [one for one in recordings if f"{one.start:%Y-%m}" == f"{recordings[-1].start:%Y-%m}"]


if __name__ == "__main__":
    _refresh_here(Path(sys.argv[1]))
