"""Distances and local projections on WGS 84, for whole arrays at once.

What belongs here: turning degrees into metres near one place, lengths of tracks, boxes on the globe
that survive the antimeridian and the poles. What does not: zones or tracks as things with a meaning.

Distances near a place are measured in an azimuthal equidistant projection centred on it: exact from
the centre, and within 0.01 % over the tens of kilometres that a zone may span. One UTM zone for the
world would be wrong by up to 77 %.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from strava_assets.errors import ProjectionFailed

Floats = NDArray[np.float64]

#: Mean Earth radius, metres (IUGG).
EARTH_RADIUS = 6_371_008.8
#: The shortest a degree of latitude gets on WGS 84, metres (at the equator), less a little.
DEGREE = 110_500.0
#: The longest a degree gets on the sphere of `step_lengths`, metres, and a little.
LONGEST_DEGREE = 111_300.0


@functools.lru_cache(maxsize=4096)
def local_projection(lon: float, lat: float) -> pyproj.Transformer:
    """Transformer from EPSG:4326 (lon, lat degrees) to metres around (lon, lat)."""
    plane = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat:.9f} +lon_0={lon:.9f} +datum=WGS84 +units=m +no_defs")
    return pyproj.Transformer.from_crs("OGC:CRS84", plane, always_xy=True)


def to_plane(lon: Floats, lat: Floats, center: tuple[float, float]) -> Floats:
    """Project degrees to metres around ``center``.

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees, WGS 84.
    center : (lon, lat)

    Returns
    -------
    ndarray, shape (n, 2)
        x (east) and y (north), metres.

    Raises
    ------
    ProjectionFailed
        PROJ says so by infinite numbers, which are inside of nothing.
    """
    return _finite(*local_projection(*center).transform(lon, lat))


def geometry_to_plane(geometry: shapely.Geometry, center: tuple[float, float]) -> shapely.Geometry:
    """Project a lon/lat geometry to metres around ``center``; long edges follow the lon/lat line."""
    dense = shapely.segmentize(geometry, 0.01)
    return shapely.transform(dense, lambda c: to_plane(c[:, 0], c[:, 1], center))


def geometry_to_degrees(geometry: shapely.Geometry, center: tuple[float, float]) -> shapely.Geometry:
    """The way back of `geometry_to_plane`, for showing; longitudes lie in [-180, 180]."""
    back = local_projection(*center)

    def inverse(c: Floats) -> Floats:
        return _finite(*back.transform(c[:, 0], c[:, 1], direction="INVERSE"))

    return shapely.transform(geometry, inverse)


def _finite(x: Floats, y: Floats) -> Floats:
    coords = np.column_stack([x, y])
    if not np.isfinite(coords).all():
        raise ProjectionFailed("positions could not be projected; nothing was published: is PROJ installed as a whole?")
    return coords


def middle(geometry: shapely.Geometry) -> tuple[float, float]:
    """The middle of a lon/lat geometry's vertices on the sphere, so that ±180° is no border.

    Returns
    -------
    (lon, lat) : degrees
    """
    coords = np.radians(shapely.get_coordinates(shapely.segmentize(geometry, 0.01)))
    lon, lat = coords[:, 0], coords[:, 1]
    x, y, z = (np.cos(lat) * np.cos(lon)).mean(), (np.cos(lat) * np.sin(lon)).mean(), np.sin(lat).mean()
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def across(geometries: Sequence[shapely.Geometry]) -> float:
    """Diameter of the smallest circle around some lon/lat geometries, metres."""
    whole = shapely.geometrycollections(list(geometries))
    return 2 * float(shapely.minimum_bounding_radius(geometry_to_plane(whole, middle(whole))))


def unwrap(degrees: Floats) -> Floats:
    """Differences of longitude brought into [-180, 180): the short way round."""
    turned = degrees + 180.0
    if len(turned) and not (turned.min() >= 0.0 and turned.max() < 360.0):  # else the remainder is what it was
        turned %= 360.0
    turned -= 180.0
    return turned


def degree_lengths(lat: float) -> tuple[float, float]:
    """How long a degree is at a latitude on WGS 84, east and north, metres."""
    flattening = 1 / 298.257223563
    eccentricity = flattening * (2 - flattening)
    bend = math.sqrt(1 - eccentricity * math.sin(math.radians(lat)) ** 2)
    across = math.radians(6_378_137.0) / bend
    return across * math.cos(math.radians(lat)), across * (1 - eccentricity) / bend**2


def step_lengths(lon: Floats, lat: Floats) -> Floats:
    """Great-circle length of each step of a track.

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n - 1,)
        Metres (haversine formula; within 0.5 % of the ellipsoid).
    """
    rlon, rlat = np.radians(lon), np.radians(lat)
    half = np.sin(np.diff(rlat) / 2) ** 2
    half += np.cos(rlat[:-1]) * np.cos(rlat[1:]) * np.sin(np.diff(rlon) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0)))


def walked(steps: Floats) -> NDArray[np.int64]:
    """Running total of steps, in whole micrometres, starting at 0.

    Whole numbers, because differences of a float total depend on what was summed before: one activity's
    figures would then hang on its neighbours' last bits, and a rebuild would not be byte-identical.
    """
    total, micrometres = np.empty(len(steps) + 1, np.int64), steps * 1e6
    total[0] = 0
    np.cumsum(np.rint(micrometres, out=micrometres).astype(np.int64), out=total[1:])
    return total


def half_widths(lat: float, radius: float) -> tuple[float, float]:
    """How far, in degrees, a disc reaches east and north of its centre; never too little.

    Parameters
    ----------
    lat : float
        Of the centre, degrees.
    radius : float
        Metres.

    Returns
    -------
    (dlon, dlat) : degrees
        ``dlon`` is 180 where the disc covers a pole.
    """
    dlat = radius / DEGREE
    if abs(lat) + dlat >= 89.9:
        return 180.0, dlat
    return min(180.0, dlat / math.cos(math.radians(abs(lat) + dlat)) * 1.01), dlat
