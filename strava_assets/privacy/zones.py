"""Privacy zones as the owner draws them: what a zone is, and reading zone files.

What belongs here: the `Zone` value, reading and judging files. What does not: the cut shape's
geometry (`cut_shapes`), where zones are kept (`zone_store`).
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely

from strava_assets.errors import ZoneFileError
from strava_assets.privacy import cut_shapes, geodesy
from strava_assets.privacy.cut_shapes import CutShape

_NO = {"no", "n", "false", "f", "0", "off"}
#: A point's zone may not be larger than this, metres; more is a mistake of units.
_LARGEST_RADIUS = 50_000.0


@dataclass(frozen=True)
class DrawnZone:
    """One zone of a file: Z in lon/lat (EPSG:4326), and its name (may be empty)."""

    name: str
    geometry: shapely.Geometry


@dataclass(frozen=True)
class Zone:
    """A zone in force.

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
        ``drawn`` or ``provisional``.
    expansion : float
        E, metres.
    """

    id: int
    name: str
    geometry: shapely.Geometry
    shape_id: int
    shape: CutShape
    origin: str = "drawn"
    expansion: float = cut_shapes.EXPANSION


def read_zone_file(path: Path) -> list[DrawnZone]:
    """Read polygons, or points with a ``radius`` in metres, from anything GDAL reads.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage, Shapefile, …, in any CRS; or the export's ``privacy_zones.csv``.

    Returns
    -------
    list of DrawnZone
        lon/lat; rows whose ``privacy`` is No or false are left out.

    Raises
    ------
    ZoneFileError
        Unreadable, empty, or any row invalid: the file is refused whole and the row named.
    """
    if not path.exists():
        raise ZoneFileError(f"{path}: there is no such file")
    frame = _read_export_csv(path) if path.suffix.lower() == ".csv" else _read_with_gdal(path)
    if frame.empty:
        raise ZoneFileError(f"{path}: has no zones in it")
    columns = {str(column).lower(): column for column in frame.columns}
    zones = []
    for number, (_, row) in enumerate(frame.iterrows(), start=1):
        privacy = row[columns["privacy"]] if "privacy" in columns else None
        if privacy is not None and str(privacy).strip().lower() in _NO:
            continue
        name = row[columns["name"]] if "name" in columns else None
        name = "" if name is None or (isinstance(name, float) and math.isnan(name)) else str(name).strip()
        radius = row[columns["radius"]] if "radius" in columns else None
        where = f"{path}, row {number}" + (f" ({name})" if name else "")
        zones.append(DrawnZone(name, _judged(row[frame.geometry.name], radius, where)))
    if not zones:
        raise ZoneFileError(f"{path}: every row is marked as not private; nothing would be hidden")
    return zones


def _read_with_gdal(path: Path) -> geopandas.GeoDataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = geopandas.read_file(path)
    except Exception as error:  # GDAL's drivers raise what they like; whatever it is, the file is refused
        raise ZoneFileError(
            f"{path}: cannot be read as a file of zones ({(str(error).splitlines() or ['?'])[0][:120]})"
        ) from error
    if not isinstance(frame, geopandas.GeoDataFrame) or frame.geometry.isna().all():
        raise ZoneFileError(f"{path}: has no geometries in it")
    if frame.crs is None:
        raise ZoneFileError(f"{path}: says no coordinate reference system; save it again with one (GeoJSON needs none)")
    # empty and missing geometries survive the projection as they are, to be named by their row
    return frame.to_crs("OGC:CRS84")


def _read_export_csv(path: Path) -> geopandas.GeoDataFrame:
    """Strava's ``privacy_zones.csv``: Address, Radius, "Latitude & Longitude"."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError, OSError) as error:
        raise ZoneFileError(f"{path}: cannot be read as a table ({str(error).splitlines()[0][:120]})") from error
    if len(table.columns) < 3 or "radius" not in str(table.columns[1]).lower():
        raise ZoneFileError(
            f"{path}: is not a privacy_zones.csv; its columns should be Address, Radius, Latitude & Longitude"
        )
    rows = []
    for number, (_, row) in enumerate(table.iterrows(), start=1):
        numbers = re.findall(r"-?\d+(?:\.\d+)?", str(row.iloc[2]))
        length = re.findall(r"\d+(?:\.\d+)?", str(row.iloc[1]).replace(",", "."))
        if len(numbers) != 2 or not length:
            raise ZoneFileError(f"{path}, row {number}: no radius, or no latitude and longitude")
        lat, lon = float(numbers[0]), float(numbers[1])
        rows.append({"name": "", "radius": float(length[0]), "geometry": shapely.Point(lon, lat)})
    if not rows:
        return geopandas.GeoDataFrame({"geometry": []}, crs="OGC:CRS84")
    return geopandas.GeoDataFrame(rows, crs="OGC:CRS84")


def _judged(geometry: Any, radius: Any, where: str) -> shapely.Geometry:
    """A valid polygon in lon/lat, or a refusal that names the row."""
    if not isinstance(geometry, shapely.Geometry) or geometry.is_empty:  # a missing one among others is NaN
        raise ZoneFileError(f"{where}: has no geometry; nothing would be hidden for it")
    geometry = shapely.force_2d(geometry)
    coords = shapely.get_coordinates(geometry)
    if not np.isfinite(coords).all() or (np.abs(coords[:, 0]) > 180).any() or (np.abs(coords[:, 1]) > 90).any():
        raise ZoneFileError(f"{where}: lies outside the world; is its coordinate reference system right?")
    if geometry.geom_type == "Point":
        return _disc(geometry, radius, where)
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        raise ZoneFileError(f"{where}: is a {geometry.geom_type}; zones are polygons, or points with a radius")
    if not geometry.is_valid:
        raise ZoneFileError(
            f"{where}: is not a valid polygon ({shapely.is_valid_reason(geometry)}); mend it where it was drawn"
        )
    if geometry.area == 0:
        raise ZoneFileError(f"{where}: has no area; nothing would be hidden for it")
    return geometry


def _disc(point: shapely.Point, radius: Any, where: str) -> shapely.Geometry:
    try:
        metres = float(radius)
    except (TypeError, ValueError):
        metres = math.nan
    if not 0 < metres <= _LARGEST_RADIUS:
        raise ZoneFileError(f"{where}: a point needs a radius in metres, between 1 and {_LARGEST_RADIUS:,.0f}")
    return disc(point.x, point.y, metres)


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
    return _unfolded(geodesy.geometry_to_degrees(plane, (lon, lat)))


def _unfolded(geometry: shapely.Geometry) -> shapely.Geometry:
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
