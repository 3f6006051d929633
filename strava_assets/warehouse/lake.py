"""The lake: which tables there are, and what is in them. Private.

What belongs here: names, columns and units, how a table is cut and ordered, and its rows from a month's typed tables.
What does not: keeping the files up to date (``lake_files``), their format (``geoparquet``), databases.

Another table is one more entry in `TABLES`, with the function that makes its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from strava_assets import geoparquet
from strava_assets.geoparquet import BBOX, GEOMETRY
from strava_assets.privacy import masked
from strava_assets.schema import ACTIVITIES as TYPED
from strava_assets.schema import STREAMS
from strava_assets.warehouse import tracks

#: Counts up whenever the same typed tables come out as other bytes.
VERSION = "1"

#: Of the local day.
_DAYS = {
    "start_date": (pa.date32(), "day of the start, where it was: the clock there"),
    "iso_week_start": (pa.date32(), "that day's Monday: engines count weeks differently, so it is stored"),
    "quarter_start": (pa.date32(), "first day of that day's quarter"),
}


#: Of a whole activity, that its recording tells, too.
FIGURES = (
    *("distance", "elapsed_time", "moving_time", "total_elevation_gain", "average_speed", "max_speed"),
    *("average_watts", "average_heartrate", "max_heartrate", "average_cadence"),
)


@dataclass(frozen=True)
class LakeTable:
    """One table of the lake, a file a month.

    Attributes
    ----------
    name : str
        Of its folder in the lake.
    what : str
        A row is what.
    columns : dict of str to (DataType, str)
        Types, and units or meaning.
    kinds : list of str
        Types of geometries that it may hold.
    rows : callable
        Its rows of one month, from the typed tables.
    partitioned_by : str
        A column with a date, for databases that cut tables themselves. The lake's own folders are the months of the
        start in UTC, as in all typed tables.
    clustered_by : list of str
    """

    name: str
    what: str
    columns: dict[str, tuple[pa.DataType, str]]
    kinds: list[str]
    rows: Callable[[Month], pa.Table]
    partitioned_by: str
    clustered_by: list[str]

    @property
    def schema(self) -> pa.Schema:
        """Columns with their types; the folder's ``month`` is not one of a file's."""
        return pa.schema([(name, kind) for name, (kind, _) in self.columns.items()])

    @property
    def notes(self) -> dict[str, str]:
        """Units or meaning by column."""
        return {name: note for name, (_, note) in self.columns.items()}


@dataclass(frozen=True)
class Month:
    """A month's typed tables, and what several tables of the lake need of them.

    Attributes
    ----------
    typed, streams : pa.Table
        Both `TYPED` and `STREAMS`.
    """

    typed: pa.Table
    streams: pa.Table

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """The number among ``typed`` of each sample's activity."""
        ids = self.typed.column("activity_id").combine_chunks()
        return pc.index_in(self.streams.column("activity_id"), ids).to_numpy().astype(np.int64)

    @cached_property
    def position(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude of each sample, degrees; NaN where there is none."""
        return self.streams.column("lng").to_numpy(), self.streams.column("lat").to_numpy()

    @cached_property
    def lines(self) -> NDArray[np.object_]:
        """Each activity's whole track; None where there is none."""
        order = np.argsort(self.owner, kind="stable")
        lon, lat = self.position
        return tracks.lines(self.owner[order], lon[order], lat[order], self.typed.num_rows)

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Activities along the curve, by the centre of their box; the same place by number."""
        west, south, east, north = shapely.bounds(self.lines).T
        place = geoparquet.along_curve((west + east) / 2, (south + north) / 2)
        return np.lexsort((self.typed.column("activity_id").to_numpy(), place))

    @cached_property
    def days(self) -> dict[str, pa.Array]:
        """Of each activity's local day; where nobody knows the offset, the day in UTC."""
        seconds = pc.fill_null(self.typed.column("utc_offset"), 0.0).to_numpy().astype("timedelta64[s]")
        start = self.typed.column("start_time").to_numpy().astype("datetime64[s]") + seconds
        day = start.astype("datetime64[D]")
        weekday = (day.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
        month = day.astype("datetime64[M]").astype(np.int64)
        quarter = (month - month % 3).astype("datetime64[M]").astype("datetime64[D]")
        return {
            "start_date": pa.array(day),
            "iso_week_start": pa.array(day - weekday),
            "quarter_start": pa.array(quarter),
        }


def _with_figures(month: Month) -> pa.Table:
    """The typed activities; where a source has no figures, as plain GPX files have none, with the recording's own."""
    typed = month.typed
    missing = pc.or_(pc.is_null(typed.column("distance")), pc.is_null(typed.column("moving_time")))
    lacking = typed.filter(pc.and_(missing, pc.greater(typed.column("positions"), 0)))
    if not lacking.num_rows:
        return typed
    ids = lacking.column("activity_id")
    recorded = month.streams.filter(pc.is_in(month.streams.column("activity_id"), ids.combine_chunks()))
    found = masked.uncut(lacking, recorded, dict.fromkeys(ids.to_pylist(), ""))
    place = pc.index_in(typed.column("activity_id"), pa.array(found["activity_id"], pa.int64()))
    for name in FIGURES:
        own = typed.column(name)
        made = pa.array(found[name].to_numpy(float), own.type, from_pandas=True).take(place)
        typed = typed.set_column(typed.schema.get_field_index(name), name, pc.coalesce(own, made))
    return typed


def _activities(month: Month) -> pa.Table:
    typed = _with_figures(month)
    columns = {name: typed.column(name) for name in ACTIVITIES.columns if name in typed.column_names}
    columns |= month.days
    columns |= {
        GEOMETRY: geoparquet.shapes(month.lines),
        BBOX: geoparquet.boxes(*shapely.bounds(month.lines).T),
    }
    return pa.table(columns).select(list(ACTIVITIES.columns)).take(month.order).cast(ACTIVITIES.schema)


def _samples(month: Month) -> pa.Table:
    rank = np.argsort(month.order)
    order = np.argsort(rank[month.owner], kind="stable")  # one's own samples stay as they were recorded
    streams, owner = month.streams.take(order), pa.array(month.owner[order])
    lon, lat = (degrees[order] for degrees in month.position)
    whole = {name: month.typed.column(name) for name in ("athlete_id", "sport_type")} | month.days
    columns = {name: streams.column(name) for name in STREAMS.names}
    columns |= {name: values.take(owner) for name, values in whole.items()}
    columns |= {GEOMETRY: geoparquet.points(lon, lat), BBOX: geoparquet.boxes(lon, lat, lon, lat)}
    return pa.table(columns).select(list(SAMPLES.columns)).cast(SAMPLES.schema)


def _typed(*names: str, **notes: str) -> dict[str, tuple[pa.DataType, str]]:
    return {name: (TYPED.field(name).type, notes.get(name, "")) for name in names}


ACTIVITIES = LakeTable(
    name="activities",
    what="an activity: whole figures as the source has them, or else as its recording tells them; nothing cut out",
    columns=_typed(
        *("activity_id", "athlete_id", "provenance", "strava_id", "name", "sport_type", "type_extended"),
        *("start_time", "utc_offset"),
        activity_id="ours, not Strava's",
        provenance="api, archive or archive+api",
        sport_type="Strava's",
        type_extended="Mountain Bike, Road Cycling, Gravel, Run, …",
        start_time="UTC",
        utc_offset="s, the clock there minus UTC",
    )
    | _DAYS
    | _typed(
        *("visibility", "distance", "elapsed_time", "moving_time", "total_elevation_gain", "average_speed"),
        *("max_speed", "average_watts", "calories", "average_heartrate", "max_heartrate", "average_cadence"),
        *("gear_id", "gear_name", "device_name", "trainer", "manual", "samples", "positions", "computed"),
        visibility="everyone, followers_only, only_me, hidden",
        distance="m",
        elapsed_time="s",
        moving_time="s",
        total_elevation_gain="m",
        average_speed="m/s",
        max_speed="m/s",
        average_watts="W",
        calories="kcal",
        average_heartrate="bpm",
        max_heartrate="bpm",
        average_cadence="rpm",
        samples="rows in the table samples",
        positions="of them with a position",
        computed="channels that no source had and that were made from others",
    )
    | {
        GEOMETRY: (pa.binary(), f"the whole track to {tracks.TOLERANCE:g} m, WKB, lon/lat in WGS 84 (CRS84)"),
        BBOX: (geoparquet.BOX_TYPE, "degrees"),
    },
    kinds=["LineString", "MultiLineString"],
    rows=_activities,
    partitioned_by="start_date",
    clustered_by=["sport_type"],
)

SAMPLES = LakeTable(
    name="samples",
    what="a sample of a recording, as it was recorded; a channel that the source lacks is null",
    columns=_typed("activity_id", "athlete_id", "sport_type")
    | _DAYS
    | {
        "sample": (pa.int32(), "the source's index, from 0"),
        **{
            name: (STREAMS.field(name).type, note)
            for name, note in {
                "time": "s since the start",
                "distance": "m since the start",
                "lat": "degrees, WGS 84",
                "lng": "degrees, WGS 84",
                "altitude": "m",
                "velocity_smooth": "m/s",
                "grade_smooth": "percent",
                "heartrate": "bpm",
                "cadence": "rpm; on foot steps/min ÷ 2",
                "watts": "W",
                "temp": "°C",
                "moving": "",
            }.items()
        },
        GEOMETRY: (pa.binary(), "the position, WKB, lon/lat in WGS 84 (CRS84)"),
        BBOX: (geoparquet.BOX_TYPE, "degrees"),
    },
    kinds=["Point"],
    rows=_samples,
    partitioned_by="start_date",
    clustered_by=["sport_type", "activity_id"],
)

TABLES: tuple[LakeTable, ...] = (ACTIVITIES, SAMPLES)
