"""The public lake: what the map and the CSVs tell, once more as GeoParquet tables; only where it is switched on.

``<athlete>/lake/activities/activities.parquet`` is the map; ``<athlete>/lake/samples/month=YYYY-MM/samples.parquet``
are the CSVs of a month of its days. What belongs here: which files there should be, and their bytes, made from the
bytes of what is public and from nothing else. What does not: judging them (``judging.lakes``), the private lake
(``warehouse``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from strava_assets import geoparquet
from strava_assets.errors import GateOvertaken
from strava_assets.geoparquet import BBOX, GEOMETRY
from strava_assets.publish import csv_files, summaries, topojson_decoder
from strava_assets.publish.csv_files import DecodedCsv
from strava_assets.publish.gate import Gate, GateReport
from strava_assets.publish.judging.lakes import (
    ACTIVITIES,
    KINDS_OF_ACTIVITIES,
    KINDS_OF_SAMPLES,
    PROPERTIES,
    SAMPLES,
)
from strava_assets.publish.paths import csv_path, is_lake, lake_activities_path, lake_samples_path, map_path
from strava_assets.publish.topojson_decoder import DecodedFeature

#: Counts up whenever the same map and CSVs come out as other bytes.
VERSION = "1"
#: What others publish or withdraw meanwhile makes one begin anew.
_ATTEMPTS = 3
#: Decimals of the map's grid.
GRID = 5


@dataclass
class LakeReport:
    """What became of the public lake."""

    files: int = 0
    gate: GateReport = field(default_factory=GateReport)


def publish_lake(gate: Gate, switched_on: bool) -> LakeReport:
    """Bring the public lake up to date, or withdraw it.

    Parameters
    ----------
    gate : Gate
    switched_on : bool

    Raises
    ------
    GateRefused, StoreUnavailable
    """
    for _ in range(_ATTEMPTS - 1):
        gate.look_again()
        with suppress(GateOvertaken):
            return _publish(gate, switched_on)
    gate.look_again()
    return _publish(gate, switched_on)


def _publish(gate: Gate, switched_on: bool) -> LakeReport:
    there = {path for path in gate.paths() if is_lake(path)}
    # and what a killed writer has withdrawn without remembering that
    there |= {path for athlete in gate.rules.athletes for path in gate.remembered(athlete) if is_lake(path)}
    report = LakeReport()
    wanted: set[str] = set()
    if switched_on:
        for athlete in gate.rules.athletes:
            wanted |= _publish_athlete(gate, athlete, report)
    report.files = len(wanted)
    report.gate.withdrawn += gate.withdraw(there - wanted)
    return report


def _publish_athlete(gate: Gate, athlete: str, report: LakeReport) -> set[str]:
    """An athlete's files; one passage of the gate each, which bounds the memory."""
    shown, known = gate.read_if_any(map_path(athlete)), gate.known()
    if shown is None or map_path(athlete) not in known:
        return set()
    features = topojson_decoder.decode(shown).features
    made = {lake_activities_path(athlete): _mark([known[map_path(athlete)].sha256])}
    months = by_month(features)
    for month, members in months.items():
        told = []
        for feature in members:
            csv = known.get(csv_path(athlete, str(feature.properties["actID"])))
            told.append(f"{feature.properties['startDate']} {csv.sha256 if csv else None}")
        made[lake_samples_path(athlete, month)] = _mark(told)
    for path, mark in made.items():
        if path in known and known[path].fingerprint == mark and known[path].under == gate.rules.mark:
            report.gate.unchanged += 1
            continue
        if path == lake_activities_path(athlete):
            encoded = encode_activities(features)
        else:
            members = months[path.split("month=")[1][:7]]
            encoded = encode_samples(members, [_decoded(gate, athlete, feature) for feature in members])
        passed = gate.publish({path: encoded}, fingerprints={path: mark})
        report.gate.written += passed.written
        report.gate.unchanged += passed.unchanged
        report.gate.bytes_written += passed.bytes_written
        report.gate.tested.add(passed.tested)
    return set(made)


def _decoded(gate: Gate, athlete: str, feature: DecodedFeature) -> DecodedCsv:
    path = csv_path(athlete, str(feature.properties["actID"]))
    if (data := gate.read_if_any(path)) is None:
        raise GateOvertaken(f"{path} was withdrawn while a table was made of it: run it again")
    return csv_files.decode(data)


def _mark(told: Sequence[str]) -> str:
    return hashlib.sha256(repr((VERSION, pa.__version__, told)).encode()).hexdigest()


def by_month(features: Sequence[DecodedFeature]) -> dict[str, list[DecodedFeature]]:
    """Activities of the map by the month of their day, each month along the curve, by the middle of their box."""
    months: dict[str, list[DecodedFeature]] = {}
    for feature in along_curve(features):
        months.setdefault(str(feature.properties["startDate"])[:7], []).append(feature)
    return months


def along_curve(features: Sequence[DecodedFeature]) -> list[DecodedFeature]:
    """Activities of the map by the middle of their box, then by public id."""
    if not features:
        return []
    corners = np.array([_corners(feature) for feature in features])
    places = geoparquet.along_curve((corners[:, 0] + corners[:, 2]) / 2, (corners[:, 1] + corners[:, 3]) / 2)
    ids = [str(feature.properties["actID"]) for feature in features]
    return [features[at] for at in sorted(range(len(features)), key=lambda at: (places[at], ids[at]))]


def _corners(feature: DecodedFeature) -> list[float]:
    points = np.concatenate(feature.lines).round(GRID)
    return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]


def encode_activities(features: Sequence[DecodedFeature]) -> bytes:
    """The map as a table, a row an activity."""
    ordered = along_curve(features)
    columns: dict[str, Any] = {
        name: pa.array([feature.properties[name] for feature in ordered], ACTIVITIES.field(name).type)
        for name in PROPERTIES
    }
    columns |= _days([str(feature.properties["startDate"]) for feature in ordered])
    lines = [[line.round(GRID) for line in feature.lines] for feature in ordered]
    drawn = [shapely.LineString(of[0]) if len(of) == 1 else shapely.MultiLineString(of) for of in lines]
    corners = np.array([_corners(feature) for feature in ordered]).reshape(-1, 4)
    columns[GEOMETRY] = geoparquet.shapes(np.array(drawn, dtype=object))
    columns[BBOX] = geoparquet.boxes(*corners.T)
    return geoparquet.encode(pa.table(columns).select(ACTIVITIES.names).cast(ACTIVITIES), KINDS_OF_ACTIVITIES)


def encode_samples(features: Sequence[DecodedFeature], csvs: Sequence[DecodedCsv]) -> bytes:
    """CSVs as a table, a row a row of theirs, in the order given."""
    rows = [decoded.rows for decoded in csvs]
    owner = pa.array(np.repeat(np.arange(len(csvs)), rows))
    columns: dict[str, Any] = {
        "actID": pa.array([str(f.properties["actID"]) for f in features], pa.string()).take(owner)
    }
    columns |= {
        name: days.take(owner) for name, days in _days([str(f.properties["startDate"]) for f in features]).items()
    }
    values = {
        name: np.concatenate([one.columns.get(name, np.full(one.rows, np.nan)) for one in csvs] or [np.empty(0)])
        for name in csv_files.COLUMNS
    }
    columns |= {name: pa.array(numbers, from_pandas=True) for name, numbers in values.items()}
    lon, lat = values["lng"], values["lat"]
    columns[GEOMETRY] = geoparquet.points(lon, lat)
    columns[BBOX] = geoparquet.boxes(lon, lat, lon, lat)
    return geoparquet.encode(pa.table(columns).select(SAMPLES.names).cast(SAMPLES), KINDS_OF_SAMPLES)


def _days(days: Sequence[str]) -> Mapping[str, pa.Array]:
    def dates(texts: Sequence[str]) -> pa.Array:
        return pa.array([date.fromisoformat(text) for text in texts], pa.date32())

    return {
        "startDate": dates(days),
        "iso_week_start": dates([summaries.week_start(day) for day in days]),
        "quarter_start": dates([summaries.quarter_start(day) for day in days]),
    }
