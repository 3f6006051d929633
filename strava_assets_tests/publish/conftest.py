"""A public root with a few rides in it, made by the real parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from strava_assets.installation import Installation
from strava_assets.privacy import masked, zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_files, month_files
from strava_assets.publish.gate import GateReport
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets_tests.privacy.worlds import circle
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
