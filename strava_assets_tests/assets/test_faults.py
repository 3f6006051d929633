"""What breaks around the flow: disks, servers, files. Each is told in a line, and the next run makes it whole."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from strava_assets.arrow_memory import readable
from strava_assets.errors import DamagedTable, StoreUnavailable
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish.verify import verify
from strava_assets.requests import months_in_reach
from strava_assets.tables import months_of
from strava_assets_tests.assets.conftest import HOME, public_files, run
from strava_assets_tests.assets.processes import start
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.recordings import folder_of_rides


class Disk:
    """A disk that is full below one folder after so many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.below, self.left = "", 0
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)

    def fsync(self, file: int) -> None:
        if self.below and os.readlink(f"/proc/self/fd/{file}").startswith(self.below):
            self.left -= os.fstat(file).st_size
            if self.left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._fsync(file)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("room", [100_000, 400_000])
def test_a_full_disk_under_the_public_root(history: Installation, disk: Disk, room: int) -> None:
    disk.below, disk.left = history.settings.public_root, room
    report = materialize(history)
    assert any("No space left on device" in line for line in report.failures)
    assert all("\n" not in line for line in report.failures)
    # whatever there is has passed the gate; a CSV may not have its map yet, or not be remembered
    assert {finding.invariant for finding in verify(history.gate()).findings} <= {"I9", "I12", "I13"}
    disk.below = ""
    run(history)
    assert verify(history.gate()).findings == []
    whole = public_files(history)
    assert sum(path.endswith(".csv") for path in whole) == 12
    run(history, force=True)
    assert public_files(history) == whole


def test_a_full_disk_under_the_private_tables(history: Installation, disk: Disk) -> None:
    disk.below, disk.left = f"{history.settings.private_root}/tables", 60_000
    report = materialize(history)
    assert any("No space left on device" in line for line in report.failures)
    disk.below = ""
    run(history)
    assert sum(path.endswith(".csv") for path in public_files(history)) == 12
    assert verify(history.gate()).findings == []


def test_a_full_disk_in_the_middle_of_an_import(
    installation: Installation, bring_in: Callable[..., Any], disk: Disk, tmp_path: Path
) -> None:
    folder = folder_of_rides(tmp_path / "r", HOME, 6)
    disk.below, disk.left = installation.settings.private_root, 300_000
    with pytest.raises(StoreUnavailable, match="No space left on device"):
        bring_in(installation, folder)
    disk.below = ""
    report = bring_in(installation, folder)
    assert report.imported + report.already_there == 6
    with installation.database.transaction() as connection:
        rows = connection.execute("select state, count(*) as n from strava.activity group by state").fetchall()
    assert [(row["state"], row["n"]) for row in rows] == [("landed", 6)]


def _garbage(path: Path) -> None:
    path.write_bytes(b"not a table at all")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("table", ["activities", "activity_streams", "masked_geometries"])
def test_damaged_tables_are_made_again(history: Installation, table: str) -> None:
    run(history)
    before = public_files(history)
    folder = Path(history.settings.private_root) / "tables" / table
    whole = {path: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}
    for path, damage in zip(whole, [_garbage, _empty, _cut_off, Path.unlink], strict=True):
        damage(path)
    run(history)
    assert public_files(history) == before
    assert {path: _rows(path.read_bytes()) for path in sorted(folder.glob("*.parquet"))} == {
        path: _rows(data) for path, data in whole.items()
    }


def _rows(data: bytes) -> int:
    return int(pq.read_metadata(readable(data)).num_rows)


def test_damage_inside_a_table_is_told_with_what_mends_it(history: Installation) -> None:
    run(history)
    before = public_files(history)
    victim = sorted((Path(history.settings.private_root) / "tables" / "activity_streams").glob("*.parquet"))[1]
    data = bytearray(victim.read_bytes())
    data[200 : len(data) // 2] = bytes(len(data) // 2 - 200)  # its ends are those of a table
    victim.write_bytes(bytes(data))
    months = months_of(history.store, "activity_streams")
    with pytest.raises(DamagedTable, match=f"materialize --months {victim.stem} --force"):
        months[victim.stem]
    run(history, months=[victim.stem], force=True)
    assert public_files(history) == before
    assert months[victim.stem].num_rows > 0


def test_a_new_zone_asks_for_a_month_whose_table_nobody_can_read(history: Installation) -> None:
    run(history)
    victim = sorted((Path(history.settings.private_root) / "tables" / "activities").glob("*.parquet"))[1]
    _garbage(victim)
    far = DrawnZone("", HOME.polygon(circle(120) + 400_000.0))
    added = zone_store.add(history.database, [far])
    assert months_in_reach(history.store, added) == [victim.stem]


@pytest.fixture
def alone(settings_of: Any, tmp_path: Path, bring_in: Callable[..., Any]) -> Iterator[Installation]:
    """A history on an embedded server of its own, which may be killed."""
    home = Path(tempfile.mkdtemp(prefix="strava-assets-"))  # a root's server runs as somebody else: not below pytest's
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # registered first, so done last: the server has stopped
    opened = open_installation(settings_of(STRAVA_ASSETS_HOME=home, STRAVA_ASSETS_DATABASE_URL=None))
    zone_store.add(opened.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
    bring_in(opened)
    yield opened
    opened.database.close()


def test_the_server_is_killed_in_the_middle_of_a_run(alone: Installation) -> None:
    tables = Path(alone.settings.private_root) / "tables"
    killed = start(alone, patient=False)
    deadline = time.monotonic() + 120
    while not list(tables.glob("activities/*.parquet")):  # well inside the first months
        assert killed.process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    server = int((alone.settings.home_path / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(server, signal.SIGKILL)
    code, said = killed.end()
    assert code == 1
    assert "Traceback" not in said
    assert "PostgreSQL" in said.splitlines()[-1]
    # the next command starts the server again and goes on where it was
    code, said = start(alone).end()
    assert code == 0, said
    assert sum(path.endswith(".csv") for path in public_files(alone)) == 12
    assert verify(alone.gate()).findings == []


def test_two_at_once_end_in_the_same_bytes(history: Installation) -> None:
    for one in [start(history), start(history)]:
        code, said = one.end()
        assert code == 0, said
    made = public_files(history)
    assert sum(path.endswith(".csv") for path in made) == 12
    assert verify(history.gate()).findings == []
    run(history)
    assert public_files(history) == made
