"""From Strava's event to the map: the whole stack, real processes, and where the seconds go.

``python -m strava_assets_tests.benchmarks latency --activities 5000 --rides 20 --home FOLDER``. The folder is
kept, so that a second measurement need not publish the history again. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from strava_assets.database.connection import locate
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.sandbox.state import CLIENT_ID, CLIENT_SECRET
from strava_assets.settings import Settings
from strava_assets.stack import free_port, running, wait_until_up
from strava_assets.strava.account import create_subscription

out = Console()
#: In a home: how many rides arrived in earlier measurements.
KEPT = "latency.json"
#: A ride that is not on the map by then is counted as this late, seconds.
_PATIENCE = 120.0
#: Multiples of it fall evenly over any whole number of seconds.
_GOLDEN = (5**0.5 - 1) / 2


@dataclass
class Ride:
    """When what happened to one ride, seconds after Strava sent its event."""

    total: float = _PATIENCE
    moments: dict[str, float] = field(default_factory=dict)


def measure(home: Path, activities: int, rides: int, pause: tuple[float, float]) -> list[Ride]:
    """Publish a history, then let rides arrive one by one.

    Parameters
    ----------
    home : Path
        Kept, and used again.
    activities, rides : int
    pause : (float, float)
        Seconds between a published ride and the next. They fall evenly over the second in which Dagster's clocks
        tick: what a ride waits for them is no matter of luck.
    """
    kept = home / KEPT
    found = []
    with living(home, activities) as (installation, url):
        settings = installation.settings
        arrived = json.loads(kept.read_text())["arrived"]
        for number in range(rides):
            time.sleep(pause[0] + number * _GOLDEN % (pause[1] - pause[0]))
            ride = _one(installation, settings, url)
            found.append(ride)
            arrived += 1
            kept.write_text(json.dumps({"arrived": arrived}))
            out.print(f"ride {number + 1}: {ride.total:.1f} s")
            wait_until_idle(settings)
    return found


@contextmanager
def living(home: Path, activities: int) -> Iterator[tuple[Installation, str]]:
    """The whole stack over a history that is public: the installation, and the simulated Strava's address.

    Parameters
    ----------
    home : Path
        Kept, and used again.
    activities : int
        Of the simulated athlete; those that arrived in earlier measurements come on top.
    """
    kept = home / KEPT
    arrived = json.loads(kept.read_text())["arrived"] if kept.exists() else 0
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = _settings(home, url)
    simulation = [sys.executable, "-m", "strava_assets.sandbox", "--activities", str(activities), "--auto-approve"]
    simulation += ["--arrived", str(arrived), "--port", str(port), "--read-limit", "200000,2000000"]
    installation = open_installation(settings)
    with running(settings, before=[("strava", simulation)]) as stack:
        wait_until_up(f"{url}/control/log", stack.child("strava"), 120)
        wait_until_up(f"{settings.base_url}/healthz", stack.child("gateway"), 120)
        places = httpx.get(f"{url}/control/places", trust_env=False).json()
        zones = [DrawnZone(place["name"], disc(place["lng"], place["lat"], 120.0)) for place in places]
        zone_store.add(installation.database, zones, source="benchmark")
        with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser:
            browser.get(f"{settings.base_url}/connect").raise_for_status()
        create_subscription(settings, installation.database)
        if not kept.exists():
            out.print(f"publishing {activities} activities first")
            report = materialize(installation)
            assert not report.failures, report.failures
            kept.write_text(json.dumps({"arrived": 0}))
        wait_until_up(stack.dagster_url, stack.child("webserver"), 180)
        wait_until_idle(settings)
        yield installation, url


def _one(installation: Installation, settings: Settings, url: str) -> Ride:
    root = Path(settings.public_root)
    (path,) = root.glob("*/activities.topojson")
    began = time.time()
    made = httpx.post(f"{url}/control/add", json={}, trust_env=False, timeout=30).json()
    ride = Ride()
    before = _count(path)
    while time.time() - began < _PATIENCE:
        if path.stat().st_ino != ride.moments.get("inode"):
            ride.moments["inode"] = path.stat().st_ino
            if _count(path) > before:
                ride.total = time.time() - began
                break
        time.sleep(0.05)
    ride.moments = _moments(installation, settings, made["id"], began)
    return ride


def _count(path: Path) -> int:
    return path.read_bytes().count(b'"actID"')


def _moments(installation: Installation, settings: Settings, strava_id: int, began: float) -> dict[str, float]:
    """What the databases say of when: the event, the tick, the run and its steps."""
    wait_until_idle(settings)
    with installation.database.transaction() as connection:
        event = connection.execute(
            "select extract(epoch from received_at) as received, extract(epoch from handled_at) as handled "
            "from strava.webhook_event where object_id = %s order by id limit 1",
            (strava_id,),
        ).fetchone()
    assert event is not None
    with psycopg.connect(locate(settings).dagster) as dagster:
        run = dagster.execute(
            "select run_id, extract(epoch from create_timestamp at time zone 'utc'), start_time, end_time "
            "from runs where start_time > %s order by id limit 1",
            (began,),
        ).fetchone()
        assert run is not None
        steps = dagster.execute(
            "select step_key, dagster_event_type, extract(epoch from timestamp at time zone 'utc') from event_logs "
            "where run_id = %s and step_key is not null and dagster_event_type in ('STEP_START', 'STEP_SUCCESS') "
            "order by id",
            (run[0],),
        ).fetchall()
    moments = {
        "event kept": float(event["received"]) - began,
        "event looked into": float(event["handled"]) - began,
        "run made": float(run[1]) - began,
        "run started": float(run[2]) - began,
    }
    for step, kind, at in steps:
        if kind == "STEP_SUCCESS":
            moments[f"  {step}"] = float(at) - began
    moments["run ended"] = float(run[3]) - began
    return moments


def wait_until_idle(settings: Settings) -> None:
    """Until nothing runs, or is about to, for a second."""
    quiet = 0
    with psycopg.connect(locate(settings).dagster, autocommit=True) as dagster:
        while quiet < 5:
            time.sleep(0.2)
            busy = dagster.execute(
                "select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
            ).fetchone()
            quiet = 0 if busy is None or busy[0] else quiet + 1


def _settings(home: Path, url: str) -> Settings:
    port, dagster_port = free_port(), free_port()
    return Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=home,
        STRAVA_CLIENT_ID=CLIENT_ID,
        STRAVA_CLIENT_SECRET=SecretStr(CLIENT_SECRET),
        STRAVA_API_URL=f"{url}/api/v3",
        STRAVA_OAUTH_URL=f"{url}/oauth",
        STRAVA_ASSETS_PORT=port,
        STRAVA_ASSETS_DAGSTER_PORT=dagster_port,
        STRAVA_ASSETS_BASE_URL=f"http://127.0.0.1:{port}",
        STRAVA_ASSETS_FIRST_MONTH="2005-01",
    )


def show(rides: list[Ride], activities: int) -> None:
    """The tables: how late, and where the seconds go."""
    totals = sorted(ride.total for ride in rides)
    table = Table("figure", "seconds", title=f"event → map, {activities:,} activities, {len(rides)} rides")
    table.add_row("median", f"{statistics.median(totals):.1f}")
    table.add_row("95th percentile", f"{totals[min(len(totals) - 1, int(0.95 * len(totals)))]:.1f}")
    table.add_row("worst", f"{totals[-1]:.1f}")
    out.print(table)
    stages = Table("until", "after", "took", title="where the seconds go (medians)")
    before = 0.0
    for name in max((ride.moments for ride in rides), key=len):
        at = statistics.median(ride.moments[name] for ride in rides if name in ride.moments)
        stages.add_row(name, f"{at:.2f}", f"{at - before:.2f}")
        before = at
    out.print(stages)


@contextmanager
def folder(given: str | None) -> Iterator[Path]:
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        yield Path(given).resolve()
    else:
        with tempfile.TemporaryDirectory(prefix="strava-assets-latency-") as made:
            yield Path(made)


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--activities", type=int, default=500)
    parser.add_argument("--rides", type=int, default=20)
    parser.add_argument("--home", help="kept for the next measurement; else a temporary folder")


def main(activities: int = 500, rides: int = 20, home: str | None = None) -> None:
    """Measure, and show."""
    with folder(home) as place:
        show(measure(place, activities, rides, (3.0, 9.0)), activities)
