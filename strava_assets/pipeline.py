"""Running the pipeline without a daemon: what ``materialize`` and the demo do.

What belongs here: which months, in which order, and what came of them. What does not: how a run begins
(``month_runs``), what an asset does. The runs are ordinary ones on the same instance; the UI shows them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from strava_assets.dagster_home import dagster_environment
from strava_assets.database.connection import queries
from strava_assets.errors import SettingsError
from strava_assets.installation import Installation
from strava_assets.month_runs import QUIET, RunReport, dagster_instance, quietly, run, runs
from strava_assets.requests import request_months

#: Empty months that one run goes over rather than end: cheaper than the next run's beginning.
_BRIDGE = 5
#: Months can ask for others, and these again, but only as long as new places turn up.
_ROUNDS = 5


@dataclass
class PipelineReport:
    """What a materialisation did."""

    months: int = 0
    runs: int = 0
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, said: RunReport) -> None:
        """Another run has ended."""
        self.runs += 1
        self.failures += said.failures
        self.warnings += said.warnings


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
    quietly(installation, dagster_environment(installation.settings))
    from strava_assets.assets.databases import chosen
    from strava_assets.partitions import ranges

    report = PipelineReport()
    wanted = months if months is not None else known_months(installation)
    # newest first: should the quota not do for all, the latest rides are there
    spans = ranges(wanted, bridge=_BRIDGE if months is None else 0)[::-1]
    done = 0
    with dagster_instance() as instance:
        for _ in range(_ROUNDS):
            if progress:
                progress(_named(spans[0]) if spans else "", done, done + len(spans) + 1)
            for span, said in runs(installation, instance, spans, force, _activities(installation, spans)):
                done += 1
                report.add(said)
                if progress:
                    progress(_named(span), done, done + len(spans) + 1)
            # a month may find a place to hide that an earlier one passes through
            spans = ranges(set(_asked_for(installation)) & set(wanted)) if not report.failures else []
            if not spans or report.warnings:
                break
        if progress:
            progress("the map", done, done + 1)
        report.add(run(instance, "publish", None, QUIET))
        if chosen():
            report.add(run(instance, "refresh_warehouse", None, QUIET))
        if progress:
            progress("done", done + 1, done + 1)
    report.months = len(wanted)
    return report


def _asked_for(installation: Installation) -> list[str]:
    with installation.database.transaction() as connection:
        return [row["month"] for row in queries().requested_months(connection, fresh_events=True)]


def _activities(installation: Installation, spans: list[tuple[str, str]]) -> int:
    with installation.database.transaction() as connection:
        counted = {row["month"]: row["activities"] for row in queries().months_with_activities(connection)}
    return sum(count for month, count in counted.items() if any(first <= month <= last for first, last in spans))


def _named(span: tuple[str, str]) -> str:
    first, last = span
    return first if first == last else f"{first} … {last}"


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
