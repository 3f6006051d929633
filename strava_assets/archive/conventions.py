"""How one ``activities.csv`` writes numbers, dates and distances: decided once, by what its cells tell.

What belongs here: the decisions and their evidence. What does not: reading a cell by them (``numbers``,
``dates``), finding columns. Nothing is guessed silently: what the cells do not tell is said in a warning.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from strava_assets.archive import dates
from strava_assets.archive.columns import UNITS, Columns
from strava_assets.archive.dates import Order
from strava_assets.archive.numbers import Rule, majority, number
from strava_assets.archive.sport_types import known_label
from strava_assets.archive.table import Table

#: Shown in metres, or yards, where other sports are in kilometres, or miles.
_SHORT_WAYS = ("Swim", "Rowing", "VirtualRow")
#: Rows that decide on numbers; dates are decided by all.
_ROWS = 2_000
#: Nobody's median is slower, nor faster, m/s.
_SLOWEST = 0.2
_POINT = ("en", "en 2018", "ja", "zh-Hans", "zh-Hant", None)


@dataclass(frozen=True)
class Conventions:
    """How a table is to be read.

    Attributes
    ----------
    exact, shown : {'.', ','}
        What decimals begin with, in the exact figures and in those that are as shown.
    order : Order
        Of ``05/06/2022``; "" where nothing tells.
    unit, short_unit : float
        Metres of one unit of the distance, if the only one is as shown; the second of swims and rowing.
    """

    exact: Rule
    shown: Rule
    order: Order
    unit: float = 1.0
    short_unit: float = 1.0

    def metres(self, sport: str) -> float:
        """Metres of one unit of a distance that is as shown."""
        return self.short_unit if sport in _SHORT_WAYS else self.unit


def find_conventions(
    table: Table, columns: Columns, figures: Sequence[str], in_miles: bool
) -> tuple[Conventions, list[str]]:
    """Decide by the rows how the table is to be read.

    Parameters
    ----------
    table : Table
    columns : Columns
    figures : sequence of str
        Our words for the columns that hold numbers.
    in_miles : bool
        The account shows feet and miles.

    Returns
    -------
    conventions : Conventions
    warnings : list of str
        What nothing told.
    """
    rows = [cells for _, cells in islice(table.rows(), _ROWS)]
    exact_at = [
        columns.positions[word] for word in figures if word in columns.positions and word not in columns.displayed
    ]
    shown_at = [*columns.shown.values(), *(columns.positions[word] for word in columns.displayed)]
    shown = _rule(rows, shown_at) or ("." if columns.language in _POINT else ",")
    exact = _rule(rows, exact_at) or _by_ratio(rows, columns, shown)
    order, warnings = _order(table, columns.positions["start"], rows)
    unit, short_unit = 1.0, 1.0
    if "distance" in columns.displayed and _as_shown(rows, columns, shown):
        unit, short_unit = (UNITS[1], UNITS[3]) if in_miles else (UNITS[0], UNITS[2])
        warnings.append(
            f"activities.csv holds distances only as the account shows them; they were taken for "
            f"{'miles' if in_miles else 'kilometres'}. A newer archive holds them in metres"
        )
    return Conventions(exact, shown, order, unit, short_unit), warnings


def _rule(rows: Sequence[Sequence[str]], places: Sequence[int]) -> Rule | None:
    return majority(cells[place] for cells in rows for place in places if place < len(cells))


def _by_ratio(rows: Sequence[Sequence[str]], columns: Columns, shown: Rule) -> Rule:
    """Where no cell tells (``944.125``): the rule by which the exact distance is the shown one in metres."""
    if "distance" in columns.shown:
        ratios = [
            metres / distance
            for cells in rows
            if (distance := _number(cells, columns.shown["distance"], shown))
            and (metres := _number(cells, columns.positions["distance"], ","))
        ]
        if ratios and any(abs(statistics.median(ratios) / unit - 1) < 0.1 for unit in UNITS[:2]):
            return ","
    return "."


def _as_shown(rows: Sequence[Sequence[str]], columns: Columns, shown: Rule) -> bool:
    """Whether a single column of distances is in kilometres or miles: by the speeds, which else nobody walks."""
    seconds_at, rule = columns.positions.get("elapsed_time", -1), shown
    speeds = [
        distance / seconds
        for cells in rows
        if known_label(cells[columns.positions["sport_type"]] if columns.positions["sport_type"] < len(cells) else "")
        not in _SHORT_WAYS
        and (distance := _number(cells, columns.positions["distance"], rule))
        and (seconds := _number(cells, seconds_at, rule))
    ]
    return bool(speeds) and statistics.median(speeds) < _SLOWEST


def _order(table: Table, place: int, rows: Sequence[Sequence[str]]) -> tuple[Order, list[str]]:
    """What comes first in dates like ``05/06/2022``, by the whole column."""
    if not any(told for cells in rows if place < len(cells) for told, _ in dates.readings(cells[place])):
        return "", []
    told: set[Order] = set()
    open_ = 0
    for _, cells in table.rows():
        found = dates.readings(cells[place]) if place < len(cells) else []
        open_ += len(found) > 1
        told |= {found[0][0]} if len(found) == 1 else set()
    told -= {""}
    if not open_:
        return "", []
    if len(told) == 1:
        return told.pop(), []
    return "", [
        f"activities.csv: {open_} dates can be read as day/month and as month/day; each is taken to be the one "
        "nearest to its recording's own start, and day first without a recording"
    ]


def _number(cells: Sequence[str], place: int, rule: Rule) -> float | None:
    return number(cells[place], rule) if 0 <= place < len(cells) else None
