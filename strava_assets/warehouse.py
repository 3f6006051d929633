"""The warehouse in DuckDB: private, complete, one file.

What belongs here: loading typed tables into it. What does not: anything that is published.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa

from strava_assets.errors import StoreUnavailable
from strava_assets.schema import ACTIVITIES
from strava_assets.stores import Store
from strava_assets.tables import months_of


def load_activities(store: Store, path: Path) -> int:
    """Replace the file by one whose table ``strava_activities`` holds every typed activity, or leave it as it was.

    Parameters
    ----------
    store : Store
        The private store.
    path : Path
        The DuckDB file; readable by its owner only. It may be open for reading meanwhile.

    Returns
    -------
    int
        Rows.
    """
    months = months_of(store, "activities")
    activities = pa.concat_tables([ACTIVITIES.empty_table(), *(months[month] for month in months)])
    # a file of its own until it is whole: whoever reads the old one, or writes another, holds DuckDB's lock on it
    try:
        with tempfile.TemporaryDirectory(prefix=".tmp-", dir=path.parent) as folder:  # mode 700
            fresh = Path(folder) / path.name
            with duckdb.connect(str(fresh)) as connection:
                connection.register("typed", activities)
                connection.execute("create table strava_activities as select * from typed order by start_time")
            fresh.chmod(0o600)
            os.replace(fresh, path)
    except (duckdb.Error, OSError) as error:
        raise StoreUnavailable(f"cannot write {path.name}: {str(error).splitlines()[0][:160]}") from error
    return activities.num_rows
