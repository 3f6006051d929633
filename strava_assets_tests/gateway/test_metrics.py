"""Prometheus is told how the gateway does; strangers are not even told that there is something to ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from strava_assets.gateway.app import create_app
from strava_assets.gateway.server import listen
from strava_assets.strava.webhooks import path_token
from strava_assets_tests.gateway.running import EVENT, Gateway

TOKEN = "a-token-of-many-letters"


@pytest.fixture
def watched(installation: Any, settings_of: Any) -> Iterator[Gateway]:
    """A gateway with a token for whoever watches it from elsewhere."""
    object.__setattr__(installation, "settings", settings_of(STRAVA_ASSETS_METRICS_TOKEN=TOKEN))
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    yield gateway
    gateway.stop()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """By name and labels' values."""
    return {
        (sample.name.removeprefix("strava_assets_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_events_and_state_are_counted(watched: Gateway) -> None:
    with watched.installation.database.transaction() as connection:
        connection.execute("insert into strava.webhook_subscription (id, callback_url) values (1, '')")
        connection.execute("insert into strava.athlete (strava_id, name) values (3, 'Ada')")
    before = samples(watched.get("/metrics").text)
    assert before["database_up",] == 1
    assert before["webhook_events_oldest_waiting_seconds",] == 0
    assert watched.post(EVENT).status_code == 200
    assert watched.get("/nothing").status_code == 404
    assert watched.get("/streams/aa/bb.csv").status_code == 404
    answer = watched.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    now = samples(answer.text)
    assert now["http_requests_total", "webhook", "200"] == 1
    assert now["http_requests_total", "map", "404"] == 1
    assert now["http_requests_total", "streams", "404"] == 1
    assert now["http_request_seconds_count", "webhook"] == 1
    assert now["webhook_events", "pending"] == 1
    assert now["webhook_events_oldest_waiting_seconds",] > 0
    assert now["athletes", "active"] == 1
    assert now["public_files",] == 0


def test_nothing_of_a_request_is_in_a_label(watched: Gateway) -> None:
    watched.post(EVENT)
    watched.get("/mine/?key=secret-word")
    text = watched.get("/metrics").text
    assert path_token(watched.settings) not in text
    assert "secret-word" not in text
    assert "Ada" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.9"},
        {"Host": "rides.example.org"},
        {"Host": "rides.example.org", "Authorization": "Bearer another-token-of-letters"},
        {"Host": "rides.example.org", "Authorization": TOKEN},
        {"Via": "1.1 proxy", "Authorization": "Bearer"},
    ],
)
def test_strangers_see_what_is_at_an_address_that_does_not_exist(watched: Gateway, headers: dict[str, str]) -> None:
    asked, nowhere = (watched.get(path, headers=headers) for path in ("/metrics", "/nothing-here"))
    assert (asked.status_code, asked.text) == (nowhere.status_code, nowhere.text) == (404, "not found\n")
    assert {name for name in asked.headers if name != "date"} == {name for name in nowhere.headers if name != "date"}


@pytest.mark.parametrize("given", ["", f"Bearer {TOKEN}"])
def test_a_stranger_who_calls_this_machine_by_its_own_name_needs_the_token_where_others_are_let_in(
    installation: Any, settings_of: Any, given: str
) -> None:
    # HAProxy, ssh -R and the like pass on what a stranger says of the host, and add nothing
    told = settings_of(STRAVA_ASSETS_METRICS_TOKEN=TOKEN, STRAVA_ASSETS_BASE_URL="https://rides.example.org")
    object.__setattr__(installation, "settings", told)
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    try:
        headers = {"Host": "localhost", "Authorization": given} if given else {"Host": "localhost"}
        assert gateway.get("/metrics", headers=headers).status_code == (200 if given else 404)
    finally:
        gateway.stop()


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("::1", 200), ("203.0.113.9", 404)])
def test_another_machine_is_not_this_one_whatever_it_calls_it(
    installation: Any, settings_of: Any, peer: str, status: int
) -> None:
    app = create_app(settings_of(STRAVA_ASSETS_HOST="0.0.0.0"), installation.database)
    app.state.database = installation.database

    async def ask() -> httpx.Response:
        way = httpx.ASGITransport(app, client=(peer, 4711))
        async with httpx.AsyncClient(transport=way, base_url="http://localhost:8000") as browser:
            return await browser.get("/metrics")

    assert anyio.run(ask).status_code == status


def test_who_brings_the_token_may_come_from_elsewhere(watched: Gateway) -> None:
    headers = {"Host": "rides.example.org", "X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {TOKEN}"}
    assert watched.get("/metrics", headers=headers).status_code == 200


def test_without_a_database_it_says_so(watched: Gateway) -> None:
    watched.installation.database.close()
    watched.installation.database.url = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"
    watched.installation.database.transaction = _broken  # as when the server is gone
    answer = httpx.get(f"{watched.url}/metrics", trust_env=False, timeout=30)
    assert answer.status_code == 200
    assert samples(answer.text)["database_up",] == 0


def _broken() -> Any:
    from strava_assets.errors import DatabaseUnavailable

    raise DatabaseUnavailable("gone")
