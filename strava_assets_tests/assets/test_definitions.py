"""What Dagster loads: everything that CONTRACT names, from an empty environment, with nothing running."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg

from strava_assets.definitions import defs
from strava_assets.jobs import LAKE, WAREHOUSE
from strava_assets.partitions import check_months, monthly, ranges

ROOT = Path(__file__).parents[2]
FLOW = {
    "raw_activities": set(),
    "activities": {"raw_activities"},
    "activity_streams": {"raw_activities"},
    "privacy_zones": set(),
    "masked_geometries": {"activities", "activity_streams", "privacy_zones"},
    "trimmed_csvs": {"masked_geometries", "activity_streams"},
    "activities_topojson": {"masked_geometries", "trimmed_csvs"},
    "training_summaries": {"activities_topojson"},
    "dashboard": {"activities_topojson", "training_summaries"},
    "public_lake": {"activities_topojson"},
    "lake_activities": {"activities", "activity_streams"},
    "lake_samples": {"activities", "activity_streams"},
    "warehouse_activities": {"lake_activities", "lake_samples", "training_figures", "activity_efforts"},
    "activity_efforts": {"activities", "activity_streams"},
    "activity_load": {"activities", "activity_streams"},
    "training_figures": {"activity_efforts", "activity_load"},
}


def test_they_load_without_settings_database_or_network(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(ROOT / "workspace.yaml")],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All code locations passed validation" in done.stdout + done.stderr


def test_the_graph_is_the_flow() -> None:
    graph = defs.resolve_asset_graph()
    found = {
        key.path[-1]: {parent.path[-1] for parent in graph.get(key).parent_keys} for key in graph.get_all_asset_keys()
    }
    assert found == FLOW
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name != "default", key
        assert node.kinds, key
        assert node.owners, key
        assert node.code_version, key


def test_months_are_the_partitions() -> None:
    graph = defs.resolve_asset_graph()
    cut = {key.path[-1] for key in graph.get_all_asset_keys() if graph.get(key).partitions_def is not None}
    assert cut == {"raw_activities", "activities", "activity_streams", "masked_geometries", "trimmed_csvs",
                   "activity_efforts", "activity_load"}  # fmt: skip
    keys = monthly.get_partition_keys()
    assert keys[0] == "2005-01"
    assert len(keys[-1]) == 7
    assert check_months("2024-01..2024-03") == ["2024-01", "2024-02", "2024-03"]
    assert ranges(["2023-12", "2024-01", "2024-03"]) == [("2023-12", "2024-01"), ("2024-03", "2024-03")]
    assert ranges(["2023-12", "2024-03"], bridge=2) == [("2023-12", "2024-03")]
    assert len(ranges([f"2023-{n:02d}" for n in range(1, 13)] + ["2024-01"])) == 2
    for key in graph.get_all_asset_keys():
        if graph.get(key).partitions_def is not None:
            assert graph.get(key).backfill_policy == dg.BackfillPolicy.multi_run(12)


def test_what_contract_names_is_there() -> None:
    repository = defs.get_repository_def()
    assert {"ingest_months", "publish"} <= {job.name for job in repository.get_all_jobs()}
    assert {
        "webhook_events",
        "new_connections",
        "requested_months",
        "publish_when_settled",
        "inbox_folder",
        "run_failure_alert",
    } == {s.name for s in repository.sensor_defs}
    [reconcile] = [s for s in repository.schedule_defs if s.name == "reconcile_with_strava"]
    assert reconcile.cron_schedule == "17 */6 * * *"
    checks = {key.name: key for key in defs.resolve_asset_graph().asset_check_keys}
    assert {"keeps_clear_of_private_places", "public_root_keeps_the_invariants", "nothing_quarantined",
            "values_are_plausible", "everything_landed"} == set(checks)  # fmt: skip


def test_everything_public_is_read_again_after_the_map_but_not_for_one_ride() -> None:
    graph = defs.resolve_asset_graph()
    (check,) = (key for key in graph.asset_check_keys if key.name == "public_root_keeps_the_invariants")
    assert graph.get(check).blocking
    done_by = {
        job.name
        for job in defs.get_repository_def().get_all_jobs()
        if check in job.asset_layer.asset_graph.asset_check_keys and not job.name.startswith("__")
    }
    assert done_by == {"publish", "verify_public_root"}
    assert {key.path[-1] for key in assets_of("follow")} == FLOW.keys() - {"privacy_zones", *WAREHOUSE, *LAKE}
    assert assets_of("verify_public_root") == set()


def test_a_ride_does_not_wait_for_the_warehouse_which_is_current_after_every_reconcile() -> None:
    warehouse = set(WAREHOUSE)
    assert {key.path[-1] for key in assets_of("refresh_warehouse")} == warehouse | {*LAKE}
    assert warehouse < {key.path[-1] for key in assets_of("publish")}
    schedules = {one.name: one for one in defs.get_repository_def().schedule_defs}
    regular = schedules["refresh_warehouse_regularly"]
    assert regular.job_name == "refresh_warehouse"
    assert regular.default_status == dg.DefaultScheduleStatus.RUNNING
    assert str(regular.cron_schedule).split()[1:] == str(schedules["reconcile_with_strava"].cron_schedule).split()[1:]


def assets_of(job: str) -> set[dg.AssetKey]:
    return set(defs.resolve_job_def(job).asset_layer.executable_asset_keys)
