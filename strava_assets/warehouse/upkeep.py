"""Keeping lake and warehouse as the typed tables are: one at a time, whoever asks.

What belongs here: the order, and taking turns. What does not: how files are made (``lake_files``, ``duckdb``), other
databases (``elsewhere``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.strava.thresholds import thresholds
from strava_assets.training import keeping
from strava_assets.training.keeping import Refreshed
from strava_assets.warehouse import duckdb, elsewhere, lake_files
from strava_assets.warehouse.bigquery import BigQueryReport
from strava_assets.warehouse.duckdb import LoadReport
from strava_assets.warehouse.elsewhere import PostgisVisit
from strava_assets.warehouse.lake_files import LakeReport
from strava_assets.zone_deeds import Say

#: Any number that only we use.
LOCK = 0x4C41_4B45


def refresh_lake(installation: Installation, *, force: bool = False) -> LakeReport:
    """Bring the lake's files up to date; raises as `lake_files.refresh` does."""
    with _turn(installation):
        return lake_files.refresh(installation.store, _alive(installation), force=force)


def refresh_figures(installation: Installation) -> Refreshed:
    """Make the training figures anew from what was measured; raises as `keeping.refresh_figures` does."""
    told = thresholds(installation.store, installation.athletes())
    with _turn(installation):
        return keeping.refresh_figures(installation.store, told, installation.settings.resting_heartrate)


def load_warehouse(installation: Installation, *, force: bool = False) -> LoadReport:
    """Bring the DuckDB file up to date with the lake; raises as `duckdb.load` does."""
    with _turn(installation):
        return duckdb.load(installation.store, duckdb.path_of(installation.settings), force=force)


def visit_postgis(installation: Installation, say: Say = lambda _: None) -> PostgisVisit:
    """Take in what was drawn in PostGIS, and bring its tables up to date; raises as `elsewhere.visit_postgis` does."""
    with _turn(installation):
        return elsewhere.visit_postgis(installation, sorted(_alive(installation)), say)


def load_bigquery(installation: Installation, *, force: bool = False) -> list[BigQueryReport]:
    """Bring BigQuery's tables up to date with the lake; raises as `bigquery.load` does."""
    with _turn(installation):
        return elsewhere.load_bigquery(installation, force=force)


def is_current(installation: Installation) -> bool:
    """Whether there is a lake and nothing in it is to be made anew."""
    return lake_files.is_current(installation.store, _alive(installation))


def take_out_what_is_gone(installation: Installation) -> None:
    """Whoever, and whatever, the database does not have any more goes from lake and warehouse, now.

    Where there is neither, nothing is made.

    Raises
    ------
    StoreUnavailable
        Something could not be written; the next refresh does it.
    """
    path = duckdb.path_of(installation.settings)
    if lake_files.exists(installation.store) or path.exists():
        refresh_lake(installation)
        load_warehouse(installation)
        elsewhere.take_out_what_is_gone(installation, sorted(_alive(installation)))


@contextmanager
def _turn(installation: Installation) -> Iterator[None]:
    with installation.database.alone(LOCK, 0):
        yield


def _alive(installation: Installation) -> set[int]:
    with installation.database.transaction() as connection:
        return {row["id"] for row in queries().activities_alive(connection)}
