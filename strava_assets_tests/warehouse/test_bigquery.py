"""BigQuery's tables are the lake's, each replaced by one job that changes all of it or nothing."""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pyarrow.parquet as pq
import pytest

from strava_assets.doctor import examine
from strava_assets.errors import StoreUnavailable
from strava_assets.stores import Store
from strava_assets.tables import encode, key_of
from strava_assets.warehouse import bigquery, duckdb, lake_files
from strava_assets.warehouse.lake import TABLES
from strava_assets_tests.publish.worlds import ride, tables
from strava_assets_tests.warehouse import google_cloud
from strava_assets_tests.warehouse.google_cloud import BigQuery


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[BigQuery]:
    """BigQuery, and credentials for it."""
    with google_cloud.bigquery() as running:
        account = google_cloud.service_account(running.url, tmp_path / "account.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", running.url)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A lake of three rides in two months."""
    store = Store(str(tmp_path / "private"))
    put(store, "2024-05", [ride(1), ride(2)])
    put(store, "2024-06", [ride(3)])
    lake_files.refresh(store, {1, 2, 3})
    return store


def put(store: Store, month: str, rides: list[Any]) -> None:
    activities, streams = tables(rides)
    store.write(key_of("activities", month), encode(activities))
    store.write(key_of("activity_streams", month), encode(streams))


def load(store: Store, tmp_path: Path, dataset: str = "mine.rides", **options: Any) -> list[bigquery.BigQueryReport]:
    workshop = tmp_path / "workshop"
    workshop.mkdir(exist_ok=True)
    try:
        return list(bigquery.load(store, dataset, workshop, **options))
    finally:
        assert not list(workshop.iterdir())


@pytest.mark.parametrize("dataset", ["mine.rides", "rides"])
def test_each_table_is_one_job_that_says_everything(
    cloud: BigQuery, store: Store, tmp_path: Path, dataset: str
) -> None:
    reports = load(store, tmp_path, dataset)
    assert [report.table for report in reports] == ["mine.rides.strava_activities", "mine.rides.strava_samples"]
    assert [job["configuration"]["load"] | {"schema": ...} for job, _ in cloud.loads] == [
        {
            "sourceFormat": "PARQUET",
            "writeDisposition": "WRITE_TRUNCATE",
            "createDisposition": "CREATE_IF_NEEDED",
            "autodetect": False,
            "timePartitioning": {"type": "MONTH", "field": "start_date"},
            "clustering": {"fields": fields},
            "destinationTable": {"projectId": "mine", "datasetId": "rides", "tableId": table},
            "schema": ...,
        }
        for table, fields in [("strava_activities", ["sport_type"]), ("strava_samples", ["sport_type", "activity_id"])]
    ]
    for job, _ in cloud.loads:
        assert job["configuration"]["labels"] == {"application": "strava_assets"}
        assert job["jobReference"]["location"] == "EU"
        assert job["jobReference"]["projectId"] == "mine"


def test_the_schema_is_the_lakes_column_by_column(cloud: BigQuery, store: Store, tmp_path: Path) -> None:
    load(store, tmp_path)
    for table, (job, data) in zip(TABLES, cloud.loads, strict=True):
        columns = job["configuration"]["load"]["schema"]["fields"]
        assert [column["name"] for column in columns] == pq.read_schema(io.BytesIO(data)).names
        assert {column["mode"] for column in columns} == {"NULLABLE"}
        types = {column["name"]: column["type"] for column in columns}
        assert types["geometry"] == "GEOGRAPHY"
        assert types["start_date"] == types["iso_week_start"] == types["quarter_start"] == "DATE"
        assert types["activity_id"] == "INTEGER"
        assert types["distance"] == "FLOAT"
        (box,) = [column for column in columns if column["name"] == "bbox"]
        assert [part["type"] for part in box["fields"]] == ["FLOAT"] * 4
        noted = {column["name"]: column.get("description", "") for column in columns}
        assert noted == {name: table.notes[name] for name in noted}
    assert {"start_time": "TIMESTAMP", "trainer": "BOOLEAN", "name": "STRING"}.items() <= {
        column["name"]: column["type"] for column in cloud.loads[0][0]["configuration"]["load"]["schema"]["fields"]
    }.items()


def test_the_file_holds_every_month_of_the_lake_and_is_geoparquet(
    cloud: BigQuery, store: Store, tmp_path: Path
) -> None:
    load(store, tmp_path)
    for table, (_, data) in zip(TABLES, cloud.loads, strict=True):
        months = [pq.ParquetFile(io.BytesIO(store.read(key))).read() for key in store.keys(f"lake/{table.name}")]
        assert len(months) == 2
        sent = pq.ParquetFile(io.BytesIO(data)).read()
        assert sent.to_pylist() == [row for month in months for row in month.to_pylist()]
        frame = geopandas.read_parquet(io.BytesIO(data))
        assert frame.crs == "OGC:CRS84"
        assert len(frame) == sent.num_rows


def test_what_is_there_already_is_not_sent_again(cloud: BigQuery, store: Store, tmp_path: Path) -> None:
    load(store, tmp_path)
    assert [report.loaded for report in load(store, tmp_path)] == [False, False]
    assert len(cloud.loads) == 2
    put(store, "2024-07", [ride(4)])
    lake_files.refresh(store, {1, 2, 3, 4})
    assert [report.loaded for report in load(store, tmp_path)] == [True, True]
    assert [report.loaded for report in load(store, tmp_path, force=True)] == [True, True]


def test_a_refused_job_is_told_in_a_line_and_done_again_next_time(
    cloud: BigQuery, store: Store, tmp_path: Path
) -> None:
    load(store, tmp_path)
    before = {name: dict(table) for name, table in cloud.tables.items()}
    put(store, "2024-07", [ride(4)])
    lake_files.refresh(store, {1, 2, 3, 4})
    cloud.refusal = {"reason": "quotaExceeded", "message": "Quota exceeded: too many\nof them"}
    with pytest.raises(
        StoreUnavailable, match=r"does not load mine\.rides\.strava_activities: .*Quota exceeded"
    ) as told:
        load(store, tmp_path)
    assert "\n" not in str(told.value)
    after = {name: dict(table) for name, table in cloud.tables.items()}
    assert {name: table["numRows"] for name, table in after.items()} == {
        name: table["numRows"] for name, table in before.items()
    }
    cloud.refusal = None
    # even if the lake should come to be again what it was: nobody knows what the refused job left
    assert [report.loaded for report in load(store, tmp_path)] == [True, True]


def test_a_dataset_that_is_not_there_is_named(cloud: BigQuery, store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"BigQuery has no mine\.walks; make the dataset first"):
        load(store, tmp_path, "mine.walks")
    assert not cloud.loads


@pytest.mark.parametrize("status", [403, 400])
def test_who_may_not_is_told_in_a_line(cloud: BigQuery, store: Store, tmp_path: Path, status: int) -> None:
    cloud.status = status
    with pytest.raises(StoreUnavailable, match=r"BigQuery does not load mine\.rides: .*not now") as told:
        load(store, tmp_path)
    assert "\n" not in str(told.value)


def test_doctor_says_where_the_data_lie(cloud: BigQuery, settings_of: Any) -> None:
    told = {}
    for dataset in ("mine.rides", "mine.walks"):
        rows = {row.what.lower(): row for row in examine(settings_of(STRAVA_ASSETS_BIGQUERY_DATASET=dataset))}
        told[dataset] = (rows["bigquery"].verdict, rows["bigquery"].found)
    assert told["mine.rides"] == ("ok", "mine.rides is in EU")
    assert told["mine.walks"][0] == "fail"
    assert "make the dataset first" in told["mine.walks"][1]


def test_without_credentials_it_is_said(monkeypatch: pytest.MonkeyPatch, store: Store, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(StoreUnavailable, match=r"BigQuery does not load mine\.rides: .*none\.json"):
        load(store, tmp_path)


def test_an_emulator_takes_what_is_sent(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a running emulator, where one is at hand at BIGQUERY_EMULATOR_HOST."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud.bigquery import Client, QueryJobConfig

    address = os.environ.get("BIGQUERY_EMULATOR_HOST")
    if not address:
        pytest.skip("no emulator at BIGQUERY_EMULATOR_HOST")
    monkeypatch.setattr("google.auth.default", lambda *_, **__: (AnonymousCredentials(), "mine"))
    client = Client("mine", credentials=AnonymousCredentials())
    name = f"rides_{uuid.uuid4().hex[:8]}"
    client.create_dataset(name)
    for rides in (2, 3):
        put(store, "2024-05", [ride(number) for number in range(1, rides + 1)])
        lake_files.refresh(store, {1, 2, 3})
        load(store, tmp_path, f"mine.{name}")
    rows = list(
        client.query(f"select sport_type, count(*), sum(distance) from {name}.strava_activities group by 1").result()
    )
    assert [(row[0], row[1]) for row in rows] == [("Ride", 4)]
    # the named views of what is there, as they are
    path = tmp_path / "warehouse.duckdb"
    duckdb.load(store, path)
    here = QueryJobConfig(default_dataset=f"mine.{name}")
    with duckdb.reading(store, path) as connection:
        views = {view: text for view, text in duckdb.views().items() if "from strava_activities" in text}
        assert {"weekly", "quarterly", "yearly", "by_gear", "running_totals"} <= views.keys()
        for view, text in views.items():
            ours = connection.execute(f"select * from {view}").fetchall()
            theirs = [tuple(row.values()) for row in client.query(text, job_config=here).result()]
            assert sorted(map(_rounded, theirs)) == sorted(map(_rounded, ours)), view
    sampled = list(client.query(f"select count(*), avg(watts) from {name}.strava_samples").result())
    there = [pq.ParquetFile(io.BytesIO(store.read(key))).metadata.num_rows for key in store.keys("lake/samples")]
    assert (sampled[0][0], sampled[0][1]) == (sum(there), 200.0)


def _rounded(row: tuple[Any, ...]) -> str:
    return repr([round(value, 6) if isinstance(value, float) else value for value in row])
