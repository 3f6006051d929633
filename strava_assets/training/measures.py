"""What is measured of one activity alone: a month's best efforts, and what its loads are made of.

What belongs here: from typed tables to ``schema.ACTIVITY_EFFORTS`` and ``ACTIVITY_LOAD``, and the reuse of what did
not change. What does not: anything that hangs on other activities, as a threshold does (``figures``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from strava_assets.sports import discipline, is_foot
from strava_assets.training.best_efforts import DISTANCES, DURATIONS, best_powers, best_times, by_second
from strava_assets.training.load import (
    highest_held,
    normalized_power,
    seconds_by_heart_rate,
    seconds_of_power,
)
from strava_assets.training.recorded import Array, Indices, recorded
from strava_assets.training.schema import ACTIVITY_EFFORTS, ACTIVITY_LOAD

#: Counts up whenever the same samples are measured differently.
VERSION = "1"
#: What is read of an activity, and of its samples.
ACTIVITY_COLUMNS = ["activity_id", "athlete_id", "sport_type", "start_time", "utc_offset", "distance", "fingerprint"]
SAMPLE_COLUMNS = ["activity_id", "time", "distance", "heartrate", "watts"]


@dataclass(frozen=True)
class MeasuredMonth:
    """A month's tables, or None where they are what they were."""

    efforts: pa.Table | None
    load: pa.Table | None
    measured: int
    reused: int


def measured_month(
    activities: pa.Table,
    samples: Callable[[pa.Array], pa.Table],
    before: tuple[pa.Table, pa.Table] | None,
    force: bool = False,
) -> MeasuredMonth:
    """Measure what is new or different in a month.

    Parameters
    ----------
    activities : pa.Table
        `ACTIVITY_COLUMNS` of ``schema.ACTIVITIES``.
    samples : callable
        Gives `SAMPLE_COLUMNS` of ``schema.STREAMS`` for some activities, each one's in recorded order.
    before : (efforts, load), optional
        The month's tables as they are now.
    force : bool
        Measure everything again.
    """
    prints = pc.binary_join_element_wise(VERSION, activities["fingerprint"], "|")
    activities = activities.set_column(activities.schema.get_field_index("fingerprint"), "fingerprint", prints)
    kept = pa.array([], pa.int64())
    if before is not None and not force:
        same = pc.is_in(before[1]["fingerprint"], prints.combine_chunks())
        kept = before[1].filter(same)["activity_id"].combine_chunks()
    fresh = activities.filter(pc.invert(pc.is_in(activities["activity_id"], kept)))
    if before is not None and not fresh.num_rows and len(kept) == before[1].num_rows:
        return MeasuredMonth(None, None, 0, len(kept))
    efforts, load = measured(fresh, samples(fresh["activity_id"].combine_chunks()))
    if before is not None:
        efforts, load = (
            pa.concat_tables([new, old.filter(pc.is_in(old["activity_id"], kept))])
            for new, old in zip((efforts, load), before, strict=True)
        )
    return MeasuredMonth(
        efforts.sort_by([("activity_id", "ascending"), ("kind", "ascending"), ("seconds", "ascending")]),
        load.sort_by("activity_id"),
        fresh.num_rows,
        len(kept),
    )


def measured(activities: pa.Table, samples: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Best efforts, and what loads are made of, of all these activities.

    Parameters
    ----------
    activities, samples : pa.Table
        As of `measured_month`.

    Returns
    -------
    efforts, load : pa.Table
        ``schema.ACTIVITY_EFFORTS`` and ``ACTIVITY_LOAD``.
    """
    ids = activities["activity_id"].to_numpy()
    count, order = len(ids), np.argsort(ids)
    owner = order[np.searchsorted(ids[order], samples["activity_id"].to_numpy())] if count else np.empty(0, np.int64)
    time, metres, beats, watts = (
        samples[name].to_numpy().astype(float) for name in ("time", "distance", "heartrate", "watts")
    )
    ours = recorded(owner, time, count)
    seconds = by_second(ours, watts)
    power = best_powers(seconds, ours.usual)

    foot = np.array([is_foot(sport) for sport in activities["sport_type"].to_pylist()], bool)
    on_foot = np.flatnonzero(foot[owner] & np.isfinite(metres))
    pace = best_times(recorded(owner[on_foot], time[on_foot], count), metres[on_foot])

    efforts = [
        _efforts(activities, "power", DURATIONS, power.activity, power.effort, power.start)
        | {"seconds": np.array([*DURATIONS.values()], float)[power.effort], "watts": power.value},
        _efforts(activities, "pace", DISTANCES, pace.activity, pace.effort, pace.start)
        | {"distance": np.array([*DISTANCES.values()])[pace.effort], "seconds": pace.value},
    ]
    by_rate = seconds_by_heart_rate(ours, beats)
    which, rate = np.nonzero(by_rate)
    offsets = np.searchsorted(which, np.arange(count + 1)).astype(np.int32)
    known, work = seconds_of_power(seconds, count)
    local = pc.add(
        activities["start_time"],
        pc.cast(pc.multiply(pc.fill_null(activities["utc_offset"], 0.0), 1e6), pa.int64(), safe=False).cast(
            pa.duration("us")
        ),
    )
    load = {
        **{name: activities[name] for name in ("activity_id", "athlete_id", "start_time", "sport_type", "distance")},
        "day": pc.cast(local, pa.date32(), safe=False),
        "discipline": pa.array([discipline(sport) for sport in activities["sport_type"].to_pylist()], pa.string()),
        "recorded_seconds": np.bincount(ours.activity, ours.hold, count),
        "power_seconds": known,
        "work": work,
        "normalized_power": normalized_power(seconds, count),
        "heartrate_seconds": by_rate.sum(axis=1),
        "heartrate_held": highest_held(by_rate),
        "heartrates": pa.ListArray.from_arrays(offsets, pa.array(rate, pa.int16())),
        "seconds_at_heartrate": pa.ListArray.from_arrays(offsets, pa.array(by_rate[which, rate], pa.float32())),
        "fingerprint": activities["fingerprint"],
    }
    return (
        pa.concat_tables([_table(rows, ACTIVITY_EFFORTS) for rows in efforts]),
        _table(load, ACTIVITY_LOAD),
    )


def _efforts(
    activities: pa.Table,
    kind: str,
    names: dict[str, int] | dict[str, float],
    owner: Indices,
    effort: Indices,
    start: Array,
) -> dict[str, Any]:
    return {
        "activity_id": activities["activity_id"].to_numpy()[owner],
        "athlete_id": activities["athlete_id"].to_numpy()[owner],
        "kind": pa.array([kind] * len(owner), pa.string()),
        "effort": pa.array([*names], pa.string()).take(pa.array(effort)),
        "start": start,
    }


def _table(columns: dict[str, Any], schema: pa.Schema) -> pa.Table:
    """A table of these columns; those left out, and what is NaN, are null."""
    rows = len(columns["activity_id"])
    arrays = []
    for field in schema:
        values = columns.get(field.name)
        if values is None:
            values = pa.nulls(rows, field.type)
        elif isinstance(values, np.ndarray):
            values = pa.array(values, field.type, from_pandas=True)
        arrays.append(values)
    return pa.table(arrays, schema=schema)
