"""Dagster's storage: dagster-postgres where our commands name its database, a folder where nobody did.

What belongs here: that choice, which ``dagster.yaml`` cannot make by itself: an unset variable there is an
error, and the definitions must load with nothing set. What does not: anything else of the instance.
"""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_connection
from sqlalchemy import NullPool, create_engine, text

from strava_assets.database.migrations import LOCK

#: SQLAlchemy URL of Dagster's database; every ``strava-assets`` command sets it.
VARIABLE = "STRAVA_ASSETS_DAGSTER_URL"


class PostgresStorage(DagsterStorage, ConfigurableClass):
    """dagster-postgres at ``STRAVA_ASSETS_DAGSTER_URL``; without it, files in ``DAGSTER_HOME`` or a temporary one."""

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Nothing: what `from_config_value` returns carries its own."""
        return None

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No options."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Any:
        """The storage in force."""
        if url := os.environ.get(VARIABLE):
            with _alone(url):
                return DagsterPostgresStorage(url, inst_data=inst_data)
        folder = os.environ.get("DAGSTER_HOME")
        if not folder:
            folder = tempfile.mkdtemp(prefix="strava-assets-dagster-")
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        logging.getLogger(__name__).warning(
            '%s is not set: Dagster keeps this history in %s. See "With your own Dagster commands" in README.md.',
            VARIABLE,
            folder,
        )
        return DagsterSqliteStorage.from_local(folder, inst_data)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """One process at a time: those that start at once would trip over each other making Dagster's tables."""
    with create_pg_connection(create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)) as guard:
        guard.execute(text("select pg_advisory_lock(:lock)"), {"lock": LOCK})
        yield
