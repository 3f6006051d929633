"""Whatever happens at Strava, in whatever order it is told: the public files are those of what is so at the end."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from strava_assets import purge, resources, schedules, sensors
from strava_assets.installation import open_installation
from strava_assets.pipeline import sync
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.publish import map_files, month_files
from strava_assets.publish.verify import verify
from strava_assets.purge import purge_athlete
from strava_assets.resources import InstallationResource
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import serve
from strava_assets.strava.account import newly_connected
from strava_assets.tables import months_of
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import subscribe, tell

SPORTS = ("Ride", "GravelRide", "Run", "VirtualRide")


@pytest.fixture
def alive(settings_of: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[[str], World]]:
    """Installations, by name, of one athlete at one simulated Strava; the same key, each with its own everything."""
    environment, opened = dict(os.environ), []
    account = synthetic_account(seed=3, activities=9)
    with serve(account, auto_approve=True, read_limit=(10_000, 10_000)) as sandbox:

        def make(name: str) -> World:
            server = settings_of().database_url.get_secret_value()
            installation = open_installation(
                settings_of(
                    STRAVA_ASSETS_HOME=tmp_path / name,
                    STRAVA_ASSETS_DATABASE_URL=server.replace("?host", f"{name}?host"),
                    STRAVA_API_URL=sandbox.api_url,
                    STRAVA_OAUTH_URL=sandbox.oauth_url,
                    STRAVA_CLIENT_ID=str(sandbox.client_id),
                    STRAVA_CLIENT_SECRET=sandbox.client_secret,
                )
            )
            opened.append(installation)
            world = World(installation, sandbox)
            world.connect()
            subscribe(world)
            return world

        yield make
    for installation in opened:
        installation.database.close()
    os.environ.clear()
    os.environ.update(environment)


@contextmanager
def at_work(world: World) -> Iterator[InstallationResource]:
    resources.use(world.installation)
    yield InstallationResource()


def tick(world: World) -> Any:
    """What the sensor does once."""
    with at_work(world) as installation:
        return sensors.webhook_events(installation=installation)


def draw_zones(world: World) -> None:
    zone_store.add(
        world.database,
        [DrawnZone(place.name, disc(place.lng, place.lat, 120.0)) for place in world.sandbox.account.places],
    )


def copy_zones(source: World, target: World) -> None:
    """Zones and the shapes drawn once for them; anything else would come out differently by design."""
    for table in ("cut_shape", "privacy_zone"):
        for row in source.sql(f"select * from strava.{table}"):
            target.sql(
                f"insert into strava.{table} ({', '.join(row)}) overriding system value "
                f"values ({', '.join(['%s'] * len(row))})",
                *row.values(),
            )


class Owner:
    """Somebody who does this and that with an account, and what Strava tells of it."""

    def __init__(self, world: World, seed: int):
        self.world, self.random = world, random.Random(seed)
        self.rides: list[int] = sorted(world.sandbox.account.activities)
        self.deleted: list[int] = []
        self.told: list[tuple[str, int, dict[str, str]]] = []

    def do_something(self) -> None:
        deed = self.random.choice(
            ["add", "rename", "rename", "retype", "hide", "hide", "show", "show", "followers", "delete", "recreate"]
        )
        if deed == "add" or (deed == "recreate" and not self.deleted):
            number = self.world.control("add", push=False)["id"]
            self.rides.append(number)
            self.told.append(("create", number, {}))
            return
        if deed == "recreate":
            number = self.deleted.pop(self.random.randrange(len(self.deleted)))
            self.world.control("add", id=number, push=False)
            self.rides.append(number)
            self.told.append(("create", number, {}))
            return
        number = self.random.choice(self.rides)
        if deed == "rename":
            self.world.control("rename", id=number, name=f"Ride {self.random.random()}", push=False)
            self.told.append(("update", number, {"title": "whatever"}))
        elif deed == "retype":
            self.world.control("retype", id=number, sport_type=self.random.choice(SPORTS), push=False)
            self.told.append(("update", number, {"type": "whatever"}))
        elif deed == "followers":  # Strava does not tell of it
            self.world.control("hide", id=number, visibility="followers_only", push=False)
        elif deed == "delete":
            self.world.control("delete", id=number, push=False)
            self.rides.remove(number)
            self.deleted.append(number)
            self.told.append(("delete", number, {}))
        else:
            self.world.control(deed, id=number, push=False)
            self.told.append(("update", number, {"private": str(deed == "hide").lower()}))

    def tell_some(self) -> None:
        """What happened, shuffled; some of it twice, some never, some later."""
        self.random.shuffle(self.told)
        now, told = self.told[: len(self.told) // 2 + 1], self.told[len(self.told) // 2 + 1 :]
        self.told = told
        for aspect, number, updates in now:
            for _ in range(self.random.choice([0, 1, 1, 1, 2])):
                moment = int(time.time()) - self.random.randrange(7200)
                tell(self.world, aspect, number, updates=updates, event_time=moment)


@pytest.mark.parametrize("seed", [1])
def test_any_history_ends_in_the_files_of_its_end(alive: Callable[[str], World], seed: int) -> None:
    world = alive("a")
    draw_zones(world)
    run(world.installation)
    owner = Owner(world, seed)
    for turn in range(36):
        owner.do_something()
        if owner.random.random() < 0.3:
            owner.tell_some()
            tick(world)
            assert shown(world) <= at_strava(world)  # what may not be seen is nowhere, whatever is still to be done
        if turn == 20:
            run(world.installation)
    while owner.told:
        owner.tell_some()
    tick(world)
    run(world.installation)
    fresh = alive("b")
    copy_zones(world, fresh)
    run(fresh.installation)
    files = public_files(fresh.installation)
    assert len([path for path in files if path.endswith(".csv")]) >= 4
    assert public_files(world.installation) == files
    assert verify(world.installation.gate()).findings == []


def shown(world: World) -> set[str]:
    """Public ids of the activities that have a file."""
    return {path.split("stream_")[1][:16] for path in public_files(world.installation) if path.endswith(".csv")}


def at_strava(world: World) -> set[str]:
    """Public ids of the activities that we know, and believe to be visible to everyone."""
    rows = world.sql(
        "select id, athlete_id, identity from strava.activity where state = 'landed' and visibility = 'everyone'"
    )
    return {public for _, public in world.installation.public_ids(rows).values()}


@pytest.fixture
def published(alive: Callable[[str], World]) -> World:
    """Nine rides, those of them public that may be."""
    world = alive("a")
    draw_zones(world)
    run(world.installation)
    return world


def public_rides(world: World) -> dict[int, str]:
    """Our public ids of rides that are on the map, by Strava's number."""
    rows = world.sql("select id, athlete_id, identity, strava_id from strava.activity order by id")
    ids, there = world.installation.public_ids(rows), shown(world)
    return {row["strava_id"]: ids[row["id"]][1] for row in rows if ids[row["id"]][1] in there}


def traces(world: World, *public_ids: str) -> list[str]:
    """Public files that tell of them."""
    return [
        path
        for path, data in public_files(world.installation).items()
        if any(public_id in path or public_id.encode() in data for public_id in public_ids)
    ]


def by_the_sensor(world: World, ride: int) -> str:
    tell(world, "update", ride)
    return str(tick(world).run_requests[0].tags["strava_assets/events"])


def by_the_reconcile(world: World, ride: int) -> str:
    with at_work(world) as installation:
        return str(schedules.reconcile_with_strava(dg.build_schedule_context(), installation=installation))


def by_sync(world: World, ride: int) -> str:
    return "; ".join(sync(world.installation))


def by_connecting(world: World, ride: int) -> str:
    world.connect()
    with at_work(world) as installation:
        return str(sensors.new_connections(dg.build_sensor_context(), installation=installation))


def test_whoever_finds_it_out_withdraws_it_before_any_run(published: World) -> None:
    for deed, found in (
        ("hide", by_the_sensor),
        ("delete", by_the_reconcile),
        ("hide", by_sync),
        ("delete", by_connecting),
    ):
        ride, public = next(iter(public_rides(published).items()))
        published.control(deed, id=ride, push=False)
        assert traces(published, public)
        assert "1 activities withdrawn from public" in found(published, ride)
        assert traces(published, public) == []
        assert verify(published.installation.gate()).findings == []


def test_a_run_that_began_before_brings_nothing_back(published: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rides = public_rides(published)
    (hidden, first), (deleted, second), *_ = rides.items()

    def hide(*given: Any, **named: Any) -> Any:
        published.sql("update strava.activity set visibility = 'only_me' where strava_id = %s", hidden)
        return publish_month(*given, **named)

    def delete(*given: Any, **named: Any) -> Any:
        published.sql("update strava.activity set state = 'gone' where strava_id = %s", deleted)
        return publish_map(*given, **named)

    publish_month, publish_map = month_files.publish_month, map_files.publish_map
    monkeypatch.setattr(month_files, "publish_month", hide)
    monkeypatch.setattr(map_files, "publish_map", delete)
    run(published.installation, force=True)
    assert traces(published, first, second) == []
    assert len(public_rides(published)) == len(rides) - 2
    assert verify(published.installation.gate()).findings == []


def test_a_run_that_began_before_a_purge_brings_nobody_back(published: World, monkeypatch: pytest.MonkeyPatch) -> None:
    said = []

    def purge(*given: Any, **named: Any) -> Any:
        if not said:
            said.append(str(purge_athlete(published.installation, published.athlete_id)))
        return publish_month(*given, **named)

    publish_month = month_files.publish_month
    monkeypatch.setattr(month_files, "publish_month", purge)
    run(published.installation, force=True)
    assert said[0].endswith("; access at Strava is ended")
    files = public_files(published.installation)
    assert b'"athletes":[]' in files["index.json"]
    assert [path for path in files if path.endswith((".csv", ".topojson", "ly.json"))] == []
    assert published.sql("select 1 from strava.athlete") == []


def test_a_purge_asks_strava_only_where_there_is_access_and_says_if_it_was_not_told(published: World) -> None:
    published.control("fail", calls=9, status=503, path="/oauth")
    report = str(purge_athlete(published.installation, published.athlete_id))
    assert "Strava was not told (" in report
    assert published.sql("select 1 from strava.athlete") == []
    published.control("fail", calls=0, status=503)
    published.connect()
    published.sql("update strava.athlete set access_token = null, refresh_token = null")
    asked = len(published.requests("/oauth/revoke"))
    report = str(purge_athlete(published.installation, published.athlete_id))
    assert "Strava" not in report
    assert len(published.requests("/oauth/revoke")) == asked


def test_who_takes_access_back_is_withdrawn_in_the_same_tick_and_comes_back_whole(published: World) -> None:
    before = public_files(published.installation)
    published.control("revoke", push=False)
    tell(published, "update", published.strava_id, "athlete", updates={"authorized": "false"})
    told = tick(published)
    assert [request.job_name for request in told.run_requests] == ["remove_revoked"]
    assert shown(published) == set()
    published.connect()  # before that run began
    with at_work(published) as installation:
        assert isinstance(sensors.webhook_events(installation=installation), dg.SkipReason)
        sensors.new_connections(dg.build_sensor_context(), installation=installation)
    asked = {row["month"] for row in published.sql("select month from strava.month_request where wanted > done")}
    assert asked == {row["month"] for row in published.sql("select month from strava.activity")}
    run(published.installation)
    assert public_files(published.installation) == before


def test_who_connects_again_while_they_are_removed_begins_anew(
    published: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.sql("update strava.athlete set state = 'revoked'")
    drop_rows = purge._drop_rows

    def connecting(*given: Any) -> int:
        published.connect()
        return drop_rows(*given)

    monkeypatch.setattr(purge, "_drop_rows", connecting)
    assert purge_athlete(published.installation, published.athlete_id, only_revoked=True)
    assert published.sql("select state from strava.athlete") == [{"state": "active"}]
    assert published.sql("select 1 from strava.activity") == []
    assert newly_connected(published.database) == [published.athlete_id]
    assert purge_athlete(published.installation, published.athlete_id, only_revoked=True) is None


def test_a_burst_over_many_months_is_left_to_be_run_as_ranges(published: World) -> None:
    for month in range(1, 9):
        number = published.control("add", start=f"2022-{month:02d}-05T08:00:00Z", push=False)["id"]
        tell(published, "create", number)
    told = tick(published)
    assert isinstance(told, dg.SkipReason)
    assert told.skip_message == "8 × looked again"
    with at_work(published) as installation, dg.DagsterInstance.ephemeral() as instance:
        ranges = sensors.requested_months(dg.build_sensor_context(instance=instance), installation=installation)
    assert isinstance(ranges, dg.SensorResult)
    assert [request.job_name for request in ranges.run_requests or []] == ["ingest_months"]


def test_a_month_that_its_last_ride_has_left_is_emptied(published: World) -> None:
    """Recorded with a wrong clock, and mended: the same number in another month."""
    (row,) = published.sql(
        "select strava_id, month from strava.activity where visibility = 'everyone' and month in "
        "(select month from strava.activity group by month having count(*) = 1) order by id limit 1"
    )
    item = published.sandbox.account.activities[row["strava_id"]]
    item.start += timedelta(days=40)
    run(published.installation)
    assert verify(published.installation.gate()).findings == []
    assert months_of(published.installation.store, "masked_geometries")[f"{row['month']:%Y-%m}"].num_rows == 0
