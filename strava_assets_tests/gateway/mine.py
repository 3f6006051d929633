"""A gateway before a small history: six rides from a home with a zone around it, published, one of them private."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow.compute as pc

from strava_assets.gateway.owner_access import link
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation, open_installation
from strava_assets.owner_password import hashed
from strava_assets.privacy import masked, zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_files, month_files
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.settings import Settings
from strava_assets.tables import encode, key_of
from strava_assets_tests.gateway.running import Gateway
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.worlds import HOME, land, ride, tables

MONTH = "2024-05"
PASSWORD = "correct horse battery"
HASH = hashed(PASSWORD, b"0123456789abcdef")
RIDES = [*(ride(number) for number in range(1, 6)), ride(6, visibility="only_me")]


@dataclass
class Mine:
    """What stands behind the owner's view, and whoever looks."""

    gateway: Gateway
    installation: Installation
    ids: dict[int, tuple[str, str]]

    @property
    def athlete(self) -> str:
        """Ada's public id."""
        return self.ids[1][0]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """As a browser on this machine that nobody let in."""
        return httpx.get(self.gateway.url + path, headers=headers, trust_env=False, timeout=20)

    def owner(self, way: str = "key") -> httpx.Client:
        """A browser with a session."""
        browser = httpx.Client(trust_env=False, timeout=30, base_url=self.gateway.url)
        if way == "key":
            answer = browser.get("/mine/?" + link(self.installation.settings).partition("?")[2])
            assert answer.status_code == 200
        else:
            answer = self.login(browser, PASSWORD)
            assert answer.status_code == 303
        return browser

    def login(self, browser: httpx.Client, password: str, **headers: str) -> httpx.Response:
        """Send the login page's form."""
        return browser.post("/mine/login", data={"password": password}, headers={"Origin": self.gateway.url, **headers})

    def public_state(self) -> dict[str, tuple[str, int]]:
        """Every public file's bytes and time."""
        root = Path(self.installation.settings.public_root)
        return {
            str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in root.rglob("*")
            if path.is_file()
        }


def opened_for_long(postgres: str, home: Path, **more: Any) -> Installation:
    """An installation for the tests of a whole file."""
    return open_installation(
        Settings(
            _env_file=None,
            STRAVA_ASSETS_HOME=home,
            STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", f"/t{uuid.uuid4().hex[:12]}?"),
            **{"STRAVA_ASSETS_SECRET_KEY": "0123456789abcdef" * 4, **more},
        )
    )


def small_history(installation: Installation) -> dict[int, tuple[str, str]]:
    """Typed tables, a zone, and what is published of them."""
    zone_store.add(installation.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
    ids = land(installation, len(RIDES))
    activities, streams = tables(RIDES)
    installation.store.write(key_of("activities", MONTH), encode(activities))
    installation.store.write(key_of("activity_streams", MONTH), encode(streams))
    zones = zone_store.in_force(installation.database)
    frame = masked.mask(activities, streams, zones, {"api"}, masked.fingerprints(activities, zones, {"api"}))
    gate = installation.gate()

    def samples(wanted: list[int]) -> Any:
        return streams.filter(pc.field("activity_id").isin(wanted))

    month_files.publish_month(frame, samples, ids, {}, gate, frozenset())
    features = map_files.features_of(frame, ids, ZoneNames(gate.rules.zones))
    map_files.until_alone(gate, lambda: map_files.publish_map(gate, features))
    map_files.publish_summaries(gate)
    gate.publish(
        {"index.html": b"<!doctype html>map", "config.json": b'{"schema": 1, "title": "Rides", "tiles": null}'}
    )
    return ids


def served(installation: Installation) -> Iterator[Mine]:
    """The gateway before it."""
    ids = small_history(installation)
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    yield Mine(gateway, installation, ids)
    gateway.stop()
    shutil.rmtree(installation.settings.home_path, ignore_errors=True)
