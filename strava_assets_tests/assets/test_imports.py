"""An import can be taken back, shown, hidden, and killed at any moment; what is public follows."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from strava_assets.archive import importer, originals
from strava_assets.errors import SettingsError, StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.release import release
from strava_assets.stores import Store
from strava_assets.tables import months_of
from strava_assets.undo import imports, undo_import
from strava_assets_tests.archive.importing import rows
from strava_assets_tests.archive.importing import run as bring
from strava_assets_tests.archive.writers import export_files, export_row, write_zip
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.assets.processes import start, warm_up
from strava_assets_tests.conftest import HOME
from strava_assets_tests.recordings import gpx, track

BEGAN = datetime(2024, 2, 1, 8, tzinfo=UTC)
#: What two imports of the same files have in common; everything else counts imports.
ALIKE = (
    "select identity, strava_id, start_time, month, archive, archive_file, archive_content, owner_visibility, state, "
    "error, revision from strava.activity order by identity"
)


def exported(path: Path, numbers: range, name: str = "Ride", kilometres: float = 2.0) -> Path:
    """An export of rides from one place, a day apart."""
    table, files = [], {}
    for number in numbers:
        when = BEGAN + timedelta(days=number)
        files[f"activities/{number}.gpx"] = gpx(track(HOME, kilometres, seed=number), when)
        table.append(export_row(number, f"activities/{number}.gpx", name=name, date=f"{when:%Y-%m-%d %H:%M:%S}"))
    return write_zip(path, export_files(table, files))


def csvs(installation: Installation) -> int:
    return sum(path.endswith(".csv") for path in public_files(installation))


def state(installation: Installation) -> dict[str, Any]:
    """Everything of activities that is in the database, and what is in the private store."""
    return {"rows": rows(installation, ALIKE), "originals": installation.store.sizes("landing")}


def test_what_only_one_import_told_goes_public_first_and_comes_back_the_same(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = exported(tmp_path / "one.zip", range(1, 5)), exported(tmp_path / "two.zip", range(4, 7), "Newer")
    bring(installation, one, visibility="everyone")
    run(installation)
    only_one, with_one = state(installation), public_files(installation)
    bring(installation, other, visibility="everyone")
    run(installation)
    assert csvs(installation) == 6

    # it is broken off while originals are deleted: what is public has gone before
    delete = Store.delete

    def locked(store: Store, key: str) -> None:
        if key.startswith("landing/"):
            raise StoreUnavailable("cannot delete: locked")
        delete(store, key)

    with monkeypatch.context() as broken:
        broken.setattr(Store, "delete", locked)
        with pytest.raises(StoreUnavailable):
            undo_import(installation)
    assert csvs(installation) == 4
    report = undo_import(installation)
    assert (report.import_id, report.removed, report.originals) == (2, 2, 2)
    assert state(installation)["originals"] == only_one["originals"]
    with pytest.raises(SettingsError, match="import 2 was taken back before"):
        undo_import(installation, 2)
    run(installation)
    assert public_files(installation) == with_one
    without_counts = [{**row, "revision": 0} for row in state(installation)["rows"]]
    assert without_counts == [{**row, "revision": 0} for row in only_one["rows"]]

    assert [row["state"] for row in imports(installation)] == ["done", "taken back"]
    assert undo_import(installation).removed == 4
    assert csvs(installation) == 0
    assert state(installation) == {"rows": [], "originals": {}}
    run(installation)
    bring(installation, one, visibility="everyone")
    run(installation)
    assert public_files(installation) == with_one


class TestUndo:
    """Without the files that come of it."""

    def test_the_older_goes_and_the_newer_stays(self, installation: Installation, tmp_path: Path) -> None:
        bring(installation, exported(tmp_path / "one.zip", range(1, 4)))
        newer = exported(tmp_path / "two.zip", range(2, 5), "Newer")
        bring(installation, newer)
        report = undo_import(installation, 1)
        assert (report.removed, report.put_back, report.unchanged) == (1, 0, 2)
        assert {row["archive"]["name"] for row in rows(installation)} == {"Newer"}
        assert bring(installation, newer).already_there == 3

    def test_what_the_api_told_stays_and_is_read_as_if_there_had_been_no_file(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        bring(installation, exported(tmp_path / "one.zip", range(1, 3)), visibility="everyone")
        rows(
            installation,
            "update strava.activity set visibility = 'everyone', "
            """api = '{"id": 1, "start_date": "2024-03-02T07:00:00Z", "elapsed_time": 285}' """
            "where strava_id = 1 returning id",
        )
        report = undo_import(installation)
        assert (report.removed, report.put_back) == (1, 1)
        [row] = rows(installation)
        assert (row["strava_id"], row["archive"], row["archive_file"], row["state"]) == (1, None, None, "listed")
        assert row["start_time"] == datetime(2024, 3, 2, 7, tzinfo=UTC)
        assert f"{row['month']:%Y-%m}" == "2024-03"
        assert len(rows(installation, "select * from strava.to_land")) == 1
        asked = {f"{row['month']:%Y-%m}" for row in rows(installation, "select month from strava.month_request")}
        assert asked == {"2024-02", "2024-03"}

    def test_a_tombstone_stays(self, installation: Installation, tmp_path: Path) -> None:
        export = exported(tmp_path / "one.zip", range(1, 3))
        bring(installation, export)
        rows(
            installation, "update strava.activity set state = 'gone', gone_at = now() where strava_id = 1 returning id"
        )
        assert undo_import(installation).tombstones == 1
        bring(installation, export)
        assert {row["strava_id"]: row["state"] for row in rows(installation)} == {1: "gone", 2: "landed"}

    def test_nothing_becomes_public_by_it(self, installation: Installation, tmp_path: Path) -> None:
        export = exported(tmp_path / "one.zip", range(1, 3))
        bring(installation, export, visibility="everyone")
        bring(installation, exported(tmp_path / "two.zip", range(1, 3)), visibility="hidden")
        assert undo_import(installation).hidden == 2
        assert {row["owner_visibility"] for row in rows(installation)} == {"hidden"}

    def test_a_word_that_came_with_it_goes_with_it(self, installation: Installation, tmp_path: Path) -> None:
        bring(installation, exported(tmp_path / "one.zip", range(1, 3)))
        bring(installation, exported(tmp_path / "two.zip", range(1, 3)), visibility="everyone")
        assert undo_import(installation).put_back == 2
        assert {row["owner_visibility"] for row in rows(installation)} == {None}

    def test_there_has_to_be_something_to_take_back(self, installation: Installation) -> None:
        for number, said in ((None, "nothing was imported"), (7, "there is no import 7")):
            with pytest.raises(SettingsError, match=said):
                undo_import(installation, number)

    def test_an_import_that_was_stopped_goes_on_under_its_number(
        self, installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        export = exported(tmp_path / "one.zip", range(1, 8))
        monkeypatch.setattr(importer, "_BATCH", 2)
        with pytest.raises(KeyboardInterrupt):
            bring(installation, export, progress=stop_at(5))
        assert len(rows(installation)) == 4
        assert bring(installation, export).import_id == 1
        assert undo_import(installation).removed == 7
        assert state(installation) == {"rows": [], "originals": {}}


class TestRelease:
    """The owner's word, later."""

    def test_an_import_is_shown_and_hidden_again_at_once(self, installation: Installation, tmp_path: Path) -> None:
        number = bring(installation, exported(tmp_path / "one.zip", range(1, 5))).import_id
        run(installation)
        assert csvs(installation) == 0
        report = release(installation, "everyone", [], number)
        assert (report.changed, report.months) == (4, {"2024-02"})
        run(installation)
        shown = public_files(installation)
        assert csvs(installation) == 4

        one = next(path for path in shown if path.endswith(".csv"))
        public = one.rsplit("_", 1)[1].removesuffix(".csv")
        report = release(installation, "hidden", [public], None)
        assert (report.changed, report.public_files) == (1, 1)
        assert one not in public_files(installation)
        assert release(installation, "hidden", [], number).public_files == 3
        assert csvs(installation) == 0
        release(installation, "everyone", [], number)
        run(installation)
        assert public_files(installation) == shown

    def test_what_strava_says_counts(self, installation: Installation, tmp_path: Path) -> None:
        number = bring(installation, exported(tmp_path / "one.zip", range(1, 3))).import_id
        rows(installation, "update strava.activity set visibility = 'only_me' where strava_id = 1 returning id")
        report = release(installation, "everyone", ["1", "2"], None)
        assert (report.changed, report.by_strava) == (2, 1)
        assert release(installation, "everyone", [], number).unchanged == 2

    @pytest.mark.parametrize("nobody", ["3", "0123456789abcdef", "x", "9" * 30])
    def test_an_activity_that_is_not_here_is_named(
        self, installation: Installation, tmp_path: Path, nobody: str
    ) -> None:
        bring(installation, exported(tmp_path / "one.zip", range(1, 3)))
        with pytest.raises(SettingsError, match=nobody):
            release(installation, "hidden", ["1", nobody], None)
        assert {row["owner_visibility"] for row in rows(installation)} == {None}


def stop_at(count: int) -> Callable[..., None]:
    """Progress that stops the import, as Ctrl-C does."""

    def step(done: int, *_: Any) -> None:
        if done == count:
            raise KeyboardInterrupt

    return step


def killed_and_repeated(installation: Installation, export: Path, kills: int) -> int:
    """Import an export by the real command, killed at work at so many random moments; how often it was begun."""
    command = ["import", export, "--visibility", "everyone"]
    began = time.monotonic()
    code, said = start(installation, command=command).end()
    assert code == 0, said
    whole = time.monotonic() - began
    undisturbed = state(installation)
    run(installation)
    public = public_files(installation)

    undo_import(installation)
    assert state(installation) == {"rows": [], "originals": {}}
    moments, at_work, begun = random.Random(5), 0, 0
    while at_work < kills:
        process = start(installation, command=command).process
        begun += 1
        time.sleep(moments.uniform(0.0, 1.0) * whole)
        process.kill()
        process.join()
        if process.exitcode == -signal.SIGKILL:
            at_work += 1
        else:  # it was done before: once more from the beginning
            undo_import(installation)
    code, said = start(installation, command=command).end()
    assert code == 0, said
    assert state(installation) == undisturbed
    run(installation)
    assert public_files(installation) == public
    assert not rows(installation, "select from strava.import where finished_at is null and undone_at is null")
    return begun


def test_killed_three_times_at_work_and_repeated_it_ends_in_the_same_rows_originals_and_public_bytes(
    installation: Installation, tmp_path: Path
) -> None:
    rides = range(1, originals.WORTH_PROCESSES + 2)
    warm_up()
    assert killed_and_repeated(installation, exported(tmp_path / "export.zip", rides, kilometres=1.0), kills=3) >= 3


def test_a_plain_ride_on_a_bike_for_one_sport_is_called_by_it(installation: Installation, tmp_path: Path) -> None:
    files = {f"activities/{number}.gpx": gpx(track(HOME, seed=number), BEGAN) for number in (1, 2)}
    table = [
        export_row(number, f"activities/{number}.gpx", gear=gear, date=f"{BEGAN:%Y-%m-%d %H:%M:%S}")
        for number, gear in ((1, "Grey"), (2, "Another"))
    ]
    bring(installation, write_zip(tmp_path / "export.zip", export_files(table, files)), visibility="everyone")
    run(installation)
    [rides] = months_of(installation.store, "activities").values()
    assert rides.column("type_extended").to_pylist() == ["Gravel", "Road Cycling"]
