"""What Strava tells by itself: events, judged and kept; and what becomes of them.

What belongs here: the shape of an event, the secrets of the callback's address, draining what waits. What
does not: the web service (``gateway``), runs (``sensors``), the subscription (``subscriptions``). An
event is only a hint to look again: whatever it says, the API is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strava_assets.database.connection import Database, queries
from strava_assets.errors import (
    StravaError,
    StravaForbidden,
    StravaNotFound,
    StravaRateLimited,
    StravaUnauthorized,
    StravaUnavailable,
)
from strava_assets.settings import Settings
from strava_assets.strava.client import StravaClient
from strava_assets.strava.keys import derive
from strava_assets.strava.listing import keep_detail
from strava_assets.strava.originals import clean_text, storable

_Number = Annotated[int, Field(gt=0, lt=2**63, strict=True)]
_YOUNG = timedelta(minutes=10)  # an activity that Strava tells of and does not know yet
_GIVE_UP = 6  # times that Strava answers with an error of its own
_LONGEST = 200  # characters kept of what changed


class Event(BaseModel):
    """An event as Strava pushes it; fields that we do not know are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    subscription_id: _Number
    owner_id: _Number
    object_type: Literal["activity", "athlete"]
    object_id: _Number
    aspect_type: Literal["create", "update", "delete"]
    event_time: Annotated[int, Field(ge=0, lt=2**33, strict=True)]  # Unix seconds
    updates: dict[str, Any] = Field(default_factory=dict, max_length=50)

    def parameters(self) -> dict[str, Any]:
        """For the query ``put_webhook_event``."""
        updates = {
            _short(name): _short(value if isinstance(value, str) else json.dumps(value))
            for name, value in self.updates.items()
        }
        told = [
            self.subscription_id,
            self.owner_id,
            self.object_type,
            self.object_id,
            self.aspect_type,
            self.event_time,
            updates,
        ]
        return {
            "subscription_id": self.subscription_id,
            "owner_id": self.owner_id,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "aspect_type": self.aspect_type,
            "event_time": datetime.fromtimestamp(self.event_time, UTC),
            "updates": storable(updates),
            "digest": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
        }


@dataclass
class DrainReport:
    """What became of waiting events.

    Attributes
    ----------
    months : list of str
        ``YYYY-MM`` that they touch.
    handled : list of int
        Events to be marked done once those months are asked for.
    deferred : int
        Events that wait longer.
    reason : str
        Why, or why there was nothing to do; empty if all is well.
    """

    months: list[str] = field(default_factory=list)
    handled: list[int] = field(default_factory=list)
    deferred: int = 0
    reason: str = ""
    reads: int = 0


def path_token(settings: Settings) -> str:
    """The secret part of the callback's address."""
    return hmac.new(derive(settings, "webhook path"), b"path", hashlib.sha256).hexdigest()[:32]


def verify_token(settings: Settings) -> str:
    """What Strava repeats in its handshake."""
    return hmac.new(derive(settings, "webhook verify"), b"verify", hashlib.sha256).hexdigest()[:32]


def parse_event(body: bytes) -> Event:
    """Read and judge an event.

    Raises
    ------
    ValueError
        Not JSON, or not an event. The message is for the log, and quotes nothing.
    """
    try:
        return Event.model_validate(json.loads(body))
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"][:1]) or "body"
        raise ValueError(f"not an event: {wrong[:40]}") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def drain(
    database: Database, client_for: Callable[[int], StravaClient], settings: Settings, limit: int = 500
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

    Returns
    -------
    DrainReport
        Handled events stay pending until `mark_done`: a crash in between only looks twice.
    """
    report = DrainReport()
    with database.transaction() as connection:
        waiting = list(queries().pending_events(connection, limit=limit))
    subjects: dict[tuple[int, str, int], list[dict[str, Any]]] = {}
    for event in waiting:
        subjects.setdefault((event["owner_id"], event["object_type"], event["object_id"]), []).append(event)
    months: set[str] = set()
    stopped: _Later | None = None
    for events in subjects.values():
        ids, tried = [event["id"] for event in events], stopped is None
        try:
            if stopped is not None:
                raise stopped  # Strava does not answer now: the rest waits as long
            outcome = _look(database, client_for, settings, events, report, months)
        except _Later as later:
            stopped = later if later.everyone else None
            report.reason, report.deferred = later.reason, report.deferred + len(ids)
            with database.transaction() as connection:
                queries().defer_events(connection, ids=ids, until=later.until, outcome=later.reason, counted=int(tried))
        else:
            with database.transaction() as connection:
                queries().set_event_outcome(connection, ids=ids, outcome=outcome)
            report.handled += ids
    report.months = sorted(months)
    if not waiting:
        with database.transaction() as connection:
            left = queries().events_waiting(connection)
        report.deferred = left["events"]
        if left["events"]:
            report.reason = f"{left['events']} events wait until {left['until']:%Y-%m-%d %H:%M:%S} UTC"
    return report


def mark_done(database: Database, event_ids: Iterable[int]) -> None:
    """Call it once what the events ask for is durable."""
    with database.transaction() as connection:
        queries().mark_events_done(connection, ids=list(event_ids))


def _short(text: str) -> str:
    return clean_text(text)[:_LONGEST]


class _Later(Exception):
    """Not now: until when, why, and whether that is so for everything else, too."""

    def __init__(self, reason: str, until: datetime, everyone: bool = False):
        super().__init__(reason)
        self.reason, self.until, self.everyone = reason, until, everyone


def _look(
    database: Database,
    client_for: Callable[[int], StravaClient],
    settings: Settings,
    events: list[dict[str, Any]],
    report: DrainReport,
    months: set[str],
) -> str:
    """Ask the API about one subject; what became of its events, in words.

    Raises
    ------
    _Later
    """
    owner, attempts = events[0]["owner_id"], max(event["attempts"] for event in events)
    now = datetime.now(UTC)
    with database.transaction() as connection:
        athlete = queries().athlete_of_owner(connection, strava_id=owner)
    if athlete is None or athlete["state"] == "revoked":
        return "ignored: the athlete is not connected any more"
    if athlete["state"] == "reconnect" and _says_access_is_gone(events):
        return _forget(database, owner)  # confirmed already: the refresh token was rejected
    client: StravaClient | None = None
    spent = 0
    try:
        client = client_for(athlete["id"])
        spent = client.reads_spent
        if events[0]["object_type"] == "athlete":
            return _look_at_athlete(database, client, owner, events)
        return _look_at_activity(database, client, athlete["id"], owner, events, settings, months)
    except StravaRateLimited as error:
        raise _Later(str(error), error.retry_at, everyone=True) from None
    except StravaForbidden as error:
        raise _Later(str(error), now + timedelta(minutes=15), everyone=True) from None
    except StravaUnauthorized as error:
        raise _Later(str(error), now + timedelta(hours=1)) from None
    except StravaUnavailable as error:
        own = getattr(error, "status", None) == 500  # the activity's, as long as others can be read
        if own and attempts >= _GIVE_UP:
            return f"given up: {error}"
        pause = timedelta(seconds=min(15 * 60, 5 * 2 ** min(attempts, 10)))
        raise _Later(str(error), now + pause, everyone=not own) from None
    except StravaError as error:
        return f"given up: {error}"
    finally:
        report.reads += client.reads_spent - spent if client else 0


def _look_at_activity(
    database: Database,
    client: StravaClient,
    athlete_id: int,
    owner: int,
    events: list[dict[str, Any]],
    settings: Settings,
    months: set[str],
) -> str:
    number, now = events[0]["object_id"], datetime.now(UTC)
    try:
        detail = client.activity(number)
    except StravaNotFound:
        if events[-1]["aspect_type"] != "delete" and now - events[-1]["event_time"] < _YOUNG:
            raise _Later("Strava tells of an activity that it does not show yet", now + timedelta(minutes=1)) from None
        with database.transaction() as connection:
            month = queries().set_gone(connection, strava_id=number, athlete_id=athlete_id)
        months |= {month} if month else set()
        return "gone" if month else "gone, and was not here"
    whose = detail.get("athlete")
    if isinstance(whose, dict) and whose.get("id", owner) != owner:
        return "ignored: another athlete's activity"
    with database.transaction() as connection:
        touched = keep_detail(connection, athlete_id, detail, settings)
    months |= touched
    return "looked again" if touched else "ignored: Strava does not say when it started"


def _look_at_athlete(database: Database, client: StravaClient, owner: int, events: list[dict[str, Any]]) -> str:
    if not _says_access_is_gone(events):
        return "ignored: nothing that is kept"
    try:
        client.athlete()
    except StravaUnauthorized:
        return _forget(database, owner)
    return "ignored: access still works"


def _says_access_is_gone(events: list[dict[str, Any]]) -> bool:
    return any(
        event["object_type"] == "athlete" and str(event["updates"].get("authorized")).lower() == "false"
        for event in events
    )


def _forget(database: Database, owner: int) -> str:
    with database.transaction() as connection:
        queries().forget_tokens(connection, strava_id=owner)
    return "access was taken back: tokens deleted"
