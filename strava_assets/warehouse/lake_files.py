"""The lake's files in the private store: a folder a month, brought up to date where the typed tables moved on.

What belongs here: which months are to be made anew, doing that on every core, and that a refresh that fails leaves the
files as they were. What does not: what is in a table (``lake``).

``lake/<table>/month=YYYY-MM/<table>.parquet``, and ``lake/state.json``: what each month was made from. Files get their
names only when all that are new are complete; a folder's readers see each file whole, before or after.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from strava_assets import geoparquet
from strava_assets.errors import StoreUnavailable
from strava_assets.processes import cores, pool_of
from strava_assets.stores import Store
from strava_assets.tables import key_of as typed_key
from strava_assets.tables import months_of
from strava_assets.warehouse.lake import TABLES, VERSION, Month

FOLDER = "lake"
STREAMS = "activity_streams"
_STATE = f"{FOLDER}/state.json"
#: Bytes of typed samples: with fewer it is quicker to make all months here than to start processes.
WORTH_PROCESSES = 24 << 20
#: Of one month: rows and bytes by table; a table without rows has no file.
_Made = dict[str, tuple[int, int]]


@dataclass
class TableReport:
    """What became of one table. ``rows`` and ``bytes`` are of all its files."""

    rows: int = 0
    bytes: int = 0
    rewritten: int = 0
    kept: int = 0
    removed: int = 0


@dataclass
class LakeReport:
    """What a refresh did, by table."""

    tables: dict[str, TableReport] = field(default_factory=lambda: {table.name: TableReport() for table in TABLES})
    seconds: float = 0.0


def key_of(table: str, month: str) -> str:
    """Where a month's file is kept in the private store."""
    return f"{FOLDER}/{table}/month={month}/{table}.parquet"


def exists(store: Store) -> bool:
    """Whether there is a lake."""
    return store.exists(_STATE)


def mark(store: Store) -> str:
    """Tells the lake, as it was refreshed last, from any other; empty if it never was."""
    try:
        return hashlib.sha256(store.read(_STATE)).hexdigest()
    except FileNotFoundError:
        return ""


def is_current(store: Store, alive: Collection[int]) -> bool:
    """Whether a refresh would change nothing; a few folders are listed, no table is read."""
    months, wanted = _read_state(store), _wanted(store)
    return exists(store) and wanted.keys() == months.keys() and not _stale(store, months, wanted, alive)


def refresh(store: Store, alive: Collection[int], *, force: bool = False) -> LakeReport:
    """Bring every month's files up to date with the typed tables. One at a time: see ``upkeep``.

    Parameters
    ----------
    store : Store
        The private store.
    alive : collection of int
        Activities that may be in it: of others the typed tables may still have rows, until their month is made again.
    force : bool
        Make unchanged months again.

    Raises
    ------
    DamagedTable
        A month's typed table cannot be read.
    StoreUnavailable
        Something could not be written. In both cases every file is as it was.
    """
    began = time.perf_counter()
    months, wanted = _read_state(store), _wanted(store)
    stale = list(wanted) if force else _stale(store, months, wanted, alive)
    report = LakeReport()
    with _workshop(store) as folder:
        made = _made(store, folder, stale, frozenset(alive))
        there = store.sizes(FOLDER)
        for month, (ids, tables) in made.items():
            for table, told in report.tables.items():
                if table in tables:
                    _put(store, folder / f"{table}-{month}", key_of(table, month))
                    told.rewritten += 1
            months[month] = {"from": wanted[month], "activities": ids, "tables": tables}
        kept = {key_of(table, month) for month in wanted for table in months[month]["tables"]}
        for key in sorted({*there} - kept - {_STATE}):
            table = key.split("/")[1]
            store.delete(key)
            _tidy(store, key)
            if table in report.tables:
                report.tables[table].removed += 1
        months = {month: months[month] for month in sorted(wanted)}
        written = json.dumps({"months": months}, indent=0).encode()
        if _STATE not in there or store.read(_STATE) != written:
            store.write(_STATE, written)
    for entry in months.values():
        for table, (rows, size) in entry["tables"].items():
            report.tables[table].rows += rows
            report.tables[table].bytes += size
            report.tables[table].kept += 1
    for told in report.tables.values():
        told.kept -= told.rewritten
    report.seconds = time.perf_counter() - began
    return report


def _wanted(store: Store) -> dict[str, str]:
    """What tells each month's typed tables from what they were before; empty where the store does not tell."""
    activities, streams = (months_of(store, name).versions() for name in ("activities", "activity_streams"))
    return {
        month: f"{VERSION} | {activities[month]} | {streams[month]}" if month in activities and month in streams else ""
        for month in sorted({*months_of(store, "activities")} & {*months_of(store, "activity_streams")})
    }


def _stale(store: Store, months: Mapping[str, Any], wanted: Mapping[str, str], alive: Collection[int]) -> list[str]:
    there, living = store.sizes(FOLDER), frozenset(alive)
    return [
        month for month, made_from in wanted.items() if not _is_good(months.get(month), month, made_from, there, living)
    ]


def _is_good(
    entry: Mapping[str, Any] | None, month: str, made_from: str, there: Mapping[str, int], alive: frozenset[int]
) -> bool:
    return (
        entry is not None
        and made_from != ""
        and entry["from"] == made_from
        and alive.issuperset(entry["activities"])
        and all(there.get(key_of(table, month)) == size for table, (_, size) in entry["tables"].items())
    )


def _read_state(store: Store) -> dict[str, Any]:
    """What each month's files were made from; nothing, where that is not known."""
    try:
        return dict(json.loads(store.read(_STATE))["months"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}


def _made(store: Store, folder: Path, months: list[str], alive: frozenset[int]) -> dict[str, tuple[list[int], _Made]]:
    """Make months' files in a folder, by as many processes as there are cores where that is worth it."""
    made: dict[str, tuple[list[int], _Made]] = {}
    sizes = store.sizes(f"tables/{STREAMS}")
    if cores() > 1 and sum(sizes.get(typed_key(STREAMS, month), 0) for month in months) > WORTH_PROCESSES:
        bucket = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        with pool_of(cores(), __name__, _reach, (bucket,)) as pool:
            try:
                under_way: dict[str, Future[tuple[list[int], _Made]]] = {}
                if pool is not None:
                    under_way = {month: pool.submit(_make, store.url, folder, month, alive) for month in months}
                for month, future in under_way.items():
                    made[month] = future.result()
            except BrokenProcessPool:  # one was killed; what is left is made here
                pass
    for month in months:
        if month not in made:
            made[month] = _make(store.url, folder, month, alive)
    return made


def _reach(bucket: dict[str, str]) -> None:
    """A process may have been forked from one that was begun before the bucket's keys were set."""
    os.environ.update(bucket)


def _make(url: str, folder: Path, month: str, alive: frozenset[int]) -> tuple[list[int], _Made]:
    """One month's files; which activities are in them, and rows and bytes by table."""
    store = Store(url)
    typed = months_of(store, "activities", [month]).read(month, use_threads=False)
    streams = months_of(store, STREAMS, [month]).read(month, use_threads=False)
    ids = sorted(alive.intersection(typed.column("activity_id").to_pylist()))
    chosen = pa.array(ids, pa.int64())
    typed, streams = (
        rows if rows.num_rows == 0 else rows.filter(pc.is_in(rows.column("activity_id"), chosen))
        for rows in (typed, streams)
    )
    whole = Month(typed, streams)
    made: _Made = {}
    for table in TABLES:
        rows = table.rows(whole) if ids else table.schema.empty_table()
        if rows.num_rows:
            try:
                size = geoparquet.write(rows, folder / f"{table.name}-{month}", table.kinds)
            except (OSError, pa.ArrowException) as error:
                raise StoreUnavailable(f"cannot write the lake's {table.name} of {month}: {_said(error)}") from error
            made[table.name] = (rows.num_rows, size)
    return ids, made


def _said(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).splitlines()[0][:160]


@contextmanager
def _workshop(store: Store) -> Iterator[Path]:
    """A folder for what is not complete, where it can be given its name; what a killed process left goes."""
    try:
        place = None
        if store.is_folder:
            place = Path(store.path(FOLDER))
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            for leftover in place.glob(".tmp-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=place) as folder:  # mode 700
            yield Path(folder)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {store.url}/{FOLDER}: {_said(error)}") from error


def _put(store: Store, made: Path, key: str) -> None:
    """Give a complete file its name."""
    if not store.is_folder:
        store.write(key, made.read_bytes())
        return
    target = Path(store.path(key))
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)


def _tidy(store: Store, key: str) -> None:
    """A month without files has no folder: readers take folders for months."""
    if store.is_folder:
        folder = Path(store.path(key)).parent
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
