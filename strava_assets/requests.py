"""Asking for months again: after an import, an event, a new zone, another setting, an upgrade.

What belongs here: writing ``strava.month_request`` and finding the months that something touches. What
does not: running them; a sensor, or ``materialize``, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import shapely

from strava_assets import history
from strava_assets.database.connection import Database, queries
from strava_assets.errors import DamagedTable
from strava_assets.privacy import cut, masked
from strava_assets.privacy.cut_shapes import GUARD
from strava_assets.privacy.tracks import Area, Boxes
from strava_assets.privacy.zones import Zone
from strava_assets.publish import map_inputs, month_files
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.tables import months_of


def request_months(database: Database, months: Iterable[str], reason: str) -> int:
    """Ask for months (``YYYY-MM``) to be gone through again; returns how many were asked for."""
    with database.transaction() as connection:
        return request_in(connection, months, reason)


def request_in(connection: Any, months: Iterable[str], reason: str) -> int:
    """`request_months` in one transaction with what changed in them: nothing is changed and not asked for."""
    wanted = sorted(set(months))
    for month in wanted:
        queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason=reason)
    return len(wanted)


def request_if_made_otherwise(database: Database, settings: Settings) -> int:
    """Ask for every month, once, when the settings or the program are others than those it was made with.

    A column that is no longer to be published goes, and what an upgrade makes better is made again, without a command.

    Returns
    -------
    int
        How many months were asked for; none at the first look, which only remembers.
    """
    mark = _made_with(settings)
    with database.transaction() as connection:
        before = queries().made_with(connection)
        if before == mark:
            return 0
        queries().put_made_with(connection, mark=mark)
        return queries().request_every_month(connection, reason="settings or program changed") if before else 0


def _made_with(settings: Settings) -> str:
    """What a public file depends on, beside its originals, its owner and the zones."""
    columns = {name.strip() for name in settings.public_columns.split(",")} - {""}
    parts = (
        *(history.VERSION, masked.VERSION, month_files.VERSION, map_inputs.VERSION),
        *(settings.import_visibility, sorted(settings.sources), sorted(columns)),
        *(settings.link_to_strava, settings.publish_without_zones),
    )
    return "|".join(str(part) for part in parts)


def months_in_reach(store: Store, zones: Sequence[Zone]) -> list[str]:
    """Months with an activity whose box meets a zone's cut shape; no other can come out differently."""
    areas = [Area(zone.shape.center, shapely.buffer(zone.shape.geometry, cut.MARGIN + GUARD)) for zone in zones]
    tables = months_of(store, "activities")
    near = []
    for month in tables:
        try:
            boxes = tables.read(month, columns=["west", "south", "east", "north"]).to_pandas().dropna().to_numpy()
        except DamagedTable:  # nobody knows: and it is to be made again anyway
            near.append(month)
            continue
        tracks = Boxes.around(*boxes.T)
        if any(len(tracks.near(area)) for area in areas):
            near.append(month)
    return near
