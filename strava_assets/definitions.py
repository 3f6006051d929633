"""What Dagster loads: every definition, put together; nothing else.

Loads without any settings, database or network: resources open what they need when a run asks.
"""

from __future__ import annotations

import dagster as dg

from strava_assets import checks, jobs, schedules, sensors
from strava_assets.assets import databases, landing, masked, public, silver, training, warehouse, zones
from strava_assets.io_managers import ParquetByMonth
from strava_assets.resources import InstallationResource

installation = InstallationResource()

defs = dg.Definitions(
    assets=[
        *dg.load_assets_from_modules([landing, silver, zones, masked, public, warehouse, training]),
        *databases.chosen(),
    ],
    asset_checks=dg.load_asset_checks_from_modules([checks]),
    jobs=[
        jobs.ingest_months,
        jobs.publish,
        jobs.follow,
        jobs.cut_again,
        jobs.refresh_warehouse,
        jobs.draw_zones,
        jobs.remove_revoked,
        jobs.forget_api_originals,
        jobs.verify_public_root,
        jobs.tidy_history,
        jobs.import_inbox,
    ],
    schedules=[
        schedules.reconcile_with_strava,
        schedules.refresh_warehouse_regularly,
        schedules.forget_api_originals_daily,
        schedules.verify_daily,
        schedules.tidy_dagster_history,
    ],
    sensors=[
        sensors.webhook_events,
        sensors.new_connections,
        sensors.requested_months,
        sensors.publish_when_settled,
        sensors.inbox_folder,
        sensors.run_failure_alert,
    ],
    resources={"installation": installation, "parquet": ParquetByMonth(installation=installation)},
    # one process a run: a step's own process would cost seconds of imports, and months are the units of work
    executor=dg.in_process_executor,
)
