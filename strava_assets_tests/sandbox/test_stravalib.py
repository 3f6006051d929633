"""The client library that people use cannot tell the simulation from Strava."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from strava_assets.sandbox.account import STREAM_TYPES
from strava_assets_tests.sandbox.conftest import Asker, Callback

Ask = Callable[..., Asker]


class Moved(HTTPAdapter):
    """Sends what is meant for Strava to the simulation."""

    def __init__(self, api: str, oauth: str):
        self.moves = (("https://www.strava.com/api/v3", api), ("https://www.strava.com/oauth", oauth))
        super().__init__()

    def send(self, request: Any, **options: Any) -> Any:
        for old, new in self.moves:
            if request.url.startswith(old):
                request.url = new + request.url[len(old) :]
        return super().send(request, **(options | {"timeout": 20}))


@pytest.fixture(scope="module")
def stravalib() -> Iterator[Any]:
    """The library, without what its import does to warnings."""
    with warnings.catch_warnings():
        import stravalib

        logging.captureWarnings(False)
        yield stravalib


@pytest.fixture
def client(stravalib: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("SILENCE_TOKEN_WARNINGS", "true")

    def make(asker: Asker, token: str | None = None) -> Any:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://www.strava.com/", Moved(asker.sandbox.api_url, asker.sandbox.oauth_url))
        return stravalib.Client(
            access_token=token or asker.tokens.get("access_token"),
            requests_session=session,
            rate_limiter=lambda headers, method: None,
        )

    return make


def test_it_exchanges_codes_and_refreshes(ask: Ask, client: Callable[..., Any]):
    asker = ask(scope="")
    own = {"client_id": int(asker.sandbox.client_id), "client_secret": asker.sandbox.client_secret}
    library = client(asker)
    access, athlete = library.exchange_code_for_token(**own, code=asker.code()["code"], return_athlete=True)
    assert athlete.id == asker.sandbox.account.id
    library.access_token = access["access_token"]
    assert library.get_athlete().firstname == "Mara"
    asker.control("advance_clock", seconds=5.5 * 3600)
    fresh = library.refresh_access_token(**own, refresh_token=access["refresh_token"])
    assert fresh["refresh_token"] != access["refresh_token"]
    assert fresh["expires_at"] > access["expires_at"]


def test_its_models_take_every_activity_but_those_that_are_broken_on_purpose(shared: Asker, client: Callable[..., Any]):
    library = client(shared)
    refused = {}
    for item in shared.sandbox.account.listed():
        try:
            detail = library.get_activity(item.id)
        except ValueError as error:  # pydantic's
            refused[item.id] = str(error)
            continue
        assert detail.id == item.id
        assert detail.name == item.fields["name"]
        assert detail.timezone.timezone() is not None
        assert float(detail.distance) == shared.sandbox.account.detail(item.id)["distance"]
    assert len(refused) == 1  # a fractional heart rate, which real accounts have
    assert "max_heartrate" in next(iter(refused.values()))


def test_it_pages_through_the_list(shared: Asker, client: Callable[..., Any]):
    # models would fail on the one broken item, so the library's paging is asked for raw pages
    raw = [client(shared).protocol.get("/athlete/activities", page=page, per_page=200) for page in (1, 2)]
    assert [len(page) for page in raw] == [30, 0]


def test_it_reads_streams_of_all_types(shared: Asker, client: Callable[..., Any]):
    library = client(shared)
    seen: set[str] = set()
    for item in shared.sandbox.account.listed():
        if item.fields["manual"] or item.broken == "streams":
            continue
        hole = any(pair is None for pair in shared.sandbox.account.streams(item.id).get("latlng", {"data": []})["data"])
        if not hole:
            streams = library.get_activity_streams(item.id)
            seen |= set(streams)
            assert len({len(stream.data) for stream in streams.values()}) == 1
    assert seen == set(STREAM_TYPES)


def test_it_reads_gear(shared: Asker, client: Callable[..., Any]):
    bike = client(shared).get_gear("b11482031")
    assert (bike.name, bike.frame_type) == ("Zugvogel", 3)


def test_it_knows_the_errors_for_what_they_are(ask: Ask, client: Callable[..., Any], stravalib: Any):
    from stravalib import exc

    asker = ask()
    library = client(asker)
    with pytest.raises(exc.ObjectNotFound):
        library.get_activity(1)
    with pytest.raises(exc.AccessUnauthorized):
        client(asker, "wrong").get_athlete()
    asker.control("fail", calls=1, status=429)
    with pytest.raises(exc.Fault) as limited:
        library.get_athlete()
    assert limited.value.response.status_code == 429
    asker.control("inactive")
    with pytest.raises(exc.ApplicationInactive):
        library.get_athlete()


def test_its_limiter_reads_the_limits(ask: Ask, client: Callable[..., Any], stravalib: Any):
    from stravalib.util.limiter import get_rates_from_response_headers

    rates = get_rates_from_response_headers(ask().get("/athlete").headers, "GET")
    assert (rates.short_usage, rates.long_usage, rates.short_limit, rates.long_limit) == (1, 1, 100, 1000)


def test_it_subscribes_lists_and_unsubscribes(ask: Ask, client: Callable[..., Any], callback: Callback):
    asker = ask()
    library = client(asker)
    own = {"client_id": int(asker.sandbox.client_id), "client_secret": asker.sandbox.client_secret}
    made = library.create_subscription(**own, callback_url=callback.url, verify_token="v")
    assert [item.id for item in library.list_subscriptions(**own)] == [made.id]
    library.delete_subscription(made.id, **own)
    assert list(library.list_subscriptions(**own)) == []


def test_it_parses_pushed_events(ask: Ask, client: Callable[..., Any], callback: Callback):
    asker = ask()
    asker.subscribe(callback.url)
    number = asker.control("add")["id"]
    update = client(asker).handle_subscription_update(callback.wait(1)[0])
    assert (update.object_id, update.aspect_type) == (number, "create")
