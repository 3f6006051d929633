"""The warehouse in the owner's own databases: PostGIS and BigQuery, each where it is set. Private.

What belongs here: ``postgis_tables``, ``bigquery_tables``. What does not: bringing them up to date (``warehouse``).
"""

import dagster as dg

from strava_assets.assets.common import OWNERS, Redo
from strava_assets.partitions import all_months
from strava_assets.resources import InstallationResource
from strava_assets.settings import load
from strava_assets.warehouse import bigquery, postgis, upkeep


@dg.asset(
    group_name="warehouse",
    kinds={"postgres"},
    owners=OWNERS,
    code_version=postgis.VERSION,
    deps=[
        "lake_activities",
        "privacy_zones",
        dg.AssetDep(dg.AssetKey("masked_geometries"), partition_mapping=all_months),
    ],
    description="`strava_activities`, `strava_activities_masked` and `privacy_zones` in PostGIS, for QGIS. Places that "
    "were drawn there are taken in first. Private.",
)
def postgis_tables(installation: InstallationResource) -> dg.MaterializeResult:
    """Take in, then load; all tables together or none."""
    visit = upkeep.visit_postgis(installation.installation)
    loaded = {f"rows of {table}": count for table, count in visit.rows.items()}
    return dg.MaterializeResult(
        metadata={"places taken in": visit.taken_in, **loaded, "seconds": round(visit.seconds, 3)}
    )


@dg.asset(
    group_name="warehouse",
    kinds={"bigquery"},
    owners=OWNERS,
    code_version=bigquery.VERSION,
    deps=["lake_activities", "lake_samples"],
    description="The lake's tables in BigQuery, cut by month and clustered by sport; one load job replaces each whole. "
    "Private.",
)
def bigquery_tables(config: Redo, installation: InstallationResource) -> dg.MaterializeResult:
    """Load what moved on."""
    reports = upkeep.load_bigquery(installation.installation, force=config.force)
    told = [
        dg.TableRecord(
            {"table": each.table, "rows": each.rows, "loaded": each.loaded, "seconds": round(each.seconds, 1)}
        )
        for each in reports
    ]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(each.rows for each in reports),
            "tables": dg.MetadataValue.table(told),
            "jobs": ", ".join(each.job for each in reports if each.loaded),
        }
    )


def chosen() -> list[dg.AssetsDefinition]:
    """Those that the settings name: others are not in the graph."""
    settings = load()
    asked = {postgis_tables: settings.postgis_url is not None, bigquery_tables: bool(settings.bigquery_dataset)}
    return [asset for asset, wanted in asked.items() if wanted]
