"""Tracks and zones to test with, drawn in metres around a place, by code that knows nothing of the cut.

Positions are made with plain spherical trigonometry, checks with great circles and shapely in a plane
of its own: nothing here is shared with ``strava_assets.privacy``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import shapely

R = 6_371_008.8


@dataclass(frozen=True)
class Place:
    """A place on Earth, and metres around it."""

    lon: float
    lat: float

    def degrees(self, metres: np.ndarray) -> np.ndarray:
        """Metres east and north → lon, lat by the direct great-circle formula, shape (n, 2)."""
        east, north = np.asarray(metres, float).reshape(-1, 2).T
        distance, bearing = np.hypot(east, north) / R, np.arctan2(east, north)
        lat0, lon0 = math.radians(self.lat), math.radians(self.lon)
        lat = np.arcsin(math.sin(lat0) * np.cos(distance) + math.cos(lat0) * np.sin(distance) * np.cos(bearing))
        lon = lon0 + np.arctan2(
            np.sin(bearing) * np.sin(distance) * math.cos(lat0), np.cos(distance) - math.sin(lat0) * np.sin(lat)
        )
        return np.column_stack([(np.degrees(lon) + 180) % 360 - 180, np.degrees(lat)])

    def metres(self, degrees: np.ndarray) -> np.ndarray:
        """The inverse of `degrees`: azimuthal equidistant on a sphere."""
        lon, lat = np.radians(np.asarray(degrees, float).reshape(-1, 2)).T
        lat0, lon0 = math.radians(self.lat), math.radians(self.lon)
        cosine = math.sin(lat0) * np.sin(lat) + math.cos(lat0) * np.cos(lat) * np.cos(lon - lon0)
        distance = np.arccos(np.clip(cosine, -1, 1))
        bearing = np.arctan2(
            np.sin(lon - lon0) * np.cos(lat),
            math.cos(lat0) * np.sin(lat) - math.sin(lat0) * np.cos(lat) * np.cos(lon - lon0),
        )
        return np.column_stack([np.sin(bearing), np.cos(bearing)]) * (distance * R)[:, None]

    def polygon(self, metres: np.ndarray) -> shapely.Polygon:
        """A polygon given in metres, in lon/lat."""
        return shapely.Polygon(self.degrees(metres))


def circle(radius: float, corners: int = 24, center: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Corners of a regular polygon, metres."""
    angle = np.linspace(0, 2 * math.pi, corners, endpoint=False)
    return np.column_stack([center[0] + radius * np.cos(angle), center[1] + radius * np.sin(angle)])


def nearest(place: Place, zone: shapely.Geometry, lines: list[np.ndarray]) -> float:
    """Smallest distance of any line (arrays of lon, lat) to a zone, metres, in the place's own plane."""
    plane = shapely.transform(shapely.segmentize(zone, 1e-4), place.metres)
    return min(
        (
            float(
                shapely.distance(
                    plane,
                    shapely.LineString(dense(place, line)) if len(line) > 1 else shapely.Point(place.metres(line)[0]),
                )
            )
            for line in lines
        ),
        default=math.inf,
    )


def dense(place: Place, line: np.ndarray) -> np.ndarray:
    """A lon/lat line with a vertex every 50 m or so, in metres around a place."""
    pieces = [line[:1]]
    for a, b in itertools.pairwise(line):
        count = max(1, int(np.hypot(*(place.metres(b[None])[0] - place.metres(a[None])[0])) // 50))
        step = b - a
        step[0] = (step[0] + 180) % 360 - 180
        pieces.append(a + np.linspace(1 / count, 1, count)[:, None] * step)
    return place.metres(np.concatenate(pieces))
