"""What a public folder tells beside its files' bytes: times, permissions, links, folders of nothing.

What belongs here: looking at names and marks, never into files; and giving them back what the gate gave them, as a copy
or a restored backup has times of its own. What does not: buckets, which have none of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from strava_assets.privacy.invariants import Finding

#: Every public file's modification time, and its folder's: 1 January 2000, UTC.
NO_TIME = 946_684_800
#: For everybody to read, for nobody but the owner to write.
MODE = 0o644


def is_as_written(path: Path) -> bool:
    """Whether something is a plain file, with the time and the permissions that the gate gives."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return status.st_mode == stat.S_IFREG | MODE and status.st_mtime == NO_TIME


def judge_folder(root: Path) -> tuple[list[Finding], set[str]]:
    """Look at everything below a public root.

    Returns
    -------
    findings : list of Finding
        I7 for what is no file of ours, I12 for what nobody can read or anybody write, I18 for times.
    unreadable : set of str
        Paths of what is no plain file: reading a link leads elsewhere, and reading a pipe never ends.
    """
    findings: list[Finding] = []
    unreadable: set[str] = set()
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        if here != root and not folders and not files:
            findings.append(Finding("I7", _told(here, root), "is an empty folder"))
        if _time_of(here) != NO_TIME:
            findings.append(Finding("I18", _told(here, root), "the folder's time tells when something came or went"))
        for name in [*files, *(name for name in folders if (here / name).is_symlink())]:
            path = here / name
            try:
                status = path.lstat()
            except FileNotFoundError:  # withdrawn meanwhile
                continue
            where = _told(path, root)
            if not stat.S_ISREG(status.st_mode):
                kind = "a link" if stat.S_ISLNK(status.st_mode) else "no plain file"
                findings.append(Finding("I7", where, f"is {kind}"))
                unreadable.add(where)
                continue
            if stat.S_IMODE(status.st_mode) != MODE:
                mode = f"{stat.S_IMODE(status.st_mode):o}"
                findings.append(Finding("I12", where, f"its permissions are {mode}, not {MODE:o} as it was published"))
            if status.st_mtime != NO_TIME:
                findings.append(Finding("I18", where, "its time tells when it was written"))
    return findings, unreadable


def _time_of(folder: Path) -> float:
    try:
        return folder.lstat().st_mtime
    except FileNotFoundError:  # withdrawn meanwhile
        return NO_TIME


def mend_marks(root: Path, ours: Collection[str]) -> None:
    """Give plain files of ours, and all folders, their permissions and times again."""
    for where in ours:
        path = root / where
        if not is_as_written(path) and path.is_file() and not path.is_symlink():
            path.chmod(MODE)
            os.utime(path, (NO_TIME, NO_TIME))
    for folder, _, _ in os.walk(root):
        if _time_of(Path(folder)) != NO_TIME:
            os.utime(folder, (NO_TIME, NO_TIME))


def _told(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
