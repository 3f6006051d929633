"""Everything that a run needs and that takes long to load, loaded by importing this: for processes that are forked.

What belongs here: imports, and what they prepare once. What does not: a thread, a connection, an open file: forks would
share it.
"""

import dagster_postgres  # noqa: F401
import geopandas  # noqa: F401
import pyarrow.parquet  # noqa: F401
import requests  # noqa: F401
import topojson.ops  # noqa: F401

from strava_assets.database.connection import queries
from strava_assets.definitions import defs
from strava_assets.strava.client import warm

warm()
queries()
defs.get_repository_def().get_all_jobs()
