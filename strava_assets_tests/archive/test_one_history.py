"""A ride that several sources tell of is one ride; what was cropped or hidden on Strava wins over the original."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from strava_assets.archive.uniting import unite_all
from strava_assets.database.connection import queries
from strava_assets.history import TypedMonth, typed_month
from strava_assets.installation import Installation
from strava_assets.release import release
from strava_assets.strava.streams import pack_streams
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.archive.importing import counts, rows, run
from strava_assets_tests.archive.writers import (
    CYCLING,
    START,
    export_files,
    export_row,
    fit,
    gpx,
    ride,
    write_folder,
    write_zip,
)

SECONDS = 600
RIDE = fit(ride(SECONDS + 1))


@pytest.fixture
def loose(tmp_path: Path) -> Path:
    """A ride of ten minutes, as a file by itself."""
    return write_folder(tmp_path / "loose", {"from the device.fit": RIDE})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The same recording as an export has it."""
    files = export_files([export_row(101, "activities/9.fit.gz")], {"activities/9.fit.gz": gzip.compress(RIDE)})
    return write_zip(tmp_path / "export.zip", files)


def strava_tells(
    installation: Installation,
    number: int = 101,
    visibility: str = "everyone",
    start: datetime = START,
    seconds: float = SECONDS,
    name: str = "Named on Strava",
) -> None:
    """As a listing leaves an activity: a row of its own, or on the row that has its number."""
    api = {"id": number, "name": name, "elapsed_time": seconds, "visibility": visibility, "sport_type": "Ride"}
    with installation.database.transaction() as connection:
        connection.execute(
            "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api, visibility, state) "
            "select id, 'strava:' || %s, %s, %s, date_trunc('month', %s::timestamptz), %s, %s, 'listed' "
            "from strava.athlete on conflict (strava_id) where strava_id is not null "
            "do update set api = excluded.api, visibility = excluded.visibility, "
            "revision = strava.activity.revision + 1",
            [number, number, start, start, Jsonb(api), visibility],
        )


def typed(installation: Installation) -> TypedMonth:
    with installation.database.transaction() as connection:
        landed = list(queries().landed_month(connection, month=START.date().replace(day=1)))
    return typed_month(landed, {}, installation.store, import_visibility="everyone", before=None)


def only(installation: Installation) -> dict[str, Any]:
    [row] = rows(installation)
    return row


class TestFromFileAndExport:
    """A file by itself, and an export that holds the same recording."""

    def test_the_file_first(self, installation, loose, export):
        run(installation, loose, athlete="Ada Example", visibility="everyone")
        before = only(installation)
        report = run(installation, export)
        after = only(installation)
        assert counts(report)[:3] == (0, 1, 0)
        assert (after["id"], after["identity"], after["strava_id"]) == (before["id"], before["identity"], 101)
        assert after["archive"]["name"] == "Morning Ride"
        assert after["archive_file"] == before["archive_file"]
        assert after["owner_visibility"] == "everyone"

    def test_the_export_first(self, installation, loose, export):
        run(installation, export)
        before = only(installation)
        assert counts(run(installation, loose))[:3] == (0, 0, 1)
        assert only(installation) == before

    def test_a_deleted_activitys_tombstone_stays(self, installation, loose, export):
        run(installation, export)
        rows(installation, "update strava.activity set state = 'gone', gone_at = now() returning id")
        for source in (loose, export):
            run(installation, source)
            assert only(installation)["state"] == "gone"

    def test_two_activities_of_strava_with_one_recording_stay_two(self, installation, tmp_path):
        both = export_files(
            [export_row(101, "a/1.fit"), export_row(102, "a/2.fit")], {"a/1.fit": RIDE, "a/2.fit": RIDE}
        )
        assert run(installation, write_zip(tmp_path / "split.zip", both)).imported == 2


VIRTUAL = fit(ride(SECONDS + 1), sessions=((CYCLING, 58, 0),))


@pytest.mark.parametrize(
    ("label", "sport"),
    [("Fahrt am Bildschirm", "VirtualRide"), ("Workout", "VirtualRide"), ("", "VirtualRide"), ("Ride", "Ride")],
)
def test_a_virtual_recording_stays_so_under_a_label_that_nobody_knows(installation, tmp_path, label, sport):
    files = export_files([export_row(101, "a/1.fit", type=label)], {"a/1.fit": VIRTUAL})
    run(installation, write_zip(tmp_path / "export.zip", files), visibility="everyone")
    assert only(installation)["archive"]["sport_type"] == sport
    # also where the newer export has lost the recording
    rest = export_files([export_row(101, "#error#", type=label)], {})
    run(installation, write_zip(tmp_path / "newer.zip", rest))
    assert typed(installation).activities.column("sport_type").to_pylist() == [sport]


class TestFromFileAndApi:
    """A file by itself, and what the API tells."""

    def test_one_that_strava_knew_before(self, installation, loose):
        rows(installation, "insert into strava.athlete (strava_id, name) values (4711, 'Ada') returning id")
        strava_tells(installation, visibility="only_me", start=START + timedelta(seconds=2), seconds=SECONDS - 3)
        report = run(installation, loose, visibility="everyone")
        row = only(installation)
        assert report.united == 1
        assert (row["strava_id"], row["visibility"], row["state"]) == (101, "only_me", "landed")
        assert row["archive_file"]
        table = typed(installation).activities
        assert table.column("name").to_pylist() == ["Named on Strava"]
        assert table.column("samples").to_pylist() == [SECONDS + 1]
        assert counts(run(installation, loose))[:3] == (0, 0, 1)

    def test_one_that_strava_tells_of_later_is_hidden_if_strava_hides_it(self, installation, loose):
        run(installation, loose, visibility="everyone")
        file = only(installation)
        rows(
            installation,
            "insert into strava.public_object (root, path, sha256, bytes, activity_id) values "
            f"('{installation.settings.public_root}', '{'a' * 16}/streams/stream_{'b' * 16}.csv', '', 1, {file['id']}) "
            "returning path",
        )
        strava_tells(installation, visibility="only_me")
        assert withdraw_hidden(installation).activities == 1
        row = only(installation)
        assert (row["strava_id"], row["visibility"]) == (101, "only_me")
        asked = rows(installation, "select reason from strava.month_request where wanted > done")
        assert "one ride, two sources" in {row["reason"] for row in asked}

    @pytest.mark.parametrize(
        ("later", "seconds"),
        [(30, SECONDS), (0, SECONDS / 3), (-400, SECONDS), (SECONDS, SECONDS), (0, SECONDS + 60)],
        ids=["began later", "a small part", "began before", "the next ride", "longer"],
    )
    def test_what_is_not_surely_the_same_stays_two(self, installation, loose, later, seconds):
        run(installation, loose)
        strava_tells(installation, start=START + timedelta(seconds=later), seconds=seconds)
        assert unite_all(installation.database, "2005-01") == 0
        assert len(rows(installation)) == 2

    def test_where_two_come_into_question_none_is_taken(self, installation, loose):
        run(installation, loose)
        for number in (101, 102):
            strava_tells(installation, number)
        assert unite_all(installation.database, "2005-01") == 0

    def test_hidden_by_its_owner_stays_hidden_where_strava_does_not_say(self, installation, loose):
        run(installation, loose, visibility="hidden")
        strava_tells(installation, visibility="unknown")
        rows(
            installation, "update strava.activity set owner_visibility = 'everyone' where api is not null returning id"
        )
        assert unite_all(installation.database, "2005-01") == 1
        assert only(installation)["owner_visibility"] == "hidden"


class TestCropped:
    """Strava shows less of a ride than its recording holds."""

    def crop(self, installation: Installation, export: Path) -> dict[str, Any]:
        run(installation, export, visibility="everyone")
        strava_tells(installation, seconds=SECONDS - 120)
        return only(installation)

    def test_nothing_is_shown_until_stravas_samples_are_here_and_those_then(self, installation, export):
        row = self.crop(installation, export)
        assert row["cropped"]
        assert [land["reads"] for land in rows(installation, "select * from strava.to_land")] == [2]
        assert typed(installation).activities.column("samples").to_pylist() == [0]

        streams = {"time": {"data": [0, 1, 2]}, "latlng": {"data": [[35.0, -40.0]] * 3}}
        installation.store.write("landing/api/1/101", pack_streams(streams))
        rows(
            installation,
            "update strava.activity set api_streams = 'landing/api/1/101', api_streams_state = 'stored' returning id",
        )
        assert typed(installation).activities.column("samples").to_pylist() == [3]
        # cropped once more: what was shown until now is not the crop either
        rows(installation, "update strava.activity set api_streams_state = 'wanted' returning id")
        assert typed(installation).activities.column("samples").to_pylist() == [0]

    def test_it_stays_cropped_when_what_the_api_told_is_too_old_to_be_kept(self, installation, export):
        self.crop(installation, export)
        rows(installation, "update strava.activity set api = null, api_streams = null returning id")
        assert only(installation)["cropped"]
        run(installation, export)
        assert typed(installation).activities.column("samples").to_pylist() == [0]

    def test_a_crop_that_is_taken_back_shows_the_original(self, installation, export):
        self.crop(installation, export)
        strava_tells(installation, seconds=SECONDS)
        assert typed(installation).activities.column("samples").to_pylist() == [SECONDS + 1]

    def test_a_file_by_itself_that_holds_more_than_strava_shows_is_that_ride(self, installation, loose):
        run(installation, loose, visibility="everyone")
        strava_tells(installation, start=START + timedelta(seconds=100), seconds=SECONDS - 200)
        assert unite_all(installation.database, "2005-01") == 1
        assert only(installation)["cropped"]


def test_files_that_begin_and_end_together_are_told_of_until_one_is_hidden(installation, tmp_path):
    folder = write_folder(tmp_path / "both", {"ride.fit": RIDE, "ride.gpx": gpx(ride(SECONDS + 1))})
    (told,) = run(installation, folder).warnings
    assert "ride.gpx (as ride.fit)" in told
    hidden = told.rpartition(" ")[2]
    assert "strava-assets hide " + hidden in told
    report = run(installation, write_folder(tmp_path / "other", {"watch.fit": fit(ride(SECONDS + 3))}))
    assert report.warnings == []  # seconds apart: two devices
    assert release(installation, "hidden", [hidden], None).changed == 1
    assert run(installation, folder).warnings == []


def test_a_row_whose_date_is_far_from_its_recordings_says_so(installation, tmp_path):
    recorded = gpx(ride(9), start=datetime(2024, 5, 14, tzinfo=UTC))
    files = export_files([export_row(101, "a/1.gpx")], {"a/1.gpx": recorded})
    report = run(installation, write_zip(tmp_path / "odd.zip", files))
    assert "its row says 2024-05-10 06:00, its recording starts 2024-05-14 00:00 (UTC)" in report.odd[0][1]


def test_the_same_account_in_two_rows_keeps_what_imports_said(installation, export):
    run(installation, export)
    rows(installation, "insert into strava.athlete (strava_id, name) values (1, 'Ben') returning id")
    with installation.database.transaction() as connection:
        first, second = (row["id"] for row in connection.execute("select id from strava.athlete order by id"))
        queries().move_activities(connection, from_id=first, to_id=second)
        connection.execute("delete from strava.athlete where id = %s", [first])
    assert len(rows(installation, "select * from strava.imported_activity")) == 1
