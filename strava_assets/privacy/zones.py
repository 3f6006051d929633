"""Privacy zones as the owner draws them: what a zone is, and reading zone files.

What belongs here: the `Zone` value, reading and judging files, the export's included. What does not: the cut shape's
geometry (`cut_shapes`), where zones are kept (`zone_store`).
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import shapely

from strava_assets.errors import ZoneFileError
from strava_assets.privacy import cut_shapes, geodesy
from strava_assets.privacy.cut_shapes import CutShape

_STRAVA_FILE = "privacy_zones.csv"
_LARGEST_TABLE = 8 * 2**20
#: Metres of what a radius in an export may be in; without a unit it is metres.
_UNITS = {
    "": 1.0,
    "m": 1.0,
    "km": 1000.0,
    "ft": 0.3048,
    "feet": 0.3048,
    "yd": 0.9144,
    "mi": 1609.344,
    "miles": 1609.344,
}
#: Latitude and longitude; a hemisphere's letter, or a comma for decimals, is refused rather than guessed.
_PLACE = re.compile(r"[\s\[(]*(-?\d+(?:\.\d+)?)\s*[,;&\s]\s*(-?\d+(?:\.\d+)?)[\s\])]*")
#: Metres; a bare number below it may be kilometres or miles.
_SMALLEST_BARE_RADIUS = 10.0
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
        GeoJSON, GeoPackage, Shapefile, …, in any CRS; or the export's ``privacy_zones.csv``, also where it is:
        in the export's zip or folder.

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
    strava = _strava_zones(path)
    frame = _read_with_gdal(path) if strava is None else _read_strava(path, strava)
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


def _strava_zones(path: Path) -> bytes | None:
    """The bytes of Strava's ``privacy_zones.csv`` at or in the path; None if there is none."""
    try:
        if path.is_dir():
            path = path / _STRAVA_FILE
        if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.rpartition("/")[2].lower() == _STRAVA_FILE]
                if not names:
                    return None
                with archive.open(min(names, key=len)) as file:
                    return file.read(_LARGEST_TABLE)
        if path.suffix.lower() == ".csv" and path.is_file():
            with open(path, "rb") as file:
                return file.read(_LARGEST_TABLE)
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, EOFError) as error:
        raise ZoneFileError(f"{path}: its privacy zones cannot be read ({str(error)[:120]})") from error
    return None


def _read_strava(path: Path, data: bytes) -> geopandas.GeoDataFrame:
    """Address, radius, "latitude, longitude": in this order, whatever the language of the headers."""
    wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    try:
        lines = [cells for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(cells)]
    except csv.Error as error:
        raise ZoneFileError(f"{path}: cannot be read as a table ({error})") from error
    if not lines or len(lines[0]) < 3:
        raise ZoneFileError(
            f"{path}: is not a privacy_zones.csv; its columns should be Address, Radius, Latitude & Longitude"
        )
    rows = []
    for number, cells in enumerate(lines[1:], start=1):
        radius = _metres(cells[1]) if len(cells) > 2 else None
        place = _PLACE.fullmatch(cells[2]) if len(cells) > 2 else None
        if place is None or radius is None:
            # the row is named by its number: its address is nobody's business
            raise ZoneFileError(
                f"{path}, row {number}: no radius in a unit that is known, or no latitude and longitude"
            )
        rows.append({"name": "", "radius": radius, "geometry": shapely.Point(float(place[2]), float(place[1]))})
    if not rows:
        return geopandas.GeoDataFrame({"geometry": []}, crs="OGC:CRS84")
    return geopandas.GeoDataFrame(rows, crs="OGC:CRS84")


def _metres(text: str) -> float | None:
    """A radius with or without its unit; too small a zone would hide too little, so a unit is never guessed."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*([^\W\d]*)\.?\s*", text)
    if not found:
        return None
    unit = _UNITS.get(found[2].lower())
    metres = float(found[1].replace(",", ".")) * unit if unit else None
    return metres if metres and (found[2] or metres >= _SMALLEST_BARE_RADIUS) else None


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
