"""One judgement of some public files together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strava_assets.privacy import invariants
from strava_assets.privacy.invariants import Finding
from strava_assets.publish import csv_files
from strava_assets.publish.judging.beside import judge_beside
from strava_assets.publish.judging.csvs import judge_csvs
from strava_assets.publish.judging.lakes import judge_lake
from strava_assets.publish.judging.maps import judge_map, read_map, unreadable
from strava_assets.publish.judging.rules import Judgement, Map, Public, Rules
from strava_assets.publish.judging.sums import judge_index, judge_periods
from strava_assets.publish.paths import CSV_PATH, INDEX, PERIODS_PATH, SITE_PATH, TOPOJSON_PATH, is_lake


def judge(
    objects: Mapping[str, bytes],
    rules: Rules,
    public: Public,
    lines: Mapping[str, Sequence[NDArray[np.float64]]] = MappingProxyType({}),
) -> Judgement:
    """Decode objects and hold them against the invariants.

    What was proven before, under the same rules, is not proven again.

    Parameters
    ----------
    objects : mapping of str to bytes
        By public path.
    rules : Rules
    public : Public
        What the objects rest on and what is not among them.
    lines : mapping of str to sequence of ndarray, shape (k, 2)
        By the path of a CSV what a map that is not among the objects shows of it: lon, lat. Its rows are to lie there.
    """
    result = Judgement()
    maps: dict[str, Map] = {}
    csvs: dict[str, csv_files.DecodedCsv] = {}
    for path, data in objects.items():
        result.tested.files += 1
        result.findings += _key_in(path, data, rules)
        try:
            if CSV_PATH.match(path):
                csvs[path] = csv_files.decode(data)
            elif match := TOPOJSON_PATH.match(path):
                maps[match[1]] = read_map(data)
            elif not (PERIODS_PATH.match(path) or path == INDEX or is_lake(path) or SITE_PATH.match(path)):
                result.findings.append(Finding("I7", path, "is no public file's name"))
        except ValueError as error:
            result.findings.append(unreadable(path, error))
    shows_something = csvs or any(map(is_lake, objects)) or any(shown.features for shown in maps.values())
    if shows_something and not (rules.zones or rules.allow_no_zones):
        result.findings.append(Finding("I16", "zones", "there is no privacy zone in force; nothing is published"))
    areas = invariants.forbidden_areas(rules.zones)
    judge_csvs(csvs, areas, rules, result)
    judge_beside(csvs, lines, result)
    for athlete, shown in maps.items():
        judge_map(athlete, shown, rules, areas, public, result)

    def current(athlete: str) -> Map | None:
        return maps[athlete] if athlete in maps else public.map_of(athlete)

    for path in filter(is_lake, objects):
        try:
            judge_lake(path, objects[path], rules, areas, public, current, result)
        except ValueError as error:
            result.findings.append(unreadable(path, error))
    for path, data in objects.items():
        if PERIODS_PATH.match(path):
            judge_periods(path, data, current, result)
        elif path == INDEX:
            judge_index(data, rules, current, result)
    return result


def _key_in(path: str, data: bytes, rules: Rules) -> list[Finding]:
    """I14: the key is in no public byte."""
    return [Finding("I14", path, "holds the installation's key")] if rules.key and rules.key in data else []
