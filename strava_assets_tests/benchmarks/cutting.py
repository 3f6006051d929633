"""The cut against what everybody would write, on the same tracks: from a table of samples to lines that may be shown.

Tracks are rides of the simulated athlete that start at one of a few places, which are zones; a table holds some of
them, as a month does, and is written and read as the project does it. One thread each, and the processor's time that it
has had: on a machine that does nothing else, that is the time which passes. In turn everybody does all months, several
times, and of each month everybody's best counts: what else the machine does hits all of them alike, or nobody.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import geopandas
import numpy as np
import pyarrow as pa
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.privacy import cut, cut_shapes, geodesy, lines, masked
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.tracks import Area
from strava_assets.privacy.zones import Zone, disc
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.schema import STREAMS
from strava_assets.stores import Store
from strava_assets.tables import Months, encode, key_of, months_of
from strava_assets_tests.benchmarks.postgis import postgis as a_postgis
from strava_assets_tests.publish.worlds import HOME

out = Console()
#: Tracks in one table.
_A_MONTH = 50
#: Different rides of the simulated athlete; a track is one of them, turned, and put down at a home.
_RIDES = 100
#: What is in a table beside positions.
_RECORDED = ("time", "distance", "altitude", "velocity_smooth", "heartrate", "cadence", "watts", "temp")
#: Turns that everybody takes with each month.
_ROUNDS = 5
#: What the cut looks at.
_COLUMNS = ["activity_id", "time", "lng", "lat"]


@dataclass(frozen=True)
class Contestant:
    """A way to do a month's cut, by the month's number and name; and what tells its time."""

    name: str
    deed: Callable[[int, str], object]
    clock: Callable[[], float | None] = time.thread_time

    def took(self, number: int, month: str) -> float:
        """Seconds for a month."""
        began = self.clock()
        self.deed(number, month)
        ended = self.clock()
        return math.inf if began is None or ended is None else ended - began


def write_tables(store: Store, tracks: int, points: int, homes: np.ndarray) -> Months:
    """Tables of tracks, ``schema.STREAMS``, as the pipeline keeps them."""
    chance, rides = np.random.default_rng(1), _rides(points)
    for at in range(0, tracks, _A_MONTH):
        count = min(_A_MONTH, tracks - at)
        chosen = [rides[number] for number in chance.integers(0, len(rides), count)]
        turn = np.exp(1j * chance.uniform(0, 2 * np.pi, (count, 1)))
        gone = np.stack([ride["gone"] for ride in chosen]) * turn / 111_320
        home = homes[chance.integers(0, len(homes), count)]
        columns = {
            "activity_id": np.repeat(np.arange(at, at + count), points),
            "sample": np.tile(np.arange(points), count),
            "lng": (home[:, :1] + gone.real / np.cos(np.radians(HOME.lat))).round(6).ravel(),
            "lat": (home[:, 1:] + gone.imag).round(6).ravel(),
            **{name: np.concatenate([ride[name] for ride in chosen]) for name in _RECORDED},
            "moving": np.ones(count * points, bool),
        }
        arrays = [
            pa.array(columns[field.name], field.type, from_pandas=True)
            if field.name in columns
            else pa.nulls(count * points, field.type)
            for field in STREAMS
        ]
        month = f"{2000 + at // _A_MONTH // 12}-{at // _A_MONTH % 12 + 1:02d}"
        store.write(key_of("activity_streams", month), encode(pa.table(arrays, schema=STREAMS)))
    return months_of(store, "activity_streams")


def _rides(points: int) -> list[dict[str, np.ndarray]]:
    """Some rides of the simulated athlete, cut to so many samples, and how far they have gone: metres, east + i north.

    They have a receiver's noise, stops, and ways that are gone twice.
    """
    account, rides = synthetic_account(activities=1), []
    while len(rides) < _RIDES:
        ride = account.add().samples()
        if len(ride["time"]) < points:
            continue
        ride = {name: values[:points] for name, values in ride.items()}
        east = (ride["lng"] - ride["lng"][0]) * 111_320 * np.cos(np.radians(ride["lat"][0]))
        absent = dict.fromkeys(_RECORDED, np.full(points, np.nan))
        rides.append(absent | ride | {"gone": east + 1j * (ride["lat"] - ride["lat"][0]) * 111_320})
    return rides


def read(months: Months, month: str) -> Samples:
    """A month's positions, by the project's own reader."""
    table = months.read(month, _COLUMNS, use_threads=False)
    owner = table.column("activity_id").to_numpy()
    return masked.positions(table, range(owner[0], owner[-1] + 1))


def our_cut(samples: Samples, areas: list[Area]) -> np.ndarray:
    """Lines of the visible runs, simplified and on the grid; several for an activity."""
    runs = cut.visible_runs(samples, areas)
    cells, starts = lines.simplified(samples, runs)
    sizes = np.diff(starts)
    drawable = sizes >= 2
    shown, line = np.repeat(drawable, sizes), np.repeat(np.arange(drawable.sum()), sizes[drawable])
    drawn = shapely.linestrings(cells[shown] / lines.CELLS, indices=line)
    whose = runs.activity[drawable]
    return shapely.multilinestrings(drawn, indices=np.cumsum(np.diff(whose, prepend=whose[:1]) > 0))


def overlay_cut(samples: Samples, shapes: geopandas.GeoDataFrame) -> geopandas.GeoSeries:
    """Project, difference with the shapes, simplify, project back."""
    coords = np.column_stack([samples.lon, samples.lat])
    frame = geopandas.GeoDataFrame(geometry=shapely.linestrings(coords, indices=samples.owner), crs=4326).to_crs(32632)
    cut_frame = geopandas.overlay(frame, shapes, how="difference", keep_geom_type=True)
    return cut_frame.geometry.simplify(lines.TOLERANCE).to_crs(4326)


def projected(zones: list[Zone]) -> geopandas.GeoDataFrame:
    """The cut shapes in metres."""
    shapes = [geodesy.geometry_to_degrees(zone.shape.geometry, zone.shape.center) for zone in zones]
    return geopandas.GeoDataFrame(geometry=shapes, crs=4326).to_crs(32632)


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--tracks", type=int, default=2000)
    parser.add_argument("--points", type=int, default=4000)
    parser.add_argument("--zones", type=int, default=10)
    parser.add_argument("--postgis", help="libpq URL of a PostGIS; else one that is installed here is started")


def main(tracks: int = 2000, points: int = 4000, zones: int = 10, postgis: str | None = None) -> None:
    """Measure, and show."""
    homes = np.column_stack([HOME.lon + 0.03 * np.arange(zones), np.full(zones, HOME.lat)])
    private = [
        Zone(number, "", place := disc(*home, 150.0), number, cut_shapes.draw(place))
        for number, home in enumerate(homes.tolist())
    ]
    areas, shapes = cut.hidden_areas(private), projected(private)
    with tempfile.TemporaryDirectory(prefix="strava-assets-cut-") as folder, a_postgis(postgis) as server:
        months = write_tables(Store(folder), tracks, points, homes)
        contestants = [
            Contestant("ours: read, cut, simplify, quantise", lambda _, month: our_cut(read(months, month), areas)),
            Contestant("GeoPandas: read, overlay, simplify", lambda _, month: overlay_cut(read(months, month), shapes)),
        ]
        if server is not None:
            server.load([read(months, month) for month in months], private)
            name = f"{server.version}, jit {server.prepare()}: difference, snap, simplify"
            contestants.append(Contestant(name, lambda number, _: server.cut(number), server.clock))
        if any(contestant.clock() is None for contestant in contestants):  # a server elsewhere: what passes for all
            contestants = [Contestant(one.name, one.deed, time.perf_counter) for one in contestants]
        best = {one.name: np.full(len(months), np.inf) for one in contestants}
        for _ in range(_ROUNDS):
            for one in contestants:
                for number, month in enumerate(months):
                    best[one.name][number] = min(best[one.name][number], one.took(number, month))
    total, (ours, *_) = tracks * points, (seconds.sum() for seconds in best.values())
    table = Table(
        "cut, best of " + str(_ROUNDS),
        "seconds",
        "points/s",
        "ours is",
        title=f"{tracks:,} tracks, {total:,} points, {zones} zones",
    )
    for name, each in best.items():
        seconds = float(each.sum())
        ratio = "" if seconds == ours else f"{seconds / ours:.1f} times as fast"
        table.add_row(name, f"{seconds:.2f}", f"{total / seconds:,.0f}", ratio)
    if server is None:
        table.add_row("PostGIS", "", "", "not compared: none is installed, and no --postgis URL is given")
    out.print(table)
