"""What there is to import, one entry an activity; and what each says of it, its recording read.

What belongs here: a row and its recording, or a recording by itself, becoming one account of an activity. What does
not: reading either (``export``, ``originals``), the database, what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from strava_assets.archive import dates
from strava_assets.archive.export import FIGURES, Export, Row, existing_file, find_table, read_export
from strava_assets.archive.files import Files, recordings
from strava_assets.archive.originals import Original
from strava_assets.archive.statements import EXPORT, file_statement, month_kept
from strava_assets.archive.text import one_line
from strava_assets.errors import ArchiveError

#: What Strava writes where it could not find the file itself.
_LOST = "#error#"


@dataclass(frozen=True)
class Entry:
    """One activity to come: a row of an export, with its recording if it has one; or a recording by itself."""

    name: str | None
    row: Row | None = None

    @property
    def label(self) -> str:
        """What a progress bar calls it."""
        named = (self.row.filename or f"activity {self.row.strava_id}") if self.row else self.name
        return one_line(named, 100) or "?"


@dataclass(frozen=True)
class Said:
    """What one import says of one activity.

    Attributes
    ----------
    identity : str
        The activity's, if it is new.
    strava_id : int or None
    said_by : str
        `statements.EXPORT`, or the recording itself.
    archive : dict
        As ``activities.activity_row`` reads it.
    original : Original or None
        Its recording, if it has one that can be read.
    error : str or None
        Why it cannot.
    """

    identity: str
    strava_id: int | None
    said_by: str
    archive: dict[str, Any]
    original: Original | None
    error: str | None


def find_entries(files: Files, path: Path) -> tuple[Export | None, list[Entry]]:
    """Every activity that the files may hold; and the export, if they are one.

    Raises
    ------
    ArchiveError
        There is none, or the export cannot be read.
    """
    table = find_table(files)
    if table:
        export = read_export(files, table)
        return export, [Entry(existing_file(files, row.filename), row) for row in export.rows]
    names = recordings(files)
    if not names:
        raise ArchiveError(f"{path} holds neither an activities.csv nor any FIT, GPX or TCX file")
    return None, [Entry(name) for name in names]


def say(entry: Entry, original: Original | None, facts: Mapping[str, Any] | None, first_month: str) -> Said | None:
    """What an entry says of its activity; None if it is none: a file that cannot be read, a row without any date.

    Parameters
    ----------
    entry : Entry
    original : Original or None
        Its recording, if it names one that is there.
    facts : mapping or None
        What the recording tells, as ``originals.facts_of`` has it; None if it cannot be read.
    first_month : str
        ``YYYY-MM``; earlier clocks are odd.
    """
    if entry.row is not None:
        return _of_row(entry.row, original, facts, first_month)
    if original is None or facts is None:
        return None
    archive = {
        "name": facts["name"],
        "sport_type": facts["sport_type"],
        "start": facts["start"],
        **{figure: facts["figures"].get(figure) for figure in FIGURES},
        "gear_name": None,
        "gear_sports": None,
        "filename": one_line(entry.name),
    }
    by_itself = file_statement(original.content)
    return Said(by_itself, None, by_itself, _whole(archive, facts, [], first_month), original, None)


def _of_row(row: Row, original: Original | None, facts: Mapping[str, Any] | None, first_month: str) -> Said | None:
    warnings: list[str] = []
    if original is None and row.filename:
        warnings.append(
            "Strava could not export its file"
            if _LOST in row.filename
            else "the file that its row names is not in the export"
        )
    start, odd = dates.agreed(row.dates, datetime.fromisoformat(facts["start"]) if facts and facts["start"] else None)
    if start is None:
        return None
    archive = _whole(row.archive | {"start": start.isoformat()}, facts, [*warnings, *odd], first_month)
    return Said(
        f"strava:{row.strava_id}",
        row.strava_id,
        EXPORT,
        archive,
        original if facts else None,
        original.problem if original else None,
    )


def _whole(
    archive: dict[str, Any], facts: Mapping[str, Any] | None, warnings: list[str], first_month: str
) -> dict[str, Any]:
    """With what its recording says, and everything that is odd."""
    _, odd = month_kept(datetime.fromisoformat(archive["start"]), first_month)
    return archive | {
        "device_name": facts["device_name"] if facts else None,
        "recording": facts,
        "warnings": [*(facts["warnings"] if facts else []), *warnings, *odd],
    }
