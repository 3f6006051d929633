"""A running gateway, and the simulated Strava of the strava tests for those that need one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from strava_assets.database.connection import queries
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation, open_installation
from strava_assets.settings import Settings
from strava_assets_tests.gateway.running import Gateway
from strava_assets_tests.strava.conftest import World, world

__all__ = ["World", "world"]


@pytest.fixture(scope="module")
def shared(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that knows subscription 1 and owner 3, with nothing published; for tests that leave it as it is."""
    settings = Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=tmp_path_factory.mktemp("gateway"),
        STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", f"/t{uuid.uuid4().hex[:12]}?"),
        STRAVA_ASSETS_SECRET_KEY="0123456789abcdef" * 4,
    )
    opened = open_installation(settings)
    know(opened)
    running = Gateway(opened, listen("127.0.0.1", 0))
    yield running
    running.stop()
    opened.database.close()


def know(installation: Installation) -> None:
    """Subscription 1 and owner 3."""
    with installation.database.transaction() as connection:
        queries().put_subscription(connection, id=1, callback_url="here")
        connection.execute("insert into strava.athlete (name, strava_id) values ('Ada', 3)")
