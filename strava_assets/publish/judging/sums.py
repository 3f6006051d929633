"""Figures and the index, which anybody can add up from the maps (I13)."""

from __future__ import annotations

import json
from collections.abc import Callable

from strava_assets.privacy.invariants import Finding
from strava_assets.publish import summaries
from strava_assets.publish.judging.rules import Judgement, Map, Rules
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import INDEX


def judge_periods(path: str, data: bytes, current: Callable[[str], Map | None], result: Judgement) -> None:
    """Add whether weekly or quarterly figures are those of their map, to the byte."""
    athlete, kind = path.removesuffix(".json").split("/")
    start = summaries.week_start if kind == "weekly" else summaries.quarter_start
    try:
        shown = current(athlete)
        features = [feature.properties for feature in shown.features] if shown else []
        same = data == summaries.encode_periods(summaries.periods(features, start))
    except (ValueError, KeyError, TypeError):  # no map, or one whose dates and numbers are none
        same = False
    if not same:
        result.findings.append(Finding("I13", path, "cannot be recomputed from the published activities"))


def judge_index(data: bytes, rules: Rules, current: Callable[[str], Map | None], result: Judgement) -> None:
    """Add whether the index is that of the maps, and its names tell nothing."""
    try:
        entries = [
            (entry["id"], rules.athletes.get(entry["id"], entry["name"]), current(entry["id"]))
            for entry in json.loads(data)["athletes"]
        ]
        named = ZoneNames(rules.zones)
        if any(named.told_by(name) for _, name, _ in entries):
            result.findings.append(Finding("I14", INDEX, "a name tells the name of a private zone"))
        # who has no map is in no index
        same = data == summaries.encode_index([(public, name, shown) for public, name, shown in entries if shown])
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        result.findings.append(Finding("I13", INDEX, "cannot be recomputed from the published activities"))
