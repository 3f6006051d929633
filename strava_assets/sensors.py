"""Dagster's word "sensor": what runs because something happened.

What belongs here: looking at rows and folders, and asking for runs. What does not: what an event means
(``strava.webhooks``), what a month needs (``assets``).
"""

import json
import time
from datetime import UTC, datetime

import dagster as dg

from strava_assets import alerts
from strava_assets.database.connection import queries
from strava_assets.jobs import follow, ingest_months, publish, remove_revoked
from strava_assets.partitions import ranges
from strava_assets.purge import revoked_athletes
from strava_assets.requests import request_months
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
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


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
        dg.RunRequest(run_key=f"revoked:{athlete}:{int(time.time() // 900)}", job_name="remove_revoked")
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
            run_key=f"{month}:{wanted[month]}",
            job_name="follow",
            partition_key=month,
            tags={"strava_assets/events": said},
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
    description="Lists the account of whoever connected just now, and asks for all its months: the first sync.",
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
    cursor = json.dumps({str(who): time.time() + 900 for who in waiting if who in fresh})
    return dg.SensorResult(
        skip_reason=f"{report.activities} activities listed with {report.reads} reads; {len(report.months)} months "
        "asked for" + "".join(f"; {more}" for more in (gone, report.stopped) if more),
        cursor=cursor,
    )


@dg.sensor(
    jobs=[follow, ingest_months],
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Runs the months that an import, a new zone or the reconcile asked for, and those of an event "
    "whose own run never came to be.",
)
def requested_months(installation: InstallationResource) -> dg.SensorResult | dg.SkipReason:
    """One month as one short run with the map; neighbouring months as one run, and the map once after them."""
    wanted = _wanted(installation, fresh_events=False)
    if not wanted:
        return dg.SkipReason("no month is asked for")
    requests = []
    for first, last in ranges(wanted):
        key = f"{first}..{last}:{sum(count for month, count in wanted.items() if first <= month <= last)}"
        if first == last:
            requests.append(dg.RunRequest(run_key=key, job_name="follow", partition_key=first))
        else:
            tags = dict(zip(_RANGE, (first, last), strict=True))
            requests.append(dg.RunRequest(run_key=key, job_name="ingest_months", tags=tags))
    return dg.SensorResult(run_requests=requests)


def _wanted(installation: InstallationResource, fresh_events: bool) -> dict[str, int]:
    """Months asked for and not gone through yet, with the count of their requests."""
    with installation.installation.database.transaction() as connection:
        return {
            row["month"]: row["wanted"] for row in queries().requested_months(connection, fresh_events=fresh_events)
        }


@dg.sensor(
    job=publish,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Builds the map once after any set of months, however they were run.",
)
def publish_when_settled(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for the map when months were made since it was, and none is being made now."""
    months = context.instance.fetch_materializations(dg.AssetKey("trimmed_csvs"), limit=1).records
    newest = months[0].storage_id if months else 0
    made = context.instance.fetch_materializations(dg.AssetKey("activities_topojson"), limit=1).records
    seen = max(made[0].storage_id if made else 0, json.loads(context.cursor or "0"))
    if newest <= seen:
        return dg.SkipReason("the map is as new as its months")
    if context.instance.get_runs(filters=dg.RunsFilter(statuses=_BUSY), limit=1):
        return dg.SkipReason("months are still being made")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"months:{newest}", job_name="publish")], cursor=json.dumps(newest)
    )


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the owner by mail what went wrong (a run, an athlete's connection, events that wait) and "
    "when it works again. Asks for no run.",
)
def run_failure_alert(context: dg.SensorEvaluationContext, installation: InstallationResource) -> dg.SensorResult:
    """Look at the runs that finished and at the database; one mail about what is new, if anything is."""
    opened = installation.installation
    if missing := alerts.missing(opened.settings):
        return dg.SensorResult(skip_reason=f"no mail is sent: {' and '.join(missing)} not set")
    now = datetime.now(UTC)
    runs, cursor = finished_runs(context.instance, context.cursor, now)
    return dg.SensorResult(skip_reason=alerts.watch(opened.settings, opened.database, runs, now), cursor=cursor)
