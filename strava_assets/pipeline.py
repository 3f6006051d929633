"""Running the pipeline in this process, without a daemon: what ``materialize`` and the demo do.

What belongs here: which months, in which order, as which Dagster runs, and what they said. What does
not: what an asset does. The runs are ordinary ones on the same instance; the UI shows them.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import strava_assets
from strava_assets.database.connection import locate, one_line, queries
from strava_assets.errors import DatabaseUnavailable, SettingsError, StravaAssetsError
from strava_assets.installation import Installation
from strava_assets.requests import request_months
from strava_assets.settings import Settings

#: Empty months that one run goes over rather than end: cheaper than the next run's beginning.
_BRIDGE = 5
#: Months can ask for others, and these again, but only as long as new places turn up.
_ROUNDS = 5
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@dataclass
class PipelineReport:
    """What a materialisation did."""

    months: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def project_file(name: str) -> Path:
    """``dagster.yaml`` or ``workspace.yaml``: beside the package in a checkout, inside it when installed."""
    package = Path(strava_assets.__file__).parent
    for folder in (package.parent, package):
        if (folder / name).is_file():
            return folder / name
    raise SettingsError(f"the installation is incomplete: {name} is missing; install it again")


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Make Dagster's home and name its database; the variables that every Dagster process needs.

    Returns
    -------
    dict of str
        ``DAGSTER_HOME``, ``STRAVA_ASSETS_DAGSTER_URL`` and the settings as absolute paths.
    """
    home = settings.home_path / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project_file("dagster.yaml"), home / "dagster.yaml")
    return {
        "DAGSTER_HOME": str(home),
        "STRAVA_ASSETS_DAGSTER_URL": locate(settings).dagster_sqlalchemy,
        "STRAVA_ASSETS_HOME": str(settings.home_path),
        "DAGSTER_EVENT_BATCH_SIZE": "200",
        # listing ten years of an account, or what a reconcile finds, takes longer than the usual minute
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "600",
        "DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "600",
        # gRPC and telemetry say nothing that a user could act on
        "GRPC_VERBOSITY": "ERROR",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }


def materialize(
    installation: Installation,
    months: list[str] | None = None,
    *,
    force: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> PipelineReport:
    """Bring months and then the map up to date.

    Parameters
    ----------
    installation : Installation
    months : list of str, optional
        ``YYYY-MM``; all that hold an activity, after listing connected accounts, if left out.
    force : bool
        Do unchanged activities again.
    progress : callable, optional
        Called with a description, runs done and runs in all.

    Raises
    ------
    DatabaseUnavailable
        PostgreSQL died or was stopped.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        return _materialize(installation, months, force, progress)
    except DBAPIError as error:  # Dagster's own connection
        raise DatabaseUnavailable(
            f"PostgreSQL went away in the middle ({one_line(error.orig or error)}); "
            "what was done stays, materialize again"
        ) from error


def _materialize(
    installation: Installation,
    months: list[str] | None,
    force: bool,
    progress: Callable[[str, int, int], None] | None,
) -> PipelineReport:
    os.environ |= dagster_environment(installation.settings)
    for name in ("dagster", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # it would tell of each of its tries; what comes of them is an error of our own
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef

    from strava_assets import resources
    from strava_assets.definitions import defs
    from strava_assets.partitions import ranges

    resources.use(installation)
    report = PipelineReport()
    wanted = months if months is not None else known_months(installation)
    # newest first: should the quota not do for all, the latest rides are there
    spans = ranges(wanted, bridge=_BRIDGE if months is None else 0)[::-1]
    done = 0
    with dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=_QUIET_INSTANCE)
    ) as instance:
        # one connection kept, instead of a new one for each of a thousand queries
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=20)
        for _ in range(_ROUNDS):
            for first, last in spans:
                if progress:
                    progress(first if first == last else f"{first} … {last}", done, done + len(spans) + 1)
                result = defs.resolve_job_def("ingest_months").execute_in_process(
                    instance=instance,
                    raise_on_error=False,
                    run_config=_forced(force),
                    **(
                        {"partition_key": first}
                        if first == last
                        else {"tags": dict(zip(_RANGE, (first, last), strict=True))}
                    ),
                )
                done += 1
                report.runs += 1
                report.failures += _failures(result)
                report.warnings += _warnings(result)
            # a month may find a place to hide that an earlier one passes through
            spans = ranges(set(_asked_for(installation)) & set(wanted)) if not report.failures else []
            if not spans or report.warnings:
                break
        if progress:
            progress("the map", done, done + 1)
        result = defs.resolve_job_def("publish").execute_in_process(
            instance=instance, raise_on_error=False, run_config=_QUIET
        )
        report.runs += 1
        report.failures += _failures(result)
        report.warnings += _warnings(result)
        if progress:
            progress("done", done + 1, done + 1)
    report.months = len(wanted)
    return report


def _asked_for(installation: Installation) -> list[str]:
    with installation.database.transaction() as connection:
        return [row["month"] for row in queries().requested_months(connection, fresh_events=True)]


def known_months(installation: Installation) -> list[str]:
    """Months with an activity, or asked for, after listing every connected account once; within the partitions."""
    from strava_assets.partitions import monthly
    from strava_assets.strava.account import list_everyone
    from strava_assets.withdrawal import withdraw_hidden

    keys = monthly.get_partition_keys()
    found = list_everyone(
        installation.settings, installation.database, datetime.strptime(keys[0], "%Y-%m").replace(tzinfo=UTC), None
    )
    withdraw_hidden(installation)  # before anything else
    request_months(installation.database, found.months, "listed")
    with installation.database.transaction() as connection:
        known = {row["month"] for row in queries().months_with_activities(connection)}
    known |= set(_asked_for(installation))  # those that an activity has left, too
    return [key for key in keys if key in known]


#: The runs' own log is in the UI; a terminal shows progress, and failures by name.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: What a run prints goes to the terminal itself: the processes that would copy it there cry out at a Ctrl-C.
_QUIET_INSTANCE = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}


def _forced(force: bool) -> dict[str, Any]:
    return {
        **_QUIET,
        "ops": {name: {"config": {"force": force}} for name in ("typed_tables", "masked_geometries", "trimmed_csvs")},
    }


def sync(installation: Installation, since: str | None = None) -> list[str]:
    """List every connected account, ask for the months in which something changed, and say what is to be read.

    Parameters
    ----------
    installation : Installation
    since : str, optional
        ``YYYY-MM-DD``; from the beginning if left out.

    Returns
    -------
    list of str
        Lines for a person.

    Raises
    ------
    SettingsError
        ``since`` is no date.
    """
    from strava_assets.strava.account import list_everyone
    from strava_assets.strava.backlog import cost
    from strava_assets.withdrawal import withdraw_hidden

    try:
        after = datetime.fromisoformat(since).replace(tzinfo=UTC) if since else None
    except ValueError:
        raise SettingsError(f"--since {since!r} is no date like 2024-05-01") from None
    found = list_everyone(installation.settings, installation.database, after, None)
    gone = str(withdraw_hidden(installation))
    request_months(installation.database, found.months, "sync")
    lines = [
        f"{found.athletes} accounts, {found.activities} activities listed with {found.reads} reads: {found.new} new, "
        f"{found.changed} changed, {found.gone} gone; {len(found.months)} months asked for again",
        cost(installation.settings, installation.database),
    ]
    if gone:
        lines.append(gone)
    if found.stopped:
        lines.append(f"stopped early: {found.stopped}")
    return lines


def _warnings(result: Any) -> list[str]:
    """What Strava did not give: checks that tell of unfinished work."""
    return [
        evaluation.description
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.check_name == "everything_landed" and evaluation.description
    ]


def _failures(result: Any) -> list[str]:
    """One line for each failed step: the error that our own code raised, not Dagster's wrapping.

    Raises
    ------
    KeyboardInterrupt
        The run was interrupted: Dagster makes a failed step of that, and the next run would begin.
    """
    from dagster._core.execution.plan.objects import ErrorSource

    refused = [
        evaluation.description
        for evaluation in result.get_asset_check_evaluations()
        if not evaluation.passed and evaluation.blocking and evaluation.description
    ]
    lines = []
    for event in (
        result.get_step_failure_events()
        if hasattr(result, "get_step_failure_events")
        else [event for event in result.all_events if event.is_step_failure]
    ):
        failure = event.event_specific_data
        if failure.error_source is ErrorSource.INTERRUPT:
            raise KeyboardInterrupt
        checked = failure.error is not None and failure.error.cls_name == "DagsterAssetCheckFailedError"
        lines.append(f"{event.step_key}: {'; '.join(refused) if checked and refused else _said(failure.error)}")
    return lines


def _said(error: Any) -> str:
    """The first line of our own error in a chain; else of the one at its root."""
    names = {kind.__name__ for kind in _tree(StravaAssetsError)}
    while error is not None and error.cls_name not in names and error.cause is not None:
        error = error.cause
    if error is None:
        return "failed"
    text = (error.message.strip().splitlines() or ["?"])[0]
    return text.split(": ", 1)[1] if error.cls_name in names and ": " in text else text


def _tree(kind: type) -> set[type]:
    children: list[type] = kind.__subclasses__()
    return {kind}.union(*(_tree(child) for child in children))
