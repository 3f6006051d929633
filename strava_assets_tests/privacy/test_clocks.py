"""I6 in names: what a recorder calls a ride tells no time of day; what its owner calls it is let be."""

from __future__ import annotations

import pytest

from strava_assets.privacy.clocks import tells_instant, without_instant


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("2024-05-01T06:30:12Z", None),
        ("2024-05-01 06:30", None),
        ("20240501 063012", None),
        ("2024-05-01_06-30_Wed", "Wed"),
        ("01-MAY-24 18:22:44", None),
        ("Running 5/1/24 7:30 am", "Running"),
        ("Morning 5/1/24 7:30 am _ Ride - ", "Morning Ride"),
        ("Cycling May 1, 2024 7:30 PM", "Cycling"),
        ("Laufen 01.05.2024, 06:30", "Laufen"),
        ("06:30 01.05.2024 Tour", "Tour"),
        ("Workout (2024-05-01T06:30:12+02:00)", "Workout"),
        ("track 1714543200", "track"),
        ("track_1714543200123", "track"),
    ],
)
def test_a_day_and_a_time_together_are_left_out(name: str, rest: str | None) -> None:
    assert tells_instant(name)
    assert without_instant(name) == rest
    assert not tells_instant(rest)


@pytest.mark.parametrize(
    "name",
    [
        *["Marathon 3:29:59", "10 x 400 in 1:20", "From 7 to 12", "24h 2024", "5km 19:30 PB May 2024", "parkrun 19:30"],
        *["2024-05-01", "Race 12.05.2024 10.5 km", "12.05.2024 100 km", "0791234567", "Ride 7 über Land 🌲", "", None],
    ],
)
def test_any_other_name_is_what_it_was(name: str | None) -> None:
    assert not tells_instant(name)
    assert without_instant(name) == name
