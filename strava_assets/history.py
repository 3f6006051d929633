"""From what landed to typed tables: one history, whichever source an activity came from.

What belongs here: choosing between sources, typed rows and samples for a month, quarantine of what
cannot be read, reuse of what did not change. What does not: parsing (``archive``, ``strava``), Dagster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from strava_assets.archive.activities import activity_row as archive_row
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import StravaAssetsError
from strava_assets.schema import ACTIVITIES, CHANNELS, STREAMS
from strava_assets.sports import type_extended
from strava_assets.stores import Store
from strava_assets.strava.activities import activity_row as api_row
from strava_assets.strava.streams import load_streams

#: Counts up whenever typed tables come out differently from the same originals.
VERSION = "4"

#: What a sample of a channel may plausibly be, in its own unit.
PLAUSIBLE = {
    "lat": (-90.0, 90.0),
    "lng": (-180.0, 180.0),
    "altitude": (-500.0, 9000.0),
    "velocity_smooth": (0.0, 60.0),
    "heartrate": (20.0, 250.0),
    "cadence": (0.0, 300.0),
    "watts": (0.0, 3000.0),
    "temp": (-60.0, 65.0),
}
#: Beyond this a sample is no measurement of anything, but rubbish that a device or a file's damage left.
_RUBBISH = {name: 1e6 for name in CHANNELS if name not in ("time", "lat", "lng")} | {"distance": 1e8}


@dataclass
class TypedMonth:
    """A month's typed tables, or None where they are what they were.

    Attributes
    ----------
    activities : pa.Table or None
        ``schema.ACTIVITIES``, ordered by id.
    streams : pa.Table or None
        ``schema.STREAMS``, ordered by activity and sample.
    """

    activities: pa.Table | None = None
    streams: pa.Table | None = None
    read: int = 0
    reused: int = 0
    problems: dict[int, str] = field(default_factory=dict)  # activity id -> reason
    readable: list[int] = field(default_factory=list)


def fingerprint(row: Mapping[str, Any], gear: Mapping[str, Any], import_visibility: str) -> str:
    """Of everything that a typed row is made from."""
    own = gear.get(_gear_id(row) or "", {})
    text = (
        f"{VERSION}|{row['identity']}|{row['revision']}|{row['visibility']}|{row['owner_visibility']}|"
        f"{import_visibility}|{own.get('name')}|{own.get('frame_type')}"
    )
    return hashlib.sha256(text.encode()).hexdigest()


def typed_month(
    landed: list[dict[str, Any]],
    gear: Mapping[int, Mapping[str, Any]],
    store: Store,
    *,
    import_visibility: str,
    before: tuple[pa.Table, Callable[[], pa.Table]] | None,
    force: bool = False,
) -> TypedMonth:
    """Type a month.

    Parameters
    ----------
    landed : list of dict
        Rows of the query ``landed_month``.
    gear : mapping
        By our athlete id, then by Strava's gear id: ``name`` and ``frame_type``.
    store : Store
        The private store, for the recordings.
    import_visibility : {'everyone', 'hidden'}
        For activities whose visibility nobody knows.
    before : (activities, callable giving streams), optional
        The month's tables as they are now.
    force : bool
        Read everything again.
    """
    result = TypedMonth()
    prints = {row["id"]: fingerprint(row, gear.get(row["athlete_id"], {}), import_visibility) for row in landed}
    known: dict[int, str] = {}
    if before is not None and not force:
        known = dict(
            zip(before[0].column("activity_id").to_pylist(), before[0].column("fingerprint").to_pylist(), strict=True)
        )
    kept = {row["id"] for row in landed if known.get(row["id"]) == prints[row["id"]]}
    rows: list[dict[str, Any]] = []
    tables: list[pa.Table] = []
    for row in landed:
        if row["id"] in kept:
            continue
        try:
            samples = _samples(row, store)
            rows.append(_typed(row, gear.get(row["athlete_id"], {}), samples, prints[row["id"]], import_visibility))
            tables.append(_numbered(samples, row["id"]))
            result.readable.append(row["id"])
        except (StravaAssetsError, FileNotFoundError) as error:
            missing = isinstance(error, FileNotFoundError)
            result.problems[row["id"]] = "its original is missing from the private store" if missing else str(error)
    result.read, result.reused = len(rows), len(kept)
    if before is not None and not rows and set(known) == kept and not force:
        return result
    activities = [pa.Table.from_pylist(rows, schema=ACTIVITIES)]
    if before is not None and kept:
        keep = pa.array(sorted(kept), pa.int64())
        activities.append(before[0].filter(pc.is_in(before[0].column("activity_id"), keep)))
        streams = before[1]()
        tables.append(streams.filter(pc.is_in(streams.column("activity_id"), keep)))
    result.activities = pa.concat_tables(activities).sort_by("activity_id")
    joined = pa.concat_tables(tables) if tables else STREAMS.empty_table()
    owners = joined.column("activity_id").to_numpy()
    if len(owners) and (np.diff(owners) < 0).any():
        joined = joined.take(pa.array(np.argsort(owners, kind="stable")))
    result.streams = joined
    return result


def implausible(streams: pa.Table) -> dict[str, int]:
    """How many samples of each channel no body and no place on Earth would give; they are kept as they are."""
    counts = {}
    for name, (least, most) in PLAUSIBLE.items():
        column = streams.column(name)
        outside = pc.or_(
            pc.less(column, pa.scalar(least, column.type)), pc.greater(column, pa.scalar(most, column.type))
        )
        counts[name] = int(pc.sum(outside).as_py() or 0)
    return {name: count for name, count in counts.items() if count}


def _samples(row: Mapping[str, Any], store: Store) -> pa.Table:
    """An activity's samples: of the original file where there is one, else of the API's streams.

    Of one that was cropped on Strava only what Strava shows: until its streams are here, nothing.
    """
    if row["cropped"]:
        current = row["api"] and row["api_streams"] and row["api_streams_state"] == "stored"
        return load_streams(store.read(row["api_streams"])) if current else pa.table({})
    if row["archive_file"]:
        return read_recording(store.read(row["archive_file"]), row["archive_file"]).table
    if row["api"] and row["api_streams"]:
        return load_streams(store.read(row["api_streams"]))
    return pa.table({})


def _typed(
    row: Mapping[str, Any], gear: Mapping[str, Any], samples: pa.Table, print_: str, import_visibility: str
) -> dict[str, Any]:
    typed: dict[str, Any] = dict.fromkeys(ACTIVITIES.names)
    if row["archive"]:
        typed |= {name: value for name, value in archive_row(row["archive"]).items() if value is not None}
    if row["api"]:
        typed |= {name: value for name, value in api_row(row["api"], gear).items() if value is not None}
    frame = gear.get(_gear_id(row) or "", {}).get("frame_type")
    typed |= {
        "activity_id": row["id"],
        "athlete_id": row["athlete_id"],
        "strava_id": row["strava_id"],
        "provenance": "+".join(source for source in ("archive", "api") if row[source]) or "archive",
        "visibility": row["visibility"]
        if row["visibility"] != "unknown"
        else ("everyone" if (row["owner_visibility"] or import_visibility) == "everyone" else "hidden"),
        "start_time": typed["start_time"] or row["start_time"],
        "fingerprint": print_,
        "sport_type": typed["sport_type"] or "Workout",
        "samples": samples.num_rows,
    }
    typed["type_extended"] = type_extended(typed["sport_type"], frame, (row["archive"] or {}).get("gear_sports"))
    typed["name"] = typed["name"] or typed["type_extended"]
    return typed | extent(samples)


def extent(samples: pa.Table) -> dict[str, Any]:
    """Where samples are, as `ACTIVITIES` have it: how many have a position, their box, first and last one, degrees."""
    if not {"lat", "lng"} <= set(samples.column_names):
        return {"positions": 0}
    known = pc.and_(pc.is_valid(samples.column("lat")), pc.is_valid(samples.column("lng")))
    lat, lng = (samples.column(name).filter(known).to_numpy() for name in ("lat", "lng"))
    if not len(lat):
        return {"positions": 0}
    return {
        "positions": len(lat),
        "first_lng": lng[0],
        "first_lat": lat[0],
        "last_lng": lng[-1],
        "last_lat": lat[-1],
        "west": lng.min(),
        "south": lat.min(),
        "east": lng.max(),
        "north": lat.max(),
    }


def _numbered(samples: pa.Table, activity: int) -> pa.Table:
    """Samples in the streams' schema: missing channels and rubbish are null, never zero."""
    count = samples.num_rows
    columns: dict[str, Any] = {
        "activity_id": pa.array(np.full(count, activity), pa.int64()),
        "sample": pa.array(np.arange(count), pa.int32()),
    }
    for name, kind in (*CHANNELS.items(), ("moving", pa.bool_())):
        present = name in samples.column_names
        column = samples.column(name).cast(kind) if present else pa.nulls(count, kind)
        if name in _RUBBISH:
            measured = pc.less_equal(pc.abs(column), pa.scalar(_RUBBISH[name], kind))
            column = pc.if_else(measured, column, pa.scalar(None, kind))
        columns[name] = column
    return pa.table(columns, schema=STREAMS)


def _gear_id(row: Mapping[str, Any]) -> str | None:
    return (row["api"] or {}).get("gear_id")
