"""A backfill of months, asked for as the UI asks: Dagster's daemon runs it, and the map follows by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from strava_assets.archive.importer import import_path
from strava_assets.installation import open_installation
from strava_assets.jobs import MONTHLY
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish.verify import verify
from strava_assets.stack import free_port, running, wait_until_up
from strava_assets_tests.end_to_end.outsider import Outsider
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.recordings import folder_of_rides

HOME = Place(7.6, 47.5)
LAUNCH = """mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  __typename ... on PartitionBackfill { status error { message } } } }"""
RUNS = """query($id: String!) { runsOrError(filter: {tags: [{key: "dagster/backfill", value: $id}]}) {
  ... on Runs { results { tags { key } } } } }"""
GRAPH = """{ assetNodes { assetKey { path } groupName kinds description dependencyKeys { path }
  assetMaterializations(limit: 1) { partition metadataEntries { label } } } }"""


@pytest.fixture
def dagster_ui(settings_of: Any, tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """The whole stack over twelve imported rides."""
    settings = settings_of(STRAVA_ASSETS_PORT=free_port(), STRAVA_ASSETS_DAGSTER_PORT=free_port())
    installation = open_installation(settings)
    zone_store.add(installation.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
    import_path(
        folder_of_rides(tmp_path / "rides", HOME),
        athlete="Ada",
        visibility="everyone",
        database=installation.database,
        store=installation.store,
        settings=settings,
        progress=None,
    )
    with installation.database.transaction() as connection:  # nobody asks for months but the test
        connection.execute("update strava.month_request set done = wanted")
    with running(settings) as stack:
        wait_until_up(stack.dagster_url, stack.child("webserver"), 120)
        yield installation, stack.dagster_url


def ask(url: str, query: str, **variables: Any) -> Any:
    answer = httpx.post(
        f"{url}/graphql", json={"query": query, "variables": variables}, timeout=60, trust_env=False
    ).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_a_range_of_months_is_backfilled_and_the_map_follows(dagster_ui: tuple[Any, str]) -> None:
    installation, url = dagster_ui
    months = ["2023-11", "2023-12", "2024-01"]
    began = ask(
        url, LAUNCH, params={"assetSelection": [{"path": [name]} for name in MONTHLY], "partitionNames": months}
    )
    assert "backfillId" in began["launchPartitionBackfill"], began
    backfill = began["launchPartitionBackfill"]["backfillId"]
    until = time.monotonic() + 240
    while time.monotonic() < until:
        status = ask(url, STATUS, id=backfill)["partitionBackfillOrError"]
        if status["status"].startswith("COMPLETED"):
            break
        time.sleep(1)
    assert status["status"] == "COMPLETED_SUCCESS", status
    # dagster.yaml keeps one slot free of runs with this tag
    runs = ask(url, RUNS, id=backfill)["runsOrError"]["results"]
    assert runs
    assert all("dagster/asset_partition_range_start" in {tag["key"] for tag in run["tags"]} for run in runs)
    root = Path(installation.settings.public_root)
    while time.monotonic() < until and not (root / "index.json").exists():
        time.sleep(0.5)
    stranger = Outsider(root, [((HOME.lon, HOME.lat), 120.0)])
    assert stranger.wrong == []
    with installation.database.transaction() as connection:
        wanted = connection.execute(
            "select count(*) as n from strava.activity where month = any(%s::date[])",
            ([f"{month}-01" for month in months],),
        ).fetchone()["n"]
    assert stranger.activities == wanted >= 6
    nodes = {node["assetKey"]["path"][-1]: node for node in ask(url, GRAPH)["assetNodes"]}
    assert {"masked_geometries", "activity_streams"} == {k["path"][-1] for k in nodes["trimmed_csvs"]["dependencyKeys"]}
    for name in MONTHLY:
        assert nodes[name]["description"], name
        assert nodes[name]["kinds"], name
        assert nodes[name]["assetMaterializations"][0]["partition"] in months, name
    assert "as published" in {
        entry["label"] for entry in nodes["masked_geometries"]["assetMaterializations"][0]["metadataEntries"]
    }
    until = time.monotonic() + 60
    while time.monotonic() < until and not (root / "index.html").exists():
        time.sleep(0.5)
    assert verify(installation.gate()).findings == []
    assert json.loads((root / "config.json").read_text())["schema"] == 1
