"""A public root with a few rides in it, made by the real parts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from strava_assets.database.connection import Database, open_database
from strava_assets.installation import Installation
from strava_assets.privacy import masked, zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_files, month_files
from strava_assets.publish.gate import GateReport
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.settings import Settings
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.small import OWNERS, Small
from strava_assets_tests.publish.test_judging import ADA, EVE
from strava_assets_tests.publish.worlds import HOME, land, ride, tables


@dataclass
class Published:
    """An installation whose rides are public."""

    installation: Installation
    root: Path
    athlete: str
    ids: dict[int, tuple[str, str]]
    publish: Callable[..., GateReport]


@pytest.fixture
def published(installation: Installation) -> Iterator[Published]:
    """Eight rides from a home with a zone around it."""
    zone_store.add(installation.database, [DrawnZone("Rosenhof", HOME.polygon(circle(150)))])
    ids = land(installation, 40)

    def publish(rides: list[Any] | None = None, force: bool = False) -> GateReport:
        activities, streams = tables(rides if rides is not None else [ride(number) for number in range(1, 9)])
        zones = zone_store.in_force(installation.database)
        prints = masked.fingerprints(activities, zones, {"api"})
        frame = masked.mask(activities, streams, zones, {"api"}, prints)
        gate = installation.gate()
        report = month_files.publish_month(
            frame,
            lambda wanted: streams.filter(pc.field("activity_id").isin(wanted)),
            ids,
            {entry.activity_id: path for path, entry in gate.known().items() if entry.activity_id},
            gate,
            frozenset(),
            force,
        )
        names = ZoneNames(gate.rules.zones)
        features = map_files.features_of(frame, ids, names)
        second = map_files.until_alone(gate, lambda: map_files.publish_map(gate, features)).gate
        third = map_files.publish_summaries(gate)
        total = GateReport()
        for part in (report.gate, second, third):
            total.written += part.written
            total.withdrawn += part.withdrawn
        return total

    publish()
    yield Published(installation, Path(installation.settings.public_root), ids[1][0], ids, publish)


@pytest.fixture(scope="session")
def database(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all tests of small public roots."""
    opened = open_database(
        Settings(
            _env_file=None,
            STRAVA_ASSETS_HOME=tmp_path_factory.mktemp("home"),
            STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", f"/t{uuid.uuid4().hex[:12]}?"),
        )
    )
    yield opened
    opened.close()


@pytest.fixture
def empty(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    """An empty public root, for four tiny rides that may be shown."""
    small = Small(tmp_path / "public", database)
    small.sql("delete from strava.public_object")
    small.sql("delete from strava.athlete")
    for number, (athlete, name) in enumerate(((ADA, "Ada"), (EVE, "Eve"))):
        small.sql("insert into strava.athlete (id, name) overriding system value values (%s, %s)", 1 + number, name)
        for ride_number in (place for place, owner in enumerate(OWNERS, 1) if owner == athlete):
            small.sql(
                "insert into strava.activity (id, athlete_id, identity, start_time, month, state, visibility, api) "
                "overriding system value values (%s, %s, %s, '2024-05-01', '2024-05-01', 'landed', 'everyone', '{}')",
                *(ride_number, 1 + number, f"strava:{ride_number}"),
            )
    monkeypatch.setattr(zone_store, "in_force", lambda _: small.zones)
    return small


@pytest.fixture
def small(empty: Small) -> Small:
    """A public root of four tiny rides."""
    empty.publish()
    return empty
