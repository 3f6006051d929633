"""The small tables beside ``activities.csv``: gear, profile, preferences, and how many privacy zones there are.

What belongs here: what the import needs of them. What does not: ``activities.csv`` (``export``), zones
themselves (``privacy.zones``), and everything else that an export tells of its owner. Rides do not depend on
these tables: one that is absent or broken is empty. Their headers are translated, their columns stay in place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strava_assets.archive.files import Files
from strava_assets.archive.numbers import whole
from strava_assets.archive.sport_types import from_label
from strava_assets.archive.table import open_table
from strava_assets.archive.text import letters, one_line
from strava_assets.errors import ArchiveError, UnreadableRecording

_LIMIT = 2**20
_FEET = frozenset({"feet", "imperial", "miles"})


def gear_sports(files: Files, base: str) -> dict[str, tuple[str, ...]]:
    """By name, the sports that a bike or a pair of shoes is the owner's default for.

    Parameters
    ----------
    files : Files
    base : str
        What the export's names begin with: "" or a folder.
    """
    gear = {}
    for table, word in (("bikes.csv", "bike"), ("shoes.csv", "shoe")):
        header, *rows = _cells(files, f"{base}{table}") or [[]]
        name_at = _place(header, f"{word}name", 0)
        sports_at = _place(header, f"{word}defaultsporttypes", 3)
        for cells in rows:
            name = one_line(_cell(cells, name_at))
            if name:
                sports = re.split(r"[,;|/]", _cell(cells, sports_at))
                gear[name] = tuple(from_label(sport) for sport in sports if sport.strip())
    return gear


def owner(files: Files, base: str) -> tuple[int | None, str | None]:
    """The athlete's number and name, as the profile has them."""
    header, *rows = _cells(files, f"{base}profile.csv") or [[]]
    if not rows:
        return None, None
    # number, e-mail, first and last name: in another language known by the first two
    translated = "@" in _cell(rows[0], 1)
    number, first, last = (
        _place(header, word, place if translated else -1)
        for word, place in (("athleteid", 0), ("firstname", 2), ("lastname", 3))
    )
    name = one_line(f"{_cell(rows[0], first)} {_cell(rows[0], last)}", 100)
    return whole(_cell(rows[0], number)), name


def privacy_zones(files: Files, base: str) -> int:
    """How many privacy zones the export holds; ``strava-assets zones add`` reads them."""
    return len(_cells(files, f"{base}privacy_zones.csv")[1:])


def in_miles(files: Files, base: str) -> bool:
    """Whether the account shows feet and miles."""
    cells = (cell for row in _cells(files, f"{base}general_preferences.csv")[1:] for cell in row)
    return any(letters(cell) in _FEET for cell in cells)


def _cells(files: Files, name: str) -> list[list[str]]:
    if name not in files:
        return []
    try:
        table = open_table(name, files.read(name, _LIMIT))
        return [table.header, *(cells for _, cells in table.rows())]
    except (ArchiveError, UnreadableRecording):
        return []


def _place(header: Sequence[str], word: str, otherwise: int) -> int:
    return next((place for place, name in enumerate(header) if letters(name) == word), otherwise)


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if 0 <= place < len(cells) else ""
