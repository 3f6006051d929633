"""The stages on generated rides: activities a second, bytes, ratios, peak memory."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely
from rich.console import Console
from rich.table import Table

from strava_assets.privacy import cut, cut_shapes, figures, invariants, masked
from strava_assets.privacy.tracks import Tracks
from strava_assets.privacy.zones import Zone, disc
from strava_assets.publish import csv_files, map_files, topojson_decoder, topojson_file
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets_tests.publish.worlds import HOME, ride, tables

out = Console()


def timed(deed: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = deed()
    return time.perf_counter() - began, result


def main(rides: int = 400, kilometres: float = 24.0) -> None:
    activities, streams = tables([ride(number, kilometres=kilometres) for number in range(1, rides + 1)])
    zones = [
        Zone(number, "", zone := disc(HOME.lon + 0.01 * number, HOME.lat, 150.0), number, cut_shapes.draw(zone))
        for number in range(10)
    ]
    samples = streams.num_rows
    table = Table(
        "stage", "seconds", "activities/s", "samples/s", title=f"{rides} rides, {samples:,} samples, 10 zones"
    )

    def row(name: str, seconds: float) -> None:
        table.add_row(name, f"{seconds:.2f}", f"{rides / seconds:,.0f}", f"{samples / seconds:,.0f}")

    sources = {"api"}
    prints = masked.fingerprints(activities, zones, sources)
    seconds, frame = timed(lambda: masked.mask(activities, streams, zones, sources, prints))
    row("mask (cut, simplify, quantise, figures)", seconds)
    month = masked.MonthSamples.of(streams, activities.column("activity_id").to_pylist())
    seconds, _ = timed(lambda: cut.visible_runs(month.samples, cut.hidden_areas(zones)))
    row("  of it the cut", seconds)
    shown = frame[frame["hidden_because"].isna()]
    ids = [int(number) for number in shown["activity_id"]]
    visible = masked.MonthSamples.of(
        streams.filter(pc.is_in(streams.column("activity_id"), pc.cast(ids, "int64"))), ids
    )
    seconds, files = timed(lambda: csvs(shown, visible))
    row("CSV encode", seconds)
    seconds, decoded = timed(lambda: [csv_files.decode(data) for data in files])
    row("gate: decode CSV", seconds)
    areas = invariants.forbidden_areas(zones)
    parts = [part for one in decoded for part in csv_files.located_lines(one)]
    seconds, _ = timed(lambda: invariants.near_zones("I2", Tracks.of(parts), [""] * len(parts), areas))
    row("gate: prove CSV", seconds)
    names = {number: ("0" * 16, f"{number:016x}") for number in ids}
    seconds, found = timed(lambda: map_files.features_of(shown, names, ZoneNames([])))
    (features,) = found.values()
    row("features of the map", seconds)
    seconds, data = timed(lambda: topojson_file.encode(features))
    row("TopoJSON encode", seconds)
    seconds, _ = timed(lambda: topojson_decoder.decode(data))
    row("gate: decode TopoJSON", seconds)
    out.print(table)
    geojson = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": feature.properties,
                    "geometry": json.loads(shapely.to_geojson(shapely.set_precision(geometry, 0))),
                }
                for feature, geometry in zip(features, shown.geometry, strict=True)
            ],
        },
        separators=(",", ":"),
    )
    ratios = Table("what", "figure", title="ratios in this run")
    ratios.add_row("bytes: GeoJSON ÷ TopoJSON", f"{len(geojson):,} ÷ {len(data):,} = {len(geojson) / len(data):.1f}×")
    ratios.add_row("samples ÷ vertices", f"{samples / shown['vertices'].sum():.0f}×")
    ratios.add_row("peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    out.print(ratios)


def csvs(shown: Any, month: masked.MonthSamples) -> list[bytes]:
    runs = masked.runs_of(shown, month)
    visible = figures.rebased(month.samples, runs, month.channels["distance"])
    owner = runs.activity[visible.run]
    columns = {name: values[visible.index] for name, values in month.channels.items() if name != "moving"}
    columns |= {"segment": np.zeros(len(owner)), "time": visible.time, "distance": visible.distance}
    return csv_files.encode(columns, np.searchsorted(owner, np.arange(len(month.ids) + 1)).astype(np.int64))
