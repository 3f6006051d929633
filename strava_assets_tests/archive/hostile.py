"""Zips and files that mean harm, or look like it: all made here, in no time, however large they claim to be."""

from __future__ import annotations

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

_MEBI = 2**20


def zip_of(
    path: Path, files: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    """A zip of whatever names, the same one several times if so asked."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def entry(name: str, kind: int = 0, **attributes: Any) -> zipfile.ZipInfo:
    """An entry with a Unix file type, or any other attribute."""
    info = zipfile.ZipInfo(name)
    info.external_attr = kind << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info


def zeros(mebibytes: int) -> bytes:
    """A raw deflate stream of so many zeros, a thousandth of their size; made by repeating one block."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(_MEBI)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def gzip_bomb(mebibytes: int) -> bytes:
    """A gzip file that unpacks to so many zeros; its checksum is never reached."""
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + zeros(mebibytes) + bytes(8)


def raw_zip(path: Path, members: Iterable[tuple[bytes, bytes, int, int, int]], twice: bool = False) -> Path:
    """A zip byte by byte: name, packed bytes, method, size that is claimed, flags; ``twice`` lists the first again."""
    body, directory = BytesIO(), []
    for name, packed, method, size, flags in members:
        fields = struct.pack("<HHHHHIIIHH", 20, flags, method, 0, 33, 0, len(packed), size, len(name), 0)
        directory.append((name, fields, body.tell()))
        body.write(b"PK\3\4" + fields + name + packed)
    if twice:
        directory += [(b"%d-" % i + directory[0][0], directory[0][1], directory[0][2]) for i in range(20)]
    start = body.tell()
    for name, fields, at in directory:
        fields = fields[:22] + struct.pack("<HH", len(name), 0)
        body.write(b"PK\1\2\x14\0" + fields + struct.pack("<HHHII", 0, 0, 0, 0, at) + name)
    size = body.tell() - start
    body.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(directory), len(directory), size, start, 0))
    path.write_bytes(body.getvalue())
    return path


def huge_directory(path: Path, size: int) -> Path:
    """A zip that says that its directory takes so much; the bytes are there, and cost no disk."""
    with open(path, "wb") as file:
        file.write(b"PK\1\2")
        file.truncate(size)
        file.seek(0, 2)
        file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 0xFFFF, 0xFFFF, size, 0, 0))
    return path


def zip64(path: Path, name: str, data: bytes) -> Path:
    """A zip in the format for more than 4 GiB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w", force_zip64=True) as file:
        file.write(data)
    return path


def nested_gzip(data: bytes, levels: int) -> bytes:
    """Packed again and again."""
    for _ in range(levels):
        data = gzip.compress(data)
    return data
