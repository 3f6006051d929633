"""The cut against what everybody would write, on the same tracks: from a table of samples to lines that may be shown.

Tracks start at one of a few places that are zones, and wander off; a table holds some of them, as a month does. One
thread each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.privacy import cut, cut_shapes, geodesy, lines
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.zones import Zone, disc
from strava_assets_tests.publish.worlds import HOME

out = Console()
#: Tracks in one table.
_A_MONTH = 50
#: Metres from one sample to the next.
_STRIDE = 7.0


def write_tables(folder: Path, tracks: int, points: int, homes: np.ndarray) -> list[Path]:
    """Tables of tracks, the columns as in ``activity_streams``."""
    chance, paths = np.random.default_rng(1), []
    for at in range(0, tracks, _A_MONTH):
        count = min(_A_MONTH, tracks - at)
        bend = np.cumsum(chance.normal(0, 0.006, (count, points)), axis=1)
        heading = bend + chance.uniform(0, 2 * np.pi, (count, 1))
        home = homes[chance.integers(0, len(homes), count)]
        north = np.cumsum(np.sin(heading), axis=1) * _STRIDE / 111_320
        east = np.cumsum(np.cos(heading), axis=1) * _STRIDE / 111_320 / np.cos(np.radians(HOME.lat))
        columns = {
            "activity_id": np.repeat(np.arange(count), points),
            "time": np.tile(np.arange(points, dtype=float), count),
            "lng": (home[:, :1] + east).round(6).ravel(),
            "lat": (home[:, 1:] + north).round(6).ravel(),
        }
        paths.append(folder / f"{at}.parquet")
        pq.write_table(pa.table(columns), paths[-1], compression="zstd")
    return paths


def read(path: Path) -> Samples:
    table = pq.read_table(path, use_threads=False)
    owner, time_, lon, lat = (table.column(name).to_numpy() for name in ("activity_id", "time", "lng", "lat"))
    return Samples(lon, lat, time_, np.searchsorted(owner, np.arange(owner[-1] + 2)).astype(np.int64))


def our_cut(samples: Samples, zones: list[Zone]) -> np.ndarray:
    """Lines of the visible runs, simplified and on the grid."""
    runs = cut.visible_runs(samples, cut.hidden_areas(zones))
    cells, starts = lines.simplified(samples, runs)
    whose = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    drawable = np.diff(starts)[whose] >= 2
    _, whose = np.unique(whose[drawable], return_inverse=True)
    return shapely.linestrings(cells[drawable] / lines.CELLS, indices=whose)


def overlay_cut(samples: Samples, zones: list[Zone]) -> geopandas.GeoSeries:
    """Project, difference with the shapes, simplify, project back."""
    coords = np.column_stack([samples.lon, samples.lat])
    frame = geopandas.GeoDataFrame(geometry=shapely.linestrings(coords, indices=samples.owner), crs=4326).to_crs(32632)
    shapes = geopandas.GeoDataFrame(
        geometry=[geodesy.geometry_to_degrees(zone.shape.geometry, zone.shape.center) for zone in zones], crs=4326
    ).to_crs(32632)
    cut_frame = geopandas.overlay(frame, shapes, how="difference", keep_geom_type=True)
    return cut_frame.geometry.simplify(lines.TOLERANCE).to_crs(4326)


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--tracks", type=int, default=2000)
    parser.add_argument("--points", type=int, default=4000)
    parser.add_argument("--zones", type=int, default=10)


def main(tracks: int = 2000, points: int = 4000, zones: int = 10) -> None:
    """Measure, and show."""
    homes = np.column_stack([HOME.lon + 0.02 * np.arange(zones), np.full(zones, HOME.lat)])
    private = [
        Zone(number, "", place := disc(*home, 150.0), number, cut_shapes.draw(place))
        for number, home in enumerate(homes.tolist())
    ]
    with tempfile.TemporaryDirectory(prefix="strava-assets-cut-") as folder:
        paths = write_tables(Path(folder), tracks, points, homes)

        def through(deed: Callable[[Samples, list[Zone]], object]) -> float:
            deed(read(paths[0]), private)  # whatever is made once
            began = time.perf_counter()
            for path in paths:
                deed(read(path), private)
            return time.perf_counter() - began

        ours, overlay = through(our_cut), through(overlay_cut)
    total = tracks * points
    table = Table("cut", "seconds", "points/s", title=f"{tracks:,} tracks, {total:,} points, {zones} zones")
    table.add_row("ours: read, cut, simplify, quantise", f"{ours:.2f}", f"{total / ours:,.0f}")
    table.add_row("GeoPandas: read, overlay, simplify", f"{overlay:.2f}", f"{total / overlay:,.0f}")
    table.add_row("ratio", f"{overlay / ours:.1f}×", "")
    out.print(table)
