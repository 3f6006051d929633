"""Where training figures are kept, and bringing them up to date.

What belongs here: reading and writing them in the private store. What does not: computing them (``measures``,
``figures``), Dagster.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from strava_assets.stores import Store
from strava_assets.tables import encode, if_any, key_of, months_of
from strava_assets.training.figures import Told, figures
from strava_assets.training.measures import ACTIVITY_COLUMNS, SAMPLE_COLUMNS, MeasuredMonth, measured_month
from strava_assets.training.schema import ACTIVITY_EFFORTS, ACTIVITY_LOAD

#: What stands for a month in the key of a table that is made from all of them.
ALL = "all"
#: The months' tables; the second one's fingerprints tell what both were made from.
EFFORTS, LOAD = "activity_efforts", "activity_load"


@dataclass
class Refreshed:
    """Rows of every whole table, and how many tables are other than they were."""

    rows: dict[str, int] = field(default_factory=dict)
    written: int = 0


def measure_month(store: Store, month: str, force: bool = False) -> MeasuredMonth | None:
    """What a month's activities are measured as now; None where there is no such month.

    Raises
    ------
    DamagedTable
        A typed table cannot be read.
    StoreUnavailable
    """
    typed, samples, efforts, load = (
        months_of(store, table, [month]) for table in ("activities", "activity_streams", EFFORTS, LOAD)
    )
    if month not in typed:
        return None
    before = (if_any(efforts.read, month), if_any(load.read, month))
    known = _is_ours(before[0], ACTIVITY_EFFORTS) and _is_ours(before[1], ACTIVITY_LOAD)
    return measured_month(
        typed.read(month, ACTIVITY_COLUMNS),
        lambda wanted: samples.read(month, SAMPLE_COLUMNS, activities=wanted),
        before if known else None,
        force,
    )


def refresh_figures(store: Store, told: Told, resting: float) -> Refreshed:
    """Make every whole table anew from all months; one that comes out the same is not written.

    Months that an earlier version of the program measured in other columns are left out: they were asked for again.

    Parameters
    ----------
    store : Store
    told, resting
        As of `figures`.

    Raises
    ------
    DamagedTable
        A month's table cannot be read; nothing is written.
    StoreUnavailable
    """
    made = figures(_whole(store, EFFORTS, ACTIVITY_EFFORTS), _whole(store, LOAD, ACTIVITY_LOAD), told, resting)
    report = Refreshed()
    for name, table in made.items():
        report.rows[name] = table.num_rows
        data, key = encode(table), key_of(name, ALL)
        if not store.exists(key) or store.read(key) != data:
            store.write(key, data)
            report.written += 1
    return report


def _whole(store: Store, name: str, schema: pa.Schema) -> pa.Table:
    months = months_of(store, name)
    tables = (months[month] for month in months)
    return pa.concat_tables([schema.empty_table(), *(table for table in tables if _is_ours(table, schema))])


def _is_ours(table: pa.Table | None, schema: pa.Schema) -> bool:
    return table is not None and table.schema.equals(schema)
