"""Public: what leaves, through the gate, and nothing else does.

What belongs here: ``trimmed_csvs``, ``activities_topojson``, ``training_summaries``, ``dashboard``, ``public_lake``.
What does not: making the bytes, and judging them (``publish``).
"""

import time
from datetime import UTC, datetime

import dagster as dg
import pyarrow as pa

from strava_assets import page
from strava_assets.assets.common import BY_YEAR, OWNERS, Redo
from strava_assets.assets.masked import masked_geometries
from strava_assets.database.connection import queries
from strava_assets.partitions import all_months, first_day, monthly
from strava_assets.privacy import masked
from strava_assets.publish import csv_files, map_building, map_files, month_files
from strava_assets.publish import public_lake as lake
from strava_assets.resources import InstallationResource
from strava_assets.tables import Months, months_of
from strava_assets.withdrawal import withdraw_hidden


@dg.asset(
    partitions_def=monthly,
    backfill_policy=BY_YEAR,
    group_name="public",
    kinds={"csv"},
    owners=OWNERS,
    code_version=f"{csv_files.__name__}-{month_files.VERSION}",
    metadata={"dagster/column_schema": dg.TableSchema([dg.TableColumn(name) for name in csv_files.COLUMNS])},
    description="One CSV an activity: the visible samples, time and distance from 0 in each segment; speed and "
    "grade that no source has are computed, from them alone. Written through the gate, which reads the bytes "
    "again first.",
)
def trimmed_csvs(
    context: dg.AssetExecutionContext,
    config: Redo,
    installation: InstallationResource,
    masked_geometries: Months,
    activity_streams: Months,
) -> None:
    """Bring each month's CSVs up to date: new ones in, changed ones over, gone ones out."""
    opened = installation.installation
    withdraw_hidden(opened)  # before anything else
    gate = installation.gate()
    dropped = csv_files.column_choice(opened.settings.public_columns)
    record = context.instance.get_run_record_by_id(context.run_id)
    began_run = datetime.fromtimestamp(record.start_time, UTC) if record and record.start_time else datetime.now(UTC)
    for month in context.partition_keys:
        began = time.perf_counter()
        with opened.database.transaction() as connection:
            ids = opened.public_ids(queries().identities_of_month(connection, month=first_day(month)))
        known = {entry.activity_id: path for path, entry in gate.known().items() if entry.activity_id in ids}
        report = month_files.MonthReport()
        if month in masked_geometries or known:
            frame = masked_geometries.frame(month) if month in masked_geometries else masked.empty()

            def samples(wanted: list[int], month: str = month) -> pa.Table:
                return activity_streams.read(month, activities=wanted)

            report = month_files.publish_month(frame, samples, ids, known, gate, dropped, config.force)
        context.add_asset_metadata(
            {
                "dagster/partition_row_count": report.expected,
                "files written": report.gate.written,
                "files unchanged": report.gate.unchanged,
                "files withdrawn": report.gate.withdrawn,
                "hidden meanwhile": len(report.gate.barred),
                "bytes written": report.gate.bytes_written,
                "rows tested": report.gate.tested.rows,
                "seconds": round(time.perf_counter() - began, 3),
            },
            partition_key=month,
        )
    # what was hidden while its file was on its way out: whoever hid it may have looked before it was there
    withdraw_hidden(opened)
    landed = dg.AssetKey("raw_activities") in context.job_def.asset_layer.executable_asset_keys
    with opened.database.transaction() as connection:
        for month in context.partition_keys:
            queries().month_done(connection, month=first_day(month), began=began_run, landed=landed)


@dg.asset(
    group_name="public",
    kinds={"topojson", "json"},
    owners=OWNERS,
    code_version="1",
    deps=[
        dg.AssetDep(masked_geometries, partition_mapping=all_months),
        dg.AssetDep(trimmed_csvs, partition_mapping=all_months),
    ],
    description="One TopoJSON an athlete with every activity on the map, newest first, and the index of athletes. "
    "Only activities whose CSV is public are in it.",
)
def activities_topojson(context: dg.AssetExecutionContext, installation: InstallationResource) -> dg.MaterializeResult:
    """Build the map; what no month shows any more is swept away."""
    opened = installation.installation
    began = time.perf_counter()
    withdraw_hidden(opened)  # before anything else

    def identities() -> dict[int, tuple[str, str]]:
        with opened.database.transaction() as connection:
            return opened.public_ids(queries().identities(connection))

    built = map_building.build(
        installation.gate(),
        lambda: months_of(opened.store, "masked_geometries"),
        identities,
        with_strava_id=opened.settings.link_to_strava,
        dropped=csv_files.column_choice(opened.settings.public_columns),
    )
    withdraw_hidden(opened)  # what was hidden meanwhile is not on the map; nor is its CSV to be left
    report = built.report
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": report.activities,
            "athletes": report.athletes,
            "months read": built.months_read,
            "bytes": report.topojson_bytes,
            "files written": report.gate.written,
            "files unchanged": report.gate.unchanged,
            "vertices tested": report.gate.tested.vertices,
            "waiting for their CSV": len(report.waiting),
            "withdrawn at once": len(built.exposed),
            "swept away": built.swept,
            "seconds": round(time.perf_counter() - began, 3),
        }
    )


@dg.asset(
    group_name="public",
    kinds={"json"},
    owners=OWNERS,
    code_version="1",
    deps=[activities_topojson],
    description="Weekly and quarterly sums and averages by sport, added up from the published map and nothing else.",
)
def training_summaries(installation: InstallationResource) -> dg.MaterializeResult:
    """Write ``weekly.json`` and ``quarterly.json`` of every athlete."""
    report = map_files.publish_summaries(installation.gate())
    return dg.MaterializeResult(
        metadata={
            "files written": report.written,
            "files unchanged": report.unchanged,
            "bytes written": report.bytes_written,
        }
    )


@dg.asset(
    group_name="public",
    kinds={"parquet"},
    owners=OWNERS,
    code_version=lake.VERSION,
    op_tags={"dagster/priority": "-1"},  # the map comes first
    deps=[activities_topojson],
    description="The published map and CSVs once more as GeoParquet, made from their public bytes and nothing else; "
    "only where STRAVA_ASSETS_PUBLIC_LAKE is switched on.",
)
def public_lake(installation: InstallationResource) -> dg.MaterializeResult:
    """Bring its files up to date, or withdraw them."""
    opened = installation.installation
    began = time.perf_counter()
    report = lake.publish_lake(installation.gate(), opened.settings.public_lake)
    return dg.MaterializeResult(
        metadata={
            "switched on": opened.settings.public_lake,
            "files": report.files,
            "files written": report.gate.written,
            "files unchanged": report.gate.unchanged,
            "files withdrawn": report.gate.withdrawn,
            "bytes written": report.gate.bytes_written,
            "rows tested": report.gate.tested.rows,
            "seconds": round(time.perf_counter() - began, 3),
        }
    )


@dg.asset(
    group_name="public",
    kinds={"typescript"},
    owners=OWNERS,
    code_version="1",
    deps=[activities_topojson, training_summaries],
    description="The map that people look at: a static page and its config, beside the files that it reads.",
)
def dashboard(installation: InstallationResource) -> dg.MaterializeResult:
    """Publish the site's own files; ones of an older build are withdrawn."""
    opened = installation.installation
    gate = installation.gate()
    files = page.files(opened.settings)
    old = [path for path in gate.known() if path.startswith("assets/") and path not in files]
    report = gate.publish(files, withdraw=old, sceptical=True)
    return dg.MaterializeResult(
        metadata={
            "files": len(files),
            "files written": report.written,
            "bytes": sum(len(data) for data in files.values()),
            "address": dg.MetadataValue.url(opened.settings.base_url),
        }
    )
