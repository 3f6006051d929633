"""The simulated people, published once by the real parts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from strava_assets.privacy import cut_shapes
from strava_assets.settings import Settings
from strava_assets_tests.attacks import circles, publishers
from strava_assets_tests.attacks.people import Person, simulate
from strava_assets_tests.attacks.public_files import View
from strava_assets_tests.attacks.publishers import Ours, views

#: Where a statistic is asked of a secret that is drawn, this one is drawn like it, and always the same.
SEED = 11


def seeded(seed: int = SEED) -> SimpleNamespace:
    """The secret source's stand-in: the same distribution, drawn by the same code."""
    source = random.Random(seed)
    return SimpleNamespace(SystemRandom=lambda: source)


@pytest.fixture(scope="session")
def people() -> list[Person]:
    """Forty of them, with some 66 rides each."""
    return simulate(40)


@pytest.fixture(scope="session")
def world_of(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., publishers.World]:
    """An installation of one's own for some people."""

    def make(some: list[Person]) -> publishers.World:
        home: Path = tmp_path_factory.mktemp("attacks")
        return publishers.ours(
            some,
            Settings(
                _env_file=None,
                STRAVA_ASSETS_HOME=home,
                STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", f"/{home.name}?"),
                STRAVA_ASSETS_SECRET_KEY="0123456789abcdef" * 4,
            ),
        )

    return make


@pytest.fixture(scope="session")
def published(people: list[Person], world_of: Callable[..., publishers.World]) -> Iterator[Ours]:
    """Everybody's rides, public, each behind a zone of their own."""
    with world_of(people) as world:
        with pytest.MonkeyPatch.context() as patch:  # others' tests of this process draw as everybody does
            patch.setattr(cut_shapes, "secrets", seeded())
            publishers.draw_zones(world)
        world.publish()
        yield world


@pytest.fixture(scope="session")
def seen(published: Ours) -> list[View]:
    """What a stranger reads of each."""
    return views(published.people, published.public())


@pytest.fixture(scope="session")
def centers(published: Ours) -> list[circles.Floats]:
    """The yardstick: the middle of each shape that was cut, which nobody outside knows better than by a few metres."""
    return published.centers()
