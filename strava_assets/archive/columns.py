"""Which column of ``activities.csv`` is which: by its name where we know it, else by position and content.

What belongs here: placing columns, what to do where a name occurs twice, and saying what was placed
without its name. What does not: the names themselves (``languages``), reading values.

The export begins with a block as it is shown (number, date, name, sport, description, elapsed time,
distance, …, gear, file), and goes on with the exact figures in an order that has not changed since 2019.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strava_assets.archive import dates
from strava_assets.archive.languages import HEADERS
from strava_assets.archive.numbers import Rule, number, whole
from strava_assets.archive.sport_types import known_label
from strava_assets.archive.text import letters, one_line
from strava_assets.errors import ArchiveError

#: Without these a row is no activity.
REQUIRED = ("id", "start", "name", "sport_type", "filename")

#: Occur twice: first as shown (kilometres, in the account's units), then as metres, seconds and bpm.
TWICE = ("elapsed_time", "distance", "max_heartrate")

#: What one unit of the first distance is in metres: a kilometre, a mile, a metre, a yard.
UNITS = (1000.0, 1609.344, 1.0, 0.9144)

#: Where the first block has a column, if it is where it always was.
_POSITIONS = {"id": 0, "start": 1, "name": 2, "sport_type": 3, "elapsed_time": 5, "distance": 6}
#: The file's name is within so many columns.
_FIRST_BLOCK = 20
#: More columns than any export has had, or will.
_MOST = 1000
#: How many columns after the file's name the exact figures are.
_OFFSETS = {
    "elapsed_time": 3,
    "moving_time": 4,
    "distance": 5,
    "max_speed": 6,
    "average_speed": 7,
    "total_elevation_gain": 8,
    "average_cadence": 17,
    "max_heartrate": 18,
    "average_heartrate": 19,
    "average_watts": 21,
    "calories": 22,
}
_FILE = re.compile(r"activities/[^/]+\.(?:fit|gpx|tcx)(?:\.gz)?|#error#", re.IGNORECASE)
_ENOUGH = 0.9
#: Language to the letters of a header to our word.
_WORDS = {
    language: {letters(spelling): word for word, names in headers.items() for spelling in names.split("|")}
    for language, headers in HEADERS.items()
}


@dataclass(frozen=True)
class Columns:
    """Where the columns are that we read.

    Attributes
    ----------
    positions : dict
        Our word to the column's index; where a header occurs twice, the second, which is the exact one.
    displayed : frozenset
        Words of `TWICE` that occur only once, so that their unit has to be judged by content.
    shown : dict
        Our word to the index of the first of two, as it is shown.
    language : str or None
        Whose names most headers are.
    warnings : tuple of str
        What was placed by position and content.
    """

    positions: dict[str, int]
    displayed: frozenset[str]
    shown: dict[str, int]
    language: str | None
    warnings: tuple[str, ...] = ()


def known_headers(header: Sequence[str]) -> int:
    """How many of the names are a header's in the language that knows most of them."""
    return max(len(_by_name(header[:_MOST], language)) for language in HEADERS)


def place_columns(header: Sequence[str], sample: Sequence[Sequence[str]]) -> Columns:
    """Find the columns that we read.

    Parameters
    ----------
    header : sequence of str
        The first line of ``activities.csv``.
    sample : sequence of sequences of str
        Rows below it, some hundred of them: what columns hold.

    Raises
    ------
    ArchiveError
        A required column can be told neither by name nor by content; the line names it.
    """
    if len(header) > _MOST:
        raise ArchiveError(
            f"activities.csv has {len(header)} columns, and is none of Strava's; request the archive again"
        )
    language = max(HEADERS, key=lambda known: len(_by_name(header, known)))
    found = _by_name(header, language)
    for other in HEADERS:  # where a translation was missing, the header is English
        if other != "en 2018":
            taken = {place for places in found.values() for place in places}
            for word, places in _by_name(header, other).items():
                if not taken & set(places):
                    found.setdefault(word, places)
    named = {word: places[-1] for word, places in found.items()}
    shown = {word: found[word][0] for word in TWICE if len(found.get(word, ())) > 1}
    placed = _required(named, sample)
    missing = [word for word in REQUIRED if word not in placed]
    if missing:
        raise ArchiveError(_refusal(header, missing))
    exact = _exact(named, placed["filename"], sample)
    shown |= {word: named.get(word, _POSITIONS[word]) for word in ("elapsed_time", "distance") if word in exact}
    positions = placed | exact
    guessed = {word: place for word, place in positions.items() if named.get(word) != place}
    return Columns(
        positions,
        frozenset(word for word in TWICE if word in named and word not in shown and word not in exact),
        shown,
        language if found else None,
        (_told(header, guessed),) if guessed else (),
    )


def _by_name(header: Sequence[str], language: str) -> dict[str, list[int]]:
    """Our words to the places where the language's names for them occur."""
    words = _WORDS[language]
    found: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        word = words.get(_cleaned(name))
        if word:
            found.setdefault(word, []).append(place)
    return {word: places if word in TWICE else places[:1] for word, places in found.items()}


@functools.lru_cache(maxsize=4096)
def _cleaned(name: str) -> str:
    name = re.sub(r"<[^>]*>", "", name)  # some exports wrapped headers in HTML
    return letters(re.sub(r"\.\d$", "", name.strip()))  # tables saved again number their duplicates


def _required(named: dict[str, int], sample: Sequence[Sequence[str]]) -> dict[str, int]:
    """What is named, and what else is needed if it is where it always was and holds what it should."""
    placed = dict(named)
    holds = {"id": _are_ids, "start": _are_dates, "sport_type": _are_sports}
    for word, check in holds.items():
        place = _POSITIONS[word]
        if word not in placed and place not in placed.values() and check(_cells(sample, place)):
            placed[word] = place
    others = [placed.get(word) == _POSITIONS[word] for word in ("id", "start", "sport_type")]
    if "name" not in placed and all(others) and _POSITIONS["name"] not in placed.values():
        placed["name"] = _POSITIONS["name"]  # anything can be a name: its neighbours tell
    if "filename" not in placed:
        rest = set(range(_FIRST_BLOCK)) - set(placed.values())
        places = [place for place in rest if _are_files(_cells(sample, place))]
        if len(places) == 1:
            placed["filename"] = places[0]
    return placed


def _exact(named: dict[str, int], file: int, sample: Sequence[Sequence[str]]) -> dict[str, int]:
    """Exact figures without a known name, if the two that both blocks have agree row by row."""
    taken = set(named.values())
    unnamed = {
        word: file + offset
        for word, offset in _OFFSETS.items()
        if file + offset not in taken and _free(word, named, file)
    }
    moved = any(file < named.get(word, 0) != file + offset for word, offset in _OFFSETS.items())
    if not unnamed or moved or not _blocks_agree(named, file, sample):
        return {}
    return {word: place for word, place in unnamed.items() if any(_cells(sample, place))}


def _free(word: str, named: dict[str, int], file: int) -> bool:
    """Not named at all, or named only in the first block."""
    return word not in named or (word in TWICE and named[word] < file)


def _blocks_agree(named: dict[str, int], file: int, sample: Sequence[Sequence[str]]) -> bool:
    first = {
        word: named[word] if named.get(word, file) < file else _POSITIONS[word] for word in ("elapsed_time", "distance")
    }
    times = _share(sample, first["elapsed_time"], file + _OFFSETS["elapsed_time"], lambda a, b: abs(a - b) <= 1)
    lengths = _share(
        sample, first["distance"], file + _OFFSETS["distance"], lambda a, b: a == b == 0 or _one_unit(a, b)
    )
    return times is not None and times >= _ENOUGH and (lengths is None or lengths >= _ENOUGH)


def _one_unit(shown: float, metres: float) -> bool:
    return any(abs(shown * unit - metres) <= 0.01 * unit + 0.001 * metres for unit in UNITS)


def _share(
    sample: Sequence[Sequence[str]], first: int, second: int, agree: Callable[[float, float], bool]
) -> float | None:
    """The share of rows whose two cells agree as numbers, by whichever rule for decimals; None without any."""
    rules: tuple[Rule, Rule] = (".", ",")
    agreeing = []
    for cells in sample:
        if max(first, second) < len(cells) and cells[first].strip() and cells[second].strip():
            pairs = [(number(cells[first], one), number(cells[second], other)) for one in rules for other in rules]
            agreeing.append(any(a is not None and b is not None and agree(a, b) for a, b in pairs))
    return sum(agreeing) / len(agreeing) if agreeing else None


def _cells(sample: Sequence[Sequence[str]], place: int) -> list[str]:
    return [cells[place].strip() for cells in sample if place < len(cells) and cells[place].strip()]


def _mostly(verdicts: list[bool]) -> bool:
    return bool(verdicts) and sum(verdicts) >= _ENOUGH * len(verdicts)


def _are_ids(cells: list[str]) -> bool:
    return _mostly([bool(whole(cell)) for cell in cells])


def _are_dates(cells: list[str]) -> bool:
    return _mostly([bool(dates.readings(cell)) for cell in cells])


def _are_files(cells: list[str]) -> bool:
    return any(cell != "#error#" for cell in cells) and _mostly([bool(_FILE.fullmatch(cell)) for cell in cells])


def _are_sports(cells: list[str]) -> bool:
    """Short words of which we know one, or that come again."""
    short = [len(cell) <= 40 and bool(re.search(r"[^\W\d_]", cell)) and not dates.readings(cell) for cell in cells]
    return _mostly(short) and (any(map(known_label, cells)) or len(set(cells)) < len(cells))


def _told(header: Sequence[str], guessed: dict[str, int]) -> str:
    places = ", ".join(
        f"{HEADERS['en'][word]} is column {place + 1} ({_shown(header, place)})"
        for word, place in sorted(guessed.items(), key=lambda item: item[1])
    )
    return f"activities.csv: columns whose names are not known were told by their place and content: {places}"


def _refusal(header: Sequence[str], missing: list[str]) -> str:
    wanted = ", ".join(HEADERS["en"][word] for word in missing)
    place = _POSITIONS.get(missing[0])
    instead = f" (column {place + 1} is {_shown(header, place)})" if place is not None and place < len(header) else ""
    return (
        f"activities.csv: no column is {wanted}, neither by its name nor by what it holds{instead}; set the language "
        "of the Strava account to English and request the archive again"
    )


def _shown(header: Sequence[str], place: int) -> str:
    return repr(one_line(header[place], 40) or "") if place < len(header) else "without a name"
