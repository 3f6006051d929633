"""The application's quota at Strava: learned from every answer, shared by all processes.

What belongs here: reading rate-limit headers, the ledger ``strava.api_quota``, and when to go on. What
does not: waiting. Limits are never written down here; Strava says them with every answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaRateLimited

_HEADERS = {"read": "x-readratelimit", "overall": "x-ratelimit"}
_SPANS = ("quarter_hour", "day")


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
    """Reads left: in this quarter hour and today, of how many a day."""

    quarter_hour: int
    day: int
    allowed_a_quarter_hour: int
    allowed_a_day: int


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
        When the answer came, aware UTC.
    """
    lower = {str(name).lower(): value for name, value in headers.items()}
    found = []
    for kind, stem in _HEADERS.items():
        limits, usages = _pair(lower.get(f"{stem}-limit")), _pair(lower.get(f"{stem}-usage"))
        if limits and usages:
            found += [
                Window(kind, span, allowed, used, next_reset(span, now))
                for span, allowed, used in zip(_SPANS, limits, usages, strict=True)
            ]
    return found


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
    keep : int
        Reads a day and a quarter hour to leave for others: work that can wait keeps some for what cannot.
    """

    def __init__(self, database: Database, application: str, keep: int = 0):
        self._database, self._application, self.keep = database, application, keep

    def note(self, headers: Mapping[str, str], now: datetime | None = None) -> None:
        """Write down what an answer says; the last answer is right."""
        found = windows(headers, now or datetime.now(UTC))
        if not found:
            return
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

    def check(self, now: datetime | None = None) -> None:
        """Refuse a read that would only be answered by 429: Strava counts those against the day, too.

        Raises
        ------
        StravaRateLimited
        """
        now = now or datetime.now(UTC)
        spent = [window for window in self.known() if window.left(now) <= self.keep and window.resets_at > now]
        if spent:
            until = max(window.resets_at for window in spent)
            raise StravaRateLimited(f"Strava's rate limit is spent until {until:%Y-%m-%d %H:%M} UTC", until)

    def known(self) -> list[Window]:
        """Every window of this application that was ever told."""
        with self._database.transaction() as connection:
            return [
                Window(row["kind"], row["span"], row["allowed"], row["used"], row["resets_at"])
                for row in queries().quota(connection, application=self._application)
            ]

    def remaining(self, now: datetime | None = None) -> Remaining | None:
        """Reads left under both limits; None before Strava's first answer."""
        now = now or datetime.now(UTC)
        known = self.known()
        by_span = {span: [window for window in known if window.span == span] for span in _SPANS}
        if not all(by_span.values()):
            return None
        return Remaining(
            *(min(window.left(now) for window in by_span[span]) for span in _SPANS),
            *(min(window.allowed for window in by_span[span]) for span in _SPANS),
        )


def remaining(database: Database, application: str, now: datetime | None = None) -> Remaining | None:
    """Reads left for an application (Strava's client id); None before Strava's first answer."""
    return Ledger(database, application).remaining(now)


def _pair(text: str | None) -> tuple[int, int] | None:
    try:
        quarter_hour, day = (int(part) for part in (text or "").split(","))
    except ValueError:
        return None
    return quarter_hour, day
