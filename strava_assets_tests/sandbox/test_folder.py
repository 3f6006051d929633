"""Real files served as an account give the samples that an import of them gives."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.archive.unpack import content
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.sandbox.folder import folder_account
from strava_assets_tests.sandbox.conftest import Asker

Ask = Callable[..., Asker]


def gpx(name: str = "A round", lat: float = 48.2, points: int = 50, bare: tuple[int, ...] = ()) -> bytes:
    """A small recording, invented."""
    start = datetime(2023, 5, 4, 6, 30, tzinfo=UTC)
    rows = "".join(
        f'<trkpt lat="{lat + at * 1.23456789e-5:.9f}" lon="{16.3 + at * 2e-5:.7f}"><ele>{200 + at % 7}.25</ele>'
        f"<time>{start + timedelta(seconds=at * 1.4):%Y-%m-%dT%H:%M:%S.%fZ}</time></trkpt>"
        if at not in bare
        else f'<trkpt lat="0" lon="0"><time>{start + timedelta(seconds=at * 1.4):%Y-%m-%dT%H:%M:%S.%fZ}</time></trkpt>'
        for at in range(points)
    )
    return (
        f'<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1"><trk>'
        f"<name>{name}</name><type>cycling</type><trkseg>{rows}</trkseg></trk></gpx>"
    ).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.gpx").write_bytes(gpx())
    (tmp_path / "deep" / "two.gpx.gz").write_bytes(gzip.compress(gpx("Zwei", 48.3, bare=(3, 4)), mtime=0))
    (tmp_path / "deep" / "again.GPX").write_bytes(gpx())
    (tmp_path / "broken.fit").write_bytes(b"\x0e\x10 nothing of the kind")
    (tmp_path / "notes.txt").write_text("no recording")
    return tmp_path


def test_readable_files_are_activities_unreadable_and_doubled_ones_are_not(folder: Path):
    account = folder_account(folder)
    assert sorted(account.detail(item.id)["name"] for item in account.listed()) == ["A round", "Zwei"]


def test_ids_come_from_the_content_wherever_it_lies(folder: Path, tmp_path: Path):
    before = {item.id for item in folder_account(folder).listed()}
    (folder / "one.gpx").rename(folder / "deep" / "zzz.gpx")
    with gzip.open(folder / "deep" / "zzz.gpx.gz", "wb") as packed:
        packed.write((folder / "deep" / "zzz.gpx").read_bytes())
    (folder / "deep" / "zzz.gpx").unlink()
    assert {item.id for item in folder_account(folder).listed()} == before
    assert max(before) < 2**53


def test_a_sample_without_position_is_null_and_keeps_its_place(folder: Path):
    account = folder_account(folder)
    number = next(item.id for item in account.listed() if item.fields["name"] == "Zwei")
    streams = account.streams(number)
    assert [at for at, pair in enumerate(streams["latlng"]["data"]) if pair is None] == [3, 4]
    assert len(streams["time"]["data"]) == 50


def test_times_are_whole_seconds_and_positions_have_six_decimals(folder: Path):
    account = folder_account(folder)
    number = next(item.id for item in account.listed() if item.fields["name"] == "A round")
    streams = account.streams(number)
    assert streams["time"]["data"][:4] == [0, 1, 3, 4]
    assert streams["latlng"]["data"][1] == [48.200012, 16.30002]


def test_a_file_that_changed_or_went_is_no_longer_there(folder: Path, ask: Ask):
    asker = ask(folder_account(folder))
    listed = {item["name"]: item["id"] for item in asker.get("/athlete/activities").json()}
    (folder / "deep" / "two.gpx.gz").unlink()
    answer = asker.get(f"/activities/{listed['Zwei']}/streams", keys="time,latlng", key_by_type="true")
    assert answer.status_code == 404
    answer = asker.get(f"/activities/{listed['A round']}/streams", keys="time,latlng", key_by_type="true")
    assert answer.status_code == 200


def test_an_export_is_an_account_with_its_own_ids_and_names(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "export_1.zip", "w") as export:
        export.writestr(
            "activities.csv",
            "Activity ID,Activity Date,Activity Name,Activity Type,Elapsed Time,"
            "Distance,Filename\n"
            '11,"May 4, 2023, 6:30:00 AM",Über den Berg,Gravel Ride,70,0.1,activities/99.gpx\n'
            '12,"May 5, 2023, 6:30:00 AM",Gym,Weight Training,3600,0,\n',
        )
        export.writestr("activities/99.gpx", gpx("name in the file"))
    account = folder_account(tmp_path / "export_1.zip")
    shown = {item.id: account.detail(item.id) for item in account.listed()}
    assert (shown[11]["name"], shown[11]["sport_type"]) == ("Über den Berg", "GravelRide")
    assert len(account.streams(11)["latlng"]["data"]) == 50
    assert shown[12]["manual"]
    assert account.streams(12) is None


def test_nothing_at_all_is_refused_in_a_line(tmp_path: Path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ArchiveError, match=str(path)):
            folder_account(path)


def test_a_folders_account_cannot_invent_rides(folder: Path, ask: Ask):
    asker = ask(folder_account(folder))
    answer = asker.http.post(f"{asker.sandbox.url}/control/add", json={})
    assert answer.status_code == 404
    assert "folder" in answer.json()["error"]


def test_every_readable_real_recording_is_served_sample_for_sample(real_data: Path, ask: Ask):
    asker = ask(folder_account(real_data), read_limit=(10_000, 10_000))
    listed = {item["id"]: item for item in asker.get("/athlete/activities", per_page=200).json()}
    expected = {}
    with open_files(real_data) as files:
        for name in recordings(files):
            try:
                inside = content(files.read(name))
                expected[inside] = read_recording(inside, name)
            except UnreadableRecording:
                continue
    assert len(expected) > 100
    assert len(listed) == len(expected)
    by_start: dict[str, list[int]] = {}
    for number, item in listed.items():
        by_start.setdefault(item["start_date"], []).append(number)
    for recording in expected.values():
        candidates = by_start[recording.start.strftime("%Y-%m-%dT%H:%M:%SZ")]
        if len(candidates) > 1:
            continue
        answer = asker.get(f"/activities/{candidates[0]}/streams", keys="time,latlng", key_by_type="true")
        assert answer.status_code == 200
        streams = answer.json()
        if "lat" not in recording.table.column_names:
            assert "latlng" not in streams
            continue
        lat, lng = (recording.table.column(name).to_numpy(zero_copy_only=False) for name in ("lat", "lng"))
        served = np.array([pair or (np.nan, np.nan) for pair in streams["latlng"]["data"]], dtype=float)
        np.testing.assert_array_equal(served[:, 0], lat)
        np.testing.assert_array_equal(served[:, 1], lng)
