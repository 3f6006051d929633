"""What all activities come to: thresholds, days, records, and nobody's with anybody else's."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.training.figures import Told, figures
from strava_assets.training.schema import WHOLE
from strava_assets_tests.training import plainly
from strava_assets_tests.training.tables import FIRST, activity, measure, ride

FIRST_DAY = FIRST.date()


def made(*rows: dict[str, Any], told: Told | None = None, resting: float = 60.0) -> dict[str, pa.Table]:
    return figures(*measure(*rows), told or {}, resting)


def loads(*rows: dict[str, Any], **more: Any) -> dict[int, dict[str, Any]]:
    return {row["activity_id"]: row for row in made(*rows, **more)["training_loads"].to_pylist()}


def test_nothing_at_all_is_tables_without_rows() -> None:
    tables = made()
    assert {name: table.schema for name, table in tables.items()} == WHOLE
    assert {table.num_rows for table in tables.values()} == {0}


def test_the_threshold_is_the_best_twenty_minutes_of_ninety_days() -> None:
    rows = [ride(1, 0, 300.0), ride(2, 89.9, 200.0), ride(3, 90.1, 200.0), ride(4, 95, 100.0, seconds=600)]
    rows.append(ride(5, 94, 400.0, sport="Run"))  # of another discipline
    found = loads(*rows)
    assert {n: row["threshold_power"] for n, row in found.items()} == pytest.approx(
        {1: 285.0, 2: 285.0, 3: 190.0, 4: 190.0, 5: 380.0}
    )
    assert {row["threshold_from"] for row in found.values()} == {"best 20 min"}
    assert found[2]["intensity"] == pytest.approx(200 / 285)
    assert found[2]["load"] == pytest.approx(100 * (200 / 285) ** 2)
    assert found[2]["load_from"] == "power"


def test_what_an_athlete_told_counts_from_that_day_on_and_for_rides_alone() -> None:
    told = {1: [(FIRST_DAY + timedelta(days=20), 260.0), (FIRST_DAY + timedelta(days=10), 250.0)]}
    rows = [ride(n, day, 200.0) for n, day in ((1, 9), (2, 10), (3, 30), (6, 32))]
    found = loads(*rows, ride(4, 31, 400.0, sport="Run"), ride(5, 31, 100.0, athlete_id=2), told=told)
    assert {n: (row["threshold_power"], row["threshold_from"]) for n, row in found.items()} == {
        1: (pytest.approx(190.0), "best 20 min"),
        2: (250.0, "profile"),
        3: (260.0, "profile"),
        6: (260.0, "profile"),
        4: (pytest.approx(380.0), "best 20 min"),
        5: (pytest.approx(95.0), "best 20 min"),
    }


def test_without_power_the_heart_tells_and_without_both_nothing_does() -> None:
    half = np.where(np.arange(3600) < 1700, 200.0, np.nan)
    rows = [
        ride(1, 0, None, 180.0),
        ride(2, 1, None, 180.0),
        ride(3, 2, None, 60 + 0.85 * 120),
        ride(4, 3, half, 162.0),  # power of less than half of it
        ride(5, 4, None, np.where(np.arange(3600) < 1700, 150.0, np.nan)),
        activity(6, 5),
    ]
    found = loads(*rows)
    assert {n: row["load_from"] for n, row in found.items()} == {
        1: "heart rate",
        2: "heart rate",
        3: "heart rate",
        4: "heart rate",
        5: None,
        6: None,
    }
    assert found[3]["load"] == pytest.approx(100.0)
    assert found[4]["load"] == pytest.approx(100.0)
    assert found[4]["stress_from_power"] is None
    assert found[6]["load"] is None
    assert loads(rows[0], rows[1], rows[2], resting=50.0)[3]["load"] > 100.0


def test_one_strap_that_erred_is_not_the_highest_heart_rate() -> None:
    rows = [ride(1, 0, None, 150.0), ride(2, 1, None, 230.0), ride(3, 2, None, 181.0), ride(4, 740, None, 140.0)]
    found = loads(*rows)
    assert [row["highest_heartrate"] for row in found.values()] == [150.0, 150.0, 181.0, 140.0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([None, 100.0, 250.0])), min_size=1, max_size=12))
def test_days_are_all_days_and_hold_what_their_activities_do(rides: list[tuple[int, float | None]]) -> None:
    tables = made(*(ride(n, day, watts, seconds=1500) for n, (day, watts) in enumerate(rides)))
    each = tables["training_loads"].to_pandas()
    days = tables["training_days"].to_pandas()
    first, last = min(day for day, _ in rides), max(day for day, _ in rides)
    expected = [FIRST_DAY + timedelta(days=day) for day in range(first, last + 1)]
    assert days["day"].tolist() == expected
    by_day = [each[each["day"] == day] for day in expected]
    assert days["activities"].tolist() == [len(rows) for rows in by_day]
    assert days["without_load"].tolist() == [rows["load"].isna().sum() for rows in by_day]
    assert days["load"].tolist() == pytest.approx([rows["load"].sum() for rows in by_day])
    chronic, acute = (plainly.loads(days["load"].tolist(), decay) for decay in (42, 7))
    assert days["chronic_load"].tolist() == pytest.approx(chronic)
    assert days["acute_load"].tolist() == pytest.approx(acute)


def test_records_are_of_one_discipline_and_the_first_of_equals() -> None:
    rows = [ride(1, 3, 200.0), ride(2, 1, 200.0), ride(3, 4, 190.0), ride(4, 5, 500.0, sport="EBikeRide")]
    run = activity(5, 6, "Run", seconds=1000, channels={"distance": np.arange(1000) * 4.0})
    walk = activity(6, 7, "Hike", seconds=1000, channels={"distance": np.arange(1000) * 1.0})
    bests = made(*rows, run, walk)["training_bests"].to_pandas()
    power = bests[(bests["effort"] == "20 min")].set_index("discipline")
    assert power["watts"].to_dict() == pytest.approx({"ride": 200.0, "e-bike": 500.0})
    assert power.loc["ride", ["activity_id", "day"]].tolist() == [2, date(2024, 3, 5)]
    pace = bests[bests["effort"] == "400 m"].set_index("discipline")["seconds"]
    assert pace.to_dict() == pytest.approx({"run": 100.0, "walk": 400.0})
    assert not bests.duplicated(["athlete_id", "discipline", "effort"]).any()


def test_a_days_rides_count_together_and_two_people_do_not() -> None:
    rows = [activity(n, day, distance=1500.0) for n, day in enumerate((0, 0.1, 1, 1.1))]
    other = [activity(10 + n, day, distance=2000.0, athlete_id=2) for n, day in enumerate((5, 5.1, 9))]
    tables = made(*rows, *other)
    levels = tables["training_eddington"].to_pandas()
    km = levels[levels["unit"] == "km"]
    assert km[km["athlete_id"] == 1][["number", "days", "reached"]].to_numpy().tolist() == [
        [1, 2, date(2024, 3, 4)],
        [2, 2, date(2024, 3, 5)],
        [3, 2, None],
    ]
    assert km[km["athlete_id"] == 2]["days"].tolist() == [2, 2, 1, 1]
    streaks = tables["training_streaks"].to_pandas()
    assert streaks[streaks["period"] == "day"][["athlete_id", "length"]].to_numpy().tolist() == [[1, 2], [2, 1], [2, 1]]
    assert tables["training_days"].to_pandas().groupby("athlete_id")["activities"].sum().to_dict() == {1: 4, 2: 3}


def test_the_order_in_which_months_come_changes_nothing() -> None:
    rows = [ride(n, 7 * n, 150.0 + 10 * n, 120.0 + n) for n in range(6)]
    efforts, load = measure(*rows)
    turned = np.arange(load.num_rows)[::-1]
    one, other = (
        figures(efforts, load, {}, 60.0),
        figures(efforts.take(np.arange(efforts.num_rows)[::-1]), load.take(turned), {}, 60.0),
    )
    assert one == other
