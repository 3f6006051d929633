"""A backup back in place: examined to the last byte first, then put where there is nothing yet.

What belongs here: what must hold before, the order, and what makes it safe to repeat. What does not: what a backup is
(``backup``), a table's rows (``database.dump``).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg

from strava_assets.backup import (
    CHUNK,
    DATABASE,
    FORMAT,
    HOME,
    KEPT_AT_HOME,
    KEY,
    MANIFEST,
    STORE,
    BackupReport,
    Progress,
)
from strava_assets.database import dump
from strava_assets.database.connection import ensure, locate, one_line, sql_folder
from strava_assets.database.migrations import known_to, migrate
from strava_assets.errors import BackupError, DatabaseUnavailable, SettingsError
from strava_assets.settings import Settings
from strava_assets.stores import open_private


def restore(settings: Settings, path: Path, progress: Progress = lambda *_: None) -> BackupReport:
    """Put a backup where there is nothing yet. Safe to repeat: what counts last is the database, all of it at once.

    Parameters
    ----------
    settings : Settings
        Of the installation to be; it may be on another machine, in other stores.
    path : Path
        What `back_up` wrote.
    progress : callable

    Raises
    ------
    BackupError
        It is no backup, is damaged, or a newer program's; nothing was changed.
    SettingsError
        There is something already, or ``strava-assets up`` runs on it; nothing was changed.
    """
    try:
        with _opened(path) as archive:
            manifest = _examined(archive, path, progress)
            _refuse_what_is_not_empty(settings)
            with _opened(path) as again:
                return _put_back(settings, again, manifest, progress)
    except tarfile.TarError as error:
        raise BackupError(f"{path} is no backup, or is damaged: {error}") from error
    except OSError as error:
        raise BackupError(f"{path} cannot be restored: {error.strerror or error}") from error
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"PostgreSQL refuses what is in {path}: {one_line(error)}") from error


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
        yield archive


def _examined(archive: tarfile.TarFile, path: Path, progress: Progress) -> dict[str, Any]:
    """The manifest, after every byte that it speaks of was held against it."""
    found: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    for number, entry in enumerate(archive):
        progress("reading", number, number + 1)
        file = archive.extractfile(entry) if entry.isreg() else None
        if file is None or manifest is not None or not _is_ours(entry.name):
            raise BackupError(f"{path} is no backup of ours: {entry.name!r} is in it")
        if entry.name == MANIFEST:
            manifest = _read_manifest(file.read(), path)
            continue
        digest = hashlib.sha256()
        while block := file.read(CHUNK):
            digest.update(block)
        found[entry.name] = digest.hexdigest()
    if manifest is None:
        raise BackupError(f"{path} is no backup, or is cut off: it does not say what is in it")
    said = manifest["entries"]
    if wrong := sorted(name for name in {*said, *found} if said.get(name) != found.get(name)):
        raise BackupError(f"{path} is damaged: {wrong[0]} is not what was written ({len(wrong)} such entries)")
    return manifest


def _read_manifest(data: bytes, path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(data)
        kind = manifest["format"]
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"{path} is no backup of ours") from None
    unknown = set(manifest.get("migrations", ())) - set(known_to(sql_folder() / "migrations"))
    if kind != FORMAT or unknown:
        raise BackupError(f"{path} was made by a newer version of this program; restore it with that one")
    return dict(manifest)


def _refuse_what_is_not_empty(settings: Settings) -> None:
    with _database(settings) as connection:
        if connection.execute("select to_regclass('strava.athlete')").fetchone() == (None,):
            return
        held = [table for table in ("athlete", "activity", "privacy_zone") if _has_rows(connection, table)]
        if held:
            raise SettingsError(
                "there is an installation already, and it stays as it is: restore into an empty one "
                "(another STRAVA_ASSETS_HOME, or another STRAVA_ASSETS_DATABASE_URL)"
            )
        others = connection.execute(
            "select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and application_name like 'strava_assets%'"
        ).fetchone()
        if others:
            raise SettingsError("strava-assets runs here; stop it before something is restored")


def _has_rows(connection: psycopg.Connection[Any], table: str) -> bool:
    return connection.execute(f"select 1 from strava.{table} limit 1").fetchone() is not None


def _put_back(
    settings: Settings, archive: tarfile.TarFile, manifest: dict[str, Any], progress: Progress
) -> BackupReport:
    report = BackupReport(activities=manifest["activities"], made_at=manifest["made_at"])
    store = open_private(settings)
    total = len(manifest["entries"])
    with tempfile.TemporaryDirectory(prefix=".tmp-", dir=settings.home_path) as folder:  # mode 700
        for number, entry in enumerate(archive):
            progress(PurePosixPath(entry.name).name, number, total)
            file = archive.extractfile(entry)
            assert file is not None
            report.bytes += entry.size
            if entry.name == KEY:
                _put_key(settings, file.read())
            elif entry.name.startswith(STORE):
                store.write(entry.name.removeprefix(STORE), file.read())
                report.objects += 1
            elif entry.name.startswith(HOME):
                target = settings.home_path / entry.name.removeprefix(HOME)
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                target.write_bytes(file.read())
            elif entry.name.startswith(DATABASE):
                with open(Path(folder) / entry.name.removeprefix(DATABASE), "wb") as held:
                    while block := file.read(CHUNK):
                        held.write(block)
        _put_database(settings, Path(folder), manifest)
    progress("", total, total)
    return report


def _is_ours(name: str) -> bool:
    """Whether an entry is one that `back_up` writes: of the home, only the folders that are kept, and nothing leads
    elsewhere."""
    if name in (MANIFEST, KEY):
        return True
    folder, _, rest = name.partition("/")
    known = f"{folder}/" in (DATABASE, STORE) or (f"{folder}/" == HOME and rest.startswith(KEPT_AT_HOME))
    return known and not {"..", ".", ""} & set(rest.split("/"))


def _put_key(settings: Settings, key: bytes) -> None:
    """The key that tokens are encrypted with and public addresses are made from."""
    if settings.secret_key is not None:
        if settings.key() != key:
            raise SettingsError(
                "STRAVA_ASSETS_SECRET_KEY is not the one of the backup: unset it, and the backup's is used"
            )
        return
    path = settings.home_path / KEY
    path.unlink(missing_ok=True)  # of an installation that holds nothing
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _put_database(settings: Settings, folder: Path, manifest: dict[str, Any]) -> None:
    """The tables as they were then, all at once; then whatever has changed about tables since."""
    url, migrations = locate(settings).strava, sql_folder() / "migrations"
    with _database(settings) as connection:
        connection.execute("drop schema if exists strava cascade")
        connection.execute(
            "drop table if exists _yoyo_migration, _yoyo_log, _yoyo_version, yoyo_lock, _yoyo_lock cascade"
        )
    migrate(url, migrations, only=manifest["migrations"])
    with _database(settings) as connection:
        there = list(dump.tables(connection))
        for table in reversed(there):
            dump.empty(connection, table)  # of what a migration put there
        for table in there:
            with gzip.open(folder / f"{table}.copy.gz") as rows:
                dump.put_rows(connection, table, manifest["tables"][table], rows)
        dump.put_counters(connection, manifest["counters"])
    migrate(url, migrations)


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    url = locate(settings).strava
    ensure(url)
    with psycopg.connect(url, application_name="restore") as connection:
        yield connection
