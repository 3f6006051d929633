"""Dagster's storage on a real server."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest

from strava_assets.database.connection import locate, prepare
from strava_assets.database.migrations import LOCK
from strava_assets.instance import VARIABLE, PostgresStorage
from strava_assets.settings import Settings


def test_processes_that_start_at_once_make_dagster_s_tables_one_after_the_other(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres.replace("/postgres?", "/without_tables?")
    urls = locate(Settings(_env_file=None, STRAVA_ASSETS_DATABASE_URL=url))
    prepare(urls)
    monkeypatch.setenv(VARIABLE, urls.dagster_sqlalchemy)
    starting = threading.Thread(target=PostgresStorage.from_config_value, args=(None, {}))
    with psycopg.connect(urls.dagster, autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", (LOCK,))
        starting.start()
        while not waiting(other):
            assert starting.is_alive(), "it did not wait"
            time.sleep(0.01)
        assert tables(other) == 0
        other.execute("select pg_advisory_unlock(%s)", (LOCK,))
        starting.join(60)
        assert tables(other) > 10


def waiting(connection: psycopg.Connection[Any]) -> bool:
    found = connection.execute(
        "select from pg_locks join pg_database on pg_database.oid = pg_locks.database "
        "where datname = current_database() and locktype = 'advisory' and not granted"
    ).fetchone()
    return found is not None


def tables(connection: psycopg.Connection[Any]) -> int:
    found = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert found
    return int(found[0])
