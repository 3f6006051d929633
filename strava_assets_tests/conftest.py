"""What every test may use: an installation of its own on one real PostgreSQL server."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from dagster_postgres import DagsterPostgresStorage
from xdist.scheduler import LoadFileScheduling

from strava_assets import cli
from strava_assets.archive.importer import import_path
from strava_assets.database import embedded
from strava_assets.database.connection import locate, prepare
from strava_assets.installation import Installation, open_installation
from strava_assets.processes import cores
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.recordings import folder_of_rides

#: Where rides that are made for a test start.
HOME = Place(7.6, 47.5)
REAL_DATA = Path(__file__).parents[1].parent / "shared" / "data"

# nothing of the machine's own settings may reach a test
for name in [name for name in os.environ if name.startswith(("STRAVA_", "DAGSTER_", "AWS_"))]:
    del os.environ[name]


#: A command line: what it ends with, and everything that it said.
Run = Callable[..., tuple[int, str]]
#: Bytes.
_ROOM = 6 << 30
#: What takes longest begins first, so that no process has it left at the end.
LONGEST = ("end_to_end", "attacks", "assets", "faults", "fuzz", "browser")
#: Folders whose tests share what one process makes once.
TOGETHER = ("attacks", "browser")


class ByFile(LoadFileScheduling):
    """A file's tests run in one process, one after the other; so do those of some folders."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        folder = file.split("/")[1]
        return folder if folder in TOGETHER else file


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process more than there are cores: they wait half of the time, for servers and for one another."""
    return cores() + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Who does what."""
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    folder = Path(__file__).parent
    items.sort(key=lambda item: rank.get(item.path.relative_to(folder).parts[0], len(rank)))


@pytest.fixture(autouse=True)
def the_environment_stays() -> Iterator[None]:
    """``materialize`` names the installation to Dagster in this process: the next test has another one."""
    before = dict(os.environ)
    yield
    if dict(os.environ) != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(autouse=True)
def no_remembered_bucket() -> None:
    """s3fs remembers the endpoint of whoever asked first: here that was another test's server."""
    if "s3fs" in sys.modules:
        sys.modules["s3fs"].S3FileSystem.clear_instance_cache()


def _roomy_memory() -> str | None:
    """Where files are memory, if there is plenty: hundreds of small databases come and go."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > _ROOM else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a real server, for as long as the tests run.

    Not below pytest's own folder: that is closed to everybody but its owner, and a root's server runs as
    somebody else.
    """
    folder = Path(tempfile.mkdtemp(prefix="strava-assets-", dir=_roomy_memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # registered first, so done last: the server has stopped
    url = embedded.start(folder / "postgres")
    with psycopg.connect(url, autocommit=True) as server:  # no test pulls the machine's plug, only its own processes'
        for setting in ("fsync", "full_page_writes"):
            server.execute(f"alter system set {setting} = off")
        server.execute("select pg_reload_conf()")
    yield url
    if "PYTEST_XDIST_WORKER" in os.environ:  # such a process ends without what was registered for its exit
        number = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGQUIT)
        psutil.wait_procs([psutil.Process(number)] if psutil.pid_exists(number) else [], timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def up_to_date(postgres: str) -> tuple[str, str]:
    """Names of our database and of Dagster's with every table and no row, to be copied: a tenth of the work."""
    url = postgres.replace("/postgres?", "/up_to_date?")
    urls = locate(Settings(_env_file=None, STRAVA_ASSETS_DATABASE_URL=url))
    prepare(urls)
    storage = DagsterPostgresStorage(urls.dagster_sqlalchemy)
    for kept in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        kept.dispose()
    return "up_to_date", "up_to_date_dagster"


@pytest.fixture
def settings_of(tmp_path: Path, postgres: str, up_to_date: tuple[str, str]) -> Iterator[Any]:
    """Make settings with a home and an empty database of one's own."""
    database = f"t{uuid.uuid4().hex[:12]}"
    own = (database, f"{database}_dagster")
    with psycopg.connect(postgres, autocommit=True) as server:
        for name, like in zip(own, up_to_date, strict=True):
            server.execute(f"create database {name} template {like}")

    def make(**overrides: Any) -> Settings:
        values = {
            "STRAVA_ASSETS_HOME": tmp_path / "home",
            "STRAVA_ASSETS_DATABASE_URL": postgres.replace("/postgres?", f"/{database}?"),
            "STRAVA_ASSETS_SECRET_KEY": "0123456789abcdef" * 4,
            "STRAVA_ASSETS_FIRST_MONTH": "2005-01",
        }
        return Settings(_env_file=None, **{**values, **overrides})

    yield make
    with psycopg.connect(postgres, autocommit=True) as server:
        for name in own:
            server.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def installation(settings_of: Any) -> Iterator[Installation]:
    """An empty installation."""
    opened = open_installation(settings_of())
    yield opened
    opened.database.close()


@pytest.fixture
def bring_in(tmp_path: Path) -> Callable[..., Any]:
    """Import a folder of rides."""

    def bring(
        installation: Installation, folder: Path | None = None, visibility: str = "everyone", athlete: str = "Ada"
    ) -> Any:
        return import_path(
            folder or folder_of_rides(tmp_path / "rides", HOME),
            athlete=athlete,
            visibility=visibility,
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
            progress=None,
        )

    return bring


@pytest.fixture
def strava_assets(
    settings_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a command; its exit code and everything it said."""
    for name, value in settings_environment(settings_of()).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["strava-assets", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as done:
            code = int(done.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out
        return code, said.out + said.err

    return run


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server with two buckets."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3")
    for name in ("private-rides", "public-rides"):
        client.create_bucket(Bucket=name)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Other people's real recordings, where they are at hand."""
    if not REAL_DATA.is_dir():
        pytest.skip("no real recordings beside the checkout")
    return REAL_DATA
