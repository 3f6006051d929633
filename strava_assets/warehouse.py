"""The warehouse in DuckDB: private, complete, one file.

What belongs here: loading typed tables into it. What does not: anything that is published.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from strava_assets.errors import StoreUnavailable
from strava_assets.schema import ACTIVITIES
from strava_assets.stores import Store
from strava_assets.tables import months_of


def load_activities(store: Store, path: Path) -> int:
    """Replace the table ``strava_activities`` by every typed activity, or leave it as it was.

    Parameters
    ----------
    store : Store
        The private store.
    path : Path
        The DuckDB file; made if missing, readable by its owner only.

    Returns
    -------
    int
        Rows.
    """
    months = months_of(store, "activities")
    activities = pa.concat_tables([ACTIVITIES.empty_table(), *(months[month] for month in months)])
    try:
        with duckdb.connect(str(path)) as connection:
            connection.register("typed", activities)
            connection.execute("create or replace table strava_activities as select * from typed order by start_time")
    except duckdb.IOException as error:
        raise StoreUnavailable(f"cannot write {path.name}: {str(error).splitlines()[0][:160]}") from error
    path.chmod(0o600)
    return activities.num_rows
