"""The zones that are kept, in the database: drawing, confirming and lifting, and the shapes that are drawn once.

What belongs here: rows of ``strava.privacy_zone`` and ``strava.cut_shape``, and the rule for when a shape is drawn,
shared, taken over or made larger. What does not: reading files (`zone_files`), geometry (`cut_shapes`).

A place has one shape, whoever found it. A zone that is drawn where a provisional or a lifted one was takes over its
shape: files of before were cut with it, and a second draw around one home would tell where it is (PRIVACY.md, "The
cut", 1). Provisional zones stay in force until the owner has decided on each; for who has drawn one, no new ones are
made (``places`` says who has).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.database.connection import Database, queries
from strava_assets.errors import ZoneFileError
from strava_assets.privacy import cut_shapes, geodesy
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.provisional import missing_places
from strava_assets.privacy.zones import ENDS_ONLY, EVERYWHERE, DrawnZone, Zone

#: Zones do not change while files pass the gate, nor are they changed by two at a time.
LOCK = 0x4741_5445


@dataclass
class Changes:
    """What putting zones in force did; zones as they are now.

    Attributes
    ----------
    added : list of Zone
    enlarged : list of Zone
        Known, now with a larger E.
    tightened, loosened : list of Zone
        Known, now hiding everywhere, or only ends.
    renamed : list of Zone
        Known, now with another name: no public text may tell it from now on.
    known : int
        Those that were there already, and are as they were.
    smaller : list of Zone
        Of these, the ones that were asked for with a smaller E: it changes nothing.
    replaced : int
        Places that were provisional or lifted, and now are those of drawn zones.
    redrawn : list of Zone
        Whose place was hidden by a shape before, which did not hold them and was drawn on.
    reshaped : list of Zone
        With another outline, for which what is cut had to grow, or came to be shared.
    """

    added: list[Zone] = field(default_factory=list)
    enlarged: list[Zone] = field(default_factory=list)
    tightened: list[Zone] = field(default_factory=list)
    loosened: list[Zone] = field(default_factory=list)
    renamed: list[Zone] = field(default_factory=list)
    known: int = 0
    smaller: list[Zone] = field(default_factory=list)
    replaced: int = 0
    redrawn: list[Zone] = field(default_factory=list)
    reshaped: list[Zone] = field(default_factory=list)

    @property
    def concerned(self) -> list[Zone]:
        """Zones near which something may come out differently now, each once."""
        every = [*self.added, *self.enlarged, *self.tightened, *self.loosened, *self.reshaped]
        return list({zone.id: zone for zone in every}.values())


def in_force(database: Database) -> list[Zone]:
    """The zones that are cut now: the drawn ones, and the provisional ones on which the owner has not decided."""
    return [zone for zone in stored(database) if zone.origin != "lifted"]


def stored(database: Database) -> list[Zone]:
    """Every zone that is kept, lifted ones included."""
    with database.transaction() as connection:
        return _zones(connection)


def named(database: Database, number: int) -> Zone:
    """The zone with this id.

    Raises
    ------
    ZoneFileError
        There is none.
    """
    return _named(stored(database), number)


def add(database: Database, drawn: Sequence[DrawnZone], **options: Any) -> list[Zone]:
    """Put zones in force as `put` does, for who only asks near which zones something changed."""
    return put(database, drawn, **options).concerned


def put(
    database: Database,
    drawn: Sequence[DrawnZone],
    *,
    origin: str = "drawn",
    source: str = "",
    expansion: float | None = None,
    show: bool = False,
) -> Changes:
    """Put zones in force. One that is there already, to the vertex, is not added again but may come to hide more.

    Zones that overlap, each other or ones that are kept, share one cut shape. A shape that still holds its zones is
    kept as it is; else it is drawn on, so that what was hidden stays so.

    Parameters
    ----------
    database : Database
    drawn : sequence of DrawnZone
        lon/lat.
    origin : {'drawn', 'provisional'}
    source : str
        Where they came from, for the list.
    expansion : float, optional
        E, metres. For a zone that is there already, only a larger one counts.
    show : bool
        The owner means it where a zone that hides everywhere is to hide only ends.

    Raises
    ------
    ZoneFileError
        A zone in force would hide less, and nobody said that it may; nothing is changed.
    """
    with _changing(database) as connection:
        return _put(connection, drawn, origin, source, expansion, show)


def _put(
    connection: Any, drawn: Sequence[DrawnZone], origin: str, source: str, expansion: float | None, show: bool
) -> Changes:
    """`put`, by who has the lock."""
    wanted: dict[bytes, DrawnZone] = {}
    for zone in drawn:
        twin = wanted.setdefault(_key(zone.geometry), zone)
        if twin.mode != zone.mode:
            wanted[_key(zone.geometry)] = replace(twin, mode=EVERYWHERE)
    told = _Told()
    kept = _zones(connection)
    known = {_key(zone.geometry): zone for zone in kept if zone.origin == origin}
    for key in [key for key in wanted if key in known]:
        _change(connection, known[key], wanted[key], expansion, show, told)
    new = [zone for key, zone in wanted.items() if key not in known]
    # what is provisional keeps away from what was lifted; what is drawn takes over whatever there was
    around = [zone for zone in kept if "drawn" in (origin, zone.origin) or zone.origin == origin]
    if new:
        _add(connection, new, around, origin, source, expansion or cut_shapes.EXPANSION, told)
    replaced = _replaced(connection) if origin == "drawn" else 0
    return Changes(
        **_as_they_are(connection, told),
        known=len(drawn) - len(told.added) - len(told.enlarged | told.tightened | told.loosened | told.renamed),
        replaced=replaced,
    )


def redraw(
    database: Database, number: int, drawn: DrawnZone, *, expansion: float | None = None, show: bool = False
) -> Changes:
    """Give a drawn zone another outline, and its name, mode and E as `put` would.

    What is cut for it stays if it holds the new outline, else it grows until it does: nothing is shown again by it, and
    there is no second draw around one home.

    Raises
    ------
    ZoneFileError
        There is no such zone, it is not the owner's own, or the outline is that of another place; or as `put` does.
        Nothing is changed.
    """
    with _changing(database) as connection:
        zone = _named(_zones(connection), number)
        if zone.origin != "drawn":
            raise ZoneFileError(f"zone {number} is not your own; add what you drew, and it takes that place over")
        plane = geodesy.geometry_to_plane(drawn.geometry, zone.shape.center)
        if not shapely.intersects(plane, zone.shape.geometry):
            raise ZoneFileError(
                f"what was drawn is another place than zone {number}; add it as one of its own, and remove "
                f"zone {number} if it may be shown"
            )
        told = _Told()
        _change(connection, zone, drawn, expansion, show, told)
        zones = _zones(connection)
        zone, others = _named(zones, number), [other for other in zones if other.id != number]
        groups = cut_shapes.overlapping([drawn.geometry, *(other.geometry for other in others)])
        touched = [others[i - 1] for i in next(group for group in groups if 0 in group) if i]
        shape_id, _ = _shape_for(connection, [zone, *touched], [], drawn.geometry, zone.expansion, redrawn=zone)
        queries().redraw_zone(connection, id=number, geometry=shapely.to_wkb(drawn.geometry))
        if shape_id != zone.shape_id:
            told.reshaped.add(number)
        return Changes(**_as_they_are(connection, told), replaced=_replaced(connection))


def cover_ends(database: Database, ends: NDArray[np.float64], whoever_drew: bool = False) -> list[Zone]:
    """While the owner has drawn or confirmed no zone: hide the places where tracks start or end.

    Parameters
    ----------
    database : Database
    ends : ndarray, shape (n, 2)
        lon, lat of first and last positions, degrees; NaN is passed over.
    whoever_drew : bool
        Also where zones were drawn: the tracks are of somebody who has drawn none.

    Returns
    -------
    list of Zone
        Provisional zones that are new; none once a zone was drawn, and none where the owner has lifted one.
    """
    with _changing(database) as connection:  # what another process finds at this moment is not found once more
        zones = _zones(connection)
        if not whoever_drew and any(zone.origin == "drawn" for zone in zones):
            return []
        missing = missing_places(ends, zones)
        return _put(connection, missing, "provisional", "where tracks start or end", None, False).concerned


def confirm(database: Database, ids: Collection[int]) -> tuple[list[Zone], list[Zone]]:
    """Make provisional places the owner's own; hide lifted ones again. The shapes are the ones they had.

    A place is everything provisional (or lifted) that shares a shape: it becomes one zone.

    Returns
    -------
    (list of Zone, list of Zone)
        The drawn zones that came of it; and of these, the ones that were lifted, so that more is hidden now.

    Raises
    ------
    ZoneFileError
        There is none with such an id; or it is drawn already; nothing is changed.
    """
    with _changing(database) as connection:
        zones = _zones(connection)
        made, lifted = [], set()
        for shape_id in dict.fromkeys(_named(zones, number).shape_id for number in ids):
            place = [zone for zone in zones if zone.shape_id == shape_id]
            if ours := [zone.id for zone in place if zone.origin == "drawn"]:
                raise ZoneFileError(f"zone {ours[0]} is your own already, and hides that place")
            first, rest = place[0], place[1:]
            united = shapely.union_all([zone.geometry for zone in place])
            queries().drop_zones(connection, ids=[zone.id for zone in rest])
            queries().confirm_zone(connection, id=first.id, geometry=shapely.to_wkb(united))
            made.append(first.id)
            if all(zone.origin == "lifted" for zone in place):
                lifted.add(first.id)
        drawn = [zone for zone in _zones(connection) if zone.id in made]
        return drawn, [zone for zone in drawn if zone.id in lifted]


def remove(database: Database, *ids: int) -> list[Zone]:
    """Take zones out of force: the places are lifted, and not found again. Their shapes are kept, should they be drawn.

    Of a provisional place everything goes that shares its shape.

    Returns
    -------
    list of Zone
        As they were.

    Raises
    ------
    ZoneFileError
        There is none with such an id, or it is lifted already; nothing is changed.
    """
    with _changing(database) as connection:
        zones = _zones(connection)
        gone: dict[int, Zone] = {}
        for number in ids:
            zone = _named(zones, number)
            if zone.origin == "lifted":
                raise ZoneFileError(f"zone {number} is lifted already: nothing is hidden for it")
            same = [other for other in zones if (other.shape_id, other.origin) == (zone.shape_id, "provisional")]
            gone |= {other.id: other for other in (same if zone.origin == "provisional" else [zone])}
        queries().lift_zones(connection, ids=list(gone))
        return list(gone.values())


@dataclass
class _Told:
    """Ids of zones, as in `Changes`."""

    added: set[int] = field(default_factory=set)
    enlarged: set[int] = field(default_factory=set)
    tightened: set[int] = field(default_factory=set)
    loosened: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)
    smaller: set[int] = field(default_factory=set)
    redrawn: set[int] = field(default_factory=set)
    reshaped: set[int] = field(default_factory=set)


def _as_they_are(connection: Any, told: _Told) -> dict[str, Any]:
    now = {zone.id: zone for zone in _zones(connection)}
    return {name: [now[number] for number in sorted(ids)] for name, ids in vars(told).items()}


def _change(connection: Any, zone: Zone, wanted: DrawnZone, expansion: float | None, show: bool, told: _Told) -> None:
    """Let a zone hide what it is asked for now, also its name; a provisional one only if it is drawn."""
    if zone.origin != "drawn":
        return
    mode, name = wanted.mode, wanted.name or zone.name
    if mode == ENDS_ONLY and zone.mode == EVERYWHERE and not show:
        raise ZoneFileError(
            f"zone {zone.id} hides everywhere; to hide only ends there would publish the rides that pass. Say "
            "--show-this-place if that is meant"
        )
    if mode != zone.mode:
        (told.loosened if mode == ENDS_ONLY else told.tightened).add(zone.id)
    larger = max(zone.expansion, expansion or 0.0)
    if expansion is not None and expansion < zone.expansion:
        told.smaller.add(zone.id)
    if name != zone.name:
        told.renamed.add(zone.id)
    queries().change_zone(connection, id=zone.id, name=name, mode=mode, expansion=larger)
    if larger > zone.expansion:
        told.enlarged.add(zone.id)
        now = _named(_zones(connection), zone.id)  # another zone may have enlarged the shape just now
        if now.shape.expansion < larger:
            joined = _store_shape(connection, cut_shapes.enlarged(now.shape, larger))
            queries().join_shapes(connection, joined=joined, shapes=[now.shape_id])


def _add(
    connection: Any,
    new: list[DrawnZone],
    around: list[Zone],
    origin: str,
    source: str,
    expansion: float,
    told: _Told,
) -> None:
    """Add zones that are not there; each group of overlapping ones with one shape."""
    for group in cut_shapes.overlapping([zone.geometry for zone in around] + [zone.geometry for zone in new]):
        fresh = [new[i - len(around)] for i in group if i >= len(around)]
        if not fresh:
            continue
        old = [around[i] for i in group if i < len(around)]
        united = shapely.union_all([zone.geometry for zone in fresh])
        free = [zone for zone in around if zone.origin != "drawn"] if origin == "drawn" else []
        shape_id, redrawn = _shape_for(connection, old, free, united, expansion)
        for zone in fresh:
            number = queries().add_zone(
                connection,
                name=zone.name,
                origin=origin,
                mode=zone.mode,
                expansion=expansion,
                geometry=shapely.to_wkb(zone.geometry),
                cut_shape_id=shape_id,
                source=source,
            )
            told.added.add(number)
            if redrawn:
                told.redrawn.add(number)
        if old or free:  # their shapes may be others now
            now = {zone.id: zone for zone in _zones(connection)}
            around = [now[zone.id] for zone in around]


def _shape_for(
    connection: Any,
    old: list[Zone],
    free: list[Zone],
    united: shapely.Geometry,
    expansion: float,
    redrawn: Zone | None = None,
) -> tuple[int, bool]:
    """The cut shape of a group of overlapping zones, and whether a kept one had to be drawn on to hold them.

    It is that of the zones they overlap; else one that holds them, of ``free`` places (nothing was decided on them, or
    they were lifted) or that no zone names any more; else a new one. Of what is ``redrawn`` there is no second draw.
    """
    shapes = {zone.shape_id: zone.shape for zone in old} or _holding(connection, free, united)
    if not shapes:
        return _store_shape(connection, cut_shapes.draw(united, expansion)), False
    (first_id, first), *others = shapes.items()
    shape = first
    for _, other in others:
        shape = cut_shapes.extend(shape, other)
    held = cut_shapes.holds(shape, united)
    if not held:
        ours = any(zone.origin == "drawn" for zone in old) and redrawn is None
        wider = None if ours else cut_shapes.widened(shape, united)
        if wider is None:
            beside = (
                cut_shapes.draw(united, expansion)
                if redrawn is None
                else cut_shapes.drawn_alike(redrawn.shape, redrawn.geometry, united, expansion)
            )
            wider = cut_shapes.extend(shape, beside)
        shape = wider
    if shape.expansion < expansion:
        shape = cut_shapes.enlarged(shape, expansion)
    if shape is first:
        return first_id, False
    joined = _store_shape(connection, shape)
    queries().join_shapes(connection, joined=joined, shapes=list(shapes))
    return joined, not held


def _holding(connection: Any, free: list[Zone], united: shapely.Geometry) -> dict[int, CutShape]:
    """A shape, by id, of no drawn zone that holds a place; none if there is none. What is cut now comes first."""
    candidates = {zone.shape_id: zone.shape for zone in sorted(free, key=lambda zone: zone.origin == "lifted")}
    candidates |= {row["id"]: _shape(row) for row in queries().unused_shapes(connection)}
    for number, shape in candidates.items():
        if cut_shapes.holds(shape, united):
            return {number: shape}
    return {}


def _replaced(connection: Any) -> int:
    """Drop what was provisional or lifted where a drawn zone has its shape now; how many places that were."""
    shape_of = {zone.id: zone.shape_id for zone in _zones(connection)}
    rows = list(queries().replaced_zones(connection))
    return len({shape_of[row["id"]] for row in rows})


@contextmanager
def _changing(database: Database) -> Iterator[Any]:
    """A transaction in which nobody else changes zones, and nothing passes the gate."""
    with database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        yield connection


def _key(geometry: shapely.Geometry) -> bytes:
    return shapely.normalize(geometry).wkb


def _named(zones: list[Zone], number: int) -> Zone:
    found = [zone for zone in zones if zone.id == number]
    if not found:
        raise ZoneFileError(f"there is no zone {number}; see: strava-assets zones list")
    return found[0]


def _store_shape(connection: Any, shape: CutShape) -> int:
    return queries().add_cut_shape(
        connection,
        lon=shape.center[0],
        lat=shape.center[1],
        geometry=shapely.to_wkb(shape.geometry),
        expansion=shape.expansion,
    )


def _shape(row: dict[str, Any]) -> CutShape:
    return CutShape((row["lon"], row["lat"]), shapely.from_wkb(bytes(row["shape"])), row["shape_expansion"])


def _zones(connection: Any) -> list[Zone]:
    return [
        Zone(
            row["id"],
            row["name"],
            shapely.from_wkb(bytes(row["geometry"])),
            row["cut_shape_id"],
            _shape(row),
            row["origin"],
            row["expansion"],
            row["mode"],
        )
        for row in queries().zones(connection)
    ]
