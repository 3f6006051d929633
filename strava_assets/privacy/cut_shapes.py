"""The secret shape H that is cut for a drawn zone Z: drawn once, kept for ever.

What belongs here: drawing H from a cryptographic random source, uniting zones that overlap, deciding
whether a kept H still serves. What does not: where zones come from and where H is stored.

H is Z displaced by a vector uniform in a disc of radius E, grown by E and a guard: so H always holds
Z and its guard, and Z's centre is uniform in a disc of radius E inside H (PRIVACY.md, "The cut").
Drawn again per ride, per street or per build, an attacker would average it out; so it never is.

A larger E for the same place is no second draw around Z either: two shapes around one home tell more than one, as
the home lies where their discs meet, and who kept the older files has both. So the larger shape is drawn around the
kept one (`enlarged`): given that, it tells nothing of Z.
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
#: By how much, metres, and how often a kept shape is grown for a place that was redrawn a little beyond it.
_WIDER, _WIDENINGS = 100.0, 3


@dataclass(frozen=True)
class CutShape:
    """H, in metres around its own centre, so that no border of the map cuts through it.

    Attributes
    ----------
    center : (lon, lat)
        Degrees, WGS 84; of the azimuthal equidistant projection that ``geometry`` is in.
    geometry : shapely Polygon or MultiPolygon
        Metres.
    expansion : float
        The E that it was drawn with, metres; of joined shapes, the smallest.
    """

    center: tuple[float, float]
    geometry: shapely.Geometry
    expansion: float = EXPANSION


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
    grown = shapely.buffer(_displaced(plane, expansion), expansion + GUARD + _CHORD_SLACK, quad_segs=32)
    # holes would only tell where the zone is; nothing inside its outline is visible anyway
    shape = _filled(shapely.union(grown, _guarded(plane)))
    return CutShape(center, shape, expansion)


def holds(shape: CutShape, zone: shapely.Geometry) -> bool:
    """Whether H still covers Z and its guard."""
    plane = geodesy.geometry_to_plane(zone, shape.center)
    return bool(shapely.covers(shape.geometry, shapely.buffer(plane, GUARD, quad_segs=32)))


def enlarged(shape: CutShape, expansion: float) -> CutShape:
    """H for a larger E: displaced by a vector uniform in a disc of the difference, and grown by it, so it holds H.

    That is how a shape drawn for Z with the larger E lies, if of all of them only those that hold H may come out. An
    attacker who has files of before knows no more than he did; one who has only the new ones is farther off.

    Parameters
    ----------
    shape : CutShape
    expansion : float
        The larger E, metres.
    """
    more = expansion - shape.expansion
    grown = shapely.buffer(_displaced(shape.geometry, more), more + _CHORD_SLACK, quad_segs=32)
    return CutShape(shape.center, _filled(shapely.union(grown, shape.geometry)), expansion)


def widened(shape: CutShape, zone: shapely.Geometry) -> CutShape | None:
    """H grown evenly until it holds a place that was redrawn a little beyond it; None if that is far beyond.

    Drawn anew instead, there would be two draws around one home.
    """
    for step in range(1, _WIDENINGS + 1):
        grown = _filled(shapely.buffer(shape.geometry, step * _WIDER, quad_segs=32))
        wider = CutShape(shape.center, grown, shape.expansion)
        if holds(wider, zone):
            return wider
    return None


def drawn_alike(shape: CutShape, before: shapely.Geometry, zone: shapely.Geometry, expansion: float) -> CutShape:
    """H for another outline of the same place, however far beyond: displaced from it as the kept H is from its own.

    Who has both knows how far one outline lies from the other, and no more of either than the kept H tells.

    Parameters
    ----------
    shape : CutShape
        The kept H.
    before, zone : shapely Polygon or MultiPolygon
        The outline that it was drawn for, and the new one, lon/lat.
    expansion : float
        E, metres; it is displaced by no more.
    """
    old, new = (geodesy.geometry_to_plane(outline, shape.center) for outline in (before, zone))
    vector = np.subtract(*(shapely.get_coordinates(shapely.centroid(part))[0] for part in (shape.geometry, old)))
    vector *= min(1.0, expansion / max(float(np.hypot(*vector)), 1e-9))
    moved = shapely.transform(new, lambda c: c + vector)
    grown = shapely.buffer(moved, expansion + GUARD + _CHORD_SLACK, quad_segs=32)
    return CutShape(shape.center, _filled(shapely.union(grown, _guarded(new))), expansion)


def extend(shape: CutShape, addition: CutShape) -> CutShape:
    """H grown by another one. Nothing that was hidden becomes visible."""
    back = geodesy.local_projection(*addition.center)

    def across(coords: np.ndarray) -> np.ndarray:
        lon, lat = back.transform(coords[:, 0], coords[:, 1], direction="INVERSE")
        return geodesy.to_plane(lon, lat, shape.center)

    moved = shapely.transform(shapely.segmentize(addition.geometry, 50.0), across)
    joined = _filled(shapely.union(shape.geometry, shapely.make_valid(moved)))
    return CutShape(shape.center, joined, min(shape.expansion, addition.expansion))


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


def _displaced(plane: shapely.Geometry, most: float) -> shapely.Geometry:
    """A geometry in metres, moved by a vector uniform in a disc."""
    angle, distance = _uniform_in_disc(most)
    return shapely.transform(plane, lambda c: c + [distance * math.cos(angle), distance * math.sin(angle)])


def _guarded(plane: shapely.Geometry) -> shapely.Geometry:
    return shapely.buffer(plane, GUARD + _CHORD_SLACK, quad_segs=32)


def _filled(geometry: shapely.Geometry) -> shapely.Geometry:
    parts = [shapely.Polygon(part.exterior) for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
    return shapely.union_all(parts)
