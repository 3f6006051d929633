"""The zones in force, in the database: adding, removing, and the shapes that are drawn once.

What belongs here: rows of ``strava.privacy_zone`` and ``strava.cut_shape``, and the rule for when a
shape is drawn, shared or extended. What does not: reading files (`zones`), geometry (`cut_shapes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.database.connection import Database, queries
from strava_assets.errors import ZoneFileError
from strava_assets.privacy import cut_shapes
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.provisional import missing_places
from strava_assets.privacy.zones import DrawnZone, Zone

#: Zones do not change while files pass the gate, nor are they changed by two at a time.
LOCK = 0x4741_5445


def in_force(database: Database) -> list[Zone]:
    """The zones that are cut now: the drawn ones, or, until there are any, the provisional ones."""
    zones = stored(database)
    drawn = [zone for zone in zones if zone.origin == "drawn"]
    return drawn or zones


def stored(database: Database) -> list[Zone]:
    """Every zone that is kept, provisional ones included."""
    with database.transaction() as connection:
        return [_zone(row) for row in queries().zones(connection)]


def add(
    database: Database,
    drawn: Sequence[DrawnZone],
    *,
    origin: str = "drawn",
    source: str = "",
    expansion: float = cut_shapes.EXPANSION,
) -> list[Zone]:
    """Put zones in force. A zone that is there already, to the vertex, is not added again.

    Zones that overlap, each other or ones in force of the same origin, share one cut shape. A shape
    that still holds its zones is kept as it is; else it is extended, so that what was hidden stays so.

    Parameters
    ----------
    database : Database
    drawn : sequence of DrawnZone
        lon/lat.
    origin : {'drawn', 'provisional'}
    source : str
        Where they came from, for the list.
    expansion : float
        E, metres.

    Returns
    -------
    list of Zone
        Those that are new.
    """
    with database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        kept = [_zone(row) for row in queries().zones(connection) if row["origin"] == origin]
        known = {shapely.normalize(zone.geometry).wkb for zone in kept}
        new: list[DrawnZone] = []
        for zone in drawn:
            key = shapely.normalize(zone.geometry).wkb
            if key not in known:
                known.add(key)
                new.append(zone)
        if not new:
            return []
        geometries = [zone.geometry for zone in kept] + [zone.geometry for zone in new]
        added = []
        for group in cut_shapes.overlapping(geometries):
            fresh = [new[i - len(kept)] for i in group if i >= len(kept)]
            if not fresh:
                continue
            shape_id = _shape_for(
                connection, [kept[i] for i in group if i < len(kept)], [zone.geometry for zone in fresh], expansion
            )
            for zone in fresh:
                added.append(
                    queries().add_zone(
                        connection,
                        name=zone.name,
                        origin=origin,
                        expansion=expansion,
                        geometry=shapely.to_wkb(zone.geometry),
                        cut_shape_id=shape_id,
                        source=source,
                    )
                )
        ids = set(added)
        return [zone for zone in (_zone(row) for row in queries().zones(connection)) if zone.id in ids]


def cover_ends(database: Database, ends: NDArray[np.float64]) -> list[Zone]:
    """While the owner has drawn no zone: hide the places where tracks start or end.

    Parameters
    ----------
    database : Database
    ends : ndarray, shape (n, 2)
        lon, lat of first and last positions, degrees; NaN is passed over.

    Returns
    -------
    list of Zone
        Provisional zones that are new; none once a zone was drawn.
    """
    zones = stored(database)
    if any(zone.origin == "drawn" for zone in zones):
        return []
    return add(database, missing_places(ends, zones), origin="provisional", source="where tracks start or end")


def remove(database: Database, zone_id: int) -> Zone:
    """Take a zone out of force. Its cut shape is kept, should the place be drawn again.

    Raises
    ------
    ZoneFileError
        There is none with this id.
    """
    with database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        found = [zone for zone in (_zone(row) for row in queries().zones(connection)) if zone.id == zone_id]
        if not found:
            raise ZoneFileError(f"there is no zone {zone_id}; see: strava-assets zones list")
        queries().remove_zone(connection, id=zone_id)  # its shape stays: drawn anew, two versions would tell more
        return found[0]


def _shape_for(connection: Any, old: list[Zone], fresh: list[shapely.Geometry], expansion: float) -> int:
    """The cut shape of a group of overlapping zones: the kept one, extended only where it must be."""
    united = shapely.union_all(fresh)
    shapes = {zone.shape_id: zone.shape for zone in old}
    if not shapes:
        for row in queries().unused_shapes(connection):
            kept = CutShape((row["lon"], row["lat"]), shapely.from_wkb(bytes(row["geometry"])))
            if cut_shapes.holds(kept, united):
                return row["id"]
        return _store_shape(connection, cut_shapes.draw(united, expansion))
    shape_id, shape = next(iter(shapes.items()))
    if len(shapes) == 1 and cut_shapes.holds(shape, united):
        return shape_id
    for other in list(shapes.values())[1:]:
        shape = cut_shapes.extend(shape, other)
    if not cut_shapes.holds(shape, united):
        shape = cut_shapes.extend(shape, cut_shapes.draw(united, expansion))
    joined = _store_shape(connection, shape)
    queries().join_shapes(connection, joined=joined, shapes=list(shapes))
    return joined


def _store_shape(connection: Any, shape: CutShape) -> int:
    return queries().add_cut_shape(
        connection, lon=shape.center[0], lat=shape.center[1], geometry=shapely.to_wkb(shape.geometry)
    )


def _zone(row: dict[str, Any]) -> Zone:
    shape = CutShape((row["lon"], row["lat"]), shapely.from_wkb(bytes(row["shape"])))
    return Zone(
        row["id"],
        row["name"],
        shapely.from_wkb(bytes(row["geometry"])),
        row["cut_shape_id"],
        shape,
        row["origin"],
        row["expansion"],
    )
