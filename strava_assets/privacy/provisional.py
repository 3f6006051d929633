"""Places to hide while the owner has drawn no zone: where tracks start and end.

What belongs here: finding those places. What does not: the shape that is cut for them, which is drawn
once and stored like any zone's (`zone_store`), and what becomes of them when the owner decides (there,
too). Cutting a fixed length off each end would be no substitute: the hidden distance would then be known.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy
from strava_assets.privacy.zones import DrawnZone, Zone, disc

#: Radius of a provisional zone, metres. Two places nearer than twice that overlap, so they are one.
RADIUS = 100.0


def missing_places(ends: NDArray[np.float64], known: list[Zone]) -> list[DrawnZone]:
    """Provisional zones for ends of tracks that none covers yet.

    Parameters
    ----------
    ends : ndarray, shape (n, 2)
        lon, lat of first and last positions, degrees.
    known : list of Zone
        The provisional zones there are; and the lifted ones, around which nothing within `RADIUS` is found again.

    Returns
    -------
    list of DrawnZone
        Discs of `RADIUS`, each around the first end that it was made for.
    """
    ends = np.unique(ends[np.isfinite(ends).all(axis=1)], axis=0)
    for zone in known:
        if len(ends):
            ends = ends[~_covers(zone, ends)]
    places = []
    while len(ends):
        lon, lat = ends[0]
        places.append(DrawnZone("", disc(float(lon), float(lat), RADIUS)))
        ends = ends[_distance(ends, lon, lat) > RADIUS]
    return places


def _covers(zone: Zone, ends: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether ends are hidden by a provisional zone, or were lifted with one."""
    margin = RADIUS if zone.origin == "lifted" else 0.0
    center = geodesy.middle(zone.geometry)
    plane = shapely.buffer(geodesy.geometry_to_plane(zone.geometry, center), margin)
    reach = float(np.hypot(*shapely.get_coordinates(plane).T).max())
    near = np.flatnonzero(_distance(ends, *center) <= 1.02 * reach + 1.0)
    covered = np.zeros(len(ends), bool)
    covered[near] = shapely.contains_xy(plane, geodesy.to_plane(ends[near, 0], ends[near, 1], center))
    return covered


def _distance(points: NDArray[np.float64], lon: float, lat: float) -> NDArray[np.float64]:
    """Great-circle distance of points from a place, metres; half a percent too long, never too short."""
    half = np.sin(np.radians(points[:, 1] - lat) / 2) ** 2
    half += np.cos(np.radians(lat)) * np.cos(np.radians(points[:, 1])) * np.sin(np.radians(points[:, 0] - lon) / 2) ** 2
    return 1.01 * 2 * geodesy.EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
