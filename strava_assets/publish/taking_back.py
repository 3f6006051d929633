"""Taking things back: what a new zone forbids, what may not be shown any more, everything of a person.

What belongs here: the order (maps, figures and index first, then CSVs), made from nothing but what is public
already. What does not: finding out that something has to go (``withdrawal``, ``purge``), and private files.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strava_assets.errors import GateRefused, MapOvertaken, StoreUnavailable
from strava_assets.privacy import invariants
from strava_assets.privacy.tracks import Boxes, Tracks
from strava_assets.publish import csv_files, topojson_decoder, topojson_file
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.map_files import public_text, publish_map, publish_summaries, readable_map, until_alone
from strava_assets.publish.paths import CSV_PATH, INDEX, TOPOJSON_PATH, belongs_to_map, csv_path
from strava_assets.publish.topojson_file import Feature

log = logging.getLogger(__name__)
#: CSVs that are looked through at a time.
_AT_ONCE = 200


@dataclass(frozen=True, order=True)
class Exposed:
    """An activity that was public and showed what it must not. ``date`` and ``name`` are empty if it was on no map."""

    date: str
    name: str
    path: str


#: Is called with what was found to show a place.
Tell = Callable[[Collection[Exposed]], None]


def withdraw_exposed(gate: Gate, tell: Tell | None = None) -> list[str]:
    """Take back, at once, what the zones in force now forbid: maps first, then CSVs.

    Parameters
    ----------
    gate : Gate
    tell : callable, optional
        Called with what was found, before any of it goes: more than once, and again if another published meanwhile.

    Returns
    -------
    list of str
        Public ids of the activities that were withdrawn.
    """
    withdrawn: set[str] = set()

    def take_back() -> None:
        withdrawn.update(_withdraw_seen(gate, tell))
        withdrawn.update(_withdraw_found(gate, tell))
        gate.withdraw(gate.tables_left())

    until_alone(gate, take_back)
    return sorted(withdrawn)


def _withdraw_seen(gate: Gate, tell: Tell | None) -> set[str]:
    """Take back, before any CSV is read, whatever the maps tell of: no row lies farther from its line than the line
    may bend. To read all CSVs whose box is near takes far longer than to read the maps."""
    known, mark = gate.known(), gate.rules.mark
    if all(entry.under == mark for path, entry in known.items() if CSV_PATH.match(path)):
        return set()
    areas = invariants.forbidden_areas(gate.rules.zones, invariants.LINE_TOLERANCE)
    names = ZoneNames(gate.rules.zones)
    exposed: set[tuple[str, str]] = set()
    remaining: dict[str, list[Feature]] = {}
    on_map: dict[tuple[str, str], Mapping[str, Any]] = {}
    for path in gate.paths():
        if not (match := TOPOJSON_PATH.match(path)) or path not in known:
            continue
        data = gate.read_if_any(path)
        if data is None or hashlib.sha256(data).hexdigest() != known[path].sha256:
            return set()  # nobody knows what it shows
        drawn = topojson_decoder.decode(data).features
        tracks = Tracks.of([line for member in drawn for line in member.lines])
        owners = [member.properties["actID"] for member in drawn for _ in member.lines]
        shown = {(match[1], found.where) for found in invariants.near_zones("I1", tracks, owners, areas)}
        if shown:
            members = {(match[1], f.properties["actID"]): f for f in topojson_file.read(data).features}
            remaining[match[1]] = [_unnamed(member, names) for pair, member in members.items() if pair not in shown]
            on_map |= {pair: members[pair].properties for pair in shown}
            exposed |= shown
    _tell(tell, exposed, on_map)
    if exposed:
        _take_out(gate, remaining, exposed)
    return {activity for _, activity in exposed}


def _withdraw_found(gate: Gate, tell: Tell | None) -> set[str]:
    """Take back whatever the bytes of maps and CSVs tell of; what is proven under the rules in force is not read."""
    areas = invariants.forbidden_areas(gate.rules.zones)
    known, mark = gate.known(), gate.rules.mark
    names = ZoneNames(gate.rules.zones)
    exposed: set[tuple[str, str]] = set()
    # what is public is what lies there, remembered or not; what was proven under these very rules is not read again
    proven = {path for path, entry in known.items() if entry.under == mark}
    csvs = {path: match for path in gate.paths() if path not in proven and (match := CSV_PATH.match(path))}
    boxes = {path: facts["bbox"] for path, facts in gate.facts(list(csvs)).items() if facts.get("bbox")}
    asked = [*_boxes_near(boxes, areas), *(path for path in csvs if path not in boxes)]
    for at in range(0, len(asked), _AT_ONCE):
        exposed |= {(csvs[path][1], csvs[path][2]) for path in _showing(gate, asked[at : at + _AT_ONCE], areas)}
    remaining: dict[str, list[Feature]] = {}
    on_map: dict[tuple[str, str], Mapping[str, Any]] = {}
    changed = _names_otherwise(gate)
    for path in gate.paths():
        if not (match := TOPOJSON_PATH.match(path)):
            continue
        if (data := gate.read_if_any(path)) is None:
            continue
        as_written = path in known and hashlib.sha256(data).hexdigest() == known[path].sha256
        if path in proven and not exposed and as_written:
            continue
        changed |= not as_written  # it is written anew, through the gate: figures and box may be anything, too
        try:
            drawn = topojson_decoder.decode(data).features
            members = topojson_file.with_our_properties(topojson_file.read(data)).features
        except ValueError:
            drawn, members, changed = [], [], True  # what cannot be read cannot be trusted
        lines = [line for member in drawn for line in member.lines]
        owners = [member.properties["actID"] for member in drawn for _ in member.lines]
        for finding in invariants.near_zones("I1", Tracks.of(lines), owners, areas):
            exposed.add((match[1], finding.where))
        remaining[match[1]] = []
        for member in members:
            if (match[1], member.properties["actID"]) in exposed:
                on_map[match[1], member.properties["actID"]] = member.properties
                continue
            kept = _unnamed(member, names)
            changed |= kept.properties != member.properties
            remaining[match[1]].append(kept)
    _tell(tell, exposed, on_map)
    if exposed or changed:
        _take_out(gate, remaining, exposed)
    gate.proved(path for path in csvs if path in known)
    return {activity for _, activity in exposed}


def _names_otherwise(gate: Gate) -> bool:
    """Whether the index calls an athlete other than they are called now: a zone may have that name since."""
    try:
        entries = json.loads(gate.read_if_any(INDEX) or b'{"athletes": []}')["athletes"]
        return any(gate.rules.athletes.get(entry["id"]) != entry["name"] for entry in entries)
    except (ValueError, KeyError, TypeError):
        return True  # what cannot be read cannot be trusted


def _unnamed(member: Feature, names: ZoneNames) -> Feature:
    """An activity whose texts tell no zone's name, by the rules of now."""
    properties = dict(member.properties)
    properties["name"] = public_text(properties["name"], names) or properties["type_extended"]
    properties["gear_name"] = public_text(properties["gear_name"], names)
    return Feature(properties, member.arcs)


def _take_out(gate: Gate, remaining: Mapping[str, Sequence[Feature]], exposed: Collection[tuple[str, str]]) -> None:
    """The maps show what remains, and then the CSVs of the rest go; these also where a map stays that cannot be
    deleted."""
    csvs = [csv_path(*pair) for pair in exposed]
    try:
        _show_only(gate, remaining)
    except StoreUnavailable:
        gate.withdraw(csvs)
        raise
    gate.withdraw(csvs)


def _tell(
    tell: Tell | None, exposed: Collection[tuple[str, str]], on_map: Mapping[tuple[str, str], Mapping[str, Any]]
) -> None:
    if exposed and tell:
        told = {pair: on_map.get(pair, {}) for pair in exposed}
        tell(
            [Exposed(its.get("startDate") or "", its.get("name") or "", csv_path(*pair)) for pair, its in told.items()]
        )


def withdraw_activities(gate: Gate, csvs: Collection[str]) -> int:
    """Take back activities: out of their athletes' maps and figures and the index first, then their CSVs.

    Parameters
    ----------
    gate : Gate
    csvs : collection of str
        Public paths of their CSVs.

    Returns
    -------
    int
        CSVs that were there.
    """
    going = {match.groups() for path in csvs if (match := CSV_PATH.match(path))}

    def show_the_rest() -> None:
        gate.known()  # before the maps are read: what is published after this is seen by the gate
        remaining: dict[str, list[Feature]] = {}
        for athlete in sorted({athlete for athlete, _ in going}):
            there = readable_map(gate, athlete) if athlete in gate.rules.athletes else None
            members = there.features if there else []
            remaining[athlete] = [member for member in members if (athlete, member.properties["actID"]) not in going]
        _show_only(gate, remaining)

    until_alone(gate, show_the_rest)
    return gate.withdraw(csvs)


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
    if theirs:
        _show_only(gate, {athlete: []})
    gate.withdraw([*theirs, *gate.remembered(athlete)])
    return len(theirs)


def _show_only(gate: Gate, remaining: Mapping[str, Sequence[Feature]]) -> None:
    """Publish maps of these athletes with no more than this. A withdrawal waits for nobody's judgement: else nothing
    is shown at all."""
    try:
        publish_map(gate, remaining, others_stay=True)
        publish_summaries(gate, remaining)
    except MapOvertaken:
        raise
    except (GateRefused, StoreUnavailable, ValueError) as refusal:  # also where there is no space for a smaller map
        log.warning("the map is withdrawn whole until it is made again: %s", refusal)
        gate.look_again()
        gate.withdraw(path for path in gate.paths() if belongs_to_map(path))


def _showing(gate: Gate, paths: Sequence[str], areas: Sequence[Any]) -> set[str]:
    """CSVs whose bytes show a place that they may not; ones that cannot be read might."""
    showing: set[str] = set()
    lines: list[np.ndarray] = []
    names: list[str] = []
    for path in paths:
        if (data := gate.read_if_any(path)) is None:
            continue
        try:
            decoded = csv_files.decode(data, csv_files.REQUIRED)
            parts = csv_files.located_lines(decoded)
        except ValueError:
            showing.add(path)
            continue
        lines += parts
        names += [path] * len(parts)
        columns = decoded.columns
        if invariants.halts("", columns["segment"], columns["time"], columns["lng"], columns["lat"], areas):
            showing.add(path)
    return showing | {found.where for found in invariants.near_zones("I2", Tracks.of(lines), names, areas)}


def _boxes_near(boxes: Mapping[str, Any], areas: Sequence[Any]) -> list[str]:
    """Paths whose box meets an area's."""
    paths = [path for path, box in boxes.items() if box]
    if not paths:
        return []
    tracks = Boxes.around(*np.array([boxes[path] for path in paths]).T)
    near: set[int] = set()
    for _, area in areas:
        near.update(int(place) for place in tracks.near(area))
    return [paths[place] for place in sorted(near)]
