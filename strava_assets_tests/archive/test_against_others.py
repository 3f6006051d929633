"""Real files of many makers: the same samples as other people's readers find."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import gpxpy
import numpy as np
import pytest
from garmin_fit_sdk import Decoder, Stream

from strava_assets.archive.recordings import read_recording
from strava_assets.errors import UnreadableRecording

#: Garmin's SDK knows no compressed timestamps that come before a full one; we read them.
_GARMIN_REFUSES = {"antfs-dump.63.fit": 686, "compressed-speed-distance.fit": 755}
#: Positions that are no numbers, or missing: gpxpy refuses the file for one of them, we the point.
_GPXPY_REFUSES = {"bad.gpx", "invalid-lon-lat-missing.gpx"}
#: A prefix that nobody declared: strict parsers refuse the file.
_STRICT_XML_REFUSES = {"malformed.tcx": 384}
#: A point with half a position, which is none to us.
_HALF_A_POSITION = {"bad.tcx"}

#: Its clock runs backwards by a month.
_EARLIER_LATER = {"blue_hills.gpx"}

#: Files that are no recording, or of which nothing can be placed in time, and what is said of each.
_ROUTE, _UNTIMED = "a route, not a recording: it has no track", "a route, not a recording: its points have no times"
_EMPTY, _WAYPOINTS = "it holds no samples", "waypoints only, no track"
_NO_RECORDINGS = {
    "Berlin (0,9 km).fit": "a FIT file of the kind course, not the recording of an activity",
    "Berlin (0,9 km).gpx": _UNTIMED,
    "DeveloperData.fit": "its samples have no times",
    "Half_Mile_Repeats_workout.fit": "a FIT file of the kind workout, not the recording of an activity",
    "bad.gpx": "none of its 2 positions is valid: no number where a position should be",
    "custom_schema_locations.gpx": _EMPTY,
    "default_schema_locations.gpx": _EMPTY,
    "empty-trkseg.gpx": _EMPTY,
    "empty_trk.gpx": _EMPTY,
    "garmin_extensions.gpx": _UNTIMED,
    "gdal.gpx": _UNTIMED,
    "gpx1.1_with_extensions.gpx": _WAYPOINTS,
    "gpx1.1_with_extensions_without_namespaces.gpx": _WAYPOINTS,
    "gpx_with_garmin_extension.gpx": _WAYPOINTS,
    "nametest.FIT": "a FIT file of the kind settings, not the recording of an activity",
    "north_core.gpx": _UNTIMED,
    "opencpn.gpx": _ROUTE,
    "route.gpx": _ROUTE,
    "style.gpx": _UNTIMED,
    "tcx-courses.tcx": "a course to follow, not a recording",
    "track-with-extremes.gpx": _UNTIMED,
    "track-with-small-floats.gpx": _UNTIMED,
    "track_with_dilution_errors.gpx": _UNTIMED,
    "trek.gpx": _ROUTE,
    "trek_no_rtept.gpx": _EMPTY,
    "unicode.gpx": _WAYPOINTS,
    "unicode2.gpx": _EMPTY,
    "unicode_with_bom.gpx": _WAYPOINTS,
    "unicode_with_bom_noencoding.gpx": _WAYPOINTS,
    "wpt.gpx": _WAYPOINTS,
}

#: Our channel, the SDK's field, its scale, and how far they may be apart (we round positions to 1e-6).
_SAME = [
    ("lat", "position_lat", 180 / 2**31, 1e-6),
    ("lng", "position_long", 180 / 2**31, 1e-6),
    ("heartrate", "heart_rate", 1, 0),
    ("temp", "temperature", 1, 0),
    ("cadence", "cadence", 1, 0),
    ("altitude", "enhanced_altitude", 1, 0.01),
]


def files(root: Path, *suffixes: str) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(root.rglob("*")):
        if path.name.lower().endswith(suffixes):
            data = path.read_bytes()
            yield path, gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def floats(recording, name: str) -> np.ndarray:
    return recording.table.column(name).to_numpy()


def number(text: str | None) -> float:
    try:
        return float(text or "nan")
    except ValueError:
        return np.nan


def utc(text: str) -> datetime:
    """A whole second; a time without a zone is UTC to us."""
    moment = datetime.fromisoformat(text).replace(microsecond=0)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def test_fit_files_hold_the_records_that_garmins_own_sdk_finds_in_its_order(real_data):
    compared = 0
    for path, data in files(real_data, ".fit", ".fit.gz"):
        messages, _ = Decoder(Stream.from_byte_array(bytearray(data))).read(enable_crc_check=False)
        records = messages.get("record_mesgs", [])
        if path.name in _NO_RECORDINGS:
            continue
        recording = read_recording(data, path.name)
        if path.name in _GARMIN_REFUSES:
            assert recording.table.num_rows == _GARMIN_REFUSES[path.name]
            continue
        assert recording.table.num_rows == len(records), path.name
        seconds = np.array([(record["timestamp"] - recording.start).total_seconds() for record in records])
        np.testing.assert_array_equal(floats(recording, "time"), seconds, path.name)
        _same_channels(path.name, recording, records)
        compared += len(records)
    assert compared > 100_000


def _same_channels(name: str, recording, records) -> None:
    for ours, theirs, scale, off in _SAME:
        expected = (
            np.array(
                [record.get(theirs) if isinstance(record.get(theirs), (int, float)) else np.nan for record in records],
                dtype=float,
            )
            * scale
        )
        if ours in recording.table.column_names:
            found = floats(recording, ours).astype(float)
            lost = np.isnan(found) & ~np.isnan(expected)
            assert not lost[np.abs(expected) > 1e-9].any(), (name, ours)  # (0, 0) is no position
            np.testing.assert_allclose(found[~lost], expected[~lost], atol=off + 1e-9, err_msg=f"{name} {ours}")
        else:
            assert np.isnan(expected).all(), (name, ours)


def test_gpx_files_hold_the_points_that_gpxpy_finds_in_its_order(real_data):
    compared = 0
    for path, data in files(real_data, ".gpx", ".gpx.gz"):
        if path.name in _GPXPY_REFUSES:
            continue
        parsed = gpxpy.parse(data.lstrip())
        points = [point for track in parsed.tracks for segment in track.segments for point in segment.points]
        if path.name in _NO_RECORDINGS:
            assert not any(point.time for point in points), path.name
            continue
        recording = read_recording(data, path.name)
        assert recording.table.num_rows == len(points), path.name
        lat = floats(recording, "lat")
        np.testing.assert_allclose(lat, [point.latitude for point in points], atol=1e-6, err_msg=path.name)
        if "altitude" in recording.table.column_names:
            expected = [np.nan if point.elevation is None else point.elevation for point in points]
            np.testing.assert_allclose(floats(recording, "altitude"), expected, rtol=1e-6, err_msg=path.name)
        # a time without a zone is UTC to us; gpxpy leaves it open
        offsets = [
            np.nan
            if point.time is None
            else (point.time.replace(tzinfo=point.time.tzinfo or UTC) - recording.start).total_seconds()
            for point in points
        ]
        # gpxpy cuts fractions of a second to milliseconds in some files
        np.testing.assert_allclose(floats(recording, "time"), offsets, atol=0.002, err_msg=path.name)
        compared += len(points)
    assert compared > 25_000


def test_one_activity_in_three_formats_has_one_track(real_data):
    folder = real_data / "GoldenCheetah-sweatpy"
    pair = [read_recording((folder / name).read_bytes(), name) for name in ("4801048867.fit", "4801048867_strava.gpx")]
    np.testing.assert_allclose(floats(pair[0], "lat"), floats(pair[1], "lat"), atol=2e-6)
    np.testing.assert_array_equal(floats(pair[0], "time"), floats(pair[1], "time"))


def test_tcx_files_hold_the_points_that_a_plain_parser_finds_in_its_order(real_data):
    compared = 0
    for path, data in files(real_data, ".tcx", ".tcx.gz"):
        if path.name in _NO_RECORDINGS:
            continue
        recording = read_recording(data, path.name)
        if path.name in _STRICT_XML_REFUSES:
            assert recording.table.num_rows == _STRICT_XML_REFUSES[path.name]
            continue
        points = ElementTree.fromstring(data.strip()).findall(".//{*}Activity//{*}Trackpoint")
        assert recording.table.num_rows == len(points), path.name
        for name, place in (
            ("lat", "{*}Position/{*}LatitudeDegrees"),
            ("lng", "{*}Position/{*}LongitudeDegrees"),
            ("altitude", "{*}AltitudeMeters"),
            ("heartrate", "{*}HeartRateBpm/{*}Value"),
        ):
            expected = np.array([number(point.findtext(place)) for point in points])
            if name not in recording.table.column_names:
                assert np.isnan(expected).all(), (path.name, name)
                continue
            found = floats(recording, name).astype(float)
            expected[np.isnan(found) & (expected == 0)] = np.nan  # (0, 0) is no position
            if path.name in _HALF_A_POSITION:
                expected[np.isnan(found)] = np.nan
            np.testing.assert_allclose(found, expected, atol=1e-6, rtol=1e-6, err_msg=f"{path.name} {name}")
        offsets = [(datetime.fromisoformat(point.findtext("{*}Time")) - recording.start) for point in points]
        seconds = [offset.total_seconds() for offset in offsets]
        np.testing.assert_allclose(floats(recording, "time"), seconds, atol=1e-6, err_msg=path.name)
        compared += len(points)
    assert compared > 10_000


def test_every_real_file_is_a_recording_or_is_listed_with_its_reason(real_data):
    readable, reasons = 0, {}
    for path, data in files(real_data, ".fit", ".gpx", ".tcx", ".gz"):
        try:
            recording = read_recording(data, path.name)
        except UnreadableRecording as refused:
            reasons[path.name] = str(refused)
        else:
            readable += 1
            assert recording.start is not None
    assert reasons == _NO_RECORDINGS
    assert readable == 139


def test_every_real_file_has_as_many_points_and_the_start_that_their_survey_found(real_data):
    with open(real_data / "INDEX.csv", newline="") as file:
        survey = {row["file"]: row for row in csv.DictReader(file) if row["fmt"] in ("fit", "gpx", "tcx")}
    found = {
        path.relative_to(real_data).as_posix(): data for path, data in files(real_data, ".fit", ".gpx", ".tcx", ".gz")
    }
    assert set(found) == set(survey)
    compared = starts = 0
    for name, data in found.items():
        if Path(name).name in _NO_RECORDINGS:
            continue
        recording, surveyed = read_recording(data, name), survey[name]
        assert recording.table.num_rows == int(surveyed["points"]), name
        # the survey names the earliest time, we the first sample's: where a clock runs backwards these are two
        if surveyed["start_utc"] and Path(name).name not in _EARLIER_LATER:
            assert recording.start.replace(microsecond=0) == utc(surveyed["start_utc"]), name
            starts += 1
        compared += recording.table.num_rows
    assert (compared, starts) == (164_385, 136)


@pytest.mark.parametrize("name", ["sample.tcx", "malformed.tcx"])
def test_tcx_points_are_counted_as_the_survey_of_the_files_did(real_data, name):
    expected = {"sample.tcx": (19, 17), "malformed.tcx": (384, 383)}[name]
    [path] = [path for path, _ in files(real_data, ".tcx") if path.name == name and "api_" not in str(path)]
    recording = read_recording(path.read_bytes(), name)
    assert (recording.table.num_rows, recording.table.num_rows - recording.table.column("lat").null_count) == expected
