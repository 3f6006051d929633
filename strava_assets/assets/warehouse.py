"""The warehouse: the whole history as tables for questions of one's own. Private.

What belongs here: ``lake_activities``, ``lake_samples``, ``warehouse_activities``. What does not: making them
(``warehouse``), anything public.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from strava_assets.assets.common import OWNERS, Redo, column_schema
from strava_assets.partitions import all_months
from strava_assets.publish.picture import as_markdown
from strava_assets.resources import InstallationResource
from strava_assets.warehouse import charts, duckdb, lake, upkeep

#: In a run with the map, the map comes first.
_AFTER_THE_MAP = {"dagster/priority": "-1"}
_TYPED = [dg.AssetDep(dg.AssetKey(name), partition_mapping=all_months) for name in ("activities", "activity_streams")]


@dg.multi_asset(
    name="lake",
    specs=[
        dg.AssetSpec(
            f"lake_{table.name}",
            group_name="warehouse",
            kinds={"parquet", "arrow"},
            owners=OWNERS,
            code_version=lake.VERSION,
            deps=_TYPED,
            metadata={"dagster/column_schema": column_schema(table.schema, table.notes)},
            description=f"GeoParquet 1.1 in the private store, a file a month; a row is {table.what}. Private.",
        )
        for table in lake.TABLES
    ],
    op_tags=_AFTER_THE_MAP,
)
def lake_files(config: Redo, installation: InstallationResource) -> Iterator[dg.MaterializeResult]:
    """Make the months anew whose typed tables moved on."""
    opened = installation.installation
    report = upkeep.refresh_lake(opened, force=config.force)
    for name, told in report.tables.items():
        yield dg.MaterializeResult(
            asset_key=f"lake_{name}",
            metadata={
                "dagster/row_count": told.rows,
                "months rewritten": told.rewritten,
                "months kept": told.kept,
                "months removed": told.removed,
                "bytes": told.bytes,
                "seconds, all tables": round(report.seconds, 3),
            },
        )


@dg.asset(
    group_name="warehouse",
    kinds={"duckdb"},
    owners=OWNERS,
    code_version=duckdb.VERSION,
    op_tags=_AFTER_THE_MAP,
    deps=[
        *(f"lake_{table.name}" for table in lake.TABLES),
        "training_figures",
        dg.AssetDep(dg.AssetKey("activity_efforts"), partition_mapping=all_months),
    ],
    description="One DuckDB file for questions of one's own: `strava_activities`, views over the lake's tracks and "
    "samples, and the named views of sql/warehouse. `strava-assets sql` asks it. Private.",
)
def warehouse_activities(installation: InstallationResource) -> dg.MaterializeResult:
    """Load the file anew, whole or not at all, if the lake moved on."""
    opened = installation.installation
    report = upkeep.load_warehouse(opened)
    path = duckdb.path_of(opened.settings)
    with duckdb.reading(opened.store, path) as connection:
        drawn = {
            "weeks": charts.bars_svg(
                charts.periods(connection, "iso_week_start", charts.WEEKS), "hours and average watts by week"
            ),
            "quarters": charts.bars_svg(
                charts.periods(connection, "quarter_start", charts.QUARTERS), "hours and average watts by quarter"
            ),
        }
    told: dict[str, Any] = {name: dg.MetadataValue.md(as_markdown(svg, name)) for name, svg in drawn.items()}
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": report.rows["strava_activities"],
            "file": dg.MetadataValue.path(path),
            "bytes": report.bytes,
            "loaded": report.loaded,
            "views": ", ".join(duckdb.views()),
            "seconds": round(report.seconds, 3),
            **told,
        }
    )
