"""Bytes out of gzip and zip, with a bound on what they may grow to.

What belongs here: unpacking one object in memory. What does not: knowing what is in it.
"""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib

from strava_assets.errors import UnreadableRecording

#: No recording is larger; a few kilobytes that unpack to more are a trap.
LIMIT = 512 * 2**20

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


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
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            inside = file.read(limit + 1)
    except EOFError:
        raise UnreadableRecording("its gzip is cut short") from None
    except (OSError, zlib.error) as error:
        raise UnreadableRecording(f"damaged gzip: {str(error).rsplit(':', 1)[-1].strip()}") from None
    if len(inside) > limit:
        raise UnreadableRecording(_too_large(limit))
    return inside


def opening(data: bytes, size: int = 4096) -> bytes:
    """The first bytes of what a gzip file holds, as far as they can be had from its own first bytes."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, size)
    except zlib.error:
        return b""


def _unzip(data: bytes, limit: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(files) != 1:
                raise UnreadableRecording(f"a zip of {len(files)} files where one recording was expected")
            with archive.open(files[0]) as file:
                inside = file.read(limit + 1)
    except RuntimeError:
        raise UnreadableRecording("a zip with a password") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        struct.error,
        EOFError,
        NotImplementedError,
        OSError,
        ValueError,
        LookupError,
        OverflowError,
    ):
        raise UnreadableRecording("a damaged zip") from None
    if len(inside) > limit:
        raise UnreadableRecording(_too_large(limit))
    return inside


def _too_large(limit: int) -> str:
    return f"larger than {limit // 2**20} MiB when unpacked"
