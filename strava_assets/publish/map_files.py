"""The files of the whole: each athlete's map and summaries, and the index of athletes.

What belongs here: from masked rows (or from what is public already) to these files, through the gate.
What does not: CSVs (`month_files`), the site's own files (``dashboard``), taking things back (`taking_back`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import geopandas
import numpy as np
import pandas as pd

from strava_assets.errors import GateOvertaken, GateRefused, MapOvertaken
from strava_assets.privacy import clocks
from strava_assets.publish import csv_files, month_files, summaries, topojson_file
from strava_assets.publish.gate import Gate, GateReport
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.map_inputs import Inputs
from strava_assets.publish.paths import (
    CSV_PATH,
    INDEX,
    PERIODS_PATH,
    TOPOJSON_PATH,
    belongs_to_map,
    csv_path,
    is_leftover,
    map_path,
)
from strava_assets.publish.topojson_file import Feature, MapFile

T = TypeVar("T")
#: Times that something is made again because what it rests on was withdrawn meanwhile.
_TRIES = 4


@dataclass
class MapReport:
    """What one publication of the map did."""

    activities: int = 0
    athletes: int = 0
    topojson_bytes: int = 0
    gate: GateReport = field(default_factory=GateReport)
    waiting: list[str] = field(default_factory=list)  # public ids whose CSV is not public yet


def properties_of(
    row: Mapping[str, Any],
    public: str,
    hidden_names: ZoneNames,
    with_strava_id: bool,
    dropped: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """CONTRACT's properties of a masked row.

    A name in which a private zone's name stands is replaced by the kind of activity (I14); a day with its time is left
    out of it (I6). A figure of a column that the owner does not publish is not told either.
    """
    properties: dict[str, Any] = {
        "actID": public,
        "type": row["sport_type"],
        "startDate": row["start_date"].isoformat(),
        "private": False,
    }
    for name in topojson_file.PROPERTIES:
        if name not in properties:
            properties[name] = _plain(row[name])
    for column in dropped & csv_files.FIGURES.keys():
        properties |= dict.fromkeys(csv_files.FIGURES[column])
    properties["has_heartrate"] = properties["average_heartrate"] is not None
    properties["name"] = public_text(properties["name"], hidden_names) or row["type_extended"]
    properties["gear_name"] = public_text(properties["gear_name"], hidden_names)
    if with_strava_id and row.get("strava_id") is not None and not pd.isna(row["strava_id"]):
        properties["strava_id"] = str(int(row["strava_id"]))
    return {
        name: properties[name]
        for name in (*topojson_file.PROPERTIES, *topojson_file.OPTIONAL_PROPERTIES)
        if name in properties
    }


def public_text(text: str | None, hidden_names: ZoneNames) -> str | None:
    """A free text without a day's time (I6); None where no word is left, or a zone's name stands in it (I14)."""
    rest = clocks.without_instant(text)
    return None if hidden_names.told_by(rest) else rest


def features_of(
    masked: geopandas.GeoDataFrame,
    ids: Mapping[int, tuple[str, str]],
    hidden_names: ZoneNames,
    with_strava_id: bool = False,
    dropped: frozenset[str] = frozenset(),
) -> dict[str, list[Feature]]:
    """A masked table's activities as features, by the athlete's public id.

    Parameters
    ----------
    masked : GeoDataFrame
        Rows that show nothing are left out.
    ids : mapping of int to (athlete, activity)
        Public ids by activity id; rows without one are left out, too.
    hidden_names : ZoneNames
    with_strava_id : bool
    dropped : frozenset of str
        Columns that the owner does not publish: as the CSVs were made with.
    """
    shown = masked[masked["hidden_because"].isna() & masked["activity_id"].isin(ids.keys())]
    features: dict[str, list[Feature]] = {}
    rows = pd.DataFrame(shown.drop(columns="geometry")).to_dict("records")
    for row, own, box in zip(rows, *topojson_file.arcs_of(shown.geometry.to_numpy()), strict=True):
        athlete, public = ids[int(row["activity_id"])]
        print_ = month_files.csv_fingerprint(row["fingerprint"], dropped)
        properties = properties_of(row, public, hidden_names, with_strava_id, dropped)
        features.setdefault(athlete, []).append(Feature(properties, own, print_, box))
    return features


def newest_first(features: Sequence[Feature]) -> list[Feature]:
    """By day; within a day by the keyed id, so that no order of the clock is told."""
    ordered = sorted(features, key=lambda feature: feature.properties["actID"])
    return sorted(ordered, key=lambda feature: feature.properties["startDate"], reverse=True)


def publish_map(
    gate: Gate,
    features: Mapping[str, Sequence[Feature]],
    others_stay: bool = False,
    inputs: Inputs | None = None,
) -> MapReport:
    """Publish every athlete's map, and the index of athletes.

    Parameters
    ----------
    gate : Gate
    features : mapping of str to sequence of Feature
        By the athlete's public id. An activity whose CSV is not public yet, or not any more, or is made from an
        older cut, waits for it.
    others_stay : bool
        Maps of athletes who are not named stay as they are; else they are withdrawn.
    inputs : Inputs, optional
        What the features were made from: remembered, so that the next map need not read all of it.

    Raises
    ------
    GateRefused
    """
    return _until_settled(gate, lambda: _publish_map(gate, features, others_stay, inputs))


def until_alone(gate: Gate, deed: Callable[[], T]) -> T:
    """Do what reads the maps, or what they are made of, and publishes them: all of it again if another published."""
    return _until(gate, deed, begin_anew=True)


def publish_summaries(gate: Gate, only: Collection[str] | None = None) -> GateReport:
    """Publish weekly and quarterly figures, added up from the maps that are public now.

    Parameters
    ----------
    gate : Gate
    only : collection of str, optional
        Public ids of athletes; everyone if left out.

    Raises
    ------
    GateRefused
        Also where a map is damaged.
    """
    return _until_settled(gate, lambda: _publish_summaries(gate, only))


def _until_settled(gate: Gate, publish: Callable[[], T]) -> T:
    """Publish, and make it again from what is public then if something was withdrawn while it was made.

    Where another published the map, the features are old, too: that is for `until_alone`.
    """
    return _until(gate, publish, begin_anew=False)


def _until(gate: Gate, deed: Callable[[], T], begin_anew: bool) -> T:
    for _ in range(_TRIES - 1):
        try:
            return deed()
        except GateOvertaken as overtaken:
            if isinstance(overtaken, MapOvertaken) is not begin_anew:
                raise
            gate.look_again(begin_anew)
    return deed()


def _publish_map(
    gate: Gate, features: Mapping[str, Sequence[Feature]], others_stay: bool, inputs: Inputs | None
) -> MapReport:
    report = MapReport()
    known = gate.known()
    barred = gate.not_shown(
        csv_path(athlete, f.properties["actID"]) for athlete, members in features.items() for f in members
    )
    objects: dict[str, bytes] = {}
    maps: list[tuple[str, str, MapFile]] = []
    for athlete, members in sorted(features.items()):
        csvs = {f.properties["actID"]: csv_path(athlete, f.properties["actID"]) for f in members}
        ready = [
            f
            for f in members
            if (path := csvs[f.properties["actID"]]) in known
            and path not in barred
            and f.made_from in ("", known[path].fingerprint)  # another run may have masked its month anew
        ]
        report.waiting += sorted(csvs.keys() - {f.properties["actID"] for f in ready})
        if not ready:
            continue
        data = topojson_file.encode(newest_first(ready))
        maps.append((athlete, gate.rules.athletes[athlete], topojson_file.read(data)))
        objects[map_path(athlete)] = data
        report.activities += len(ready)
        report.topojson_bytes += len(data)
    stay = {
        match[1]
        for path in known
        if others_stay and (match := TOPOJSON_PATH.match(path)) and match[1] in gate.rules.athletes.keys() - features
    }
    for athlete in sorted(stay):
        if there := readable_map(gate, athlete):
            maps.append((athlete, gate.rules.athletes[athlete], there))
    report.athletes = len(maps)
    objects[INDEX] = summaries.encode_index(maps)
    published = {athlete for athlete, *_ in maps}
    # of these athletes also what is not as it was written: a damaged map may show what has to go
    ours = {*known, *(path for path in gate.paths() if path.split("/")[0] in features)}
    gone = [path for path in ours if belongs_to_map(path) and path.split("/")[0] not in {*published, INDEX}]
    remembered = {} if inputs is None else {INDEX: inputs.told(objects)}
    report.gate = gate.publish(objects, withdraw=gone, sceptical=True, fingerprints=remembered)
    return report


def readable_map(gate: Gate, athlete: str) -> MapFile | None:
    """An athlete's map as it is public now, by public id; None if there is none, or a damaged one (a run makes it)."""
    try:
        return gate.map_of(athlete)
    except ValueError:
        return None


def _publish_summaries(gate: Gate, only: Collection[str] | None) -> GateReport:
    objects: dict[str, bytes] = {}
    for path in gate.known():
        if (match := TOPOJSON_PATH.match(path)) and (only is None or match[1] in only):
            try:
                there = gate.map_of(match[1])
            except ValueError as error:
                raise GateRefused(f"{path} is damaged; publish the map again, then its figures") from error
            published = [member.properties for member in there.features] if there else []
            for name, start in (("weekly", summaries.week_start), ("quarterly", summaries.quarter_start)):
                objects[f"{match[1]}/{name}.json"] = summaries.encode_periods(summaries.periods(published, start))
    return gate.publish(objects, sceptical=True)


def sweep(gate: Gate, expected: Iterable[str], among: Iterable[str] | None = None) -> int:
    """Withdraw CSVs, maps and summaries that belong to nothing any more; other people's files are let be.

    Parameters
    ----------
    gate : Gate
    expected : iterable of str
        Paths of the CSVs that should be public.
    among : iterable of str, optional
        Paths seen before that was found out; what another run has published since is not ours to judge.
        All that are there if left out.
    """
    wanted = set(expected) | {path for path in gate.known() if belongs_to_map(path)}
    return gate.withdraw(
        path
        for path in (gate.paths() if among is None else among)
        if path not in wanted
        and (CSV_PATH.match(path) or TOPOJSON_PATH.match(path) or PERIODS_PATH.match(path) or is_leftover(path))
    )


def _plain(value: Any) -> Any:
    """A JSON value: numbers without a needless fraction, null for what is missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, float, np.number)):
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value)
