"""A file becomes its samples, as recorded, or one line that says why not."""

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.archive import unpack
from strava_assets.archive.recordings import Recording, read_recording
from strava_assets.errors import UnreadableRecording
from strava_assets.schema import CHANNELS
from strava_assets_tests.archive import writers
from strava_assets_tests.archive.writers import COURSE, CYCLING, RUNNING, SETTINGS, START, SWIMMING, TRANSITION, ride


def column(recording: Recording, name: str) -> list[float | None]:
    return recording.table.column(name).to_pylist()


def refusal(data: bytes, name: str = "x.fit") -> str:
    with pytest.raises(UnreadableRecording) as refused:
        read_recording(data, name)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_fit_file_gives_every_channel_in_our_units():
    recording = read_recording(writers.fit(ride(3, altitude=[10, 11.2, 12], temp=[-5, 0, 5])), "a.fit")
    assert recording.start == START
    assert recording.table.column_names == [
        "time",
        "distance",
        "lat",
        "lng",
        "altitude",
        "velocity_smooth",
        "heartrate",
        "cadence",
        "watts",
        "temp",
    ]
    assert column(recording, "time") == [0, 1, 2]
    assert column(recording, "lat") == [35, 35.00005, 35.0001]
    assert column(recording, "lng") == [-40, -40, -40]
    assert column(recording, "distance") == [0, 5.5, 11]
    assert column(recording, "altitude") == pytest.approx([10, 11.2, 12], abs=1e-3)
    assert column(recording, "velocity_smooth") == [5.5] * 3
    assert column(recording, "temp") == [-5, 0, 5]
    assert recording.sport == "Ride"
    assert recording.figures["calories"] == 300
    assert recording.figures["distance"] == 11
    assert recording.warnings == []


@pytest.mark.parametrize(
    "data", [writers.fit(ride()), writers.gpx(ride()), writers.tcx([ride()])], ids=["fit", "gpx", "tcx"]
)
@pytest.mark.parametrize("name", ["a.fit", "a.gpx", "noise"])
def test_the_content_decides_not_the_name(data, name):
    assert read_recording(data, name).table.num_rows == 60
    assert read_recording(gzip.compress(data), name).table == read_recording(data, name).table


def test_columns_come_in_the_published_order_and_types_whatever_the_format():
    for data in (writers.fit(ride()), writers.gpx(ride()), writers.tcx([ride()])):
        table = read_recording(data, "a").table
        assert table.column_names == [name for name in CHANNELS if name in table.column_names]
        assert all(table.schema.field(name).type == CHANNELS[name] for name in table.column_names)


def test_a_stream_that_was_not_recorded_is_absent_rather_than_zero():
    samples = [{"time": i, "heartrate": 100 + i} for i in range(5)]
    assert read_recording(writers.fit(samples), "indoor.fit").table.column_names == ["time", "heartrate"]
    assert read_recording(writers.fit(samples), "indoor.fit").warnings == []


def test_positions_in_some_records_only_keep_every_record():
    places = [35.0 + i * 1e-4 if i % 5 == 0 else None for i in range(20)]
    samples = ride(20, lat=places, lng=[None if place is None else -40.0 for place in places])
    recording = read_recording(writers.fit(samples), "a")
    assert recording.table.num_rows == 20
    assert [p is not None for p in column(recording, "lat")] == [i % 5 == 0 for i in range(20)]
    assert recording.table.column("lng").null_count == 16


def test_half_a_position_is_none():
    recording = read_recording(writers.fit(ride(4, lng=[-40.0, None, -40.0, -40.0])), "a")
    assert column(recording, "lat")[1] is None


def test_a_clock_that_runs_backwards_keeps_the_recorded_order():
    times = [0, 1, 2, -5, -4, 3]
    for write in (writers.fit, writers.gpx):
        recording = read_recording(write(ride(6, time=times)), "a")
        assert column(recording, "time") == times
        assert column(recording, "heartrate") == [120, 121, 122, 123, 124, 125]
        assert recording.warnings == ["its clock runs backwards 1 time"]


def test_records_of_the_same_second_are_all_kept():
    recording = read_recording(writers.fit(ride(6, time=[0, 0, 0, 1, 1, 2])), "a")
    assert column(recording, "time") == [0, 0, 0, 1, 1, 2]


def test_sub_second_samples_keep_their_fractions():
    recording = read_recording(writers.gpx(ride(4, time=[0.125, 0.25, 0.5, 1.994])), "a")
    assert column(recording, "time") == pytest.approx([0, 0.125, 0.375, 1.869], abs=1e-9)
    assert recording.start == START + timedelta(milliseconds=125)


def test_one_point_and_identical_points_are_recordings():
    assert read_recording(writers.gpx(ride(1)), "a").table.num_rows == 1
    same = read_recording(writers.gpx(ride(9, lat=[35.0] * 9)), "a")
    assert column(same, "lat") == [35.0] * 9


@pytest.mark.parametrize("year", [1901, 2089])
def test_a_clock_from_another_century_is_read_with_a_warning(year):
    recording = read_recording(writers.gpx(ride(3), start=datetime(year, 3, 1, tzinfo=UTC)), "a")
    assert recording.start.year == year
    assert recording.warnings == [f"its clock says {year}-03-01"]


def test_points_without_time_stay_without_one():
    recording = read_recording(writers.gpx(ride(4, time=[None, 0, None, 2])), "a")
    assert column(recording, "time") == [None, 0, None, 2]
    assert recording.start == START
    assert "2 of its 4 points have no time" in recording.warnings


def test_a_position_outside_the_world_is_lost_and_said():
    recording = read_recording(writers.gpx(ride(4, lat=[35, 95, 35.1, 35.0002], lng=[-40, -40, 181, -40])), "a")
    assert column(recording, "lat") == [35, None, None, 35.0002]
    assert recording.warnings == ["2 points outside the world lost the position (first: lat 95, lng -40)"]


def test_a_fix_at_zero_zero_is_no_position():
    recording = read_recording(writers.gpx(ride(3, lat=[0, 35, 35], lng=[0, -40, -40])), "a")
    assert column(recording, "lat") == [None, 35, 35]


def test_numbers_that_are_none_are_null():
    recording = read_recording(
        writers.gpx(ride(4, altitude=["NaN", "", "high", 12], heartrate=["inf", 1, 2, "1e39"])), "a"
    )
    assert column(recording, "altitude") == [None, None, None, 12]
    assert column(recording, "heartrate") == [None, 1, 2, None]


def test_segments_laps_and_sessions_follow_each_other():
    assert column(read_recording(writers.gpx(ride(9), segments=3), "a"), "time") == list(range(9))
    laps = read_recording(writers.tcx([ride(5), ride(5, time=range(5, 10))]), "a")
    assert column(laps, "time") == list(range(10))
    assert (laps.sport, laps.device, laps.figures["calories"]) == ("Run", "Invented 3", 200)
    sessions = ((SWIMMING, 0, 0), (TRANSITION, 0, 10), (CYCLING, 0, 14), (RUNNING, 0, 40))
    triathlon = read_recording(writers.fit(ride(60), sessions=sessions), "a")
    assert column(triathlon, "time") == list(range(60))
    assert triathlon.sport == "Ride"  # the longest


def test_an_odometer_that_starts_again_in_each_lap_runs_through():
    laps = [ride(40), ride(40, time=range(40, 80))]
    distance = np.array(column(read_recording(writers.tcx(laps), "a"), "distance"))
    assert (np.diff(distance) >= 0).all()
    assert distance[-1] == pytest.approx(2 * 39 * 5.5)


def test_chained_fit_files_are_one_recording():
    chained = writers.fit(ride(5)) + writers.fit(ride(5, time=range(5, 10)))
    assert column(read_recording(chained, "a"), "time") == list(range(10))


def test_a_wrong_checksum_is_no_obstacle():
    data = writers.fit(ride(5))
    assert read_recording(data[:-2] + b"\0\0", "a").table.num_rows == 5


def test_junk_after_the_end_is_ignored_and_said():
    recording = read_recording(writers.fit(ride(5)) + b"junk", "a")
    assert recording.table.num_rows == 5
    assert recording.warnings == ["4 bytes after its end were ignored"]


def test_a_fit_that_is_really_a_zip_is_read():
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("123_ACTIVITY.fit", writers.fit(ride(5)))
    assert read_recording(inside.getvalue(), "a.fit").table.num_rows == 5


@pytest.mark.parametrize(
    ("sport", "word"),
    [
        ("cycling", "Ride"),
        ("running", "Run"),
        ("9", "Run"),
        ("1", "Ride"),
        ("VirtualRide", "VirtualRide"),
        ("trail_running", "TrailRun"),
        ("Other", "Workout"),
        ("knitting", "Workout"),
    ],
)
def test_sports_get_stravas_words(sport, word):
    assert read_recording(writers.gpx(ride(2), sport=sport), "a").sport == word


def test_whatever_is_done_on_a_screen_is_virtual():
    on_a_screen = 58
    for sport, word in ((CYCLING, "VirtualRide"), (RUNNING, "VirtualRun"), (SWIMMING, "VirtualActivity")):
        data = writers.fit(ride(3), sessions=((sport, on_a_screen, 0),))
        assert read_recording(data, "a.fit").sport == word


@pytest.mark.parametrize(
    ("device", "sport", "word"),
    [
        ("Zwift", "Biking", "VirtualRide"),
        ("MyWhoosh 4.1", "Running", "VirtualRun"),
        ("ROUVY", "Other", "VirtualActivity"),
        ("Invented 3", "Biking", "Ride"),
        ("Not Zwift", "Biking", "Ride"),
    ],
)
def test_a_program_for_a_screen_tells_where_the_format_has_no_word_for_it(device, sport, word):
    data = writers.tcx([ride(3)], sport=sport).replace(b"Invented 3", device.encode())
    assert read_recording(data, "a.tcx").sport == word


def test_an_undeclared_prefix_or_a_byte_order_mark_does_not_matter():
    data = writers.gpx(ride(3)).replace(b' xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1"', b"")
    assert column(read_recording(b"\xef\xbb\xbf" + data, "a"), "heartrate") == [120, 121, 122]
    wide = writers.gpx(ride(3)).replace(b"UTF-8", b"UTF-16").decode().encode("utf-16")
    assert read_recording(wide, "a").table.num_rows == 3


def test_a_gpx_whose_end_is_lost_gives_what_is_there_and_says_so():
    data = writers.gpx(ride(100))
    recording = read_recording(data[: len(data) // 2], "a")
    assert 40 < recording.table.num_rows < 60
    assert "damaged XML" in recording.warnings[0]


def test_entities_are_not_expanded_and_nothing_is_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    data = writers.gpx(ride(2), name="&leak;").replace(
        b"\n<gpx", f'\n<!DOCTYPE gpx [<!ENTITY leak SYSTEM "{secret.as_uri()}">]><gpx'.encode()
    )
    assert "SECRET" not in str(read_recording(data, "a").name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file (0 bytes)"),
        (b"  \n ", "nothing but blanks"),
        (b"hello", "neither FIT, GPX nor TCX"),
        (b"<html></html>", "neither GPX nor TCX (its root is <html>)"),
        (b"<", "not XML that can be read"),
        (gzip.compress(b"hello"), "neither FIT, GPX nor TCX"),
        (gzip.compress(writers.gpx(ride()))[:-20], "its gzip is cut short"),
        (gzip.compress(writers.gpx(ride()))[:-8] + bytes(8), "damaged gzip: incorrect data check"),
        (b"PK\x03\x04nonsense", "a damaged zip"),
        (writers.fit(ride())[:79], "it holds no samples; cut short: 79 of 1,679 bytes"),
        (writers.fit(ride())[:13], "cut short: 13 bytes, not even a whole header"),
        (writers.fit([]), "it holds no samples"),
        (writers.fit([{"heartrate": 100}]), "its samples have no times"),
        (writers.fit(ride(), kind=COURSE), "a FIT file of the kind course"),
        (writers.fit([], kind=SETTINGS), "a FIT file of the kind settings"),
        (writers.gpx([]), "it holds no samples"),
        (writers.gpx(ride(5, time=[None] * 5)), "a route, not a recording: its points have no times"),
        (b'<gpx><rte><rtept lat="1" lon="1"/></rte></gpx>', "a route, not a recording: it has no track"),
        (b'<gpx><wpt lat="1" lon="1"/></gpx>', "waypoints only, no track"),
        (writers.tcx([ride()]).replace(b"Activity", b"Course"), "a course to follow, not a recording"),
        (writers.gpx([{"lat": 95, "lng": 3, "time": 0}]), "none of its 1 positions is valid"),
        (writers.gpx([{"lat": "undefined", "lng": "undefined", "time": 0}]), "none of its 1 positions is valid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_recording_is_refused_with_its_reason(data, reason):
    assert reason in refusal(data)


def test_of_a_damaged_fit_file_what_comes_before_is_read_and_the_place_is_named():
    data = bytearray(writers.fit(ride()))
    data[700:740] = b"\x0b" * 40  # messages of a kind that was never defined
    recording = read_recording(bytes(data), "a")
    assert column(recording, "heartrate") == column(read_recording(writers.fit(ride()), "a"), "heartrate")[:23]
    assert recording.warnings == ["damaged at byte 700 of 1,679; what comes before was read"]


@pytest.mark.parametrize("lost", [3, 10, 50, 500, 1500])
def test_a_fit_file_whose_end_is_lost_gives_what_is_there_and_says_so(lost):
    whole = writers.fit(ride())
    recording = read_recording(whole[:-lost], "a")
    assert 2 <= recording.table.num_rows <= 60
    assert recording.table.equals(read_recording(whole, "a").table.slice(0, recording.table.num_rows))
    assert recording.warnings == [f"cut short: {1679 - lost:,} of 1,679 bytes; what is there was read"]


def test_a_recorder_that_was_switched_off_leaves_a_size_of_zero():
    data = bytearray(writers.fit(ride())[:-400])
    data[4:8], data[12:14] = bytes(4), bytes(2)
    recording = read_recording(bytes(data), "a")
    assert recording.table.num_rows > 40
    assert recording.warnings == ["cut short: 1,279 bytes; what is there was read"]


def test_a_second_chained_file_without_its_end_gives_what_is_there():
    chained = writers.fit(ride(5)) + writers.fit(ride(60, time=range(10, 70)))[:-700]
    recording = read_recording(chained, "a")
    assert recording.table.num_rows > 30
    assert "cut short" in recording.warnings[0]


def test_wrong_checksums_of_headers_are_no_obstacle_either():
    first, second = bytearray(writers.fit(ride(5))), bytearray(writers.fit(ride(5, time=range(5, 10))))
    first[12] ^= 1
    second[12] ^= 1
    assert column(read_recording(bytes(first + second), "a"), "time") == list(range(10))


@pytest.mark.parametrize("times", [[0, 1, None, 3, 4], [None, None, 0, None, 1], [0, None, None, None, None]])
def test_records_without_a_time_stay_where_they_are_in_fit_too(times):
    recording = read_recording(writers.fit(ride(5, time=times, temp=[-5, 0, 5, 9, 9])), "a")
    whole = read_recording(writers.fit(ride(5, temp=[-5, 0, 5, 9, 9])), "a")
    assert column(recording, "time") == times
    assert (recording.sport, recording.device) == (whole.sport, whole.device)
    assert recording.warnings == [f"{times.count(None)} of its 5 points have no time"]
    for name in set(whole.table.column_names) - {"time"}:
        assert column(recording, name) == column(whole, name), name


def test_records_of_a_kind_that_holds_no_time_stay_too():
    pieces = [{"time": 0, "heartrate": 100}, {"heartrate": 101}, {"time": 2, "heartrate": 102}, {"heartrate": 103}]
    recording = read_recording(writers.fit(pieces, own_kinds=True), "a")
    assert column(recording, "time") == [0, None, 2, None]
    assert column(recording, "heartrate") == [100, 101, 102, 103]


def test_beats_that_a_strap_sent_after_a_swim_are_the_heart_rate():
    samples = [{"time": i} for i in range(12)]
    beats = [(0, 100), (0.5, 100), (1.25, 110), (2.5, 120), (3, 120), (3.5, 120), (4, 120), (7.5, 90), (8, 90)]
    recording = read_recording(writers.fit(samples, beats=beats), "a")
    # each the mean since the record before; a beat holds until the next one
    assert column(recording, "heartrate") == [100, 100, 110, 118, 120, 120, 120, 120, 98, None, None, None]


def test_a_track_without_an_odometer_gets_the_distance_along_it_and_says_so():
    samples = [{name: value for name, value in sample.items() if name != "distance"} for sample in ride(60)]
    for data in (writers.gpx(samples), writers.fit(samples)):
        recording = read_recording(data, "a")
        assert recording.computed == ["distance"]
        distance = np.array(column(recording, "distance"))
        assert distance[-1] == pytest.approx(59 * 5e-5 * np.pi / 180 * 6_371_008.8, rel=1e-3)
        assert recording.figures["distance"] == round(distance[-1], 3)
        np.testing.assert_allclose(distance * 1e6, np.rint(distance * 1e6), atol=1e-6)
    assert read_recording(writers.fit(ride()), "a").computed == []


def test_an_odometer_that_never_moves_is_none():
    moving = read_recording(writers.fit(ride(9, distance=[0] * 9)), "a")
    assert moving.computed == ["distance"]
    still = read_recording(writers.fit(ride(9, distance=[0] * 9, lat=[35] * 9)), "a")
    assert still.computed == []
    assert column(still, "distance") == [0] * 9


def test_a_step_of_the_distance_hangs_on_its_own_two_positions_alone():
    places = [35 + i * 5.1e-5 for i in range(40)]
    plain = read_recording(writers.gpx(ride(40, lat=places)), "a").table.column("distance").to_numpy()
    detour = read_recording(writers.gpx(ride(40, lat=[35.0003 + i * 1e-6 for i in range(9)] + places[9:])), "a")
    changed = detour.table.column("distance").to_numpy()
    np.testing.assert_array_equal(np.rint(np.diff(changed) * 1000)[9:], np.rint(np.diff(plain) * 1000)[9:])


def test_leaps_are_kept_said_and_not_walked():
    places = [35 + i * 5e-5 for i in range(20)]
    places[10] = 36
    recording = read_recording(writers.gpx(ride(20, lat=places)), "a")
    assert column(recording, "lat")[10] == 36
    assert recording.warnings == ["its track leaps 2 times, faster than 60 m/s"]
    assert column(recording, "distance")[-1] == pytest.approx(17 * 5.56, rel=1e-2)


def test_positions_of_the_same_second_are_no_leap():
    assert read_recording(writers.gpx(ride(6, time=[0, 0, 0, 1, 1, 1])), "a").warnings == []


@pytest.mark.parametrize(
    ("path", "name", "sport"),
    [
        ("2022-05-29-15-53-35_Evening_Loop.fit", "Evening Loop", "Workout"),
        ("20181108_trail_run_watch_3.fit.gz", "trail run watch", "TrailRun"),
        ("deep/Mountain Biking/2020-05-01.gpx", None, "MountainBikeRide"),
        ("hikes/12866632127.fit.gz", None, "Workout"),
        ("Hike/activity_123.tcx", None, "Hike"),
        ("16aebccf-cf92-4b85-bf64-b7d2d219396b.gpx", None, "Workout"),
        ("9.gpx", None, "Workout"),
    ],
)
def test_a_file_that_does_not_say_what_it_is_is_called_after_its_name(path, name, sport):
    data = writers.gpx(ride(2), name="", sport="")
    recording = read_recording(data, path)
    assert (recording.name, recording.sport) == (name, sport)
    said = read_recording(writers.gpx(ride(2), name="Said", sport="Yoga"), path)
    assert (said.name, said.sport) == ("Said", "Yoga")


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(unpack, "LIMIT", 2**20)
    with pytest.raises(UnreadableRecording, match="larger than 1 MiB when unpacked"):
        unpack.content(gzip.compress(bytes(2**22)), 2**20)


def test_a_zip_of_several_files_is_not_one_recording():
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("a.fit", b"")
        archive.writestr("b.fit", b"")
    assert refusal(inside.getvalue()) == "a zip of 2 files where one recording was expected"


WHOLE = [writers.fit(ride(8)), writers.gpx(ride(8)), writers.tcx([ride(8)]), gzip.compress(writers.gpx(ride(8)))]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=6), st.integers(0, 9)), max_size=5),
)
def test_no_damage_gives_anything_but_a_recording_or_a_reason(data, changes):
    for place, new, dropped in changes:
        place %= len(data) + 1
        data = data[:place] + new + data[place + dropped :]
    recording, reason = None, "one line"
    try:
        recording = read_recording(data, "damaged")
    except UnreadableRecording as refused:
        reason = str(refused)
    assert "\n" not in reason
    assert len(reason) < 300
    assert recording is None or recording.table.num_rows > 0
    if recording and "lat" in recording.table.column_names:
        assert (np.abs(recording.table.column("lat").drop_null().to_numpy()) <= 90).all()


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"", b"\x0e\x10\0\0\0\0\0\0.FIT", b"<gpx", b"\x1f\x8b\x08", b"PK\x03\x04"]), st.binary())
def test_no_bytes_at_all_crash_the_reader(start, rest):
    with pytest.raises(UnreadableRecording):
        read_recording(start + rest, "noise")
