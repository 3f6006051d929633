"""What people call a sport, by what they rode."""

from __future__ import annotations

import pytest

from strava_assets.sports import type_extended


@pytest.mark.parametrize(
    ("sport_type", "frame_type", "gear_sports", "called"),
    [
        ("Ride", None, None, "Road Cycling"),
        ("Ride", 5, None, "Gravel"),
        ("Ride", 99, None, "Road Cycling"),
        ("Ride", None, ["GravelRide"], "Gravel"),
        ("Ride", None, ["MountainBikeRide"], "Mountain Bike"),
        ("Ride", None, ["Ride"], "Road Cycling"),
        ("Ride", None, ["GravelRide", "Ride"], "Road Cycling"),  # it does not tell
        ("Ride", None, ["VirtualRide"], "Road Cycling"),  # a bike on a trainer was outdoors all the same
        ("Ride", None, ["Unterwasserhockey"], "Road Cycling"),
        ("Ride", 3, ["GravelRide"], "Road Cycling"),  # Strava's word on the frame itself
        ("MountainBikeRide", 5, ["GravelRide"], "Mountain Bike"),
        ("Run", None, ["TrailRun"], "Run"),
        ("IceHockey", None, None, "Ice Hockey"),
    ],
)
def test_only_a_plain_ride_is_told_apart_by_its_bike(sport_type, frame_type, gear_sports, called):
    assert type_extended(sport_type, frame_type, gear_sports) == called
