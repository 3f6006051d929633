"""Reading the whole public root again, as anybody could, and judging all of it at once.

What belongs here: collecting what is there and handing it to `judge`, and what only shows across files, or to whoever
remembers what was written.
What does not: the judgement itself, which is the gate's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strava_assets.privacy.invariants import LINE_TOLERANCE, Finding
from strava_assets.publish import csv_files, topojson_decoder
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.csvs import beside_line
from strava_assets.publish.judging.judge import judge
from strava_assets.publish.judging.rules import Facts, Judgement, Map
from strava_assets.publish.paths import CSV_PATH, TOPOJSON_PATH, csv_path

#: Files judged in one go: bounds the memory.
_BATCH = 500


@dataclass
class _Read:
    """What was read just now; nothing is remembered."""

    facts: Mapping[str, Facts]

    def digest_of(self, csv: str) -> str | None:
        return None

    def facts_of(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: self.facts[path] for path in paths if path in self.facts}

    def map_of(self, athlete: str) -> Map | None:
        return None


def verify(gate: Gate, progress: Callable[[int, int], None] | None = None) -> Judgement:
    """Check every invariant that can be seen from outside, on what the public root holds now.

    Parameters
    ----------
    gate : Gate
        Read from only.
    progress : callable, optional
        Called with files done and files in all.
    """
    marks, unreadable = gate.marks()
    paths = [path for path in gate.paths() if path not in unreadable]
    digests: dict[str, str] = {}
    csvs = [path for path in paths if CSV_PATH.match(path)]
    rest = [path for path in paths if not CSV_PATH.match(path)]
    total = Judgement()
    for at in range(0, len(csvs), _BATCH):
        _add(
            total,
            judge(
                _there(gate, csvs[at : at + _BATCH], digests),
                gate.rules,
                _Read({}),
            ),
        )
        if progress:
            progress(min(at + _BATCH, len(csvs)), len(paths))
    # the map is held against what the CSVs' own bytes said just now, not against any memory
    _add(total, judge(_there(gate, rest, digests), gate.rules, _Read(total.facts)))
    _across(gate, rest, csvs, total)
    # what no rule can tell, as an older version or another digit: this very installation wrote something else
    unlike = gate.unlike_written(digests, unreadable)
    total.findings += [Finding("I12", path, what) for path, what in unlike.items() if path not in unreadable]
    total.findings += marks
    if progress:
        progress(len(paths), len(paths))
    return total


def _there(gate: Gate, paths: Sequence[str], digests: dict[str, str]) -> dict[str, bytes]:
    """Bytes of what is still there, and their digests: a withdrawal does not wait until everything was read."""
    there = {path: data for path in paths if (data := gate.read_if_any(path)) is not None}
    digests |= {path: hashlib.sha256(data).hexdigest() for path, data in there.items()}
    return there


def _across(gate: Gate, rest: list[str], csvs: list[str], total: Judgement) -> None:
    """What no file tells alone: CSVs on no map (I9), points beside their line (I11), summaries missing (I13)."""
    on_map: set[str] = set()
    for path in rest:
        if not (match := TOPOJSON_PATH.match(path)):
            continue
        try:
            topology = topojson_decoder.decode(gate.read_if_any(path) or b"")
        except ValueError:
            continue  # found already
        for feature in topology.features:
            csv = csv_path(match[1], str(feature.properties.get("actID")))
            on_map.add(csv)
            if csv in total.facts and feature.lines and all(len(line) >= 2 for line in feature.lines):
                if (data := gate.read_if_any(csv)) is None:
                    continue
                distance = beside_line(csv_files.decode(data), feature.lines, LINE_TOLERANCE)
                if distance:
                    total.findings.append(Finding("I11", csv, f"a row lies {distance:.0f} m from the map's line"))
        for name in ("weekly.json", "quarterly.json"):
            if f"{match[1]}/{name}" not in rest:
                total.findings.append(Finding("I13", f"{match[1]}/{name}", "is missing"))
    for csv in csvs:
        if csv not in on_map:
            total.findings.append(Finding("I9", csv, "is on no map"))
    if any(TOPOJSON_PATH.match(path) for path in rest) and "index.json" not in rest:
        total.findings.append(Finding("I13", "index.json", "is missing"))


def _add(total: Judgement, part: Judgement) -> None:
    total.findings += part.findings
    total.facts |= part.facts
    for name in ("vertices", "segments", "rows", "files"):
        setattr(total.tested, name, getattr(total.tested, name) + getattr(part.tested, name))
    total.tested.nearest = min(total.tested.nearest, part.tested.nearest)
