"""A CSV holds CONTRACT's columns in its order and decimals, and whatever else is laid there is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strava_assets.errors import SettingsError
from strava_assets.publish import csv_files
from strava_assets.publish.csv_files import column_choice, decode, encode, located_lines

NAN = float("nan")


def columns(count: int = 3, **some: Any) -> dict[str, np.ndarray]:
    """Of so many rows, in no particular order."""
    required = {"lng": [7.6] * count, "lat": [47.5] * count, "time": range(count), "segment": [0] * count}
    return {name: np.array(list(values), float) for name, values in (some | required | some).items()}


def written(dropped: frozenset[str] = frozenset(), **some: Any) -> list[str]:
    table = columns(**some)
    [data] = encode(table, np.array([0, len(table["time"])]), dropped)
    return data.decode().split("\n")


def test_columns_are_contracts_in_its_order_and_only_those_with_a_value() -> None:
    every = {name: [0.0] * 3 for name in csv_files.COLUMNS}
    assert written(**every)[0] == (
        "segment,time,distance,lat,lng,altitude,velocity_smooth,grade_smooth,heartrate,cadence,watts,temp"
    )
    assert written(heartrate=[NAN, 120, NAN], watts=[NAN] * 3)[0] == "segment,time,lat,lng,heartrate"
    assert written(heartrate=[NAN, 120, NAN])[1:] == [
        "0,0,47.500000,7.600000,",
        "0,1,47.500000,7.600000,120",
        "0,2,47.500000,7.600000,",
        "",
    ]


def test_each_value_is_written_in_its_columns_decimals() -> None:
    [_, first, second, third, end] = written(
        time=[0, 1.26, 10.04],
        distance=[0, 5.56, 1234.96],
        lat=[-0.0000004, -0.5, 47.1234564],
        lng=[179.9999999, -179.1234567, 0.000001],
        altitude=[-3.14, 0.04, -0.5],
        velocity_smooth=[0.004, 12.346, 3],
        heartrate=[0, 120.4, 199.6],
    )
    assert first == "0,0,0,0.000000,180.000000,-3.1,0.00,0"
    assert second == "0,1.3,5.6,-0.500000,-179.123457,0,12.35,120"
    assert third == "0,10,1235,47.123456,0.000001,-0.5,3.00,200"
    assert end == ""


def test_a_long_way_is_written_in_metres_to_the_last() -> None:
    rows = written(distance=[0, 12_345_678.0, 20_000_000.0], altitude=[0, 3_000_000.0, -1e6])[1:4]
    assert [row.split(",")[2] for row in rows] == ["0", "12345678", "20000000"]
    assert [row.split(",")[5] for row in rows] == ["0", "3000000", "-1000000"]


def test_one_activitys_file_does_not_hang_on_the_others() -> None:
    table = columns(6, segment=[0, 0, 0, 0, 1, 1], watts=[NAN, NAN, NAN, 200, NAN, NAN])
    first, second = encode(table, np.array([0, 3, 6]))
    assert [first] == encode({name: values[:3] for name, values in table.items()}, np.array([0, 3]))
    assert [second] == encode({name: values[3:] for name, values in table.items()}, np.array([0, 3]))
    assert decode(first).header == ("segment", "time", "lat", "lng")
    assert decode(second).columns["segment"].tolist() == [0, 1, 1]


def test_a_column_that_the_owner_keeps_is_in_no_file() -> None:
    header = written(column_choice("time, lat,lng , watts"), heartrate=[120] * 3, watts=[200] * 3)[0]
    assert header == "segment,time,lat,lng,watts"
    # a CSV without these has no track
    assert written(frozenset(csv_files.COLUMNS), heartrate=[120] * 3)[0] == "segment,time,lat,lng"


def test_the_owners_choice_names_what_stays() -> None:
    assert column_choice("") == column_choice(" , ") == frozenset()
    assert column_choice("heartrate") == frozenset(csv_files.COLUMNS) - {"heartrate"} - set(csv_files.REQUIRED)
    with pytest.raises(SettingsError, match="names power, ftp; the columns are segment, time"):
        column_choice("power,heartrate,ftp")


def test_what_was_written_is_read_again() -> None:
    [data] = encode(columns(3, lat=[47.5, NAN, 47.6], lng=[7.6, NAN, 7.7], heartrate=[NAN, 120, 121]), np.array([0, 3]))
    again = decode(data)
    assert again.rows == 3
    assert np.isnan(again.columns["lat"]).tolist() == [False, True, False]
    assert again.columns["heartrate"][1:].tolist() == [120, 121]
    [line] = located_lines(again)
    assert line.tolist() == [[7.6, 47.5], [7.7, 47.6]]


def test_each_segment_is_a_line_and_one_without_a_position_is_none() -> None:
    table = columns(6, segment=[0, 0, 1, 1, 2, 2], lat=[1, 2, NAN, NAN, 3, 4], lng=[1, 2, NAN, NAN, 3, 4])
    [data] = encode(table, np.array([0, 6]))
    assert [line[:, 0].tolist() for line in located_lines(decode(data))] == [[1, 2], [3, 4]]


GOOD = "segment,time,lat,lng,heartrate\n0,0,47.5,7.6,120\n0,1,-90,180,\n1,0,90,-180,121\n"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("\n0,1", "\r\n0,1", "do not end with LF"),
        ("121\n", "121", "do not end with LF"),
        ("time,lat", "lat,lat", "a column is named twice"),
        ("segment,", "part,", "no column segment"),
        (",lng,", ",lon,", "no column lng"),
        ("0,0,47.5", "0,now,47.5", "conversion error"),
        ("7.6,120", "7.6,NA", "conversion error"),
        ("7.6,120", "7.6", "Expected 5 columns"),
        ("0,0,47.5,7.6,120\n0,1,-90,180,\n1,0,90,-180,121\n", "", "segments are not counted"),
        ("\n0,0,", "\n1,0,", "segments are not counted"),
        ("\n1,0,", "\n2,0,", "segments are not counted"),
        ("\n0,1,", "\n1,1,", ""),
        ("\n1,0,", "\n,0,", "segments are not counted"),
        ("47.5,7.6", ",7.6", "half a position"),
        ("47.5,7.6", "47.5,", "half a position"),
        ("-90,180", "-90.1,180", "lat is out of range"),
        ("90,-180", "90,-180.1", "lng is out of range"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused(before: str, after: str, words: str) -> None:
    assert decode(GOOD.encode()).rows == 3
    assert GOOD.count(before) >= 1
    odd = GOOD.replace(before, after, 1).encode()
    if not words:
        assert decode(odd).rows == 3
        return
    with pytest.raises(ValueError, match=words) as caught:
        decode(odd)
    assert "\n" not in str(caught.value)
