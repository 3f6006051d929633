"""The export's table in our words: its widths, doubles, dates, and what is refused."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strava_assets.archive import dates
from strava_assets.archive.activities import activity_row
from strava_assets.archive.export import Export, existing_file, find_table, read_export
from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.recordings import read_recording
from strava_assets.archive.sport_types import SPORT_TYPES, from_label
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.schema import ACTIVITIES
from strava_assets_tests.archive import writers
from strava_assets_tests.archive.writers import HEADER, export_files, export_row


def read(tmp_path: Path, files: dict[str, bytes]) -> Export:
    with open_files(writers.write_folder(tmp_path / "export", files)) as opened:
        found = find_table(opened)
        assert found
        return read_export(opened, found)


def with_header(tmp_path: Path, header: list[str], row: list[str]) -> Export:
    return read(tmp_path, export_files([row], {}, header=header))


def test_the_exact_columns_are_taken_where_names_occur_twice(tmp_path):
    [row] = read(tmp_path, export_files([export_row(9, "activities/1.fit.gz", gear="Grey")], {})).rows
    assert row.strava_id == 9
    assert row.start == datetime(2024, 5, 10, 6, tzinfo=UTC)
    assert row.filename == "activities/1.fit.gz"
    assert row.archive == {
        "name": "Morning Ride",
        "sport_type": "Ride",
        "start": "2024-05-10T06:00:00+00:00",
        "distance": 20500.4,
        "elapsed_time": 3600.0,
        "moving_time": 3540.0,
        "total_elevation_gain": 210.5,
        "average_speed": 5.7,
        "max_speed": 12.5,
        "average_watts": 180.0,
        "calories": 612.0,
        "average_heartrate": 131.25,
        "max_heartrate": 151.0,
        "average_cadence": 82.0,
        "gear_name": "Grey",
        "gear_sports": ["GravelRide"],
        "filename": "activities/1.fit.gz",
    }


def test_the_exact_distance_is_not_guessed_where_it_is_empty(tmp_path):
    line = export_row(9)
    line[HEADER.index("Filename") + 5] = ""  # the second Distance
    [row] = read(tmp_path, export_files([line], {})).rows
    assert row.archive["distance"] is None


def test_a_row_becomes_an_activity_of_the_schema(tmp_path):
    [row] = read(tmp_path, export_files([export_row(9, "activities/1.fit")], {})).rows
    activity = activity_row(row.archive)
    assert set(activity) <= set(ACTIVITIES.names)
    assert activity["start_time"] == row.start
    assert (activity["name"], activity["sport_type"], activity["distance"]) == ("Morning Ride", "Ride", 20500.4)
    assert set(activity_row({}).values()) == {None}


def test_descriptions_with_newlines_commas_and_quotes_stay_in_their_cell(tmp_path):
    text = 'windy,\n"very" windy\r\n\nand, cold'
    rows = [export_row(1, description=text), export_row(2, name="Über den Berg 🚵‍♀️, allein")]
    export = read(tmp_path, export_files(rows, {}))
    assert [row.strava_id for row in export.rows] == [1, 2]
    assert export.rows[1].archive["name"] == "Über den Berg 🚵‍♀️, allein"
    assert "windy" not in str(export.rows[0].archive)


@pytest.mark.parametrize(
    "text",
    [
        "May 29, 2022, 3:53:35 PM",
        "May 29, 2022, 3:53:35\u202fPM",
        "May 29, 2022, 15:53:35",
        "May 29, 2022 at 3:53:35 PM",
        "2022-05-29 15:53:35",
        "2022-05-29T15:53:35Z",
        "2022-05-29 15:53:35 UTC",
        "2022-05-29T17:53:35+02:00",
    ],
)
def test_dates_are_utc_in_every_way_english_exports_write_them(text):
    assert dates.readings(text) == [("", datetime(2022, 5, 29, 15, 53, 35, tzinfo=UTC))]


def test_midnight_and_noon_are_not_mixed_up():
    assert dates.readings("Jan 1, 2024, 12:00:00 AM") == [("", datetime(2024, 1, 1, tzinfo=UTC))]
    assert dates.readings("Jan 1, 2024, 12:00:00 PM") == [("", datetime(2024, 1, 1, 12, tzinfo=UTC))]


@pytest.mark.parametrize(
    "text", ["", "yesterday", "Foo 29, 2022, 3:53:35 PM", "Feb 30, 2022, 3:53:35 PM", "29.05.2022"]
)
def test_a_date_that_is_none_is_none(text):
    assert dates.readings(text) == []


@pytest.mark.parametrize(
    ("label", "word"),
    [
        ("Ride", "Ride"),
        ("Weight Training", "WeightTraining"),
        ("Virtual Ride", "VirtualRide"),
        ("E-Bike Ride", "EBikeRide"),
        ("E-Mountain Bike Ride", "EMountainBikeRide"),
        ("Stand Up Paddling", "StandUpPaddling"),
        ("Stair-Stepper", "StairStepper"),
        ("HIIT", "HighIntensityIntervalTraining"),
        ("Rock Climb", "RockClimbing"),
        ("Underwater Hockey", "UnderwaterHockey"),
        ("", "Workout"),
        ("Radfahrt über Land", "Radfahrt über Land"),
    ],
)
def test_labels_become_the_words_of_the_api(label, word):
    assert from_label(label) == word


def test_the_table_of_2018_is_read(tmp_path):
    header = ["id", "date", "name", "type", "description", "elapsed_time", "distance", "commute", "gear", "filename"]
    line = ["7", "2018-09-12 15:02:23", "Ride", "Ride", "", "3600", "20500.0", "false", "Grey", "activities/7.gpx"]
    [row] = with_header(tmp_path, header, line).rows
    assert (row.archive["distance"], row.archive["elapsed_time"], row.archive["gear_name"]) == (20500, 3600, "Grey")
    assert row.start == datetime(2018, 9, 12, 15, 2, 23, tzinfo=UTC)


def test_kilometres_in_a_single_distance_column_are_told_by_their_speed(tmp_path):
    header = [
        "Activity ID",
        "Activity Date",
        "Activity Name",
        "Activity Type",
        "Activity Description",
        "Elapsed Time",
        "Distance",
        "Commute",
        "Activity Gear",
        "Filename",
    ]
    lines = [
        [str(i), "Jul 3, 2019, 9:00:00 AM", "x", kind, "", "3600", distance, "false", "", ""]
        for i, (kind, distance) in enumerate([("Ride", "20.5"), ("Run", "9.8"), ("Swim", "1,073")], 1)
    ]
    rows = read(tmp_path, export_files(lines, {}, header=header)).rows
    assert [row.archive["distance"] for row in rows] == [20500, pytest.approx(9800), 1073]


@pytest.mark.parametrize(
    "change",
    [
        lambda name: f'<span class="translation_missing" title="x">{name}</span>',
        lambda name: f" {name} ",
        lambda name: name.upper(),
        lambda name: f"\ufeff{name}" if name == "Activity ID" else name,
    ],
)
def test_headers_are_recognised_through_markup_blanks_and_case(tmp_path, change):
    export = with_header(tmp_path, [change(name) for name in HEADER], export_row(9))
    assert export.rows[0].archive["distance"] == 20500.4


def test_doubles_that_a_spreadsheet_numbered_are_still_doubles(tmp_path):
    seen: list[str] = []
    header = [f"{name}.1" if seen.append(name) or seen.count(name) > 1 else name for name in HEADER]
    assert with_header(tmp_path, header, export_row(9)).rows[0].archive["distance"] == 20500.4


def test_a_missing_column_is_named(tmp_path):
    header = [name if name != "Filename" else "" for name in HEADER]
    with pytest.raises(ArchiveError, match=r"no column .*Filename"):
        with_header(tmp_path, header, export_row(9))


@pytest.mark.parametrize("data", [b"", b"\n\n"])
def test_an_empty_table_is_refused(tmp_path, data):
    with pytest.raises(ArchiveError, match=r"activities\.csv is empty"):
        read(tmp_path, {"activities.csv": data})


def test_rows_that_are_no_activity_or_occur_twice_are_left_out_and_said(tmp_path):
    rows = [export_row(9), export_row(9, name="again"), ["", "x"], [], ["total", "x"]]
    export = read(tmp_path, export_files(rows, {}))
    assert [row.archive["name"] for row in export.rows] == ["Morning Ride"]
    assert export.warnings == [
        "activities.csv, row 3 (activity 9): occurs twice; the first counts",
        "activities.csv, row 4, row 6: has no activity's number; left out",
    ]


def test_a_short_row_and_the_numbers_that_are_none_are_null(tmp_path):
    line = export_row(9)[:13]
    figures = read(tmp_path, export_files([line], {})).rows[0].archive
    assert figures["distance"] is None
    assert figures["calories"] is None


def test_the_profile_tells_whose_it_is(tmp_path):
    export = read(tmp_path, export_files([], {}))
    assert (export.athlete_id, export.athlete_name) == (4711, "Ada Example")
    assert read(tmp_path / "b", export_files([], {}, athlete=None)).athlete_id is None


def test_an_export_one_folder_down_is_found_with_its_recordings(tmp_path):
    inside = export_files([export_row(9, "activities/1.fit")], {"activities/1.fit": b"x"})
    path = writers.write_zip(tmp_path / "e.zip", inside, "export_1/")
    with open_files(path) as files:
        assert find_table(files) == "export_1/activities.csv"
        assert read_export(files, "export_1/activities.csv").rows[0].filename == "export_1/activities/1.fit"


def test_a_folder_of_recordings_that_holds_an_export_among_others_is_a_folder(tmp_path):
    files = {f"one/{name}": data for name, data in export_files([export_row(9)], {}).items()} | {"two/ride.gpx": b"x"}
    with open_files(writers.write_folder(tmp_path / "all", files)) as opened:
        assert find_table(opened) is None


def test_a_zip_is_read_where_it_is_without_unpacking(tmp_path):
    path = writers.write_zip(tmp_path / "e.zip", {"a.gpx": b"1", "__MACOSX/._a.gpx": b"2", "../../evil.gpx": b"3"})
    with open_files(path) as files:
        assert files.names == ("../../evil.gpx", "a.gpx")
        with pytest.raises(UnreadableRecording, match="its name leads out of the zip"):
            files.read("../../evil.gpx")
    assert sorted(child.name for child in tmp_path.iterdir()) == ["e.zip"]


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no zip", lambda data: b""])
def test_a_zip_that_is_none_says_so(tmp_path, damage):
    path = writers.write_zip(tmp_path / "e.zip", export_files([export_row(9)], {}))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ArchiveError, match="is not a zip, or was cut short; download it again"), open_files(path):
        pass


def test_a_member_that_is_damaged_or_locked_is_one_unreadable_file(tmp_path):
    path = writers.write_zip(tmp_path / "e.zip", {"a.gpx": writers.gpx(writers.ride()), "b.gpx": b"fine"})
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    with open_files(path) as files:
        with pytest.raises(UnreadableRecording, match="damaged inside the zip"):
            files.read("a.gpx")
        assert files.read("b.gpx") == b"fine"
    locked = bytearray(writers.write_zip(tmp_path / "l.zip", {"a.gpx": b"fine", "b.gpx": b"fine"}).read_bytes())
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "l.zip").write_bytes(locked)
    with open_files(tmp_path / "l.zip") as files:
        with pytest.raises(UnreadableRecording, match="protected by a password"):
            files.read("a.gpx")
        assert files.read("b.gpx") == b"fine"


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path):
    path = writers.write_zip(tmp_path / "e.zip", {"a.gpx": bytes(2**20)})
    with open_files(path) as files, pytest.raises(UnreadableRecording, match="when unpacked"):
        files.read("a.gpx", 2**19)


def test_what_lies_there_besides_recordings_is_passed_over(tmp_path):
    files = {
        "A.FIT": b"",
        "b.gpx.gz": b"",
        "c": writers.fit(writers.ride(2)),
        "d.xml": writers.gpx(writers.ride(2)),
        "e.json": b"{}",
        "f.yml": b"body: '<gpx>'",
        "g.csv": b"a,b",
        ".hidden.gpx": b"",
        "h.kml": b"<kml/>",
    }
    with open_files(writers.write_folder(tmp_path / "all", files)) as opened:
        assert recordings(opened) == ["A.FIT", "b.gpx.gz", "c", "d.xml"]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [("nothing.zip", None, "does not exist"), ("notes.txt", b"hello", "is neither an export")],
)
def test_a_path_that_is_neither_is_refused(tmp_path, name, data, reason):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ArchiveError, match=reason), open_files(tmp_path / name):
        pass


#: Real exports' tables, and how many activities each has.
_REAL_TABLES = {
    "strava-export-csv_JoBoSo": 1845,
    "strava-export-csv_TheNewThinkTank": 112,
    "strava-export_geo-activity-playground": 1,
    "strava_py-tests": 8,
}


def test_every_real_table_is_read_and_agrees_with_a_plain_csv_reader(real_data):
    seen: dict[str, int] = {}
    for path in sorted(real_data.rglob("activities.csv")):
        with open(path, encoding="utf-8", newline="") as file:
            header, *lines = [line for line in csv.reader(file) if line]
        if header[0] != "Activity ID":  # not an export: somebody's own table
            with open_files(path.parent) as files, pytest.raises(ArchiveError, match="no column is Activity"):
                read_export(files, "activities.csv")
            continue
        with open_files(path.parent) as files:
            export = read_export(files, "activities.csv")
        assert export.warnings == []
        assert [row.strava_id for row in export.rows] == [int(line[0]) for line in lines]
        assert [row.dates for row in export.rows] == [
            (datetime.strptime(" ".join(line[1].split()), "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC),)
            for line in lines
        ]
        for name, word in (("Distance", "distance"), ("Elapsed Time", "elapsed_time"), ("Moving Time", "moving_time")):
            exact = [i for i, column in enumerate(header) if column == name][-1]
            assert [row.archive[word] for row in export.rows] == [
                float(line[exact]) if line[exact] else None for line in lines
            ]
        assert sum(row.filename is not None for row in export.rows) == sum(
            bool(line[header.index("Filename")]) for line in lines
        )
        assert all(row.sport_type in SPORT_TYPES for row in export.rows)
        seen[path.relative_to(real_data).parts[0]] = len(lines)
    assert seen == _REAL_TABLES


def test_real_rows_agree_with_the_tracks_that_come_with_them(real_data):
    checked = 0
    for path in sorted(real_data.rglob("activities.csv")):
        with open_files(path.parent) as files:
            try:
                rows = read_export(files, "activities.csv").rows
            except ArchiveError:
                continue
            for row in rows:
                name = existing_file(files, row.filename)
                if name is None:
                    continue
                recording = read_recording(files.read(name), name)
                assert dates.agreed(row.dates, recording.start) == (row.start, [])
                assert abs((row.start - recording.start).total_seconds()) <= 60
                assert recording.table["distance"][-1].as_py() == pytest.approx(row.archive["distance"], rel=0.01)
                assert recording.table["time"][-1].as_py() == pytest.approx(row.archive["elapsed_time"], abs=5)
                checked += 1
    assert checked == 1  # the only real row with its recording
