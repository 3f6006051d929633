"""The warehouse: typed tables for questions of one's own. Private.

What belongs here: ``warehouse_activities``. What does not: anything public.
"""

import time

import dagster as dg

from strava_assets.assets.common import OWNERS
from strava_assets.partitions import all_months
from strava_assets.resources import InstallationResource
from strava_assets.warehouse import load_activities


@dg.asset(
    group_name="warehouse",
    kinds={"duckdb"},
    owners=OWNERS,
    code_version="1",
    op_tags={"dagster/priority": "-1"},  # in a run with the map, the map comes first
    deps=[dg.AssetDep(dg.AssetKey("activities"), partition_mapping=all_months)],
    description="Every activity, whole, as one DuckDB table `strava_activities` for questions of one's own. Private.",
)
def warehouse_activities(installation: InstallationResource) -> dg.MaterializeResult:
    """Load the table anew, in one transaction."""
    began = time.perf_counter()
    opened = installation.installation
    path = opened.settings.home_path / "warehouse.duckdb"
    rows = load_activities(opened.store, path)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows,
            "file": dg.MetadataValue.path(path),
            "seconds": round(time.perf_counter() - began, 3),
        }
    )
