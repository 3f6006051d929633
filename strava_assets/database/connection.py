"""Connections to the two databases, ``strava`` (ours) and ``dagster`` (dagster-postgres).

What belongs here: where they are, making them if missing, bringing ours up to date, a small pool,
and the named queries of ``sql/queries``. What does not: the queries themselves.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

import aiosql
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool

import strava_assets
from strava_assets import quick_json
from strava_assets.database import embedded
from strava_assets.database.migrations import migrate
from strava_assets.errors import DatabaseUnavailable, SettingsError
from strava_assets.settings import Settings

set_json_loads(quick_json.loads)  # thousands of small documents come at once

DAGSTER_DATABASE = "dagster"
STRAVA_DATABASE = "strava"


def sql_folder() -> Path:
    """``sql/``: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(strava_assets.__file__).parent
    for folder in (package.parent / "sql", package / "sql"):
        if (folder / "migrations").is_dir():
            return folder
    raise DatabaseUnavailable("the installation is incomplete: its sql folder is missing; install it again")


@functools.cache
def queries() -> Any:
    """The named queries of ``sql/queries/*.sql``; each takes a connection and named parameters.

    ``queries().name(connection, key=value)``: see aiosql for the suffixes (``^`` one row, ``$`` one
    value, ``!`` affected rows). Rows are dicts.
    """
    return aiosql.from_path(str(sql_folder() / "queries"), "psycopg", mandatory_parameters=False)


@dataclass(frozen=True)
class DatabaseUrls:
    """libpq URLs of our database and of Dagster's."""

    strava: str
    dagster: str

    @property
    def dagster_sqlalchemy(self) -> str:
        """Dagster's URL for SQLAlchemy, with the driver named: psycopg2, which dagster-postgres ships."""
        return self.dagster.replace("postgresql://", "postgresql+psycopg2://", 1)


def locate(settings: Settings) -> DatabaseUrls:
    """Where the databases are: the embedded server is started, one by URL is only named.

    Raises
    ------
    DatabaseUnavailable, SettingsError
    """
    if settings.database_url is None:
        base = embedded.start(settings.home_path / "postgres")
        return DatabaseUrls(_with_database(base, STRAVA_DATABASE), _with_database(base, DAGSTER_DATABASE))
    url = settings.database_url.get_secret_value()
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("STRAVA_ASSETS_DATABASE_URL must look like postgresql://user:password@host:5432/strava")
    url = "postgresql://" + url.split("://", 1)[1]
    name = _database_of(url)
    ours = STRAVA_DATABASE if name in ("", "postgres") else name
    # a server of one's own may hold another Dagster's database: a name of one's own keeps them apart
    dagster = DAGSTER_DATABASE if ours == STRAVA_DATABASE else f"{ours}_dagster"
    return DatabaseUrls(_with_database(url, ours), _with_database(url, dagster))


def prepare(urls: DatabaseUrls) -> None:
    """Make both databases if missing and apply the migrations to ours. Safe to run concurrently."""
    for url in (urls.strava, urls.dagster):
        ensure(url)
    migrate(urls.strava, sql_folder() / "migrations")


class Database:
    """A small pool of connections to ``strava``, with the named queries.

    Each ``with database.transaction() as connection`` is one transaction. Opened lazily, so that
    constructing one costs nothing and needs no server.
    """

    def __init__(self, url: str):
        self.url = url
        self._pool: ConnectionPool[psycopg.Connection[dict[str, Any]]] | None = None

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """One transaction: committed at the end, rolled back on an exception."""
        if self._pool is None:
            self._pool = ConnectionPool(
                self.url,
                connection_class=psycopg.Connection[dict[str, Any]],
                min_size=0,
                max_size=8,
                open=True,
                timeout=20,
                check=ConnectionPool.check_connection,
                kwargs={"row_factory": dict_row, "application_name": "strava_assets"},
            )
        try:
            with self._pool.connection() as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"PostgreSQL does not answer: {one_line(error)}") from error
        except psycopg.errors.Error as error:
            if "pool" in type(error).__name__.lower():
                raise DatabaseUnavailable("PostgreSQL does not answer within 20 s") from error
            raise

    @contextmanager
    def alone(
        self, what: int, which: int, waiting: Callable[[], None] | None = None
    ) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """A connection of one's own, while nobody else has one for the same.

        It commits each statement, but for ``with connection.transaction()``. Should it break, so does what is done
        with it, and the next one's turn comes: PostgreSQL lets go when its holder dies.

        Parameters
        ----------
        what, which : int
            Two halves of an advisory lock; ``which`` is a row's number.
        waiting : callable, optional
            Called if somebody else's turn has to end first.
        """
        try:
            with psycopg.connect(
                self.url, autocommit=True, row_factory=dict_row, application_name="strava_assets taking turns"
            ) as connection:
                got = connection.execute("select pg_try_advisory_lock(%s, %s) as got", [what, which]).fetchone()
                if not (got and got["got"]):
                    if waiting:
                        waiting()
                    connection.execute("select pg_advisory_lock(%s, %s)", [what, which])
                yield connection
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"PostgreSQL does not answer: {one_line(error)}") from error

    def listen(self, channel: str, seconds: float, enough: Callable[[], float]) -> None:
        """Wait for a ``notify`` on a channel.

        Parameters
        ----------
        channel : str
            An identifier.
        seconds : float
            At most.
        enough : callable
            Asked once everything that comes is heard: how many seconds are worth waiting, 0 if none is.
        """
        try:
            with psycopg.connect(self.url, autocommit=True, application_name="strava_assets listening") as connection:
                connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                if (wait := min(seconds, enough())) > 0:
                    for _ in connection.notifies(timeout=wait, stop_after=1):
                        return
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"PostgreSQL does not answer: {one_line(error)}") from error

    def now(self) -> datetime:
        """The server's clock, aware UTC: the one that every process shares."""
        with self.transaction() as connection:
            row = connection.execute("select clock_timestamp() as now").fetchone()
        assert row is not None
        return row["now"].astimezone(UTC)

    def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None


def open_database(settings: Settings) -> Database:
    """The database in force: started if embedded, made, migrated."""
    urls = locate(settings)
    prepare(urls)
    return Database(urls.strava)


def one_line(error: BaseException) -> str:
    """The first line of a driver's message, without any password in it."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return text[:200]


def check_url(setting: str, url: str) -> None:
    """Refuse an owner's URL that libpq reads otherwise than it is meant: its messages quote parts of a password.

    Raises
    ------
    SettingsError
        Nothing of the URL is in it.
    """
    try:
        urlsplit(url)
        told = conninfo_to_dict(url)
        split_in_the_middle = any("@" in str(told.get(part) or "") for part in ("host", "port", "dbname"))
    except (psycopg.ProgrammingError, ValueError):
        split_in_the_middle = True
    if split_in_the_middle:
        raise SettingsError(
            f"{setting} cannot be read as postgresql://user:password@host:5432/strava; "
            "signs such as @ / % in the password are written as %40 %2F %25, and only libpq's options may follow"
        )


def _database_of(url: str) -> str:
    """The database that an owner's URL names."""
    check_url("STRAVA_ASSETS_DATABASE_URL", url)
    return urlsplit(url).path.strip("/")


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc
    query = parts.query
    host = parse_qs(query).get("host", [""])[0]
    if host.startswith("/") and not netloc.endswith("@"):
        netloc = f"{netloc.rpartition('@')[0]}@"
    if netloc.endswith(":@"):
        netloc = netloc[:-2] + "@"
    built = urlunsplit((parts.scheme, netloc or "@", f"/{quote(name)}", query, ""))
    return built if netloc else built.replace("://@/", ":///", 1)


def ensure(url: str) -> None:
    """Make a database if it is missing. Safe to run concurrently."""
    name = urlsplit(url).path.strip("/")
    try:
        with psycopg.connect(url, connect_timeout=10):
            return
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error) or "role" in one_line(error):
            raise DatabaseUnavailable(
                f"cannot connect to PostgreSQL: {one_line(error)}. "
                "Check STRAVA_ASSETS_DATABASE_URL and that the server runs"
            ) from error
    except (psycopg.ProgrammingError, ValueError) as error:
        raise SettingsError(f"STRAVA_ASSETS_DATABASE_URL cannot be read: {one_line(error)}") from error
    try:
        with psycopg.connect(_with_database(url, "postgres"), autocommit=True, connect_timeout=10) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        _wait_for(url)  # another process made it just now
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"the database {name!r} does not exist and this user may not create it; ask for: create database {name}"
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"cannot create the database {name!r}: {one_line(error)}") from error


def _wait_for(url: str) -> None:
    for _ in range(50):
        try:
            with psycopg.connect(url, connect_timeout=10):
                return
        except psycopg.OperationalError:
            time.sleep(0.1)


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
