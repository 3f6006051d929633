"""Whatever fails in the middle of an import is said in a line, and the same import then ends as if nothing had."""

from __future__ import annotations

import ast
import errno
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from strava_assets import processes
from strava_assets.archive import importer, matching, originals, quarantine, unpack
from strava_assets.archive.files import Files, open_files
from strava_assets.archive.originals import Source, land_originals
from strava_assets.errors import ArchiveError, DatabaseUnavailable, StoreUnavailable
from strava_assets.installation import Installation, open_installation
from strava_assets_tests.archive.importing import counts, rows, run
from strava_assets_tests.archive.writers import export_files, export_row, fit, gpx, ride, write_folder, write_zip

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine rides."""
    return write_folder(tmp_path / "files", {f"{number}.gpx": gpx(ride(20 + number)) for number in range(9)})


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two activities in a commit."""
    monkeypatch.setattr(importer, "_BATCH", 2)


def whole(installation: Installation, folder: Path) -> None:
    """Repeated, the import ends with everything."""
    report = run(installation, folder, athlete="Ada")
    assert report.imported + report.already_there == 9
    landed = rows(installation)
    assert len(landed) == 9
    assert {row["revision"] for row in landed} == {1}
    assert {row["archive_file"] for row in landed} == set(installation.store.keys("landing"))
    assert {f"{row['month']:%Y-%m}" for row in rows(installation, "select month from strava.month_request")} == {
        "2024-05"
    }
    assert rows(installation, "select * from strava.import where finished_at is null") == []


@pytest.mark.usefixtures("small_batches")
class TestBrokenOff:
    """In the middle."""

    def test_the_disk_is_full(self, installation, folder, monkeypatch):
        written = []

        def full(descriptor: int) -> None:
            written.append(descriptor)
            if len(written) > 5:
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            with pytest.raises(StoreUnavailable, match="No space left on device"):
                run(installation, folder, athlete="Ada")
        assert len(rows(installation)) == 4
        assert not list(Path(installation.settings.private_root).rglob(".tmp-*"))
        whole(installation, folder)

    def test_the_database_goes_away(self, installation, folder):
        def pull(done: int, *_: Any) -> None:
            if done == 5:
                rows(
                    installation,
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
                    "and application_name = 'strava_assets taking turns'",
                )

        with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
            run(installation, folder, athlete="Ada", progress=pull)
        assert len(rows(installation)) == 4
        whole(installation, folder)

    def test_a_file_vanishes_between_listing_and_reading(self, installation, folder):
        data = (folder / "7.gpx").read_bytes()

        def take(*_: Any) -> None:
            (folder / "7.gpx").unlink(missing_ok=True)

        report = run(installation, folder, athlete="Ada", progress=take)
        assert report.rejected == [("7.gpx", "not a regular file, or a link to nothing")]
        assert quarantine.advice(report.rejected[0][1]) == "Put it back, and import again."
        assert report.imported == 8
        (folder / "7.gpx").write_bytes(data)
        whole(installation, folder)
        assert rows(installation, "select * from strava.rejected_file") == []

    def test_its_owner_is_removed_meanwhile(self, installation, folder):
        def remove(done: int, *_: Any) -> None:
            if done == 5:
                rows(installation, "update strava.athlete set state = 'revoked' returning id")

        with pytest.raises(ArchiveError, match="Ada was removed while these files were imported"):
            run(installation, folder, athlete="Ada", progress=remove)
        assert len(rows(installation)) == 4


def test_two_imports_at_the_same_time_take_turns(installation, folder):
    waited, second = threading.Event(), []

    def import_again() -> None:
        opened = open_installation(installation.settings)
        second.append(run(opened, folder, athlete="Ada", waiting=waited.set))
        opened.database.close()

    other = threading.Thread(target=import_again)

    def begin(done: int, *_: Any) -> None:
        if done == 3:
            other.start()
            assert waited.wait(30)

    first = run(installation, folder, athlete="Ada", progress=begin)
    other.join(60)
    assert counts(first)[:3] == (9, 0, 0)
    assert counts(second[0])[:3] == (0, 0, 9)
    assert second[0].import_id != first.import_id


def test_a_ride_that_comes_from_strava_at_that_instant_is_not_lost(installation, tmp_path, monkeypatch):
    path = write_zip(tmp_path / "export.zip", export_files([export_row(101)], {}))
    lock = matching.Known.__init__

    def and_then_it_came(self: Any, connection: Any, athlete: int, said: Any) -> None:
        lock(self, connection, athlete, said)
        rows(
            installation,
            "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api) "
            "select id, 'strava:101', 101, '2024-05-10T06:00:00Z', '2024-05-01', '{}' from strava.athlete returning id",
        )

    with monkeypatch.context() as instant:
        instant.setattr(matching.Known, "__init__", and_then_it_came)
        with pytest.raises(DatabaseUnavailable, match="import again"):
            run(installation, path)
    assert counts(run(installation, path))[:3] == (0, 1, 0)


class TestInProcesses:
    """Reading in processes of its own."""

    def source(self, tmp_path: Path) -> tuple[Files, Source, list[str]]:
        count = originals.WORTH_PROCESSES
        folder = write_folder(tmp_path / "many", {f"{number:03}.gpx": gpx(ride(5 + number)) for number in range(count)})
        names = [f"{number:03}.gpx" for number in range(count)]
        with open_files(folder) as files:
            return files, Source(folder, str(tmp_path / "store"), "landing/archive/1/"), names

    def test_it_gives_what_reading_here_gives_in_order(self, tmp_path):
        files, source, names = self.source(tmp_path)
        wanted = [*names[:7], None, *names[7:]]
        there = list(land_originals(wanted, files, source, len(wanted)))
        assert there == list(land_originals(wanted, files, source, 1))
        assert there[7] is None
        assert [found.facts["samples"] for found in there if found] == [5 + number for number in range(len(names))]

    def test_one_whose_reading_ends_its_process_is_named_and_the_others_are_read(self, tmp_path, monkeypatch):
        files, source, names = self.source(tmp_path)
        monkeypatch.setattr(originals, "_work", deadly)
        found = list(land_originals(names, files, source, len(names)))
        assert [name for name, one in zip(names, found, strict=True) if one and one.problem] == [DEADLY]
        assert found[names.index(DEADLY)].problem == originals.CRASHED
        assert "Import it alone" in quarantine.advice(originals.CRASHED)

    def test_where_no_process_can_be_had_it_is_read_here(self, tmp_path, monkeypatch):
        files, source, names = self.source(tmp_path)

        def no_semaphores(*_: Any) -> None:
            raise OSError(errno.ENOSYS, "Function not implemented")

        monkeypatch.setattr(processes, "ProcessPoolExecutor", no_semaphores)
        assert len([one for one in land_originals(names, files, source, len(names)) if one and one.facts]) == len(names)

    def test_a_full_disk_is_said_by_whoever_takes_what_was_read(self, tmp_path):
        files, source, names = self.source(tmp_path)
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StoreUnavailable, match=r"cannot (read|write)"):
            list(land_originals(names, files, Source(source.path, str(tmp_path / "file" / "x"), "a/"), len(names)))

    def test_no_process_outlives_an_import_that_is_killed(self, installation, tmp_path):
        _, source, _names = self.source(tmp_path)
        process = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, str(source.path), installation.database.url, installation.store.url],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        assert process.stdout
        process.stdout.readline()
        assert len(of_session(process.pid)) > 2
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        until = time.monotonic() + 20
        while of_session(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert of_session(process.pid) == []


DEADLY = "020.gpx"


def deadly(name: str) -> originals.Original:
    """In a reading process: one file ends it, as a fault in a parser would."""
    if name == DEADLY:
        os.kill(os.getpid(), signal.SIGKILL)
    return originals._work(name)


def of_session(session: int) -> list[str]:
    """Processes that began in a session, zombies aside."""
    told = subprocess.run(["ps", "-o", "stat=,args=", "-s", str(session)], capture_output=True, text=True).stdout
    return [line for line in told.splitlines() if not line.startswith("Z")]


_IMPORT = """
import sys
from strava_assets.archive.importer import import_path
from strava_assets.database.connection import Database
from strava_assets.settings import Settings
from strava_assets.stores import Store
import_path(sys.argv[1], athlete="Ada", database=Database(sys.argv[2]), store=Store(sys.argv[3]),
            settings=Settings(_env_file=None), progress=lambda done, *_: print(done, flush=True))
"""


class TestQuarantine:
    """What was not imported, why, and what to do."""

    def test_a_table_that_only_its_owner_may_read(self, installation, tmp_path):
        broken = {"=cmd.fit": b"", "half.fit": fit(ride())[:40], "notes.gpx": b"hello", "ride.gpx": gpx(ride())}
        report = run(installation, write_folder(tmp_path / "in", broken))
        path = report.quarantine
        assert path == installation.settings.home_path / "reports" / f"import-{report.import_id}-quarantine.csv"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        lines = path.read_text().splitlines()
        assert lines[0] == "file,why,what to do"
        assert [line.split(",")[0] for line in lines[1:]] == ["'=cmd.fit", "half.fit", "notes.gpx"]
        assert "Get it again" in lines[1]

    def test_nothing_rejected_is_no_table(self, installation, folder):
        assert run(installation, folder).quarantine is None
        assert not (installation.settings.home_path / "reports").exists()

    def test_every_reason_that_a_reader_has_comes_with_an_advice(self):
        reasons = {
            reason for module in (ROOT / "strava_assets" / "archive").glob("*.py") for reason in reasons_in(module)
        }
        assert len(reasons) > 20
        reasons |= {
            refused("/e.gpx"),
            refused("e.gpx", 0o120777),
            refused("e.gpx", 0o010777),
            refused("e.gpx", packed=9),
        }
        reasons |= {"the zip holds two files of this name", "a link to a folder, which is not followed"}
        assert [reason for reason in sorted(reasons) if quarantine.advice(reason) == quarantine.ELSE] == []


def refused(name: str, mode: int = 0, packed: int = 0) -> str:
    """What is said of an entry of a zip."""
    entry = zipfile.ZipInfo(name)
    entry.external_attr, entry.compress_type = mode << 16, packed
    reason = unpack.trick(entry) or unpack.obstacle(entry, 1)
    assert reason
    return reason


def reasons_in(module: Path) -> list[str]:
    """What its ``UnreadableRecording``s say; whatever is filled in is an x."""
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UnreadableRecording":
            for one in alternatives(node.args[0]):
                if isinstance(one, ast.JoinedStr):
                    parts = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in one.values)
                    found.append("".join(parts))
                elif isinstance(one, ast.Constant):
                    found.append(one.value)
    return found


def alternatives(said: ast.expr) -> list[ast.expr]:
    """What it may say, whatever it depends on."""
    if isinstance(said, ast.IfExp):
        return [*alternatives(said.body), *alternatives(said.orelse)]
    return [said]
