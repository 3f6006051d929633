"""Bringing the maps up to date: what must go, what stayed, what is new, and what belongs to nothing any more.

What belongs here: the order, and doing all of it again if another process published meanwhile. What does not: the
files (``map_files``), what they are made from (``map_inputs``), taking back (``taking_back``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from strava_assets.publish import map_files, map_inputs, taking_back
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.map_files import MapReport
from strava_assets.publish.paths import csv_path
from strava_assets.publish.topojson_file import Feature
from strava_assets.tables import Months


@dataclass
class Built:
    """What was done.

    Attributes
    ----------
    exposed : list of str
        Public ids of activities that the zones in force forbid; they were withdrawn at once.
    months_read : int
        The others are as they were when the public maps were made.
    swept : int
        Files that belonged to nothing any more.
    """

    report: MapReport
    exposed: list[str] = field(default_factory=list)
    months_read: int = 0
    swept: int = 0


def build(
    gate: Gate,
    masked: Callable[[], Months],
    identities: Callable[[], Mapping[int, tuple[str, str]]],
    *,
    with_strava_id: bool,
    dropped: frozenset[str],
) -> Built:
    """Build every athlete's map, and the index.

    Parameters
    ----------
    gate : Gate
    masked : callable
        Gives the masked tables that there are now.
    identities : callable
        Gives the public ids of athlete and activity, by activity id, as they are now.
    with_strava_id : bool
    dropped : frozenset of str
        Columns that the owner does not publish.

    Raises
    ------
    GateRefused, StoreUnavailable
    """
    return map_files.until_alone(gate, lambda: _build(gate, masked(), identities(), with_strava_id, dropped))


def _build(
    gate: Gate, months: Months, ids: Mapping[int, tuple[str, str]], with_strava_id: bool, dropped: frozenset[str]
) -> Built:
    exposed = taking_back.withdraw_exposed(gate)
    there = gate.paths()
    versions, hidden_names = months.versions(), ZoneNames(gate.rules.zones)
    inputs = map_inputs.Inputs(map_inputs.rules_of(gate, with_strava_id, dropped))
    kept = map_inputs.unchanged(gate, inputs.rules, versions)
    features: dict[str, list[Feature]] = {athlete: [] for athlete in gate.rules.athletes}
    for month in months:
        if month in kept:
            found = kept[month]
        else:
            found = map_files.features_of(months.frame(month), ids, hidden_names, with_strava_id, dropped)
        if month in versions:
            inputs.add(month, versions[month], found)
        for athlete in features.keys() & found.keys():
            features[athlete] += found[athlete]
    report = map_files.publish_map(gate, features, inputs=inputs)
    swept = map_files.sweep(gate, _csvs(features), among=there)
    return Built(report, exposed, len(months) - len(kept), swept + report.gate.withdrawn)


def _csvs(features: Mapping[str, Collection[Feature]]) -> list[str]:
    return [csv_path(athlete, f.properties["actID"]) for athlete, members in features.items() for f in members]
