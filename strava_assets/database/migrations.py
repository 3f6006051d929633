"""Bringing the database ``strava`` up to date: yoyo over the numbered files of ``sql/migrations``.

Safe to run twice and from many processes at once: everything happens under one advisory lock, which
PostgreSQL lets go when its holder dies.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import psycopg

from strava_assets.errors import DatabaseUnavailable

LOCK = 0x5354_5241  # any number that only we use
log = logging.getLogger(__name__)


def known_to(folder: Path) -> list[str]:
    """Names of all migrations in a folder, in order."""
    return sorted(path.stem for path in folder.glob("*.sql"))


def migrate(url: str, folder: Path, only: Collection[str] | None = None) -> list[str]:
    """Apply what is missing, in order.

    Parameters
    ----------
    url : str
        libpq URL of the database.
    folder : Path
        Numbered SQL files, ``0001_name.sql``.
    only : collection of str, optional
        Names of those that may be applied; all if left out.

    Returns
    -------
    list of str
        Names of the migrations applied now.

    Raises
    ------
    DatabaseUnavailable
        One failed; it was rolled back and none after it was tried.
    """
    from yoyo import get_backend, read_migrations

    logging.getLogger("yoyo").setLevel(logging.WARNING)
    with psycopg.connect(url, autocommit=True) as guard:
        guard.execute("select pg_advisory_lock(%s)", (LOCK,))
        backend = get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))  # the driver, named
        try:
            backend.break_lock()  # left by a killed process: ours is the lock that counts
            pending = backend.to_apply(read_migrations(str(folder)))
            if only is not None:
                pending = pending.filter(lambda migration: migration.id in only)
            names = [migration.id for migration in pending]
            backend.apply_migrations(pending)
            return names
        except psycopg.Error as error:
            raise DatabaseUnavailable(
                f"a migration failed and was rolled back: {str(error).splitlines()[0]}"
            ) from error
        finally:
            backend.connection.close()
