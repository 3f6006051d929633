"""The secret shape H that is cut for a drawn zone Z: drawn once, kept for ever.

What belongs here: drawing H from a cryptographic random source, uniting zones that overlap, deciding
whether a kept H still serves. What does not: where zones come from and where H is stored.

H is Z displaced by a vector uniform in a disc of radius E, grown by E and a guard: so H always holds
Z and its guard, and Z's centre is uniform in a disc of radius E inside H (PRIVACY.md, "The cut").
Drawn again per ride, per street or per build, an attacker would average it out; so it never is.
"""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass

import numpy as np
import shapely

from strava_assets.privacy import geodesy

#: No published vertex or segment comes nearer to Z than this, metres (PRIVACY.md, I1).
GUARD = 25.0
#: Default radius E of the displacement, metres.
EXPANSION = 300.0
#: What polygons approximating circles may fall short of them, metres.
_CHORD_SLACK = 2.0


@dataclass(frozen=True)
class CutShape:
    """H, in metres around its own centre, so that no border of the map cuts through it.

    Attributes
    ----------
    center : (lon, lat)
        Degrees, WGS 84; of the azimuthal equidistant projection that ``geometry`` is in.
    geometry : shapely Polygon or MultiPolygon
        Metres.
    """

    center: tuple[float, float]
    geometry: shapely.Geometry


def draw(zone: shapely.Geometry, expansion: float = EXPANSION) -> CutShape:
    """Draw H for one zone (or several, united).

    Parameters
    ----------
    zone : shapely Polygon or MultiPolygon
        Z, lon/lat (EPSG:4326).
    expansion : float
        E, metres.
    """
    center = geodesy.middle(zone)
    plane = geodesy.geometry_to_plane(zone, center)
    angle, distance = _uniform_in_disc(expansion)
    moved = shapely.transform(plane, lambda c: c + [distance * math.cos(angle), distance * math.sin(angle)])
    grown = shapely.buffer(moved, expansion + GUARD + _CHORD_SLACK, quad_segs=32)
    # holes would only tell where the zone is; nothing inside its outline is visible anyway
    shape = _filled(shapely.union(grown, _guarded(plane)))
    return CutShape(center, shape)


def holds(shape: CutShape, zone: shapely.Geometry) -> bool:
    """Whether H still covers Z and its guard."""
    plane = geodesy.geometry_to_plane(zone, shape.center)
    return bool(shapely.covers(shape.geometry, shapely.buffer(plane, GUARD, quad_segs=32)))


def extend(shape: CutShape, addition: CutShape) -> CutShape:
    """H grown by another one. Nothing that was hidden becomes visible."""
    back = geodesy.local_projection(*addition.center)

    def across(coords: np.ndarray) -> np.ndarray:
        lon, lat = back.transform(coords[:, 0], coords[:, 1], direction="INVERSE")
        return geodesy.to_plane(lon, lat, shape.center)

    moved = shapely.transform(shapely.segmentize(addition.geometry, 50.0), across)
    return CutShape(shape.center, _filled(shapely.union(shape.geometry, shapely.make_valid(moved))))


def overlapping(zones: list[shapely.Geometry]) -> list[list[int]]:
    """Groups of zones that touch each other, directly or through others.

    Parameters
    ----------
    zones : list of shapely geometries
        lon/lat.

    Returns
    -------
    list of list of int
        Indices; every zone is in exactly one group.
    """
    centers = [geodesy.middle(zone) for zone in zones]
    planes = [geodesy.geometry_to_plane(zone, center) for zone, center in zip(zones, centers, strict=True)]
    reaches = [float(np.hypot(*shapely.get_coordinates(plane).T).max()) for plane in planes]
    parent = list(range(len(zones)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in _near_pairs(centers, reaches):
        if root(i) != root(j):
            other = geodesy.geometry_to_plane(zones[j], centers[i])
            if shapely.intersects(planes[i], other):
                parent[root(j)] = root(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(zones)):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def _near_pairs(centers: list[tuple[float, float]], reaches: list[float]) -> list[tuple[int, int]]:
    """Pairs of discs that may touch: rejected by great-circle distance, a row at a time."""
    lon, lat = (np.radians(values) for values in np.array(centers, dtype=float).reshape(-1, 2).T)
    radius = np.array(reaches)
    pairs: list[tuple[int, int]] = []
    for i in range(len(centers) - 1):
        half = np.sin((lat[i + 1 :] - lat[i]) / 2) ** 2
        half += np.cos(lat[i]) * np.cos(lat[i + 1 :]) * np.sin((lon[i + 1 :] - lon[i]) / 2) ** 2
        distance = 2 * geodesy.EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1)))
        near = np.flatnonzero(distance <= (radius[i] + radius[i + 1 :]) * 1.02 + 1.0)
        pairs.extend((i, i + 1 + int(j)) for j in near)
    return pairs


def _uniform_in_disc(radius: float) -> tuple[float, float]:
    """Angle (rad) and distance (m) of a point uniform in a disc, from the system's secret source."""
    source = secrets.SystemRandom()
    return source.random() * 2 * math.pi, radius * math.sqrt(source.random())


def _guarded(plane: shapely.Geometry) -> shapely.Geometry:
    return shapely.buffer(plane, GUARD + _CHORD_SLACK, quad_segs=32)


def _filled(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = [shapely.Polygon(part.exterior) for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    return shapely.union_all(parts)
