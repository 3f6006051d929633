"""What all activities together say: loads by the threshold of the day, days, records, Eddington numbers, streaks.

What belongs here: from the months' ``activity_efforts`` and ``activity_load`` to the whole tables of ``schema``.
What does not: samples (``measures``), where tables are kept (``keeping``). Everything is made anew each time: one
old ride may change the thresholds of a season, and all of it takes less than a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from strava_assets.training import eddington, load, streaks
from strava_assets.training.schema import WHOLE

#: Counts up whenever the same measures come to something different.
VERSION = "1"
#: Threshold power is this share of the best 20 minutes of so many days. H. Allen and A. Coggan, *Training and Racing
#: with a Power Meter*, 2nd ed. 2010, ch. 3.
_SHARE, _TEST, _RECENT = 0.95, "20 min", "90D"
#: The highest heart rate is looked for in so many days; one activity alone is not believed: straps err.
_YEARS = "730D"
#: Power, or the heart rate, counts where it is known for this share of what was recorded.
_ENOUGH = 0.5
#: Periods of streaks, in days.
_PERIODS = {"day": 1, "week": 7}

#: From which local day on which threshold power, watts, by our athlete id.
Told = Mapping[int, Iterable[tuple[date, float]]]


def figures(efforts: pa.Table, measures: pa.Table, told: Told, resting: float) -> dict[str, pa.Table]:
    """Every whole table, by name.

    Parameters
    ----------
    efforts, measures : pa.Table
        ``activity_efforts`` and ``activity_load`` of all months.
    told : mapping of int to iterable of (date, float)
        Threshold power of rides that athletes have told Strava, watts, and since when.
    resting : float
        Resting heart rate, beats a minute.
    """
    activities = measures.drop(["heartrates", "seconds_at_heartrate", "fingerprint"]).to_pandas()
    activities["day"] = pd.to_datetime(activities["day"])
    activities = activities.sort_values(["athlete_id", "start_time", "activity_id"], ignore_index=True)
    found = efforts.to_pandas()
    loads = _loads(activities, found, measures, told, resting)
    frames = {
        "training_loads": loads,
        "training_days": _days(loads),
        "training_bests": _bests(activities, found),
        "training_eddington": _eddington(activities),
        "training_streaks": _streaks(activities),
    }
    return {name: _table(frames[name], schema) for name, schema in WHOLE.items()}


def _table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    if frame.empty:
        return schema.empty_table()
    columns = frame.reindex(columns=schema.names)
    return pa.Table.from_pandas(columns, schema, preserve_index=False, safe=False).replace_schema_metadata(None)


def _loads(
    activities: pd.DataFrame, efforts: pd.DataFrame, measures: pa.Table, told: Told, resting: float
) -> pd.DataFrame:
    """``training_loads``: power where it was measured, else the heart."""
    table = activities.copy()
    from_profile, estimated = _told_on(table, told), _SHARE * _best_of_late(table, efforts)
    table["threshold_power"] = from_profile.fillna(estimated)
    table["threshold_from"] = _first_known(profile=from_profile, best_20_min=estimated)
    table["intensity"], stress = load.stress_from_power(
        *(table[name].to_numpy() for name in ("power_seconds", "normalized_power", "threshold_power"))
    )
    table["stress_from_power"] = pd.Series(stress).where(table["power_seconds"] >= _ENOUGH * table["recorded_seconds"])
    table["resting_heartrate"], table["highest_heartrate"] = resting, _highest_rate(table)
    rates, seconds = (measures[name].combine_chunks() for name in ("heartrates", "seconds_at_heartrate"))
    row = pd.Series(table.index, index=table["activity_id"])[measures["activity_id"].to_numpy()].to_numpy()
    heart = load.stress_from_heart(
        rates.flatten().to_numpy().astype(float),
        seconds.flatten().to_numpy().astype(float),
        np.repeat(row, rates.value_lengths().to_numpy()),
        table["resting_heartrate"].to_numpy(float),
        table["highest_heartrate"].to_numpy(float),
    )
    table["stress_from_heart"] = pd.Series(heart).where(
        table["heartrate_seconds"] >= _ENOUGH * table["recorded_seconds"]
    )
    table["load"] = table["stress_from_power"].fillna(table["stress_from_heart"])
    table["load_from"] = _first_known(power=table["stress_from_power"], heart_rate=table["stress_from_heart"])
    return table


def _told_on(table: pd.DataFrame, told: Told) -> pd.Series:
    """The threshold power that each ride's athlete had told by its day; NaN where none."""
    found = pd.Series(np.nan, table.index)
    for athlete, entries in told.items():
        theirs = (table["athlete_id"] == athlete) & (table["discipline"] == "ride")
        for since, watts in sorted(entries):
            found[theirs & (table["day"] >= pd.Timestamp(since))] = watts
    return found


def _best_of_late(table: pd.DataFrame, efforts: pd.DataFrame) -> pd.Series:
    """The best 20 minutes of the last days up to and with each activity, of the same discipline; watts."""
    tests = efforts[(efforts["kind"] == "power") & (efforts["effort"] == _TEST)].set_index("activity_id")["watts"]
    best = table["activity_id"].map(tests)
    found = pd.Series(np.nan, table.index)
    for rows in table.groupby(["athlete_id", "discipline"]).groups.values():
        lately = pd.Series(best[rows].to_numpy(float), pd.DatetimeIndex(table.loc[rows, "start_time"]))
        found[rows] = lately.rolling(_RECENT, min_periods=1).max().to_numpy()
    return found


def _highest_rate(table: pd.DataFrame) -> pd.Series:
    """The second highest rate that was held within the years up to and with each activity; of one alone its own."""
    found = pd.Series(np.nan, table.index)
    felt = table[table["heartrate_held"].notna()]
    for rows in felt.groupby("athlete_id").groups.values():
        held = pd.Series(felt.loc[rows, "heartrate_held"].to_numpy(), pd.DatetimeIndex(felt.loc[rows, "start_time"]))
        found[rows] = held.rolling(_YEARS, min_periods=1).apply(_second_highest, raw=True).to_numpy()
    return found


def _second_highest(values: load.Array) -> float:
    return float(np.partition(values, -2)[-2] if len(values) > 1 else values[0])


def _first_known(**columns: pd.Series) -> pd.Series:
    """The name of the first column that knows a value in each row."""
    names = [name.replace("_", " ") for name in columns]
    known = np.column_stack([column.notna() for column in columns.values()])
    return pd.Series(np.where(known.any(axis=1), np.array(names)[known.argmax(axis=1)], None))


def _days(loads: pd.DataFrame) -> pd.DataFrame:
    """``training_days``: every day from an athlete's first activity to the last."""
    frames = []
    for athlete, theirs in loads.groupby("athlete_id"):
        by_day = theirs.groupby("day")["load"].agg(load="sum", known="count", activities="size")
        by_day = by_day.reindex(pd.date_range(by_day.index[0], by_day.index[-1], name="day"), fill_value=0)
        chronic, acute, form = load.chronic_and_acute(by_day["load"].to_numpy(float))
        by_day = by_day.assign(
            athlete_id=athlete,
            without_load=by_day["activities"] - by_day["known"],
            chronic_load=chronic,
            acute_load=acute,
            form=form,
        )
        frames.append(by_day.reset_index())
    return _joined(frames)


def _bests(activities: pd.DataFrame, efforts: pd.DataFrame) -> pd.DataFrame:
    """``training_bests``: of equal ones the first."""
    found = efforts.merge(activities[["activity_id", "discipline", "day", "start_time"]], on="activity_id")
    found["worse"] = np.where(found["kind"] == "power", -found["watts"], found["seconds"])
    found = found.sort_values(["athlete_id", "discipline", "kind", "worse", "start_time"])
    found = found.drop_duplicates(["athlete_id", "discipline", "kind", "effort"])
    return found.sort_values(["athlete_id", "discipline", "kind", "seconds"])


def _eddington(activities: pd.DataFrame) -> pd.DataFrame:
    """``training_eddington``: how far to each number."""
    frames = []
    for (athlete, discipline), theirs in activities.groupby(["athlete_id", "discipline"]):
        by_day = theirs.groupby("day")["distance"].sum()
        for unit, length in eddington.UNITS.items():
            days, reached = eddington.levels(by_day.to_numpy(float), length)
            on = by_day.index.to_series().reset_index(drop=True).reindex(reached)
            frames.append(
                pd.DataFrame({"number": np.arange(1, len(days) + 1), "days": days, "reached": on.to_numpy()}).assign(
                    athlete_id=athlete, discipline=discipline, unit=unit
                )
            )
    return _joined(frames)


def _streaks(activities: pd.DataFrame) -> pd.DataFrame:
    """``training_streaks``: whatever the sport."""
    frames = []
    for athlete, theirs in activities.groupby("athlete_id"):
        for period, span in _PERIODS.items():
            first, last, length = streaks.streaks(theirs["day"].to_numpy("datetime64[D]"), span)
            frames.append(
                pd.DataFrame({"first": first, "last": last, "length": length}).assign(athlete_id=athlete, period=period)
            )
    return _joined(frames)


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
