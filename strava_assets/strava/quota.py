"""The application's quota at Strava: learned from every answer, shared by all processes.

What belongs here: reading rate-limit headers, the ledger ``strava.api_quota``, who may spend how much of it,
and when to go on. What does not: waiting. Limits are never written down here; Strava says them with every
answer.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaRateLimited

_HEADERS = {"read": "x-readratelimit", "overall": "x-ratelimit"}
_SPANS = ("quarter_hour", "day")


class Work(enum.Enum):
    """What reads are for. Work that can wait leaves so many percent of every limit to work that cannot."""

    LIVE = 0  # an event told of it
    RECONCILE = 5  # listing accounts
    BACKFILL = 15  # history

    def kept(self, allowed: int) -> int:
        """Calls of a window that are left to others, of ``allowed`` in all."""
        return allowed * int(self.value) // 100


@dataclass(frozen=True)
class Window:
    """One window of one limit, as Strava's last answer told it."""

    kind: str  # 'read' or 'overall'
    span: str  # 'quarter_hour' or 'day'
    allowed: int
    used: int
    resets_at: datetime

    def left(self, now: datetime) -> int:
        """Calls left at ``now``; all of them once the window is over."""
        return self.allowed if now >= self.resets_at else max(0, self.allowed - self.used)


@dataclass(frozen=True)
class Remaining:
    """Reads left: in this quarter hour and today, of how many in each."""

    quarter_hour: int
    day: int
    allowed_a_quarter_hour: int
    allowed_a_day: int


@dataclass(frozen=True)
class Pause:
    """Until when no run is started for reads, and why."""

    until: datetime
    reason: str


def next_reset(span: str, now: datetime) -> datetime:
    """When the running window ends: :00, :15, :30 or :45, or midnight UTC."""
    now = now.astimezone(UTC)
    if span == "day":
        return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)


def windows(headers: Mapping[str, str], now: datetime) -> list[Window]:
    """The windows that an answer's headers tell of; none if it has no such headers.

    Parameters
    ----------
    headers : mapping
        Names in any case. Values are "quarter hour,day".
    now : datetime
        When the answer was given, aware UTC.
    """
    lower = _lower(headers)
    found = []
    for kind, stem in _HEADERS.items():
        limits, usages = _pair(lower.get(f"{stem}-limit")), _pair(lower.get(f"{stem}-usage"))
        if limits and usages:
            found += [
                Window(kind, span, allowed, used, next_reset(span, now))
                for span, allowed, used in zip(_SPANS, limits, usages, strict=True)
            ]
    return found


def answered_at(headers: Mapping[str, str]) -> datetime:
    """When an answer was given by Strava's own clock, which turns the windows; by ours if it does not say."""
    try:
        return parsedate_to_datetime(_lower(headers)["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)


def resumes_at(known: Iterable[Window], now: datetime) -> datetime:
    """When calls are answered again after a 429: the end of the longest window that is spent.

    A 429 whose windows look unspent, or that tells none, is over at the next quarter hour.
    """
    ends = [window.resets_at for window in known if window.left(now) <= 0 and window.resets_at > now]
    return max(ends, default=next_reset("quarter_hour", now))


class Ledger:
    """The quota of one application, kept in PostgreSQL.

    Parameters
    ----------
    database : Database
    application : str
        Strava's client id: the quota is the application's, not the athlete's.
    work : Work
        What is read for; see there.
    """

    def __init__(self, database: Database, application: str, work: Work = Work.LIVE):
        self._database, self._application, self._work = database, application, work

    def note(self, headers: Mapping[str, str], now: datetime | None = None) -> None:
        """Write down what an answer says. Answers of several processes come out of order: within a window usage
        only grows, and an answer of an earlier window says nothing."""
        self._put(windows(headers, now or answered_at(headers)))

    def refused(self, headers: Mapping[str, str], now: datetime | None = None) -> None:
        """Write down a 429: a window is spent, even if the answer does not say so."""
        now = now or answered_at(headers)
        found = windows(headers, now)
        if any(window.left(now) <= 0 for window in found):
            self._put(found)
            return
        known = {(window.kind, window.span): window.allowed for window in (*self.known(), *found)}
        allowed = known.get(("read", "quarter_hour"), 0)
        self._put([*found, Window("read", "quarter_hour", allowed, allowed, next_reset("quarter_hour", now))])

    def check(self, now: datetime | None = None) -> None:
        """Refuse a read that would only be answered by 429, which Strava counts, too; or that is left to others.

        Raises
        ------
        StravaRateLimited
        """
        now = now or datetime.now(UTC)
        spent = self._spent(now)
        if spent:
            until = max(window.resets_at for window in spent)
            some = all(window.left(now) for window in spent)
            what = "what is left of Strava's rate limit is for new rides" if some else "Strava's rate limit is spent"
            raise StravaRateLimited(f"{what} until {until:%Y-%m-%d %H:%M} UTC", until)

    def available(self, now: datetime | None = None) -> int | None:
        """Reads that this work may do now; None before Strava's first answer."""
        now = now or datetime.now(UTC)
        return min((max(0, self._left(window, now)) for window in self.known()), default=None)

    def pause(self, reason: str) -> datetime:
        """Strava does not answer, or not us: start no run for reads for some minutes, longer each time."""
        with self._database.transaction() as connection:
            until: datetime = queries().pause_reading(connection, application=self._application, reason=reason)
        return until

    def go_on(self) -> None:
        """Strava answers: whatever pause there was is over."""
        with self._database.transaction() as connection:
            queries().end_pause(connection, application=self._application)

    def pausing(self, now: datetime | None = None) -> Pause | None:
        """Until when this work had better not begin: Strava fails, or the quota is spent. None: it may."""
        now = now or datetime.now(UTC)
        with self._database.transaction() as connection:
            row = queries().pause_of(connection, application=self._application)
        reasons = [Pause(row["until"], row["reason"])] if row is not None and row["until"] > now else []
        try:
            self.check(now)
        except StravaRateLimited as error:
            reasons.append(Pause(error.retry_at, str(error)))
        return max(reasons, key=lambda pause: pause.until, default=None)

    def known(self) -> list[Window]:
        """Every window of this application that was ever told."""
        with self._database.transaction() as connection:
            return [
                Window(row["kind"], row["span"], row["allowed"], row["used"], row["resets_at"])
                for row in queries().quota(connection, application=self._application)
            ]

    def remaining(self, now: datetime | None = None) -> Remaining | None:
        """Reads left under both limits, whatever for; None before Strava's first answer."""
        now = now or datetime.now(UTC)
        known = self.known()
        by_span = {span: [window for window in known if window.span == span] for span in _SPANS}
        if not all(by_span.values()):
            return None
        return Remaining(
            *(min(window.left(now) for window in by_span[span]) for span in _SPANS),
            *(min(window.allowed for window in by_span[span]) for span in _SPANS),
        )

    def _left(self, window: Window, now: datetime) -> int:
        return window.left(now) - self._work.kept(window.allowed)

    def _spent(self, now: datetime) -> list[Window]:
        return [window for window in self.known() if window.resets_at > now and self._left(window, now) <= 0]

    def _put(self, found: Iterable[Window]) -> None:
        with self._database.transaction() as connection:
            for window in found:
                queries().put_quota(
                    connection,
                    application=self._application,
                    kind=window.kind,
                    span=window.span,
                    allowed=window.allowed,
                    used=window.used,
                    resets_at=window.resets_at,
                )


def remaining(database: Database, application: str, now: datetime | None = None) -> Remaining | None:
    """Reads left for an application (Strava's client id); None before Strava's first answer."""
    return Ledger(database, application).remaining(now)


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {str(name).lower(): value for name, value in headers.items()}


def _pair(text: str | None) -> tuple[int, int] | None:
    try:
        quarter_hour, day = (int(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return quarter_hour, day
