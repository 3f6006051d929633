"""A real PostGIS to measure against: one by URL, or this machine's own, started for a while in a folder of its own.

What belongs here: finding it, starting it, and what maps like ours have been made with there: the difference of each
line with the collected zones, snapped and simplified. What does not: measuring.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg
import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.zones import Zone

#: Where the tables of a measurement are, also on a server that holds other things.
_SCHEMA = "strava_assets_benchmark"
#: One thread; nothing is written to disk for long.
_SERVER = ["-c", "fsync=off", "-c", "shared_buffers=1GB", "-c", "max_parallel_workers_per_gather=0", "-c", "jit=off"]

_TABLES = f"""
drop schema if exists {_SCHEMA} cascade;
create schema {_SCHEMA};
create table {_SCHEMA}.track (month integer, line geometry(LineString, 4326));
-- neither compressed nor to be unpacked: as quick to read as a table can be
alter table {_SCHEMA}.track alter column line set storage external;
create table {_SCHEMA}.zone (shape geometry(Geometry, 4326));
"""
#: The zones are collected once, in metres and without overlaps: nothing is left to do with them for each month.
_READY = f"""
create table {_SCHEMA}.hidden as
    select ST_UnaryUnion(ST_Collect(ST_Transform(shape, 32632))) as shapes from {_SCHEMA}.zone;
create index on {_SCHEMA}.track (month);
analyze {_SCHEMA}.track;
"""
#: Snapped to a centimetre first: of what was tried (1 cm, 1 m, 5 m) the quickest. Its own parts end in an aggregate, so
#: that no result has to be written or sent.
_CUT = f"""
select sum(ST_NPoints(ST_Transform(
    ST_Simplify(ST_SnapToGrid(ST_Difference(ST_SnapToGrid(ST_Transform(line, 32632), 0.01), shapes), 5), 15), 4326)))
from {_SCHEMA}.track, {_SCHEMA}.hidden where month = %s
"""


class PostGis:
    """The contestant. A month's tracks and the zones are put into tables beforehand."""

    def __init__(self, connection: psycopg.Connection):
        self._connection = connection
        # a server elsewhere has other processes by these numbers: it is asked for by its address, too
        local = (connection.info.host or "/").startswith("/")
        self._told = Path(f"/proc/{connection.info.backend_pid}/schedstat" if local else "/dev/null")
        connection.execute(_TABLES)

    @property
    def version(self) -> str:
        """PostGIS's and its GEOS's."""
        row = self._connection.execute("select PostGIS_Lib_Version(), PostGIS_GEOS_Version()").fetchone()
        assert row is not None
        return f"PostGIS {row[0]}, GEOS {row[1].partition('-')[0]}"

    def load(self, months: Sequence[Samples], zones: Sequence[Zone]) -> None:
        """The same positions and the same shapes as everybody has."""
        with self._connection.cursor() as cursor:
            with cursor.copy(f"copy {_SCHEMA}.track (month, line) from stdin") as rows:
                for month, samples in enumerate(months):
                    coords = np.column_stack([samples.lon, samples.lat])
                    for line in shapely.linestrings(coords, indices=samples.owner):
                        rows.write_row((month, shapely.to_wkb(line, hex=True)))
            with cursor.copy(f"copy {_SCHEMA}.zone (shape) from stdin") as rows:
                for zone in zones:
                    shape = geodesy.geometry_to_degrees(zone.shape.geometry, zone.shape.center)
                    rows.write_row((shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True),))
        self._connection.execute(_READY)

    def prepare(self) -> str:
        """Set the compiler of expressions on or off, whichever is quicker; returns which."""
        took = {}
        for jit in ("on", "off", "on", "off"):
            self._connection.execute(f"set jit = {jit}")
            began = time.perf_counter()
            self.cut(0)
            took[jit] = min(took.get(jit, 1e9), time.perf_counter() - began)
        best = min(took, key=lambda jit: took[jit])
        self._connection.execute(f"set jit = {best}")
        return best

    def clock(self) -> float | None:
        """Seconds of a processor that this connection's server process has had; None where nobody here can tell."""
        try:
            return int(self._told.read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return None

    def cut(self, month: int) -> int:
        """Vertices of a month's lines, after all of it."""
        row = self._connection.execute(_CUT, (month,), prepare=True).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def postgis(url: str | None) -> Iterator[PostGis | None]:
    """The one at a URL, or one that is installed here; None if there is none.

    Parameters
    ----------
    url : str, optional
        libpq's; its user must be able to make a schema (and the extension, if it is not there yet).
    """
    if url is not None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create extension if not exists postgis")
            try:
                yield PostGis(connection)
            finally:
                connection.execute(f"drop schema if exists {_SCHEMA} cascade")
        return
    for programs in _installed():
        with _started(programs) as started, psycopg.connect(started, autocommit=True) as connection:
            if connection.execute("select 1 from pg_available_extensions where name = 'postgis'").fetchone():
                connection.execute("create extension postgis")
                yield PostGis(connection)
                return
    yield None


def _installed() -> list[Path]:
    """Folders with a PostgreSQL server, newest first."""
    found = [Path(place).resolve().parent for place in [shutil.which("initdb"), shutil.which("postgres")] if place]
    found += sorted((Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin")), reverse=True)
    found += [Path(path) for path in ("/usr/pgsql/bin", "/usr/local/pgsql/bin", "/opt/homebrew/bin")]
    return [path for path in dict.fromkeys(found) if (path / "initdb").exists() and (path / "postgres").exists()]


@contextmanager
def _started(programs: Path) -> Iterator[str]:
    """A server on a new, empty folder, over a socket in it; gone at the end."""
    with tempfile.TemporaryDirectory(prefix="strava-assets-postgis-") as made:
        folder, user = Path(made), _user()
        options: dict[str, object] = {"cwd": "/", "stdout": subprocess.DEVNULL}
        if user is not None:
            shutil.chown(folder, user)
            options |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        data = str(folder / "data")
        subprocess.run(
            [programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8", "--locale", "C"],
            check=True,
            **options,
        )
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", made, "-h", "", *_SERVER],
            stderr=subprocess.DEVNULL,
            **options,
        )
        try:
            url = f"postgresql://postgres@/postgres?host={made}"
            _wait_until_up(url)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _user() -> str | None:
    """PostgreSQL refuses to run as root: who it runs as then."""
    if os.geteuid() != 0:
        return None
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


def _wait_until_up(url: str) -> None:
    for _ in range(300):
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise TimeoutError("PostgreSQL does not come up within 30 s")
