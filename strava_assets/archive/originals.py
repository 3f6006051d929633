"""Reading originals: bytes to facts, and the bytes into the private store, in as many processes as there are cores.

What belongs here: the part of an import that needs no database. What does not: what becomes of the facts
(``importer``), formats (``recordings``). Memory is bounded: each process holds one file, and only a few are read
ahead of whoever takes the facts.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from strava_assets.archive.files import Files, open_files
from strava_assets.archive.recordings import SUFFIXES, Recording, extension, read_recording
from strava_assets.archive.unpack import content
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.processes import cores, pool_of
from strava_assets.stores import Store

#: Counts up whenever the same bytes are read differently, so that a repeated import reads them again.
READER = 3
#: For fewer files it is quicker to read them here than to start processes.
WORTH_PROCESSES = 32
#: Files under way for each process: what is read ahead is facts only, and those are small.
_AHEAD = 8
#: What is said of a file whose reading ends its process.
CRASHED = "reading it ended the reader: it takes more memory than there is, or the program has a fault"

_UnderWay = tuple[str | None, "Future[Original] | None"]


@dataclass(frozen=True)
class Source:
    """Where originals come from and go to; small enough to be handed to another process.

    Attributes
    ----------
    path : Path
        Absolute; what the owner pointed at.
    store : str
        URL of the private store.
    folder : str
        In it, with a slash at its end.
    known : mapping
        Of recordings that landed before, by the SHA-256 of what they hold: where each is, and whether what this
        reader says of it is known.
    """

    path: Path
    store: str
    folder: str
    known: Mapping[str, tuple[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True)
class Original:
    """One file that was read.

    Attributes
    ----------
    bytes : int
    sha256 : str
        Of the file as found.
    content : str
        SHA-256 of the recording, out of any packing; empty if it could not be unpacked.
    key : str or None
        Where it is in the private store; None if it is no recording.
    facts : dict or None
        What is kept of it beside its bytes; None if that is known already, or there is a problem.
    problem : str or None
        Why it could not be read.
    """

    bytes: int
    sha256: str
    content: str = ""
    key: str | None = None
    facts: dict[str, Any] | None = None
    problem: str | None = None


def land_original(name: str, files: Files, store: Store, source: Source) -> Original:
    """Read one file, and put it into the store if it is a recording.

    Parameters
    ----------
    name : str
        Among ``files``.
    files : Files
    store : Store
        The private one.
    source : Source

    Raises
    ------
    StoreUnavailable
        It could not be stored. What cannot be read is a problem of the `Original`, not an error.
    """
    data, inside = b"", ""
    try:
        data = files.read(name)
        recording = content(data)
        inside = hashlib.sha256(recording).hexdigest()
        key, current = source.known.get(inside, (None, False))
        facts = None if current else facts_of(read_recording(recording, name))
    except (UnreadableRecording, MemoryError) as error:
        problem = CRASHED if isinstance(error, MemoryError) else str(error)
        return Original(len(data), hashlib.sha256(data).hexdigest(), inside, problem=problem)
    sha256 = inside if recording is data else hashlib.sha256(data).hexdigest()
    if key is None or not store.exists(key):
        key = f"{source.folder}{sha256}{_suffix(name, data)}"
        if not store.exists(key):
            store.write(key, data)
    return Original(len(data), sha256, inside, key, facts)


def land_originals(
    names: Iterable[str | None], files: Files, source: Source, count: int
) -> Generator[Original | None, None, None]:
    """`land_original` for many, in order; None for None.

    Parameters
    ----------
    names : iterable of str or None
    files : Files
        The source's, open in this process.
    source : Source
    count : int
        About how many names there are.

    Raises
    ------
    StoreUnavailable
    """
    todo = iter(names)
    processes = cores()
    if count >= WORTH_PROCESSES and processes > 1:
        yield from _land_in_processes(todo, source, processes)
    store = Store(source.store)
    for name in todo:
        yield None if name is None else land_original(name, files, store, source)


def _land_in_processes(todo: Iterator[str | None], source: Source, processes: int) -> Iterator[Original | None]:
    """All of them, in order; or none, where no processes can be had."""
    under_way: deque[_UnderWay] = deque()
    while True:
        with pool_of(processes, __name__, _begin, (source,)) as pool:
            if pool is None:
                break
            try:
                while True:
                    for name in islice(todo, processes * _AHEAD - len(under_way)):
                        under_way.append((name, None))  # before anything can go wrong with it
                        under_way[-1] = (name, None if name is None else pool.submit(_work, name))
                    if not under_way:
                        return
                    read = under_way[0][1]
                    found = None if read is None else read.result()
                    under_way.popleft()
                    yield found
            except BrokenProcessPool:
                pass
        # one of these ended its process; which, is found by reading each by itself
        for name, read in under_way:
            yield None if name is None else _finished(read) or _by_itself(name, source)
        under_way.clear()


def facts_of(recording: Recording) -> dict[str, Any]:
    """What is kept of a recording beside its bytes."""
    span = pc.max(recording.table.column("time")).as_py() if "time" in recording.table.column_names else None
    return {
        "reader": READER,
        "start": recording.start.isoformat() if recording.start else None,
        "span": span,
        "sport_type": recording.sport,
        "name": recording.name,
        "device_name": recording.device,
        "figures": recording.figures,
        "samples": recording.table.num_rows,
        "track": "lat" in recording.table.column_names,
        "warnings": recording.warnings,
        "computed": recording.computed,
    }


def _suffix(name: str, data: bytes) -> str:
    named = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), None)
    return named or f".{extension(data)}"


def _finished(read: Future[Original] | None) -> Original | None:
    done = read is not None and read.done() and not read.cancelled() and read.exception() is None
    return read.result() if done and read is not None else None


def _by_itself(name: str, source: Source) -> Original:
    try:
        with pool_of(1, __name__, _begin, (source,)) as pool:
            if pool is not None:
                return pool.submit(_work, name).result()
    except BrokenProcessPool:
        pass
    return Original(0, hashlib.sha256(b"").hexdigest(), problem=CRASHED)


class _Reader:
    """What a reading process has open, for as long as it lives."""

    source: Source
    files: Files | None = None
    store: Store
    opened = ExitStack()


def _begin(source: Source) -> None:
    """The beginning of a reading process."""
    _Reader.source, _Reader.store = source, Store(source.store)


def _work(name: str) -> Original:
    """Read one file in a reading process."""
    try:
        if _Reader.files is None:
            _Reader.files = _Reader.opened.enter_context(open_files(_Reader.source.path))
    except ArchiveError as error:  # it has gone since it was listed
        return Original(0, hashlib.sha256(b"").hexdigest(), problem=str(error))
    if name not in _Reader.files:
        return Original(0, hashlib.sha256(b"").hexdigest(), problem="it has gone since it was listed")
    return land_original(name, _Reader.files, _Reader.store, _Reader.source)
