"""What an owner points at (a zip, a folder, one file) as a list of names and a way to read each.

What belongs here: opening it, its limits and traps. What does not: what the files mean. Nothing is
unpacked to disk, so a name inside a zip is only ever a key to look up.
"""

from __future__ import annotations

import functools
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from strava_assets.archive import unpack
from strava_assets.archive.recordings import SUFFIXES, looks_like_recording
from strava_assets.archive.text import one_line
from strava_assets.archive.unpack import LIMIT, ZIP
from strava_assets.errors import ArchiveError, UnreadableRecording

_HEAD = 4096


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
    refused : dict of str to str
        Those of the names that will not be read, with the reason in one line, whatever they are: links,
        folders that cannot be listed, names that lead out of a zip.
    """

    label: str
    names: tuple[str, ...]
    read: Callable[..., bytes]
    refused: dict[str, str] = field(default_factory=dict)

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
        There is nothing, it cannot be read, or it is a zip that is none, or a trap.
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
    """Names that say FIT, GPX or TCX, files of any name whose content does, and what is refused.

    Raises
    ------
    ArchiveError
        There is none, but another zip that may hold some.
    """
    found = [
        name
        for name in files.names
        if name.lower().endswith(SUFFIXES) or name in files.refused or _recognised(files, name)
    ]
    zips = [name for name in files.names if name.lower().endswith(".zip")]
    if zips and not found:
        inner = one_line(zips[0], 80)
        raise ArchiveError(f"{files.label} holds another zip, {inner}: unpack the outer one and import the inner one")
    return found


def _recognised(files: Files, name: str) -> bool:
    try:
        head = files.read(name, limit=None)
        if head[:4] != ZIP:
            return looks_like_recording(head)
        return unpack.only_member(files.read(name)).lower().endswith(SUFFIXES)
    except UnreadableRecording:
        return False


def _folder(root: Path) -> Files:
    found: dict[str, str] = {}
    refused: dict[str, str] = {}
    folders = [os.fspath(root)]
    while folders:  # not os.walk: it says nothing of folders that it cannot list, and gives up in deep ones
        folder = folders.pop()
        try:
            entries = [entry for entry in os.scandir(folder) if not _rubbish(entry.name)]
        except OSError as error:
            refused[_shown(folder, root)] = f"a folder that cannot be read: {error.strerror}"
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
                continue
            found[_shown(entry.path, root)] = entry.path
            if entry.is_symlink() and os.path.isdir(entry.path):
                refused[_shown(entry.path, root)] = "a link to a folder, which is not followed"
    if "." in refused:
        raise ArchiveError(f"{root} cannot be read: {refused['.'].rpartition(': ')[2]}")

    def read(name: str, limit: int | None = LIMIT) -> bytes:
        if name in refused:
            raise UnreadableRecording(refused[name])
        return _read(found[name], limit)

    return Files(root.resolve().name, tuple(sorted(found.keys() | refused.keys())), read, refused)


def _shown(path: str, root: Path) -> str:
    """The name below the root; names that are not UTF-8 are shown with marks, and found all the same."""
    return os.fsencode(Path(os.path.relpath(path, root)).as_posix()).decode("utf-8", "replace")


def _read(path: str | Path, limit: int | None) -> bytes:
    """The whole file if it is within ``limit`` bytes; its head if that is None."""
    try:
        if not os.path.isfile(path):  # a pipe or a device would never end
            raise UnreadableRecording("not a regular file, or a link to nothing")
        if limit is not None and os.path.getsize(path) > limit:
            raise UnreadableRecording(f"larger than {limit // 2**20} MiB")
        with open(path, "rb") as file:
            return file.read(_HEAD if limit is None else limit)
    except OSError as error:
        raise UnreadableRecording(f"cannot be read: {error.strerror}") from None


@contextmanager
def _zip(path: Path) -> Iterator[Files]:
    try:
        with open(path, "rb") as file:
            if unpack.directory_size(file) > unpack.DIRECTORY_LIMIT:
                raise ArchiveError(f"{path} holds more files than any export does; unpack it and import the folder")
        archive = zipfile.ZipFile(path)
    except unpack.BROKEN_ZIP:
        raise ArchiveError(f"{path} is not a zip, or was cut short; download it again") from None
    with archive:
        listed = unpack.members(archive)
        if unpack.overlap(archive):
            raise ArchiveError(f"{path} is a trap: files in it share their bytes, as in no zip that a program packs")
        if listed and all(entry.flag_bits & 1 for entry in listed):
            raise ArchiveError(f"{path} is protected by a password: unpack it and import the folder")
        entries: dict[str, zipfile.ZipInfo] = {}
        refused: dict[str, str] = {}
        for entry in listed:
            name = _name(entry)
            if all(part == ".." or not _rubbish(part) for part in PurePosixPath(name).parts):
                twice = name in entries and entries[name].CRC != entry.CRC
                reason = "the zip holds two files of this name" if twice else unpack.trick(entry)
                entries[name] = entry
                if reason:
                    refused[name] = reason

        def read(name: str, limit: int | None = LIMIT) -> bytes:
            entry = entries[name]
            reason = refused.get(name) or unpack.obstacle(entry, entry.file_size if limit is None else limit)
            if reason:
                raise UnreadableRecording(reason)
            try:
                return unpack.member(archive, entry, _HEAD if limit is None else limit)
            except unpack.BROKEN_ZIP:
                raise UnreadableRecording("damaged inside the zip") from None

        yield Files(path.name, tuple(sorted(entries)), read, refused)


def _name(entry: zipfile.ZipInfo) -> str:
    """A file's name, with forward slashes; many programs write UTF-8 without saying so."""
    name = entry.filename
    if not entry.flag_bits & 0x800:
        with suppress(UnicodeError):  # really the old code page, or something that no one can tell
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _rubbish(name: str) -> bool:
    return name == "__MACOSX" or name.startswith(".")
