"""From typed tables to what would be public, in memory: the product's own cut, encoders and judgement.

What belongs here: the steps between a month's tables and its public bytes, without a database. What does not: worlds
(``cases``), and an opinion on the bytes (``oracle``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from strava_assets.privacy import masked
from strava_assets.privacy.zones import Zone
from strava_assets.publish import map_files, month_files, topojson_file
from strava_assets.publish.judging.judge import judge
from strava_assets.publish.judging.rules import Judgement, Rules
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import CSV_PATH, csv_path, map_path
from strava_assets.publish.verify import _Read
from strava_assets_tests.publish.worlds import tables

ATHLETE = "a" * 16
SOURCES = ("api", "archive")


@dataclass(frozen=True)
class Published:
    """Public files by path, and the rows that they were made from."""

    files: dict[str, bytes]
    frame: Any

    def csv(self, number: int) -> bytes | None:
        """An activity's CSV."""
        return self.files.get(csv_path(ATHLETE, f"{number:016x}"))


def publish(
    rides: Sequence[tuple[Mapping[str, Any], pa.Table]], zones: Sequence[Zone], dropped: Collection[str] = ()
) -> Published:
    """What would be public of some rides."""
    activities, streams = tables([(dict(row), samples) for row, samples in rides])
    frame = masked.mask(activities, streams, zones, SOURCES, masked.fingerprints(activities, zones, SOURCES))
    return encoded(frame, streams, frozenset(dropped))


def encoded(frame: Any, streams: pa.Table, dropped: frozenset[str] = frozenset()) -> Published:
    """A masked month's public bytes."""
    ids = {int(number): (ATHLETE, f"{int(number):016x}") for number in frame["activity_id"]}
    shown = frame[frame["hidden_because"].isna()]
    numbers = [int(number) for number in shown["activity_id"]]
    csvs = month_files.encode(shown, streams, numbers, dropped) if numbers else []
    files = dict(zip((csv_path(*ids[number]) for number in numbers), csvs, strict=True))
    features = map_files.features_of(frame, ids, ZoneNames([])).get(ATHLETE, [])
    if features:
        files[map_path(ATHLETE)] = topojson_file.encode(features)
    return Published(files, frame)


def judged(files: Mapping[str, bytes], zones: Sequence[Zone]) -> Judgement:
    """The gate's own opinion: CSVs first, then what rests on them."""
    rules = Rules(zones, b"", allow_no_zones=True)
    csvs = {path: data for path, data in files.items() if CSV_PATH.match(path)}
    total = Judgement()
    for part in (csvs, {path: files[path] for path in files.keys() - csvs.keys()}):
        total.add(judge(part, rules, _Read(total.facts)))
    return total
