"""A month, masked: for each activity its visible runs, its lines for the map and its visible figures.

What belongs here: putting the cut, the lines and the figures together for typed tables. What does not:
reading or writing tables, and how public files are written.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import cut, cut_shapes, figures, lines, settling, visibility
from strava_assets.privacy.cut import Runs, Samples
from strava_assets.privacy.tracks import Area, Boxes
from strava_assets.privacy.zones import Zone, ends_only_shapes
from strava_assets.schema import CHANNELS

#: Counts up whenever the cut, the lines or the figures come out differently.
VERSION = "5"

_CRS = pyproj.CRS("EPSG:4326")
_FIGURES = ("altitude", "velocity_smooth", "heartrate", "cadence", "watts")
#: Of what is visible, as numbers.
FLOATS = (
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "calories",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
)
#: Columns of a masked table, beside ``geometry`` (MultiLineString on the grid, EPSG:4326).
COLUMNS = (
    "activity_id",
    "athlete_id",
    "fingerprint",
    "hidden_because",
    "name",
    "sport_type",
    "type_extended",
    "gear_name",
    "start_date",
    *FLOATS,
    "has_heartrate",
    "partly_hidden",
    "strava_id",
    "first",
    "last",
    "samples",
    "samples_visible",
    "vertices",
)


@dataclass(frozen=True)
class MonthSamples:
    """The samples of a month's activities as arrays.

    Attributes
    ----------
    ids : list of int
        Activity ids, in order; activity ``k`` of `samples` is ``ids[k]``.
    samples : Samples
    channels : dict of str to ndarray, shape (n,)
        Every channel and ``moving``, NaN where absent.
    """

    ids: list[int]
    samples: Samples
    channels: dict[str, NDArray[np.float64]]

    @staticmethod
    def of(table: pa.Table, ids: Sequence[int]) -> MonthSamples:
        """From a table of ``schema.STREAMS``, ordered by activity and sample; activities may have no rows.

        Rows of activities that are not asked for are left out: a hidden one must not end up in its neighbour.
        """
        table = _only(table, ids)
        channels = {name: _floats(table.column(name)) for name in CHANNELS}
        channels["moving"] = _floats(pc.cast(table.column("moving"), pa.int8()))
        samples = Samples(channels["lng"], channels["lat"], channels["time"], _starts(table, ids))
        return MonthSamples(list(ids), samples, channels)


def positions(table: pa.Table, ids: Sequence[int]) -> Samples:
    """What the cut looks at, from the same table or from its columns ``activity_id``, ``time``, ``lng`` and ``lat``."""
    table = _only(table, ids)
    lon, lat, time = (_floats(table.column(name)) for name in ("lng", "lat", "time"))
    return Samples(lon, lat, time, _starts(table, ids))


def _only(table: pa.Table, ids: Sequence[int]) -> pa.Table:
    """The rows of some activities; a table that has no others as it is."""
    owner = table.column("activity_id").to_numpy()
    tails = owner[np.append(np.flatnonzero(owner[1:] != owner[:-1]), -1)] if len(owner) else owner
    if np.isin(tails, ids).all():
        return table
    return table.filter(pc.is_in(table.column("activity_id"), pa.array(ids, pa.int64())))


def _starts(table: pa.Table, ids: Sequence[int]) -> NDArray[np.int64]:
    owner = table.column("activity_id").to_numpy()
    return np.searchsorted(owner, np.asarray([*ids, np.iinfo(np.int64).max])).astype(np.int64)


def fingerprints(activities: pa.Table, zones: Sequence[Zone], sources: Collection[str]) -> dict[int, str]:
    """What each activity's masked row depends on: its originals, the shapes in its reach, the settings.

    Parameters
    ----------
    activities : pa.Table
        ``schema.ACTIVITIES``.
    """
    reach = _shapes_in_reach(activities, zones)
    common = f"{VERSION}|{cut.TOLERANCE}|{cut.MARGIN}|{cut.SHORTEST_RUN}|{','.join(sorted(sources))}"
    return {
        row["activity_id"]: hashlib.sha256(
            f"{common}|{row['fingerprint']}|{reach.get(row['activity_id'], '')}".encode()
        ).hexdigest()
        for row in activities.select(["activity_id", "fingerprint"]).to_pylist()
    }


def mask(
    activities: pa.Table, streams: pa.Table, zones: Sequence[Zone], sources: Collection[str], prints: dict[int, str]
) -> geopandas.GeoDataFrame:
    """Mask activities.

    Parameters
    ----------
    activities : pa.Table
        ``schema.ACTIVITIES``, those to mask, ordered by id.
    streams : pa.Table
        ``schema.STREAMS`` of at least those, ordered by activity and sample.
    zones : sequence of Zone
        In force.
    sources : collection of str
        Provenances that may be published.
    prints : dict
        From `fingerprints`.

    Returns
    -------
    GeoDataFrame
        `COLUMNS` and ``geometry``, one row an activity, EPSG:4326. ``hidden_because`` says why one has no
        geometry; ``first`` and ``last`` are the sample indices of its visible runs, both included.
    """
    rows = activities.to_pylist()
    reasons = [
        visibility.reason_hidden(
            row["visibility"], row["provenance"], row["sport_type"] or "", row["positions"] or 0, sources
        )
        for row in rows
    ]
    return _masked(rows, reasons, streams, cut.hidden_areas(zones), prints)


def uncut(activities: pa.Table, streams: pa.Table, prints: dict[int, str]) -> geopandas.GeoDataFrame:
    """The same table with nothing cut, hidden or silent, for the owner's own eyes: it must never reach the gate.

    Parameters
    ----------
    activities, streams
        As for `mask`.
    prints : dict
        By activity id; they must differ from those of `fingerprints`.
    """
    rows = activities.to_pylist()
    reasons = [None if row["positions"] else "no positions" for row in rows]
    return _masked(rows, reasons, streams, [], prints, whole=True)


def _masked(
    rows: list[dict[str, Any]],
    reasons: list[str | None],
    streams: pa.Table,
    areas: Sequence[Area],
    prints: dict[int, str],
    whole: bool = False,
) -> geopandas.GeoDataFrame:
    """Rows for which there is no reason against it, cut; ``whole``: nothing beside the areas is left out, either."""
    shown = [k for k, reason in enumerate(reasons) if reason is None]
    month = MonthSamples.of(streams, [rows[k]["activity_id"] for k in shown])
    runs = cut.visible_runs(month.samples, areas, short_too=whole)
    cells, starts = lines.simplified(month.samples, runs)
    drawable = np.diff(starts) >= 2
    runs = runs.only(drawable)
    pieces = [cells[a:b] for (a, b), good in zip(itertools.pairwise(starts), drawable, strict=True) if good]
    visible = figures.rebased(month.samples, runs, month.channels["distance"])
    channels = month.channels if whole else settling.settled(month.samples, runs, month.channels)
    values = figures.figures(
        runs,
        visible,
        {**{name: channels[name] for name in _FIGURES}, "moving": channels["moving"]},
        len(shown),
    )
    for place, k in enumerate(shown):
        _fill(rows[k], place, month, runs, pieces, values, whole)
        if not rows[k]["first"]:
            reasons[k] = "no visible run"
    return _frame(rows, reasons, prints)


def runs_of(masked: pd.DataFrame, month: MonthSamples) -> Runs:
    """The stored runs of masked rows, as flat indices into the month's samples, in the month's order."""
    firsts, lasts, owner = [], [], []
    by_id = masked.set_index("activity_id")
    for place, activity in enumerate(month.ids):
        first, last = by_id.at[activity, "first"], by_id.at[activity, "last"]
        firsts.append(np.asarray(first, np.int64) + month.samples.starts[place])
        lasts.append(np.asarray(last, np.int64) + month.samples.starts[place])
        owner.append(np.full(len(first), place, np.int64))
    return Runs(*(np.concatenate(part) if part else np.empty(0, np.int64) for part in (owner, firsts, lasts)))


def empty() -> geopandas.GeoDataFrame:
    """A masked month without an activity."""
    return _frame([], [], {})


def _fill(
    row: dict[str, Any],
    place: int,
    month: MonthSamples,
    runs: Runs,
    pieces: list[NDArray[np.int64]],
    values: dict[str, NDArray[np.float64]],
    whole: bool,
) -> None:
    """Put what is visible of one activity into its row, over what was whole."""
    start, end = month.samples.starts[place], month.samples.starts[place + 1]
    mine = np.flatnonzero(runs.activity == place)
    row["first"] = (runs.first[mine] - start).tolist()
    row["last"] = (runs.last[mine] - start).tolist()
    row["samples_visible"] = int((runs.last[mine] - runs.first[mine] + 1).sum())
    row["pieces"] = [pieces[run] for run in mine]
    row["partly_hidden"] = not whole and row["samples_visible"] < int(end - start)
    if row["partly_hidden"]:
        row["calories"] = None
    for name in FLOATS:
        if name != "calories":
            value = float(values[name][place])
            row[name] = None if math.isnan(value) else value
    row["has_heartrate"] = row["average_heartrate"] is not None
    if len(mine):
        times = month.samples.time[runs.only(runs.activity == place).samples]
        known = times[np.isfinite(times)]
        row["start_date"] = _day(row, known[0] if len(known) else 0.0, float(month.samples.lon[runs.first[mine[0]]]))


def _day(row: dict[str, Any], time: float, lon: float) -> Any:
    """The local calendar day of the first visible sample that has a time: the hidden start decides nothing.

    Only where no visible sample has one it is the day of the start.
    """
    offset = row["utc_offset"]
    if offset is None:  # a file has no time zone: the sun's, at the visible place
        offset = round(lon / 15) * 3600
    return (row["start_time"] + timedelta(seconds=float(time) + offset)).date()


def _frame(rows: list[dict[str, Any]], reasons: list[str | None], prints: dict[int, str]) -> geopandas.GeoDataFrame:
    geometries, records = [], []
    for row, reason in zip(rows, reasons, strict=True):
        row["fingerprint"] = prints[row["activity_id"]]
        row["hidden_because"] = reason
        if reason is not None:
            # nothing of a hidden activity is carried on, its id and the reason excepted
            row = {
                name: row.get(name)
                if name in ("activity_id", "athlete_id", "fingerprint", "hidden_because", "samples")
                else None
                for name in COLUMNS
            }
            row |= {"first": [], "last": [], "samples_visible": 0}
        pieces = row.get("pieces") or []
        row["vertices"] = sum(len(piece) for piece in pieces)
        geometries.append(
            shapely.multilinestrings([shapely.linestrings(piece / lines.CELLS) for piece in pieces]) if pieces else None
        )
        records.append({name: row.get(name) for name in COLUMNS})
    frame = pd.DataFrame.from_records(records, columns=list(COLUMNS))
    for name in FLOATS:
        frame[name] = frame[name].astype("float64")
    for name in ("activity_id", "athlete_id", "samples", "samples_visible", "vertices", "strava_id"):
        frame[name] = frame[name].astype("Int64")
    for name in ("has_heartrate", "partly_hidden"):
        frame[name] = frame[name].astype("boolean")
    return geopandas.GeoDataFrame(frame, geometry=np.array(geometries, dtype=object), crs=_CRS)


def _shapes_in_reach(activities: pa.Table, zones: Sequence[Zone]) -> dict[int, str]:
    """For each activity, the cut shapes whose box meets its own and what they hide, as one text."""
    boxes = activities.select(["activity_id", "west", "south", "east", "north"]).to_pandas()
    boxes = boxes[boxes["west"].notna()]
    if boxes.empty or not zones:
        return {}
    tracks = Boxes.around(*boxes[["west", "south", "east", "north"]].to_numpy().T)
    shapes, ends_only = {zone.shape_id: zone.shape for zone in zones}, ends_only_shapes(zones)
    near: dict[int, list[str]] = {}
    ids = boxes["activity_id"].to_numpy()
    for number, shape in shapes.items():
        area = Area(shape.center, shapely.buffer(shape.geometry, cut.MARGIN + cut_shapes.GUARD))
        digest = hashlib.sha256(f"{shape.center}".encode() + shapely.to_wkb(shape.geometry)).hexdigest()[:16]
        digest += ":ends_only" if number in ends_only else ""
        for place in tracks.near(area):
            near.setdefault(int(ids[place]), []).append(digest)
    return {activity: ",".join(sorted(digests)) for activity, digests in near.items()}


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    column = column.cast(pa.float64())
    if column.null_count:
        column = pc.fill_null(column, math.nan)
    return column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy()  # the latter always copies
