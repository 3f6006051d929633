"""The hidden places of a Strava export: ``privacy_zones.csv``, at a path or in the export that lies there.

What belongs here: finding that table and reading its points and radii. What does not: other files of zones, and judging
a row (`zone_files`). A row is named by its number: its address is nobody's business.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from pathlib import Path

import geopandas
import shapely

from strava_assets.errors import ZoneFileError

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


def find(path: Path) -> bytes | None:
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


def read(path: Path, data: bytes) -> geopandas.GeoDataFrame:
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
