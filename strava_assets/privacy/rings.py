"""Who is inside an area, or away from it, for certain: told by one distance, without projecting anybody.

What belongs here: two circles around one middle, and what measuring on a flat Earth may be wrong by. What does not:
the exact test of those who lie between the circles (``tracks``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy

#: Nearer to a pole, degrees of latitude, or for wider areas, degrees of longitude, nothing is certain.
_STEEPEST, _WIDEST = 80.0, 1.0
#: Given away on both sides, metres: for straights that are bent, and for rounding.
_SLACK = 0.5


@dataclass(frozen=True)
class Ring:
    """What lies between two circles, one in an area and one around it.

    Attributes
    ----------
    middle : (float, float)
        Of both circles, degrees east and north of the area's own centre.
    scale : (float, float)
        Metres in a degree there, east and north.
    inner, outer : float
        Whoever measures less than ``inner`` metres is in the area; whoever measures more than ``outer`` is not.
    """

    middle: tuple[float, float]
    scale: tuple[float, float]
    inner: float
    outer: float

    @staticmethod
    def of(geometry: shapely.Geometry, center: tuple[float, float], box: tuple[float, float]) -> Ring:
        """Around an area's centre of mass.

        Parameters
        ----------
        geometry : shapely geometry
            Metres around ``center``.
        center : (lon, lat)
            Degrees.
        box : (width, height)
            Half the sides of a box around ``center`` that holds it, degrees.
        """
        (width, height), middle = box, shapely.centroid(geometry)
        steepest = abs(center[1]) + height
        if steepest > _STEEPEST or width > _WIDEST or middle.is_empty:
            return Ring((0.0, 0.0), (1.0, 1.0), -math.inf, math.inf)
        lon, lat = geodesy.local_projection(*center).transform(middle.x, middle.y, direction="INVERSE")
        outer = float(np.hypot(*(shapely.get_coordinates(geometry) - (middle.x, middle.y)).T).max())
        inner = -math.inf
        if shapely.intersects(geometry, middle):
            inner = float(shapely.distance(shapely.boundary(geometry), middle))
        # elsewhere in the box a degree is longer or shorter: east by the cosine, both a little by the ellipsoid
        wrong = 1e-4 + 2 * (math.tan(math.radians(steepest)) + 0.02) * math.radians(height)
        return Ring(
            (float(geodesy.unwrap(np.array([lon - center[0]]))[0]), lat - center[1]),
            geodesy.degree_lengths(lat),
            inner * (1 - wrong) - _SLACK,
            outer * (1 + wrong) + _SLACK,
        )

    def measured(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far from the middle positions lie that are so many degrees east and north of the area's centre, metres.

        It is a norm in degrees: no position on a straight step between two measures less than half of what is left
        when the step's own measure is taken from both of theirs.
        """
        return self.length(lon - self.middle[0], lat - self.middle[1])

    def length(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same measure of steps that go so many degrees east and north, metres."""
        east, north = lon * self.scale[0], lat * self.scale[1]
        east *= east
        north *= north
        east += north
        return np.sqrt(east, out=east)
