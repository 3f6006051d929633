"""Dagster's word "schedule": what runs by the clock.

What belongs here: when. What does not: what they do (``strava.account``, ``jobs``).
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from strava_assets.jobs import follow, forget_api_originals, refresh_warehouse, tidy_history, verify_public_root
from strava_assets.partitions import monthly
from strava_assets.requests import request_months
from strava_assets.resources import InstallationResource
from strava_assets.strava.account import list_everyone
from strava_assets.strava.backlog import cost
from strava_assets.strava.thresholds import read_thresholds
from strava_assets.withdrawal import withdraw_hidden


@dg.schedule(
    job=follow,
    cron_schedule="17 */6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    name="reconcile_with_strava",
    description="Lists every connected account and asks for the months in which something is missing, "
    "changed or gone: a webhook that never came heals by itself.",
)
def reconcile_with_strava(context: dg.ScheduleEvaluationContext, installation: InstallationResource) -> dg.SkipReason:
    """Find what is new and which months changed; the sensor ``requested_months`` runs them."""
    opened = installation.installation
    first = datetime.strptime(monthly.get_partition_keys()[0], "%Y-%m").replace(tzinfo=UTC)
    report = list_everyone(opened.settings, opened.database, first, datetime.now(UTC) + timedelta(days=1))
    gone = withdraw_hidden(opened)  # before anything else
    request_months(opened.database, report.months, "reconcile")
    read_thresholds(opened.settings, opened.database, opened.store)
    said = [
        f"{report.athletes} accounts listed with {report.reads} reads",
        f"{len(report.months)} months asked for again",
        str(gone),
        report.stopped or cost(opened.settings, opened.database),
    ]
    return dg.SkipReason("; ".join(part for part in said if part))


@dg.schedule(
    job=forget_api_originals,
    cron_schedule="20 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    name="forget_api_originals_daily",
    description="Deletes what the API told longer ago than STRAVA_ASSETS_API_RETENTION_DAYS, if that is set.",
)
def forget_api_originals_daily(
    context: dg.ScheduleEvaluationContext, installation: InstallationResource
) -> dg.RunRequest | dg.SkipReason:
    """A run a day where there is a bound, none where there is not."""
    if installation.installation.settings.api_retention_days is None:
        return dg.SkipReason("STRAVA_ASSETS_API_RETENTION_DAYS is not set: nothing is ever too old")
    return dg.RunRequest()


refresh_warehouse_regularly = dg.ScheduleDefinition(
    name="refresh_warehouse_regularly",
    description="Brings lake and warehouse up to date, half an hour after each reconcile: single rides do not wait for "
    "them on their way to the map.",
    job=refresh_warehouse,
    cron_schedule="47 */6 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

verify_daily = dg.ScheduleDefinition(
    name="verify_daily",
    description="Reads everything public again, once a day, and holds it against every invariant.",
    job=verify_public_root,
    cron_schedule="10 4 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)

tidy_dagster_history = dg.ScheduleDefinition(
    name="tidy_dagster_history",
    description="Forgets runs and events that are older than 60 days, so that Dagster's own history stays small.",
    job=tidy_history,
    cron_schedule="40 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
