"""Real files of many makers: the same samples as other people's readers find."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import gpxpy
import numpy as np
import pytest
from garmin_fit_sdk import Decoder, Stream

from strava_assets.archive.recordings import read_recording
from strava_assets.errors import UnreadableRecording

#: Garmin's SDK knows no compressed timestamps that come before a full one; we read them.
_GARMIN_REFUSES = {"antfs-dump.63.fit": 686, "compressed-speed-distance.fit": 755}
#: It gives what it has of a file whose end is missing; we refuse the file.
_CUT_SHORT = {"activity-unexpected-eof.fit", "strava-android-app-201.10-b1218918.fit"}
#: It merges the chest strap's later beats into the records of a swim; the records themselves have none.
_MERGED_BEATS = {"event_timestamp.fit", "sample_mulitple_header.fit"}


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


def test_fit_files_hold_the_records_that_garmins_own_sdk_finds_in_its_order(real_data):
    compared = 0
    for path, data in files(real_data, ".fit", ".fit.gz"):
        messages, _ = Decoder(Stream.from_byte_array(bytearray(data))).read(enable_crc_check=False)
        records = messages.get("record_mesgs", [])
        timed = [record for record in records if "timestamp" in record]
        kinds = {str(message.get("type")) for message in messages.get("file_id_mesgs", [])}
        try:
            recording = read_recording(data, path.name)
        except UnreadableRecording:
            assert not timed or path.name in _CUT_SHORT or "course" in kinds, path.name
            continue
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
        if ours == "heartrate" and name in _MERGED_BEATS:
            continue
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
        try:
            parsed = gpxpy.parse(data.lstrip())
        except gpxpy.gpx.GPXException:
            continue  # positions that are no numbers: gpxpy refuses the file, we the point
        points = [point for track in parsed.tracks for segment in track.segments for point in segment.points]
        try:
            recording = read_recording(data, path.name)
        except UnreadableRecording:
            assert not any(point.time for point in points), path.name
            continue
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


def test_every_real_file_is_a_recording_or_has_a_reason(real_data):
    readable, reasons = 0, []
    for path, data in files(real_data, ".fit", ".gpx", ".tcx", ".gz"):
        try:
            recording = read_recording(data, path.name)
        except UnreadableRecording as refused:
            reasons.append(str(refused))
        else:
            readable += 1
            assert recording.start is not None
    assert readable == 139
    assert len(reasons) == 30
    assert all(reason and "\n" not in reason for reason in reasons)


@pytest.mark.parametrize("name", ["sample.tcx", "malformed.tcx"])
def test_tcx_points_are_counted_as_the_survey_of_the_files_did(real_data, name):
    expected = {"sample.tcx": (19, 17), "malformed.tcx": (384, 383)}[name]
    [path] = [path for path, _ in files(real_data, ".tcx") if path.name == name and "api_" not in str(path)]
    recording = read_recording(path.read_bytes(), name)
    assert (recording.table.num_rows, recording.table.num_rows - recording.table.column("lat").null_count) == expected
