"""Judging bytes before they are public, and after: decode, then hold against every invariant.

What belongs here: one function that takes paths and bytes and returns findings and facts; the gate
calls it before it writes, ``verify`` after. What does not: reading or writing any store.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import shapely

from strava_assets.privacy import geodesy, invariants
from strava_assets.privacy.invariants import Finding, Tested
from strava_assets.privacy.tracks import Tracks
from strava_assets.privacy.zones import Zone
from strava_assets.publish import csv_files, summaries, topojson_file
from strava_assets.publish.topojson_file import DecodedTopology

ID = r"[0-9a-f]{16}"
#: The list of athletes, which is written with every map.
INDEX = "index.json"
CSV_PATH = re.compile(rf"^({ID})/streams/stream_({ID})\.csv$")
TOPOJSON_PATH = re.compile(rf"^({ID})/activities\.topojson$")
PERIODS_PATH = re.compile(rf"^({ID})/(weekly|quarterly)\.json$")
SITE_PATH = re.compile(r"^(index\.html|config\.json|favicon\.\w+|assets/[\w.-]+)$")

_MEASURED = ("heartrate", "watts", "cadence", "velocity_smooth")

#: What the decoded bytes of a CSV say, kept beside it so that the map can be held against it; of a map, which of
#: its activities were proven. Both with the mark of the rules that were held against them.
Facts = dict[str, Any]
#: Counts up whenever something is proven that was not before.
VERSION = 1


@dataclass(frozen=True)
class Rules:
    """What is held against the bytes."""

    zones: Sequence[Zone]
    key: bytes
    allow_no_zones: bool = False
    allow_strava_ids: bool = False
    athletes: Mapping[str, str] = field(default_factory=dict)  # public id -> public name

    @functools.cached_property
    def mark(self) -> str:
        """Tells these rules from others: what was proven under them need not be proven again."""
        places = sorted(
            (zone.id, zone.name, shapely.to_wkb(zone.geometry, hex=True), *zone.shape.center)
            + (shapely.to_wkb(zone.shape.geometry, hex=True),)
            for zone in self.zones
        )
        told = repr((VERSION, self.allow_no_zones, self.allow_strava_ids, places))
        return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass
class Judgement:
    """The outcome: no finding means that every invariant that can be seen holds."""

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Facts] = field(default_factory=dict)
    tested: Tested = field(default_factory=Tested)


def judge(
    objects: Mapping[str, bytes],
    rules: Rules,
    facts_of: Callable[[str], Facts | None],
    topology_of: Callable[[str], DecodedTopology | None],
) -> Judgement:
    """Decode objects and hold them against the invariants.

    Parameters
    ----------
    objects : mapping of str to bytes
        By public path.
    rules : Rules
    facts_of : callable
        Facts of a CSV or a map that is public already, by path; None if it is not. What they say was proven
        under the same rules is not proven again.
    topology_of : callable
        The decoded map of an athlete that is public already, by public id; None if there is none.
    """
    result = Judgement()
    topologies: dict[str, DecodedTopology] = {}
    csvs: dict[str, csv_files.DecodedCsv] = {}
    for path, data in objects.items():
        result.tested.files += 1
        result.findings += _key_in(path, data, rules)
        try:
            if CSV_PATH.match(path):
                csvs[path] = csv_files.decode(data)
            elif match := TOPOJSON_PATH.match(path):
                topologies[match[1]] = topojson_file.decode(data)
            elif not (PERIODS_PATH.match(path) or path == INDEX or SITE_PATH.match(path)):
                result.findings.append(Finding("I7", path, "is no public file's name"))
        except ValueError as error:
            result.findings.append(Finding("I7", path, f"cannot be read as what it is: {error}"))
    if (csvs or any(topology.features for topology in topologies.values())) and not (
        rules.zones or rules.allow_no_zones
    ):
        result.findings.append(Finding("I16", "zones", "there is no privacy zone in force; nothing is published"))
    areas = invariants.forbidden_areas(rules.zones)
    _judge_csvs(csvs, areas, rules, result)
    for public, topology in topologies.items():
        _judge_topology(f"{public}/activities.topojson", topology, rules, areas, facts_of, result)

    def current(public: str) -> DecodedTopology | None:
        return topologies[public] if public in topologies else topology_of(public)

    for path, data in objects.items():
        if match := PERIODS_PATH.match(path):
            _judge_periods(path, data, match[2], current(match[1]), result)
        elif path == INDEX:
            _judge_index(data, rules, current, result)
    return result


def _judge_csvs(csvs: Mapping[str, csv_files.DecodedCsv], areas: Any, rules: Rules, result: Judgement) -> None:
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


def _within(lines: Sequence[np.ndarray], box: Sequence[float] | None) -> bool:
    """Whether lines keep to a CSV's box, as far as quantising lets them."""
    if box is None or not lines:
        return False
    points = np.concatenate(lines)
    low, high = np.array(box[:2]) - 1e-5, np.array(box[2:]) + 1e-5
    return bool((points >= low).all() and (points <= high).all())


def _judge_topology(
    path: str,
    topology: DecodedTopology,
    rules: Rules,
    areas: Any,
    facts_of: Callable[[str], Facts | None],
    result: Judgement,
) -> None:
    athlete = path.split("/")[0]
    add = result.findings.append
    allowed = (*topojson_file.PROPERTIES, *(topojson_file.OPTIONAL_PROPERTIES if rules.allow_strava_ids else ()))
    lines: list[np.ndarray] = []
    names: list[str] = []
    seen: set[Any] = set()
    names_of_zones = ZoneNames(rules.zones)
    before = facts_of(path) or {}
    proven = set(before["proven"]) if before.get("under") == rules.mark else set()
    marks: list[str] = []
    for number, feature in enumerate(topology.features):
        properties = feature.properties
        where = f"{path}, feature {number} ({properties.get('actID')})"
        public = properties.get("actID")
        if not (isinstance(public, str) and re.fullmatch(ID, public)) or public in seen:
            add(Finding("I8", where, "actID is no public id, or stands twice"))
        seen.add(public)
        facts = facts_of(f"{athlete}/streams/stream_{public}.csv")
        marks.append(_mark(feature, facts))
        if marks[-1] in proven:
            continue
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
        lines += feature.lines
        names += [where] * len(feature.lines)
    result.facts[path] = {"under": rules.mark, "proven": marks}
    if not topology.as_we_write:
        add(Finding("I7", path, "is not written as we write it: bytes could tell something beside what they mean"))
    if topology.unused_arcs:
        add(Finding("I9", path, "holds arcs that no activity uses"))
    drawn = [line for feature in topology.features for line in feature.lines]
    if drawn:
        points = np.concatenate(drawn)
        if (np.abs(points) > [180.001, 90.001]).any():
            add(Finding("I1", path, "a vertex lies outside the world"))
        elif lines:
            result.findings += invariants.near_zones("I1", Tracks.of(lines), names, areas, result.tested)
        box = [*points.min(axis=0), *points.max(axis=0)]
        if len(topology.bbox) != 4 or not np.allclose(topology.bbox, box, atol=2e-7, rtol=0):
            add(Finding("I10", path, "bbox is not that of the visible lines"))
        if not np.allclose(topology.translate, box[:2], atol=2e-7, rtol=0):
            add(Finding("I10", path, "the transform does not begin at the visible lines' corner"))
    extra = set(topology.members) - {"type", "bbox", "transform", "objects", "arcs"}
    if extra:
        add(Finding("I7", path, f"has the unknown member {sorted(extra)[0]!r}"))


def _mark(feature: topojson_file.DecodedFeature, facts: Facts | None) -> str:
    """Of everything that an activity's proof looks at."""
    told = hashlib.blake2b(orjson.dumps((feature.properties, facts), option=orjson.OPT_SORT_KEYS), digest_size=16)
    for line in feature.lines:
        told.update(line.tobytes() + b"|")
    return told.hexdigest()


def _judge_periods(path: str, data: bytes, kind: str, topology: DecodedTopology | None, result: Judgement) -> None:
    start = summaries.week_start if kind == "weekly" else summaries.quarter_start
    features = [feature.properties for feature in topology.features] if topology else []
    try:
        same = json.loads(data) == summaries.periods(features, start)
    except (ValueError, KeyError, TypeError):  # not JSON, or a map whose dates and numbers are none
        same = False
    if not same:
        result.findings.append(Finding("I13", path, "cannot be recomputed from the published activities"))


def _judge_index(
    data: bytes, rules: Rules, current: Callable[[str], DecodedTopology | None], result: Judgement
) -> None:
    try:
        entries = [
            (entry["id"], rules.athletes.get(entry["id"], entry["name"]), current(entry["id"]))
            for entry in json.loads(data)["athletes"]
        ]
        named = ZoneNames(rules.zones)
        if any(named.told_by(name) for _, name, _ in entries):
            result.findings.append(Finding("I14", "index.json", "a name tells the name of a private zone"))
        same = all(topology for *_, topology in entries) and data == summaries.encode_index(
            [(public, name, topology) for public, name, topology in entries if topology]
        )
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        result.findings.append(Finding("I13", "index.json", "cannot be recomputed from the published activities"))


def _clocks(path: str, columns: Mapping[str, np.ndarray]) -> list[Finding]:
    """I6 on rows: a value as large as an instant is none of ours."""
    return [
        Finding("I6", path, f"{name} looks like an instant")
        for name, values in columns.items()
        if np.isfinite(values).any() and np.nanmax(np.abs(values)) > 3e8
    ]


def _key_in(path: str, data: bytes, rules: Rules) -> list[Finding]:
    """I14: the key is in no public byte."""
    return [Finding("I14", path, "holds the installation's key")] if rules.key and rules.key in data else []


class ZoneNames:
    """Finds the names of private zones in texts, however they are written."""

    def __init__(self, zones: Sequence[Zone]):
        names = {_plain_text(zone.name) for zone in zones}
        self._names = sorted(name for name in names if len(name) >= 2)

    def told_by(self, text: str | None) -> bool:
        """Whether a text tells a zone's name: as words, or (from four letters on) as the beginning of one."""
        if not text or not self._names:
            return False
        plain = f" {_plain_text(text)} "
        return any(f" {name}" + ("" if len(name) >= 4 else " ") in plain for name in self._names)


@functools.lru_cache(maxsize=20_000)  # people name their rides alike
def _plain_text(text: str) -> str:
    """Letters and digits only, without case or accents, words apart by one space."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())


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
