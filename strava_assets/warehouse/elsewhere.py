"""The databases that the owner named beside ours, PostGIS and BigQuery: what goes there, what comes back, and when.

What belongs here: the order. What does not: each database's own way (``postgis``, ``bigquery``).
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from strava_assets import zone_deeds
from strava_assets.errors import SettingsError, StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.privacy import zone_store
from strava_assets.warehouse import bigquery, postgis
from strava_assets.warehouse.bigquery import BigQueryReport
from strava_assets.zone_deeds import Say


@dataclass(frozen=True)
class PostgisVisit:
    """Places that were taken in from PostGIS, and rows that were brought there, by table."""

    taken_in: int
    rows: dict[str, int]
    seconds: float


def visit_postgis(installation: Installation, alive: Collection[int], say: Say) -> PostgisVisit:
    """Take in what was drawn in PostGIS, as ``zones add`` and the owner's page do; then bring its tables up to date.

    Parameters
    ----------
    installation : Installation
    alive : collection of int
        Activities that may be there.
    say : callable
        Is told what a new place does, in sentences that name activities.

    Raises
    ------
    SettingsError
        No PostGIS is set.
    ZoneFileError
        A drawing is no place: nothing is taken in, nothing is loaded, and the drawing is still there.
    StoreUnavailable
        PostGIS refuses; its tables are as they were. What was taken in is in force.
    """
    url = installation.settings.postgis_url
    if url is None:
        raise SettingsError("STRAVA_ASSETS_POSTGIS_URL is not set: there is no PostGIS to look at")
    began = time.perf_counter()
    zones = zone_store.in_force(installation.database)
    with postgis.connected(url.get_secret_value()) as connection:
        found = postgis.drawn(connection, zones)
        for number, outline in found.changed.items():
            zone_deeds.redraw(installation, number, [outline], say)
        if found.new:
            zone_deeds.add(installation, found.new, say, source="PostGIS")
        if found.changed or found.new:
            zones = zone_store.in_force(installation.database)
        rows = postgis.load(connection, installation.store, alive)
        postgis.put_zones(connection, zones)
    return PostgisVisit(len(found.changed) + len(found.new), rows, time.perf_counter() - began)


def load_bigquery(installation: Installation, *, force: bool = False) -> list[BigQueryReport]:
    """Bring BigQuery's tables up to date with the lake; raises as `bigquery.load` does."""
    settings = installation.settings
    return list(bigquery.load(installation.store, settings.bigquery_dataset, settings.home_path, force=force))


def take_out_what_is_gone(installation: Installation, alive: Collection[int]) -> None:
    """Whoever was removed leaves these databases, too; after the lake.

    Raises
    ------
    StoreUnavailable
        One could not be reached; the other was, and the next refresh does it.
    """
    problems = []
    for name, take_out in {"PostGIS": _out_of_postgis, "BigQuery": _out_of_bigquery}.items():
        try:
            take_out(installation, alive)
        except StoreUnavailable as error:
            problems.append(f"{error}. Removed here, it is still in {name} until: strava-assets materialize")
    if problems:
        raise StoreUnavailable("\n".join(problems))


def _out_of_postgis(installation: Installation, alive: Collection[int]) -> None:
    if (url := installation.settings.postgis_url) is not None:
        with postgis.connected(url.get_secret_value()) as connection:
            postgis.load(connection, installation.store, alive)


def _out_of_bigquery(installation: Installation, alive: Collection[int]) -> None:
    if installation.settings.bigquery_dataset:
        load_bigquery(installation)
