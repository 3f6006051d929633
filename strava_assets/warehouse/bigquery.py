"""The lake's tables in BigQuery: each replaced whole by one load job, which changes all of it or nothing.

What belongs here: which job, the types, knowing what is there already. What does not: rows and their files (``lake``,
``lake_files``).

A table is cut by the month of its day and clustered by sport. Credentials are Google's own, found as its programs find
them (Application Default Credentials); they need ``roles/bigquery.jobUser`` on the project and
``roles/bigquery.dataEditor`` on the dataset, nothing more. The dataset has to be there: where its data lie is its
owner's decision, and cannot be changed later.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from strava_assets import geoparquet
from strava_assets.errors import StoreUnavailable
from strava_assets.stores import Store
from strava_assets.warehouse import lake_files
from strava_assets.warehouse.lake import TABLES, LakeTable

if TYPE_CHECKING:
    from google.cloud.bigquery import Client, LoadJobConfig, SchemaField, Table

#: Counts up whenever the same lake is loaded otherwise.
VERSION = "1"
#: A label of each table: what it was loaded from.
MADE_FROM = "made_from"
#: Seconds that a job may take.
_LONGEST = 3600.0
#: Seconds to connect, and between two signs of life.
_PATIENCE = (10.0, 120.0)
_TYPES = {
    "string": "STRING",
    "binary": "GEOGRAPHY",
    "bool": "BOOLEAN",
    "int32": "INTEGER",
    "int64": "INTEGER",
    "float": "FLOAT",
    "double": "FLOAT",
    "date32[day]": "DATE",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
}


@dataclass(frozen=True)
class BigQueryReport:
    """What became of one table; ``loaded`` is false where it held what the lake holds."""

    table: str
    rows: int
    loaded: bool
    job: str = ""
    seconds: float = 0.0


def load(store: Store, dataset: str, workshop: Path, *, force: bool = False) -> Iterator[BigQueryReport]:
    """Bring every table up to date with the lake, one after the other.

    Parameters
    ----------
    store : Store
        The private store, with the lake.
    dataset : str
        ``project.dataset``, or only the dataset, in the credentials' own project.
    workshop : Path
        A folder for what is on its way; nobody else may read there.
    force : bool
        Also tables that hold what the lake holds.

    Raises
    ------
    StoreUnavailable
        BigQuery refuses or does not answer; that table is as it was before.
    """
    client = _client(dataset)
    where = f"{client.project}.{dataset.rpartition('.')[2]}"
    location = _location(client, where)
    for table in TABLES:
        yield _load(client, store, table, f"{where}.{name_of(table)}", location, workshop, force)


def location_of(dataset: str) -> str:
    """Where a dataset's data lie; raises as `load` does."""
    client = _client(dataset)
    return _location(client, f"{client.project}.{dataset.rpartition('.')[2]}")


def name_of(table: LakeTable) -> str:
    """A table's name in the dataset."""
    return f"strava_{table.name}"


def job_config(table: LakeTable) -> LoadJobConfig:
    """The one job that replaces a table: everything is said, and nothing is left to what BigQuery makes of a file."""
    from google.cloud import bigquery

    return bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
        create_disposition=bigquery.CreateDisposition.CREATE_IF_NEEDED,
        autodetect=False,
        schema=schema(table),
        time_partitioning=bigquery.TimePartitioning(
            type_=bigquery.TimePartitioningType.MONTH, field=table.partitioned_by
        ),
        clustering_fields=table.clustered_by,
        labels={"application": "strava_assets"},
    )


def schema(table: LakeTable) -> list[SchemaField]:
    """BigQuery's columns: names, types, and units as their description."""
    return [_field(field, table.notes.get(field.name, "")) for field in table.schema]


def _field(field: pa.Field, note: str) -> SchemaField:
    from google.cloud.bigquery import SchemaField

    parts = [_field(part, "") for part in field.type] if pa.types.is_struct(field.type) else []
    kind = "RECORD" if parts else _TYPES[str(field.type)]
    told: dict[str, Any] = {"description": note} if note else {}
    return SchemaField(field.name, kind, "NULLABLE", fields=parts, **told)


def _load(
    client: Client, store: Store, table: LakeTable, name: str, location: str, workshop: Path, force: bool
) -> BigQueryReport:
    began = time.perf_counter()
    keys = store.keys(f"{lake_files.FOLDER}/{table.name}")
    mark = _mark(store, table)
    with _said(name):
        there = _there(client, name)
        if there is not None and there.labels.get(MADE_FROM) == mark and not force:
            return BigQueryReport(name, int(there.num_rows or 0), loaded=False)
        if there is not None:  # whatever happens now, nobody takes it for what it was
            there.labels = {**there.labels, MADE_FROM: "unknown"}
            client.update_table(there, ["labels"])
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=workshop) as folder:  # mode 700
            whole = Path(folder) / f"{table.name}.parquet"
            _write_whole(store, keys, table, whole)
            with whole.open("rb") as file:
                job = client.load_table_from_file(
                    file,
                    name,
                    job_id_prefix=f"{name_of(table)}_",
                    location=location,
                    project=client.project,
                    job_config=job_config(table),
                    timeout=_PATIENCE,
                )
        job.result(timeout=_LONGEST)
        loaded = client.get_table(name)
        loaded.labels = {**loaded.labels, MADE_FROM: mark}
        loaded.description = f"A row is {table.what}."
        client.update_table(loaded, ["labels", "description"])
    return BigQueryReport(
        name, int(job.output_rows or 0), loaded=True, job=str(job.job_id), seconds=time.perf_counter() - began
    )


def _write_whole(store: Store, keys: Sequence[str], table: LakeTable, path: Path) -> None:
    """All months' files of a table as one, a row group at a time."""
    with geoparquet.writing(table.schema, path, table.kinds) as append:
        for key in keys:
            with store.open_for_arrow(key) as file:
                month = pq.ParquetFile(file)
                for group in range(month.num_row_groups):
                    append(month.read_row_group(group))


def _mark(store: Store, table: LakeTable) -> str:
    """Of everything that a table is made from; a label has 63 letters at most."""
    files = store.versions(f"{lake_files.FOLDER}/{table.name}")
    told = repr((VERSION, sorted(files.items()), str(table.schema), table.partitioned_by, table.clustered_by))
    return hashlib.sha256(told.encode()).hexdigest()[:40]


def _location(client: Client, dataset: str) -> str:
    with _said(dataset):
        return str(client.get_dataset(dataset).location)


def _there(client: Client, name: str) -> Table | None:
    from google.api_core.exceptions import NotFound

    try:
        return client.get_table(name)
    except NotFound:
        return None


def _client(dataset: str) -> Client:
    try:
        from google.cloud import bigquery
    except ImportError:
        raise StoreUnavailable("BigQuery needs one more package: pip install 'strava-assets[bigquery]'") from None
    with _said(dataset):
        return bigquery.Client(project=dataset.rpartition(".")[0] or None)


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Whatever goes wrong, in one line."""
    from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
    from google.auth.exceptions import GoogleAuthError
    from requests import RequestException

    try:
        yield
    except NotFound as error:
        raise StoreUnavailable(f"BigQuery has no {what}; make the dataset first, where its data are to lie") from error
    except (GoogleAPICallError, RetryError, GoogleAuthError, RequestException, TimeoutError, OSError) as error:
        raise StoreUnavailable(f"BigQuery does not load {what}: {_line(error)}") from error


def _line(error: Any) -> str:
    said = getattr(error, "message", None) or str(error) or type(error).__name__
    return str(said).splitlines()[0][:200]
