"""What an owner points at (a zip, a folder, one file) as a list of names and a way to read each.

What belongs here: opening it, its limits and traps. What does not: what the files mean. Nothing is
unpacked to disk, so a name inside a zip is only ever a key to look up.
"""

from __future__ import annotations

import functools
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from strava_assets.archive.recordings import SUFFIXES, looks_like_recording
from strava_assets.archive.unpack import LIMIT, ZIP
from strava_assets.errors import ArchiveError, UnreadableRecording

_HEAD = 4096
_BROKEN_ZIP = (
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
)


@dataclass
class Files:
    """Files by name.

    Attributes
    ----------
    label : str
        What the owner pointed at, its last name only.
    names : tuple of str
        Sorted, with forward slashes; rubbish of operating systems left out.
    read : callable
        Name and, optionally, how many bytes at most to the bytes; raises UnreadableRecording.
    """

    label: str
    names: tuple[str, ...]
    read: Callable[..., bytes]

    @functools.cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self._known


@contextmanager
def open_files(path: Path) -> Iterator[Files]:
    """The files behind ``path``, open for reading.

    Raises
    ------
    ArchiveError
        There is nothing, it cannot be read, or it is a zip that is none.
    """
    try:
        if path.is_dir():
            yield _folder(path)
            return
        with open(path, "rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        raise ArchiveError(f"{path} does not exist") from None
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from None
    named = path.name.lower()
    if named.endswith(".zip") or (head[:4] == ZIP and not named.endswith(SUFFIXES)):
        with _zip(path) as files:
            yield files
    elif named.endswith(SUFFIXES) or looks_like_recording(head):
        yield Files(path.name, (path.name,), lambda name, limit=LIMIT: _read(path, limit))
    else:
        raise ArchiveError(f"{path} is neither an export (a zip or a folder) nor a FIT, GPX or TCX file")


def recordings(files: Files) -> list[str]:
    """Names that say FIT, GPX or TCX, and files of any name whose content does."""
    return [name for name in files.names if name.lower().endswith(SUFFIXES) or _recognised(files, name)]


def _recognised(files: Files, name: str) -> bool:
    try:
        return looks_like_recording(files.read(name, limit=None))
    except UnreadableRecording:
        return False


def _folder(root: Path) -> Files:
    found: dict[str, Path] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not _rubbish(name))
        for name in names:
            file = Path(folder, name)
            if not _rubbish(name) and not file.is_dir():
                # names that are not UTF-8 are shown with marks, and found all the same
                shown = os.fsencode(file.relative_to(root).as_posix()).decode("utf-8", "replace")
                found[shown] = file
    return Files(root.resolve().name, tuple(sorted(found)), lambda name, limit=LIMIT: _read(found[name], limit))


def _read(path: Path, limit: int | None) -> bytes:
    """The whole file if it is within ``limit`` bytes; its head if that is None."""
    try:
        if not path.is_file():  # a pipe or a device would never end
            raise UnreadableRecording("not a regular file, or a link to nothing")
        with open(path, "rb") as file:
            data = file.read(_HEAD if limit is None else limit + 1)
    except OSError as error:
        raise UnreadableRecording(f"cannot be read: {error.strerror}") from None
    if limit is not None and len(data) > limit:
        raise UnreadableRecording(f"larger than {limit // 2**20} MiB")
    return data


@contextmanager
def _zip(path: Path) -> Iterator[Files]:
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN_ZIP:
        raise ArchiveError(f"{path} is not a zip, or was cut short; download it again") from None
    with archive:
        entries = {entry.filename.replace("\\", "/"): entry for entry in archive.infolist() if not entry.is_dir()}
        names = sorted(name for name in entries if not any(_rubbish(part) for part in PurePosixPath(name).parts))

        def read(name: str, limit: int | None = LIMIT) -> bytes:
            try:
                with archive.open(entries[name]) as file:
                    data = file.read(_HEAD if limit is None else limit + 1)
            except RuntimeError as error:
                raise UnreadableRecording(
                    "protected by a password" if "password" in str(error) else "packed in a way that cannot be read"
                ) from None
            except _BROKEN_ZIP:
                raise UnreadableRecording("damaged inside the zip") from None
            if limit is not None and len(data) > limit:
                raise UnreadableRecording(f"larger than {limit // 2**20} MiB when unpacked")
            return data

        yield Files(path.name, tuple(names), read)


def _rubbish(name: str) -> bool:
    return name == "__MACOSX" or name.startswith(".")
