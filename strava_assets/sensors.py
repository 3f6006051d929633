"""Dagster's word "sensor": what runs because something happened.

What belongs here: looking at rows and folders, and asking for runs. What does not: what an event means
(``strava.webhooks``), what a month needs (``assets``).
"""

import hashlib
import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from strava_assets import alerts, inbox, page
from strava_assets.database.connection import digest, queries
from strava_assets.jobs import cut_again, follow, import_inbox, ingest_months, publish, remove_revoked
from strava_assets.partitions import MONTHS_A_RUN, monthly, ranges
from strava_assets.publish import map_inputs
from strava_assets.purge import revoked_athletes
from strava_assets.requests import ZONES, request_if_made_otherwise, request_months
from strava_assets.resources import InstallationResource
from strava_assets.runs import finished_runs
from strava_assets.strava.account import (
    drain_events,
    events_requested,
    list_everyone,
    listen_for_events,
    months_of,
    newly_connected,
)
from strava_assets.strava.backlog import cost, next_months
from strava_assets.withdrawal import withdraw_hidden

_BUSY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
#: A tick listens this long for an event, seconds. Dagster begins one every five seconds at most: two of those, less
#: what a tick takes besides.
_LISTENS = 9.0
#: An event's month is run at once, with the map; of more months than this `requested_months` makes ranges.
_MONTHS_AT_ONCE = 4
#: Runs of the same months that may fail one after the other, in how long a time, before they are tried less often.
_TRIES = 3
_LATELY = timedelta(hours=6)
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_PRIORITY = "dagster/priority"
#: Which file of the inbox a run imports.
_INBOX = "strava_assets/inbox"
#: An event's run comes first, then any single month; runs of several months are below 0, newest first.
_OF_WHO_LEFT, _OF_AN_EVENT, _OF_A_ZONE, _OF_A_MONTH = "20", "10", "7", "5"
#: More months than anybody has: cutting them again is one run.
_ALL_MONTHS = 10_000
#: A run that failed is asked for again, but no sooner, seconds.
_AGAIN = 900


@dg.sensor(
    jobs=[follow, remove_revoked],
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Follows the account: stored webhook events become runs of the months that they touch, and the "
    "removal of whoever took access back.",
)
def webhook_events(installation: InstallationResource) -> dg.SensorResult | dg.SkipReason:
    """Drain pending events in order, coalesced by activity; one run a month. Who took access back is removed."""
    opened = installation.installation
    listen_for_events(opened.database, _LISTENS)
    report = drain_events(opened.settings, opened.database)
    gone = withdraw_hidden(opened)  # before anything else
    said = "; ".join(part for part in (str(report), str(gone)) if part)
    # asked for again every quarter of an hour, should the run that removes them fail
    removals = [
        dg.RunRequest(
            run_key=f"revoked:{athlete}:{int(time.time() // _AGAIN)}",
            job_name="remove_revoked",
            tags={_PRIORITY: _OF_WHO_LEFT},
        )
        for athlete in revoked_athletes(opened)
    ]
    # the drain has asked for the months, durably. Should this tick die before its runs are stored,
    # `requested_months` finds what was asked for
    events_requested(opened.database, report.handled)
    if len(report.months) > _MONTHS_AT_ONCE:  # a burst: better as ranges, and the map once after them
        request_months(opened.database, report.months, "many events")
        report.months = []
    wanted = _wanted(installation, fresh_events=True)
    runs = [
        dg.RunRequest(
            run_key=f"{month}:{wanted[month][0]}",
            job_name="follow",
            partition_key=month,
            tags={"strava_assets/events": said, _PRIORITY: _OF_AN_EVENT},
        )
        for month in report.months
        if month in wanted
    ]
    if not runs and not removals:
        return dg.SkipReason(said or "no event is pending")
    return dg.SensorResult(run_requests=[*removals, *runs])


@dg.sensor(
    job=ingest_months,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lists the account of whoever connected just now: the first sync. What is new is then read, newest "
    "first, by `requested_months`.",
)
def new_connections(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """List each new athlete once; where Strava did not let us, again after a quarter of an hour."""
    opened = installation.installation
    refused: dict[str, float] = json.loads(context.cursor or "{}")
    fresh = [who for who in newly_connected(opened.database) if refused.get(str(who), 0) <= time.time()]
    if not fresh:
        return dg.SkipReason("nobody connected")
    report = list_everyone(opened.settings, opened.database, None, None, only=fresh)
    gone = str(withdraw_hidden(opened))  # before anything else
    # all of them: what was public of somebody who took access back was withdrawn, and comes back
    request_months(opened.database, {*report.months, *months_of(opened.database, fresh)}, "connected")
    waiting = newly_connected(opened.database)
    cursor = json.dumps({str(who): time.time() + _AGAIN for who in waiting if who in fresh})
    return dg.SensorResult(
        skip_reason="; ".join(
            part
            for part in (
                f"{report.activities} activities listed with {report.reads} reads",
                gone,
                report.stopped or cost(opened.settings, opened.database),
            )
            if part
        ),
        cursor=cursor,
    )


@dg.sensor(
    jobs=[follow, ingest_months, cut_again],
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs the months that an import, a new zone, another setting or the reconcile asked for, those of an "
    "event whose own run never came to be, and those in which Strava still has something to tell, as the quota allows.",
)
def requested_months(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """One month as one short run with the map; neighbouring months as one run, newest first, and the map after them.

    Months that only a zone asked for are one run with the map, however many: what is withdrawn is to come back soon.
    """
    opened = installation.installation
    request_if_made_otherwise(opened.database, opened.settings)
    upcoming = next_months(opened.settings, opened.database, set(monthly.get_partition_keys()), MONTHS_A_RUN)
    request_months(opened.database, upcoming.months, "to be read")
    asked = _wanted(installation, fresh_events=False)
    busy = _being_made(context.instance) if asked else set()
    free = {month: asked[month] for month in asked if month not in busy}
    if not free:
        return dg.SkipReason(upcoming.waiting or ("a run is under way" if asked else "no month is asked for"))
    requests = _cut_again(context.instance, {m: count for m, (count, why) in free.items() if why == ZONES}, busy)
    wanted = {month: count for month, (count, why) in free.items() if why != ZONES}
    for first, last in reversed(ranges(wanted)):
        if first != last and _failed(context.instance, first, last) >= _TRIES:
            months = [month for month in wanted if first <= month <= last]  # one of them spoils it for the others
            requests += [_alone(context.instance, month, wanted[month]) for month in months]
        elif first == last:
            requests.append(_alone(context.instance, first, wanted[first]))
        else:
            count = sum(count for month, count in wanted.items() if first <= month <= last)
            key = f"{first}..{last}:{count}:{_try(_failed(context.instance, first, last))}"
            tags = {**dict(zip(_RANGE, (first, last), strict=True)), _PRIORITY: str(-_age(last))}
            requests.append(dg.RunRequest(run_key=key, job_name="ingest_months", tags=tags))
    return dg.SensorResult(run_requests=requests)


def _cut_again(instance: dg.DagsterInstance, months: dict[str, int], busy: set[str]) -> list[dg.RunRequest]:
    """Runs of months that have only to be cut again, and the map: one, unless others are at months in between."""
    requests = []
    for first, last in ranges(months, _ALL_MONTHS, bridge=0 if busy else _ALL_MONTHS):
        within = [month for month in months if first <= month <= last]
        failed = _failed(instance, first, last)
        if failed >= _TRIES and first != last:  # one of them spoils it for the others
            requests += [_alone(instance, month, months[month]) for month in within]
            continue
        asked = digest(repr([(month, months[month]) for month in within]))[:16]
        key = f"{ZONES}:{first}..{last}:{asked}:{_try(failed)}"
        span = {} if first == last else dict(zip(_RANGE, (first, last), strict=True))
        requests.append(
            dg.RunRequest(
                run_key=key,
                job_name="cut_again",
                partition_key=first if first == last else None,
                tags={**span, _PRIORITY: _OF_A_ZONE},
            )
        )
    return requests


def _alone(instance: dg.DagsterInstance, month: str, count: int) -> dg.RunRequest:
    """A run of one month, and the map."""
    key = f"{month}..{month}:{count}:{_try(_failed(instance, month, month))}"
    return dg.RunRequest(run_key=key, job_name="follow", partition_key=month, tags={_PRIORITY: _OF_A_MONTH})


def _failed(instance: dg.DagsterInstance, first: str, last: str) -> int:
    """Runs of just these months that failed, or were killed, within the last hours."""
    tags = {"dagster/partition": first} if first == last else dict(zip(_RANGE, (first, last), strict=True))
    return _failures(instance, tags=tags)


def _failures(instance: dg.DagsterInstance, **which: Any) -> int:
    since = datetime.fromtimestamp(time.time(), UTC) - _LATELY
    ended = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    return instance.get_runs_count(dg.RunsFilter(statuses=ended, created_after=since, **which))


def _try(failed: int) -> str:
    """Tells one attempt from the next, for a run key: one key is good for one run, also if that was killed.

    What fails is tried again at once, but after three times only once an hour. (A quarter of an hour also ends the
    life of a key whose run Dagster never told of.)
    """
    if failed >= _TRIES:
        return f"hour {int(time.time() // 3600)}"
    return f"{int(time.time() // _AGAIN)}:{failed}"


def _being_made(instance: dg.DagsterInstance) -> set[str]:
    """Months that a run is going through, or waits to: they are not asked for twice at a time."""
    found: set[str] = set()
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_BUSY)):
        first, last = (run.tags.get(name, run.tags.get("dagster/partition")) for name in _RANGE)
        if first and last:
            found |= {month for month in monthly.get_partition_keys() if first <= month <= last}
    return found


def _age(month: str) -> int:
    """How many months ago it was, at least one."""
    now = datetime.now(UTC)
    return max(1, (now.year - int(month[:4])) * 12 + now.month - int(month[5:]) + 1)


def _wanted(installation: InstallationResource, fresh_events: bool) -> dict[str, tuple[int, str]]:
    """Months asked for and not gone through yet, with the count of their requests and the reason."""
    with installation.installation.database.transaction() as connection:
        return {
            row["month"]: (row["wanted"], row["reason"])
            for row in queries().requested_months(connection, fresh_events=fresh_events)
        }


@dg.sensor(
    job=import_inbox,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Imports what is dropped into the folder `inbox`, once it has stopped growing: one file or folder at a "
    "time, in a run of its own. It moves to `inbox/done`, or to `inbox/failed` with the reason.",
)
def inbox_folder(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask for an import of the first that is as it was at the last tick."""
    folder = installation.installation.settings.inbox
    before: dict[str, str] = json.loads(context.cursor or "{}")
    there = inbox.waiting(folder)
    ready = inbox.complete(folder, before, there)
    cursor = json.dumps(there)
    busy = context.instance.get_runs(filters=dg.RunsFilter(job_name="import_inbox", statuses=_BUSY), limit=1)
    if not ready or busy:
        growing = f"{len(there)} in the inbox, not known to be complete" if there else "the inbox is empty"
        return dg.SensorResult(skip_reason="an import is under way" if busy else growing, cursor=cursor)
    # what failed several times does not keep the others waiting
    name = min(ready, key=lambda name: _failures(context.instance, tags={_INBOX: _digest(name)}))
    failed = _failures(context.instance, tags={_INBOX: _digest(name)})
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{_digest(f'{name} {there[name]}')}:{_try(failed)}",
                run_config=dg.RunConfig(ops={"take_in": {"config": {"name": name}}}),
                tags={_INBOX: _digest(name)},
            )
        ],
        cursor=cursor,
    )


def _digest(name: str) -> str:
    """A name in a form that a tag may have."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:16]


@dg.sensor(
    job=publish,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Builds the map once after any set of months, however they were run; and publishes the page again when "
    "another one is built or chosen.",
)
def publish_when_settled(
    context: dg.SensorEvaluationContext, installation: InstallationResource
) -> dg.SensorResult | dg.SkipReason:
    """Ask for the map when months were made since it was, and none is being made now."""
    months = context.instance.fetch_materializations(dg.AssetKey("trimmed_csvs"), limit=1).records
    newest = months[0].storage_id if months else 0
    made = context.instance.fetch_materializations(dg.AssetKey("activities_topojson"), limit=1).records
    # a run that was killed after it had written files never told of them
    behind = map_inputs.behind(installation.installation.database, installation.installation.settings.public_root)
    # another title, other tiles: what the owner chose in the settings, or an upgrade brought
    other_page = page.other_than_published(installation.installation)
    if newest <= (made[0].storage_id if made else 0) and not behind and not other_page:
        return dg.SkipReason("the map is as new as its months")
    if context.instance.get_runs(filters=dg.RunsFilter(statuses=_BUSY), limit=1):
        return dg.SkipReason("months are still being made")
    key = f"months:{newest}:{behind}:{other_page}:{_try(_failures(context.instance, job_name='publish'))}"
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=key, job_name="publish")])


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the owner by mail what went wrong (a run, an athlete's connection, events that wait, a "
    "withdrawal, reading from Strava) and when it works again. Asks for no run.",
)
def run_failure_alert(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Look at the runs that finished and at the database; one mail about what is new, if anything is."""
    opened = installation.installation
    if missing := alerts.missing(opened.settings):
        return dg.SensorResult(skip_reason=f"no mail is sent: {' and '.join(missing)} not set")
    now = datetime.now(UTC)
    runs, cursor = finished_runs(context.instance, context.cursor, now)
    return dg.SensorResult(skip_reason=alerts.watch(opened.settings, opened.database, runs, now), cursor=cursor)
