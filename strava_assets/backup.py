"""Everything that cannot be made again, in one file: database, private store, secret key, what waits.

What belongs here: what is in such a file, and writing it. What does not: putting it back (``restore``), a table's rows
(``database.dump``).

A plain tar. ``manifest.json`` comes last and names every other entry with its SHA-256: a file without it was cut off.
Left out is what the pipeline makes: lake, warehouse, the owner's uncut view, the public root, Dagster's own history.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

import psycopg

from strava_assets.database import dump
from strava_assets.database.connection import Database, one_line, sql_folder
from strava_assets.database.migrations import known_to
from strava_assets.errors import BackupError, DatabaseUnavailable, SettingsError
from strava_assets.installation import Installation
from strava_assets.stores import Store
from strava_assets.tables import UNCUT

#: Counts up when a file of one program cannot be read by another's.
FORMAT = 1
MANIFEST, KEY = "manifest.json", "secret.key"
DATABASE, STORE, HOME = "database/", "private/", "home/"
#: Of the private store, what is made from the rest.
_MADE = ("lake/", f"tables/{UNCUT}/", "doctor.txt")
#: Of the home, what somebody put there or may want to read again.
KEPT_AT_HOME = ("inbox/", "reports/")
CHUNK = 1 << 20
#: Rows that are held in memory until a table is complete, bytes packed.
_IN_MEMORY = 64 << 20
#: Is told a name, how many are done, how many there are.
Progress = Callable[[str, int, int], None]


@dataclass
class BackupReport:
    """What is in a backup."""

    activities: int = 0
    objects: int = 0
    bytes: int = 0
    made_at: str = ""
    missing: list[str] = field(default_factory=list)


def back_up(installation: Installation, path: Path, progress: Progress = lambda *_: None) -> BackupReport:
    """Write everything into one file, readable by its owner only; the installation may go on meanwhile.

    Parameters
    ----------
    installation : Installation
    path : Path
        A file that does not exist yet.
    progress : callable

    Raises
    ------
    SettingsError
        The file exists, or would be public.
    BackupError
        It could not be written; there is none then.
    """
    settings = installation.settings
    if path.exists():
        raise SettingsError(f"{path} is there already; name another file, or remove it")
    if settings.is_public(path):
        raise SettingsError(f"{path} would be public, with where you live; write it elsewhere")
    key = settings.key()
    temporary = path.with_name(f".tmp-{path.name}-{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
                report = _Writer(archive, progress).write(installation, key)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # never over one that came meanwhile
    except OSError as error:
        raise BackupError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    report.bytes = path.stat().st_size
    return report


class _Writer:
    """Entries into an archive, and what the manifest says of them."""

    def __init__(self, archive: tarfile.TarFile, progress: Progress):
        self._archive, self._progress = archive, progress
        self._entries: dict[str, str] = {}
        self._now = int(time.time())

    def write(self, installation: Installation, key: bytes) -> BackupReport:
        report = BackupReport(made_at=datetime.now(UTC).isoformat(timespec="seconds"))
        self._put(KEY, key)
        tables, counters = self._put_database(installation.database, report)
        self._put_objects(installation.store, report)
        for name in KEPT_AT_HOME:
            folder = installation.settings.home_path / name
            for file in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
                self._put(f"{HOME}{file.relative_to(folder.parent).as_posix()}", file.read_bytes())
        manifest = {
            "format": FORMAT,
            "made_at": report.made_at,
            "migrations": known_to(sql_folder() / "migrations"),
            "tables": tables,
            "counters": counters,
            "activities": report.activities,
            "entries": self._entries,
        }
        self._put(MANIFEST, json.dumps(manifest, indent=1).encode())
        return report

    def _put_database(self, database: Database, report: BackupReport) -> tuple[dict[str, list[str]], dict[str, int]]:
        """All tables as they were at one moment."""
        try:
            with psycopg.connect(database.url, application_name="strava_assets backup") as connection:
                connection.execute("set transaction isolation level repeatable read, read only")
                tables = dump.tables(connection)
                for number, (table, columns) in enumerate(tables.items()):
                    self._progress(table, number, len(tables))
                    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as held:
                        with gzip.GzipFile(fileobj=held, mode="wb", compresslevel=6, mtime=0) as packed:
                            for block in dump.rows(connection, table, columns):
                                packed.write(block)
                        size = held.tell()
                        held.seek(0)
                        self._stream(f"{DATABASE}{table}.copy.gz", held, size)
                (report.activities,) = connection.execute("select count(*) from strava.activity").fetchone() or (0,)
                return tables, dump.counters(connection)
        except psycopg.Error as error:
            raise DatabaseUnavailable(f"PostgreSQL does not answer: {one_line(error)}") from error

    def _put_objects(self, store: Store, report: BackupReport) -> None:
        keys = [key for key in store.keys("") if not key.startswith(_MADE)]
        for number, key in enumerate(keys):
            self._progress(PurePosixPath(key).name, number, len(keys))
            try:
                self._put(f"{STORE}{key}", store.read(key))
                report.objects += 1
            except FileNotFoundError:  # removed meanwhile, or replaced by another
                report.missing.append(key)
        self._progress("", len(keys), len(keys))

    def _put(self, name: str, data: bytes) -> None:
        self._stream(name, io.BytesIO(data), len(data))

    def _stream(self, name: str, file: IO[bytes], size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, self._now
        told = _Digesting(file)
        self._archive.addfile(entry, told)
        self._entries[name] = told.digest.hexdigest()


class _Digesting(io.RawIOBase):
    """A file that adds up what is read of it."""

    def __init__(self, file: IO[bytes]):
        self._file, self.digest = file, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        return data
