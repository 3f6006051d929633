"""Lake and warehouse as Dagster's assets: made with the map, told of in the UI, and without whoever is gone."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from strava_assets.dagster_home import dagster_environment
from strava_assets.definitions import defs
from strava_assets.installation import Installation
from strava_assets.month_runs import quietly
from strava_assets.publish.verify import verify
from strava_assets.purge import find_athlete, purge_athlete
from strava_assets.undo import undo_import
from strava_assets.warehouse import duckdb, lake_files, upkeep
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.recordings import folder_of_rides
from strava_assets_tests.warehouse.recomputed import assert_same_figures


def ask(installation: Installation, question: str) -> Any:
    with duckdb.reading(installation.store, duckdb.path_of(installation.settings)) as connection:
        found = connection.execute(question).fetchone()
        assert found is not None
        return found[0]


def everywhere(installation: Installation, column: str) -> set[int]:
    """What the lake's files and the DuckDB file have of a column."""
    found = set(ask(installation, f"select list(distinct {column}) from strava_activities") or [])
    for key in installation.store.keys("lake"):
        if key.endswith(".parquet"):
            found |= set(pq.ParquetFile(installation.store.path(key)).read([column])[column].to_pylist())
    return found


def told(asset: str) -> dict[str, Any]:
    with dg.DagsterInstance.get() as instance:
        (record,) = instance.fetch_materializations(dg.AssetKey(asset), limit=1).records
    assert record.asset_materialization is not None
    return {name: value.value for name, value in record.asset_materialization.metadata.items()}


def test_it_is_made_with_the_map_and_tells_of_itself(history: Installation) -> None:
    run(history)
    with duckdb.reading(history.store, duckdb.path_of(history.settings)) as connection:
        assert assert_same_figures(connection, history.store) >= 10
    assert ask(history, "select count(*) from strava_activities") == 12
    lake = told("lake_activities")
    months = lake["months rewritten"]
    assert (lake["dagster/row_count"], lake["months kept"], lake["months removed"]) == (12, 0, 0)
    assert told("lake_samples")["dagster/row_count"] == ask(history, "select count(*) from strava_samples")
    warehouse = told("warehouse_activities")
    assert warehouse["dagster/row_count"] == 12
    for name in ("weeks", "quarters"):
        (picture,) = re.findall(r"^!\[\w+\]\(data:image/svg\+xml;base64,([\w+/=]+)\)$", warehouse[name])
        assert base64.b64decode(picture).startswith(b"<svg ")
        assert len(picture) < 20_000
    run(history)  # nothing moved on
    lake, warehouse = told("lake_activities"), told("warehouse_activities")
    assert (lake["months rewritten"], lake["months kept"]) == (0, months)
    assert warehouse["loaded"] is False


def test_the_refresh_alone_follows_a_ride(history: Installation, bring_in: Callable[..., Any], tmp_path: Path) -> None:
    run(history)
    with dg.DagsterInstance.get() as instance:
        bring_in(history, folder_of_rides(tmp_path / "more", Place(8.9, 46.2), 1))
        done = defs.resolve_job_def("follow").execute_in_process(instance=instance, partition_key="2023-11")
        assert done.success
        assert ask(history, "select count(*) from strava_activities") == 12
        assert not upkeep.is_current(history)
        assert defs.resolve_job_def("refresh_warehouse").execute_in_process(instance=instance).success
    assert ask(history, "select count(*) from strava_activities") == 13
    assert told("lake_samples")["months rewritten"] == 1
    assert upkeep.is_current(history)


def test_who_is_removed_is_in_neither(history: Installation, bring_in: Callable[..., Any], tmp_path: Path) -> None:
    bring_in(history, folder_of_rides(tmp_path / "ben", Place(8.9, 46.2), 4), athlete="Ben")
    run(history)
    ben = find_athlete(history, "ben")
    assert ben in everywhere(history, "athlete_id")
    purge_athlete(history, ben)
    assert everywhere(history, "athlete_id") == {find_athlete(history, "ada")}
    assert ask(history, "select count(*) from strava_activities") == 12
    assert upkeep.is_current(history)


def test_an_import_that_is_taken_back_is_in_neither_before_any_run(
    history: Installation, bring_in: Callable[..., Any], tmp_path: Path
) -> None:
    bring_in(history, folder_of_rides(tmp_path / "more", Place(8.9, 46.2), 3))
    run(history)
    assert ask(history, "select count(*) from strava_activities") == 15
    undo_import(history)
    assert ask(history, "select count(*) from strava_activities") == 12
    assert len(everywhere(history, "activity_id")) == 12


def test_where_there_is_no_warehouse_none_is_made(history: Installation) -> None:
    undo_import(history)
    assert not lake_files.exists(history.store)
    assert not duckdb.path_of(history.settings).exists()


def test_a_load_that_fails_fails_its_run_and_leaves_the_old_one(
    history: Installation, monkeypatch: pytest.MonkeyPatch, bring_in: Callable[..., Any], tmp_path: Path
) -> None:
    run(history)
    bring_in(history, folder_of_rides(tmp_path / "more", Place(8.9, 46.2), 1))
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).suffix == ".duckdb":
            raise OSError(28, os.strerror(28))
        replace(source, target)

    from strava_assets.pipeline import materialize

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        failures = materialize(history).failures
    assert any("No space left on device" in failure for failure in failures)
    assert ask(history, "select count(*) from strava_activities") == 12
    run(history)
    assert ask(history, "select count(*) from strava_activities") == 13


def test_the_public_lake_comes_with_the_map_where_it_is_switched_on(history: Installation) -> None:
    run(history)
    assert not any("lake" in path for path in public_files(history))
    without = public_files(history)
    switched_on = Installation(
        history.settings.model_copy(update={"public_lake": True}), history.database, history.store
    )
    run(switched_on)
    lake = {path: data for path, data in public_files(history).items() if "/lake/" in path}
    assert {path.split("/")[2] for path in lake} == {"activities", "samples"}
    assert public_files(history) == without | lake
    assert verify(history.gate()).findings == []
    run(switched_on, force=True)
    assert public_files(history) == without | lake  # I12
    purge_athlete(switched_on, find_athlete(history, "ada"))
    assert not any("lake" in path for path in public_files(history))
    run(history)
    assert told("public_lake")["files"] == 0


def test_the_public_lake_is_withdrawn_by_the_clock_once_it_is_switched_off(history: Installation) -> None:
    run(Installation(history.settings.model_copy(update={"public_lake": True}), history.database, history.store))
    assert any("/lake/" in path for path in public_files(history))
    quietly(history, dagster_environment(history.settings))
    with dg.DagsterInstance.get() as instance:
        assert defs.resolve_job_def("refresh_warehouse").execute_in_process(instance=instance).success
    assert not any("lake" in path for path in public_files(history))
    assert verify(history.gate()).findings == []
