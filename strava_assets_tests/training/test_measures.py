"""A month's measures: what did not change is not measured again, and bad input spoils nothing but itself."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from strava_assets.training.measures import MeasuredMonth, measured_month
from strava_assets.training.schema import ACTIVITY_EFFORTS, ACTIVITY_LOAD
from strava_assets_tests.training.tables import activities, activity, measure, ride, samples


class Month:
    """A month as it is kept: rows, and what was read of their samples."""

    def __init__(self) -> None:
        self.before: tuple[pa.Table, pa.Table] | None = None
        self.read: list[int] = []

    def run(self, *rows: dict[str, Any], force: bool = False) -> MeasuredMonth:
        def some(wanted: pa.Array) -> pa.Table:
            self.read = wanted.to_pylist()
            return samples(*(row for row in rows if row["activity_id"] in self.read))

        self.read = []
        made = measured_month(activities(*rows), some, self.before, force)
        if made.efforts is not None and made.load is not None:
            self.before = made.efforts, made.load
        return made


def test_only_what_is_new_or_different_is_measured() -> None:
    month, rows = Month(), [ride(n, n, watts=100.0 + n) for n in range(1, 4)]
    first = month.run(*rows)
    assert (first.measured, first.reused, month.read) == (3, 0, [1, 2, 3])
    assert month.run(*rows) == MeasuredMonth(None, None, 0, 3)
    assert month.read == []
    changed = [rows[0], rows[1] | {"fingerprint": "another", "channels": {"watts": 300.0}}, ride(9, 9, watts=50.0)]
    again = month.run(*changed)
    assert (again.measured, again.reused, month.read) == (2, 1, [2, 9])
    assert again.efforts == Month().run(*changed).efforts
    assert again.load == Month().run(*changed).load
    # one that is gone is gone
    assert month.run(changed[0]).measured == 0
    assert month.before is not None
    assert set(month.before[0]["activity_id"].to_pylist()) == {1}
    assert month.run(changed[0], force=True).measured == 1
    month.run()
    assert [table.num_rows for table in month.before] == [0, 0]


def test_a_new_version_measures_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    month = Month()
    month.run(ride(1, watts=100.0))
    monkeypatch.setattr("strava_assets.training.measures.VERSION", "another")
    assert month.run(ride(1, watts=100.0)).measured == 1


def test_an_even_hour() -> None:
    efforts, load = measure(ride(7, 0.98, watts=200.0, beats=140.4))
    assert (efforts.schema, load.schema) == (ACTIVITY_EFFORTS, ACTIVITY_LOAD)
    assert efforts["effort"].to_pylist()[-1] == "60 min"
    assert set(efforts["watts"].to_pylist()) == {200.0}
    (row,) = load.drop(["fingerprint"]).to_pylist()
    assert row.pop("start_time").hour == 6
    assert row == {
        "activity_id": 7,
        "athlete_id": 1,
        "day": date(2024, 3, 5),  # 6:31 UTC is 7:31 there
        "sport_type": "Ride",
        "discipline": "ride",
        "distance": 10_000.0,
        "recorded_seconds": 3600.0,
        "power_seconds": 3600.0,
        "work": pytest.approx(720_000.0),
        "normalized_power": pytest.approx(200.0),
        "heartrate_seconds": 3600.0,
        "heartrate_held": 140.0,
        "heartrates": [140],
        "seconds_at_heartrate": [3600.0],
    }


def test_the_day_is_the_local_one() -> None:
    _, load = measure(
        activity(1, 0.7, utc_offset=3600.0),  # 23:48 UTC
        activity(2, 0.7, utc_offset=-7200.0),
        activity(3, 0.7, utc_offset=None),
    )
    assert load["day"].to_pylist() == [date(2024, 3, 5), date(2024, 3, 4), date(2024, 3, 4)]


def test_an_activity_without_samples_has_a_row_that_says_so() -> None:
    efforts, load = measure(activity(1, sport="WeightTraining", distance=None))
    assert efforts.num_rows == 0
    (row,) = load.to_pylist()
    assert row["recorded_seconds"] == 0.0
    assert [row[name] for name in ("distance", "normalized_power", "heartrate_held")] == [None, None, None]
    assert row["heartrates"] == []


def test_pace_is_told_of_feet_only() -> None:
    channels = {"distance": np.arange(3600) * 3.0}
    rows = [activity(n, sport=sport, seconds=3600, channels=channels) for n, sport in enumerate(("Ride", "Hike"))]
    efforts, _ = measure(*rows)
    assert set(efforts["activity_id"].to_pylist()) == {1}
    assert efforts["effort"].to_pylist() == ["400 m", "1/2 mile", "1 km", "1 mile", "5 km", "10 km"]
    assert efforts["watts"].null_count == 6


@pytest.mark.parametrize(
    "channels",
    [
        {"watts": 65535.0, "heartrate": 255.0},
        {"watts": math.nan, "heartrate": 0.0, "distance": math.nan},
        {"time": 5.0, "watts": 200.0, "heartrate": 150.0, "distance": 3.0},
        {"time": math.nan, "watts": 200.0, "heartrate": 150.0},
        {"time": np.arange(100.0)[::-1], "watts": math.nan, "distance": np.arange(100.0)[::-1] * 50},
        {"time": np.where(np.arange(100) % 2, 2e9, np.arange(100.0)), "distance": 0.0},
        {"distance": np.tile([0.0, 1e8], 50), "heartrate": -1.0},
    ],
    ids=["invalid", "unknown", "one moment", "no clock", "backwards", "years", "teleport"],
)
def test_bad_input_is_no_effort_and_no_trouble_to_others(channels: dict[str, Any]) -> None:
    good = activity(2, sport="Run", seconds=600, channels={"distance": np.arange(600) * 3.0, "watts": 200.0})
    alone = measure(good)
    bad = activity(1, sport="Run", seconds=100, channels=channels)
    efforts, load = measure(bad, good, activity(3) | {"seconds": 100, "channels": channels})
    assert efforts.equals(alone[0])
    assert load.slice(1, 1).equals(alone[1])
    assert load["normalized_power"].to_pylist()[0] is None
