"""What the public maps were made from, so that one more ride does not mean reading ten years.

What belongs here: which month's table, in which version, gave which activities; and from that and the maps that are
public, the features of all months that did not change. What does not: the maps' bytes (``topojson_file``), writing
them (``map_files``). If anything is not as it was remembered, every month is read: the outcome is the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from strava_assets.database.connection import Database, queries
from strava_assets.publish import topojson_file
from strava_assets.publish.gate import Gate
from strava_assets.publish.paths import INDEX, map_path
from strava_assets.publish.topojson_file import Feature

#: Counts up whenever the same masked row comes out as another feature.
VERSION = 4


@dataclass
class Inputs:
    """What maps are made from.

    Attributes
    ----------
    rules : str
        Everything beside the tables that a feature depends on.
    months : dict
        By month: the version of its table, and by athlete the public ids of its activities, with their boxes.
    """

    rules: str
    months: dict[str, tuple[str, dict[str, dict[str, Any]]]] = field(default_factory=dict)

    def add(self, month: str, version: str, features: Mapping[str, Collection[Feature]]) -> None:
        """Note what a month gave."""
        self.months[month] = (
            version,
            {athlete: {f.properties["actID"]: f.box for f in members} for athlete, members in features.items()},
        )

    def told(self, objects: Mapping[str, bytes]) -> str:
        """As text, to be remembered beside the maps that were made."""
        maps = {path: hashlib.sha256(data).hexdigest() for path, data in objects.items() if path != INDEX}
        return orjson.dumps({"rules": self.rules, "months": self.months, "maps": maps}).decode()


def rules_of(gate: Gate, with_strava_id: bool, dropped: Collection[str] = ()) -> str:
    """What features, and whether they wait for their CSVs, depend on beside the tables."""
    return f"{VERSION}|{with_strava_id}|{','.join(sorted(dropped))}|{gate.rules.mark}"


def unchanged(gate: Gate, rules: str, versions: Mapping[str, str]) -> dict[str, dict[str, list[Feature]]]:
    """Features of the months whose tables are still those that the public maps were made from.

    Parameters
    ----------
    gate : Gate
    rules : str
        From `rules_of`.
    versions : mapping of str to str
        The tables' versions now, by month.

    Returns
    -------
    dict
        By month, then by the athlete's public id. Months that are not in it have to be read: also those with an
        activity that is on no map, as it waited for its CSV.
    """
    index = gate.known().get(INDEX)
    if index is None or index.fingerprint is None:
        return {}
    told = orjson.loads(index.fingerprint)
    if told["rules"] != rules:
        return {}
    members: dict[str, dict[str, Feature]] = {}
    for athlete in gate.rules.athletes:
        path = map_path(athlete)
        if path not in told["maps"]:
            continue
        data = (gate.read_if_any(path) if path in gate.known() else None) or b""
        if hashlib.sha256(data).hexdigest() != told["maps"][path]:
            return {}
        members[athlete] = {f.properties["actID"]: f for f in topojson_file.read(data).features}
    found = {}
    for month, (version, activities) in told["months"].items():
        if versions.get(month) == version and all(
            athlete in members and members[athlete].keys() >= boxes.keys()
            for athlete, boxes in activities.items()
            if boxes
        ):
            found[month] = {
                athlete: [_boxed(members[athlete][number], box) for number, box in boxes.items()]
                for athlete, boxes in activities.items()
            }
    return found


def _boxed(feature: Feature, box: list[int] | None) -> Feature:
    return Feature(feature.properties, feature.arcs, box=None if box is None else (box[0], box[1], box[2], box[3]))


def behind(database: Database, root: str) -> str:
    """When the newest CSV was written, if that was after the maps were; empty if they are as new as their CSVs."""
    with database.transaction() as connection:
        newest = queries().csvs_after_the_map(connection, root=root, index=INDEX)
    return "" if newest is None else newest.isoformat()
