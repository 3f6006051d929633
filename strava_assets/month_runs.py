"""Runs over ranges of months: one after the other, or several at a time in processes of their own.

What belongs here: beginning such a run outside the daemon, and what it said. What does not: which months, and in which
order (``pipeline``). A long history is worth a process for each core; each holds one run at a time, begins anew for
the next, and takes nothing along. Ctrl-C reaches all of them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from strava_assets.dagster_home import dagster_environment
from strava_assets.database.connection import one_line
from strava_assets.errors import DatabaseUnavailable, StravaAssetsError
from strava_assets.installation import Installation, open_installation
from strava_assets.processes import cores, deaf_to_ctrl_c, end_with_parent, forkserver
from strava_assets.settings import Settings

#: For fewer activities the beginning of a process costs more than it saves.
WORTH_PROCESSES = 500
#: Runs at a time, however many cores there are: each holds a year of somebody's samples, and connections.
MOST = 4
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
#: Seconds that an interrupted run has to say so.
_PATIENCE = 10.0
_INTERRUPTED = 130

Span = tuple[str, str]


@dataclass
class RunReport:
    """What a run said: why its steps failed, and what of its work is not finished; a line each."""

    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def runs(
    installation: Installation, instance: Any, spans: list[Span], force: bool, activities: int
) -> Iterator[tuple[Span, RunReport]]:
    """Run ``ingest_months`` over each range; the first begins first.

    A run that finds places to hide changes the zones, and what another one has on its way through the gate is refused:
    where that may be, they go one after the other.

    Parameters
    ----------
    installation : Installation
    instance : DagsterInstance
        For runs in this process.
    spans : list of (str, str)
        First and last month of each, ``YYYY-MM``.
    force : bool
        Do unchanged activities again.
    activities : int
        How many there are in all of them.

    Yields
    ------
    (str, str), RunReport
        As they end.

    Raises
    ------
    KeyboardInterrupt
        A run was interrupted.
    """
    from strava_assets.places import may_find_places

    worth = len(spans) > 1 and cores() > 1 and activities >= WORTH_PROCESSES
    if worth and not may_find_places(installation):
        spans = yield from _in_processes(installation.settings, spans, force)
    for span in spans:
        yield span, run(instance, "ingest_months", span, forced(force))


def run(instance: Any, job: str, span: Span | None, config: Mapping[str, Any]) -> RunReport:
    """One run in this process, over a range of months if one is named."""
    from strava_assets.definitions import defs

    kept: dict[str, Any] = {}
    if span is not None:
        first, last = span
        kept = {"partition_key": first} if first == last else {"tags": dict(zip(_RANGE, span, strict=True))}
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, raise_on_error=False, run_config=dict(config), **kept
    )
    return RunReport(_failures(result), _warnings(result))


def _in_processes(
    settings: Settings, spans: list[Span], force: bool
) -> Generator[tuple[Span, RunReport], None, list[Span]]:
    """What each run said; at last those that were not begun, as the system lets us have no process."""
    context, waiting = forkserver("strava_assets.warm"), deque(spans)
    environment = dagster_environment(settings)
    working: dict[Connection, tuple[Span, Any]] = {}
    try:
        while True:
            while waiting and len(working) < min(cores(), MOST):
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(theirs, settings, environment, waiting[0], force))
                try:
                    with deaf_to_ctrl_c():  # what all are forked from hears it else while it imports
                        process.start()
                except OSError:
                    break
                finally:
                    theirs.close()
                working[ours] = waiting.popleft(), process
            if not working:
                return [*waiting]
            told = wait(list(working))
            for line in [line for line in working if line in told]:
                span, process = working.pop(line)
                yield span, _said_by(process, line)
    finally:
        for _, process in working.values():
            process.terminate()
        for _, process in working.values():
            process.join(_PATIENCE)
            process.kill()


def _said_by(process: Any, line: Connection) -> RunReport:
    try:
        said = line.recv()
    except EOFError:
        said = None
    process.join()
    if process.exitcode == _INTERRUPTED:
        raise KeyboardInterrupt
    if isinstance(said, StravaAssetsError):
        raise said
    return said or RunReport([_without_a_word(process.exitcode)])


def _without_a_word(code: int) -> str:
    if code < 0:
        return f"its process was ended from outside ({code}): is there too little memory?"
    return f"its process broke off ({code}): that is a bug, and it wrote above where"


def _work(line: Connection, settings: Settings, environment: Mapping[str, str], span: Span, force: bool) -> None:
    """A process's whole life."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    end_with_parent()
    try:
        installation = open_installation(settings)
        quietly(installation, environment)
        with dagster_instance() as instance:
            line.send(run(instance, "ingest_months", span, forced(force)))
    except StravaAssetsError as error:
        line.send(error)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


@contextmanager
def dagster_instance() -> Iterator[Any]:
    """Dagster's instance in this process, as quiet as `quietly` makes us.

    Raises
    ------
    DatabaseUnavailable
        PostgreSQL died or was stopped while it was used.
    """
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef
    from sqlalchemy.exc import DBAPIError

    reference = InstanceRef.from_dir(os.environ["DAGSTER_HOME"], overrides=_QUIET_INSTANCE)
    try:
        with dg.DagsterInstance.from_ref(reference) as instance:
            # one connection kept, instead of a new one for each of a thousand queries
            instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=20)
            yield instance
    except DBAPIError as error:  # Dagster's own connection
        raise DatabaseUnavailable(
            f"PostgreSQL went away in the middle ({one_line(error.orig or error)}); "
            "what was done stays, materialize again"
        ) from error


def quietly(installation: Installation, environment: Mapping[str, str]) -> None:
    """Have runs of this process use an installation, and say nothing of themselves on the terminal."""
    from strava_assets import resources

    os.environ |= environment
    for name in ("dagster", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # it would tell of each of its tries; what comes of them is an error of our own
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    resources.use(installation)


#: The runs' own log is in the UI; a terminal shows progress, and failures by name.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: What a run prints goes to the terminal itself: the processes that would copy it there cry out at a Ctrl-C.
_QUIET_INSTANCE = {
    "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"}
}


def forced(force: bool) -> dict[str, Any]:
    return {
        **QUIET,
        "ops": {
            name: {"config": {"force": force}}
            for name in ("typed_tables", "masked_geometries", "trimmed_csvs", "training_measures")
        },
    }


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
