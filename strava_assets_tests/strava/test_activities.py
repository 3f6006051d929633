"""An activity's JSON, read into the words of our tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from strava_assets.schema import ACTIVITIES
from strava_assets.sports import is_foot, is_virtual, type_extended
from strava_assets.strava.activities import activity_row, changed, visibility

RIDE = {
    "id": 17,
    "name": "Evening spin",
    "sport_type": "Ride",
    "type": "Ride",
    "start_date": "2024-03-31T22:30:00Z",
    "start_date_local": "2024-04-01T00:30:00Z",
    "distance": 25310.4,
    "elapsed_time": 4200,
    "moving_time": 3900,
    "total_elevation_gain": 310.0,
    "average_speed": 6.49,
    "max_speed": 14.2,
    "calories": 640.5,
    "gear_id": "b12",
    "gear": {"id": "b12", "name": "The old one"},
    "visibility": "everyone",
    "private": False,
    "trainer": False,
    "manual": False,
    "max_heartrate": 171.5,
    "device_name": "Garmin Edge 530",
}


def test_every_key_of_a_row_is_a_column_of_the_activities_table() -> None:
    assert set(activity_row(RIDE, {})) <= set(ACTIVITIES.names)


def test_units_and_moments_come_through_unchanged() -> None:
    row = activity_row(RIDE, {})
    assert row["start_time"] == datetime(2024, 3, 31, 22, 30, tzinfo=UTC)
    assert row["utc_offset"] == 7200
    assert (row["distance"], row["moving_time"], row["calories"]) == (25310.4, 3900, 640.5)
    assert row["max_heartrate"] == 171.5  # fractions that stravalib's models refuse


def test_the_bike_tells_a_ride_apart_and_its_own_name_wins() -> None:
    row = activity_row(RIDE, {"b12": {"name": "Gravelking", "frame_type": 5}})
    assert (row["type_extended"], row["gear_name"]) == ("Gravel", "Gravelking")
    assert activity_row(RIDE, {})["gear_name"] == "The old one"


def test_a_sport_that_nobody_knows_keeps_its_name() -> None:
    row = activity_row({**RIDE, "sport_type": "UnderwaterHockey"}, {})
    assert (row["sport_type"], row["type_extended"]) == ("UnderwaterHockey", "Underwater Hockey")


@pytest.mark.parametrize(
    ("sport", "frame", "words"),
    [
        ("Ride", None, "Road Cycling"),
        ("Ride", 1, "Mountain Bike"),
        ("Ride", 99, "Road Cycling"),
        ("GravelRide", 3, "Gravel"),
        ("MountainBikeRide", None, "Mountain Bike"),
        ("EBikeRide", None, "E-Bike"),
        ("TrailRun", None, "Trail Run"),
        ("NordicSki", None, "Nordic Ski"),
        ("", None, "Workout"),
    ],
)
def test_sports_have_the_words_that_people_use(sport: str, frame: int | None, words: str) -> None:
    assert type_extended(sport, frame) == words


def test_virtual_and_foot_sports_are_known() -> None:
    assert is_virtual("VirtualRide")
    assert not is_virtual("Ride")
    assert is_foot("TrailRun")
    assert not is_foot("Ride")


@pytest.mark.parametrize(
    ("api", "who"),
    [
        ({"visibility": "everyone"}, "everyone"),
        ({"visibility": "followers_only"}, "followers_only"),
        ({"visibility": "only_me"}, "only_me"),
        ({"visibility": "everyone", "private": True}, "only_me"),
        ({}, "unknown"),
        ({"private": False}, "unknown"),
        ({"visibility": "close_friends"}, "only_me"),
    ],
)
def test_nobody_sees_more_than_strava_allows(api: dict[str, object], who: str) -> None:
    assert visibility(api) == who


def test_fields_of_the_wrong_kind_are_missing_not_fatal() -> None:
    row = activity_row(
        {
            "id": "x",
            "distance": "far",
            "start_date": "yesterday",
            "name": 5,
            "gear": "bike",
            "moving_time": float("nan"),
            "trainer": "yes",
            "utc_offset": 1e12,
        },
        {},
    )
    assert {value for name, value in row.items() if name not in ("sport_type", "type_extended", "visibility")} == {None}


def test_what_a_summary_leaves_out_has_not_changed() -> None:
    summary = {"id": 17, "name": "Evening spin", "distance": 25310.4, "kudos_count": 4}
    assert changed(RIDE, summary) == {}
    assert changed(RIDE, {**summary, "name": "Morning spin"}) == {"name": "Morning spin"}


def test_real_answers_of_the_api_are_read(real_data: Path) -> None:
    files = [
        *(real_data / "api_strava-ruby-client" / "models" / "detailed_activities").glob("*.json"),
        real_data / "api_stravalib" / "activity-manual.3.json",
    ]
    for file in files:
        row = activity_row(json.loads(file.read_text()), {})
        assert row["strava_id"]
        assert row["start_time"]
        assert row["distance"] > 0
        assert row["type_extended"]
