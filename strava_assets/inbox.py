"""The folder ``$STRAVA_ASSETS_HOME/inbox``: whatever is dropped there is imported, and put aside.

What belongs here: what is there, whether it is complete, and where it goes after the import. What does not: when
that is looked at (``sensors``), the import itself (``archive.importer``). Killed at any point, the same call goes
on: a file leaves the folder only after everything it held is landed.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from strava_assets.archive.importer import ImportReport, import_path
from strava_assets.errors import ArchiveError, StoreUnavailable
from strava_assets.installation import Installation

DONE, FAILED = "done", "failed"
#: What browsers and copying programs call a file that is not complete yet.
_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".tmp", ".filepart", ".opdownload")
#: A zip without its end is still being copied; if nothing has come for so long, nothing will. Seconds.
_GIVEN_UP = 600.0


@dataclass(frozen=True)
class Outcome:
    """What became of one file or folder of the inbox.

    Attributes
    ----------
    report : ImportReport or None
        None if it could not be imported as a whole.
    moved_to : Path or None
        None if it changed while it was imported: it is looked at again.
    reason : str or None
        Why nothing of it was imported.
    """

    report: ImportReport | None
    moved_to: Path | None
    reason: str | None = None


def waiting(folder: Path) -> dict[str, str]:
    """What lies in the inbox, by name, with a mark that changes whenever it grows.

    Parameters
    ----------
    folder : Path
        Made if it is not there, for its owner only, with ``done`` and ``failed`` in it.

    Raises
    ------
    StoreUnavailable
        It cannot be read or made.
    """
    try:
        for part in (folder, folder / DONE, folder / FAILED):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = sorted(os.listdir(folder))
        return {name: mark for name in names if _is_meant(name) and (mark := mark_of(folder / name))}
    except OSError as error:
        raise StoreUnavailable(f"cannot look into {folder}: {error.strerror}") from error


def complete(folder: Path, before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of what has not grown since it was last looked at; of zips, those whose end is there, too."""
    return [name for name, mark in now.items() if before.get(name) == mark and _has_its_end(folder / name)]


def mark_of(path: Path) -> str | None:
    """How many files, how large in all, and when the newest was changed; None if it has gone."""
    files = [path] if not path.is_dir() else [Path(at, name) for at, _, names in os.walk(path) for name in names]
    size, newest = 0, path.lstat().st_mtime_ns if os.path.lexists(path) else 0
    for file in files:
        try:
            status = file.stat() if file.exists() else file.lstat()
        except FileNotFoundError:
            continue
        size, newest = size + status.st_size, max(newest, status.st_mtime_ns)
    return f"{len(files)} {size} {newest}" if os.path.lexists(path) else None


def take_in(installation: Installation, name: str, waiting_for: Callable[[], None] | None = None) -> Outcome:
    """Import one file or folder of the inbox and put it aside; visibility is as the setting says.

    Parameters
    ----------
    installation : Installation
    name : str
        In the inbox.
    waiting_for : callable, optional
        Called if another import has to end first.

    Raises
    ------
    ArchiveError
        There is no such thing in the inbox.
    StoreUnavailable, DatabaseUnavailable
        In the middle: it stays where it is, and the same call goes on.
    """
    folder = installation.settings.inbox
    path = folder / name
    if name != Path(name).name or not _is_meant(name) or not os.path.lexists(path):
        raise ArchiveError(f"{name!r} is not in {folder}")
    before = mark_of(path)
    try:
        report = import_path(
            path,
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
            waiting=waiting_for,
        )
    except ArchiveError as error:
        return Outcome(None, _put_aside(path, folder / FAILED, str(error)), str(error))
    if mark_of(path) != before:
        return Outcome(report, None)
    if report.rejected and not report.imported + report.updated + report.already_there:
        reason = "\n".join(f"{file}: {why}" for file, why in report.rejected)
        return Outcome(report, _put_aside(path, folder / FAILED, reason), reason)
    return Outcome(report, _put_aside(path, folder / DONE))


def _is_meant(name: str) -> bool:
    """Not hidden, not still being written by its name, and a name that a run's config can hold (UTF-8)."""
    if any("\ud800" <= sign <= "\udfff" for sign in name):
        return False
    return not name.startswith(".") and name not in (DONE, FAILED) and not name.lower().endswith(_UNFINISHED)


def _has_its_end(path: Path) -> bool:
    if not path.name.lower().endswith(".zip") or not path.is_file():
        return True
    try:
        with zipfile.ZipFile(path):
            return True
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return time.time() - path.stat().st_mtime > _GIVEN_UP


def _put_aside(path: Path, folder: Path, reason: str | None = None) -> Path:
    """Move it, under a name that nothing there has; with the reason beside it, written first."""
    number, aside = 1, folder / path.name
    while os.path.lexists(aside):
        number += 1
        aside = folder / f"{path.stem} ({number}){path.suffix}"
    try:
        if reason is not None:
            aside.with_name(f"{aside.name}.txt").write_text(
                f"{reason}\n\nWhen that is mended, put it into the inbox again; or: strava-assets import {aside}\n"
            )
        os.rename(path, aside)
    except OSError as error:
        raise StoreUnavailable(f"cannot move {path} to {aside}: {error.strerror}") from error
    return aside
