"""Bytes out of gzip and zip, with a bound on what they may grow to.

What belongs here: unpacking one object in memory, and what zips lie about. What does not: knowing what is in it.
"""

from __future__ import annotations

import io
import itertools
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from strava_assets.errors import UnreadableRecording

#: No recording is larger; a few kilobytes that unpack to more are a trap.
LIMIT = 128 * 2**20
#: What nothing that is recorded, or written, shrinks to: GPX shrinks to a twentieth. Looked at where much is to come.
MOST_TIMES, MUCH = 200, 16 * 2**20
#: A zip's directory is read whole, at some ten times its size: this much holds 300,000 files.
DIRECTORY_LIMIT = 32 * 2**20

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
#: All that ``zipfile`` raises on zips that are damaged.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    MemoryError,  # LZMA takes what a header says that it needs
    OSError,
    ValueError,
    LookupError,
    OverflowError,
)
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_OTHER_PACKINGS = {6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 97: "WavPack", 98: "PPMd", 99: "AES"}
_PIECE = 4096
_TRAP = f"a trap: it unpacks to more than {MOST_TIMES} times its size"


def content(data: bytes, limit: int = LIMIT) -> bytes:
    """The recording itself: ``data`` out of gzip, and out of a zip that holds one file.

    Raises
    ------
    UnreadableRecording
        Damaged, encrypted, cut short, or larger than ``limit`` bytes when unpacked.
    """
    for _ in range(3):  # exports hold .fit.gz whose content is again zipped
        if data[:2] == GZIP:
            data = gunzip(data, limit)
        elif data[:4] == ZIP:
            data = _unzip(data, limit)
        else:
            break
    if len(data) > limit:
        raise UnreadableRecording(_too_large(limit))
    return data


def gunzip(data: bytes, limit: int = LIMIT) -> bytes:
    """What a gzip file holds; see ``content``."""
    parts: list[bytes] = []
    room = limit + 1
    while data[:2] == GZIP and room > 0:  # one after the other is one file; anything else behind it is ignored
        unpacking = zlib.decompressobj(wbits=31)
        try:
            unpacked = _inflated(unpacking, data, room)
        except zlib.error as error:
            if parts:
                break
            damage = str(error).rsplit(":", 1)[-1].strip()
            raise UnreadableRecording(f"damaged gzip: {damage}") from None
        parts += unpacked
        room -= sum(map(len, unpacked))
        if not unpacking.eof and room > 0:
            raise UnreadableRecording("its gzip is cut short")
        data = unpacking.unused_data
    inside = parts[0] if len(parts) == 1 else b"".join(parts)
    if len(inside) > limit:
        raise UnreadableRecording(_too_large(limit))
    return inside


def _inflated(unpacking: zlib._Decompress, data: bytes, room: int) -> list[bytes]:
    start = unpacking.decompress(data, min(room, MUCH))
    if _is_trap(len(start), len(data) - len(unpacking.unconsumed_tail)):
        raise UnreadableRecording(_TRAP)
    if len(start) < MUCH or room <= MUCH:
        return [start]
    return [start, unpacking.decompress(unpacking.unconsumed_tail, room - MUCH)]


def opening(data: bytes, size: int = 4096) -> bytes:
    """The first bytes of what a gzip file holds, as far as they can be had from its own first bytes."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, size)
    except zlib.error:
        return b""


def directory_size(file: BinaryIO) -> int:
    """What a zip says its directory takes, bytes; 0 if it says nothing."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 22 - 20 - 56 - 0xFFFF, 0))
    tail = file.read()
    end = tail.rfind(b"PK\5\6", 0, max(len(tail) - 18, 0))
    if end < 0:
        return 0
    large = tail[max(end - 76, 0) : end]  # zip64: its own record of the end, then where that is
    if large[:4] == b"PK\6\6" and large[56:60] == b"PK\6\7":
        return int.from_bytes(large[40:48], "little")
    return int.from_bytes(tail[end + 12 : end + 16], "little")


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in a zip, folders and what has no name left out."""
    return [entry for entry in archive.infolist() if entry.filename and not entry.is_dir()]


def overlap(archive: zipfile.ZipFile) -> bool:
    """Whether files of a zip share bytes, which only zip bombs do."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    ends = (entry.header_offset + 30 + entry.compress_size for entry in entries)
    return any(end > after.header_offset for end, after in zip(ends, entries[1:], strict=False)) or any(
        entry.header_offset >= archive.start_dir for entry in entries[-1:]
    )


def trick(entry: zipfile.ZipInfo) -> str | None:
    """Why something in a zip is not what it seems, in one line; None if it is."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0][1:2] == ":":
        return "its name leads out of the zip"
    if kind not in (0, stat.S_IFREG):
        return "a link, not a file" if kind == stat.S_IFLNK else "a device or a pipe, not a file"
    return None


def obstacle(entry: zipfile.ZipInfo, limit: int) -> str | None:
    """Why a file in a zip cannot be read, in one line; None if nothing speaks against it."""
    if entry.flag_bits & 1:
        return "protected by a password"
    if entry.compress_type not in _PACKINGS:
        name = _OTHER_PACKINGS.get(entry.compress_type, f"method {entry.compress_type}")
        return f"packed with {name}, which cannot be read; unpack the zip and import the folder"
    if entry.file_size > limit:
        return _too_large(limit)
    return _TRAP if _is_trap(entry.file_size, entry.compress_size) else None


def member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int) -> bytes:
    """The first bytes of a file in a zip, no more than it says that it has; raises `BROKEN_ZIP`."""
    size = min(size, entry.file_size + 1)
    with archive.open(entry) as file:
        if entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return file.read(size)
        # the others are unpacked whole by whatever was read of them, however much that becomes
        pieces = list(itertools.takewhile(len, (file.read(_PIECE) for _ in range(-(-size // _PIECE)))))
        return b"".join(pieces)[:size]


def only_member(data: bytes) -> str:
    """The name of the one file that a zip holds.

    Raises
    ------
    UnreadableRecording
        It holds several or none, or is damaged.
    """
    with _single(data) as (_, entry):
        return entry.filename


def _unzip(data: bytes, limit: int) -> bytes:
    with _single(data) as (archive, entry):
        reason = obstacle(entry, limit)
        if reason:
            raise UnreadableRecording(reason.replace("protected by", "a zip with"))
        return member(archive, entry, limit + 1)


@contextmanager
def _single(data: bytes) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    try:
        if directory_size(io.BytesIO(data)) > DIRECTORY_LIMIT:
            raise UnreadableRecording("a zip of very many files where one recording was expected")
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = members(archive)
            if len(files) != 1:
                raise UnreadableRecording(f"a zip of {len(files)} files where one recording was expected")
            yield archive, files[0]
    except BROKEN_ZIP:
        raise UnreadableRecording("a damaged zip") from None


def _is_trap(unpacked: int, packed: int) -> bool:
    return unpacked >= MUCH and unpacked > MOST_TIMES * packed


def _too_large(limit: int) -> str:
    return f"larger than {limit // 2**20} MiB when unpacked"
