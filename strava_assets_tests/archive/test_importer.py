"""Importing lands everything once, whatever happens in between."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from strava_assets.archive.activities import activity_row
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import ArchiveError
from strava_assets_tests.archive import writers
from strava_assets_tests.archive.importing import counts, rows, run
from strava_assets_tests.archive.writers import export_files, export_row, fit, gpx, ride, tcx, write_folder, write_zip

RIDE, RUN_, INDOOR = gpx(ride()), tcx([ride()]), fit([{"time": i, "heartrate": 99} for i in range(5)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(
        tmp_path / "files",
        {
            "ride.gpx": RIDE,
            "deep/er/Run.TCX": RUN_,
            "indoor.fit": INDOOR,
            "packed.gpx.gz": gzip.compress(gpx(ride(30))),
            "copy of ride.gpx": RIDE,
            "half.fit": fit(ride())[:79],
            "empty.gpx": b"",
            "notes.txt": b"hello",
            "activities.json": b"[]",
        },
    )


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_zip(
        tmp_path / "export_4711.zip",
        export_files(
            [
                export_row(101, "activities/901.fit.gz", gear="Grey"),
                export_row(102, "", name="By hand", type="Weight Training"),
                export_row(103, "activities/903.gpx"),
                export_row(104, "#error#"),
                export_row(105, "activities/905.fit"),
            ],
            {
                "activities/901.fit.gz": gzip.compress(fit(ride())),
                "activities/903.gpx": b"broken",
                "activities/999.gpx": RIDE,
            },
        ),
    )


def test_a_folder_lands_every_recording_once_and_names_the_others(installation, folder):
    steps: list[tuple[int, int, str, int]] = []
    report = run(installation, folder, athlete="Ada", progress=lambda *step: steps.append(step))
    assert counts(report) == (4, 0, 1, 1, 2)
    assert report.rejected == [("empty.gpx", "an empty file (0 bytes)"), ("half.fit", report.rejected[1][1])]
    assert report.rejected[1][1] == "it holds no samples; cut short: 79 of 1,679 bytes"
    assert report.months == {"2024-05"}
    assert report.athlete_name == "Ada"
    assert [done for done, *_ in steps] == list(range(8))
    assert {total for _, total, *_ in steps} == {7}
    assert [row["path"] for row in rows(installation, "select path from strava.rejected_file order by path")] == [
        "empty.gpx",
        "half.fit",
    ]


def test_originals_are_stored_exactly_as_found_and_read_back(installation, folder):
    run(installation, folder)
    landed = rows(installation)
    assert len({row["archive_file"] for row in landed}) == 4
    for row in landed:
        data = installation.store.read(row["archive_file"])
        assert (folder / row["archive"]["filename"]).read_bytes() == data
        recording = read_recording(data, row["archive_file"])
        assert recording.start == row["start_time"]
        assert row["archive_file"].startswith(f"landing/archive/{row['athlete_id']}/")
        assert row["identity"].startswith("file:")
        assert activity_row(row["archive"])["sport_type"] == recording.sport


def test_a_second_import_changes_nothing(installation, folder, export):
    for path in (folder, export):
        first = run(installation, path)
        before, objects = rows(installation), installation.store.sizes("landing")
        again = run(installation, path)
        assert (again.imported, again.updated) == (0, 0)
        assert again.already_there == first.imported + first.already_there
        assert again.no_track == first.no_track
        assert again.rejected == first.rejected
        assert again.months == set()
        assert rows(installation) == before
        assert installation.store.sizes("landing") == objects


def test_the_same_content_in_another_packing_is_the_same_activity(installation, tmp_path):
    run(installation, write_folder(tmp_path / "a", {"ride.gpx": RIDE}))
    report = run(installation, write_folder(tmp_path / "b", {"x.gpx.gz": gzip.compress(RIDE)}))
    assert counts(report)[:3] == (0, 0, 1)
    assert [row["archive"]["filename"] for row in rows(installation)] == ["ride.gpx"]


def test_a_recording_under_two_names_keeps_all_that_the_first_tells(installation, tmp_path):
    unnamed = gpx(ride(), name="", sport="")
    folder = write_folder(tmp_path / "twice", {"1 Evening Run.gpx": unnamed, "2 other.gpx": unnamed})
    assert counts(run(installation, folder))[:3] == (1, 0, 1)
    [landed] = rows(installation)
    assert {word: landed["archive"][word] for word in ("name", "sport_type", "filename")} == {
        "name": "Evening Run",
        "sport_type": "Run",
        "filename": "1 Evening Run.gpx",
    }
    assert landed["revision"] == 1


def test_an_export_lands_every_row_with_or_without_its_recording(installation, export):
    report = run(installation, export, visibility="everyone")
    assert counts(report) == (5, 0, 0, 4, 1)
    assert report.athlete_name == "Ada Example"
    assert report.rejected == [("activities/903.gpx", "neither FIT, GPX nor TCX")]
    assert "no row of activities.csv names were left out: 1 (first: activities/999.gpx)" in report.warnings[0]
    landed = {row["strava_id"]: row for row in rows(installation)}
    assert {row["identity"] for row in landed.values()} == {f"strava:{number}" for number in landed}
    assert {row["state"] for row in landed.values()} == {"landed"}
    assert {row["visibility"] for row in landed.values()} == {"unknown"}
    assert {row["owner_visibility"] for row in landed.values()} == {"everyone"}
    with_file, by_hand, broken, lost, absent = (landed[number] for number in (101, 102, 103, 104, 105))
    assert installation.store.read(with_file["archive_file"])[:2] == b"\x1f\x8b"
    assert with_file["archive"]["gear_name"] == "Grey"
    assert by_hand["archive"]["sport_type"] == "WeightTraining"
    assert (by_hand["archive_file"], by_hand["error"]) == (None, None)
    assert (broken["error"], broken["error_stage"]) == ("neither FIT, GPX nor TCX", "archive")
    assert broken["archive_file"] is None
    assert lost["archive"]["warnings"] == ["Strava could not export its file"]
    assert absent["archive"]["warnings"] == ["the file that its row names is not in the export"]
    assert rows(installation, "select strava_id, name from strava.athlete") == [
        {"strava_id": 4711, "name": "Ada Example"}
    ]


def test_an_unpacked_export_is_the_same_as_its_zip(installation, tmp_path, export):
    run(installation, export)
    before = rows(installation)
    with zipfile.ZipFile(export) as archive:
        archive.extractall(tmp_path / "out")
    # some systems unpack the .gz too
    packed = tmp_path / "out/activities/901.fit.gz"
    report = run(installation, tmp_path / "out")
    assert (report.imported, report.updated) == (0, 0)
    packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert run(installation, tmp_path / "out").updated == 0
    assert rows(installation) == before


def test_a_newer_export_updates_what_changed_and_only_that(installation, tmp_path):
    old = export_files([export_row(101, "a/1.gpx"), export_row(102, "", name="Old")], {"a/1.gpx": RIDE})
    new = export_files(
        [export_row(101, ""), export_row(102, "", name="New", date="Jun 1, 2024, 6:00:00 AM"), export_row(103)], {}
    )
    run(installation, write_zip(tmp_path / "old.zip", old))
    report = run(installation, write_zip(tmp_path / "new.zip", new))
    assert counts(report)[:3] == (1, 2, 0)
    assert report.months == {"2024-05", "2024-06"}
    first, second, _ = rows(installation)
    assert first["archive_file"]  # what an older export held is not lost
    assert (second["archive"]["name"], second["month"], second["revision"]) == ("New", date(2024, 6, 1), 2)


def test_what_a_newer_export_holds_no_longer_stays_and_is_said(installation, tmp_path):
    may = [export_row(number, date=f"May {number - 100}, 2024, 6:00:00 AM") for number in range(101, 116)]
    old = write_zip(tmp_path / "old.zip", export_files(may[:14], {}))
    new = write_zip(tmp_path / "new.zip", export_files([*may[:1], *may[3:]], {}))
    assert run(installation, old).warnings == []
    [said] = run(installation, new).warnings
    assert said == (
        "Earlier exports hold activities that this one does not: 2. They stay; if you deleted them on Strava, hide "
        "them here: strava-assets hide 103 102"
    )
    assert len(rows(installation)) == 15
    assert run(installation, old).warnings == []  # it is older than the last ride: that is no deletion
    [said] = run(installation, write_zip(tmp_path / "last.zip", export_files(may[14:], {}))).warnings
    assert said.endswith("strava-assets hide 114 113 112 111 110 109 108 107 106 105 …")


def test_the_owners_word_is_never_taken_back_silently(installation, folder):
    run(installation, folder, visibility="everyone")
    assert run(installation, folder).updated == 0
    assert {row["owner_visibility"] for row in rows(installation)} == {"everyone"}
    assert run(installation, folder, visibility="hidden").updated == 4
    assert {row["owner_visibility"] for row in rows(installation)} == {"hidden"}


def test_without_the_owners_word_the_setting_goes_on_deciding(installation, folder):
    run(installation, folder)
    assert {row["owner_visibility"] for row in rows(installation)} == {None}


def test_an_activity_that_the_api_knows_gets_the_archive_on_the_same_row(installation, export):
    start = datetime(2024, 5, 10, 6, 0, 7, tzinfo=UTC)
    with installation.database.transaction() as connection:
        connection.execute("insert into strava.athlete (strava_id, name) values (4711, 'ada')")
        connection.execute(
            "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api, visibility, state) "
            "select id, 'strava:101', 101, %s, '2024-05-01', %s, 'only_me', 'landed' from strava.athlete",
            [start, Jsonb({"id": 101})],
        )
    report = run(installation, export)
    assert (report.athlete_name, report.imported, report.updated) == ("ada", 4, 1)
    [row] = [row for row in rows(installation) if row["strava_id"] == 101]
    assert row["api"] == {"id": 101}
    assert row["archive"]["name"] == "Morning Ride"
    assert row["archive_file"]
    assert (row["visibility"], row["start_time"], row["revision"]) == ("only_me", start, 2)


def test_what_was_deleted_on_strava_stays_gone(installation, export):
    run(installation, export)
    with installation.database.transaction() as connection:
        connection.execute("update strava.activity set state = 'gone' where strava_id = 101")
    run(installation, export)
    assert [row["state"] for row in rows(installation) if row["strava_id"] == 101] == ["gone"]


@pytest.mark.parametrize(("year", "month"), [(1901, date(2005, 1, 1)), (2089, None)])
def test_a_wrong_clock_lands_in_a_month_that_there_is_with_a_warning(installation, tmp_path, year, month):
    run(installation, write_folder(tmp_path / "a", {"a.gpx": gpx(ride(3), start=datetime(year, 3, 1, tzinfo=UTC))}))
    [row] = rows(installation)
    assert row["start_time"].year == year
    assert row["month"] == (month or datetime.now(UTC).date().replace(day=1))
    assert any(f"it starts in {year}-03: kept with" in warning for warning in row["archive"]["warnings"])


def test_a_file_that_is_repaired_is_rejected_no_longer(installation, tmp_path):
    folder = write_folder(tmp_path / "a", {"a.gpx": RIDE, "b.fit": b""})
    run(installation, folder)
    assert len(rows(installation, "select * from strava.rejected_file")) == 1
    write_folder(folder, {"b.fit": INDOOR})
    assert run(installation, folder).imported == 1
    assert rows(installation, "select * from strava.rejected_file") == []


def test_an_activity_whose_recording_is_repaired_is_in_quarantine_no_longer(installation, tmp_path, export):
    run(installation, export)
    repaired = write_zip(
        tmp_path / "again.zip", export_files([export_row(103, "activities/903.gpx")], {"activities/903.gpx": RIDE})
    )
    assert run(installation, repaired).updated == 1
    [row] = [row for row in rows(installation) if row["strava_id"] == 103]
    assert (row["error"], row["error_stage"], bool(row["archive_file"])) == (None, None, True)


def test_an_original_that_was_lost_from_the_store_is_put_back(installation, folder):
    run(installation, folder)
    key = rows(installation)[0]["archive_file"]
    installation.store.delete(key)
    run(installation, folder)
    assert installation.store.exists(key)


def test_a_name_that_no_database_could_hold_is_landed_all_the_same(installation, tmp_path):
    folder = write_folder(tmp_path / "a", {"ok.gpx": gpx(ride(3), name="a\tb&#13;c 🚵‍♀️")})
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\n.gpx")).write_bytes(gpx(ride(4)))
    Path(os.fsdecode(os.fsencode(folder) + b"/\xfe.gpx")).write_bytes(b"")
    report = run(installation, folder)
    assert counts(report)[::4] == (2, 1)
    assert "a b c 🚵‍♀️" in {row["archive"]["name"] for row in rows(installation)}


def test_links_to_nothing_and_locked_files_are_rejected_not_fatal(installation, folder):
    (folder / "gone.gpx").symlink_to(folder / "nowhere")
    report = run(installation, folder)
    assert ("gone.gpx", "not a regular file, or a link to nothing") in report.rejected
    assert report.imported == 4


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "holds neither an activities.csv nor any FIT, GPX or TCX file"),
        ({"readme.txt": b"hello"}, "holds neither"),
        ({"activities.csv": writers.table([], ["Foo", "Bar"]).encode()}, "column 1 is 'Foo'"),
    ],
)
def test_what_cannot_be_imported_as_a_whole_says_why(installation, tmp_path, files, reason):
    (tmp_path / "in").mkdir()
    for path in (write_folder(tmp_path / "in", files), write_zip(tmp_path / "in.zip", files)):
        with pytest.raises(ArchiveError, match=reason):
            run(installation, path)
    assert rows(installation, "select * from strava.athlete") == []


def test_a_single_file_and_a_zip_of_files_are_imported_too(installation, tmp_path):
    write_folder(tmp_path, {"one.gpx": RIDE})
    assert run(installation, tmp_path / "one.gpx").imported == 1
    report = run(installation, write_zip(tmp_path / "many.zip", {"a/one.gpx": RIDE, "two.fit": INDOOR}))
    assert (report.imported, report.already_there) == (1, 1)


_IMPORT = """
import sys
from pathlib import Path
from strava_assets.archive.importer import import_path
from strava_assets.database.connection import Database
from strava_assets.settings import Settings
from strava_assets.stores import Store
import_path(sys.argv[1], athlete="Ada", database=Database(sys.argv[2]), store=Store(sys.argv[3]),
            settings=Settings(_env_file=None), progress=lambda done, *_: print(done, flush=True))
"""


def test_killed_at_any_moment_and_repeated_it_lands_the_same(installation, tmp_path):
    folder = write_folder(
        tmp_path / "files",
        {f"{i:03}.gpx": gpx(ride(40 + i), start=datetime(2024, 1 + i % 12, 3, tzinfo=UTC)) for i in range(120)},
    )
    for kill_after in (3, 40, 41, 90):
        process = subprocess.Popen(
            [sys.executable, "-c", _IMPORT, str(folder), installation.database.url, installation.store.url],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout
        for line in process.stdout:
            if int(line) >= kill_after:
                break
        time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    report = run(installation, folder, athlete="Ada")
    assert report.imported + report.already_there == 120
    assert report.already_there >= 64  # two commits
    # the killed ones asked for no month: this one does, for all of them
    assert report.months == {f"2024-{month:02}" for month in range(1, 13)}
    landed = rows(installation)
    assert len(landed) == 120
    assert {row["revision"] for row in landed} == {1}
    assert set(installation.store.keys("landing")) == {row["archive_file"] for row in landed}
    assert run(installation, folder, athlete="Ada").months == set()


def test_every_real_recording_lands_and_the_others_have_reasons(installation, real_data):
    report = run(installation, real_data, athlete="someone", visibility="everyone")
    assert (report.imported + report.updated + report.already_there, len(report.rejected)) == (139, 30)
    assert run(installation, real_data, athlete="someone").imported == 0
    landed = rows(installation)
    assert len(landed) == report.imported
    assert all(activity_row(row["archive"])["start_time"] == row["start_time"] for row in landed)
