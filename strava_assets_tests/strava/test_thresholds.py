"""Threshold power as a profile tells it: asked once a day, remembered since when, and no longer than allowed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from strava_assets import resources, schedules
from strava_assets.expiry import forget_api_originals
from strava_assets.installation import Installation
from strava_assets.purge import purge_athlete
from strava_assets.resources import InstallationResource
from strava_assets.strava.thresholds import read_thresholds, thresholds
from strava_assets.tables import months_of
from strava_assets_tests.strava.conftest import World

NOW = datetime(2020, 5, 1, 6, tzinfo=UTC)
few = pytest.mark.parametrize("world", [{"activities": 12}], indirect=True)


@pytest.fixture(autouse=True)
def the_environment() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def ask(world: World, now: datetime) -> int:
    return read_thresholds(world.settings, world.database, world.installation.store, now)


def told(world: World) -> list[tuple[date, float]]:
    return thresholds(world.installation.store, [world.athlete_id])[world.athlete_id]


def test_a_profile_is_asked_once_a_day_and_a_change_is_remembered_from_its_day_on(connected: World) -> None:
    assert told(connected) == []
    assert ask(connected, NOW) == 1
    assert ask(connected, NOW + timedelta(hours=6)) == 0
    assert len(connected.requests("/athlete")) == 1
    assert told(connected) == [(NOW.date(), 231.0)]
    assert ask(connected, NOW + timedelta(days=1)) == 1
    connected.sandbox.account.athlete["ftp"] = None  # it says nothing: what it said still holds
    assert ask(connected, NOW + timedelta(days=2)) == 1
    connected.sandbox.account.athlete["ftp"] = 245
    assert ask(connected, NOW + timedelta(days=3)) == 1
    assert told(connected) == [(NOW.date(), 231.0), (date(2020, 5, 4), 245.0)]


def test_who_did_not_grant_the_profile_is_not_asked(connected: World) -> None:
    connected.sql("update strava.athlete set scopes = '{read,activity:read}'")
    assert ask(connected, NOW) == 0
    assert connected.requests("/athlete") == []


def test_strava_that_does_not_answer_is_asked_again_next_time(connected: World, no_pauses: None) -> None:
    connected.control("fail", calls=20, status=503)
    assert ask(connected, NOW) == 0
    assert told(connected) == []
    connected.control("fail", calls=0, status=503)
    connected.sql("delete from strava.api_pause")
    assert ask(connected, NOW) == 1


def test_the_reconcile_asks(connected: World) -> None:
    resources.use(connected.installation)
    schedules.reconcile_with_strava(dg.build_schedule_context(), installation=InstallationResource())
    assert [watts for _, watts in told(connected)] == [231.0]


def test_what_is_older_than_the_apis_data_may_be_is_forgotten(connected: World) -> None:
    connected.installation = Installation(
        connected.settings.model_copy(update={"api_retention_days": 7}),
        connected.database,
        connected.installation.store,
    )
    ask(connected, datetime.now(UTC) - timedelta(days=9))
    connected.sandbox.account.athlete["ftp"] = 245
    ask(connected, datetime.now(UTC) - timedelta(days=6))
    forget_api_originals(connected.installation)
    assert [watts for _, watts in told(connected)] == [245.0]


def test_who_is_removed_takes_it_along(connected: World) -> None:
    ask(connected, NOW)
    purge_athlete(connected.installation, connected.athlete_id)
    assert connected.installation.store.keys("landing/api") == []


@few
def test_the_simulated_athletes_rides_are_judged_by_it(zoned: World) -> None:
    ask(zoned, datetime(2000, 1, 1, tzinfo=UTC))
    zoned.run()

    def table(name: str) -> pd.DataFrame:
        months = months_of(zoned.installation.store, name)
        return pa.concat_tables([months[month] for month in months]).to_pandas()

    loads, samples = table("training_loads").set_index("activity_id"), table("activity_streams")
    efforts = table("activity_efforts").set_index(["activity_id", "effort"])["watts"]
    powered = 0
    for activity, own in samples.groupby("activity_id"):
        if own["watts"].notna().sum() < 1200 or (own["time"].diff().dropna() != 1).any():
            continue
        # every second there: pandas' own means are the definition
        assert efforts[activity, "20 min"] == pytest.approx(own["watts"].rolling(1200).mean().max(), abs=0.01)
        normalized = (own["watts"].rolling(30).mean() ** 4).mean() ** 0.25
        row = loads.loc[activity]
        assert row["normalized_power"] == pytest.approx(normalized, abs=0.01)
        if row["discipline"] == "ride":
            assert (row["threshold_power"], row["threshold_from"], row["load_from"]) == (231.0, "profile", "power")
            assert row["load"] == pytest.approx(len(own) * normalized**2 / 231**2 / 36, abs=0.01)
            powered += 1
    assert powered > 0
    assert set(loads["load_from"].dropna()) == {"power", "heart rate"}
