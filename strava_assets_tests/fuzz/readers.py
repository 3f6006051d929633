"""The readers under damaged files: ``python -m strava_assets_tests.fuzz readers --minutes 10``.

What belongs here: whole files of every kind, ways to damage them, and counting what the readers make of it.
What does not: the command (``__main__``).
"""

from __future__ import annotations

import gc
import gzip
import io
import random
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.schema import CHANNELS
from strava_assets_tests.archive import writers
from strava_assets_tests.archive.writers import CYCLING, RUNNING, SWIMMING, TRANSITION, ride

#: A file of a few kilobytes that takes longer than this is a fault, seconds.
PATIENCE = 5.0
#: Memory that may come and go, bytes: the allocators', not ours.
SLACK = 48 * 2**20
_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF]
_WORDS = [
    b"<trkpt lat='1' lon='1'>",
    b"</trkpt>",
    b"<trkpt/>",
    b"<Trackpoint>",
    b"</Activity>",
    b"<Value>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"-->",
    b"<?x?>",
    b"&amp;",
    b"&#x110000;",
    b"<!DOCTYPE gpx [<!ENTITY e 'x'>]>",
    b"&e;",
    b"xmlns='u'",
    b'a="b>c"',
    b"\x00",
    b"\xff\xfe",
    b"nan",
    b"1e999",
    b"-0",
    b"9999-12-31T23:59:60Z",
    b"0000-00-00",
    b"\x40\x00\x00\x14\x00\xff",
    b"\x0e\x10\x54\x08\0\0\0\0.FIT\0\0",
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"\x1f\x8b\x08",
]


@dataclass
class Report:
    """What the readers made of it.

    Attributes
    ----------
    outcomes : Counter
        How many files of a kind were read or refused, by (kind, outcome).
    faults : list of str
        Anything but a recording or a refusal in one line, with the traceback's end.
    slowest : (float, str)
        Seconds, and the kind of file.
    warm, after : int
        Resident memory after a fifth of the time, and at the end, bytes.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    warm: int = 0
    after: int = 0

    @property
    def grew(self) -> bool:
        """Whether memory did, by more than the allocators' whims."""
        return self.after > self.warm + SLACK

    @property
    def good(self) -> bool:
        """Whether nothing went wrong."""
        return not self.faults and not self.grew


def seeds() -> dict[str, bytes]:
    """Whole files of every kind that the readers know, small, so that damage meets something."""
    sessions = ((SWIMMING, 0, 0), (TRANSITION, 0, 4), (CYCLING, 0, 6), (RUNNING, 0, 9))
    beats = [(i * 0.7, 100 + i) for i in range(17)]
    mixed = [{"time": 0, "heartrate": 100}, {"heartrate": 101}, {"time": 2, "heartrate": 102, "lat": 1, "lng": 2}]
    whole = {
        "fit": writers.fit(ride(12)),
        "fit sessions": writers.fit(ride(12), sessions=sessions),
        "fit beats": writers.fit([{"time": i} for i in range(12)], beats=beats),
        "fit kinds": writers.fit(mixed, own_kinds=True),
        "fit untimed": writers.fit(ride(6, time=[0, 1, None, 3, None, 5])),
        "fit chained": writers.fit(ride(4)) + writers.fit(ride(4, time=range(4, 8))),
        "gpx": writers.gpx(ride(8), segments=2),
        "gpx wide": writers.gpx(ride(3)).replace(b"UTF-8", b"UTF-16").decode().encode("utf-16"),
        "gpx prefix": writers.gpx(ride(3)).replace(b"xmlns:x=", b"bla="),
        "tcx": writers.tcx([ride(4), ride(4, time=range(4, 8))]),
    }
    packed = {f"{kind}.gz": gzip.compress(data) for kind, data in whole.items() if kind in ("fit", "gpx", "tcx")}
    single = _zip({"1_ACTIVITY.fit": whole["fit"]})
    rows = [writers.export_row(101, "activities/1.fit.gz"), writers.export_row(102, "activities/2.gpx")]
    export = writers.export_files(rows, {"activities/1.fit.gz": packed["fit.gz"], "activities/2.gpx": whole["gpx"]})
    return whole | packed | {"fit in a zip": single, "zip": _zip(export), "zip of zips": _zip({"a.zip": single})}


def fuzz(seconds: float, seed: int, folder: Path, read: Callable[[bytes, str], object] = read_recording) -> Report:
    """Damage files and read them, for a while.

    Parameters
    ----------
    seconds : float
    seed : int
        The same damage in the same order.
    folder : Path
        Holds the file that is being read, ``current``, should the process not survive it; and faults.
    read : callable
        What is tested.
    """
    rng, report, process = random.Random(seed), Report(), psutil.Process()
    whole = list(seeds().items())
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if not report.warm and passed > seconds / 5:
            report.warm = _resident(process)
        kind, data = rng.choice(whole)
        data = damaged(rng, data, rng.choice(whole)[1])
        if kind.endswith(".gz") and rng.random() < 0.5:  # or nothing would come past the checksum
            data = gzip.compress(damaged(rng, gzip.decompress(dict(whole)[kind]), data), 1)
        (folder / "current").write_bytes(data)
        at = time.monotonic()
        try:
            outcome = _archive(folder, data, read) if kind.startswith("zip") else _recording(data, read)
        except Exception:
            outcome = "fault"
            _note(report, folder, f"{kind}: {traceback.format_exc(limit=-3)}", data)
        took = time.monotonic() - at
        report.outcomes[kind, outcome] += 1
        report.slowest = max(report.slowest, (took, kind))
        if took > PATIENCE:
            _note(report, folder, f"{kind}: {took:.1f} s", data)
    report.after = _resident(process)
    report.warm = report.warm or report.after
    return report


def damaged(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """A file with a few things wrong."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(changed) + 1)
        end = min(len(changed), at + rng.choice((1, 1, 2, 4, 20, 200)))
        match rng.randrange(9):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at:at] = rng.randbytes(rng.choice((1, 2, 4, 30)))
            case 2:
                del changed[at:end]
            case 3:
                size = rng.choice((1, 2, 4))
                changed[at : at + size] = (rng.choice(_NUMBERS) & (256**size - 1)).to_bytes(size, "little")
            case 4:
                changed[at:at] = rng.choice(_WORDS)
            case 5:
                changed[at:at] = changed[at:end] * rng.choice((1, 2, 50))
            case 6:
                start = rng.randrange(len(other) + 1)
                changed[at:end] = other[start : start + rng.choice((4, 50, 500))]
            case 7:
                del changed[at:]
            case _:
                changed[at:end] = bytes(end - at)
    return bytes(changed[: 2**18])


def _recording(data: bytes, read: Callable[[bytes, str], object]) -> str:
    try:
        recording = read(data, "some/Evening Run.gpx")
    except UnreadableRecording as refused:
        _one_line(refused)
        return "refused"
    table = recording.table
    assert table.num_rows > 0
    assert [name for name in CHANNELS if name in table.column_names] == table.column_names
    table.validate(full=True)
    assert all(np.isfinite(column.drop_null().to_numpy()).all() for column in table.columns)
    if "lat" in table.column_names:
        assert (np.abs(table.column("lat").drop_null().to_numpy()) <= 90).all()
    for line in (*recording.warnings, recording.name or "", recording.sport):
        assert "\n" not in line
        assert "\0" not in line
    return "read"


def _archive(folder: Path, data: bytes, read: Callable[[bytes, str], object]) -> str:
    path = folder / "current.zip"
    path.write_bytes(data)
    try:
        with open_files(path) as files:
            for name in recordings(files):
                try:
                    _recording(files.read(name), read)
                except UnreadableRecording as refused:
                    _one_line(refused)
    except ArchiveError as refused:
        _one_line(refused)
        return "refused"
    return "read"


def _one_line(refused: Exception) -> None:
    assert "\n" not in str(refused)
    assert 0 < len(str(refused)) < 500


def _note(report: Report, folder: Path, what: str, data: bytes) -> None:
    if len(report.faults) < 20:
        (folder / f"fault-{len(report.faults)}").write_bytes(data)
    report.faults.append(what)


def _resident(process: psutil.Process) -> int:
    gc.collect()
    return int(process.memory_info().rss)


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()
