"""The tables of training figures: column names, types, units.

What belongs here: Arrow schemas and, for people, what a column holds. What does not: filling them.

Months (``tables/<name>/YYYY-MM.parquet`` in the private store), in which a row is made from one activity alone:
``activity_efforts`` and ``activity_load``. Whole ones (``tables/<name>/all.parquet``), made from all months:
``training_loads``, ``training_days``, ``training_bests``, ``training_eddington``, ``training_streaks``.
"""

from __future__ import annotations

import pyarrow as pa

#: One row an activity and standard time or distance that it holds.
ACTIVITY_EFFORTS = pa.schema(
    [
        ("activity_id", pa.int64()),
        ("athlete_id", pa.int64()),
        ("kind", pa.string()),
        ("effort", pa.string()),
        ("distance", pa.float64()),
        ("seconds", pa.float64()),
        ("watts", pa.float64()),
        ("start", pa.float64()),
    ]
)
#: One row an activity: what its load is made of.
ACTIVITY_LOAD = pa.schema(
    [
        ("activity_id", pa.int64()),
        ("athlete_id", pa.int64()),
        ("start_time", pa.timestamp("us", tz="UTC")),
        ("day", pa.date32()),
        ("sport_type", pa.string()),
        ("discipline", pa.string()),
        ("distance", pa.float64()),
        ("recorded_seconds", pa.float64()),
        ("power_seconds", pa.float64()),
        ("work", pa.float64()),
        ("normalized_power", pa.float64()),
        ("heartrate_seconds", pa.float64()),
        ("heartrate_held", pa.float64()),
        ("heartrates", pa.list_(pa.int16())),
        ("seconds_at_heartrate", pa.list_(pa.float32())),
        ("fingerprint", pa.string()),
    ]
)
#: One row an activity: its load, and what it was judged by.
TRAINING_LOADS = pa.schema(
    [
        ("activity_id", pa.int64()),
        ("athlete_id", pa.int64()),
        ("start_time", pa.timestamp("us", tz="UTC")),
        ("day", pa.date32()),
        ("sport_type", pa.string()),
        ("discipline", pa.string()),
        ("load", pa.float64()),
        ("load_from", pa.string()),
        ("normalized_power", pa.float64()),
        ("threshold_power", pa.float64()),
        ("threshold_from", pa.string()),
        ("intensity", pa.float64()),
        ("stress_from_power", pa.float64()),
        ("stress_from_heart", pa.float64()),
        ("highest_heartrate", pa.float64()),
        ("resting_heartrate", pa.float64()),
    ]
)
#: One row an athlete and day, from the first activity to the last.
TRAINING_DAYS = pa.schema(
    [
        ("athlete_id", pa.int64()),
        ("day", pa.date32()),
        ("activities", pa.int32()),
        ("without_load", pa.int32()),
        ("load", pa.float64()),
        ("chronic_load", pa.float64()),
        ("acute_load", pa.float64()),
        ("form", pa.float64()),
    ]
)
#: One row an athlete, discipline and standard time or distance: the best ever.
TRAINING_BESTS = pa.schema(
    [
        ("athlete_id", pa.int64()),
        ("discipline", pa.string()),
        ("kind", pa.string()),
        ("effort", pa.string()),
        ("distance", pa.float64()),
        ("seconds", pa.float64()),
        ("watts", pa.float64()),
        ("day", pa.date32()),
        ("activity_id", pa.int64()),
    ]
)
#: One row an athlete, discipline, unit and whole number of units, up to the longest day.
TRAINING_EDDINGTON = pa.schema(
    [
        ("athlete_id", pa.int64()),
        ("discipline", pa.string()),
        ("unit", pa.string()),
        ("number", pa.int32()),
        ("days", pa.int32()),
        ("reached", pa.date32()),
    ]
)
#: One row an athlete and streak.
TRAINING_STREAKS = pa.schema(
    [
        ("athlete_id", pa.int64()),
        ("period", pa.string()),
        ("first", pa.date32()),
        ("last", pa.date32()),
        ("length", pa.int32()),
    ]
)

#: The tables that are made from all months, by name.
WHOLE = {
    "training_loads": TRAINING_LOADS,
    "training_days": TRAINING_DAYS,
    "training_bests": TRAINING_BESTS,
    "training_eddington": TRAINING_EDDINGTON,
    "training_streaks": TRAINING_STREAKS,
}

#: What columns hold, for people.
NOTES = {
    "activity_id": "ours, not Strava's",
    "kind": "power or pace",
    "effort": "5 s … 60 min, or 400 m … marathon",
    "distance": "m",
    "seconds": "s, by the clock",
    "watts": "W, mean",
    "start": "when it began: s since the activity's start",
    "day": "local day",
    "discipline": "ride, e-bike, run, walk, or the sport itself",
    "recorded_seconds": "s, without gaps",
    "power_seconds": "s of known power",
    "work": "J",
    "normalized_power": "W (Coggan)",
    "heartrate_seconds": "s of known heart rate",
    "heartrate_held": "bpm, the highest that was held for 10 s",
    "heartrates": "bpm, those that there were",
    "seconds_at_heartrate": "s at each of them",
    "load": "100 is an hour at threshold; null where neither power nor heart rate is known",
    "load_from": "power or heart rate",
    "threshold_power": "W, functional threshold power on that day",
    "threshold_from": "profile, or best 20 min",
    "intensity": "normalized power by threshold power",
    "stress_from_power": "TSS (Coggan)",
    "stress_from_heart": "TRIMP (Banister), scaled as TSS is",
    "highest_heartrate": "bpm, the second highest that an activity held within two years",
    "resting_heartrate": "bpm, the setting",
    "without_load": "activities of which no load is known",
    "chronic_load": "decays over 42 days: fitness",
    "acute_load": "decays over 7 days: fatigue",
    "form": "yesterday's chronic less yesterday's acute load",
    "unit": "km or mile",
    "days": "on which at least so many units were covered",
    "reached": "the day on which the Eddington number became this; null if it has not",
    "period": "day or week",
    "first": "day, or Monday of the week",
    "last": "day, or Monday of the week",
    "length": "periods one after the other",
}
