"""A backup holds everything that cannot be made again; restored elsewhere, the public files are the same bytes."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from strava_assets import restore as restoring
from strava_assets.archive.importer import import_path
from strava_assets.backup import back_up
from strava_assets.database import dump
from strava_assets.database.connection import locate, sql_folder
from strava_assets.database.migrations import known_to, migrate
from strava_assets.errors import BackupError, SettingsError
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.restore import restore
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets.tables import months_of
from strava_assets_tests.conftest import HOME
from strava_assets_tests.gateway.mine import opened_for_long
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.recordings import folder_of_rides


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(installation: Installation) -> dict[str, Any]:
    """All rows of all tables, and all counters."""
    with psycopg.connect(installation.database.url) as connection:
        rows = {
            table: sorted(b"".join(dump.rows(connection, table, columns)).splitlines())
            for table, columns in dump.tables(connection).items()
        }
        return {**rows, "counters": dump.counters(connection)}


@pytest.fixture
def elsewhere(settings_of: Callable[..., Settings], postgres: str, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of another machine: another home, another database, no key of its own."""

    def make(name: str = "elsewhere") -> Settings:
        url = postgres.replace("/postgres?", f"/b{os.urandom(6).hex()}?")
        return settings_of(
            STRAVA_ASSETS_HOME=tmp_path / name, STRAVA_ASSETS_DATABASE_URL=url, STRAVA_ASSETS_SECRET_KEY=None
        )

    return make


@pytest.fixture(scope="module", autouse=True)
def own_environment() -> Iterator[None]:
    """What is materialized tells its children by the environment where it is at home."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="module")
def published(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Rides from a home with a zone around it, on the map; the key is the installation's own."""
    folder = tmp_path_factory.mktemp("published")
    opened = opened_for_long(postgres, folder / "home", STRAVA_ASSETS_SECRET_KEY=None)
    zone_store.add(opened.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
    rides = folder_of_rides(folder / "rides", HOME)
    import_path(
        rides,
        athlete="Ada",
        visibility="everyone",
        database=opened.database,
        store=opened.store,
        settings=opened.settings,
        progress=None,
    )
    assert not materialize(opened).failures
    opened.settings.inbox.mkdir(exist_ok=True)
    (opened.settings.inbox / "waits.gpx").write_text("<gpx/>")
    (opened.settings.inbox / "export\\ride.gpx").write_text("<gpx/>")  # as some unpack what Windows packed
    yield opened
    opened.database.close()


def test_restored_on_an_empty_machine_the_public_files_are_the_same_bytes(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path
) -> None:
    before, public = everything(published), tree(Path(published.settings.public_root))
    assert any(path.endswith(".csv") for path in public)
    report = back_up(published, tmp_path / "all.tar")
    assert (tmp_path / "all.tar").stat().st_mode & 0o777 == 0o600
    settings = elsewhere()
    restored = restore(settings, tmp_path / "all.tar")
    assert (restored.activities, restored.objects) == (report.activities, report.objects)
    opened = open_installation(settings)
    assert everything(opened) == before
    assert opened.settings.key() == published.settings.key()
    assert (settings.home_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (settings.inbox / "waits.gpx").read_text() == "<gpx/>"
    assert not materialize(opened).failures
    assert tree(Path(settings.public_root)) == public
    # nothing that was restored had to be made anew
    assert {key: published.store.read(key) for key in published.store.keys("tables/masked_geometries")} == {
        key: opened.store.read(key) for key in opened.store.keys("tables/masked_geometries")
    }
    # new ids go on where they were
    with opened.database.transaction() as connection:
        row = connection.execute("insert into strava.athlete (name) values ('Eve') returning id").fetchone()
    assert row is not None
    assert row["id"] == 2
    opened.database.close()


def test_restored_in_the_same_place_after_all_but_the_map_was_lost(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path
) -> None:
    back_up(published, tmp_path / "all.tar")
    settings, public = elsewhere(), tree(Path(published.settings.public_root))
    for kept in (False, True):
        restore(settings, tmp_path / "all.tar")
        opened = open_installation(settings)
        assert not materialize(opened).failures
        assert tree(Path(settings.public_root)) == public, kept
        back_up(opened, tmp_path / f"again {kept}.tar")
        with opened.database.transaction() as connection:
            connection.execute("drop schema strava cascade")
        opened.database.close()
        for path in settings.home_path.iterdir():
            if path.name != "public":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_what_the_pipeline_makes_is_left_out_of_it(published: Installation, tmp_path: Path) -> None:
    published.store.write("lake/activities/month=2024-05/activities.parquet", b"made again")
    published.store.write("tables/uncut/2024-05.parquet", b"made again")
    back_up(published, tmp_path / "all.tar")
    for key in ("lake/activities/month=2024-05/activities.parquet", "tables/uncut/2024-05.parquet"):
        published.store.delete(key)
    with tarfile.open(tmp_path / "all.tar") as archive:
        names = archive.getnames()
    assert names[-1] == "manifest.json"
    assert any(name.startswith("private/landing/") for name in names)
    assert any(name.startswith("private/tables/masked_geometries/") for name in names)
    assert not [name for name in names if "lake" in name or "uncut" in name or "public" in name.split("/")[0]]


def test_there_is_no_half_a_backup(published: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(published.store), "read", full)
    with pytest.raises(BackupError, match=r"cannot write .*all\.tar: No space left on device"):
        back_up(published, tmp_path / "all.tar")
    assert not [path for path in tmp_path.iterdir() if "all.tar" in path.name]


def test_a_backup_is_neither_overwritten_nor_published(published: Installation, tmp_path: Path) -> None:
    (tmp_path / "all.tar").write_text("another")
    with pytest.raises(SettingsError, match="is there already"):
        back_up(published, tmp_path / "all.tar")
    assert (tmp_path / "all.tar").read_text() == "another"
    public = Path(published.settings.public_root) / "all.tar"
    with pytest.raises(SettingsError, match="would be public"):
        back_up(published, public)
    assert not public.exists()


def damaged(whole: bytes) -> dict[str, bytes]:
    other = io.BytesIO()
    with tarfile.open(fileobj=other, mode="w") as archive:
        entry = tarfile.TarInfo("photos/cat.jpg")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"cat"))
    middle = len(whole) // 2
    return {
        "cut off": whole[:middle],
        "a bit flipped": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "another tar": other.getvalue(),
        "no tar": b"something else" * 100,
        "empty": b"",
    }


def test_what_is_damaged_is_refused_in_a_line_and_nothing_is_changed(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path
) -> None:
    back_up(published, tmp_path / "all.tar")
    settings = elsewhere()
    for what, data in damaged((tmp_path / "all.tar").read_bytes()).items():
        (tmp_path / "bad.tar").write_bytes(data)
        with pytest.raises(BackupError) as told:
            restore(settings, tmp_path / "bad.tar")
        assert "\n" not in str(told.value), what
        assert not (settings.home_path / "secret.key").exists(), what


@pytest.mark.parametrize(
    "name",
    [
        "private/../../outside",
        "home/../../outside",
        "private//outside",
        "database/../x",
        "home/public/outside.html",
        "home/dagster/outside.yaml",
        "outside",
    ],
)
def test_an_entry_that_leads_elsewhere_is_refused(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path, name: str
) -> None:
    back_up(published, tmp_path / "all.tar")
    evil = tmp_path / "evil.tar"
    with tarfile.open(tmp_path / "all.tar") as whole, tarfile.open(evil, "w") as made:
        for entry in whole:
            data = whole.extractfile(entry).read()
            if entry.name == "manifest.json":
                manifest = json.loads(data)
                digest = manifest["entries"].pop("secret.key")
                manifest["entries"] = {name: digest, **manifest["entries"]}
                data = json.dumps(manifest).encode()
            elif entry.name == "secret.key":
                entry.name = name
            entry.size = len(data)
            made.addfile(entry, io.BytesIO(data))
    before = {path for path in tmp_path.rglob("*") if "outside" in path.name}
    settings = elsewhere()
    with pytest.raises(BackupError, match="no backup of ours"):
        restore(settings, evil)
    assert tree(settings.home_path) == {}  # it is refused before anything is put anywhere
    assert {path for path in tmp_path.rglob("*") if "outside" in path.name} == before


def test_an_installation_that_holds_something_stays_as_it_is(
    published: Installation, settings_of: Callable[..., Settings], tmp_path: Path
) -> None:
    back_up(published, tmp_path / "all.tar")
    before, key = everything(published), published.settings.key()
    with pytest.raises(SettingsError, match="there is an installation already"):
        restore(published.settings, tmp_path / "all.tar")
    assert everything(published) == before
    assert published.settings.key() == key


def test_a_newer_programs_backup_is_refused(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = known_to(sql_folder() / "migrations")
    monkeypatch.setattr("strava_assets.backup.known_to", lambda _: [*known, "9999_of_tomorrow"])
    back_up(published, tmp_path / "all.tar")
    with pytest.raises(BackupError, match="made by a newer version"):
        restore(elsewhere(), tmp_path / "all.tar")


@pytest.mark.parametrize("level", [name for name in known_to(sql_folder() / "migrations") if name != "0001_tables"])
def test_a_backup_of_any_earlier_schema_is_brought_up_to_date(
    elsewhere: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """As if the program had stopped growing before that migration."""
    known = known_to(sql_folder() / "migrations")
    earlier = known[: known.index(level)]
    old, new = elsewhere("old"), elsewhere("new")
    url = locate(old).strava
    restoring.ensure(url)
    migrate(url, sql_folder() / "migrations", only=earlier)
    with psycopg.connect(url) as connection:
        connection.execute("insert into strava.athlete (name, strava_id) values ('Ada', 7)")
        connection.execute(
            "insert into strava.activity (athlete_id, identity, start_time, month) "
            "values (1, 'strava:1', '2024-05-01', '2024-05-01')"
        )
    with monkeypatch.context() as then:
        then.setattr("strava_assets.backup.known_to", lambda _: earlier)
        then.setattr("strava_assets.database.connection.migrate", lambda *_: [])
        opened = open_installation(old)
        back_up(opened, tmp_path / "all.tar")
        opened.database.close()
    restore(new, tmp_path / "all.tar")
    opened = open_installation(new)
    with opened.database.transaction() as connection:
        rows = connection.execute("select identity, strava_id from strava.athlete").fetchall()
        assert rows == [{"identity": "strava:7", "strava_id": 7}]
        assert connection.execute("select count(*) as n from strava.activity").fetchone() == {"n": 1}
    assert everything(opened).keys() >= {"imported_activity", "alert", "made_with"}
    opened.database.close()


def test_a_restore_that_was_killed_is_repeated(
    published: Installation, elsewhere: Callable[..., Settings], tmp_path: Path
) -> None:
    back_up(published, tmp_path / "all.tar")
    settings = elsewhere()
    code = (
        "import sys, time; from pathlib import Path; from strava_assets.settings import load\n"
        "from strava_assets import restore\n"
        "put = restore.dump.put_rows\n"
        "def slowly(*told):\n    put(*told)\n    print('a table', flush=True)\n    time.sleep(30)\n"
        "restore.dump.put_rows = slowly\n"
        "restore.restore(load(), Path(sys.argv[1]))"
    )
    environment = {**os.environ, **settings_environment(settings), "PYTHONPATH": str(Path.cwd())}
    killed = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "all.tar")], stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    )
    assert killed.stdout.readline() == b"a table\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    for _ in range(100):  # PostgreSQL notices
        try:
            restore(settings, tmp_path / "all.tar")
            break
        except SettingsError:
            time.sleep(0.1)
    opened = open_installation(settings)
    assert everything(opened) == everything(published)
    assert set(months_of(opened.store, "masked_geometries")) == set(months_of(published.store, "masked_geometries"))
    opened.database.close()
