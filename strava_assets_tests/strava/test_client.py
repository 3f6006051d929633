"""One read of Strava, and everything that can become of it."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from strava_assets.errors import (
    StravaForbidden,
    StravaNotFound,
    StravaRateLimited,
    StravaUnauthorized,
    StravaUnavailable,
)
from strava_assets.installation import open_installation
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import serve
from strava_assets.strava import oauth
from strava_assets.strava.client import StravaClient
from strava_assets.strava.quota import next_reset, remaining
from strava_assets_tests.strava.conftest import ACTIVITIES, World


def test_a_listing_costs_one_read_for_each_two_hundred(connected: World) -> None:
    client = connected.client()
    found = list(client.activities())
    assert len(found) == ACTIVITIES
    assert client.reads_spent == 1


def test_an_activity_comes_as_strava_said_it(connected: World) -> None:
    client = connected.client()
    ride = next(item for item in client.activities() if item.get("start_latlng"))
    detail = client.activity(ride["id"])
    assert detail["name"] == ride["name"]
    assert "description" in detail or "calories" in detail
    streams = client.streams(ride["id"])
    assert streams is not None
    assert {"time", "latlng", "distance"} <= set(streams)


def test_what_strava_does_not_know_is_said_so(connected: World) -> None:
    client = connected.client()
    with pytest.raises(StravaNotFound, match="activity 999"):
        client.activity(999)
    assert client.streams(999) is None


def test_the_quota_is_known_after_the_first_answer(connected: World) -> None:
    connected.client().athlete()
    left = remaining(connected.database, str(connected.settings.client_id))
    assert left is not None
    assert 0 < left.quarter_hour < left.allowed_a_quarter_hour <= left.allowed_a_day


def test_a_rate_limit_says_when_to_go_on_and_nothing_sleeps(connected: World) -> None:
    connected.control("limits", read=[2, 1000])
    client = connected.client()
    before, began = datetime.now(UTC), time.monotonic()
    client.athlete()
    with pytest.raises(StravaRateLimited) as caught:
        [client.athlete() for _ in range(4)]
    assert time.monotonic() - began < 5
    assert caught.value.retry_at in (next_reset("quarter_hour", before), next_reset("quarter_hour", datetime.now(UTC)))
    assert client.reads_spent <= 3


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (429, StravaRateLimited),
        ("garbage", StravaUnavailable),
        (403, StravaForbidden),
        (401, StravaUnauthorized),
    ],
)
def test_every_failure_is_one_of_our_errors_in_a_line(connected: World, failure: Any, error: type) -> None:
    number = next(connected.client().activities())["id"]
    connected.control("fail", calls=3, status=failure)
    with pytest.raises(error) as caught:
        connected.client().activity(number)
    assert len(str(caught.value).splitlines()) <= 2
    assert "Traceback" not in str(caught.value)


def test_a_short_outage_is_sat_out(connected: World) -> None:
    client = connected.client()
    connected.control("fail", calls=2, status=503)
    assert client.athlete()["id"] == connected.strava_id


def test_an_error_for_one_activity_is_not_paid_for_twice(connected: World) -> None:
    client = connected.client()
    number = next(client.activities())["id"]
    spent = client.reads_spent
    connected.control("fail", calls=5, status=500)
    with pytest.raises(StravaUnavailable, match="error of its own"):
        client.activity(number)
    assert client.reads_spent == spent + 1


def test_a_server_that_hangs_is_left_in_time(connected: World) -> None:
    patient = connected.client()
    client = StravaClient(connected.settings, patient._token, timeout=(1.0, 1.0))
    connected.control("fail", calls=1, status="hang")
    began = time.monotonic()
    with pytest.raises(StravaUnavailable, match="within 1 s"):
        client.athlete()
    assert time.monotonic() - began < 5


def test_an_inactive_application_is_told_what_to_do(connected: World) -> None:
    connected.control("inactive")
    with pytest.raises(StravaForbidden, match="inactive"):
        connected.client().athlete()


def test_no_server_is_one_line(world: World, settings_of: Any) -> None:
    settings = settings_of(STRAVA_API_URL="http://127.0.0.1:9/api/v3")
    with pytest.raises(StravaUnavailable, match=r"no connection to Strava at 127\.0\.0\.1:9"):
        StravaClient(settings, lambda _: "token").athlete()


def test_importing_the_client_is_cheap_and_changes_nothing() -> None:
    code = "import sys, strava_assets.strava.account; sys.exit('stravalib' in sys.modules or 'requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_stravalib_does_not_change_how_warnings_are_shown(connected: World) -> None:
    shown, filters = warnings.showwarning, list(warnings.filters)
    connected.client().athlete()
    assert warnings.showwarning is shown
    assert warnings.filters == filters


def test_the_api_s_address_of_2027_is_only_a_setting(settings_of: Any) -> None:
    with serve(synthetic_account(seed=1, activities=10), auto_approve=True, future=True) as sandbox:
        opened = open_installation(
            settings_of(
                STRAVA_API_URL=sandbox.api_url,
                STRAVA_OAUTH_URL=sandbox.oauth_url,
                STRAVA_CLIENT_ID=str(sandbox.client_id),
                STRAVA_CLIENT_SECRET=sandbox.client_secret,
            )
        )
        world = World(opened, sandbox)
        world.connect()
        assert "/api/v3" not in opened.settings.api_url
        assert len(list(world.client().activities())) == 10
        oauth.revoke(world.database, world.settings, world.strava_id)
        assert world.requests("/oauth/revoke")
        opened.database.close()
