"""Silver: typed tables, one row an activity and one row a sample. Private.

What belongs here: ``activities`` and ``activity_streams``. What does not: typing (``history``).
"""

import time
from typing import Any

import dagster as dg
import pyarrow as pa

from strava_assets.assets.common import BY_YEAR, OWNERS, Redo, column_schema, quarantine_table
from strava_assets.assets.landing import raw_activities
from strava_assets.database.connection import queries
from strava_assets.history import VERSION, implausible, typed_month
from strava_assets.partitions import first_day, monthly
from strava_assets.resources import InstallationResource
from strava_assets.schema import ACTIVITIES, STREAMS
from strava_assets.tables import encode, if_any, months_of

PLAUSIBLE = "values_are_plausible"
_NOTES = {
    "activity_id": "ours, not Strava's",
    "lat": "degrees, WGS 84",
    "lng": "degrees, WGS 84",
    "distance": "m",
    "time": "s since the start",
    "velocity_smooth": "m/s",
    "start_date": "local day",
    "sample": "the source's index",
}


@dg.multi_asset(
    partitions_def=monthly,
    backfill_policy=BY_YEAR,
    group_name="silver",
    name="typed_tables",
    outs={
        "activities": dg.AssetOut(
            io_manager_key="parquet",
            is_required=False,
            kinds={"parquet", "arrow"},
            owners=OWNERS,
            code_version=VERSION,
            description="One row an activity: names, sport, times and whole figures as the source has them. Private.",
            metadata={"dagster/column_schema": column_schema(ACTIVITIES, _NOTES)},
        ),
        "activity_streams": dg.AssetOut(
            io_manager_key="parquet",
            is_required=False,
            kinds={"parquet", "arrow"},
            owners=OWNERS,
            code_version=VERSION,
            description="One row a sample, in recorded order; a channel that the source lacks is null. Private.",
            metadata={"dagster/column_schema": column_schema(STREAMS, _NOTES)},
        ),
    },
    deps=[raw_activities],
    check_specs=[
        dg.AssetCheckSpec(
            PLAUSIBLE,
            asset="activity_streams",
            description="Every sample's values are ones that a body and a place can have.",
        )
    ],
)
def typed_tables(context: dg.AssetExecutionContext, config: Redo, installation: InstallationResource) -> Any:
    """Type what changed; keep what did not; quarantine what cannot be read."""
    opened = installation.installation
    with opened.database.transaction() as connection:
        gear: dict[int, dict[str, Any]] = {}
        for row in queries().gear_of_athletes(connection):
            gear.setdefault(row["athlete_id"], {})[row["id"]] = row
    activities: dict[str, pa.Table] = {}
    streams: dict[str, bytes] = {}
    odd: dict[str, dict[str, int]] = {}
    for month in context.partition_keys:
        began = time.perf_counter()
        with opened.database.transaction() as connection:
            landed = list(queries().landed_month(connection, month=first_day(month)))
        typed, samples = (
            months_of(opened.store, "activities", [month]),
            months_of(opened.store, "activity_streams", [month]),
        )
        rows = if_any(typed.read, month) if samples.is_whole(month) else None
        before = (rows, lambda samples=samples, month=month: samples[month]) if rows is not None else None
        result = typed_month(
            landed,
            gear,
            opened.store,
            import_visibility=opened.settings.import_visibility,
            before=before,
            force=config.force,
        )
        with opened.database.transaction() as connection:
            for activity, reason in result.problems.items():
                queries().set_error(connection, id=activity, error=reason, stage="silver")
            queries().clear_errors(connection, ids=result.readable, stage="silver")
        if result.activities is not None and result.streams is not None and (landed or before is not None):
            activities[month], streams[month] = result.activities, encode(result.streams)
            if counts := implausible(result.streams):
                odd[month] = counts
        seconds = round(time.perf_counter() - began, 3)
        table = activities.get(month, before[0] if before else None)
        context.add_asset_metadata(
            {
                "dagster/partition_row_count": table.num_rows if table is not None else 0,
                "read": result.read,
                "unchanged": result.reused,
                "seconds": seconds,
                **quarantine_table(opened, month),
            },
            asset_key="activities",
            partition_key=month,
        )
        context.add_asset_metadata(
            {
                "dagster/partition_row_count": sum(table.column("samples").to_pylist()) if table is not None else 0,
                "seconds": seconds,
            },
            asset_key="activity_streams",
            partition_key=month,
        )
    yield dg.Output(activities, "activities")
    yield dg.Output(streams, "activity_streams")
    yield dg.AssetCheckResult(
        check_name=PLAUSIBLE,
        asset_key="activity_streams",
        passed=not odd,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"months read": len(streams), "samples outside the plausible": dg.MetadataValue.json(odd)},
    )
