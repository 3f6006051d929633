"""Tables of the public lake, held against the invariants, the map and the CSVs: nothing is in them that is not there.

The bytes are read by Parquet's own reader. What belongs here: what a file may have (columns, metadata), and that each
row is one of the map or of a public CSV. What does not: making the files (``public_lake``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from strava_assets import geoparquet
from strava_assets.arrow_memory import readable
from strava_assets.geoparquet import BBOX, BOX_TYPE, GEOMETRY
from strava_assets.privacy import invariants
from strava_assets.privacy.invariants import Finding
from strava_assets.privacy.tracks import Tracks
from strava_assets.publish import csv_files, topojson_decoder, topojson_file
from strava_assets.publish.judging.rules import Judgement, Map, Public, Rules
from strava_assets.publish.paths import LAKE_ACTIVITIES_PATH, LAKE_SAMPLES_PATH, csv_path
from strava_assets.publish.summaries import quarter_start, week_start
from strava_assets.publish.topojson_decoder import DecodedFeature, DecodedTopology

_DAY_COLUMNS = [(name, pa.date32()) for name in ("startDate", "iso_week_start", "quarter_start")]
_PLACE = [(GEOMETRY, pa.binary()), (BBOX, BOX_TYPE)]
_TEXTS = ("actID", "name", "type", "type_extended", "gear_name")
_FLAGS = ("has_heartrate", "private", "partly_hidden")
_OTHER_TYPES = dict.fromkeys(_TEXTS, pa.string()) | dict.fromkeys(_FLAGS, pa.bool_())
#: Properties that are columns of their own name and type.
PROPERTIES = tuple(name for name in topojson_file.PROPERTIES if name != "startDate")
#: What a file may have, in this order, and nothing else.
ACTIVITIES = pa.schema([*((name, _OTHER_TYPES.get(name, pa.float64())) for name in PROPERTIES), *_DAY_COLUMNS, *_PLACE])
SAMPLES = pa.schema(
    [("actID", pa.string()), *_DAY_COLUMNS, *((name, pa.float64()) for name in csv_files.COLUMNS), *_PLACE]
)
KINDS_OF_ACTIVITIES, KINDS_OF_SAMPLES = ["LineString", "MultiLineString"], ["Point"]


def judge_lake(
    path: str,
    data: bytes,
    rules: Rules,
    areas: Any,
    public: Public,
    current: Callable[[str], Map | None],
    result: Judgement,
) -> None:
    """Add what is found of one file.

    Parameters
    ----------
    path : str
    data : bytes
    rules : Rules
    areas
        Forbidden ones.
    public : Public
    current : callable
        Gives an athlete's map as it is or will be public, by public id.
    result : Judgement

    Raises
    ------
    ValueError
        It is no such file.
    """
    of_map = LAKE_ACTIVITIES_PATH.match(path)
    schema, kinds = (ACTIVITIES, KINDS_OF_ACTIVITIES) if of_map else (SAMPLES, KINDS_OF_SAMPLES)
    table = _table(path, data, schema, kinds, result)
    if table is None:
        return
    match = of_map or LAKE_SAMPLES_PATH.match(path)
    assert match is not None
    shown = current(match[1])
    features = {str(feature.properties["actID"]): feature for feature in _features(shown)}
    result.facts[path] = {"under": rules.mark, "csvs": {}}
    if of_map:
        _judge_activities(path, match[1], table, features, areas, public, result)
    else:
        _judge_samples(path, match[1], match[2], table, features, areas, public, result)


def _table(path: str, data: bytes, schema: pa.Schema, kinds: list[str], result: Judgement) -> pa.Table | None:
    """The rows, where the file has what it may have and nothing else."""
    add = result.findings.append
    try:
        file = pq.ParquetFile(readable(data))
        table, metadata = file.read(), file.metadata
        told = {name.decode(): value.decode() for name, value in (metadata.metadata or {}).items()}
        geo = json.loads(told.get("geo", "{}"))
        ours = table.schema.equals(schema)
        same = ours and data == geoparquet.encode(table, kinds)
    except (pa.ArrowException, OSError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError(str(error).splitlines()[0][:160]) from error
    if extra := [name for name in table.column_names if name not in schema.names]:
        add(Finding("I7", path, f"has the unknown column {extra[0]!r}"))
        return None
    if not ours:
        add(Finding("I7", path, "has not the columns that it is to have, in their order and of their types"))
        return None
    if extra := sorted(set(told) - {"geo"}):
        add(Finding("I7", path, f"has the unknown metadata {extra[0]!r}"))
    if extra := sorted(set(geo) - {"version", "primary_column", "columns"}):
        add(Finding("I7", path, f"has the unknown metadata geo.{extra[0]}"))
    if not same:  # statistics, extents, what stands between pages
        add(Finding("I7", path, "is not written as we write these rows: bytes could tell something beside them"))
    return table


def _features(shown: Map | None) -> list[DecodedFeature]:
    if shown is None:
        return []
    if isinstance(shown, DecodedTopology):
        return shown.features
    return topojson_decoder.decode(topojson_file.encode(shown.features)).features


def _judge_activities(
    path: str,
    athlete: str,
    table: pa.Table,
    features: Mapping[str, DecodedFeature],
    areas: Any,
    public: Public,
    result: Judgement,
) -> None:
    add = result.findings.append
    rows = table.drop_columns([GEOMETRY, BBOX]).to_pylist()
    drawn = _geometries(table)
    lines: list[np.ndarray] = []
    names: list[str] = []
    for number, (row, geometry) in enumerate(zip(rows, drawn, strict=True)):
        where = f"{path}, row {number} ({row['actID']})"
        found = [shapely.get_coordinates(part) for part in shapely.get_parts(geometry)]
        lines += found
        names += [where] * len(found)
        feature = features.get(str(row["actID"]))
        if feature is None:
            add(Finding("I9", where, "is not on the map"))
            continue
        if public.digest_of(csv_path(athlete, str(row["actID"]))) is None:  # nor passes one that is hidden meanwhile
            add(Finding("I9", where, "is of no activity that is public"))
        day = str(feature.properties["startDate"])
        expected = dict(feature.properties) | _days(day)
        if any(row[name] != expected.get(name) for name in row):
            add(Finding("I13", where, "does not say what the map says"))
        on_map = [line.round(5) for line in feature.lines]
        if len(found) != len(on_map) or not all(np.array_equal(a, b) for a, b in zip(found, on_map, strict=True)):
            add(Finding("I11", where, "its lines are not the map's"))
    if sorted(str(row["actID"]) for row in rows) != sorted(features):
        add(Finding("I13", path, "has other rows than the map has activities"))
    _judge_box(path, table, [shapely.bounds(geometry) for geometry in drawn], result)
    result.findings += invariants.near_zones("I1", Tracks.of(lines), names, areas, result.tested)


def _judge_samples(
    path: str,
    athlete: str,
    month: str,
    table: pa.Table,
    features: Mapping[str, DecodedFeature],
    areas: Any,
    public: Public,
    result: Judgement,
) -> None:
    add = result.findings.append
    ids = np.array(table.column("actID").to_pylist(), dtype=object)
    starts = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]])) if len(ids) else np.empty(0, np.int64)
    ends = np.append(starts[1:], len(ids))
    lines: list[np.ndarray] = []
    names: list[str] = []
    csvs: dict[str, str] = {}
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        activity, rows = str(ids[start]), table.slice(start, end - start)
        where, csv = f"{path}, from row {start} ({activity})", csv_path(athlete, activity)
        columns = {name: rows.column(name).to_numpy() for name in csv_files.COLUMNS}
        located = csv_files.located_lines(csv_files.DecodedCsv(csv_files.COLUMNS, columns))
        lines += located
        names += [where] * len(located)
        digest, data = public.digest_of(csv), public.csv_of(csv)
        feature = features.get(activity)
        if digest is None or data is None or feature is None:
            add(Finding("I9", where, "is of no activity that is public"))
            continue
        csvs[csv] = digest
        day = str(feature.properties["startDate"])
        days = _days(day)
        if day[:7] != month or any(rows.column(name).unique().to_pylist() != [days[name]] for name in days):
            add(Finding("I13", where, "is not of the map's day"))
        decoded = csv_files.decode(data)
        if decoded.rows != rows.num_rows or not all(
            np.array_equal(columns[name], decoded.columns.get(name, np.full(decoded.rows, np.nan)), equal_nan=True)
            for name in csv_files.COLUMNS
        ):
            add(Finding("I13", where, "its rows are not those of its CSV"))
    wanted = sorted(name for name, feature in features.items() if str(feature.properties["startDate"])[:7] == month)
    if sorted(str(ids[start]) for start in starts) != wanted:
        add(Finding("I13", path, "has other activities than the map has in its month"))
    lon, lat = table.column("lng").to_numpy(), table.column("lat").to_numpy()
    drawn = _geometries(table)
    known = np.isfinite(lon)
    if (shapely.is_missing(drawn) == known).any() or not np.array_equal(
        shapely.get_coordinates(drawn), np.column_stack([lon[known], lat[known]])
    ):
        add(Finding("I13", path, "its points are not those of its columns"))
    _judge_box(path, table, np.column_stack([lon, lat, lon, lat]), result)
    result.facts[path]["csvs"] = csvs
    result.tested.rows += table.num_rows
    result.findings += invariants.near_zones("I2", Tracks.of(lines), names, areas, result.tested)


def _geometries(table: pa.Table) -> Any:
    try:
        return shapely.from_wkb(table.column(GEOMETRY).to_numpy())
    except shapely.errors.GEOSException as error:
        raise ValueError("a geometry is none") from error


def _judge_box(path: str, table: pa.Table, corners: Any, result: Judgement) -> None:
    """I10: boxes are those of the rows, and of nothing more."""
    expected = geoparquet.boxes(*np.array(corners, float).reshape(-1, 4).T)
    if not table.column(BBOX).equals(pa.chunked_array([expected])):
        result.findings.append(Finding("I10", path, "a box is not that of its row"))


def _days(day: str) -> dict[str, date]:
    return {
        "startDate": date.fromisoformat(day),
        "iso_week_start": date.fromisoformat(week_start(day)),
        "quarter_start": date.fromisoformat(quarter_start(day)),
    }
