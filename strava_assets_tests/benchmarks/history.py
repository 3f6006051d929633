"""Ten years from the export's zip to the map: the real commands, and where the seconds go.

``python -m strava_assets_tests.benchmarks history --activities 5000 --home FOLDER``. The zip is kept in the folder, so
that a second measurement need not generate it again. Nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import fitdecode
import gpxpy
import psutil
import psycopg
from rich.console import Console
from rich.table import Table

from strava_assets.database.connection import locate
from strava_assets.installation import open_installation
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets.tables import months_of
from strava_assets_tests.benchmarks import long_export
from strava_assets_tests.benchmarks.cutting import read
from strava_assets_tests.benchmarks.latency import folder
from strava_assets_tests.benchmarks.postgis import postgis

out = Console()
#: Of so many recordings the plain readers' time is taken.
_READ = 100
#: Seconds between two looks at memory.
_LOOK = 0.25


@dataclass
class Measured:
    """Seconds, and bytes."""

    activities: int
    unpacked: int
    seconds: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    runs: int = 0
    peak: dict[str, int] = field(default_factory=dict)
    published: int = 0

    @property
    def total(self) -> float:
        """From the zip to the map."""
        return sum(self.seconds.values())


class Memory:
    """Looks at what this measurement's processes have, while it is entered: proportional set size, all of them."""

    def __init__(self, home: Path):
        self._home, self._stop = str(home), threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK):
            self.peak = max(self.peak, sum(map(_share, self._processes())))

    def _processes(self) -> Iterable[psutil.Process]:
        """Our children and theirs, and the database's, which are nobody's children."""
        ours = set(psutil.Process().children(recursive=True))
        servers = [one for one in psutil.process_iter(["cmdline"]) if self._home in " ".join(one.info["cmdline"] or [])]
        for server in servers:
            ours |= {server, *_children(server)}
        return ours


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _share(process: psutil.Process) -> int:
    """What is shared counts as its share: bytes."""
    try:
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return 0
    except OSError:
        try:
            return int(process.memory_info().rss)
        except psutil.Error:
            return 0


def exported(home: Path, activities: int) -> tuple[Path, int]:
    """The zip, generated if it is not there, and the bytes of its recordings when unpacked."""
    path, known = home / f"export-{activities}.zip", home / f"export-{activities}.json"
    if not path.exists():
        out.print(f"generating an export of {activities:,} activities first")
        known.write_text(json.dumps(long_export.write(path, activities)))
    return path, int(json.loads(known.read_text()))


def measure(home: Path, activities: int) -> tuple[Measured, Settings]:
    """Import and publish, in a new installation."""
    path, unpacked = exported(home, activities)
    place = home / "installation"
    shutil.rmtree(place, ignore_errors=True)
    settings = Settings(_env_file=None, STRAVA_ASSETS_HOME=place, STRAVA_ASSETS_FIRST_MONTH="2005-01")
    installation = open_installation(settings)
    try:
        zones = [DrawnZone(f"home {n}", disc(*at, 150.0)) for n, at in enumerate(long_export.HOMES)]
        zone_store.add(installation.database, zones, source="benchmark")
        measured = Measured(activities, unpacked)
        for name, command in (
            ("import", ["import", str(path), "--visibility", "everyone"]),
            ("materialize", ["materialize"]),
        ):
            began = time.perf_counter()
            with Memory(place) as memory:
                _command(settings, command)
            measured.seconds[name] = time.perf_counter() - began
            measured.peak[name] = memory.peak
        measured.steps, measured.runs = _steps(settings)
        measured.published = sum(1 for _ in Path(settings.public_root).glob("*/streams/*.csv"))
    finally:
        installation.database.close()
    return measured, settings


def _command(settings: Settings, command: Sequence[str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "strava_assets", *command],
        env={**os.environ, **settings_environment(settings)},
        check=True,
    )


def _steps(settings: Settings) -> tuple[dict[str, float], int]:
    """Seconds in each asset, all runs together, and how many runs there were."""
    open_installation(settings).database.close()
    with psycopg.connect(locate(settings).dagster) as dagster:
        rows = dagster.execute(
            "select step_key, sum(extract(epoch from timestamp) * "
            "case dagster_event_type when 'STEP_START' then -1 else 1 end) from event_logs "
            "where dagster_event_type in ('STEP_START', 'STEP_SUCCESS') group by 1 order by min(id)"
        ).fetchall()
        runs = dagster.execute("select count(*) from runs").fetchone()
    return {step: float(seconds) for step, seconds in rows}, runs[0] if runs else 0


def plain_readers(path: Path, activities: int) -> dict[str, float]:
    """Seconds that the libraries everybody takes would need for all GPX and FIT files: some are read, and scaled."""
    took: dict[str, list[float]] = {"gpxpy": [], "fitdecode": []}
    for name, data in long_export.recordings(path):
        reader = {"gpx": "gpxpy", "fit": "fitdecode"}.get(name.split(".")[1])
        if reader is None or sum(map(len, took.values())) >= _READ:
            continue
        began = time.perf_counter()
        if reader == "gpxpy":
            gpxpy.parse(data.decode())
        else:
            with fitdecode.FitReader(data) as messages:
                for _ in messages:
                    pass
        took[reader].append(time.perf_counter() - began)
    share = {"gpxpy": 0.25, "fitdecode": 0.60}
    return {name: sum(each) / max(len(each), 1) * share[name] * activities for name, each in took.items()}


def postgis_cut(settings: Settings, url: str | None) -> tuple[str, float] | None:
    """PostGIS's cut of the same tracks, from its own tables: what it is called, and seconds. None if there is none."""
    installation = open_installation(settings)
    try:
        zones = zone_store.in_force(installation.database)
    finally:
        installation.database.close()
    months = months_of(installation.store, "activity_streams")
    with postgis(url) as server:
        if server is None:
            return None
        tables = [read(months, month) for month in months]
        server.load(tables, zones)
        server.prepare()
        began = time.perf_counter()
        for number in range(len(tables)):
            server.cut(number)
        return server.version, time.perf_counter() - began


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--activities", type=int, default=5000)
    parser.add_argument("--home", help="kept for the next measurement; else a temporary folder")
    parser.add_argument("--postgis", help="libpq URL of a PostGIS; else one that is installed here is started")


def main(activities: int = 5000, home: str | None = None, postgis: str | None = None) -> None:
    """Measure, and show."""
    with folder(home) as place:
        found, settings = measure(place, activities)
        others = plain_readers(exported(place, activities)[0], activities)
        cut = postgis_cut(settings, postgis)
    samples = activities * long_export.SAMPLES
    table = Table(
        "from zip to map",
        "seconds",
        "activities/s",
        "peak memory",
        title=f"{activities:,} activities, {samples:,} samples, {found.unpacked / 1e9:.2f} GB unpacked",
    )

    def row(name: str, seconds: float, peak: int | None = None) -> None:
        memory = "" if peak is None else f"{peak / 1e6:,.0f} MB"
        table.add_row(name, f"{seconds:.1f}", f"{activities / max(seconds, 1e-3):,.0f}", memory)

    row("import", found.seconds["import"], found.peak["import"])
    row(f"materialize ({found.runs} runs)", found.seconds["materialize"], found.peak["materialize"])
    for step, seconds in found.steps.items():  # runs of months overlap: their seconds are more than what passes
        row(f"  {step}, all its runs", seconds)
    row(f"all, {found.published:,} CSVs published", found.total, max(found.peak.values()))
    for reader, seconds in others.items():
        row(f"beside it: {reader} alone, its share of the files, {_READ} of them scaled", seconds)
    if cut is not None:
        row(f"beside it: {cut[0]}, the cut alone", cut[1])
    else:
        table.add_row("beside it: PostGIS's cut", "", "", "not compared: none is installed, and no --postgis is given")
    out.print(table)
