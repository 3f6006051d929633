"""What is held against bytes, what is known beside them, and what comes of it."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import shapely

from strava_assets.privacy.invariants import Finding, Tested
from strava_assets.privacy.zones import Zone
from strava_assets.publish.topojson_decoder import DecodedTopology
from strava_assets.publish.topojson_file import MapFile

#: What the decoded bytes of a CSV say, kept beside it so that the map can be held against it; of a map, the
#: boxes of its activities that were proven, by mark. Both with the mark of the rules that were held against them.
Facts = dict[str, Any]
#: A map: as its bytes say, or, where they are written as we write, with its lines still encoded.
Map = MapFile | DecodedTopology
#: Counts up whenever something is proven that was not before.
VERSION = 5


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
            (zone.id, zone.name, zone.mode, shapely.to_wkb(zone.geometry, hex=True), *zone.shape.center)
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

    def add(self, part: Judgement) -> None:
        """What was found of other files comes to it."""
        self.findings += part.findings
        self.facts |= part.facts
        self.tested.add(part.tested)


class Public(Protocol):
    """What is public already, as far as a judgement rests on it."""

    def digest_of(self, csv: str) -> str | None:
        """Tells a CSV's bytes from others, by path; None if it is not public."""

    def csv_of(self, csv: str) -> bytes | None:
        """A CSV's bytes, by path; None if it is not public."""

    def facts_of(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        """Facts of what is public, by path: of CSVs, and of maps that were proven before."""

    def map_of(self, athlete: str) -> Map | None:
        """An athlete's map, by public id; None if there is none."""
