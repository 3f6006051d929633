"""Reading the whole public root again, as anybody could, and judging all of it at once.

What belongs here: collecting what is there and handing it to `judge`, and what only shows across files, or to whoever
remembers what was written.
What does not: the judgement itself, which is the gate's.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from strava_assets.privacy.invariants import Finding
from strava_assets.processes import cores, pool_of
from strava_assets.publish import topojson_decoder
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.judge import judge
from strava_assets.publish.judging.rules import Facts, Judgement, Map, Rules
from strava_assets.publish.paths import CSV_PATH, TOPOJSON_PATH, csv_path, is_lake
from strava_assets.stores import Store

#: CSVs judged in one go: bounds the memory.
_BATCH = 100
#: For fewer CSVs it is quicker to read them here than to start processes.
WORTH_PROCESSES = 500

Lines = Sequence[NDArray[np.float64]]
#: Paths of CSVs, and the map's lines of them.
_Batch = tuple[Sequence[str], Mapping[str, Lines]]


@dataclass
class _Read:
    """What was read just now; nothing is remembered."""

    facts: Mapping[str, Facts]
    digests: Mapping[str, str] = field(default_factory=dict)
    read: Callable[[str], bytes | None] = lambda csv: None
    maps: Mapping[str, Map] = field(default_factory=dict)

    def digest_of(self, csv: str) -> str | None:
        return self.digests.get(csv)

    def csv_of(self, csv: str) -> bytes | None:
        return self.read(csv)

    def facts_of(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: self.facts[path] for path in paths if path in self.facts}

    def map_of(self, athlete: str) -> Map | None:
        return self.maps.get(athlete)


@dataclass(frozen=True)
class _Part:
    """What came of some CSVs, and their SHA-256 by path."""

    judgement: Judgement
    digests: dict[str, str]


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
    csvs = [path for path in paths if CSV_PATH.match(path)]
    tables = [path for path in paths if is_lake(path)]
    rest = _there(gate.read, [path for path in paths if not (CSV_PATH.match(path) or is_lake(path))])
    shown = _shown(rest)
    digests = _digests(rest)
    total = Judgement()
    with closing(_judged(gate, csvs, shown)) as parts:
        for part in parts:
            total.add(part.judgement)
            digests |= part.digests
            if progress:
                progress(len(digests), len(paths))
    # the map is held against what the CSVs' own bytes said just now, not against any memory
    total.add(judge(rest, gate.rules, _Read(total.facts)))
    seen = _Read(total.facts, dict(digests), gate.read_if_any, _maps(rest))
    for path in tables:  # one at a time: each is as large as a month
        for read, data in _there(gate.read, [path]).items():
            total.add(judge({read: data}, gate.rules, seen))
            digests[read] = hashlib.sha256(data).hexdigest()
    total.findings += _across(rest, csvs, shown)
    # what no rule can tell, as an older version or another digit: this very installation wrote something else
    unlike = gate.unlike_written(digests, unreadable)
    total.findings += [Finding("I12", path, what) for path, what in unlike.items() if path not in unreadable]
    total.findings += marks
    if progress:
        progress(len(paths), len(paths))
    return total


def _judged(gate: Gate, csvs: Sequence[str], shown: Mapping[str, Lines]) -> Generator[_Part, None, None]:
    """Each batch's judgement, in order; by as many processes as there are cores where that is worth it."""
    batches: deque[_Batch] = deque(
        (batch, {path: shown[path] for path in batch if path in shown})
        for batch in (csvs[at : at + _BATCH] for at in range(0, len(csvs), _BATCH))
    )
    if len(csvs) >= WORTH_PROCESSES and cores() > 1:
        yield from _judged_in_processes(gate, batches)
    for batch in batches:
        yield _judge_some(gate.read, gate.rules, *batch)


def _judged_in_processes(gate: Gate, batches: deque[_Batch]) -> Iterator[_Part]:
    """As long as there are processes; what is left in ``batches`` then was not judged."""
    under_way: deque[tuple[_Batch, Future[_Part]]] = deque()
    with pool_of(cores(), __name__) as pool:
        try:
            while pool is not None and (batches or under_way):
                while batches and len(under_way) <= cores():
                    batch = batches[0]  # it is left there until somebody has it: the pool may break just now
                    under_way.append((batch, pool.submit(_judge_there, gate.url, gate.rules, *batch)))
                    batches.popleft()
                part = under_way[0][1].result()
                under_way.popleft()
                yield part
        except BrokenProcessPool:
            batches.extendleft(batch for batch, _ in reversed(under_way))


def _judge_there(root: str, rules: Rules, csvs: Sequence[str], lines: Mapping[str, Lines]) -> _Part:
    return _judge_some(Store(root).read, rules, csvs, lines)


def _judge_some(read: Callable[[str], bytes], rules: Rules, csvs: Sequence[str], lines: Mapping[str, Lines]) -> _Part:
    objects = _there(read, csvs)
    return _Part(judge(objects, rules, _Read({}), lines), _digests(objects))


def _there(read: Callable[[str], bytes], paths: Iterable[str]) -> dict[str, bytes]:
    """Bytes of what is still there: a withdrawal does not wait until everything was read."""
    there = {}
    for path in paths:
        with suppress(FileNotFoundError):
            there[path] = read(path)
    return there


def _digests(objects: Mapping[str, bytes]) -> dict[str, str]:
    return {path: hashlib.sha256(data).hexdigest() for path, data in objects.items()}


def _shown(objects: Mapping[str, bytes]) -> dict[str, Lines]:
    """The lines of everything that is on a map, by the path of its CSV."""
    lines: dict[str, Lines] = {}
    for path, data in objects.items():
        if match := TOPOJSON_PATH.match(path):
            with suppress(ValueError):  # the judge tells of it
                for feature in topojson_decoder.decode(data).features:
                    lines[csv_path(match[1], str(feature.properties.get("actID")))] = feature.lines
    return lines


def _maps(objects: Mapping[str, bytes]) -> dict[str, Map]:
    """What of them is a map, by athlete."""
    maps: dict[str, Map] = {}
    for path, data in objects.items():
        if match := TOPOJSON_PATH.match(path):
            with suppress(ValueError):  # the judge tells of it
                maps[match[1]] = topojson_decoder.decode(data)
    return maps


def _across(rest: Collection[str], csvs: Sequence[str], shown: Collection[str]) -> list[Finding]:
    """What no file tells alone: CSVs on no map (I9), summaries missing (I13)."""
    maps = [match[1] for path in rest if (match := TOPOJSON_PATH.match(path))]
    wanted = [f"{athlete}/{name}" for athlete in maps for name in ("weekly.json", "quarterly.json")]
    if maps:
        wanted.append("index.json")
    return [Finding("I13", path, "is missing") for path in wanted if path not in rest] + [
        Finding("I9", csv, "is on no map") for csv in csvs if csv not in shown
    ]
