"""Deeds on connected accounts, in the words of those who ask for them: sensors, assets, the command line.

What belongs here: opening clients, going through all athletes, and saying how it went. What does not: how
a deed is done (``listing``, ``landing``, ``webhooks``, ``subscriptions``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaError, StravaForbidden, StravaUnauthorized, StravaUnavailable
from strava_assets.settings import Settings
from strava_assets.stores import Store
from strava_assets.strava import draining, subscriptions
from strava_assets.strava.client import TIMEOUT, Clients, StravaClient
from strava_assets.strava.draining import DrainReport
from strava_assets.strava.landing import LandingReport, land_months
from strava_assets.strava.listing import confirm_missing, list_account, listed_recently
from strava_assets.strava.quota import Ledger, Work
from strava_assets.strava.tokens import TokenStore

#: A landing trusts a listing this long; the reconcile makes one every six hours.
LISTING_LASTS = timedelta(hours=12)
#: Reads that one listing may spend on activities that seem gone; the next one asks for more of them.
_CONFIRM_AT_MOST = 100
#: A sensor's tick waits no longer for one answer: seconds for the connection, and for each wait for bytes.
_IN_A_TICK = (5.0, 15.0)


@dataclass
class AccountsReport:
    """What listing the connected accounts found.

    Attributes
    ----------
    months : list of str
        ``YYYY-MM`` in which something is different or gone. What is new is read as soon as the quota allows,
        by months of its own (``backlog``).
    stopped : str or None
        Why some account could not be listed, in words.
    """

    athletes: int = 0
    activities: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    reads: int = 0
    months: list[str] = field(default_factory=list)
    stopped: str | None = None


def clients(
    settings: Settings, database: Database, work: Work = Work.LIVE, timeout: tuple[float, float] = TIMEOUT
) -> Clients:
    """Clients by our athlete id, one each for a kind of work: what can wait leaves some of the quota to what cannot.

    Raises, when called, `StravaUnauthorized` for an athlete who is not connected.
    """
    made: dict[tuple[int, Work], StravaClient] = {}
    tokens = TokenStore(database, settings)
    usual = work

    def client_for(athlete_id: int, work: Work | None = None, /) -> StravaClient:
        kind = (athlete_id, work or usual)
        if kind not in made:
            with database.transaction() as connection:
                row = queries().athlete_by_id(connection, id=athlete_id)
            if row is None or row["strava_id"] is None or row["state"] != "active":
                raise StravaUnauthorized(
                    f"{row['name'] if row else 'this athlete'} is not connected to Strava; "
                    f"open {settings.base_url}/connect"
                )
            number = row["strava_id"]
            ledger = ledger_of(settings, database, kind[1])
            made[kind] = StravaClient(settings, lambda refused: tokens.access_token(number, refused), ledger, timeout)
        return made[kind]

    return client_for


def ledger_of(settings: Settings, database: Database, work: Work = Work.LIVE) -> Ledger:
    """The application's quota, for a kind of work."""
    return Ledger(database, settings.client_id or "", work)


def newly_connected(database: Database) -> list[int]:
    """Our ids of athletes who connected, for the first time or again, and were not listed since."""
    with database.transaction() as connection:
        return [row["id"] for row in queries().unlisted_athletes(connection)]


def months_of(database: Database, athletes: Iterable[int]) -> list[str]:
    """``YYYY-MM`` of everything that some athletes (our ids) have."""
    with database.transaction() as connection:
        return [row["month"] for row in queries().months_of_athletes(connection, ids=list(athletes))]


def list_everyone(
    settings: Settings,
    database: Database,
    after: datetime | None,
    before: datetime | None,
    only: Collection[int] | None = None,
) -> AccountsReport:
    """List a stretch of every connected account; confirm what seems gone.

    Parameters
    ----------
    settings : Settings
    database : Database
    after, before : datetime or None
        Aware UTC. The first month of all and the future are open ends.
    only : collection of int, optional
        Our ids; everyone if left out.

    Returns
    -------
    AccountsReport
        Strava's failures are told in ``stopped``, not raised.
    """
    report = AccountsReport()
    months: set[str] = set()
    client_for = clients(settings, database, Work.RECONCILE)
    ledger = ledger_of(settings, database)
    stretch = _stretch(settings, after, before)
    for athlete in _connected(database):
        if only is not None and athlete["id"] not in only:
            continue
        try:
            client = client_for(athlete["id"])
        except StravaError as error:
            report.stopped = str(error)
            continue
        spent = client.reads_spent
        try:
            found = list_account(database, client, athlete["id"], *stretch, settings)
            report.athletes += 1
            report.activities, report.new = report.activities + found.listed, report.new + found.new
            report.changed += found.changed
            months |= found.changed_months
            gone, touched = confirm_missing(
                database, client, found.athlete_id, found.missing[:_CONFIRM_AT_MOST], settings
            )
            report.gone, months = report.gone + gone, months | touched
            ledger.go_on()
        except StravaError as error:
            report.stopped = str(error)
            _pause(settings, database, error)
        report.reads += client.reads_spent - spent
    report.months = sorted(months)
    return report


def land(
    settings: Settings,
    database: Database,
    store: Store,
    months: Iterable[str],
    log: Callable[[str], Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LandingReport:
    """Land some months of every connected account: list them if that was not done lately, then read what is missing.

    Parameters
    ----------
    settings : Settings
    database : Database
    store : Store
        The private one.
    months : iterable of str
        ``YYYY-MM``.
    log : callable, optional
        Told what happens, a line at a time.
    progress : callable, optional
        Called with activities done and in all.

    Returns
    -------
    LandingReport
        ``stopped`` if Strava did not give everything; what landed stays. An athlete who has to connect again
        stops nobody else.
    """
    days = sorted({date(int(month[:4]), int(month[5:]), 1) for month in months})
    say = log or (lambda line: None)
    if not days:
        return LandingReport()
    client_for = clients(settings, database, Work.BACKFILL)
    ledger = ledger_of(settings, database)
    last = days[-1]
    stretch = _stretch(
        settings,
        datetime(days[0].year, days[0].month, 1, tzinfo=UTC),
        datetime(last.year + last.month // 12, last.month % 12 + 1, 1, tzinfo=UTC),
    )
    unlisted: StravaError | None = None
    reads = 0
    for athlete in _connected(database):
        if listed_recently(database, athlete["id"], *stretch, LISTING_LASTS):
            continue
        ever = listed_recently(database, athlete["id"], *stretch, timedelta(days=36_500))
        try:
            client = client_for(athlete["id"], Work.RECONCILE)
            found = list_account(database, client, athlete["id"], *stretch, settings)
        except StravaError as error:
            say(f"{athlete['name']}: not listed: {error}")
            unlisted = unlisted if ever else error  # an older listing will do
        else:
            reads += found.reads
            say(
                f"{athlete['name']}: {found.listed} activities listed, {found.new} new, {found.changed} changed, "
                f"{found.reads} reads"
            )
    report = land_months(database, store, client_for, days, settings=settings, progress=progress)
    report.reads += reads
    report.stopped = report.stopped or unlisted
    report.resume_at = report.resume_at or getattr(unlisted, "retry_at", None)
    if report.landed:
        ledger.go_on()
    if report.stopped is not None:
        report.resume_at = _pause(settings, database, report.stopped) or report.resume_at
    if report.landed or report.gone or report.failed:
        say(
            f"{report.landed} activities landed, {report.gone} gone, {len(report.failed)} not readable, "
            f"{report.reads} reads"
        )
    for reason in report.refused:
        say(reason)
    return report


def drain_events(settings: Settings, database: Database, limit: int = 500) -> DrainReport:
    """Look again at what waiting events tell of; see `draining.drain`."""
    return draining.drain(database, clients(settings, database, timeout=_IN_A_TICK), settings, limit)


def listen_for_events(database: Database, seconds: float) -> None:
    """Wait until an event is pending and due: one that comes, or one that was put off.

    Parameters
    ----------
    database : Database
    seconds : float
        At most.
    """

    def until_due() -> float:
        with database.transaction() as connection:
            waiting = queries().events_waiting(connection)
        return (waiting["until"] - datetime.now(UTC)).total_seconds() if waiting["events"] else seconds

    database.listen("webhook_event", seconds, until_due)


def events_requested(database: Database, events: Iterable[int]) -> None:
    """The months of these events are asked for, and what must go first has gone: they are done."""
    draining.mark_done(database, events)


def wait_for_athlete(database: Database, seconds: float = 900.0) -> str:
    """Wait until somebody connects, again or for the first time; the name. The last minute counts, too.

    Raises
    ------
    StravaUnauthorized
        Nobody did in time.
    """
    since = datetime.now(UTC) - timedelta(minutes=1)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with database.transaction() as connection:
            newest = queries().newest_connection(connection)
        if newest is not None and newest["connected_at"] > since:
            return str(newest["name"])
        time.sleep(0.5)
    raise StravaUnauthorized(f"nobody connected within {seconds / 60:.0f} minutes; try again: strava-assets connect")


def create_subscription(settings: Settings, database: Database) -> int:
    """Subscribe to the application's events; the subscription's number."""
    return subscriptions.create_subscription(database, settings).id


def list_subscriptions(settings: Settings) -> list[tuple[int, str]]:
    """Number and callback of the application's subscription; the secret part of the address is left out."""
    found = subscriptions.list_subscriptions(settings)
    return [(entry.id, f"{entry.callback_url.rpartition('/')[0]}/…") for entry in found]


def delete_subscriptions(settings: Settings, database: Database) -> int:
    """End the application's subscription; how many there were."""
    return subscriptions.delete_subscriptions(database, settings)


def _pause(settings: Settings, database: Database, error: StravaError) -> datetime | None:
    """Until when nothing more is begun that needs Strava: whatever stopped it, it is not tried again at once.

    None where only one athlete is not let in.
    """
    if isinstance(error, StravaUnauthorized):
        return None
    ledger = ledger_of(settings, database, Work.BACKFILL)
    known = ledger.pausing()
    if known is None or isinstance(error, (StravaUnavailable, StravaForbidden)):
        return ledger.pause(str(error))
    return known.until


def _connected(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as connection:
        return list(queries().connected_athletes(connection))


def _stretch(
    settings: Settings, after: datetime | None, before: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Open ends instead of the first month (earlier clocks land there) and of anything not before now."""
    first = datetime(int(settings.first_month[:4]), int(settings.first_month[5:]), 1, tzinfo=UTC)
    return (
        None if after is None or after <= first else after,
        None if before is None or before >= datetime.now(UTC) else before,
    )
