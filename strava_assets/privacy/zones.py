"""Privacy zones as values: what the owner draws, and what is in force.

What belongs here: `DrawnZone`, `Zone`, which shapes hide what, a disc on the ground. What does not: reading files
(`zone_files`), the cut shape's geometry (`cut_shapes`), where zones are kept (`zone_store`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely

from strava_assets.privacy import cut_shapes, geodesy
from strava_assets.privacy.cut_shapes import CutShape

#: Every sample in the cut shape is hidden.
EVERYWHERE = "everywhere"
#: Of a track that only passes, nothing is hidden: `passes` says which does.
ENDS_ONLY = "ends_only"
MODES = (EVERYWHERE, ENDS_ONLY)


@dataclass(frozen=True)
class DrawnZone:
    """One zone of a file: Z in lon/lat (EPSG:4326), its name (may be empty), and what it hides (one of `MODES`).

    ``holes``: how many holes were filled when it was read.
    """

    name: str
    geometry: shapely.Geometry
    mode: str = EVERYWHERE
    holes: int = 0


@dataclass(frozen=True)
class Zone:
    """A zone that is kept.

    Attributes
    ----------
    id : int
    name : str
        Private; never in any public byte, log line or Dagster metadata.
    geometry : shapely Polygon or MultiPolygon
        Z, lon/lat (EPSG:4326).
    shape_id : int
        Zones that overlap share a cut shape.
    shape : CutShape
        H.
    origin : str
        ``drawn``; ``provisional``: found by us, in force until the owner decides; ``lifted``: out of force by the
        owner's word.
    expansion : float
        E as it was asked for, metres.
    mode : str
        One of `MODES`; of zones that share a shape, one that hides everywhere decides.
    """

    id: int
    name: str
    geometry: shapely.Geometry
    shape_id: int
    shape: CutShape
    origin: str = "drawn"
    expansion: float = cut_shapes.EXPANSION
    mode: str = EVERYWHERE


def ends_only_shapes(zones: Iterable[Zone]) -> set[int]:
    """Ids of the shapes all of whose zones hide only where tracks begin, end or stop."""
    zones = list(zones)
    return {zone.shape_id for zone in zones} - {zone.shape_id for zone in zones if zone.mode != ENDS_ONLY}


def disc(lon: float, lat: float, radius: float) -> shapely.Geometry:
    """A disc on the ground as a lon/lat polygon (or two, across the antimeridian).

    Parameters
    ----------
    lon, lat : float
        Degrees.
    radius : float
        Metres; the polygon holds the whole disc.
    """
    plane = shapely.buffer(shapely.Point(0, 0), radius / math.cos(math.pi / 128), quad_segs=32)
    return unfolded(geodesy.geometry_to_degrees(plane, (lon, lat)))


def unfolded(geometry: shapely.Geometry) -> shapely.Geometry:
    """Split a polygon whose longitudes jump across ±180° into its two halves."""
    coords = shapely.get_coordinates(geometry)
    if np.ptp(coords[:, 0]) < 180:
        return geometry
    east = shapely.transform(
        geometry, lambda c: np.column_stack([np.where(c[:, 0] < 0, c[:, 0] + 360, c[:, 0]), c[:, 1]])
    )
    near = shapely.intersection(east, shapely.box(0, -90, 180, 90))
    far = shapely.intersection(east, shapely.box(180, -90, 360, 90))
    return shapely.union_all([near, shapely.transform(far, lambda c: c - [360, 0])])
