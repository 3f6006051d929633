"""A simulated Strava with a small account, and an installation that an athlete has connected to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from strava_assets.database.connection import queries
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import serve
from strava_assets.strava import oauth
from strava_assets.strava.account import clients
from strava_assets.strava.client import StravaClient
from strava_assets.strava.listing import list_account
from strava_assets_tests.strava.events import subscribe

ACTIVITIES = 30


@dataclass
class World:
    """One installation, one simulated Strava, one athlete between them."""

    installation: Installation
    sandbox: Any
    athlete_id: int = 0
    strava_id: int = 0

    @property
    def settings(self) -> Any:
        return self.installation.settings

    @property
    def database(self) -> Any:
        return self.installation.database

    def control(self, deed: str, **details: Any) -> Any:
        """Do something at Strava."""
        answer = httpx.post(f"{self.sandbox.url}/control/{deed}", json=details, trust_env=False, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def consent(self) -> dict[str, str]:
        """What the browser brings back from the consent page."""
        state, _ = oauth.new_state(self.settings)
        answer = httpx.get(oauth.authorize_url(self.settings, state), trust_env=False, timeout=20)
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def connect(self) -> None:
        brought = self.consent()
        found = oauth.connect(self.database, self.settings, brought["code"], brought["scope"])
        self.athlete_id = found.athlete_id
        with self.database.transaction() as connection:
            self.strava_id = queries().athlete_by_id(connection, id=found.athlete_id)["strava_id"]

    def client(self) -> StravaClient:
        return clients(self.settings, self.database)(self.athlete_id)

    def sql(self, text: str, *values: Any) -> list[dict[str, Any]]:
        with self.database.transaction() as connection:
            cursor = connection.execute(text, values)
            return cursor.fetchall() if cursor.description else []

    def public_files(self) -> dict[str, bytes]:
        """Every public file's bytes, by path."""
        gate = self.installation.gate()
        return {path: gate.read(path) for path in gate.paths()}

    def run(self, months: list[str] | None = None) -> None:
        """Run the pipeline; nothing may fail, and nothing may be left."""
        report = materialize(self.installation, months)
        assert report.failures == report.warnings == []

    def requests(self, part: str) -> list[Any]:
        """Requests that Strava received whose path holds ``part``."""
        log = httpx.get(f"{self.sandbox.url}/control/log", trust_env=False, timeout=20).json()
        return [entry for entry in log["requests"] if part in entry["path"]]


#: For tests in which the shape of Strava's addresses and tokens matters: until 2027, and from then.
in_both_shapes = pytest.mark.parametrize(
    "world", [{"future": False}, {"future": True}], ids=["2026", "2027"], indirect=True
)


@pytest.fixture
def world(request: pytest.FixtureRequest, settings_of: Any) -> Iterator[World]:
    """Strava and an installation that do not know each other yet; a test may ask for other ``activities``, or for
    the ``future``."""
    options = {"activities": ACTIVITIES, "future": False, **getattr(request, "param", {})}
    account = synthetic_account(seed=1, activities=options["activities"])
    with serve(account, auto_approve=True, future=options["future"]) as sandbox:
        settings = settings_of(
            STRAVA_API_URL=sandbox.api_url,
            STRAVA_OAUTH_URL=sandbox.oauth_url,
            STRAVA_CLIENT_ID=str(sandbox.client_id),
            STRAVA_CLIENT_SECRET=sandbox.client_secret,
        )
        opened = open_installation(settings)
        yield World(opened, sandbox)
        opened.database.close()


@pytest.fixture
def connected(world: World) -> World:
    """The same, after the athlete has allowed access."""
    world.connect()
    return world


@pytest.fixture
def told(connected: World) -> World:
    """An account that is listed, and subscribed to."""
    subscribe(connected)
    list_account(connected.database, connected.client(), connected.athlete_id, None, None, connected.settings)
    return connected


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that fails is tried again at once."""
    monkeypatch.setattr("strava_assets.strava.client._PAUSES", (0.0, 0.0))


@pytest.fixture
def zoned(connected: World) -> Iterator[World]:
    """The same, with zones around the athlete's places: ready to be published."""
    places = connected.sandbox.account.places
    zone_store.add(connected.database, [DrawnZone(place.name, disc(place.lng, place.lat, 120.0)) for place in places])
    before = dict(os.environ)
    yield connected
    os.environ.clear()
    os.environ.update(before)
