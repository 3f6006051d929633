"""What the API told is kept no longer than the owner allows, nor anything that was made from it."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from strava_assets import expiry, resources, schedules
from strava_assets.definitions import defs
from strava_assets.errors import StoreUnavailable
from strava_assets.expiry import forget_api_originals
from strava_assets.installation import Installation
from strava_assets.publish.verify import verify
from strava_assets.resources import InstallationResource
from strava_assets.stores import Store
from strava_assets.strava.account import drain_events, land, list_everyone
from strava_assets.strava.landing import land_activity
from strava_assets.tables import months_of
from strava_assets.training.keeping import EFFORTS, LOAD
from strava_assets.warehouse import duckdb
from strava_assets_tests.strava.accounts import imported
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import subscribe, tell

DAYS = 7
few = pytest.mark.parametrize("world", [{"activities": 9}], indirect=True)


@pytest.fixture
def bounded(zoned: World) -> World:
    """An owner who keeps the API's data for a week."""
    settings = zoned.settings.model_copy(update={"api_retention_days": DAYS})
    zoned.installation = Installation(settings, zoned.database, zoned.installation.store)
    return zoned


def land_everything(world: World) -> None:
    list_everyone(world.settings, world.database, None, None)
    months = [row["m"] for row in world.sql("select distinct to_char(month, 'YYYY-MM') as m from strava.activity")]
    land(world.settings, world.database, world.installation.store, months)


def grow_old(world: World, ids: list[int]) -> None:
    """Let more than the bound pass since these were read."""
    moved = "api_read_at = api_read_at - make_interval(days => %s), landed_at = landed_at - make_interval(days => %s)"
    world.sql(f"update strava.activity set {moved} where id = any(%s)", DAYS + 1, DAYS + 1, ids)


@few
def test_what_is_too_old_vanishes_everywhere_and_the_rest_is_as_if_it_had_never_been(bounded: World) -> None:
    list_everyone(bounded.settings, bounded.database, None, None)
    rows = bounded.sql("select id, strava_id, to_char(month, 'YYYY-MM') as month from strava.activity order by month")
    middle = rows[len(rows) // 2]["month"]
    old = [row for row in rows if row["month"] < middle]
    bounded.run(sorted({row["month"] for row in rows if row["month"] >= middle}))
    without = bounded.public_files()
    bounded.run()
    whole = bounded.public_files()
    assert len(whole) > len(without)
    numbers = [row["strava_id"] for row in old]
    ids = [row["id"] for row in old]

    grow_old(bounded, ids)
    report = forget_api_originals(bounded.installation)
    # at once: nothing of them is public, no original is left
    assert report.activities == len(old)
    assert report.public_files == sum(path.endswith(".csv") for path in whole.keys() - without.keys()) > 0
    assert {path for path in bounded.public_files() if path.endswith(".csv")} == {
        path for path in without if path.endswith(".csv")
    }
    with duckdb.reading(bounded.installation.store, duckdb.path_of(bounded.settings)) as connection:
        for table in ("strava_activities", "strava_tracks", "strava_samples"):
            there = connection.execute(f"select distinct activity_id from {table}").fetchall()
            assert there, table
            assert not set(ids) & {row[0] for row in there}, table
    assert not any(f"/{number}." in key for number in numbers for key in bounded.installation.store.keys("landing"))
    kept = bounded.sql("select * from strava.activity where id = any(%s)", ids)
    assert {(row["state"], row["api"], row["api_streams"]) for row in kept} == {("expired", None, None)}
    assert all(row["start_time"].strftime("%d %H:%M:%S") == "01 00:00:00" for row in kept), "the month, and no more"
    asked = bounded.sql("select to_char(month, 'YYYY-MM') as month from strava.month_request where wanted > done")
    assert {row["month"] for row in asked} == {row["month"] for row in old}

    # the runs that follow, and a listing that tells of them again
    again = list_everyone(bounded.settings, bounded.database, None, None)
    assert (again.new, again.changed, again.months) == (0, 0, [])
    bounded.run()
    assert bounded.public_files() == without
    assert verify(bounded.installation.gate()).findings == []
    for table in ("activities", "activity_streams", "masked_geometries", EFFORTS, LOAD, "training_loads"):
        months = months_of(bounded.installation.store, table)
        assert not {i for month in months for i in months[month].column("activity_id").to_pylist()} & set(ids)
    assert forget_api_originals(bounded.installation).activities == 0

    # an event is a word of today's
    subscribe(bounded)
    for number in numbers:
        tell(bounded, "update", number)
    report_of_events = drain_events(bounded.settings, bounded.database)
    bounded.run(report_of_events.months)
    assert bounded.public_files() == whole


@few
def test_a_ride_of_an_export_stays_and_stays_as_private_as_strava_said(bounded: World) -> None:
    summary = next(item for item in bounded.client().activities() if item["visibility"] == "everyone")
    bounded.control("hide", id=summary["id"])
    number = imported(bounded, summary, bounded.athlete_id)
    land_everything(bounded)
    grow_old(bounded, [number])
    assert forget_api_originals(bounded.installation).activities == 1
    (row,) = bounded.sql("select * from strava.activity where id = %s", number)
    assert (row["api"], row["state"], row["visibility"]) == (None, "landed", "only_me")
    assert row["archive"] == {"name": "from the export"}
    assert row["start_time"].isoformat()[:19] == summary["start_date"][:19]
    # who may see it is followed, and nothing else comes back
    bounded.control("show", id=summary["id"], visibility="followers_only")
    found = list_everyone(bounded.settings, bounded.database, None, None)
    (row,) = bounded.sql("select * from strava.activity where id = %s", number)
    assert (row["api"], row["visibility"]) == (None, "followers_only")
    assert (found.changed, found.months) == (1, [f"{row['month']:%Y-%m}"])


@few
def test_what_a_listing_tells_whole_is_as_fresh_as_the_listing(bounded: World) -> None:
    list_everyone(bounded.settings, bounded.database, None, None)
    ids = [row["id"] for row in bounded.sql("select id from strava.activity")]
    grow_old(bounded, ids)
    list_everyone(bounded.settings, bounded.database, None, None)
    assert forget_api_originals(bounded.installation).activities == 0


@few
def test_what_a_killed_call_left_goes_with_the_next(bounded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    land_everything(bounded)
    ids = [row["id"] for row in bounded.sql("select id from strava.activity")]
    store = bounded.installation.store
    there = len(store.keys("landing/api"))
    assert there > 0
    grow_old(bounded, ids)

    def fails(self: Store, key: str) -> None:
        raise StoreUnavailable("cannot delete it")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", fails)
        with pytest.raises(StoreUnavailable):
            forget_api_originals(bounded.installation)
    assert len(store.keys("landing/api")) == there
    assert forget_api_originals(bounded.installation).originals == there
    assert store.keys("landing/api") == []


@few
def test_a_landing_that_was_under_way_brings_nothing_back(bounded: World) -> None:
    list_everyone(bounded.settings, bounded.database, None, None)
    query = "select * from strava.to_land order by start_time desc limit 1"
    (row,) = bounded.sql(query)
    grow_old(bounded, [row["id"]])
    forget_api_originals(bounded.installation)
    store = bounded.installation.store
    assert land_activity(bounded.database, store, bounded.client(), row, bounded.settings) == "landed"
    (after,) = bounded.sql("select state, api from strava.activity where id = %s", row["id"])
    assert after == {"state": "expired", "api": None}
    forget_api_originals(bounded.installation)
    assert store.keys("landing/api") == []


@few
def test_bikes_are_forgotten_with_the_last_ride_that_names_them(bounded: World) -> None:
    land_everything(bounded)
    bounded.sql("update strava.gear set fetched_at = fetched_at - interval '9 days'")
    gear = bounded.sql("select id from strava.gear order by id")
    assert gear
    forget_api_originals(bounded.installation)
    assert bounded.sql("select id from strava.gear order by id") == gear
    grow_old(bounded, [row["id"] for row in bounded.sql("select id from strava.activity")])
    forget_api_originals(bounded.installation)
    assert bounded.sql("select id from strava.gear") == []


@few
def test_the_job_runs_daily_where_there_is_a_bound_and_never_where_there_is_none(bounded: World) -> None:
    land_everything(bounded)
    ids = [row["id"] for row in bounded.sql("select id from strava.activity")]
    grow_old(bounded, ids)

    def tick() -> Any:
        return schedules.forget_api_originals_daily(dg.build_schedule_context(), installation=InstallationResource())

    def forgotten() -> int:
        with dg.DagsterInstance.ephemeral() as instance:
            done = defs.resolve_job_def("forget_api_originals").execute_in_process(instance=instance)
        return int(done.output_for_node("forget_what_is_old"))

    unbounded = bounded.settings.model_copy(update={"api_retention_days": None})
    resources.use(Installation(unbounded, bounded.database, bounded.installation.store))
    assert isinstance(tick(), dg.SkipReason)
    assert forgotten() == 0
    resources.use(bounded.installation)
    assert isinstance(tick(), dg.RunRequest)
    assert forgotten() == len(ids)


@few
def test_killed_after_forgetting_the_tables_are_made_anew_nevertheless(
    bounded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded.run()
    grow_old(bounded, [row["id"] for row in bounded.sql("select id from strava.activity")])

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(expiry, "remove_streams", killed)
        with pytest.raises(KeyboardInterrupt):
            forget_api_originals(bounded.installation)
    assert bounded.sql("select 1 from strava.month_request where wanted > done")


@few
def test_what_was_deleted_at_strava_is_missed_though_its_api_part_was_forgotten(bounded: World) -> None:
    summary = next(item for item in bounded.client().activities() if item["visibility"] == "everyone")
    number = imported(bounded, summary, bounded.athlete_id)
    list_everyone(bounded.settings, bounded.database, None, None)
    bounded.sql("update strava.activity set listed_at = now() - interval '9 days'")
    grow_old(bounded, [number])
    forget_api_originals(bounded.installation)
    bounded.control("delete", id=summary["id"])
    list_everyone(bounded.settings, bounded.database, None, None)
    assert bounded.sql("select state from strava.activity where id = %s", number) == [{"state": "gone"}]
