"""Landing what a listing found: each activity in full, and its streams, untouched.

What belongs here: at most two reads an activity, kept at once. What does not: finding activities
(``listing``), typed tables (``history``). A killed run loses at most the activity it was at.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from strava_assets.database.connection import Database, queries
from strava_assets.errors import (
    StravaError,
    StravaNotFound,
    StravaRateLimited,
    StravaUnauthorized,
)
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.strava.activities import has_positions, start_time, visibility
from strava_assets.strava.client import Clients, StravaClient
from strava_assets.strava.listing import NOT_SHOWN, month_of
from strava_assets.strava.originals import storable
from strava_assets.strava.outage import OUTAGE, Probe
from strava_assets.strava.quota import Work
from strava_assets.strava.streams import has_samples, pack_streams
from strava_assets.strava.tombstones import forget_if_gone

log = logging.getLogger(__name__)
#: Of a young activity with a track, the streams may come later; of an old one that was uploaded late, too, but
#: then they are asked for only so often again.
STREAMS_MAY_BE_LATE, _TIMES_WHEN_OLD = timedelta(days=2), 3
#: How long to wait for streams after the first time in vain, the second, …; and for what Strava cannot give.
STREAMS_AGAIN = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=45),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
)
FAILED_AGAIN = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 16, 24))
#: Whoever Strava does not let in may have connected again.
_REFUSED_AGAIN = timedelta(hours=1)


@dataclass
class LandingReport:
    """What one landing did.

    Attributes
    ----------
    failed : list of (int, str)
        Our ids of activities that could not be read, with the reason; the others are not affected.
    left : int
        Activities not reached.
    refused : list of str
        Athletes whose access Strava no longer accepts, with what to do; their activities are left.
    stopped : StravaError or None
        Why it ended early.
    resume_at : datetime or None
        When it can go on, if Strava said so.
    """

    landed: int = 0
    gone: int = 0
    failed: list[tuple[int, str]] = field(default_factory=list)
    left: int = 0
    reads: int = 0
    refused: list[str] = field(default_factory=list)
    stopped: StravaError | None = None
    resume_at: datetime | None = None


def land_activity(
    database: Database, store: Store, client: StravaClient, row: Mapping[str, Any], settings: Settings
) -> str:
    """Read what is missing of one activity and keep it.

    Parameters
    ----------
    database : Database
    store : Store
        The private one.
    client : StravaClient
        Of its athlete.
    row : mapping
        Of the query ``pending_landing``.
    settings : Settings

    Returns
    -------
    {'landed', 'gone'}

    Raises
    ------
    StravaError
        Not readable now; what was read is kept.
    """
    number, api, asked = row["strava_id"], row["api"], None
    if row["api_detailed"]:
        streams = _land_streams(store, client, row, api)
    else:
        asked = database.now()
        try:
            api = client.activity(number)
        except StravaNotFound:
            with database.transaction() as connection:
                queries().set_gone(
                    connection, strava_id=number, athlete_id=row["athlete_id"], asked_at=asked, because=NOT_SHOWN
                )
            return "gone"
        try:
            streams = _land_streams(store, client, row, api)
        except StravaError:
            _keep(database, row, api, _Streams(None, "none"), settings, asked, landed=False)  # one read saved next time
            raise
    if not _keep(database, row, api, streams, settings, asked) and streams.key is not None:
        forget_if_gone(database, store, row["id"], streams.key)
    return "landed"


def land_months(
    database: Database,
    store: Store,
    client_for: Clients,
    months: Iterable[date],
    *,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
) -> LandingReport:
    """Land everything of some months that the API still has to tell: what events told of, then newest first.

    Parameters
    ----------
    database : Database
    store : Store
    client_for : Clients
    months : iterable of date
        First days.
    settings : Settings
    progress : callable, optional
        Called with activities done and in all.

    Returns
    -------
    LandingReport
        It ends early, without an exception, when the quota is spent or Strava is down.
    """
    report = LandingReport()
    with database.transaction() as connection:
        pending = list(queries().pending_landing(connection, months=sorted(set(months))))
    probe = Probe()
    refused: dict[int, str] = {}
    shut_out: list[int] = []
    for done, row in enumerate(pending):
        if progress:
            progress(done, len(pending))
        if row["athlete_id"] in refused:
            shut_out.append(row["id"])
            continue
        spent = 0
        client = None
        try:
            client = client_for(row["athlete_id"], Work.LIVE if row["api_detailed"] else Work.BACKFILL)
            spent = client.reads_spent
            outcome = land_activity(database, store, client, row, settings)
            _land_gear(database, client, row)
        except StravaError as error:
            told = probe.judge(error, client)
            if isinstance(told, StravaUnauthorized):  # this athlete's; others may go on
                refused[row["athlete_id"]] = str(told)
                shut_out.append(row["id"])
            elif isinstance(told, (StravaRateLimited, *OUTAGE)):
                report.stopped = told
            else:
                _quarantine(database, row, str(told), report)
        else:
            report.landed += outcome == "landed"
            report.gone += outcome == "gone"
        finally:
            report.reads += client.reads_spent - spent if client else 0
        if report.stopped is not None:
            report.left += len(pending) - done
            report.resume_at = getattr(report.stopped, "retry_at", None)
            break
    report.left += len(shut_out)
    report.refused = list(refused.values())
    with database.transaction() as connection:
        queries().put_off_landing(connection, ids=shut_out, until=datetime.now(UTC) + _REFUSED_AGAIN)
    if progress and pending and report.stopped is None:
        progress(len(pending), len(pending))
    return report


def streams_key(athlete_id: int, strava_id: int) -> str:
    """Where an activity's streams are kept in the private store."""
    return f"landing/api/{athlete_id}/{strava_id}.streams.json.gz"


def again_after(attempts: int, pauses: tuple[timedelta, ...]) -> timedelta:
    """How long to wait after so many readings in vain before this one: longer each time, at last the same."""
    return pauses[min(attempts, len(pauses) - 1)]


class _Streams(NamedTuple):
    """Where streams are kept; ``stored``, ``absent``, ``wanted`` or ``none``; when they are asked for again."""

    key: str | None
    state: str
    again_at: datetime | None = None


def _land_streams(store: Store, client: StravaClient, row: Mapping[str, Any], api: Mapping[str, Any]) -> _Streams:
    """Streams into the store, before the row tells of them."""
    if api.get("manual") is True:
        return _Streams(None, "absent")
    raw = client.streams(row["strava_id"])
    if raw and has_samples(raw):
        key = row["api_streams"] or streams_key(row["athlete_id"], row["strava_id"])
        store.write(key, pack_streams(raw))
        return _Streams(key, "stored")
    now, attempts = datetime.now(UTC), row["landing_attempts"]
    young = now - (start_time(api) or row["start_time"]) < STREAMS_MAY_BE_LATE
    if has_positions(api) and (young or attempts < _TIMES_WHEN_OLD):
        return _Streams(row["api_streams"], "wanted", now + again_after(attempts, STREAMS_AGAIN))
    return _Streams(row["api_streams"], "absent")


def _keep(
    database: Database,
    row: Mapping[str, Any],
    api: Mapping[str, Any],
    streams: _Streams,
    settings: Settings,
    asked: datetime | None,
    landed: bool = True,
) -> bool:
    """Write down what was read; False if an event told something newer meanwhile: then it is asked for again."""
    start = start_time(api) or row["start_time"]
    values = {
        "id": row["id"],
        "api": storable(api),
        "visibility": visibility(api),
        "start_time": start,
        "month": month_of(start, settings),
        "asked_at": asked,
        "revision": row["revision"],
    }
    with database.transaction() as connection:
        if not landed:
            return bool(queries().set_detail(connection, **values))
        written = queries().set_landed(
            connection, streams=streams.key, streams_state=streams.state, again_at=streams.again_at, **values
        )
        if written and values["month"] != row["month"]:  # it left the month that is being worked on
            queries().request_month(connection, month=values["month"], reason="moved")
    return bool(written)


def _land_gear(database: Database, client: StravaClient, row: Mapping[str, Any]) -> None:
    """A bike's frame is told only by its own address: one read for each bike there is."""
    with database.transaction() as connection:
        known = {gear["id"] for gear in queries().known_gear(connection, athlete_id=row["athlete_id"])}
        wanted = queries().gear_of_activity(connection, id=row["id"])
    if not wanted or wanted in known:
        return
    try:
        gear = client.gear(wanted)
    except (StravaNotFound, StravaUnauthorized):
        gear = {}  # sold, or not ours to see: not asked for again
    except OUTAGE as error:  # the activity is here; if Strava is down, the next one tells
        log.info("gear is left for later: %s", error)
        return
    name, frame = gear.get("name"), gear.get("frame_type")
    with database.transaction() as connection:
        queries().put_gear(
            connection,
            athlete_id=row["athlete_id"],
            id=wanted,
            original=storable(gear),
            name=name if isinstance(name, str) else None,
            frame_type=frame if isinstance(frame, int) and 0 <= frame < 100 else None,
        )


def _quarantine(database: Database, row: Mapping[str, Any], reason: str, report: LandingReport) -> None:
    again_at = datetime.now(UTC) + again_after(row["landing_attempts"], FAILED_AGAIN)
    with database.transaction() as connection:
        queries().set_landing_error(connection, id=row["id"], error=reason, again_at=again_at)
    report.failed.append((row["id"], reason))
