"""Dagster's word "job": which assets are made together.

What belongs here: selections. What does not: when they run (``sensors``, ``schedules``).
"""

import dagster as dg

from strava_assets import expiry, retention
from strava_assets.checks import public_root_keeps_the_invariants
from strava_assets.database.connection import locate
from strava_assets.purge import purge_athlete, revoked_athletes
from strava_assets.resources import InstallationResource
from strava_assets.settings import load

#: Everything that is cut by months, in the flow's order.
MONTHLY = ("raw_activities", "activities", "activity_streams", "masked_geometries", "trimmed_csvs")
#: Everything that is made once from all months.
WHOLE = ("activities_topojson", "training_summaries", "dashboard", "warehouse_activities")

#: Everything that depends on the zones.
CUT = ("masked_geometries", "trimmed_csvs", "activities_topojson", "training_summaries")

ingest_months = dg.define_asset_job(
    "ingest_months",
    selection=dg.AssetSelection.assets(*MONTHLY),
    description="Land, type, mask and trim months. Nothing of an unchanged activity is done again.",
)

publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(*WHOLE),
    description="The map, the summaries and the index, from every masked month: once after any set of months.",
)

_public_root = dg.AssetSelection.checks(public_root_keeps_the_invariants)

follow = dg.define_asset_job(
    "follow",
    # the gate proves what it writes; to read all that is public again for one ride would take longer than the ride
    selection=dg.AssetSelection.assets(*MONTHLY, *WHOLE) - _public_root,
    description="One month and the map in one run: the shortest way from an event to the public files.",
)

cut_again = dg.define_asset_job(
    "cut_again",
    selection=dg.AssetSelection.assets(
        "masked_geometries", "trimmed_csvs", "activities_topojson", "training_summaries"
    ),
    description="Months and the map after the zones changed: what was read and typed is cut again. Reads nothing from "
    "Strava.",
)

verify_public_root = dg.define_asset_job(
    "verify_public_root",
    selection=_public_root,
    description="Reads everything public again and holds it against every invariant, as `strava-assets verify` does.",
)

draw_zones = dg.define_asset_job(
    "draw_zones",
    selection=dg.AssetSelection.assets("privacy_zones"),
    description="The zones in force and the shapes cut for them.",
)


@dg.op(description="Removes, completely, whoever took access back at Strava.")
def remove_who_left(context: dg.OpExecutionContext, installation: InstallationResource) -> dg.Output[int]:
    """Purge athletes whose access is revoked now; somebody who connected again meanwhile stays."""
    opened = installation.installation
    reports = (purge_athlete(opened, athlete, only_revoked=True) for athlete in revoked_athletes(opened))
    removed = [str(report) for report in reports if report is not None]
    for line in removed:
        context.log.info(line)
    return dg.Output(len(removed), metadata={"removed": "; ".join(removed) or "nobody"})


@dg.job(description="Removes, completely, whoever took access back at Strava: public files first.")
def remove_revoked() -> None:
    """Purge revoked athletes."""
    remove_who_left()


@dg.op(description="Deletes what the API told longer ago than STRAVA_ASSETS_API_RETENTION_DAYS.")
def forget_what_is_old(context: dg.OpExecutionContext, installation: InstallationResource) -> dg.Output[int]:
    """Public files, originals and rows; the months' own runs make the tables anew."""
    report = expiry.forget_api_originals(installation.installation)
    context.log.info(str(report))
    return dg.Output(report.activities, metadata={"forgotten": str(report)})


@dg.job(
    description="Deletes what the API told longer ago than STRAVA_ASSETS_API_RETENTION_DAYS, with everything made "
    "from it; public files first. Does nothing where that is not set."
)
def forget_api_originals() -> None:
    """Keep the API's data no longer than the owner allows."""
    forget_what_is_old()


@dg.op(description="Forgets runs and events older than 60 days, less the newest materialisation of each partition.")
def forget_old_runs(context: dg.OpExecutionContext) -> None:
    """Keep Dagster's own history bounded."""
    forgotten = retention.forget_old_runs(locate(load()).dagster)
    context.log.info(f"{forgotten.events} events and {forgotten.runs} runs forgotten")


@dg.job(description="Keeps Dagster's own history bounded; run daily.")
def tidy_history() -> None:
    """Forget old runs."""
    forget_old_runs()
