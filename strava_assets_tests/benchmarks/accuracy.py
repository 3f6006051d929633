"""What the cut costs: how much of what lies outside a private place is not shown, by margin and by displaced shape.

Compared with cutting at the drawn zone's own edge, over rides that come within reach of one: simulated people's, and
real recordings, where they are at hand, with a zone of 100-150 m laid over each one's start.
"""

from __future__ import annotations

import argparse

import numpy as np
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import UnreadableRecording
from strava_assets.privacy import cut, cut_shapes, geodesy
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.masked import MonthSamples
from strava_assets.privacy.tracks import Area
from strava_assets.privacy.zones import disc
from strava_assets_tests.attacks.people import simulate, tables
from strava_assets_tests.conftest import REAL_DATA

out = Console()


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--people", type=int, default=40)


def main(people: int = 40) -> None:
    """Measure, and show."""
    everybody = simulate(people, radius=(100.0, 150.0))
    rides: list[tuple[Samples, shapely.Geometry]] = []
    for person in everybody:
        _, streams = tables([person])
        month = MonthSamples.of(streams, list(range(1, len(person.rides) + 1)))
        rides.append((month.samples, person.zone.geometry))
    show(f"{people} simulated people, rides of some 9 km, zones of 100-150 m", rides)
    if REAL_DATA.is_dir():
        found = real_rides()
        show(f"{len(found)} real recordings, a zone of 100-150 m over the start of each", found)


def real_rides() -> list[tuple[Samples, shapely.Geometry]]:
    """Outdoor recordings of at least 2 km, each with a zone that its start lies in."""
    chance, found = np.random.default_rng(1), []
    with open_files(REAL_DATA) as files:
        for name in recordings(files):
            try:
                table = read_recording(files.read(name), name).table
            except UnreadableRecording:
                continue
            if not {"lat", "lng", "time"} <= set(table.column_names):
                continue
            lon, lat, time = (table.column(c).to_numpy().astype(float) for c in ("lng", "lat", "time"))
            known = np.flatnonzero(np.isfinite(lon))
            if not len(known) or geodesy.step_lengths(lon[known], lat[known]).sum() < 2000:
                continue
            radius, angle = chance.uniform(100, 150), chance.uniform(0, 2 * np.pi)
            far = radius * np.sqrt(chance.uniform())
            east, north = far * np.cos(angle), far * np.sin(angle)
            center = geodesy.geometry_to_degrees(shapely.Point(east, north), (lon[known[0]], lat[known[0]]))
            found.append((Samples(lon, lat, time, np.array([0, len(lon)])), disc(center.x, center.y, radius)))
    return found


def show(title: str, rides: list[tuple[Samples, shapely.Geometry]]) -> None:
    """One table."""
    table = Table("cut", "median", "95th percentile", "of all metres", "rides not shown at all", title=title)
    edges = [lengths(samples, Area.of(edge.center, edge.geometry)) for samples, zone in rides for edge in [own(zone)]]
    before = np.concatenate(edges)

    def row(name: str, after: list[np.ndarray]) -> None:
        left = np.concatenate(after)
        met = (before > 0) & reached
        lost = 1 - np.minimum(left[met] / before[met], 1)
        median, high = np.quantile(lost, [0.5, 0.95])
        whole = 1 - left[met].sum() / before[met].sum()
        table.add_row(name, f"{median:.1%}", f"{high:.1%}", f"{whole:.1%}", f"{(left[met] == 0).mean():.1%}")

    reached = np.concatenate([reaches(samples, zone) for samples, zone in rides])
    margins = [
        lengths(samples, Area.of(edge.center, shapely.buffer(edge.geometry, cut_shapes.GUARD + cut.MARGIN)))
        for samples, zone in rides
        for edge in [own(zone)]
    ]
    row(f"guard and margin alone, {cut_shapes.GUARD + cut.MARGIN:.0f} m", margins)
    for expansion in (150.0, cut_shapes.EXPANSION, 500.0):
        shapes = [cut_shapes.draw(zone, expansion) for _, zone in rides]
        after = [
            lengths(samples, Area.of(shape.center, shapely.buffer(shape.geometry, cut.MARGIN)))
            for (samples, _), shape in zip(rides, shapes, strict=True)
        ]
        row(f"displaced shape, E = {expansion:.0f} m" + (" (default)" if expansion == 300 else ""), after)
    out.print(table)


def own(zone: shapely.Geometry) -> CutShape:
    """The drawn zone, cut as it was drawn."""
    center = geodesy.middle(zone)
    return CutShape(center, geodesy.geometry_to_plane(zone, center))


def lengths(samples: Samples, area: Area) -> np.ndarray:
    """Visible metres of each ride."""
    runs = cut.visible_runs(samples, [area])
    index, run = runs.samples, runs.run_of_sample
    known = np.isfinite(samples.lon[index])
    index, run = index[known], run[known]
    steps = geodesy.step_lengths(samples.lon[index], samples.lat[index])
    same = np.diff(run) == 0
    return np.bincount(runs.activity[run[1:][same]], weights=steps[same], minlength=len(samples.starts) - 1)


def reaches(samples: Samples, zone: shapely.Geometry) -> np.ndarray:
    """Which rides begin or end in a zone, or pass through it."""
    shapely.prepare(zone)
    inside = shapely.intersects_xy(zone, samples.lon, samples.lat)
    return np.bincount(samples.owner[inside], minlength=len(samples.starts) - 1) > 0
