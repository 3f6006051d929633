"""Maps, held against the invariants and against the CSVs beside them: what was proven before is not proven again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import orjson

from strava_assets.privacy import invariants
from strava_assets.privacy.invariants import Finding
from strava_assets.privacy.tracks import Tracks
from strava_assets.publish import topojson_decoder, topojson_file
from strava_assets.publish.judging.rules import Facts, Judgement, Map, Public, Rules
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import ID, csv_path, map_path
from strava_assets.publish.topojson_decoder import DecodedFeature, DecodedTopology
from strava_assets.publish.topojson_file import Feature, MapFile


def read_map(data: bytes) -> Map:
    """Read a map that we wrote, or anybody; raises ValueError where it is none."""
    try:
        return topojson_file.read(data)
    except ValueError:
        return topojson_decoder.decode(data)


def judge_map(athlete: str, shown: Map, rules: Rules, areas: Any, public: Public, result: Judgement) -> None:
    """Add what is found of an athlete's map, and what was proven of it."""
    path, add = map_path(athlete), result.findings.append
    ids: list[Any] = [feature.properties.get("actID") for feature in shown.features]
    csvs = [csv_path(athlete, str(number)) for number in ids]
    seen: set[str] = set()
    for number, given in enumerate(ids):
        if not (isinstance(given, str) and re.fullmatch(ID, given)) or given in seen:
            add(Finding("I8", _where(path, number, given), "actID is no public id, or stands twice"))
        else:
            seen.add(given)
    remembered = public.facts_of([path]).get(path, {})
    proven: dict[str, list[float]] = remembered.get("boxes", {}) if remembered.get("under") == rules.mark else {}
    try:
        marks, fresh, decoded = _looked_into(shown, csvs, proven, public)
    except ValueError as error:
        add(unreadable(path, error))
        return
    lines: list[np.ndarray] = []
    names: list[str] = []
    boxes = {mark: proven[mark] for mark in marks if mark in proven}
    facts, names_of_zones = public.facts_of([csvs[number] for number in fresh]), ZoneNames(rules.zones)
    for number, feature in zip(fresh, decoded.features, strict=True):
        where = _where(path, number, ids[number])
        _judge_feature(where, feature, facts.get(csvs[number]), rules, names_of_zones, result)
        lines += feature.lines
        names += [where] * len(feature.lines)
        if feature.lines:
            boxes[marks[number]] = _box(feature.lines)
    result.facts[path] = {"under": rules.mark, "boxes": boxes}
    if not (isinstance(shown, MapFile) and decoded.canonical):
        add(Finding("I7", path, "is not written as we write it: bytes could tell something beside what they mean"))
    if decoded.unused_arcs:
        add(Finding("I9", path, "holds arcs that no activity uses"))
    if extra := set(decoded.members) - {"type", "bbox", "transform", "objects", "arcs"}:
        add(Finding("I7", path, f"has the unknown member {sorted(extra)[0]!r}"))
    if decoded.scale != [topojson_file.CELL] * 2:
        add(Finding("I10", path, "the transform's grid is not the fixed one"))
    result.findings += invariants.near_zones("I1", Tracks.of(lines), names, areas, result.tested)
    if not boxes and (shown.bbox or any(shown.translate)):
        add(Finding("I10", path, "tells a place although nothing is visible"))
    if boxes:
        corners = np.array(list(boxes.values()))
        box = [*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0)]
        if len(shown.bbox) != 4 or not np.allclose(shown.bbox, box, atol=2e-7, rtol=0):
            add(Finding("I10", path, "bbox is not that of the visible lines"))
        if not np.allclose(shown.translate, box[:2], atol=2e-7, rtol=0):
            add(Finding("I10", path, "the transform does not begin at the visible lines' corner"))


def _looked_into(
    shown: Map, csvs: Sequence[str], proven: Collection[str], public: Public
) -> tuple[list[str], list[int], DecodedTopology]:
    """Marks of all activities; which of them were not proven before; and these, decoded.

    They are decoded from a file that holds these very bytes of them and no others.
    """
    if not isinstance(shown, MapFile):
        numbers = list(range(len(csvs)))
        return [str(number) for number in numbers], numbers, shown
    marks = [_mark(feature, public.digest_of(csv)) for feature, csv in zip(shown.features, csvs, strict=True)]
    fresh = [number for number, mark in enumerate(marks) if mark not in proven]
    alone = topojson_file.encode([shown.features[number] for number in fresh])
    return marks, fresh, topojson_decoder.decode(alone)


def _judge_feature(
    where: str,
    feature: DecodedFeature,
    facts: Facts | None,
    rules: Rules,
    names_of_zones: ZoneNames,
    result: Judgement,
) -> None:
    """What can be said of one activity beside where it lies."""
    add, properties = result.findings.append, feature.properties
    allowed = (*topojson_file.PROPERTIES, *(topojson_file.OPTIONAL_PROPERTIES if rules.allow_strava_ids else ()))
    result.findings += invariants.known_names(where, properties, allowed)
    result.findings += invariants.no_clock(where, properties)
    result.findings += invariants.property_types(where, properties, topojson_file.PROPERTIES)
    for name in ("name", "gear_name"):
        text = properties.get(name)
        if isinstance(text, str) and text != properties.get("type_extended") and names_of_zones.told_by(text):
            add(Finding("I14", where, f"{name} tells the name of a private zone"))
    if properties.get("private") is not False:
        add(Finding("I15", where, "private is not false"))
    if facts is None:
        add(Finding("I9", where, "has no CSV of its visible samples"))
    else:
        result.findings += invariants.feature_figures(
            where,
            properties,
            facts["length"],
            facts["time"],
            facts.get("highest"),
            facts.get("rise"),
            facts["segments"],
        )
        if len(feature.lines) != facts["segments"] or not _within(feature.lines, facts["bbox"]):
            add(Finding("I11", where, "its lines are not those of its CSV"))
    if not feature.lines or any(len(line) < 2 for line in feature.lines):
        add(Finding("I9", where, "has no visible line"))


def _where(path: str, number: int, public: Any) -> str:
    return f"{path}, feature {number} ({public})"


def unreadable(path: str, error: ValueError) -> Finding:
    """What is not what its name says."""
    return Finding("I7", path, f"cannot be read as what it is: {error}")


def _box(lines: Sequence[np.ndarray]) -> list[float]:
    points = np.concatenate(lines)
    return [round(number, 7) for number in (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())]


def _mark(feature: Feature, csv: str | None) -> str:
    """Of everything that an activity's proof looks at."""
    told = hashlib.blake2b(orjson.dumps((feature.properties, csv)), digest_size=16)
    for arc in feature.arcs:  # each with its length: two of them are not one that reads alike
        told.update(b"|%d|%d,%d%b" % (len(arc.steps), *arc))
    return told.hexdigest()


def _within(lines: Sequence[np.ndarray], box: Sequence[float] | None) -> bool:
    """Whether lines keep to a CSV's box, as far as quantising lets them."""
    if box is None:
        return False
    points = np.concatenate(lines)
    low, high = np.array(box[:2]) - 1e-5, np.array(box[2:]) + 1e-5
    return bool((points >= low).all() and (points <= high).all())
