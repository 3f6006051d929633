"""Weeks and quarters once more, in pandas, from the typed tables: by nothing that the warehouse uses."""

from __future__ import annotations

import math
from typing import Any

import duckdb
import pandas as pd
import pytest

from strava_assets.stores import Store
from strava_assets.tables import months_of

SUMS = ["distance", "moving_time", "total_elevation_gain", "calories"]
MEANS = ["average_watts", "average_heartrate"]
#: What the lake takes from samples where a source has no figures, so that typed activities do not tell it.
FROM_SAMPLES, UNTOLD = [*SUMS, *MEANS], -1.0
#: Columns of the views by their period's first day.
PERIODS = {"iso_week_start": ("weekly", "W-SUN"), "quarter_start": ("quarterly", "Q-DEC")}


def typed(store: Store) -> pd.DataFrame:
    """Every typed activity with its local day."""
    months = months_of(store, "activities")
    rows = pd.concat([months[month].to_pandas() for month in months], ignore_index=True)
    local = rows["start_time"].dt.tz_localize(None) + pd.to_timedelta(rows["utc_offset"].fillna(0), unit="s")
    return rows.assign(day=local.dt.normalize())


def recomputed(rows: pd.DataFrame, start: str) -> dict[tuple[Any, ...], dict[str, float]]:
    """Figures by (first day, athlete, sport)."""
    period = rows["day"].dt.to_period(PERIODS[start][1]).dt.start_time.dt.date
    found = {}
    for key, group in rows.groupby([period, rows["athlete_id"], rows["sport_type"]]):
        figures: dict[str, float] = {"activities": len(group)}
        if (group[["distance", "moving_time"]].isna().any(axis=1) & (group["positions"] > 0)).any():
            found[key] = figures | dict.fromkeys(FROM_SAMPLES, UNTOLD)
            continue
        for name in SUMS:
            figures[name] = math.nan if group[name].isna().all() else float(group[name].sum())
        for name in MEANS:
            known = group[group[name].notna() & group["moving_time"].notna()]
            weight = known["moving_time"].sum()
            figures[name] = float((known[name] * known["moving_time"]).sum() / weight) if weight else math.nan
        found[key] = figures
    return found


def assert_same_figures(connection: duckdb.DuckDBPyConnection, store: Store) -> int:
    """Hold both views against pandas; how many periods there were."""
    rows, compared = typed(store), 0
    for start, (view, _) in PERIODS.items():
        expected = recomputed(rows, start)
        names = ["activities", *SUMS, *MEANS]
        answer = connection.execute(
            f"select {start}, athlete_id, sport_type, {', '.join(names)} from {view}"
        ).fetchall()
        assert {row[:3] for row in answer} == expected.keys()
        assert len(answer) == len(expected)
        for row in answer:
            told = [math.nan if value is None else value for value in row[3:]]
            wanted = [expected[row[:3]][name] for name in names]
            if UNTOLD in wanted:
                assert told[0] == wanted[0], row
                continue
            assert told == pytest.approx(wanted, rel=1e-9, nan_ok=True), row
        compared += len(answer)
    return compared
