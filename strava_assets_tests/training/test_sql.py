"""The warehouse's views of training figures, in DuckDB, over tables as the months hold them."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from strava_assets.training.figures import figures
from strava_assets_tests.training.tables import activity, measure, ride

VIEWS = Path(__file__).parents[2] / "sql" / "warehouse"
#: The database's, whose clock may be in another zone.
TODAY: date = duckdb.sql("select current_date").fetchall()[0][0]
OURS = ("best_efforts", "eddington", "power_curve", "streaks", "training_load")


def warehouse(*rows: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    efforts, load = measure(*rows)
    connection = duckdb.connect()
    for name, table in (
        figures(efforts, load, {}, 60.0) | {"activity_efforts": efforts, "activity_load": load}
    ).items():
        connection.register("typed", table)
        connection.execute(f"create table {name} as select * from typed")
        connection.unregister("typed")
    for name in OURS:
        connection.execute(f"create view {name} as {(VIEWS / f'{name}.sql').read_text()}")
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return connection.execute(query).fetchall()


def since(day: int) -> float:
    """So many days ago, as days after the first of the tests' days."""
    return float((TODAY - date(2024, 3, 4)).days - day)


def test_the_ten_best_are_in_order() -> None:
    rides = [ride(n, n, 100.0 + n, seconds=1300) for n in range(12)]
    run = activity(50, 3, "Run", seconds=1500, channels={"distance": np.arange(1500) * 4.0})
    connection = warehouse(*rides, run)
    found = rows_of(
        connection, "select place, watts, activity_id from best_efforts where effort = '20 min' order by place"
    )
    assert [row[0] for row in found] == [*range(1, 11)]
    assert [row[2] for row in found] == [*range(11, 1, -1)]
    assert rows_of(connection, "select speed, day from best_efforts where effort = '5 km'") == [
        (pytest.approx(4.0), date(2024, 3, 7))
    ]


def test_the_power_curve_knows_this_year_and_the_last_ninety_days() -> None:
    connection = warehouse(ride(1, since(800), 300.0), ride(2, since(89), 250.0), ride(3, since(1), 200.0))
    (row,) = rows_of(
        connection, "select watts, watts_in_90_days, watts_this_year from power_curve where effort = '5 min'"
    )
    this_year = [watts for watts, ago in ((250.0, 89), (200.0, 1)) if (TODAY - timedelta(days=ago)).year == TODAY.year]
    assert row == (300.0, 250.0, max(this_year, default=None))


def test_what_is_left_of_fitness_today() -> None:
    connection = warehouse(ride(1, since(30), 200.0), ride(2, since(20), 200.0))
    days = rows_of(
        connection, "select day, load, load_of_7_days, chronic_load, acute_load, form from training_load order by day"
    )
    assert len(days) == 12
    last, today = days[-2:]
    assert last[0] == TODAY - timedelta(days=20)
    assert today[:2] == (TODAY, 0.0)
    assert today[3] == pytest.approx(last[3] * math.exp(-20 / 42))
    assert today[4] == pytest.approx(last[4] * math.exp(-20 / 7))
    # as if the days between had been written down
    chronic, acute = last[3], last[4]
    for _ in range(19):
        chronic, acute = chronic * math.exp(-1 / 42), acute * math.exp(-1 / 7)
    assert today[5] == pytest.approx(chronic - acute)
    assert [row[2] for row in days[:8]] == pytest.approx([days[0][1]] * 7 + [0.0])


def test_a_day_that_is_today_is_there_once() -> None:
    connection = warehouse(ride(1, since(0) + 0.1, 200.0))
    assert rows_of(connection, "select count(*) from training_load") == [(1,)]


def test_the_eddington_number_and_what_the_next_one_takes() -> None:
    rides = [activity(n, n, distance=kilometres * 1000.0) for n, kilometres in enumerate((5, 1, 4, 3, 8))]
    connection = warehouse(*rides)
    found = rows_of(connection, "select unit, number, reached, days_to_next from eddington order by unit")
    assert found == [("km", 3, date(2024, 3, 7), 1), ("mile", 2, date(2024, 3, 6), 1)]


def test_the_longest_streak_and_the_present_one() -> None:
    old = [activity(n, n) for n in range(5)]
    now = [activity(20 + n, since(ago)) for n, ago in enumerate((1, 2))]
    connection = warehouse(*old, *now)
    (days,) = rows_of(
        connection, "select longest, longest_last, present, present_first from streaks where period = 'day'"
    )
    assert days == (5, date(2024, 3, 8), 2, TODAY - timedelta(days=2))
    (weeks,) = rows_of(connection, "select longest, present from streaks where period = 'week'")
    assert weeks[1] >= 1
    gone = warehouse(*old)
    assert rows_of(gone, "select present from streaks") == [(0,), (0,)]


def test_each_view_is_of_tables_that_there_are() -> None:
    assert {path.stem for path in VIEWS.glob("*.sql")} >= set(OURS)
    connection = warehouse()
    for name in OURS:
        assert rows_of(connection, f"select * from {name}") == []
