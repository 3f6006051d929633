"""A new zone over a history: what its months are asked for, and what that costs."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from strava_assets import sensors
from strava_assets.assets import public
from strava_assets.database.connection import queries
from strava_assets.definitions import defs
from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import taking_back
from strava_assets.publish.gate import Gate
from strava_assets.publish.paths import CSV_PATH
from strava_assets.publish.taking_back import withdraw_exposed
from strava_assets.publish.topojson_decoder import decode
from strava_assets.publish.verify import verify
from strava_assets.requests import ZONES, months_in_reach, request_months
from strava_assets.resources import InstallationResource
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.privacy.worlds import Place, circle


def draw_where_a_ride_passes(history: Installation) -> list[str]:
    """A new zone, as the command adds it; the months that it asks for."""
    (path,) = (path for path in history.gate().paths() if path.endswith("activities.topojson"))
    line = max((line for f in decode(history.gate().read(path)).features for line in f.lines), key=len)
    place = Place(*line[len(line) // 2])
    added = zone_store.add(history.database, [DrawnZone("", place.polygon(circle(100)))], expansion=100)
    months = months_in_reach(history.store, added)
    request_months(history.database, months, ZONES)
    return months


def tick(installation: Installation) -> list[dg.RunRequest]:
    with dg.DagsterInstance.get() as instance:
        context = dg.build_sensor_context(instance=instance)
        told = sensors.requested_months(context, installation=InstallationResource())
    return list(told.run_requests or []) if isinstance(told, dg.SensorResult) else []


def execute(request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    assert request.job_name is not None
    with dg.DagsterInstance.get() as instance:
        return defs.resolve_job_def(request.job_name).execute_in_process(
            instance=instance, tags=dict(request.tags), partition_key=request.partition_key, raise_on_error=False
        )


def asked_for(installation: Installation) -> dict[str, str]:
    with installation.database.transaction() as connection:
        return {row["month"]: row["reason"] for row in queries().requested_months(connection, fresh_events=True)}


def csvs(installation: Installation) -> set[str]:
    return {path for path in installation.gate().paths() if CSV_PATH.match(path)}


def activities_of(paths: set[str]) -> set[str]:
    return {found[2] for path in paths if (found := CSV_PATH.match(path))}


def test_its_months_are_cut_again_in_one_run_with_the_map_and_nothing_is_read(history: Installation) -> None:
    run(history)
    before = csvs(history)
    months = draw_where_a_ride_passes(history)
    withdrawn = withdraw_exposed(history.gate())
    assert withdrawn
    assert len(csvs(history)) == len(before) - len(withdrawn)
    assert verify(history.gate()).findings == []
    (request,) = tick(history)
    assert (request.job_name, len(months) > 0) == ("cut_again", True)
    done = execute(request)
    assert done.success
    made = {event.asset_key.path[-1] for event in done.get_asset_materialization_events() if event.asset_key}
    assert made == {"masked_geometries", "trimmed_csvs", "activities_topojson", "training_summaries"}
    assert asked_for(history) == {}
    assert csvs(history) == before
    assert verify(history.gate()).findings == []
    quick = public_files(history)
    run(history, force=True)  # and all of it together comes out the same
    assert public_files(history) == quick


def test_a_month_of_which_more_was_asked_for_is_not_done_by_cutting_it_again(history: Installation) -> None:
    run(history)
    request_months(history.database, ["2023-11"], "import")
    request_months(history.database, ["2023-10", "2023-11", "2023-12"], ZONES)
    assert asked_for(history) == {"2023-10": ZONES, "2023-11": "import", "2023-12": ZONES}
    jobs = {request.job_name: request for request in tick(history)}
    assert jobs.keys() == {"cut_again", "follow"}
    assert execute(jobs["cut_again"]).success  # which goes over the month between
    assert asked_for(history) == {"2023-11": "import"}
    assert execute(jobs["follow"]).success
    assert asked_for(history) == {}
    request_months(history.database, ["2023-11"], ZONES)
    request_months(history.database, ["2023-11"], "import")
    assert asked_for(history) == {"2023-11": "import"}


def test_one_month_is_a_run_of_one_month(history: Installation) -> None:
    run(history)
    request_months(history.database, ["2023-11"], ZONES)
    (request,) = tick(history)
    assert (request.job_name, request.partition_key) == ("cut_again", "2023-11")
    assert execute(request).success
    assert asked_for(history) == {}


def test_what_keeps_failing_is_done_month_by_month(history: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    run(history)
    request_months(history.database, ["2023-11", "2023-12"], ZONES)

    def fails(opened: Installation) -> Any:
        raise StoreUnavailable("cannot delete")

    monkeypatch.setattr(public, "withdraw_hidden", fails)
    keys = set()
    for _ in range(3):
        (request,) = tick(history)
        keys.add(request.run_key)
        assert not execute(request).success
    assert len(keys) == 3
    monkeypatch.setattr(public, "withdraw_hidden", withdraw_hidden)
    requests = tick(history)
    assert [request.partition_key for request in requests] == ["2023-11", "2023-12"]
    assert all(execute(request).success for request in requests)
    assert asked_for(history) == {}


def test_what_the_map_tells_of_is_gone_before_any_csv_is_read(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(history)
    draw_where_a_ride_passes(history)
    there: list[set[str]] = []
    read = taking_back._showing

    def looking(gate: Gate, *given: Any) -> set[str]:
        there.append(csvs(history))
        return read(gate, *given)

    before = csvs(history)
    monkeypatch.setattr(taking_back, "_showing", looking)
    withdrawn = withdraw_exposed(history.gate())
    assert withdrawn
    assert there
    assert activities_of(before - there[0]) == set(withdrawn)


def test_a_csv_that_no_map_tells_of_is_read(history: Installation) -> None:
    run(history)
    draw_where_a_ride_passes(history)
    gate = history.gate()
    gate.withdraw(path for path in gate.paths() if path.endswith((".topojson", ".json")))
    before = csvs(history)
    withdrawn = withdraw_exposed(history.gate())
    assert withdrawn
    assert activities_of(before - csvs(history)) == set(withdrawn)
