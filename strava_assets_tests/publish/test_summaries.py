"""Weeks, quarters and the index say what anybody can add up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strava_assets.publish import summaries
from strava_assets.publish.topojson_file import Feature, MapFile


def member(day: str, kind: str = "Ride", **known: Any) -> dict[str, Any]:
    names = ("distance", "moving_time", "total_elevation_gain", "calories", "average_watts", "average_heartrate")
    return {"startDate": day, "type": kind} | dict.fromkeys(names) | known


@pytest.mark.parametrize(
    ("day", "week", "quarter"),
    [
        ("2024-05-01", "2024-04-29", "2024-04-01"),
        ("2024-04-29", "2024-04-29", "2024-04-01"),
        ("2024-05-05", "2024-04-29", "2024-04-01"),
        ("2024-12-31", "2024-12-30", "2024-10-01"),
        ("2025-01-01", "2024-12-30", "2025-01-01"),
        ("2024-03-31", "2024-03-25", "2024-01-01"),
        ("2024-07-01", "2024-07-01", "2024-07-01"),
        ("2024-09-30", "2024-09-30", "2024-07-01"),
    ],
)
def test_weeks_begin_on_monday_and_quarters_in_january(day: str, week: str, quarter: str) -> None:
    assert summaries.week_start(day) == week
    assert summaries.quarter_start(day) == quarter


def test_sums_are_sums_and_means_are_weighed_by_moving_time() -> None:
    rows = summaries.periods(
        [
            member("2024-05-01", distance=1000.5, moving_time=100, calories=50, average_watts=100),
            member("2024-05-02", distance=2000.2, moving_time=300, average_watts=200, average_heartrate=150),
            member("2024-05-03", distance=500.1, average_watts=900),  # nobody knows for how long
            member("2024-05-03", "Run", distance=7.0, moving_time=10),
            member("2024-05-06", distance=9.0),
        ],
        summaries.week_start,
    )
    assert [(row["start"], row["type"], row["activities"]) for row in rows] == [
        ("2024-04-29", "Ride", 3),
        ("2024-04-29", "Run", 1),
        ("2024-05-06", "Ride", 1),
    ]
    first = rows[0]
    assert first["distance"] == 3500.8
    assert first["moving_time"] == 400
    assert first["total_elevation_gain"] is None
    assert first["average_watts"] == 175.0
    assert first["average_heartrate"] == 150.0
    assert first["calories"] == 50
    assert rows[2]["average_watts"] is None
    assert list(first) == [
        "start", "type", "activities", "distance", "moving_time", "total_elevation_gain", "average_watts",
        "average_heartrate", "calories",
    ]  # fmt: skip


def test_means_and_sums_are_told_in_tenths() -> None:
    rides = [member("2024-05-01", moving_time=1, distance=0.04, average_watts=watts) for watts in (100, 100, 101)]
    [row] = summaries.periods(rides, summaries.quarter_start)
    assert (row["average_watts"], row["distance"], row["start"]) == (100.3, 0.1, "2024-04-01")


def test_they_are_written_a_row_a_line_in_the_owners_letters() -> None:
    rows = summaries.periods([member("2024-05-01", "Ride"), member("2024-05-08", "Tür")], summaries.week_start)
    data = summaries.encode_periods(rows)
    assert json.loads(data) == rows
    assert data.count(b"\n") == len(rows) + 2
    assert b" " not in data
    assert "Tür".encode() in data
    assert summaries.encode_periods([]) == b"[]\n"


def shown(*days: str, box: tuple[int, int, int, int] | None = (700_000, 4_700_000, 710_000, 4_710_000)) -> MapFile:
    return MapFile([Feature(member(day), []) for day in days], box)


def test_the_index_says_what_the_maps_show() -> None:
    data = summaries.encode_index(
        [("b" * 16, "Ada", shown("2024-05-01", "2024-06-02", "2023-12-31")), ("a" * 16, "Zoë", shown("2022-01-01"))]
    )
    box = [7.0, 47.0, 7.1, 47.1]
    assert json.loads(data) == {
        "schema": 1,
        "athletes": [
            {"id": "a" * 16, "name": "Zoë", "activities": 1, "bbox": box, "updated": "2022-01-01"},
            {"id": "b" * 16, "name": "Ada", "activities": 3, "bbox": box, "updated": "2024-06-02"},
        ],
    }
    assert "Zoë".encode() in data
    assert data.endswith(b"}\n")
    assert b" " not in data


def test_whoever_shows_nothing_is_in_no_index() -> None:
    data = summaries.encode_index([("a" * 16, "Ada", shown(box=None)), ("b" * 16, "Ben", shown("2024-05-01"))])
    assert [entry["name"] for entry in json.loads(data)["athletes"]] == ["Ben"]
    assert json.loads(summaries.encode_index([])) == {"schema": 1, "athletes": []}
