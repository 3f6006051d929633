"""Strava's bulk export: rows of ``activities.csv`` in our words, and whose it is.

What belongs here: finding the tables, what is decided once for a whole table (the rule for decimals, the
order of dates, the unit of distances), and rows by those decisions. What does not: which column is which
(``columns``), how one cell is read (``dates``, ``numbers``, ``sport_types``), recordings, landing. Only what
is needed is read: an export holds far more about its owner than rides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from strava_assets.archive import dates, side_tables
from strava_assets.archive.columns import Columns, known_headers, place_columns
from strava_assets.archive.conventions import Conventions, find_conventions
from strava_assets.archive.files import Files
from strava_assets.archive.numbers import number, whole
from strava_assets.archive.recordings import SUFFIXES
from strava_assets.archive.sport_types import from_label, known_label
from strava_assets.archive.table import Table, open_table
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
#: Nobody has as many: twenty a day for almost thirty years.
_ROWS_LIMIT = 200_000
#: Rows by which columns are told.
_SAMPLE = 500
#: Rows of one kind of trouble that are named; the others are counted.
_NAMED = 5
#: What a spreadsheet makes of an activity's number.
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?e\+?\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """One activity of the export.

    Attributes
    ----------
    strava_id : int
    dates : tuple of datetime
        Aware UTC: what the row's date can mean; two where day and month may be swapped and no other row tells.
        ``dates.agreed`` picks the one that agrees with the recording.
    name, gear_name : str or None
    sport_type : str
        Strava's word; the export's label if it is not known.
    figures : tuple
        In the order of `FIGURES`: m, s, m/s, W, kcal, bpm, rpm; None where unknown.
    gear_sports : tuple of str or None
        What the owner uses that gear for by default.
    file : str or None
        As the row has it; None if it names none.
    filename : str or None
        The same among the export's files.
    """

    strava_id: int
    dates: tuple[datetime, ...]
    name: str | None
    sport_type: str
    figures: tuple[float | None, ...]
    gear_name: str | None
    gear_sports: tuple[str, ...] | None
    file: str | None
    filename: str | None

    @property
    def start(self) -> datetime | None:
        """The likelier of `dates`; None if the row's date cannot be read."""
        return self.dates[0] if self.dates else None

    @property
    def archive(self) -> dict[str, Any]:
        """What is kept of the row, as ``strava.activity.archive`` holds it."""
        return {
            "name": self.name,
            "sport_type": self.sport_type,
            "start": self.start.isoformat() if self.start else None,
            **dict(zip(FIGURES, self.figures, strict=True)),
            "gear_name": self.gear_name,
            "gear_sports": None if self.gear_sports is None else list(self.gear_sports),
            "filename": self.file,
        }


@dataclass
class Export:
    """An export's rows, in the file's order, and whose they are.

    Attributes
    ----------
    rows : list of Row
    athlete_id : int or None
    athlete_name : str or None
    privacy_zones : int
        How many zones its ``privacy_zones.csv`` holds, for ``strava-assets zones add`` with the same path.
    warnings : list of str
        What was left out, told by content, or could not be told; one line each.
    """

    rows: list[Row]
    athlete_id: int | None = None
    athlete_name: str | None = None
    privacy_zones: int = 0
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
    try:
        opened = open_table("activities.csv", files.read(table, _TABLE_LIMIT), known_headers)
    except UnreadableRecording as error:
        raise ArchiveError(f"{one_line(table, 80)}: {error}") from None
    header = opened.header
    if not header:
        raise ArchiveError("activities.csv is empty; request the archive again")
    columns = place_columns(header, [cells for _, cells in islice(opened.rows(), _SAMPLE)])
    conventions, undecided = find_conventions(opened, columns, FIGURES, side_tables.in_miles(files, base))
    reader = _Reader(columns, conventions, len(header), base, side_tables.gear_sports(files, base))
    export = Export(reader.rows(opened))
    export.athlete_id, export.athlete_name = side_tables.owner(files, base)
    export.privacy_zones = side_tables.privacy_zones(files, base)
    export.warnings = [*columns.warnings, *undecided, *reader.warnings()]
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
        f"recordings of the export that no row of activities.csv names were left out: {len(rest):,} "
        f"(first: {one_line(rest[0], 80)})"
    ]


class _Reader:
    """Rows by the table's columns and conventions, and what was odd about them."""

    def __init__(
        self,
        columns: Columns,
        conventions: Conventions,
        width: int,
        base: str,
        gear: dict[str, tuple[str, ...]],
    ):
        self._columns = columns
        self._conventions = conventions
        self._width = width
        self._base = base
        self._gear = gear
        self._english = columns.language in ("en", "en 2018")
        self._odd: dict[str, list[str]] = defaultdict(list)
        self._odd_count: dict[str, int] = defaultdict(int)

    def rows(self, table: Table) -> list[Row]:
        """Every activity once.

        Raises
        ------
        ArchiveError
            There are more than anybody has.
        """
        rows: dict[int, Row] = {}
        for line, cells in table.rows():
            strava_id = self._id(line, cells)
            if strava_id in rows:
                self._note(f"row {line} (activity {strava_id})", "occurs twice; the first counts")
            elif strava_id is not None:
                rows[strava_id] = self._row(strava_id, line, cells)
                if len(rows) > _ROWS_LIMIT:
                    raise ArchiveError(
                        f"activities.csv holds more than {_ROWS_LIMIT:,} activities, which nobody has; nothing was "
                        "imported. Import the archive as Strava made it"
                    )
        return list(rows.values())

    def warnings(self) -> list[str]:
        """One line a kind of trouble, with the first rows that have it."""
        return [
            f"activities.csv, {', '.join(where)}"
            + (f" and {self._odd_count[what] - len(where)} more rows" if self._odd_count[what] > len(where) else "")
            + f": {what}"
            for what, where in self._odd.items()
        ]

    def _id(self, line: int, cells: Sequence[str]) -> int | None:
        """The activity's number; None if the row is none, or not the one it seems."""
        text = self._cell(cells, "id")
        needed = {word: self._cell(cells, word) for word in ("start", "name", "sport_type", "filename")}
        strava_id = whole(text)
        if strava_id is None and _SHORTENED.fullmatch(text):
            self._note(
                f"row {line} ({text[:20]})",
                "a spreadsheet has shortened the activity's number; left out. Import the archive as Strava made it",
            )
        elif strava_id is None and (text or any(needed.values())):
            self._note(f"row {line}", "has no activity's number; left out")
        elif strava_id is not None and not any(needed.values()):
            self._note(f"row {line} ({strava_id})", "holds nothing but the number of an activity; left out")
            return None
        elif any(cells[self._width :]):
            self._note(f"row {line}", "has more cells than there are columns, so that some are displaced; left out")
            return None
        elif strava_id is not None and len(cells) <= self._columns.positions["filename"]:
            self._note(f"row {line}", "is cut short: figures, or the file, are missing")
        return strava_id

    def _row(self, strava_id: int, line: int, cells: Sequence[str]) -> Row:
        label = self._cell(cells, "sport_type")
        sport = from_label(label, self._english)
        if label and not known_label(label):
            self._note(f"row {line} ({one_line(label, 40)!r})", "a sport that is not known, and keeps its name")
        date = self._cell(cells, "start")
        moments = dates.in_order(dates.readings(date), self._conventions.order)
        if not moments:
            self._note(f"row {line} ({date[:30]!r})", "its date cannot be read; its recording's own start counts")
        gear_name = one_line(self._cell(cells, "gear_name"))
        file = one_line(self._cell(cells, "filename"))
        return Row(
            strava_id,
            moments,
            one_line(self._cell(cells, "name")),
            sport,
            tuple(self._figure(word, sport, line, cells) for word in FIGURES),
            gear_name,
            self._gear.get(gear_name or ""),
            file,
            f"{self._base}{file}" if file else None,
        )

    def _figure(self, word: str, sport: str, line: int, cells: Sequence[str]) -> float | None:
        text = self._cell(cells, word)
        if not text:
            return None
        shown = word in self._columns.displayed
        value = number(text, self._conventions.shown if shown else self._conventions.exact)
        if value is None:
            self._note(f"row {line} ({text[:20]!r})", f"its {word.replace('_', ' ')} is no number, and is left empty")
        elif shown and word == "distance":
            value *= self._conventions.metres(sport)
        return value

    def _cell(self, cells: Sequence[str], word: str) -> str:
        place = self._columns.positions.get(word, -1)
        return cells[place].strip() if 0 <= place < len(cells) else ""

    def _note(self, where: str, what: str) -> None:
        self._odd_count[what] += 1
        if len(self._odd[what]) < _NAMED:
            self._odd[what].append(one_line(where, 200) or "")
