"""The warehouse in DuckDB: one private file with tables and named views over the lake.

What belongs here: loading it, whole or not at all, and opening it to read. What does not: rows (``lake``), questions
(``sql/warehouse/*.sql``: a view each, in SQL that other databases understand, too).

Another table is one more entry in `TABLES`; another view is one more file.
"""

from __future__ import annotations

import glob
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa

from strava_assets.database.connection import sql_folder
from strava_assets.errors import StoreUnavailable
from strava_assets.geoparquet import BBOX, GEOMETRY
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.training.schema import ACTIVITY_EFFORTS, WHOLE
from strava_assets.warehouse import lake_files
from strava_assets.warehouse.lake import ACTIVITIES, SAMPLES, LakeTable

#: Counts up whenever the same lake is loaded otherwise.
VERSION = "1"
#: What the file was loaded from; nobody's question.
_MADE_FROM = "strava_assets_made_from"


@dataclass(frozen=True)
class WarehouseTable:
    """A table of the warehouse.

    Attributes
    ----------
    name : str
    files : str
        Where its rows are in the private store, as a pattern.
    schema : pa.Schema
        Of these files.
    inside : bool
        Copied into the file, as small ones are; else it is a view over the lake's files, which are read when asked
        for: samples are a thousand times as many rows, and copying them takes longer than everything else.
    columns : str
        Which, as ``select`` has them.
    rest : str
        What follows in the ``select``: a condition, or an order.
    """

    name: str
    files: str
    schema: pa.Schema
    inside: bool
    columns: str = "*"
    rest: str = ""


def _of_lake(name: str, table: LakeTable, inside: bool, columns: str = "*") -> WarehouseTable:
    order = "order by start_time, activity_id" if inside else ""
    return WarehouseTable(name, f"{lake_files.FOLDER}/{table.name}/*/*.parquet", table.schema, inside, columns, order)


def _of_training(name: str, schema: pa.Schema) -> WarehouseTable:
    """Of somebody who was removed a month's table may have rows until it is made again."""
    here = "where activity_id in (select activity_id from strava_activities)" if "activity_id" in schema.names else ""
    return WarehouseTable(name, f"tables/{name}/*.parquet", schema, inside=True, rest=here)


TABLES = (
    _of_lake("strava_activities", ACTIVITIES, inside=True, columns=f"* exclude ({GEOMETRY}, {BBOX})"),
    _of_lake("strava_tracks", ACTIVITIES, inside=False, columns=f"activity_id, month, {GEOMETRY}, {BBOX}"),
    _of_lake("strava_samples", SAMPLES, inside=False),
    _of_training("activity_efforts", ACTIVITY_EFFORTS),
    *(_of_training(name, schema) for name, schema in WHOLE.items()),
)


@dataclass
class LoadReport:
    """What was loaded: rows of the tables inside, by name. ``loaded`` is false where nothing had moved on."""

    rows: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    loaded: bool = True
    seconds: float = 0.0


def path_of(settings: Settings) -> Path:
    """Where the file is."""
    return settings.home_path / "warehouse.duckdb"


def views() -> dict[str, str]:
    """The named views' SQL by name: the files of ``sql/warehouse``, in the order of their names."""
    return {path.stem: path.read_text() for path in sorted((sql_folder() / "warehouse").glob("*.sql"))}


def load(store: Store, path: Path, *, force: bool = False) -> LoadReport:
    """Replace the file by one that holds what the lake holds now, or leave it as it was.

    Whoever reads the old one is no hindrance, and goes on reading it.

    Parameters
    ----------
    store : Store
        The private store, with the lake.
    path : Path
        The DuckDB file; readable by its owner only.
    force : bool
        Also if it was loaded from the same lake.

    Raises
    ------
    StoreUnavailable
        It could not be written, or a file of the lake could not be read.
    """
    began = time.perf_counter()
    mark = _mark(store)
    report = LoadReport()
    if not force and is_current(store, path):
        report.loaded = False
        with _opened(store, path, read_only=True) as connection:
            report.rows = _counted(connection)
    else:
        # a file of its own until it is whole: whoever reads the old one, or writes another, holds DuckDB's lock on it
        try:
            with tempfile.TemporaryDirectory(prefix=".tmp-", dir=path.parent) as folder:  # mode 700
                fresh = Path(folder) / path.name
                with _opened(store, fresh) as connection:
                    _fill(connection, store, mark)
                    report.rows = _counted(connection)
                fresh.chmod(0o600)
                os.replace(fresh, path)
        except (duckdb.Error, OSError) as error:
            raise StoreUnavailable(f"cannot write {path.name}: {str(error).splitlines()[0][:160]}") from error
    report.bytes = path.stat().st_size
    report.seconds = time.perf_counter() - began
    return report


def is_current(store: Store, path: Path) -> bool:
    """Whether the file was loaded from the lake as it is."""
    return _made_from(path) == _mark(store)


@contextmanager
def reading(store: Store, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse to read; raises StoreUnavailable where there is none."""
    if not path.exists():
        raise StoreUnavailable(f"there is no {path}; it is made by: strava-assets materialize")
    try:
        with _opened(store, path, read_only=True) as connection:
            yield connection
    except duckdb.IOException as error:
        raise StoreUnavailable(f"cannot read {path.name}: {str(error).splitlines()[0][:160]}") from error


@contextmanager
def _opened(store: Store, path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path), read_only=read_only) as connection:
        connection.execute("set timezone = 'UTC'")
        if not store.is_folder:  # DuckDB's own way to a bucket is an extension, which has to be fetched
            connection.register_filesystem(store.filesystem)
        yield connection


def _fill(connection: duckdb.DuckDBPyConnection, store: Store, mark: str) -> None:
    for table in TABLES:
        kind = "table" if table.inside else "view"
        connection.execute(
            f"create {kind} {table.name} as select {table.columns} from {_source(store, table)} {table.rest}"
        )
    for name, text in views().items():
        connection.execute(f"create view {name} as {text}")
    connection.execute(f"create table {_MADE_FROM} as select $mark as mark", {"mark": mark})


def _source(store: Store, table: WarehouseTable) -> str:
    """A table's files in DuckDB's words; no rows, where there is no file yet."""
    by_month = "/*/" in table.files
    if not store.keys(_folder(table)):
        names = ", ".join(f"null::{_type(str(field.type))} as {field.name}" for field in table.schema)
        return f"(select {names}{', null::varchar as month' if by_month else ''} where false)"
    url = store.path("") if store.is_folder else store.url
    files = f"{glob.escape(url)}/{table.files}".replace("'", "''")
    hive = ", hive_partitioning = true, hive_types = {'month': varchar}" if by_month else ""
    return f"read_parquet('{files}'{hive})"


def _folder(table: WarehouseTable) -> str:
    return table.files.partition("/*")[0]


def _type(arrow: str) -> str:
    """An Arrow type in DuckDB's words, as far as the lake has it."""
    known = {"string": "varchar", "binary": "geometry", "bool": "boolean", "float": "float", "double": "double"}
    known |= {"int32": "integer", "int64": "bigint", "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamptz"}
    return known.get(arrow, "struct(xmin float, ymin float, xmax float, ymax float)")


def _counted(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    counted = {}
    for table in TABLES:
        if table.inside:
            found = connection.execute(f"select count(*) from {table.name}").fetchone()
            counted[table.name] = int(found[0]) if found else 0
    return counted


def _mark(store: Store) -> str:
    """Of everything that the file is made from."""
    training = [sorted(store.versions(_folder(table)).items()) for table in TABLES if table.files.startswith("tables/")]
    told = repr((VERSION, duckdb.__version__, lake_files.mark(store), training, store.url, TABLES, views()))
    return hashlib.sha256(told.encode()).hexdigest()


def _made_from(path: Path) -> str | None:
    """The mark of what is there; None where there is nothing, or nothing that can be read."""
    if path.exists():
        with suppress(duckdb.Error), duckdb.connect(str(path), read_only=True) as connection:
            found = connection.execute(f"select mark from {_MADE_FROM}").fetchone()
            return str(found[0]) if found else None
    return None
