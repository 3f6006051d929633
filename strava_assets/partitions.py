"""Dagster's word "partition": the calendar month of an activity's start, UTC, ``YYYY-MM``.

What belongs here: the definition, and turning lists of months into ranges that one run can hold. What
does not: deciding which months are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import dagster as dg

from strava_assets.errors import SettingsError
from strava_assets.settings import load

MONTH_FORMAT = "%Y-%m"
#: A UI backfill makes one run of twelve months.
MONTHS_A_RUN = 12

#: From ``STRAVA_ASSETS_FIRST_MONTH`` to the current month, which is included.
monthly = dg.TimeWindowPartitionsDefinition(
    start=load().first_month, fmt=MONTH_FORMAT, cron_schedule="0 0 1 * *", timezone="UTC", end_offset=1
)

#: Every month is wanted by everything that is not cut by months.
all_months = dg.AllPartitionMapping()


def ranges(months: Iterable[str], longest: int = MONTHS_A_RUN, bridge: int = 0) -> list[tuple[str, str]]:
    """Neighbouring months as (first, last) ranges.

    Parameters
    ----------
    months : iterable of str
        ``YYYY-MM``.
    longest : int
        Months in one range at most.
    bridge : int
        So many unwanted months between two wanted ones do not end a range: an empty month costs less
        than a run.
    """
    result: list[tuple[str, str]] = []
    for month in sorted(set(months)):
        if (
            result
            and _number(month) - _number(result[-1][1]) <= bridge + 1
            and _number(month) - _number(result[-1][0]) < longest
        ):
            result[-1] = (result[-1][0], month)
        else:
            result.append((month, month))
    return result


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:])


def check_months(text: str) -> list[str]:
    """``2024-01``, or ``2024-01..2024-06``, as the months that it means.

    Raises
    ------
    SettingsError
        It is no month, or none that is a partition.
    """
    first, dots, last = text.partition("..")
    last = last if dots else first
    keys = list(monthly.get_partition_keys())
    for month in (first, last):
        if month not in keys:
            raise SettingsError(
                f"{month!r} is no month between {keys[0]} and {keys[-1]}; "
                "give one like 2024-01, or a range like 2024-01..2024-06"
            )
    if first > last:
        raise SettingsError(f"{text}: the first month is after the last")
    return keys[keys.index(first) : keys.index(last) + 1]


def first_day(month: str) -> date:
    """A month as the date that the database keeps."""
    return date(int(month[:4]), int(month[5:]), 1)
