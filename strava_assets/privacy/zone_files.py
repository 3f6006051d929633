"""Zone files: whatever the owner drew his places with, read whole or refused whole.

What belongs here: reading files and judging each row. What does not: what a zone is (`zones`), where it is kept
(`zone_store`).
"""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely
import shapely.geometry

from strava_assets.errors import ZoneFileError
from strava_assets.privacy import geodesy, strava_zones
from strava_assets.privacy.zones import EVERYWHERE, MODES, DrawnZone, disc

_NO = {"no", "n", "false", "f", "0", "0.0", "off"}
#: A point's zone may not be smaller or larger than this, metres; less or more is a mistake of units.
_SMALLEST_RADIUS, _LARGEST_RADIUS = 1.0, 50_000.0
#: Nor may any zone be wider than this, metres; more is a mistake of the coordinate system, or no place.
_WIDEST = 2 * _LARGEST_RADIUS
#: Parts of one row over more than this, metres, are places of their own: each gets its own displacement.
_ONE_PLACE = 5_000.0
#: What is looked for in a zip, where GDAL by itself sees its first level only.
_INSIDE_ZIP = (".shp", ".gpkg", ".geojson", ".json", ".kml", ".gml", ".fgb")


def read_zone_file(path: Path, mode: str = EVERYWHERE) -> list[DrawnZone]:
    """Read polygons, or points with a ``radius`` in metres, from anything GDAL reads: all layers that have geometries.

    Parameters
    ----------
    path : Path
        GeoJSON, GeoPackage, Shapefile (also in a zip), …, in any CRS; or the export's ``privacy_zones.csv``, also where
        it is: in the export's zip or folder.
    mode : str
        Of rows that do not say it in a field ``mode``.

    Returns
    -------
    list of DrawnZone
        lon/lat, without holes; rows whose ``privacy`` is No or false are left out. A row whose parts are kilometres
        apart is as many zones.

    Raises
    ------
    ZoneFileError
        Unreadable, empty, or any row invalid: the file is refused whole and the row named.
    """
    if not path.exists():
        raise ZoneFileError(f"{path}: there is no such file")
    export = strava_zones.find(path)
    layers = list(_layers(path)) if export is None else [("", strava_zones.read(path, export))]
    full = [(where, frame) for where, frame in layers if len(frame)]
    if not full:
        raise ZoneFileError(f"{path}: has no zones in it")
    zones: list[DrawnZone] = []
    for layer, frame in full:
        zones += _zones(f"{path}, layer {layer}" if len(full) > 1 else f"{path}", frame, mode)
    if not zones:
        raise ZoneFileError(f"{path}: every row is marked as not private; nothing would be hidden")
    return zones


def read_drawing(document: Mapping[str, Any], mode: str = EVERYWHERE) -> list[DrawnZone]:
    """Read what was drawn on the map: one GeoJSON feature, by the rules for a file's rows.

    Parameters
    ----------
    document : mapping
        A feature, with a polygon, or a point and the property ``radius``; lon/lat.
    mode : str
        If its property ``mode`` does not say it.

    Raises
    ------
    ZoneFileError
    """
    try:
        given = document.get("properties") or {}
        properties = {word: given[word] for word in ("name", "radius", "mode") if given.get(word) is not None}
        geometry = shapely.geometry.shape(document["geometry"])
        frame = geopandas.GeoDataFrame([properties], geometry=[geometry], crs="OGC:CRS84")
    except Exception as error:  # whatever it is that shapely makes of it, it is no drawing
        raise ZoneFileError("what was drawn is no GeoJSON feature with a polygon, or a point and a radius") from error
    return list(_zones("the drawing", frame, mode))


def read_zone_table(table: str, frame: geopandas.GeoDataFrame) -> list[DrawnZone]:
    """Read what was drawn in a table of some database, by the rules for a file's rows.

    Parameters
    ----------
    table : str
        What it is called in a refusal.
    frame : GeoDataFrame
        lon/lat, with the columns that a file may have; its index tells rows apart.

    Raises
    ------
    ZoneFileError
        Any row is invalid: none is taken, and the row is named by its number only: runs tell it in their events.
    """
    return list(_zones(table, frame, EVERYWHERE, list(frame.index)))


def _zones(
    file: str, frame: geopandas.GeoDataFrame, mode: str, numbers: Sequence[Any] | None = None
) -> Iterator[DrawnZone]:
    """Each row's; with ``numbers`` of their own, refusals tell these, no names and no positions."""
    columns = {str(column).lower(): column for column in frame.columns}
    for number, (_, row) in zip(numbers or range(1, len(frame) + 1), frame.iterrows(), strict=True):
        given = {word: _text(row[columns[word]]) for word in ("privacy", "name", "mode") if word in columns}
        if given.get("privacy", "").lower() in _NO:
            continue
        name = given.get("name", "")
        where = f"{file}, row {number}" + (f" ({name})" if name and not numbers else "")
        own = given.get("mode", "").lower().replace("-", "_") or mode
        if own not in MODES:
            raise ZoneFileError(f"{where}: its mode is {given['mode']!r}; there are {' and '.join(MODES)}")
        radius = row[columns["radius"]] if "radius" in columns else None
        places, holes = _judged(row[frame.geometry.name], radius, where, tell_where=not numbers)
        for place in places:
            yield DrawnZone(name, place, own, holes)
            holes = 0


def _text(value: Any) -> str:
    """A cell in one line, without what moves a terminal's cursor."""
    if pd.isna(value):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(value)).split())


def _layers(path: Path) -> Iterator[tuple[str, geopandas.GeoDataFrame]]:
    """Every layer with geometries of every data set in a file, in lon/lat."""
    found = False
    for source in _sources(path):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                layers = [name for name, kind in pyogrio.list_layers(source) if kind is not None]
                frames = [(name, geopandas.read_file(source, layer=name)) for name in layers]
        except Exception as error:  # GDAL's drivers raise what they like; whatever it is, the file is refused
            said = (str(error).splitlines() or ["?"])[0][:120]
            if "not recognized" in said:
                said = "it is none that GDAL knows: GeoJSON, GeoPackage, Shapefile, KML, …"
            raise ZoneFileError(f"{path}: cannot be read as a file of zones ({said})") from error
        for name, frame in frames:
            if len(frame) and frame.geometry.isna().all():
                continue
            found = True
            if len(frame) and frame.crs is None:
                raise ZoneFileError(
                    f"{path}: says no coordinate reference system; save it again with one (GeoJSON needs none)"
                )
            # empty and missing geometries survive the projection as they are, to be named by their row
            yield name, frame.to_crs("OGC:CRS84") if len(frame) else frame
    if not found:
        raise ZoneFileError(f"{path}: has no geometries in it")


def _sources(path: Path) -> list[str]:
    """The data sets in a file, as GDAL names them."""
    if path.suffix.lower() != ".zip":
        return [str(path)]
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.lower().endswith(_INSIDE_ZIP)]
    except (OSError, zipfile.BadZipFile) as error:
        raise ZoneFileError(f"{path}: cannot be read as a zip") from error
    names = [name for name in names if not Path(name).name.startswith("._")]  # what macOS adds
    if not names:
        raise ZoneFileError(f"{path}: has no file in it that could hold zones ({', '.join(_INSIDE_ZIP)})")
    return [f"/vsizip/{path.resolve()}/{name}" for name in names]


def _judged(geometry: Any, radius: Any, where: str, tell_where: bool) -> tuple[list[shapely.Geometry], int]:
    """A row's places, valid and in lon/lat, and how many holes were filled in them; or a refusal that names the row."""
    if not isinstance(geometry, shapely.Geometry) or geometry.is_empty:  # a missing one among others is NaN
        raise ZoneFileError(f"{where}: has no geometry; nothing would be hidden for it")
    geometry = shapely.force_2d(geometry)
    coords = shapely.get_coordinates(geometry)
    if not np.isfinite(coords).all() or (np.abs(coords[:, 0]) > 180).any() or (np.abs(coords[:, 1]) > 90).any():
        raise ZoneFileError(f"{where}: lies outside the world; is its coordinate reference system right?")
    parts = shapely.get_parts(geometry)
    kinds = {part.geom_type for part in parts}
    if kinds == {"Point"}:
        return [_disc(part, radius, where) for part in parts], 0
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise ZoneFileError(f"{where}: is a {geometry.geom_type}; zones are polygons, or points with a radius")
    if not geometry.is_valid:
        reason = shapely.is_valid_reason(geometry)
        told = reason if tell_where else reason.partition("[")[0]  # the position follows
        raise ZoneFileError(f"{where}: is not a valid polygon ({told}); mend it where it was drawn")
    if geometry.area == 0:
        raise ZoneFileError(f"{where}: has no area; nothing would be hidden for it")
    polygons = shapely.get_parts(parts)  # a collection's multipolygons have parts of their own
    for polygon in polygons:
        if (width := _width(polygon)) > _WIDEST:
            raise ZoneFileError(
                f"{where}: is {width / 1000:,.0f} km wide; a zone is a place of at most {_WIDEST / 1000:.0f} km. "
                "Is its coordinate reference system right, or does it cross 180° of longitude in one piece?"
            )
    holes = int(shapely.get_num_interior_rings(polygons).sum())
    whole = shapely.union_all([shapely.Polygon(polygon.exterior) for polygon in polygons])
    # halves that meet at 180° of longitude come to share a shape anyway
    return (list(shapely.get_parts(whole)) if _width(whole) > _ONE_PLACE else [whole]), holes


def _width(geometry: shapely.Geometry) -> float:
    """The diagonal of a geometry's box, metres; longitudes are taken as they stand."""
    west, south, east, north = geometry.bounds
    wide = (east - west) * math.cos(math.radians(min(abs(south), abs(north))))
    return math.hypot(wide, north - south) * geodesy.LONGEST_DEGREE


def _disc(point: shapely.Point, radius: Any, where: str) -> shapely.Geometry:
    try:
        metres = float(radius)
    except (TypeError, ValueError):
        metres = math.nan
    if not _SMALLEST_RADIUS <= metres <= _LARGEST_RADIUS:
        raise ZoneFileError(
            f"{where}: a point needs a radius in metres, between {_SMALLEST_RADIUS:.0f} and {_LARGEST_RADIUS:,.0f}"
        )
    return disc(point.x, point.y, metres)
