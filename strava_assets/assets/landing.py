"""Landing: what the sources said, untouched. The only stage that spends API quota.

What belongs here: ``raw_activities``. What does not: reading what landed (``silver``).
"""

from typing import Any

import dagster as dg

from strava_assets.assets.common import BY_YEAR, OWNERS, quarantine_table
from strava_assets.database.connection import queries
from strava_assets.partitions import first_day, monthly
from strava_assets.resources import InstallationResource
from strava_assets.strava.account import land
from strava_assets.strava.backlog import cost

LANDED = "everything_landed"


@dg.asset(
    partitions_def=monthly,
    backfill_policy=BY_YEAR,
    group_name="landing",
    kinds={"postgres", "json"},
    owners=OWNERS,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            LANDED,
            asset="raw_activities",
            description="Strava gave everything that was asked for. A warning: what landed goes on.",
        )
    ],
    description="What the API and the export said of a month's activities, untouched: JSON in PostgreSQL, recordings "
    "in the private store. Lists connected accounts and reads what is missing, at most two reads an "
    "activity; what an import landed is there already.",
)
def raw_activities(context: dg.AssetExecutionContext, installation: InstallationResource) -> dg.MaterializeResult:
    """Land the months of this run; each activity is committed at once, so a killed run goes on where it was. What
    Strava does not give now stays in the backlog, which ``requested_months`` goes on with."""
    opened = installation.installation
    months = list(context.partition_keys)
    report = land(opened.settings, opened.database, opened.store, months, log=context.log.info)
    still = cost(opened.settings, opened.database)
    for month in months:
        with opened.database.transaction() as connection:
            counts = queries().landed_counts(connection, month=first_day(month))
        context.add_asset_metadata(
            {
                "activities": counts["landed"],
                "from the API": counts["api"],
                "from files": counts["archive"],
                "not landed yet": counts["listed"],
                "API reads in this run": report.reads,
                "API reads to come": still,
                **quarantine_table(opened, month),
            },
            partition_key=month,
        )
    told: dict[str, Any] = {
        "landed": report.landed,
        "left for later": report.left,
        "API reads": report.reads,
        "to come": still,
        "athletes who must connect again": ", ".join(map(str, report.refused)) or "none",
    }
    if report.stopped is not None:
        told["why"] = str(report.stopped)
    if report.resume_at is not None:
        told["goes on at"] = report.resume_at.isoformat()
    return dg.MaterializeResult(
        check_results=[
            dg.AssetCheckResult(
                check_name=LANDED,
                passed=report.stopped is None,
                severity=dg.AssetCheckSeverity.WARN,
                description=str(report.stopped) if report.stopped else None,
                metadata=told,
            )
        ]
    )
