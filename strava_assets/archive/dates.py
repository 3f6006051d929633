"""Dates as exports write them, in any language and after any spreadsheet; always UTC, though none says so.

What belongs here: reading one cell, and deciding by a whole column what comes first, the day or the month.
What does not: which column it is, and what to do where nothing decides: then both readings are handed on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

from strava_assets.archive.languages import MONTHS, SHORT_MONTHS
from strava_assets.archive.text import unaccented

#: What a reading took for granted of ``05/06/2022``; "" where there is only one way to read it.
Order = Literal["", "day first", "month first"]

_ISO = re.compile(r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d.*")
_CLOCK = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?"
    r"|(\d{1,2})[时時](\d{1,2})分(?:(\d{1,2})秒)?"
    r"|(?<=[ ,])(\d{1,2})\.(\d\d)\.(\d\d)$"  # as Finns and Danes write it
)
_MORNING = re.compile(r"(?<![^\W\d])a\. ?m\.|(?<![^\W\d])am(?![^\W\d])|午前|上午|오전")
_AFTERNOON = re.compile(r"(?<![^\W\d])p\. ?m\.|(?<![^\W\d])pm(?![^\W\d])|午後|下午|오후")
_WORD = re.compile(r"[^\W\d_]+")
#: What stands between the parts: "9 de mai. de 2022", "29 mai 2022 à 16:27", "2022年5月9日".
_BETWEEN = frozenset(
    ["a", "as", "at", "d", "de", "del", "kl", "klo", "kell", "o", "om", "um", "v", "utc", "gmt", "z", *"年月日년월일г"]
)
#: A spreadsheet's days since this one; between 1982 and 2064 they are taken for a date.
_SERIAL_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_SERIALS = (30_000, 60_000)
#: A row and its recording that are further apart are not of one time zone's making.
_NEAR = timedelta(hours=36)


def _month_words() -> dict[str, int]:
    known: dict[str, set[int]] = {}
    for names in MONTHS:
        for number, name in enumerate(names.split(), 1):
            word = unaccented(name)
            for end in range(3, len(word)):
                known.setdefault(word[:end], set()).add(number)
    words = {word: numbers.copy().pop() for word, numbers in known.items() if len(numbers) == 1}
    whole = {unaccented(name): number for names in MONTHS for number, name in enumerate(names.split(), 1)}
    return words | whole | {unaccented(name): number for name, number in SHORT_MONTHS.items()}


_MONTH_WORDS = _month_words()


def readings(text: str) -> list[tuple[Order, datetime]]:
    """Every date that the text can mean, aware UTC: none, one, or two where day and month may be swapped.

    Parameters
    ----------
    text : str
        ``May 29, 2022, 3:53:35 PM``, ``29.05.2022, 15:53:35``, ``29 de mai. de 2022 15:53:35``,
        ``2022年5月29日 下午3:53:35``, ``05/06/2022 15:53`` (two), ``44710.66221`` (a spreadsheet's), …
    """
    plain = unaccented(text)
    try:
        if _ISO.fullmatch(plain):
            moment = datetime.fromisoformat(plain.removesuffix(" utc").upper())
            return [("", moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))]
        clock = _CLOCK.search(plain)
        if clock is None:
            return _serial(plain)
        rest = f"{plain[: clock.start()]} {plain[clock.end() :]}"
        morning, afternoon = _MORNING.search(rest), _AFTERNOON.search(rest)
        rest = _MORNING.sub(" ", _AFTERNOON.sub(" ", rest))
        hour, minute, second = ([int(part) for part in clock.groups() if part] + [0])[:3]
    except (ValueError, OverflowError):
        return []
    if morning or afternoon:
        if not 1 <= hour <= 12:
            return []
        hour = hour % 12 + 12 * bool(afternoon)
    found = []
    for order, year, month, day in _days(rest):
        try:
            found.append((order, datetime(year, month, day, hour, minute, second, tzinfo=UTC)))
        except ValueError:
            continue
    if len(found) == 2 and found[0][1] == found[1][1]:
        return [("", found[0][1])]
    return found


def in_order(found: list[tuple[Order, datetime]], order: Order) -> tuple[datetime, ...]:
    """The readings that agree with the column's order; all of them if there is none."""
    return tuple(moment for told, moment in found if len(found) == 1 or not order or told == order)


def agreed(dates: Sequence[datetime], recorded: datetime | None) -> tuple[datetime | None, list[str]]:
    """An activity's start by what its row can mean and by its recording, and a word where the two disagree.

    Parameters
    ----------
    dates : sequence of datetime
        Candidates, the likeliest first; aware UTC.
    recorded : datetime or None
        The recording's first sample; None without a recording, or where it has no clock.

    Returns
    -------
    start : datetime or None
        The candidate that is within 36 hours of the recording; without one, the likeliest; without any, the
        recording's own.
    warnings : list of str
        A line if no candidate agrees with the recording.
    """
    if not dates or recorded is None:
        return (dates[0] if dates else recorded), []
    best = min(dates, key=lambda date: abs(date - recorded))
    if abs(best - recorded) <= _NEAR:
        return best, []
    return dates[0], [f"its row says {dates[0]:%Y-%m-%d %H:%M}, its recording starts {recorded:%Y-%m-%d %H:%M} (UTC)"]


def _days(text: str) -> list[tuple[Order, int, int, int]]:
    """Year, month and day in every order that the text allows."""
    words = _WORD.findall(text)
    months = [_MONTH_WORDS[word] for word in words if word in _MONTH_WORDS]
    numbers = re.findall(r"\d+", text)
    if any(word not in _MONTH_WORDS and word not in _BETWEEN for word in words) or any(len(n) > 4 for n in numbers):
        return []
    if len(months) == 1 and len(numbers) == 2:
        day, year = sorted(numbers, key=len) if len(numbers[0]) != len(numbers[1]) else numbers
        return [("", _year(year), months[0], int(day))]
    if months or len(numbers) != 3:
        return []
    if len(numbers[0]) == 4:
        return [("", int(numbers[0]), int(numbers[1]), int(numbers[2]))]
    first, second, year = int(numbers[0]), int(numbers[1]), _year(numbers[2])
    if re.match(r"\D*\d+ ?\.", text) and second <= 12:  # with points the day is first everywhere
        return [("", year, second, first)]
    return [("day first", year, second, first), ("month first", year, first, second)]


def _year(digits: str) -> int:
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _serial(text: str) -> list[tuple[Order, datetime]]:
    if not re.fullmatch(r"\d{5}(?:[.,]\d+)?", text):
        return []
    days = float(text.replace(",", "."))
    if not _SERIALS[0] <= days < _SERIALS[1]:
        return []
    return [("", _SERIAL_EPOCH + timedelta(seconds=round(days * 86400)))]
