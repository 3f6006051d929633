"""Small typed tables to publish: rides of an invented athlete around an invented home."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from strava_assets.installation import Installation
from strava_assets.schema import ACTIVITIES, CHANNELS, STREAMS
from strava_assets_tests.privacy.worlds import Place

HOME = Place(7.6, 47.5)


def land(installation: Installation, count: int) -> dict[int, tuple[str, str]]:
    """So many activities of Ada's, numbered from 1, in May 2024: the public ids of athlete and activity by number."""
    with installation.database.transaction() as connection:
        athlete = connection.execute("insert into strava.athlete (name) values ('Ada') returning id").fetchone()["id"]
        for number in range(1, count + 1):
            connection.execute(
                "insert into strava.activity (athlete_id, identity, start_time, month, state, visibility, api) "
                "values (%s, %s, '2024-05-01', '2024-05-01', 'landed', 'everyone', '{}')",
                (athlete, f"strava:{number}"),
            )
        rows = connection.execute("select id, athlete_id, identity from strava.activity order by id").fetchall()
    assert [row["id"] for row in rows] == list(range(1, count + 1))
    return installation.public_ids(rows)


def ride(
    number: int, *, athlete: int = 1, place: Place = HOME, kilometres: float = 8.0, seed: int | None = None, **row: Any
) -> tuple[dict[str, Any], pa.Table]:
    """A ride from the place outwards: its typed row and its samples."""
    rng = np.random.default_rng(number if seed is None else seed)
    count = int(kilometres * 1000 / 6)
    heading = np.cumsum(rng.normal(size=count) * 0.03) + rng.uniform(0, 6.28)
    metres = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * 6, axis=0)
    degrees = place.degrees(metres).round(6)
    samples = pa.table(
        {
            "time": np.arange(count, dtype=float),
            "distance": np.round(np.arange(count) * 6.0, 1),
            "lat": degrees[:, 1],
            "lng": degrees[:, 0],
            "altitude": (300 + 40 * np.sin(np.arange(count) / 150)).round(1),
            "heartrate": np.full(count, 140.0),
            "watts": np.full(count, 200.0),
            "moving": np.ones(count, bool),
        }
    )
    start = datetime(2024, 5, 1 + number % 27, 6, 0, tzinfo=UTC) + timedelta(minutes=number)
    typed = (
        dict.fromkeys(ACTIVITIES.names)
        | {
            "activity_id": number,
            "athlete_id": athlete,
            "provenance": "api",
            "name": f"Ride {number}",
            "sport_type": "Ride",
            "type_extended": "Road Cycling",
            "start_time": start,
            "utc_offset": 7200.0,
            "visibility": "everyone",
            "calories": 500.0,
            "samples": count,
            "positions": count,
            "first_lng": degrees[0, 0],
            "first_lat": degrees[0, 1],
            "last_lng": degrees[-1, 0],
            "last_lat": degrees[-1, 1],
            "west": degrees[:, 0].min(),
            "south": degrees[:, 1].min(),
            "east": degrees[:, 0].max(),
            "north": degrees[:, 1].max(),
            "fingerprint": f"{number}-{seed}",
        }
        | row
    )
    return typed, samples


def tables(rides: list[tuple[dict[str, Any], pa.Table]]) -> tuple[pa.Table, pa.Table]:
    """Typed tables of several rides."""
    streams = []
    for typed, samples in rides:
        count = samples.num_rows
        columns = {"activity_id": pa.array(np.full(count, typed["activity_id"])), "sample": pa.array(np.arange(count))}
        for name in (*CHANNELS, "moving"):
            columns[name] = samples.column(name) if name in samples.column_names else pa.nulls(count)
        streams.append(
            pa.table(
                {
                    name: pa.chunked_array(columns[name].cast(STREAMS.field(name).type))
                    if isinstance(columns[name], pa.ChunkedArray)
                    else columns[name].cast(STREAMS.field(name).type)
                    for name in STREAMS.names
                },
                schema=STREAMS,
            )
        )
    return (
        pa.Table.from_pylist([typed for typed, _ in rides], schema=ACTIVITIES),
        pa.concat_tables(streams) if streams else STREAMS.empty_table(),
    )
