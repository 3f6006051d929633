"""Training figures of a long history: all of it, and after one more ride.

``python -m strava_assets_tests.benchmarks training --activities 10000``. One process; nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from strava_assets.schema import ACTIVITIES, STREAMS
from strava_assets.stores import Store
from strava_assets.tables import encode, key_of
from strava_assets.training import keeping

#: A month's activities; every third is a run.
_A_MONTH = 83
_SPORTS = ("Ride", "GravelRide", "Run")


def options(parser: argparse.ArgumentParser) -> None:
    """What may be asked for."""
    parser.add_argument("--activities", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=3600, help="of each activity, one a second")


def main(activities: int = 10_000, samples: int = 3600) -> None:
    """Print seconds."""
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        months = [
            _write_month(store, number, min(_A_MONTH, activities - first), samples)
            for number, first in enumerate(range(0, activities, _A_MONTH))
        ]
        with _timed(seconds, "every month measured"):
            for month in months:
                _measure(store, month)
        with _timed(seconds, "every figure made"):
            keeping.refresh_figures(store, {}, 60.0)
        _write_month(store, len(months) - 1, activities - _A_MONTH * (len(months) - 1), samples, renewed=1)
        with _timed(seconds, "one ride more: its month measured"):
            _measure(store, months[-1])
        with _timed(seconds, "one ride more: every figure made"):
            keeping.refresh_figures(store, {}, 60.0)
    table = Table(f"{activities:,} activities, {activities * samples / 1e6:,.1f} M samples", "seconds")
    for name, taken in seconds.items():
        table.add_row(name, f"{taken:.2f}")
    table.add_row("peak memory, MB", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")
    Console().print(table)


def _measure(store: Store, month: str) -> None:
    made = keeping.measure_month(store, month)
    assert made is not None
    assert made.efforts is not None
    store.write(key_of(keeping.EFFORTS, month), encode(made.efforts))
    store.write(key_of(keeping.LOAD, month), encode(made.load))


def _write_month(store: Store, number: int, count: int, samples: int, renewed: int = 0) -> str:
    """A month of even terrain and uneven legs."""
    chance = np.random.default_rng(number)
    month = f"{2010 + number // 12}-{number % 12 + 1:02d}"
    ids = np.arange(count) + number * _A_MONTH
    begin = datetime(2010 + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    rows = [
        {
            "activity_id": key,
            "athlete_id": 1,
            "sport_type": _SPORTS[key % len(_SPORTS)],
            "start_time": begin + timedelta(hours=8 * place),
            "utc_offset": 3600.0,
            "distance": 3.2 * samples,
            "fingerprint": f"{key} {renewed if place == 0 else 0}",
        }
        for place, key in enumerate(ids.tolist())
    ]
    effort = np.repeat(chance.normal(0, 1, count * samples // 60 + 1), 60)[: count * samples]
    noise = chance.normal(0, 1, count * samples)
    time_of = np.tile(np.arange(samples, dtype=float), count)
    pace = np.clip(3.2 + 0.4 * effort, 0.5, None).reshape(count, samples)
    channels = {
        "activity_id": np.repeat(ids, samples),
        "time": time_of,
        "distance": pace.cumsum(axis=1).round(1).ravel(),
        "heartrate": np.rint(140 + 12 * effort + 2 * noise),
        "watts": np.rint(np.clip(200 + 50 * effort + 30 * noise, 0, None)),
    }
    streams = [
        pa.array(channels[field.name], field.type) if field.name in channels else pa.nulls(len(time_of), field.type)
        for field in STREAMS
    ]
    store.write(key_of("activities", month), encode(pa.Table.from_pylist(rows, ACTIVITIES)))
    store.write(key_of("activity_streams", month), encode(pa.table(streams, schema=STREAMS)))
    return month


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - began
