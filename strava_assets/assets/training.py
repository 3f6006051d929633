"""Training figures: best efforts and loads of each activity, and what they come to. Private.

What belongs here: ``activity_efforts``, ``activity_load``, ``training_figures``. What does not: the figures
(``training``). In a run with the map they come after it.
"""

import time
from typing import Any

import dagster as dg
import pyarrow as pa

from strava_assets.assets.common import BY_YEAR, OWNERS, Redo, column_schema
from strava_assets.partitions import all_months, monthly
from strava_assets.resources import InstallationResource
from strava_assets.strava.thresholds import thresholds
from strava_assets.tables import months_of
from strava_assets.training import figures, keeping, measures
from strava_assets.training.schema import ACTIVITY_EFFORTS, ACTIVITY_LOAD, NOTES, WHOLE

#: After whatever else a run makes.
_LAST = {"dagster/priority": "-1"}


@dg.multi_asset(
    partitions_def=monthly,
    backfill_policy=BY_YEAR,
    group_name="warehouse",
    name="training_measures",
    op_tags=_LAST,
    outs={
        "activity_efforts": dg.AssetOut(
            io_manager_key="parquet",
            is_required=False,
            kinds={"parquet", "arrow"},
            owners=OWNERS,
            code_version=measures.VERSION,
            description="One row an activity and standard time (power, 5 s to 60 min) or distance (on foot, 400 m to "
            "marathon): its best effort. Private.",
            metadata={"dagster/column_schema": column_schema(ACTIVITY_EFFORTS, NOTES)},
        ),
        "activity_load": dg.AssetOut(
            io_manager_key="parquet",
            is_required=False,
            kinds={"parquet", "arrow"},
            owners=OWNERS,
            code_version=measures.VERSION,
            description="One row an activity: what its load is made of, from its own samples alone: normalized power, "
            "time at each heart rate. Private.",
            metadata={"dagster/column_schema": column_schema(ACTIVITY_LOAD, NOTES)},
        ),
    },
    deps=["activities", "activity_streams"],
)
def training_measures(context: dg.AssetExecutionContext, config: Redo, installation: InstallationResource) -> Any:
    """Measure what changed; keep what did not."""
    store = installation.installation.store
    efforts: dict[str, pa.Table] = {}
    load: dict[str, pa.Table] = {}
    for month in context.partition_keys:
        began = time.perf_counter()
        made = keeping.measure_month(store, month, config.force)
        if made is not None and made.efforts is not None and made.load is not None:
            efforts[month], load[month] = made.efforts, made.load
        context.add_asset_metadata(
            {
                "measured": made.measured if made else 0,
                "unchanged": made.reused if made else 0,
                "seconds": round(time.perf_counter() - began, 3),
            },
            asset_key="activity_load",
            partition_key=month,
        )
    # first what has no fingerprints: should the process die between the two, the month is measured again
    yield dg.Output(efforts, "activity_efforts")
    yield dg.Output(load, "activity_load")


@dg.asset(
    group_name="warehouse",
    kinds={"parquet", "pandas"},
    owners=OWNERS,
    code_version=figures.VERSION,
    op_tags=_LAST,
    deps=[
        dg.AssetDep(dg.AssetKey("activity_efforts"), partition_mapping=all_months),
        dg.AssetDep(dg.AssetKey("activity_load"), partition_mapping=all_months),
    ],
    metadata={name: column_schema(schema, NOTES) for name, schema in WHOLE.items()},
    description="What all activities come to: loads by the threshold of their day, fitness, fatigue and form of each "
    "day, records, Eddington numbers, streaks. Small tables of the private store. Private.",
)
def training_figures(installation: InstallationResource) -> dg.MaterializeResult:
    """Make every table anew; one that comes out the same is not written."""
    began = time.perf_counter()
    opened = installation.installation
    report = keeping.refresh_figures(
        opened.store, thresholds(opened.store, opened.athletes()), opened.settings.resting_heartrate
    )
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": report.rows["training_loads"],
            **{f"rows of {name}": rows for name, rows in report.rows.items()},
            "tables written": report.written,
            "months": len(months_of(opened.store, keeping.LOAD)),
            "seconds": round(time.perf_counter() - began, 3),
        }
    )
