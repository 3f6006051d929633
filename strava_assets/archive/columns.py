"""Which column of ``activities.csv`` is which.

What belongs here: header names, in each language that we read, and what to do where a name occurs
twice. What does not: reading values. Another language is another dictionary in ``LANGUAGES``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strava_assets.errors import ArchiveError

#: Our word for a column to its English header. The exports of 2018 wrote them small and with underscores.
ENGLISH = {
    "id": ("Activity ID", "id"),
    "start": ("Activity Date", "date"),
    "name": ("Activity Name", "name"),
    "sport_type": ("Activity Type", "type"),
    "filename": ("Filename",),
    "gear_name": ("Activity Gear", "Gear"),
    "elapsed_time": ("Elapsed Time",),
    "moving_time": ("Moving Time",),
    "distance": ("Distance",),
    "total_elevation_gain": ("Elevation Gain",),
    "average_speed": ("Average Speed",),
    "max_speed": ("Max Speed",),
    "average_watts": ("Average Watts",),
    "calories": ("Calories",),
    "average_heartrate": ("Average Heart Rate",),
    "max_heartrate": ("Max Heart Rate",),
    "average_cadence": ("Average Cadence",),
}
LANGUAGES = {"en": ENGLISH}

#: Without these a row is no activity.
REQUIRED = ("id", "start", "name", "sport_type", "filename")

#: Occur twice: first as shown (kilometres, minutes, in the account's units), then as metres, seconds and bpm.
TWICE = ("elapsed_time", "distance", "max_heartrate")


def place_columns(header: Sequence[str]) -> tuple[dict[str, int], frozenset[str]]:
    """Positions of the columns that we read.

    Parameters
    ----------
    header : sequence of str
        The first line of ``activities.csv``.

    Returns
    -------
    positions : dict
        Our word to the column's index; where a header occurs twice, the second, which is the exact one.
    displayed : frozenset
        Words of `TWICE` that occur only once, so that their unit has to be judged by content.

    Raises
    ------
    ArchiveError
        A required column is missing; the line names it, and the first header that is none we know.
    """
    cleaned = [_cleaned(name) for name in header]
    best: dict[str, list[int]] = {}
    for names in LANGUAGES.values():
        found = {word: _positions(cleaned, spellings) for word, spellings in names.items()}
        if sum(map(bool, found.values())) >= sum(map(bool, best.values())):
            best = found
    missing = [word for word in REQUIRED if not best.get(word)]
    if missing:
        raise ArchiveError(_refusal(header, missing))
    placed = {word: places[-1] for word, places in best.items() if places}
    return placed, frozenset(word for word in TWICE if len(best.get(word) or ()) == 1)


def _positions(header: list[str], spellings: tuple[str, ...]) -> list[int]:
    """Where the first spelling occurs that occurs at all, lower case and underscores aside."""
    for spelling in spellings:
        places = [i for i, name in enumerate(header) if name == _cleaned(spelling)]
        if places:
            return places
    return []


def _cleaned(name: str) -> str:
    name = re.sub(r"<[^>]*>", "", name)  # some exports wrapped headers in HTML
    name = re.sub(r"\.\d$", "", name.strip().lstrip("\ufeff"))  # tables saved again number their duplicates
    return re.sub(r"[\s_]+", " ", name).strip().lower()


def _refusal(header: Sequence[str], missing: list[str]) -> str:
    wanted = ", ".join(ENGLISH[word][0] for word in missing)
    known = {_cleaned(spelling) for spellings in ENGLISH.values() for spelling in spellings}
    strange = next(((i, name) for i, name in enumerate(header, 1) if _cleaned(name) not in known | {""}), None)
    if strange is None:
        return f"activities.csv has no column {wanted}; is it Strava's?"
    return (
        f"activities.csv: column {strange[0]} is {strange[1].strip()[:40]!r}, and no column is {wanted}. Only "
        "English exports are read: set the language of the Strava account to English and request the archive again"
    )
