"""Trimmed CSVs, held against the invariants; and what they say, for the map to be held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from strava_assets.privacy import geodesy, invariants
from strava_assets.privacy.invariants import Finding
from strava_assets.privacy.tracks import Tracks
from strava_assets.publish import csv_files
from strava_assets.publish.judging.rules import Facts, Judgement, Rules

_MEASURED = ("heartrate", "watts", "cadence", "velocity_smooth")


def judge_csvs(csvs: Mapping[str, csv_files.DecodedCsv], areas: Any, rules: Rules, result: Judgement) -> None:
    """Add what is found of CSVs, by path, and their facts."""
    lines: list[np.ndarray] = []
    names: list[str] = []
    for path, decoded in csvs.items():
        columns = decoded.columns
        result.findings += invariants.known_names(path, decoded.header, csv_files.COLUMNS)
        ordered = [name for name in csv_files.COLUMNS if name in decoded.header]
        if list(decoded.header) != ordered and not any(f.where == path for f in result.findings):
            result.findings.append(Finding("I7", path, "columns are not in CONTRACT's order"))
        result.findings += invariants.rebased_rows(
            path, columns["segment"], columns["time"], columns.get("distance"), columns["lng"], columns["lat"]
        )
        result.findings += _clocks(path, columns)
        result.findings += invariants.halts(
            path, columns["segment"], columns["time"], columns["lng"], columns["lat"], areas
        )
        parts = csv_files.located_lines(decoded)
        lines += parts
        names += [f"{path}, segment {number}" for number in range(len(parts))]
        result.tested.rows += decoded.rows
        result.facts[path] = _facts(decoded, parts) | {"under": rules.mark}
    if lines:
        result.findings += invariants.near_zones("I2", Tracks.of(lines), names, areas, result.tested)


def _facts(decoded: csv_files.DecodedCsv, parts: list[np.ndarray]) -> Facts:
    segment, time = decoded.columns["segment"].astype(int), decoded.columns["time"]
    covered = np.zeros(segment.max() + 1)
    np.maximum.at(covered, segment, np.nan_to_num(time))
    points = np.concatenate(parts) if parts else np.empty((0, 2))
    highest = {
        name: float(np.nanmax(decoded.columns[name]))
        for name in _MEASURED
        if name in decoded.columns and np.isfinite(decoded.columns[name]).any()
    }
    facts: Facts = {}
    if "altitude" in decoded.columns:
        known = np.isfinite(decoded.columns["altitude"])
        steps = np.diff(decoded.columns["altitude"][known])[np.diff(segment[known]) == 0]
        facts["rise"] = round(float(np.maximum(steps, 0).sum()), 1)
    length = sum(float(geodesy.step_lengths(part[:, 0], part[:, 1]).sum()) for part in parts)
    return facts | {
        "highest": highest,
        "rows": decoded.rows,
        "segments": len(parts),
        "length": round(length, 1),
        "time": round(float(covered.sum()), 1),
        "bbox": [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()] if len(points) else None,
    }


def _clocks(path: str, columns: Mapping[str, np.ndarray]) -> list[Finding]:
    """I6 on rows: a value as large as an instant is none of ours."""
    return [
        Finding("I6", path, f"{name} looks like an instant")
        for name, values in columns.items()
        if np.isfinite(values).any() and np.nanmax(np.abs(values)) > 3e8
    ]


def beside_line(decoded: csv_files.DecodedCsv, lines: Sequence[np.ndarray], tolerance: float) -> float:
    """How far a point of a CSV lies from the activity's lines on the map, metres; 0 if none beyond tolerance (I11)."""
    points = np.concatenate(csv_files.located_lines(decoded))
    scale = np.cos(np.radians(points[:, 1].mean()))
    metres = np.array([scale, 1.0]) * 111_320.0
    origin = points[0]

    def plane(coords: np.ndarray) -> np.ndarray:
        relative = coords - origin
        relative[:, 0] = geodesy.unwrap(relative[:, 0])
        return relative * metres

    # near the middle latitude the plane is right; far from it, longitudes are stretched to match
    tree = shapely.STRtree(
        shapely.linestrings(np.concatenate([np.stack([plane(line)[:-1], plane(line)[1:]], axis=1) for line in lines]))
    )
    places = shapely.points(plane(points))
    beside = np.ones(len(places), bool)
    beside[tree.query(places, predicate="dwithin", distance=tolerance)[0]] = False
    if not beside.any():
        return 0.0
    # to say how far takes longer than to say that it is near
    _, distance = tree.query_nearest(places[beside], return_distance=True, all_matches=False)
    return float(distance.max())
