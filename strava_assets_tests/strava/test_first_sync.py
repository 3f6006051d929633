"""Whoever connects is listed at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest

from strava_assets import resources, sensors
from strava_assets.resources import InstallationResource
from strava_assets.strava.account import list_everyone, newly_connected
from strava_assets_tests.strava.conftest import ACTIVITIES, World


def tick(cursor: str | None = None) -> Any:
    context = dg.build_sensor_context(cursor=cursor)
    return sensors.new_connections(context, installation=InstallationResource())


@pytest.fixture(autouse=True)
def in_force(world: World) -> Iterator[None]:
    resources.use(world.installation)
    yield


def test_nobody_connected(world: World) -> None:
    assert isinstance(tick(), dg.SkipReason)
    assert world.requests("/athlete/activities") == []


def test_the_first_tick_lists_everything_and_says_what_it_will_cost(world: World) -> None:
    world.connect()
    told = tick()
    assert isinstance(told, dg.SensorResult)
    assert f"{ACTIVITIES} activities listed with 1 reads; 999 of 1,000 reads left today" in str(told.skip_reason)
    assert world.sql("select state, count(*) from strava.activity group by state") == [
        {"state": "listed", "count": ACTIVITIES}
    ]
    reads = len(world.requests("/athlete/activities"))
    assert isinstance(tick(told.cursor), dg.SkipReason)
    assert len(world.requests("/athlete/activities")) == reads


def test_a_month_that_was_listed_is_not_the_whole(world: World) -> None:
    world.connect()
    list_everyone(world.settings, world.database, datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 2, 1, tzinfo=UTC))
    assert newly_connected(world.database) == [world.athlete_id]


def test_connecting_again_lists_again(world: World) -> None:
    world.connect()
    tick()
    assert newly_connected(world.database) == []
    world.connect()
    assert newly_connected(world.database) == [world.athlete_id]


def test_where_strava_fails_it_is_asked_again_later_and_not_at_every_tick(world: World, no_pauses: None) -> None:
    world.connect()
    world.control("fail", calls=50, status=500)
    told = tick()
    reads = len(world.requests("/athlete/activities"))
    assert str(world.athlete_id) in json.loads(told.cursor)
    assert isinstance(tick(told.cursor), dg.SkipReason)
    assert len(world.requests("/athlete/activities")) == reads
    world.control("fail", calls=0, status=500)
    assert f"{ACTIVITIES} activities listed" in str(tick(json.dumps({str(world.athlete_id): 0})).skip_reason)
