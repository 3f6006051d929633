"""Dagster's word "job": which assets are made together.

What belongs here: selections. What does not: when they run (``sensors``, ``schedules``).
"""

from typing import Any

import dagster as dg

from strava_assets import expiry, inbox, retention
from strava_assets.archive.quarantine import advice
from strava_assets.assets import databases
from strava_assets.checks import public_root_keeps_the_invariants
from strava_assets.database.connection import locate
from strava_assets.purge import purge_athlete, revoked_athletes
from strava_assets.resources import InstallationResource
from strava_assets.settings import load

#: Everything that is cut by months, in the flow's order.
MONTHLY = (
    "raw_activities",
    "activities",
    "activity_streams",
    "masked_geometries",
    "trimmed_csvs",
    "activity_efforts",
    "activity_load",
)
#: Everything public that is made once from all months.
WHOLE = ("activities_topojson", "training_summaries", "dashboard")
#: Where it is switched on, it comes with every map; else the jobs by the clock see to it that there is none.
LAKE = ("public_lake",)
WITH_EVERY_MAP = LAKE if load().public_lake else ()
#: Everything private that is made from all months: after any set of them, and by the clock; a ride's way is free of it.
WAREHOUSE = ("training_figures", "lake_activities", "lake_samples", "warehouse_activities")
#: And what the owner has beside it: only by the clock, and at the end of a materialisation that somebody asked for.
DATABASES = tuple(asset.key.to_user_string() for asset in databases.chosen())

#: Everything that depends on the zones.
CUT = ("masked_geometries", "trimmed_csvs", "activities_topojson", "training_summaries")

ingest_months = dg.define_asset_job(
    "ingest_months",
    selection=dg.AssetSelection.assets(*MONTHLY),
    description="Land, type, mask, trim and measure months. Nothing of an unchanged activity is done again.",
)

publish = dg.define_asset_job(
    "publish",
    selection=dg.AssetSelection.assets(*WHOLE, *LAKE, *WAREHOUSE),
    description="The map, the summaries and the index, from every masked month, and then the warehouse: once after any "
    "set of months.",
)

refresh_warehouse = dg.define_asset_job(
    "refresh_warehouse",
    selection=dg.AssetSelection.assets(*WAREHOUSE, *DATABASES, *LAKE),
    description="The lake, public and private, and what is loaded from it. Only months that changed are made again.",
)

_public_root = dg.AssetSelection.checks(public_root_keeps_the_invariants)

follow = dg.define_asset_job(
    "follow",
    # the gate proves what it writes; to read all that is public again for one ride would take longer than the ride
    selection=dg.AssetSelection.assets(*MONTHLY, *WHOLE, *WITH_EVERY_MAP) - _public_root,
    description="One month and the map in one run: the shortest way from an event to the public files.",
)

cut_again = dg.define_asset_job(
    "cut_again",
    selection=dg.AssetSelection.assets(
        "masked_geometries", "trimmed_csvs", "activities_topojson", "training_summaries", *WITH_EVERY_MAP
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


class InInbox(dg.Config):
    """Run config: which file or folder of the inbox."""

    name: str


#: Rejected files that a run names; all of them are in the import's own table.
_SHOWN = 20


@dg.op(description="Imports one file or folder of the inbox, and moves it to inbox/done or inbox/failed.")
def take_in(context: dg.OpExecutionContext, config: InInbox, installation: InstallationResource) -> dg.Output[int]:
    """Land it; its months are asked for with the last of it."""
    outcome = inbox.take_in(
        installation.installation, config.name, lambda: context.log.info("another import has to end first")
    )
    metadata: dict[str, Any] = {"moved to": str(outcome.moved_to or "nowhere: it grew meanwhile, and is taken again")}
    report = outcome.report
    if outcome.reason is not None:
        metadata["not imported"] = outcome.reason[:500]
    if report is not None:
        metadata |= {
            "import": report.import_id,
            "imported": report.imported,
            "updated": report.updated,
            "already there": report.already_there,
            "without a track": report.no_track,
            "quarantined": len(report.rejected),
            "months asked for": len(report.months),
        }
    if report is not None and report.rejected:
        metadata["quarantine"] = dg.MetadataValue.table(
            [
                dg.TableRecord({"file": name[:200], "why": reason[:200], "what to do": advice(reason)})
                for name, reason in report.rejected[:_SHOWN]
            ]
        )
    return dg.Output(report.imported + report.updated if report else 0, metadata=metadata)


@dg.job(description="Imports what was dropped into the inbox. Safe to stop and to repeat.")
def import_inbox() -> None:
    """Take in one file or folder."""
    take_in()
