"""Strava's bulk export: rows of ``activities.csv`` in our words, and whose it is.

What belongs here: finding the tables, and their numbers, dates and labels. What does not: which column
is which (``columns``), recordings, landing. Only what is needed is read: an export holds far more
about its owner than rides.
"""

from __future__ import annotations

import csv
import io
import math
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from strava_assets.archive.columns import place_columns
from strava_assets.archive.files import Files
from strava_assets.archive.recordings import SUFFIXES
from strava_assets.archive.sport_types import from_label
from strava_assets.archive.text import one_line
from strava_assets.errors import ArchiveError, UnreadableRecording

FIGURES = (
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "calories",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
)

_TABLE_LIMIT = 128 * 2**20
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_ENGLISH_DATE = re.compile(
    r"([a-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4}),? (?:at )?(\d{1,2}):(\d\d):(\d\d)"
    r"(?: ?([ap])\.?m\.?)?",
    re.IGNORECASE,
)
_IN_METRES = ("Swim", "Rowing", "VirtualRow")


@dataclass(frozen=True)
class Row:
    """One activity of the export.

    Attributes
    ----------
    strava_id : int
    start : datetime or None
        Aware UTC; None if the row's date cannot be read.
    archive : dict
        What is kept of the row: ``name``, ``sport_type``, `FIGURES` (m, s, m/s, W, kcal, bpm, rpm; None
        where unknown), ``gear_name``, ``gear_sports`` and ``filename``.
    filename : str or None
        The recording's name among the export's files; None if the row names none.
    """

    strava_id: int
    start: datetime | None
    archive: dict[str, Any]
    filename: str | None


@dataclass
class Export:
    """An export's rows, in the file's order, and whose they are."""

    rows: list[Row]
    athlete_id: int | None = None
    athlete_name: str | None = None
    warnings: list[str] = field(default_factory=list)


def find_table(files: Files) -> str | None:
    """The name of ``activities.csv``: at the root, or one folder down if all recordings lie in that folder too."""
    tables = [name for name in files.names if name.lower().rpartition("/")[2] == "activities.csv"]
    at_root = [name for name in tables if "/" not in name]
    one_down = [name for name in tables if name.count("/") == 1]
    if at_root or len(one_down) != 1:
        return at_root[0] if at_root else None
    folder = one_down[0].partition("/")[0]
    alone = all(name.startswith(f"{folder}/") for name in files.names if name.lower().endswith(SUFFIXES))
    return one_down[0] if alone else None


def read_export(files: Files, table: str) -> Export:
    """Every activity of the export.

    Parameters
    ----------
    files : Files
    table : str
        The name of its ``activities.csv``.

    Raises
    ------
    ArchiveError
        The table cannot be read, or a column of it cannot be placed.
    """
    folder = table.rpartition("/")[0]
    base = f"{folder}/" if folder else ""
    lines = _lines(files, table)
    if not lines:
        raise ArchiveError("activities.csv is empty; request the archive again")
    columns, displayed = place_columns(lines[0])
    gear = _gear(files, base)
    factor = _kilometres(lines[1:], columns) if "distance" in displayed else 1.0
    export = Export([])
    seen: set[int] = set()
    for number, line in enumerate(lines[1:], 2):
        cells = {word: line[index].strip() if index < len(line) else "" for word, index in columns.items()}
        if not any(cells.values()):
            continue
        strava_id = _whole(cells["id"])
        if strava_id is None:
            export.warnings.append(f"activities.csv, row {number}: {cells['id'][:30]!r} is no activity id; left out")
        elif strava_id in seen:
            export.warnings.append(f"activities.csv, row {number}: activity {strava_id} occurs twice; the first counts")
        else:
            seen.add(strava_id)
            export.rows.append(_row(strava_id, cells, base, gear, factor))
    profile = next(iter(_dicts(files, f"{base}profile.csv")), {})
    export.athlete_id = _whole(profile.get("Athlete ID", ""))
    export.athlete_name = one_line(f"{profile.get('First Name', '')} {profile.get('Last Name', '')}", 100)
    return export


def existing_file(files: Files, filename: str | None) -> str | None:
    """A row's file among those that there are, also where somebody has unpacked the .gz; None if it is not."""
    return next((name for name in (filename, (filename or "").removesuffix(".gz")) if name and name in files), None)


def left_over(files: Files, export: Export) -> list[str]:
    """A warning about recordings of the export that no row names, if there are any."""
    named = {existing_file(files, row.filename) for row in export.rows}
    rest = [
        name
        for name in files.names
        if name.lower().endswith(SUFFIXES) and name not in named and "activities" in name.split("/")[:-1]
    ]
    if not rest:
        return []
    return [
        f"{len(rest)} recordings of the export are named by no row of activities.csv and were left out "
        f"(first: {one_line(rest[0], 80)})"
    ]


def parse_date(text: str) -> datetime | None:
    """A date as English exports write it; always UTC, though none says so.

    ``May 29, 2022, 3:53:35 PM`` (newer ones with a narrow space before PM), ``2018-09-12 15:02:23``.
    """
    plain = " ".join(text.split())
    try:
        if match := _ENGLISH_DATE.fullmatch(plain):
            month, day, year, hour, minute, second, half = match.groups()
            hours = int(hour) if half is None else int(hour) % 12 + 12 * (half in "pP")
            return datetime(int(year), _MONTHS[month.lower()], int(day), hours, int(minute), int(second), tzinfo=UTC)
        moment = datetime.fromisoformat(plain.removesuffix(" UTC"))
    except (ValueError, KeyError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(strava_id: int, cells: Mapping[str, str], base: str, gear: Mapping[str, list[str]], factor: float) -> Row:
    start = parse_date(cells["start"])
    label = cells["sport_type"]
    sport = from_label(label)
    figures = {name: _number(cells.get(name, "")) for name in FIGURES}
    if figures["distance"] is not None and factor != 1.0 and sport not in _IN_METRES:
        figures["distance"] *= factor
    gear_name = one_line(cells.get("gear_name"))
    filename = cells["filename"] or None
    archive = {
        "name": one_line(cells["name"]),
        "sport_type": sport,
        "start": start.isoformat() if start else None,
        **figures,
        "gear_name": gear_name,
        "gear_sports": gear.get(gear_name or ""),
        "filename": one_line(filename),
    }
    return Row(strava_id, start, archive, f"{base}{filename}" if filename else None)


def _kilometres(lines: list[list[str]], columns: Mapping[str, int]) -> float:
    """For the old tables with one distance column: 1000 if it holds kilometres, 1 if metres, by the speeds."""
    speeds = []
    for line in lines:
        if max(columns["distance"], columns.get("elapsed_time", 0)) >= len(line) or "elapsed_time" not in columns:
            continue
        distance, seconds = _number(line[columns["distance"]]), _number(line[columns["elapsed_time"]])
        if distance and seconds:
            speeds.append(distance / seconds)
    # nobody's median is slower than 0.2 m/s, nor faster than 200 m/s
    return 1000.0 if speeds and statistics.median(speeds) < 0.2 else 1.0


def _gear(files: Files, base: str) -> dict[str, list[str]]:
    """By name, the sports that a bike or a pair of shoes is the owner's default for."""
    gear = {}
    for table, word in (("bikes.csv", "Bike"), ("shoes.csv", "Shoe")):
        for row in _dicts(files, f"{base}{table}"):
            name = one_line(row.get(f"{word} Name"))
            if name:
                sports = re.split(r"[,;]", row.get(f"{word} Default Sport Types") or "")
                gear[name] = [from_label(sport) for sport in sports if sport.strip()]
    return gear


def _dicts(files: Files, name: str) -> list[dict[str, str]]:
    """A side table; one that is absent or broken is empty, for the rides do not depend on it."""
    if name not in files:
        return []
    try:
        lines = _lines(files, name)
    except ArchiveError:
        return []
    return [dict(zip((cell.strip() for cell in lines[0]), line, strict=False)) for line in lines[1:]] if lines else []


def _lines(files: Files, name: str) -> list[list[str]]:
    csv.field_size_limit(_TABLE_LIMIT)
    try:
        text = files.read(name, _TABLE_LIMIT).decode("utf-8-sig", "replace")
        return [line for line in csv.reader(io.StringIO(text, newline="")) if line]
    except UnreadableRecording as error:
        raise ArchiveError(f"{name}: {error}") from None
    except csv.Error as error:
        raise ArchiveError(f"{name} is not a table that can be read: {error}") from None


def _number(text: str) -> float | None:
    """A number of an English export; thousands may be set off by commas."""
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _whole(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if re.fullmatch(r"[1-9][0-9]{0,17}", digits) else None
