"""Where tracks start and end, held against the zones: the no-zones default at work.

What belongs here: from typed tables to provisional zones, and the months that these touch. What does
not: the geometry (``privacy.provisional``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely

from strava_assets.installation import Installation
from strava_assets.privacy import geodesy, zone_store
from strava_assets.privacy.provisional import RADIUS, missing_places
from strava_assets.privacy.zones import Zone, disc
from strava_assets.tables import months_of

_ENDS = ("first_lng", "first_lat", "last_lng", "last_lat")


def cover_tables(installation: Installation, tables: Iterable[pa.Table]) -> list[Zone]:
    """Provisional zones for the ends of these activities, while the owner has drawn none.

    Parameters
    ----------
    installation : Installation
    tables : iterable of pa.Table
        ``schema.ACTIVITIES``, or at least its first and last positions.

    Returns
    -------
    list of Zone
        Those that are new.
    """
    drawn = any(zone.origin == "drawn" for zone in zone_store.stored(installation.database))
    if drawn or installation.settings.publish_without_zones:
        return []
    ends = [table.select(list(_ENDS)).to_pandas().to_numpy(dtype=float).reshape(-1, 2) for table in tables]
    return zone_store.cover_ends(installation.database, np.concatenate([np.empty((0, 2)), *ends]))


@dataclass(frozen=True)
class Place:
    """A place where tracks start or end."""

    tracks: int
    covered: bool
    lon: float
    lat: float
    geojson: str


def as_features(places: Iterable[Place]) -> str:
    """The places' polygons as one GeoJSON file, which ``zones add`` reads."""
    features = [
        {"type": "Feature", "properties": {"tracks": place.tracks}, "geometry": json.loads(place.geojson)}
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
        With a polygon of 150 m around each; ``covered`` says whether a zone in force holds it.
    """
    months = months_of(installation.store, "activities")
    tables = [months.read(month, columns=list(_ENDS)) for month in months]
    ends = np.concatenate([np.empty((0, 2)), *(t.to_pandas().to_numpy(dtype=float).reshape(-1, 2) for t in tables)])
    ends = ends[np.isfinite(ends).all(axis=1)]
    zones = zone_store.in_force(installation.database)
    places = []
    for place in missing_places(ends, []):
        lon, lat = geodesy.middle(place.geometry)
        near = geodesy.to_plane(ends[:, 0], ends[:, 1], (lon, lat))
        count = int((np.hypot(near[:, 0], near[:, 1]) <= 2 * RADIUS).sum())
        covered = any(shapely.contains_xy(zone.geometry, lon, lat) for zone in zones)
        shape = shapely.to_geojson(shapely.set_precision(disc(lon, lat, 150.0), 1e-6))
        places.append(Place(count, covered, lon, lat, shape))
    return sorted(places, key=lambda place: -place.tracks)[:most]
