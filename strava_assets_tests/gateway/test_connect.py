"""Gateway and Strava together: the consent, the subscription, an event on its way."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from strava_assets.database.connection import locate
from strava_assets.doctor import examine
from strava_assets.errors import SettingsError, StravaError, StravaForbidden
from strava_assets.gateway.pages import page
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation
from strava_assets.strava import subscriptions
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


def test_scopes_that_are_no_words_are_not_recorded(world: World, gateway: Gateway) -> None:
    with httpx.Client(trust_env=False, timeout=20) as browser:
        consent = browser.get(browser.get(f"{gateway.url}/connect").headers["location"], follow_redirects=False)
        back = {name: value[0] for name, value in parse_qs(urlsplit(consent.headers["location"]).query).items()}
        back["scope"] = "activity:read,\0,<script>,a b"
        assert browser.get(f"{gateway.url}/connect/callback", params=back).status_code == 200
    assert world.sql("select scopes from strava.athlete") == [{"scopes": ["activity:read", "a", "b"]}]


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


def test_a_subscription_for_another_address_has_to_be_ended_first(world: World, gateway: Gateway) -> None:
    create_subscription(gateway.settings, world.database)
    moved = gateway.settings.model_copy(update={"base_url": "https://rides.example.org"})
    with pytest.raises(StravaError, match=r"for another address.*strava-assets subscription delete"):
        create_subscription(moved, world.database)


def test_a_subscription_that_somebody_else_made_just_now_is_no_riddle(
    world: World, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_subscription(gateway.settings, world.database)
    monkeypatch.setattr(subscriptions, "list_subscriptions", lambda settings: [])  # it was not there a moment ago
    with pytest.raises(StravaError, match="has a subscription already; end it: strava-assets subscription delete"):
        create_subscription(gateway.settings, world.database)


def test_an_answer_of_something_else_than_this_gateway_is_told_apart(world: World, gateway: Gateway) -> None:
    other = gateway.settings.model_copy(update={"secret_key": SecretStr("f" * 64)})
    with pytest.raises(StravaError, match=r"was not answered 200.*another secret key"):
        create_subscription(other, world.database)


def test_an_inactive_application_is_told_where_to_activate_it(world: World, gateway: Gateway) -> None:
    world.control("inactive")
    with pytest.raises(StravaForbidden, match=r"inactive.*https://www\.strava\.com/settings/api"):
        create_subscription(gateway.settings, world.database)


def test_wrong_credentials_are_named(world: World, gateway: Gateway) -> None:
    wrong = gateway.settings.model_copy(update={"client_secret": SecretStr("another")})
    for deed in (lambda: create_subscription(wrong, world.database), lambda: list_subscriptions(wrong)):
        with pytest.raises(StravaError, match="STRAVA_CLIENT_ID or STRAVA_CLIENT_SECRET is wrong") as caught:
            deed()
        assert "another" not in str(caught.value)


def test_a_base_url_that_strava_does_not_take_is_a_setting_to_change(world: World) -> None:
    long = world.settings.model_copy(update={"base_url": "https://" + "a" * 240 + ".example"})
    with pytest.raises(SettingsError, match="STRAVA_ASSETS_BASE_URL is too long"):
        create_subscription(long, world.database)


def test_an_invented_code_is_the_visitor_s_mistake_and_strava_s_silence_is_not(world: World, gateway: Gateway) -> None:
    for trouble, status in ((None, 400), (500, 502), ("garbage", 502)):
        if trouble:
            world.control("fail", calls=1, status=trouble, path="/oauth/token")
        with httpx.Client(trust_env=False, timeout=20) as browser:
            sent = browser.get(f"{gateway.url}/connect")
            state = parse_qs(urlsplit(sent.headers["location"]).query)["state"][0]
            answer = browser.get(f"{gateway.url}/connect/callback", params={"code": "invented", "state": state})
        assert answer.status_code == status
        assert "Not connected" in answer.text
    assert world.sql("select 1 from strava.athlete") == []


def test_signed_events_of_strava_are_taken(world: World, gateway: Gateway) -> None:
    world.sandbox.state.signing_key = "open sesame"
    keyed = gateway.settings.model_copy(update={"webhook_signing_key": SecretStr("open sesame")})
    listening = listen("127.0.0.1", 0)
    settings = keyed.model_copy(update={"base_url": address(listening)})
    signed = Gateway(Installation(settings, world.database, world.installation.store), listening)
    try:
        connect(signed)
        create_subscription(settings, world.database)
        number = world.control("add")["id"]
        assert _soon(lambda: world.sql("select object_id from strava.webhook_event")) == [{"object_id": number}]
    finally:
        signed.stop()


def test_a_new_ride_s_event_waits_for_the_sensor(world: World, gateway: Gateway) -> None:
    connect(gateway)
    create_subscription(gateway.settings, world.database)
    number = world.control("add")["id"]
    assert _soon(lambda: world.sql("select state, object_id, aspect_type from strava.webhook_event")) == [
        {"state": "pending", "object_id": number, "aspect_type": "create"}
    ]


def test_doctor_walks_the_same_ways_and_says_what_is_missing(world: World, gateway: Gateway) -> None:
    assert examined(world)["webhook"][0] == "warn"
    connect(gateway)
    wait_for_athlete(world.database, seconds=5)
    create_subscription(gateway.settings, world.database)
    with psycopg.connect(locate(gateway.settings).dagster, autocommit=True) as dagster:
        dagster.execute(
            "insert into daemon_heartbeats (daemon_type, daemon_id, timestamp)"
            " values ('SENSOR', 'one', now() at time zone 'utc')"
        )
    found = examined(world)
    assert {found[what][0] for what in ("webhook", "callback", "Dagster daemon", "API reads")} == {"ok"}
    assert "reads left today" in found["API reads"][1]
    world.sql("update strava.athlete set scopes = '{read,activity:read}'")
    [(verdict, told)] = [row for what, row in examined(world).items() if what.startswith("athlete ")]
    assert verdict == "warn"
    assert "rides that only you may see" in told
    world.control("inactive")
    assert examined(world)["Strava application"][0] == "fail"
    gateway.stop()
    world.control("inactive", inactive=False)
    assert examined(world)["callback"][0] == "warn"


def examined(world: World) -> dict[str, tuple[str, str]]:
    return {row.what: (row.verdict, row.found) for row in examine(world.settings)}


def _soon(ask: Any, seconds: float = 10.0) -> Any:
    until = time.monotonic() + seconds
    while not (found := ask()) and time.monotonic() < until:
        time.sleep(0.05)
    return found
