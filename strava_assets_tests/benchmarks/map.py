"""The map page in a real Chromium: until it can be used, a filter change, a pan frame, and the bytes of a first load.

Rides are invented rings around one home, thinned as the publisher thins them; the page is the built one. The browser
draws on the processor alone, without a graphics card.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.dashboard import owner_files, site_files
from strava_assets.dashboard.build import build, install, node
from strava_assets.privacy.cut import TOLERANCE
from strava_assets_tests.browser import public_root, server

out = Console()
_BROWSER = Path(public_root.__file__).parent
_DEGREE = 111_320.0  # m
#: What is promised at the first number of rides; at more, three times as much.
_LIMITS = {"interactive": 2000.0, "filter": 100.0, "pan": 33.0}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rides", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument("--slower", type=float, default=4.0, help="how much slower a phone's processor is")
    parser.add_argument("--page", type=Path, default=None, help="another built page to measure, a folder")


def main(rides: list[int], slower: float, page: Path | None) -> bool:
    """Measure and print; True if every promise was kept on this machine."""
    build()
    install(_BROWSER)
    site = site_files()
    if page is not None:
        site = {path.relative_to(page).as_posix(): path.read_bytes() for path in page.rglob("*") if path.is_file()}
    table = Table("rides", "screen", "interactive, ms", "filter, ms", "pan frame, ms (95 %)", "TopoJSON, kB")
    good = True
    for count in rides:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            packed = _publish(root, site, count)
            screens = [("1440 × 900", 1440, 900, 1.0)]
            if count == rides[0]:
                screens.append((f"390 × 844, {slower:g} times slower", 390, 844, slower))
            for name, width, height, rate in screens:
                with server.serve(root) as url:
                    seen = _measure(url, width, height, rate)
                found = {
                    "interactive": seen["interactive"],
                    "filter": statistics.median(seen["filters"]),
                    "pan": statistics.median(seen["frames"]),
                }
                allowed = 1.0 if count == rides[0] else 3.0
                if rate == 1.0:
                    good = good and all(value <= allowed * _LIMITS[what] for what, value in found.items())
                table.add_row(
                    f"{count:,}",
                    name,
                    f"{found['interactive']:.0f}",
                    f"{found['filter']:.0f}",
                    f"{found['pan']:.0f} ({np.percentile(seen['frames'], 95):.0f})",
                    f"{packed / 1000:.0f}",
                )
    out.print(table)
    return _sizes(site) and good


def _sizes(site: dict[str, bytes]) -> bool:
    """Print what a first visitor of 2,000 rides loads, compressed."""
    scripts = sum(_packed(data) for path, data in site.items() if path.endswith(".js"))
    rest = sum(_packed(data) for path, data in site.items() if not path.endswith(".js"))
    with tempfile.TemporaryDirectory() as folder:
        rides = _publish(Path(folder), site, 2000)
    table = Table("compressed", "kB", "allowed")
    table.add_row("JavaScript", f"{scripts / 1000:.0f}", "150")
    own = sum(_packed(data) for path, data in owner_files().items() if path.endswith(".js"))
    table.add_row("the same of the owner's page", f"{own / 1000:.0f}", "")
    table.add_row("page, styles, icon", f"{rest / 1000:.0f}", "")
    table.add_row("TopoJSON of 2,000 rides", f"{rides / 1000:.0f}", "")
    table.add_row("first load", f"{(scripts + rest + rides) / 1000:.0f}", "1200")
    out.print(table)
    return scripts <= 150_000 and scripts + rest + rides <= 1_200_000


def _publish(root: Path, site: dict[str, bytes], count: int) -> int:
    """The page and so many rides; the TopoJSON's bytes, compressed."""
    for path, data in site.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    activities = public_root.invent(count)
    for activity in activities:
        activity.runs = [_thinned(run) for run in activity.runs]
    public_root.write(root, activities, streams=False)
    return _packed((root / public_root.ATHLETE / "activities.topojson").read_bytes())


def _thinned(run: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    line = shapely.simplify(shapely.LineString([(lon, lat) for lon, lat, _ in run]), TOLERANCE / _DEGREE)
    return [(lon, lat, 0.0) for lon, lat in shapely.get_coordinates(line)]


def _measure(url: str, width: int, height: int, slower: float) -> dict:
    order = {"url": url, "width": width, "height": height, "slower": slower, "changes": 25}
    done = subprocess.run(
        [str(node()), str(_BROWSER / "measure.mjs"), json.dumps(order)],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def _packed(data: bytes) -> int:
    return len(gzip.compress(data, 6))
