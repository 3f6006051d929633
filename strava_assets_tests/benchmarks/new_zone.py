"""A new zone over a long history: how soon what it forbids is gone, and how soon the rest of it is public again.

``python -m strava_assets_tests.benchmarks zone --activities 5000 --home FOLDER``: the real command, in a process of
its own, beside the running stack. The folder is kept: the next measurement takes the next place. Nothing here asserts
a time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psycopg
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.database.connection import locate, queries
from strava_assets.installation import Installation
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import disc
from strava_assets.publish import topojson_decoder
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets.strava.account import newly_connected
from strava_assets_tests.benchmarks.latency import folder, living, wait_until_idle

out = Console()
#: Cells in which a place is looked for, degrees; and what is left around zones, metres.
_CELL = (0.004, 0.003)
_APART = 1500.0
#: No measurement takes longer, seconds.
_PATIENCE = 900.0
#: Looks at which nothing is left to do before the end is believed: a sensor's turn may be to come.
_QUIET = 240
#: Between two looks at the public root, seconds.
_LOOK = 0.05


@dataclass
class Measured:
    """Seconds after the command was begun."""

    activities: int = 0
    months: int = 0
    reads: int = 0
    said: str = ""
    load: str = ""
    first_gone: float = 0.0
    off_the_map: float = 0.0
    gone: float = 0.0
    ended: float = 0.0
    back: float = 0.0
    on_the_map: float = 0.0
    runs: list[tuple[str, float, float, float]] = field(default_factory=list)  # months, made, started, ended


def measure(home: Path, activities: int, everything: bool) -> Measured:
    """Add a zone while everything runs, and watch the public root until nothing is left to do."""
    with living(home, activities) as (installation, url):
        settings = installation.settings
        _settle(installation)
        root = Path(settings.public_root)
        (path,) = root.glob("*/activities.topojson")
        file = home / "new_zone.geojson"
        file.write_text(json.dumps(_zones(path, installation, url, everything)))
        httpx.post(f"{url}/control/clear", json={}, trust_env=False).raise_for_status()
        measured = _watch(file, path, installation)
        log = httpx.get(f"{url}/control/log", trust_env=False, timeout=60).json()
        measured.reads = log["reads"]
    return measured


def _watch(file: Path, path: Path, installation: Installation) -> Measured:
    settings, measured = installation.settings, Measured()
    streams, before = path.parent / "streams", _csvs(path.parent / "streams")
    shown, inode = _shown(path), path.stat().st_ino
    gone: set[str] = set()
    missing: set[str] = set()
    environment = {**os.environ, **settings_environment(settings)}
    began, clock = time.time(), time.perf_counter()

    def now() -> float:
        return time.perf_counter() - clock

    command = subprocess.Popen(
        [sys.executable, "-m", "strava_assets", "zones", "add", str(file)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    quiet = 0
    while now() < _PATIENCE and quiet < _QUIET:
        there = _csvs(streams)
        if fresh := before - there - gone:
            measured.first_gone = measured.first_gone or now()
            gone |= fresh
            measured.gone = now()
        if back := missing & there:
            measured.back = now()
            missing -= back
        missing |= fresh
        at = path.stat().st_ino if path.exists() else 0
        if at != inode:
            inode, still = at, _shown(path)
            if len(still) < len(shown) and not measured.off_the_map:
                measured.off_the_map = now()
            if len(still) > len(shown):
                measured.on_the_map = now()
            shown = still
        if not measured.ended and command.poll() is not None:
            measured.ended = now()
        quiet = quiet + 1 if measured.ended and _nothing_to_do(installation) else 0
        time.sleep(_LOOK)
    measured.said = " ".join((command.stdout.read() if command.stdout else "").split())
    wait_until_idle(settings)
    measured.activities = len(gone)
    measured.load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    measured.runs = _runs(settings, began)
    return measured


def _csvs(streams: Path) -> set[str]:
    try:
        return {name for name in os.listdir(streams) if name.endswith(".csv")}
    except FileNotFoundError:
        return set()


def _shown(path: Path) -> set[bytes]:
    return set(re.findall(rb'"actID":"([0-9a-f]{16})"', path.read_bytes())) if path.exists() else set()


def _settle(installation: Installation) -> None:
    """Wait until what an earlier measurement left is done."""
    quiet = 0
    while quiet < 50:
        time.sleep(0.2)
        quiet = quiet + 1 if _nothing_to_do(installation) else 0


def _nothing_to_do(installation: Installation) -> bool:
    if newly_connected(installation.database):
        return False
    with installation.database.transaction() as connection:
        if list(queries().requested_months(connection, fresh_events=True)):
            return False
    with psycopg.connect(locate(installation.settings).dagster) as dagster:
        row = dagster.execute(
            "select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
        ).fetchone()
    return row is not None and not row[0]


def _runs(settings: Settings, began: float) -> list[tuple[str, float, float, float]]:
    with psycopg.connect(locate(settings).dagster) as dagster:
        rows = dagster.execute(
            "select pipeline_name, coalesce(partition, ''), extract(epoch from create_timestamp at time zone 'utc'), "
            "start_time, end_time, run_body::jsonb -> 'tags' from runs "
            "where create_timestamp at time zone 'utc' > to_timestamp(%s) order by id",
            (began,),
        ).fetchall()
    found = []
    for job, partition, made, started, ended, tags in rows:
        span = [tags.get(f"dagster/asset_partition_range_{end}", "") for end in ("start", "end")]
        what = f"{job} {partition or '..'.join(filter(None, span))}"
        found.append((what, float(made) - began, float(started or 0) - began, float(ended or 0) - began))
    return found


def _zones(path: Path, installation: Installation, url: str, everything: bool) -> dict[str, object]:
    """A place that as many activities as possible pass, away from all zones; or the wide surroundings of all zones."""
    if everything:
        places = httpx.get(f"{url}/control/places", trust_env=False).json()
        shapes = [disc(place["lng"], place["lat"], 1000.0) for place in places]
    else:
        lon, lat = _most_passed(path, [zone.shape.center for zone in zone_store.in_force(installation.database)])
        shapes = [disc(lon, lat, 120.0)]
    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))} for shape in shapes
    ]
    return {"type": "FeatureCollection", "features": features}


def _most_passed(path: Path, centers: Sequence[tuple[float, float]]) -> tuple[float, float]:
    features = topojson_decoder.decode(path.read_bytes()).features
    points = np.concatenate([line for feature in features for line in feature.lines])
    whose = np.repeat(np.arange(len(features)), [sum(map(len, feature.lines)) for feature in features])
    cells = np.floor(points / _CELL).astype(np.int64)
    passed, count = np.unique(np.unique(np.column_stack([cells, whose]), axis=0)[:, :2], axis=0, return_counts=True)
    for lon, lat in ((passed + 0.5) * _CELL)[np.argsort(-count)]:
        east = (np.array([center[0] for center in centers]) - lon) * np.cos(np.radians(lat))
        north = np.array([center[1] for center in centers]) - lat
        if (np.hypot(east, north) * 111_320 > _APART).all():
            return float(lon), float(lat)
    raise LookupError("every place that is passed is near a zone")


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--activities", type=int, default=500)
    parser.add_argument("--home", help="kept for the next measurement; else a temporary folder")
    parser.add_argument("--everything", action="store_true", help="a zone that nearly all activities touch")


def main(activities: int = 500, home: str | None = None, everything: bool = False) -> None:
    """Measure, and show."""
    with folder(home) as place:
        found = measure(place, activities, everything)
    out.print(found.said)
    table = Table(
        "until",
        "seconds",
        title=f"a new zone: {activities:,} activities, {found.activities:,} in it, load {found.load}",
    )
    for name, seconds in (
        ("the first file withdrawn", found.first_gone),
        ("off the map", found.off_the_map),
        ("the last file withdrawn", found.gone),
        ("the command ended", found.ended),
        ("the last file published again", found.back),
        ("all of them on the map again", found.on_the_map),
    ):
        table.add_row(name, f"{seconds:.1f}")
    table.add_row("reads of the API", str(found.reads))
    out.print(table)
    runs = Table("run", "made", "started", "ended", title="runs")
    for what, *moments in found.runs:
        runs.add_row(what, *(f"{moment:.1f}" for moment in moments))
    out.print(runs)
