"""Asking for months again: after an import, an event, a new zone.

What belongs here: writing ``strava.month_request`` and finding the months that something touches. What
does not: running them; a sensor, or ``materialize``, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import shapely

from strava_assets.database.connection import Database, queries
from strava_assets.errors import DamagedTable
from strava_assets.privacy import cut
from strava_assets.privacy.cut_shapes import GUARD
from strava_assets.privacy.tracks import Area, Boxes
from strava_assets.privacy.zones import Zone
from strava_assets.stores import Store
from strava_assets.tables import months_of

#: A reason to cut months again, and no more than that: what was read and typed stays as it is. SQL knows it, too.
ZONES = "zones"


def request_months(database: Database, months: Iterable[str], reason: str) -> int:
    """Ask for months (``YYYY-MM``) to be gone through again; returns how many were asked for."""
    wanted = sorted(set(months))
    with database.transaction() as connection:
        for month in wanted:
            queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason=reason)
    return len(wanted)


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
