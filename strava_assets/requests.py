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
from strava_assets.privacy import cut, geodesy, masked
from strava_assets.privacy.cut_shapes import GUARD
from strava_assets.privacy.tracks import Area, Boxes
from strava_assets.privacy.zones import Zone
from strava_assets.publish import map_inputs, month_files
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.tables import months_of
from strava_assets.training import measures

#: A reason to cut months again, and no more than that: what was read and typed stays as it is. SQL knows it, too.
ZONES = "zones"


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
    """What a public file, or a month's table, depends on, beside its originals, its owner and the zones."""
    columns = {name.strip() for name in settings.public_columns.split(",")} - {""}
    parts = (
        *(history.VERSION, masked.VERSION, month_files.VERSION, map_inputs.VERSION, measures.VERSION),
        *(settings.import_visibility, sorted(settings.sources), sorted(columns)),
        *(settings.link_to_strava, settings.publish_without_zones),
    )
    return "|".join(str(part) for part in parts)


def months_in_reach(store: Store, zones: Sequence[Zone]) -> list[str]:
    """Months with an activity whose box meets a zone's cut shape; no other can come out differently."""
    return list(in_reach(store, [reach_of(zone) for zone in zones]))


def reach_of(zone: Zone) -> Area:
    """Around a zone's cut shape: what is farther from it comes out the same without."""
    return Area(zone.shape.center, shapely.buffer(zone.shape.geometry, cut.MARGIN + GUARD))


def reach_of_any(geometry: shapely.Geometry, expansion: float) -> Area:
    """The same around whatever shape may be drawn for a lon/lat geometry; E in metres."""
    center = geodesy.middle(geometry)
    grown = 2 * (expansion + GUARD) + cut.MARGIN + 5.0
    return Area(center, shapely.buffer(geodesy.geometry_to_plane(geometry, center), grown))


def in_reach(store: Store, areas: Sequence[Area]) -> dict[str, int]:
    """How many activities have a box that meets one of some areas, by month; months without one are left out.

    A month whose table is damaged is in it with 0: nobody knows, and it is to be made again anyway.
    """
    tables = months_of(store, "activities")
    near = {}
    for month in tables:
        try:
            boxes = tables.read(month, columns=["west", "south", "east", "north"]).to_pandas().dropna().to_numpy()
        except DamagedTable:
            near[month] = 0
            continue
        tracks = Boxes.around(*boxes.T)
        if found := {int(place) for area in areas for place in tracks.near(area)}:
            near[month] = len(found)
    return near
