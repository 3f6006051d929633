"""Listing an account: which activities there are, and what changed since we last looked.

What belongs here: pages of summaries, and what they mean for ``strava.activity``. What does not: reading
an activity in full (``landing``). One read tells of 200 activities, so most changes cost no more.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaError, StravaNotFound, StravaRateLimited, StravaUnauthorized
from strava_assets.settings import Settings
from strava_assets.strava.activities import KEPT, OF_SAMPLES, changed, has_positions, start_time, strava_id, visibility
from strava_assets.strava.client import StravaClient
from strava_assets.strava.originals import storable
from strava_assets.strava.outage import OUTAGE, Probe

log = logging.getLogger(__name__)
#: Why an activity is gone, in its tombstone.
NOT_SHOWN = "Strava does not show it any more"


@dataclass
class ListingReport:
    """What one listing found.

    Attributes
    ----------
    athlete_id : int
        Ours; another than asked for if the account turned out to belong to an imported history.
    missing : list of int
        Strava's numbers of activities that the listing should hold and does not: to be confirmed.
    new_months, changed_months : set of str
        ``YYYY-MM`` in which something is new, and in which something known is different.
    """

    athlete_id: int
    listed: int = 0
    new: int = 0
    changed: int = 0
    unreadable: int = 0
    reads: int = 0
    missing: list[int] = field(default_factory=list)
    new_months: set[str] = field(default_factory=set)
    changed_months: set[str] = field(default_factory=set)

    @property
    def months(self) -> set[str]:
        """Both."""
        return self.new_months | self.changed_months


def month_of(moment: datetime, settings: Settings, now: datetime | None = None) -> date:
    """The month that an activity belongs to: of its start in UTC, but a clock that was wrong lands in the
    first month of all, or in the current one."""
    now = now or datetime.now(UTC)
    first = date(int(settings.first_month[:4]), int(settings.first_month[5:]), 1)
    return min(max(moment.astimezone(UTC).date().replace(day=1), first), now.date().replace(day=1))


def listed_recently(
    database: Database, athlete_id: int, after: datetime | None, before: datetime | None, max_age: timedelta
) -> bool:
    """Whether a stretch was listed in one go within ``max_age``; None is an open end."""
    with database.transaction() as connection:
        newest = queries().newest_listing(connection, athlete_id=athlete_id, after=after, before=before)
    return newest is not None and datetime.now(UTC) - newest <= max_age


def list_account(
    database: Database,
    client: StravaClient,
    athlete_id: int,
    after: datetime | None,
    before: datetime | None,
    settings: Settings,
) -> ListingReport:
    """Page through a stretch of an account; every page is committed at once.

    Parameters
    ----------
    database : Database
    client : StravaClient
        Of this athlete.
    athlete_id : int
        Ours.
    after, before : datetime or None
        Aware UTC; None is an open end.
    settings : Settings

    Raises
    ------
    StravaError
        Strava did not answer; the pages until then are kept, the stretch does not count as listed.
    """
    report, began = ListingReport(athlete_id), datetime.now(UTC)
    reads = client.reads_spent
    seen: set[int] = set()
    asked = database.now()
    for page in client.pages(after, before):
        summaries = {number: item for item in page if (number := strava_id(item)) and start_time(item)}
        report.unreadable += len(page) - len(summaries)
        seen |= summaries.keys()
        with database.transaction() as connection:
            before_it = set(report.changed_months)
            _keep_page(connection, summaries, report, settings, asked)
            _ask_for(connection, report.changed_months - before_it)
            queries().read_again(connection, strava_ids=list(summaries))
        asked = database.now()  # before the next page is
    report.listed = len(seen)
    with database.transaction() as connection:
        queries().add_listing(connection, athlete_id=report.athlete_id, after=after, before=before)
        expected = queries().listed_before(
            connection, athlete_id=report.athlete_id, after=after, before=before, began=began
        )
        report.missing = sorted({row["strava_id"] for row in expected} - seen)
    report.reads = client.reads_spent - reads
    return report


def confirm_missing(
    database: Database, client: StravaClient, athlete_id: int, missing: list[int], settings: Settings
) -> tuple[int, set[str]]:
    """Ask for activities that a listing lacks, one read each; mark those gone that Strava denies.

    One that Strava cannot give while it answers is left as it is; the next listing lacks it again.

    Returns
    -------
    (int, set of str)
        How many are gone, and the months touched.

    Raises
    ------
    StravaError
        The others would not be answered, either.
    """
    gone, months, probe = 0, set[str](), Probe()
    for number in missing:
        asked = database.now()
        try:
            detail = client.activity(number)
        except StravaNotFound:
            with database.transaction() as connection:
                month = queries().set_gone(
                    connection, strava_id=number, athlete_id=athlete_id, asked_at=asked, because=NOT_SHOWN
                )
                _ask_for(connection, {month} if month else ())
            gone, months = gone + bool(month), months | ({month} if month else set())
        except StravaError as error:
            told = probe.judge(error, client)
            if isinstance(told, (StravaRateLimited, StravaUnauthorized, *OUTAGE)):
                raise told from None
            log.info("left for the next listing: %s", told)
        else:
            with database.transaction() as connection:
                touched = keep_detail(connection, athlete_id, detail, settings, asked)
                _ask_for(connection, touched)
            months |= touched
    return gone, months


def keep_detail(
    connection: Any, athlete_id: int, detail: Mapping[str, Any], settings: Settings, asked: datetime
) -> set[str]:
    """Keep an activity in full, in a new row if it is unknown.

    Parameters
    ----------
    connection : psycopg connection
        In a transaction.
    athlete_id : int
        Ours; an activity that another of our athletes has is left alone.
    detail : mapping
        As the API gave it.
    settings : Settings
    asked : datetime
        When, by the database's clock; what somebody asked later is not overwritten.

    Returns
    -------
    set of str
        Months in which there is something to do: none if all of it was known.
    """
    number, start = strava_id(detail), start_time(detail)
    if number is None or start is None:
        return set()
    for row in queries().lock_activities(connection, strava_ids=[number]):
        if row["athlete_id"] != athlete_id or _is_older(asked, row):
            return set()
        cropped = bool(changed(row["api"] or detail, detail).keys() & set(OF_SAMPLES))
        if row["api"] != detail or row["state"] in ("gone", "expired"):
            return _update(connection, row, dict(detail), True, cropped, settings, asked)
        whole = row["state"] == "landed" and row["api_streams_state"] != "wanted" and row["error"] is None
        if not whole:
            queries().land_now(connection, id=row["id"])
        return set() if whole else {f"{row['month']:%Y-%m}"}
    month = month_of(start, settings)
    queries().add_listed_activity(
        connection,
        athlete_id=athlete_id,
        strava_id=number,
        start_time=start,
        month=month,
        api=storable(detail),
        detailed=True,
        visibility=visibility(detail),
        asked_at=asked,
    )
    return {f"{month:%Y-%m}"}


def _keep_page(
    connection: Any, summaries: dict[int, dict[str, Any]], report: ListingReport, settings: Settings, asked: datetime
) -> None:
    known = {row["strava_id"]: row for row in queries().lock_activities(connection, strava_ids=list(summaries))}
    _unite(connection, known, report)
    for number, summary in summaries.items():
        row, start = known.get(number), start_time(summary)
        assert start is not None  # those without one were left out
        if row is None:
            month = month_of(start, settings)
            added = queries().add_listed_activity(
                connection,
                athlete_id=report.athlete_id,
                strava_id=number,
                start_time=start,
                month=month,
                api=storable(summary),
                detailed=False,
                visibility=visibility(summary),
                asked_at=asked,
            )
            if added is not None:
                report.new += 1
                report.new_months.add(f"{month:%Y-%m}")
            continue
        if row["athlete_id"] != report.athlete_id:
            continue  # somebody else's, by that person's own account
        if _is_older(asked, row):
            continue  # an event came meanwhile: what it brought is newer than this page
        if row["api_expired_at"] is not None:  # deleted for its age: only an event brings it back
            _follow_visibility(connection, row, summary, report)
            continue
        news = changed(row["api"], summary) if row["api"] else summary
        if news or row["state"] == "gone":
            merged = _merge(row["api"], news) if row["api"] else summary
            cropped = bool(row["api"]) and bool(news.keys() & set(OF_SAMPLES))
            report.changed_months |= _update(connection, row, merged, row["api_detailed"], cropped, settings, asked)
            report.changed += 1


def _follow_visibility(
    connection: Any, row: Mapping[str, Any], summary: Mapping[str, Any], report: ListingReport
) -> None:
    """Of what is not kept any more, who may see it still counts: a recording that was imported may be public."""
    if visibility(summary) not in (row["visibility"], "unknown"):
        queries().set_visibility(connection, id=row["id"], visibility=visibility(summary))
        report.changed += 1
        report.changed_months.add(f"{row['month']:%Y-%m}")


def _ask_for(connection: Any, months: Iterable[str]) -> None:
    """In one transaction with what changed in them: whoever lists may be killed before it can say so."""
    for month in sorted(months):
        queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason="listing")


def _merge(stored: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """The stored activity with what a summary says anew; the rest of the detail stays."""
    merged = {**stored, **{name: news[name] for name in KEPT if name in news}}
    if "gear_id" in news:
        merged.pop("gear", None)  # the bike described there is no longer this ride's
    return merged


def _is_older(asked: datetime, row: Mapping[str, Any]) -> bool:
    """Whether what was asked at a moment is older than what the row holds."""
    return row["asked_at"] is not None and asked < row["asked_at"]


def _update(
    connection: Any,
    row: Mapping[str, Any],
    api: dict[str, Any],
    detailed: bool,
    cropped: bool,
    settings: Settings,
    asked: datetime,
) -> set[str]:
    """Write what Strava says now of a known activity; the months touched (it may move)."""
    start, month = row["start_time"], row["month"]
    if not row["imported"]:  # a recording's own clock is better: the API may hide the start
        start = start_time(api) or start
        month = month_of(start, settings)
    state, streams = row["state"], row["api_streams_state"]
    if state in ("gone", "expired"):
        landed = row["archive_file"] or (row["api_detailed"] and streams in ("stored", "absent"))
        state = "landed" if landed else "listed"
    if row["imported"] and not row["archive_file"] and api.get("manual") is True and streams == "none":
        streams = "absent"  # typed in by hand: there is nothing to read
    if (cropped and streams in ("stored", "absent")) or (
        streams == "absent" and has_positions(api) and not row["archive_file"]
    ):
        streams = "wanted"
    queries().set_activity_api(
        connection,
        id=row["id"],
        api=storable(api),
        detailed=detailed,
        start_time=start,
        visibility=visibility(api),
        month=month,
        state=state,
        streams_state=streams,
        asked_at=asked,
    )
    return {f"{row['month']:%Y-%m}", f"{month:%Y-%m}"}


def _unite(connection: Any, known: dict[int, dict[str, Any]], report: ListingReport) -> None:
    """One person, one row: an imported history that holds this account's activities is this athlete's."""
    others = {
        row["athlete_id"]
        for row in known.values()
        if row["athlete_id"] != report.athlete_id and row["owner_strava_id"] is None
    }
    for other in sorted(others)[:1]:
        queries().move_activities(connection, from_id=report.athlete_id, to_id=other)
        queries().move_connection(connection, from_id=report.athlete_id, to_id=other)
        for row in known.values():
            if row["athlete_id"] == report.athlete_id:
                row["athlete_id"] = other
        report.athlete_id = other
