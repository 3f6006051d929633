"""Dagster's finished runs as plain values, for whoever knows nothing of Dagster (``alerts``).

What belongs here: reading runs off an instance. What does not: starting any (``pipeline``, ``sensors``), or
what a failure means.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

from strava_assets.alerts import Run
from strava_assets.partitions import check_months
from strava_assets.settings import LOCATION

#: Older runs are history.
LOOK_BACK = timedelta(days=1)
#: A run's end is written with its own time and can be seen later than a younger one's.
_OVERLAP = timedelta(minutes=2)
_AT_MOST = 500
#: Both go over the same months; the map, which only one of them makes, is told of by `publish` itself.
_BY_MONTH = ("ingest_months", "follow")
#: What went wrong, by the name of the error; their messages may quote the names of files and places.
_WHY = {
    "DatabaseUnavailable": "PostgreSQL did not answer",
    "StoreUnavailable": "a store could not be read or written",
    "DamagedTable": "a table is damaged",
    "GateRefused": "the gate refused what would have told of a private place; nothing of it was written",
    "SettingsError": "a setting is wrong",
    "DagsterAssetCheckFailedError": "a check that has to hold does not",
    "DagsterExecutionInterruptedError": "it was interrupted",
}


def finished_runs(instance: dg.DagsterInstance, cursor: str | None, now: datetime) -> tuple[list[Run], str]:
    """Runs that succeeded or failed since a cursor, the oldest first; and the next cursor.

    Parameters
    ----------
    instance : DagsterInstance
    cursor : str or None
        None begins a day ago.
    now : datetime
        Aware.

    Returns
    -------
    list of Run
        The last minutes' come again each time.
    str
    """
    since = max(datetime.fromisoformat(cursor) if cursor else now - LOOK_BACK, now - LOOK_BACK)
    records = instance.get_run_records(
        filters=dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE], updated_after=since - _OVERLAP
        ),
        limit=_AT_MOST,
        order_by="update_timestamp",
        ascending=True,
    )
    runs = [_run(instance, record) for record in records if _is_ours(record.dagster_run)]
    return sorted(runs, key=lambda run: run.ended_at), max(
        [since, *(record.update_timestamp for record in records)]
    ).isoformat()


def _is_ours(run: dg.DagsterRun) -> bool:
    """Not another code location's on the same instance; a run in this or a command's process has no origin."""
    origin = run.remote_job_origin
    return origin is None or origin.location_name == LOCATION


def _run(instance: dg.DagsterInstance, record: dg.RunRecord) -> Run:
    run = record.dagster_run
    job = run.job_name
    if job == IMPLICIT_ASSET_JOB_NAME:  # chosen by hand in the UI
        job = "+".join(sorted(key.to_user_string() for key in run.asset_selection or ()))
    return Run(
        id=run.run_id,
        job=job,
        partitions=_partitions(run.tags),
        ended_at=datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp,
        recovers=_BY_MONTH if job in _BY_MONTH else (job,),
        failure=_failure(instance, run.run_id) if run.status == dg.DagsterRunStatus.FAILURE else None,
    )


def _partitions(tags: Mapping[str, str]) -> tuple[str, ...]:
    first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
    if first and last:
        return tuple(check_months(f"{first}..{last}"))
    return (tags["dagster/partition"],) if "dagster/partition" in tags else ()


def _failure(instance: dg.DagsterInstance, run_id: str) -> str:
    """At which step, and why."""
    failed = instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.STEP_FAILURE).records
    if not failed:
        return ": its process ended, or never began"
    event: Any = failed[0].event_log_entry.dagster_event
    error = event.event_specific_data.error
    while error is not None and error.cls_name not in _WHY and error.cause is not None:
        error = error.cause
    return f" at {event.step_key}: " + _WHY.get(error.cls_name if error else "", "its page says why")
