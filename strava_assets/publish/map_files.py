"""The files of the whole: each athlete's map and summaries, and the index of athletes.

What belongs here: from masked rows (or from what is public already) to these files, through the gate.
What does not: CSVs (`month_files`), the site's own files (``dashboard``).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

from strava_assets.errors import GateRefused
from strava_assets.privacy import invariants
from strava_assets.privacy.tracks import TrackBoxes, Tracks
from strava_assets.publish import csv_files, summaries, topojson_file
from strava_assets.publish.gate import Gate, GateReport
from strava_assets.publish.judge import CSV_PATH, PERIODS_PATH, TOPOJSON_PATH, ZoneNames
from strava_assets.publish.month_files import csv_path
from strava_assets.publish.topojson_file import Feature

log = logging.getLogger(__name__)
#: Properties that are texts; all others are numbers, flags or null.
_TEXTS = ("name", "gear_name")


@dataclass
class MapReport:
    """What one publication of the map did."""

    activities: int = 0
    athletes: int = 0
    topojson_bytes: int = 0
    geojson_bytes: int = 0
    gate: GateReport = field(default_factory=GateReport)
    waiting: list[str] = field(default_factory=list)  # public ids whose CSV is not public yet


def feature(row: Mapping[str, Any], public: str, hidden_names: ZoneNames, with_strava_id: bool) -> Feature:
    """A masked row as a feature of the map, with CONTRACT's properties.

    A name in which a private zone's name stands is replaced by the kind of activity (I14).
    """
    properties: dict[str, Any] = {
        "actID": public,
        "name": row["name"],
        "type": row["sport_type"],
        "startDate": row["start_date"].isoformat(),
        "private": False,
    }
    for name in topojson_file.PROPERTIES:
        if name not in properties:
            properties[name] = _plain(row[name])
    for name in _TEXTS:
        if hidden_names.told_by(properties[name]):
            properties[name] = row["type_extended"] if name == "name" else None
    if with_strava_id and row.get("strava_id") is not None and not pd.isna(row["strava_id"]):
        properties["strava_id"] = str(int(row["strava_id"]))
    return Feature(
        {
            name: properties[name]
            for name in (*topojson_file.PROPERTIES, *topojson_file.OPTIONAL_PROPERTIES)
            if name in properties
        },
        row["geometry"],
    )


def publish_map(gate: Gate, features: Mapping[str, Sequence[Feature]]) -> MapReport:
    """Publish every athlete's map, and the index of athletes.

    Parameters
    ----------
    gate : Gate
    features : mapping of str to sequence of Feature
        By the athlete's public id. An activity whose CSV is not public yet waits for it.
    """
    report = MapReport()
    known = gate.known()
    objects: dict[str, bytes] = {}
    topologies = []
    for athlete, members in sorted(features.items()):
        ready = [f for f in members if csv_path(athlete, f.properties["actID"]) in known]
        report.waiting += [
            f.properties["actID"] for f in members if csv_path(athlete, f.properties["actID"]) not in known
        ]
        if not ready:
            continue
        # newest day first; within a day by the keyed id, so that no order of the clock is told
        ready.sort(key=lambda f: f.properties["actID"])
        ready.sort(key=lambda f: f.properties["startDate"], reverse=True)
        data = topojson_file.encode(ready)
        topologies.append((athlete, gate.rules.athletes[athlete], topojson_file.decode(data)))
        objects[f"{athlete}/activities.topojson"] = data
        report.activities += len(ready)
        report.topojson_bytes += len(data)
    report.athletes = len(topologies)
    objects["index.json"] = summaries.encode_index(topologies)
    published = {athlete for athlete, *_ in topologies}
    gone = [path for path in known if _belongs_to_map(path) and path.split("/")[0] not in {*published, "index.json"}]
    report.gate = gate.publish(objects, withdraw=gone, sceptical=True)
    return report


def publish_summaries(gate: Gate) -> GateReport:
    """Publish every athlete's weekly and quarterly figures, added up from the map that is public now."""
    objects: dict[str, bytes] = {}
    for path in gate.known():
        if match := TOPOJSON_PATH.match(path):
            topology = gate.topology(match[1])
            published = [member.properties for member in topology.features] if topology else []
            for name, start in (("weekly", summaries.week_start), ("quarterly", summaries.quarter_start)):
                objects[f"{match[1]}/{name}.json"] = summaries.encode_periods(summaries.periods(published, start))
    return gate.publish(objects, sceptical=True)


def sweep(gate: Gate, expected: Iterable[str]) -> int:
    """Withdraw CSVs, maps and summaries that belong to nothing any more; other people's files are let be.

    Parameters
    ----------
    gate : Gate
    expected : iterable of str
        Paths of the CSVs that should be public.
    """
    wanted = set(expected) | {path for path in gate.known() if _belongs_to_map(path)}
    return gate.withdraw(
        path
        for path in gate.paths()
        if path not in wanted
        and (
            CSV_PATH.match(path)
            or TOPOJSON_PATH.match(path)
            or PERIODS_PATH.match(path)
            or path.rsplit("/", 1)[-1].startswith(".tmp-")
        )
    )  # left by a killed process


def withdraw_exposed(gate: Gate) -> list[str]:
    """Take back, at once, what the zones in force now forbid: maps first, then CSVs.

    Returns
    -------
    list of str
        Public ids of the activities that were withdrawn.
    """
    areas = invariants.forbidden_areas(gate.rules.zones)
    known = gate.known()
    names = ZoneNames(gate.rules.zones)
    exposed: set[tuple[str, str]] = set()
    # what is public is what lies there, remembered or not; what is remembered only saves reading it
    csvs = [path for path in gate.paths() if CSV_PATH.match(path)]
    boxes = {path: known[path].facts["bbox"] for path in csvs if path in known and known[path].facts.get("bbox")}
    for path in [*_boxes_near(boxes, areas), *(path for path in csvs if path not in boxes)]:
        if _shows(gate.read(path), areas):
            athlete, activity = CSV_PATH.match(path).groups()  # type: ignore[union-attr]
            exposed.add((athlete, activity))
    remaining: dict[str, list[Feature]] = {}
    renamed = False
    for path in gate.paths():
        if not (match := TOPOJSON_PATH.match(path)):
            continue
        try:
            members = topojson_file.decode(gate.read(path)).features
        except ValueError:
            members, renamed = [], True  # what cannot be read cannot be trusted
        lines = [line for member in members for line in member.lines]
        owners = [member.properties["actID"] for member in members for _ in member.lines]
        for finding in invariants.near_zones("I1", Tracks.of(lines), owners, areas):
            exposed.add((match[1], finding.where))
        remaining[match[1]] = []
        for member in members:
            if (match[1], member.properties["actID"]) in exposed:
                continue
            properties = dict(member.properties)
            if names.told_by(properties["name"]) and properties["name"] != properties["type_extended"]:
                properties["name"], renamed = properties["type_extended"], True
            if names.told_by(properties["gear_name"]):
                properties["gear_name"], renamed = None, True
            remaining[match[1]].append(_again(member.lines, properties))
    if exposed or renamed:
        _show_only(gate, remaining)
        gate.withdraw(csv_path(*pair) for pair in exposed)
    return sorted(activity for _, activity in exposed)


def withdraw_activities(gate: Gate, gone: Collection[tuple[str, str]]) -> int:
    """Take back some activities: from the maps and summaries first, then their CSVs.

    Parameters
    ----------
    gate : Gate
    gone : collection of (str, str)
        Public ids of athlete and activity.

    Returns
    -------
    int
        CSVs that were there.
    """
    remaining: dict[str, list[Feature]] = {}
    shown = 0
    for path in gate.paths():
        if (match := TOPOJSON_PATH.match(path)) and match[1] in gate.rules.athletes:
            try:
                topology = gate.topology(match[1])
                members = topology.features if topology else []
            except ValueError:  # damaged: what is in it may be among these; it is made again by the next run
                members, shown = [], shown + 1
            remaining[match[1]] = [
                _again(member.lines, dict(member.properties))
                for member in members
                if (match[1], member.properties["actID"]) not in gone
            ]
            shown += len(members) - len(remaining[match[1]])
    if shown:
        _show_only(gate, remaining)
    return gate.withdraw(csv_path(*pair) for pair in gone)


def withdraw_athlete(gate: Gate, athlete: str) -> int:
    """Take back everything of an athlete: from the map and the index first, then every file.

    Parameters
    ----------
    gate : Gate
    athlete : str
        Public id.

    Returns
    -------
    int
        Files that were there.
    """
    theirs = [path for path in gate.paths() if path.split("/")[0] == athlete]
    remaining: dict[str, list[Feature]] = {}
    for path in gate.paths():
        if (match := TOPOJSON_PATH.match(path)) and match[1] != athlete and match[1] in gate.rules.athletes:
            try:
                topology = gate.topology(match[1])
            except ValueError:  # damaged: it is made again by the next run
                topology = None
            remaining[match[1]] = [
                _again(member.lines, dict(member.properties)) for member in (topology.features if topology else [])
            ]
    if theirs:
        _show_only(gate, remaining)
    gate.withdraw([*theirs, *gate.remembered(athlete)])
    return len(theirs)


def _again(drawn: Sequence[np.ndarray], properties: dict[str, Any]) -> Feature:
    """A feature of a public map, to be published once more."""
    return Feature(properties, shapely.multilinestrings([shapely.linestrings(np.round(line, 5)) for line in drawn]))


def _show_only(gate: Gate, remaining: Mapping[str, Sequence[Feature]]) -> None:
    """Publish maps of no more than this. A withdrawal waits for nobody's judgement: else nothing is shown at all."""
    try:
        publish_map(gate, remaining)
        publish_summaries(gate)
    except (GateRefused, ValueError) as refusal:
        log.warning("the map is withdrawn whole until it is made again: %s", refusal)
        gate.withdraw(path for path in gate.paths() if _belongs_to_map(path))


def _shows(data: bytes, areas: Sequence[Any]) -> bool:
    """Whether a CSV's bytes show a place that they may not; ones that cannot be read might."""
    try:
        lines = csv_files.located_lines(csv_files.decode(data))
    except ValueError:
        return True
    return bool(invariants.near_zones("I2", Tracks.of(lines), [""] * len(lines), areas))


def _boxes_near(boxes: Mapping[str, Any], areas: Sequence[Any]) -> list[str]:
    """Paths whose box meets an area's."""
    paths = [path for path, box in boxes.items() if box]
    if not paths:
        return []
    tracks = TrackBoxes.kept(np.array([boxes[path] for path in paths]))
    near: set[int] = set()
    for _, area in areas:
        near.update(int(place) for place in tracks.near(area))
    return [paths[place] for place in sorted(near)]


def _belongs_to_map(path: str) -> bool:
    return path == "index.json" or path.endswith(("/activities.topojson", "/weekly.json", "/quarterly.json"))


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
