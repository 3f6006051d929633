"""Where tracks start and end, held against the zones: the no-zones default at work, and what to draw.

What belongs here: from typed tables to provisional zones, and to places that the owner is shown. What does
not: the geometry (``privacy.provisional``), which ends are one place (``privacy.gathering``).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import shapely

from strava_assets.installation import Installation
from strava_assets.privacy import cut_shapes, visibility, zone_store
from strava_assets.privacy.gathering import gathered
from strava_assets.privacy.zones import Zone, disc
from strava_assets.schema import ACTIVITIES
from strava_assets.tables import if_any, months_of

_ENDS = ("first_lng", "first_lat", "last_lng", "last_lat")
#: What is looked at to hide the places where tracks start or end: columns of ``schema.ACTIVITIES``.
TRACKS = ["athlete_id", *_ENDS]
_NO_TRACKS = ACTIVITIES.empty_table().select(TRACKS)
#: Radii of the polygons that are proposed, metres: the largest that a kept shape holds; the first where there is none.
_RADII = (150.0, 125.0, 100.0, 75.0, 50.0)


def cover_tables(installation: Installation, tables: Iterable[pa.Table]) -> list[Zone]:
    """Provisional zones for the ends of these activities, of athletes who have drawn none.

    Parameters
    ----------
    installation : Installation
    tables : iterable of pa.Table
        ``schema.ACTIVITIES``, or at least `TRACKS` of it.

    Returns
    -------
    list of Zone
        Those that are new.
    """
    if installation.settings.publish_without_zones:
        return []
    tracks = pa.concat_tables([_NO_TRACKS, *(table.select(TRACKS) for table in tables)]).to_pandas()
    drawn = [zone for zone in zone_store.stored(installation.database) if zone.origin == "drawn"]
    if drawn:
        tracks = tracks[tracks["athlete_id"].isin(_undecided(installation, tracks, drawn))]
    ends = tracks[list(_ENDS)].to_numpy(dtype=float).reshape(-1, 2)
    return zone_store.cover_ends(installation.database, ends, whoever_drew=True)


def may_find_places(installation: Installation) -> bool:
    """Whether `cover_tables` may add zones, whatever tracks it is given: it never does where one athlete drew some."""
    if installation.settings.publish_without_zones:
        return False
    drawn = any(zone.origin == "drawn" for zone in zone_store.stored(installation.database))
    return not drawn or len(installation.athletes()) > 1


def _undecided(installation: Installation, tracks: pd.DataFrame, drawn: Sequence[Zone]) -> set[int]:
    """Of the athletes of some tracks, those for whom nobody has drawn a zone.

    Where there is one athlete, any zone is theirs. Where there are several, zones do not say whose they are: an athlete
    has decided when a track of theirs, of any month, begins or ends in a drawn one.
    """
    if len(installation.athletes()) < 2:
        return set()
    undecided = set(tracks["athlete_id"])
    months = months_of(installation.store, "activities")
    others = (if_any(lambda month: months.read(month, columns=TRACKS), month) for month in months)
    for some in itertools.chain([tracks], (table.to_pandas() for table in others if table is not None)):
        for lon, lat in (_ENDS[:2], _ENDS[2:]):
            here = [shapely.contains_xy(zone.geometry, some[lon], some[lat]) for zone in drawn]
            undecided -= set(some["athlete_id"][np.any(here, axis=0)])
        if not undecided:
            break
    return undecided


@dataclass(frozen=True)
class Place:
    """A place where tracks start or end.

    Attributes
    ----------
    tracks : int
        That start or end there.
    share : float
        Of all tracks outdoors, 0 to 1.
    first, last : date
        Of these tracks.
    lon, lat : float
        Its middle, degrees.
    zone : Zone or None
        That holds it, in force or lifted; the owner's own before others.
    polygon : shapely Polygon or MultiPolygon
        To be drawn there, lon/lat. Where a place is provisional, or was lifted, its shape holds it: drawn like this,
        it stays as it is cut now.
    """

    tracks: int
    share: float
    first: date
    last: date
    lon: float
    lat: float
    zone: Zone | None
    polygon: shapely.Geometry

    @property
    def is_drawn(self) -> bool:
        """Whether a zone of the owner's own holds it."""
        return self.zone is not None and self.zone.origin == "drawn"


def as_features(places: Iterable[Place]) -> str:
    """The places' polygons as one GeoJSON file, which ``zones add`` reads."""
    features = [
        {
            "type": "Feature",
            "properties": {"tracks": place.tracks, "first": f"{place.first}", "last": f"{place.last}"},
            "geometry": json.loads(shapely.to_geojson(place.polygon)),
        }
        for place in places
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, indent=1)


def suggest(installation: Installation, most: int = 12) -> list[Place]:
    """Places where tracks start or end, the most frequent first.

    Parameters
    ----------
    installation : Installation
    most : int
        How many at most.

    Returns
    -------
    list of Place
        None only if there is no track outdoors.
    """
    months = months_of(installation.store, "activities")
    columns = ["sport_type", "start_time", "utc_offset", *_ENDS]
    tables = [months.read(month, columns=columns).to_pandas() for month in months]
    return ranked(pd.concat(tables) if tables else None, zone_store.stored(installation.database), most)


def ranked(tracks: pd.DataFrame | None, zones: Sequence[Zone], most: int) -> list[Place]:
    """As `suggest`, of a table with ``sport_type``, ``start_time``, ``utc_offset`` and first and last positions."""
    if tracks is None:
        return []
    virtual = tracks["sport_type"].str.startswith(visibility.NOT_OUTDOORS)
    outdoors = tracks[~virtual & tracks[list(_ENDS)].notna().all(axis=1)]
    local = outdoors["start_time"] + pd.to_timedelta(outdoors["utc_offset"].fillna(0.0), unit="s")
    days, ends = local.dt.date.to_numpy(), outdoors[list(_ENDS)].to_numpy(dtype=float)
    places = []
    for found in gathered(ends[:, :2], ends[:, 2:], most):
        lon, lat = found.center
        when = days[found.tracks]
        zone = _zone_at(lon, lat, zones)
        places.append(
            Place(
                tracks=len(found.tracks),
                share=len(found.tracks) / len(outdoors),
                first=when.min(),
                last=when.max(),
                lon=lon,
                lat=lat,
                zone=zone,
                polygon=_polygon(lon, lat, zones),
            )
        )
    return places


def _zone_at(lon: float, lat: float, zones: Sequence[Zone]) -> Zone | None:
    order = ["drawn", "provisional", "lifted"]
    there = [zone for zone in zones if shapely.contains_xy(zone.geometry, lon, lat)]
    return min(there, key=lambda zone: order.index(zone.origin), default=None)


def _polygon(lon: float, lat: float, zones: Sequence[Zone]) -> shapely.Geometry:
    """A disc; of those that can be drawn without drawing a shape anew, the largest, or what of it was found already."""
    discs = [shapely.set_precision(disc(lon, lat, radius), 1e-6) for radius in _RADII]
    near = [zone for zone in zones if zone.origin != "drawn" and shapely.intersects(zone.geometry, discs[0])]
    for candidate in discs:  # shapes of all zones that it meets become one, which holds what any of them does
        met = {zone.shape_id: zone.shape for zone in near if shapely.intersects(zone.geometry, candidate)}
        if any(cut_shapes.holds(shape, candidate) for shape in met.values()):
            return candidate
    found = _zone_at(lon, lat, near)
    if found is None:
        return discs[0]
    known = shapely.union_all([zone.geometry for zone in near if zone.shape_id == found.shape_id])
    return shapely.set_precision(shapely.intersection(discs[0], known), 1e-6)
