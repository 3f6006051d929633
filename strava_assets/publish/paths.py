"""The names of public files, as CONTRACT gives them; everything of a person lies below a folder of their public id."""

from __future__ import annotations

import re

ID = r"[0-9a-f]{16}"
#: The list of athletes, which is written with every map.
INDEX = "index.json"
CSV_PATH = re.compile(rf"^({ID})/streams/stream_({ID})\.csv$")
TOPOJSON_PATH = re.compile(rf"^({ID})/activities\.topojson$")
PERIODS_PATH = re.compile(rf"^({ID})/(weekly|quarterly)\.json$")
LAKE_ACTIVITIES_PATH = re.compile(rf"^({ID})/lake/activities/activities\.parquet$")
LAKE_SAMPLES_PATH = re.compile(rf"^({ID})/lake/samples/month=(\d{{4}}-\d{{2}})/samples\.parquet$")
SITE_PATH = re.compile(r"^(index\.html|config\.json|favicon\.\w+|assets/[\w.-]+)$")


def map_path(athlete: str) -> str:
    """Public path of an athlete's map, from the public id."""
    return f"{athlete}/activities.topojson"


def csv_path(athlete: str, activity: str) -> str:
    """Public path of an activity's CSV, from public ids."""
    return f"{athlete}/streams/stream_{activity}.csv"


def lake_activities_path(athlete: str) -> str:
    """Public path of an athlete's map as a table."""
    return f"{athlete}/lake/activities/activities.parquet"


def lake_samples_path(athlete: str, month: str) -> str:
    """Public path of the rows of an athlete's CSVs of one month as a table."""
    return f"{athlete}/lake/samples/month={month}/samples.parquet"


def is_lake(path: str) -> bool:
    """Whether a public file is one of the public lake's."""
    return bool(LAKE_ACTIVITIES_PATH.match(path) or LAKE_SAMPLES_PATH.match(path))


def is_leftover(path: str) -> bool:
    """Whether a file was being written when its process was killed."""
    return path.rsplit("/", 1)[-1].startswith(".tmp-")


def belongs_to_map(path: str) -> bool:
    """Whether a public file is made from the whole: a map, its figures, or the index."""
    return path == INDEX or path.endswith(("/activities.topojson", "/weekly.json", "/quarterly.json"))
