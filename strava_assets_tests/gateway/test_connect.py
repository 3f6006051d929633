"""Gateway and Strava together: the consent, the subscription, an event on its way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from strava_assets.errors import StravaError
from strava_assets.gateway.pages import page
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation
from strava_assets.strava.account import create_subscription, delete_subscriptions, list_subscriptions, wait_for_athlete
from strava_assets.strava.webhooks import path_token
from strava_assets_tests.gateway.running import Gateway, address
from strava_assets_tests.strava.conftest import World, in_both_shapes


@pytest.fixture
def gateway(world: World) -> Iterator[Gateway]:
    """A gateway at its own base URL, before a simulated Strava."""
    listening = listen("127.0.0.1", 0)
    opened = world.installation
    settings = opened.settings.model_copy(update={"base_url": address(listening)})
    running = Gateway(Installation(settings, opened.database, opened.store), listening)
    world.installation = running.installation
    yield running
    running.stop()


def connect(gateway: Gateway) -> httpx.Response:
    """What a person's browser does."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=20) as browser:
        return browser.get(f"{gateway.url}/connect")


@in_both_shapes
def test_a_person_connects_by_following_one_link(world: World, gateway: Gateway) -> None:
    answer = connect(gateway)
    assert answer.status_code == 200
    name = wait_for_athlete(world.database, seconds=5)
    assert f"{name} is connected" in answer.text
    (row,) = world.sql("select state, scopes from strava.athlete")
    assert row["state"] == "active"
    assert "activity:read_all" in row["scopes"]


def test_the_consent_of_one_browser_does_not_count_in_another(world: World, gateway: Gateway) -> None:
    first = httpx.get(f"{gateway.url}/connect", trust_env=False)
    consent = httpx.get(first.headers["location"], trust_env=False)
    answer = httpx.get(consent.headers["location"], trust_env=False)  # without the cookie
    assert answer.status_code == 400
    assert world.sql("select 1 from strava.athlete") == []


def test_saying_no_changes_nothing(world: World, gateway: Gateway) -> None:
    with httpx.Client(trust_env=False) as browser:
        sent = browser.get(f"{gateway.url}/connect")
        state = re.search(r"state=([^&]+)", sent.headers["location"])
        assert state is not None
        answer = browser.get(f"{gateway.url}/connect/callback", params={"error": "access_denied", "state": state[1]})
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.text


def test_the_cookie_is_kept_from_scripts_and_other_sites(gateway: Gateway) -> None:
    cookie = gateway.get("/connect").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_hostile_names_are_shown_as_text() -> None:
    shown = page("<img src=x onerror=alert(1)>", ["</p><script>"], again='/"><script>').body.decode()
    assert "<img" not in shown
    assert "<script" not in shown


@in_both_shapes
def test_the_subscription_is_made_once_answered_by_the_gateway_and_ended(world: World, gateway: Gateway) -> None:
    number = create_subscription(gateway.settings, world.database)
    assert create_subscription(gateway.settings, world.database) == number
    ((listed, shown),) = list_subscriptions(gateway.settings)
    assert listed == number
    assert path_token(gateway.settings) not in shown
    assert delete_subscriptions(gateway.settings, world.database) == 1
    assert list_subscriptions(gateway.settings) == []
    assert world.sql("select 1 from strava.webhook_subscription") == []


def test_a_gateway_that_strava_cannot_reach_is_told_what_to_do(world: World) -> None:
    settings = world.settings.model_copy(update={"base_url": "http://127.0.0.1:9"})
    with pytest.raises(StravaError, match=r"could not reach the gateway at http://127\.0\.0\.1:9"):
        create_subscription(settings, world.database)


def test_a_new_ride_s_event_waits_for_the_sensor(world: World, gateway: Gateway) -> None:
    connect(gateway)
    create_subscription(gateway.settings, world.database)
    number = world.control("add")["id"]
    assert _soon(lambda: world.sql("select state, object_id, aspect_type from strava.webhook_event")) == [
        {"state": "pending", "object_id": number, "aspect_type": "create"}
    ]


def _soon(ask: Any, seconds: float = 10.0) -> Any:
    until = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.05)
    return found
