"""Draining events: each one is a hint to look again, and the API is asked what is so.

What belongs here: which events are due, one look an activity however many events it has, what came of it, and
when to look again where Strava did not say. What does not: what an event is (``webhooks``), what an answer means
for a row (``listing``), runs (``sensors``).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strava_assets.database.connection import Database, queries
from strava_assets.errors import (
    StravaError,
    StravaNotFound,
    StravaRateLimited,
    StravaUnauthorized,
)
from strava_assets.settings import Settings
from strava_assets.strava.client import StravaClient
from strava_assets.strava.listing import NOT_SHOWN, keep_detail
from strava_assets.strava.outage import OUTAGE, Probe

#: An activity that Strava tells of and does not know yet is asked for again after so many minutes; then it is gone.
_NOT_YET = (1, 2, 5, 15)
#: An event that is older than this came late: what it tells of would be known by now.
_YOUNG = timedelta(hours=1)
_NOT_THERE = "Strava tells of an activity that it does not show yet"
#: Seconds that one drain may look; a sensor's tick has sixty, and what it looks at last, with the question whether
#: Strava answers at all, may take more than half of them.
_BUDGET = 20.0
#: While Strava is down, everything waits for this part of the time that it has waited already, within bounds.
_OF_AN_OUTAGE, _BRIEFEST, _LONGEST = 0.25, timedelta(seconds=5), timedelta(minutes=15)
#: An activity that Strava cannot give while it gives others is asked for again after 5, 10, 20, … seconds, at last
#: hourly. When its events are a day old, and it was asked for so often, the reconcile's listings have to do.
_OWN_AT_MOST, _GIVE_UP, _GIVE_UP_TIMES = timedelta(hours=1), timedelta(days=1), 6


@dataclass
class DrainReport:
    """What became of waiting events.

    Attributes
    ----------
    months : list of str
        ``YYYY-MM`` that they touch.
    handled : list of int
        Events that were looked into and whose months are asked for: to be marked done.
    left : int
        Events that were not reached; the next drain takes them.
    deferred : int
        Events that wait longer.
    reason : str
        Why, or why there was nothing to do; empty if all is well.
    outcomes : Counter of str
        What became of the events that were handled now.
    """

    months: list[str] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    left: int = 0
    deferred: int = 0
    reason: str = ""
    reads: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """What was done and what waits, in a line; empty if there was nothing."""
        parts = [f"{count} × {outcome}" for outcome, count in self.outcomes.most_common()]
        if self.left:
            parts.append(f"{self.left} events are left for the next tick")
        if self.reason:
            parts.append(self.reason)
        return "; ".join(parts)


def drain(
    database: Database,
    client_for: Callable[[int], StravaClient],
    settings: Settings,
    limit: int = 500,
    seconds: float = _BUDGET,
) -> DrainReport:
    """Look again at everything that waiting events tell of, once an activity however many events it has.

    Parameters
    ----------
    database : Database
    client_for : callable
        An athlete's client, by our id.
    settings : Settings
    limit : int
        Events at most.
    seconds : float
        No further activity is begun after this; what is left stays pending, in its order.

    Returns
    -------
    DrainReport
        What was found is kept, its months are asked for and its events are marked in one transaction an activity:
        a crash repeats at most one read. Handled events still wait for `mark_done`.
    """
    began = time.monotonic()
    report = DrainReport()
    with database.transaction() as connection:
        unfinished = list(queries().requested_events(connection))
        waiting = list(queries().pending_events(connection, limit=limit))
    report.handled = [event["id"] for event in unfinished]
    months = {event["month"] for event in unfinished if event["month"]}
    subjects: dict[tuple[int, str, int], list[dict[str, Any]]] = {}
    for event in waiting:
        subjects.setdefault((event["owner_id"], event["object_type"], event["object_id"]), []).append(event)
    stopped: _Later | None = None
    probe = Probe(lasting=True)
    for number, events in enumerate(subjects.values()):
        if number and stopped is None and time.monotonic() - began >= seconds:
            report.left = len(waiting) - sum(report.outcomes.values()) - report.deferred
            break
        ids = [event["id"] for event in events]
        try:
            if stopped is not None:
                raise stopped  # Strava does not answer now: the rest waits as long
            outcome, touched = _look(database, client_for, settings, events, report, probe)
        except _Later as later:
            later.until = later.until or datetime.now(UTC) + _pause_when_down(waiting)  # one moment for all
            stopped = later if later.everyone else None
            report.reason, report.deferred = later.reason, report.deferred + len(ids)
            with database.transaction() as connection:
                queries().defer_events(
                    connection, ids=ids, until=later.until, outcome=later.reason, attempts=later.attempts
                )
        else:
            report.handled += ids
            report.outcomes[outcome] += len(ids)
            months |= touched
    report.months = sorted(months)
    report.reason = "; ".join(
        part for part in (report.reason or _who_waits(database, report), _who_left(database)) if part
    )
    return report


def mark_done(database: Database, event_ids: Iterable[int]) -> None:
    """Call it once what has to go before anything else has gone."""
    with database.transaction() as connection:
        queries().mark_events_done(connection, ids=list(event_ids))


def _who_waits(database: Database, report: DrainReport) -> str:
    """Until when events wait, where none was due."""
    if report.handled or report.left:
        return ""
    with database.transaction() as connection:
        waiting = queries().events_waiting(connection)
    report.deferred += waiting["events"]
    return (
        f"{waiting['events']} events wait until {waiting['until']:%Y-%m-%d %H:%M:%S} UTC" if waiting["events"] else ""
    )


def _who_left(database: Database) -> str:
    """Who has to connect again before their events are looked into."""
    with database.transaction() as connection:
        rows = list(queries().events_of_unconnected(connection))
    return "; ".join(f"{row['events']} events wait until {row['name']} connects again" for row in rows)


def _pause_when_down(waiting: list[dict[str, Any]]) -> timedelta:
    """How long everything waits while Strava is down: longer, the longer it has been.

    What waits for trouble of its own tells nothing of that, unless there is nothing else.
    """
    since = min(
        (event["received_at"] for event in waiting if not event["attempts"]),
        default=min((event["received_at"] for event in waiting), default=datetime.now(UTC)),
    )
    return min(max((datetime.now(UTC) - since) * _OF_AN_OUTAGE, _BRIEFEST), _LONGEST)


class _Later(Exception):
    """Not now: why, and until when (None: as long as an outage asks for); for everything else, too, or for these
    events with so many attempts."""

    def __init__(self, reason: str, until: datetime | None, *, everyone: bool = False, attempts: int | None = None):
        super().__init__(reason)
        self.reason, self.until, self.everyone, self.attempts = reason, until, everyone, attempts


def _look(
    database: Database,
    client_for: Callable[[int], StravaClient],
    settings: Settings,
    events: list[dict[str, Any]],
    report: DrainReport,
    probe: Probe,
) -> tuple[str, set[str]]:
    """Ask the API about one subject; what became of its events, in words, and the months to go through.

    Raises
    ------
    _Later
    """
    owner = events[0]["owner_id"]
    with database.transaction() as connection:
        athlete = queries().athlete_of_owner(connection, strava_id=owner)
    if athlete is None or athlete["state"] == "revoked":
        return _settled(database, events, "ignored: the athlete is not connected any more")
    if athlete["state"] == "reconnect" and _says_access_is_gone(events):
        return _forget(database, athlete["id"], events)  # confirmed already: the refresh token was rejected
    client: StravaClient | None = None
    spent = 0
    try:
        client = client_for(athlete["id"])
        spent = client.reads_spent
        if events[0]["object_type"] == "athlete":
            return _look_at_athlete(database, client, athlete["id"], events)
        return _look_at_activity(database, client, athlete["id"], owner, events, settings)
    except StravaError as error:
        told = probe.judge(error, client)
        if isinstance(told, StravaRateLimited):
            raise _Later(str(told), told.retry_at, everyone=True) from None
        if isinstance(told, StravaUnauthorized):  # connecting again makes them due
            raise _Later(str(told), datetime.now(UTC) + timedelta(hours=1)) from None
        if isinstance(told, OUTAGE):
            raise _Later(str(told), None, everyone=True) from None
        return _not_given(database, events, told)
    finally:
        report.reads += client.reads_spent - spent if client else 0


def _look_at_activity(
    database: Database,
    client: StravaClient,
    athlete_id: int,
    owner: int,
    events: list[dict[str, Any]],
    settings: Settings,
) -> tuple[str, set[str]]:
    number, asked = events[0]["object_id"], database.now()
    try:
        detail = client.activity(number)
    except StravaNotFound:
        return _not_shown(database, athlete_id, events, asked)
    whose = detail.get("athlete")
    if isinstance(whose, dict) and whose.get("id", owner) != owner:
        return _settled(database, events, "ignored: another athlete's activity")
    with database.transaction() as connection:
        months = keep_detail(connection, athlete_id, detail, settings, asked)
        return _requested(connection, events, "looked again" if months else "ignored: nothing new", months)


def _not_given(database: Database, events: list[dict[str, Any]], error: StravaError) -> tuple[str, set[str]]:
    """An activity that Strava cannot give, or not to us, while it answers: only its events wait."""
    now, times = datetime.now(UTC), max(event["attempts"] for event in events)
    if now - max(event["received_at"] for event in events) >= _GIVE_UP and times >= _GIVE_UP_TIMES:
        return _settled(database, events, f"given up after a day, the reconcile lists it: {error}")
    pause = min(timedelta(seconds=5 * 2 ** min(times, 10)), _OWN_AT_MOST)
    raise _Later(str(error), now + pause, attempts=times + 1)


def _not_shown(
    database: Database, athlete_id: int, events: list[dict[str, Any]], asked: datetime
) -> tuple[str, set[str]]:
    """What a 404 means: gone, not there yet, or not for us to see."""
    number = events[0]["object_id"]
    with database.transaction() as connection:
        row = queries().activity_by_strava_id(connection, strava_id=number)
    if row is None:
        young = asked - max(event["event_time"] for event in events) < _YOUNG
        deleted = any(event["aspect_type"] == "delete" for event in events)
        # whatever else they waited for is no time that it had to appear
        times = max((event["attempts"] for event in events if event["outcome"] == _NOT_THERE), default=0)
        if young and not deleted and times < len(_NOT_YET):
            until = datetime.now(UTC) + timedelta(minutes=_NOT_YET[times])
            raise _Later(_NOT_THERE, until, attempts=times + 1)
        return _settled(database, events, "gone, and was not here")
    with database.transaction() as connection:
        month = queries().set_gone(
            connection, strava_id=number, athlete_id=athlete_id, asked_at=asked, because=NOT_SHOWN
        )
        if month is not None:
            return _requested(connection, events, "gone", {month})
    if row["athlete_id"] != athlete_id:
        outcome = "ignored: another athlete's activity"
    elif row["state"] == "gone":
        outcome = "gone already"
    elif row["visibility"] == "only_me":
        outcome = "ignored: only its owner may see it, and activity:read_all is not allowed"
    else:
        outcome = "ignored: Strava has shown it again since"
    return _settled(database, events, outcome)


def _look_at_athlete(
    database: Database, client: StravaClient, athlete_id: int, events: list[dict[str, Any]]
) -> tuple[str, set[str]]:
    if not _says_access_is_gone(events):
        return _settled(database, events, "ignored: nothing that is kept")
    try:
        client.athlete()
    except StravaUnauthorized:
        return _forget(database, athlete_id, events)
    return _settled(database, events, "ignored: access still works")


def _says_access_is_gone(events: list[dict[str, Any]]) -> bool:
    return any(
        event["object_type"] == "athlete" and str(event["updates"].get("authorized")).lower() == "false"
        for event in events
    )


def _forget(database: Database, athlete_id: int, events: list[dict[str, Any]]) -> tuple[str, set[str]]:
    with database.transaction() as connection:
        queries().forget_tokens(connection, id=athlete_id)
        return _requested(connection, events, "access was taken back: tokens deleted", set())


def _settled(database: Database, events: list[dict[str, Any]], outcome: str) -> tuple[str, set[str]]:
    """Nothing is to be done for these events."""
    with database.transaction() as connection:
        return _requested(connection, events, outcome, set())


def _requested(connection: Any, events: list[dict[str, Any]], outcome: str, months: set[str]) -> tuple[str, set[str]]:
    """In one transaction with what was found: the months are asked for, the events need no other look."""
    for month in sorted(months):
        queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason="webhook")
    queries().mark_events_requested(connection, ids=[event["id"] for event in events], outcome=outcome)
    return outcome, months
