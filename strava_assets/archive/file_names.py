"""What a file's name says of the activity in it, where the file itself says nothing.

What belongs here: names and sports from paths. What does not: dates, which only the samples can be trusted with.
"""

from __future__ import annotations

import itertools
import re

from strava_assets.archive.sport_types import UNKNOWN, from_word
from strava_assets.archive.text import one_line

_SUFFIX = re.compile(r"(\.(fit|gpx|tcx|gz|zip))+$", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_BLANK = re.compile(r"[\s_+.,()\[\]-]+")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
#: What programs call a file that nobody named.
_NO_NAMES = {
    "activity",
    "activities",
    "track",
    "tracks",
    "export",
    "file",
    "recording",
    "untitled",
    "copy",
    "fit",
    "gpx",
}


def name_of(path: str) -> str | None:
    """A title from a file's name: its words without numbers, dates and suffixes; None if it has none."""
    words = _words(path.replace("\\", "/").rpartition("/")[2])
    return one_line(" ".join(words)) if {word.lower() for word in words} - _NO_NAMES else None


def sport_of(path: str) -> str:
    """Strava's ``sport_type`` word from a file's name, or from the nearest folder's that tells; ``Workout`` if none."""
    for part in reversed(path.replace("\\", "/").split("/")):
        words = _words(part)
        for candidate in (*map("".join, itertools.pairwise(words)), *words):
            if (sport := from_word(candidate)) != UNKNOWN:
                return sport
    return UNKNOWN


def _words(part: str) -> list[str]:
    words = _BLANK.split(_UUID.sub("", _SUFFIX.sub("", part)))
    return [word for word in words if _LETTERS.search(word) and not word[0].isdigit()]
