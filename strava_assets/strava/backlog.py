"""What is still to be read of connected accounts: what it costs, how long that takes, what comes next.

What belongs here: counting it, the words for it, and choosing months. What does not: reading (``landing``),
asking for runs (``sensors``). Nothing is queued anywhere: whatever is listed and not read yet is the backlog,
so an interrupted first sync goes on by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from strava_assets.database.connection import Database, queries
from strava_assets.settings import Settings
from strava_assets.strava.quota import Ledger, Pause, Remaining, Work, next_reset

_QUARTER = timedelta(minutes=15)
_QUARTERS_A_DAY = 96
#: Strava's clock and ours need not agree to the second when a window turns.
_MARGIN = timedelta(seconds=10)


@dataclass(frozen=True)
class Backlog:
    """What is still to be read.

    Attributes
    ----------
    activities : int
        Without their detail or their streams.
    reads : int
        At most two for each of them, and the pages of accounts that were never listed.
    later : int
        Those of the activities that were read in vain and wait, the first of them until ``again_at``.
    """

    activities: int
    reads: int
    later: int = 0
    again_at: datetime | None = None


@dataclass(frozen=True)
class Next:
    """Months to be read now, and what waits, why and until when; empty if nothing does."""

    months: list[str]
    waiting: str


def backlog(database: Database) -> Backlog:
    """What is still to be read of every connected account."""
    with database.transaction() as connection:
        row = queries().backlog(connection)
    return Backlog(row["activities"], int(row["reads"]), row["later"], row["again_at"])


def cost(settings: Settings, database: Database, now: datetime | None = None) -> str:
    """What is left of the quota and what the backlog needs of it, as a sentence; see `in_words`."""
    now = now or datetime.now(UTC)
    left = Ledger(database, settings.client_id or "").remaining(now)
    return in_words(backlog(database), left, now)


def in_words(missing: Backlog, left: Remaining | None, now: datetime) -> str:
    """What is left of the quota, what is missing, and how long that takes.

    Parameters
    ----------
    missing : Backlog
    left : Remaining or None
        Nothing is known before Strava's first answer.
    now : datetime
        Aware UTC.
    """
    need = (
        f"{_count(missing.activities, 'activity needs', 'activities need')} {_count(missing.reads, 'read', 'reads')}"
        if missing.reads
        else "nothing is missing"
    )
    if left is None:
        return need + ("; Strava has not said yet how many it allows" if missing.reads else "")
    told = f"{left.day:,} of {left.allowed_a_day:,} reads left today; {need}"
    if not missing.reads:
        return told
    days = days_needed(missing.reads, left, now)
    if days:
        return f"{told}: {_count(days, 'day', 'days')} — or import your export and finish today"
    return f"{told}: today"


def days_needed(reads: int, left: Remaining, now: datetime) -> int:
    """How many midnights (UTC) pass until so many reads of a backfill are done; 0: they are done today.

    A backfill leaves some of each limit to what cannot wait, and a day has 96 quarters of an hour.
    """
    kept = Work.BACKFILL.kept
    a_quarter = max(1, left.allowed_a_quarter_hour - kept(left.allowed_a_quarter_hour))
    a_day = max(1, min(left.allowed_a_day - kept(left.allowed_a_day), _QUARTERS_A_DAY * a_quarter))
    quarters_to_come = (next_reset("day", now) - next_reset("quarter_hour", now)) // _QUARTER
    this_quarter = max(0, left.quarter_hour - kept(left.allowed_a_quarter_hour))
    today = min(max(0, left.day - kept(left.allowed_a_day)), this_quarter + quarters_to_come * a_quarter)
    return 0 if reads <= today else -(-(reads - today) // a_day)


def next_months(
    settings: Settings, database: Database, partitions: set[str], longest: int, now: datetime | None = None
) -> Next:
    """The months that a run could read now: all in which an event or late streams wait, and of the history as
    many of the newest as the quota allows, if nobody is reading history already.

    Parameters
    ----------
    settings : Settings
    database : Database
    partitions : set of str
        ``YYYY-MM`` that there are.
    longest : int
        Months of history at most.
    now : datetime, optional
        Aware UTC.
    """
    now = now or datetime.now(UTC)
    application = settings.client_id or ""
    with database.transaction() as connection:
        rows = [row for row in queries().months_to_land(connection) if row["month"] in partitions]
    fresh = [row for row in rows if row["live"] and not row["asked"]]
    old = [row for row in rows if row["activities"]]
    waiting = ""
    months: list[str] = []
    if fresh:
        pause = Ledger(database, application).pausing(now - _MARGIN)
        months, waiting = ([], _told(pause)) if pause else ([row["month"] for row in fresh], "")
    if old and not any(row["asked"] for row in old):
        ledger = Ledger(database, application, Work.BACKFILL)
        pause = ledger.pausing(now - _MARGIN)
        if pause is None:
            budget = ledger.available(now)
            for row in old[:longest]:
                months.append(row["month"])
                budget = None if budget is None else budget - row["reads"]
                if budget is not None and budget <= 0:
                    break
        else:
            waiting = _told(pause)
    if waiting:
        waiting = f"{waiting}. {cost(settings, database, now)}"
    elif not months:
        later = backlog(database)
        if later.later and later.again_at is not None:
            what = _count(later.later, "activity", "activities")
            waiting = f"{what} could not be read yet; asked again from {later.again_at:%Y-%m-%d %H:%M} UTC"
    return Next(sorted(set(months)), waiting)


def _told(pause: Pause) -> str:
    return f"goes on at {pause.until:%Y-%m-%d %H:%M} UTC: {pause.reason}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
