"""Trimmed CSVs, held against the invariants; and what they say, for the map to be held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

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
