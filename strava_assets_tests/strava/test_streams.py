"""Streams as the API tells them, as typed columns."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from strava_assets.errors import StravaError
from strava_assets.schema import CHANNELS
from strava_assets.strava.streams import load_streams, pack_streams, streams_table


def test_only_the_columns_that_exist_are_there_and_in_publishing_order() -> None:
    table = streams_table(
        {
            "heartrate": {"data": [90, 91]},
            "time": {"data": [0, 1]},
            "latlng": {"data": [[48.1234567, 11.5], [48.2, 11.6]]},
        }
    )
    assert table.column_names == ["time", "lat", "lng", "heartrate"]
    assert [table.schema.field(name).type for name in table.column_names] == [CHANNELS[n] for n in table.column_names]
    assert table.column("lat").to_pylist() == [48.123457, 48.2]


@pytest.mark.parametrize("nowhere", [None, [], [0, 0], [0.0, 0.0], [None, None], [91.0, 5.0], [10.0, 181.0]])
def test_a_sample_without_a_position_has_none(nowhere: object) -> None:
    table = streams_table({"latlng": {"data": [[48.1, 11.5], nowhere, [48.2, 11.6]]}, "time": {"data": [0, 1, 2]}})
    assert table.column("lat").to_pylist() == [48.1, None, 48.2]
    assert table.column("lng").to_pylist() == [11.5, None, 11.6]


def test_a_missing_value_is_null_and_never_zero() -> None:
    table = streams_table({"watts": {"data": [100, None, 0]}, "moving": {"data": [True, None, False]}})
    assert table.column("watts").to_pylist() == [100.0, None, 0.0]
    assert table.column("moving").to_pylist() == [True, None, False]


def test_a_list_of_streams_and_unknown_kinds_are_read() -> None:
    table = streams_table([{"type": "time", "data": [0, 1]}, {"type": "body_temp_2030", "data": ["?"]}])
    assert table.to_pydict() == {"time": [0.0, 1.0]}


def test_time_that_runs_backwards_is_kept_as_recorded() -> None:
    assert streams_table({"time": {"data": [0, 5, 3]}}).column("time").to_pylist() == [0.0, 5.0, 3.0]


@pytest.mark.parametrize("nothing", [{}, [], {"latlng": {"data": []}, "time": {"data": []}}])
def test_an_activity_without_samples_is_an_empty_table(nothing: object) -> None:
    assert streams_table(nothing).num_rows == 0


def test_an_empty_stream_beside_full_ones_is_absent() -> None:
    assert streams_table({"time": {"data": [0, 1]}, "watts": {"data": []}}).column_names == ["time"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"time": {"data": [0, 1]}, "watts": {"data": [5]}}, "differ in length: time 2, watts 1"),
        ({"time": {"data": ["now"]}}, "time holds something other than numbers"),
        ({"time": {"data": ["1"]}}, "time holds something other than numbers"),
        ({"time": {"data": [[1, 2]]}}, "time holds something other than numbers"),
        ({"latlng": {"data": [["a", "b"]]}}, "latlng holds something other than numbers"),
        ({"time": {"data": None}}, "time holds no list"),
        ("streams", "str, not a set of streams"),
    ],
)
def test_broken_streams_are_refused_with_the_reason(raw: object, reason: str) -> None:
    with pytest.raises(StravaError, match=re.escape(reason)):
        streams_table(raw)


def test_the_original_is_kept_whole_and_packs_to_the_same_bytes() -> None:
    raw = {"time": {"data": [0, 1], "series_type": "distance", "resolution": "high", "original_size": 2}}
    assert pack_streams(raw) == pack_streams(json.loads(json.dumps(raw)))
    assert load_streams(pack_streams(raw)).num_rows == 2


def test_damaged_bytes_are_one_line() -> None:
    with pytest.raises(StravaError, match="damaged"):
        load_streams(pack_streams({"time": {"data": [0]}})[:-9])


def test_a_real_answer_of_the_api_is_read(real_data: Path) -> None:
    text = (real_data / "api_strava-ruby-client" / "client" / "activity_streams.yml").read_text()
    body = re.search(r"string: '(\{.*\})'", text)
    assert body is not None
    table = streams_table(json.loads(body.group(1)))
    assert table.num_rows > 1000
    assert table.column("distance").null_count == 0
