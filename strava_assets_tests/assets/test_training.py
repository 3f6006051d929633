"""Training figures as Dagster makes them: with their months, after the map, and nobody's who is gone."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.month_runs import QUIET, dagster_instance, forced
from strava_assets.month_runs import run as run_job
from strava_assets.pipeline import materialize
from strava_assets.requests import request_if_made_otherwise
from strava_assets.tables import encode, key_of, months_of
from strava_assets.training import keeping, measures
from strava_assets.training.keeping import ALL, EFFORTS, LOAD
from strava_assets.training.schema import WHOLE
from strava_assets_tests.assets.conftest import public_files, run


def table(installation: Installation, name: str) -> pd.DataFrame:
    months = months_of(installation.store, name)
    return pa.concat_tables([months[month] for month in months]).to_pandas()


def versions(installation: Installation) -> dict[str, str]:
    return {
        key: version
        for name in (EFFORTS, LOAD, *WHOLE)
        for key, version in installation.store.versions(f"tables/{name}").items()
    }


def steps_of_the_newest_run() -> list[str]:
    """Names of the steps that ended well, in order."""
    with dg.DagsterInstance.get() as instance:
        newest = instance.get_runs(limit=1)[0].run_id
        events = instance.get_records_for_run(newest, of_type=dg.DagsterEventType.STEP_SUCCESS, ascending=True).records
        return [str(event.event_log_entry.dagster_event.step_key) for event in events]


def test_every_ride_has_its_load_and_the_heart_tells_of_it(history: Installation) -> None:
    run(history)
    loads = table(history, "training_loads")
    typed = table(history, "activities")
    assert sorted(loads["activity_id"]) == sorted(typed["activity_id"])
    assert set(loads["load_from"]) == {"heart rate"}  # the rides' files hold nothing else
    assert set(loads["highest_heartrate"]) == {130.0}
    days = table(history, "training_days")
    assert days["activities"].sum() == 12
    assert days["load"].sum() == pytest.approx(loads["load"].sum())
    assert table(history, "training_streaks").query("period == 'day'")["length"].tolist() == [1] * 12
    for name in WHOLE:
        assert list(months_of(history.store, name)) == [ALL]
    assert list(months_of(history.store, LOAD)) == list(months_of(history.store, "activities"))


def test_what_did_not_change_is_neither_measured_nor_written(history: Installation) -> None:
    run(history)
    before = versions(history)
    assert {key.split("/")[1] for key in before} == {EFFORTS, LOAD, *WHOLE}
    run(history)
    assert versions(history) == before
    with dg.DagsterInstance.get() as instance:
        (record,) = instance.fetch_materializations(dg.AssetKey("training_figures"), limit=1).records
        assert record.asset_materialization is not None
        assert record.asset_materialization.metadata["tables written"].value == 0
    run(history, force=True)
    after = versions(history)
    assert all(after[key] != before[key] for key in before if EFFORTS in key or LOAD in key)
    assert all(after[key] == before[key] for key in before if EFFORTS not in key and LOAD not in key)


def test_a_ride_that_is_gone_is_gone_from_every_table(history: Installation) -> None:
    run(history)
    (gone, *_), (day, *_) = (table(history, LOAD)[name].tolist() for name in ("activity_id", "day"))
    with history.database.transaction() as connection:
        connection.execute("update strava.activity set state = 'gone', revision = revision + 1 where id = %s", (gone,))
    run(history)
    for name in (LOAD, EFFORTS, "training_loads", "training_bests"):
        assert gone not in table(history, name)["activity_id"].tolist()
    assert table(history, "training_days")["activities"].sum() == 11
    assert day not in table(history, "training_streaks")["first"].tolist()


def test_a_damaged_month_is_measured_again(history: Installation) -> None:
    run(history)
    before = {name: table(history, name) for name in (EFFORTS, LOAD)}
    for name, month in ((EFFORTS, "2023-12"), (LOAD, "2024-01")):
        key = key_of(name, month)
        history.store.write(key, history.store.read(key)[:-20])
    said = materialize(history, ["2023-12"]).failures
    assert [line for line in said if "training_figures" in line and "materialize --months 2024-01 --force" in line]
    run(history, months=["2024-01"])
    for name, was in before.items():
        pd.testing.assert_frame_equal(table(history, name), was)


def test_months_of_an_earlier_versions_columns_are_left_out_until_they_are_measured_again(
    history: Installation,
) -> None:
    run(history)
    before = {name: table(history, name) for name in (LOAD, "training_loads")}
    months = months_of(history.store, LOAD)
    history.store.write(key_of(LOAD, "2023-12"), encode(months["2023-12"].drop(["work"])))
    run(history, months=["2024-01"])
    assert len(table(history, "training_loads")) == 12 - months["2023-12"].num_rows
    run(history, months=["2023-12"])
    for name, was in before.items():
        pd.testing.assert_frame_equal(table(history, name), was)


def test_they_come_after_the_map_and_their_failure_is_not_the_maps(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(history, months=["2023-11"])
    monkeypatch.setattr(keeping, "measure_month", _fail)
    with dagster_instance() as instance:
        report = run_job(instance, "follow", ("2023-12", "2023-12"), forced(False))
    assert report.failures == ["training_measures: the disk is full"]
    assert steps_of_the_newest_run()[-1] == "dashboard"
    rides = {"2023-11": 3, "2023-12": 3}
    assert sum(path.endswith(".csv") for path in public_files(history)) == sum(rides.values())
    monkeypatch.undo()
    with dagster_instance() as instance:
        assert run_job(instance, "follow", ("2023-12", "2023-12"), forced(False)).failures == []
    steps = steps_of_the_newest_run()
    assert steps[-1] == "training_measures"
    with dagster_instance() as instance:
        assert run_job(instance, "refresh_warehouse", None, QUIET).failures == []
    assert {"training_figures", "warehouse_activities"} <= set(steps_of_the_newest_run())
    assert len(table(history, "training_loads")) == sum(rides.values())


def _fail(*given: Any) -> Any:
    raise StoreUnavailable("the disk is full")


def test_a_process_that_dies_between_the_two_tables_leaves_a_month_to_measure_again(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(history)
    before = table(history, EFFORTS), table(history, LOAD)
    monkeypatch.setattr(measures, "VERSION", "next")
    write = type(history.store).write

    def dying(self: Any, key: str, *more: Any) -> None:
        if f"/{LOAD}/" in key:
            raise StoreUnavailable("the disk is full")
        write(self, key, *more)

    with monkeypatch.context() as patched:
        patched.setattr(type(history.store), "write", dying)
        assert materialize(history, ["2023-12"]).failures
    run(history, months=["2023-12"])
    made = months_of(history.store, LOAD)["2023-12"]
    assert all(mark.startswith("next|") for mark in made["fingerprint"].to_pylist())
    pd.testing.assert_frame_equal(table(history, EFFORTS), before[0])
    assert len(table(history, LOAD)) == len(before[1])


def test_an_upgrade_that_measures_otherwise_asks_for_every_month(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert request_if_made_otherwise(history.database, history.settings) == 0
    monkeypatch.setattr(measures, "VERSION", "next")
    assert request_if_made_otherwise(history.database, history.settings) == 4
