"""The typed tables that the stages hand to each other: column names, types, units.

What belongs here: the words that ``strava`` and ``archive`` produce and ``privacy``, ``publish`` and
``assets`` consume, as Arrow schemas. What does not: any code that fills or reads them.

Units are CONTRACT's: metres, seconds, m/s, bpm, watts, °C, degrees in WGS 84 (EPSG:4326).
"""

from __future__ import annotations

import pyarrow as pa

#: Sample channels in the order in which they are published, with their silver type.
CHANNELS: dict[str, pa.DataType] = {
    "time": pa.float64(),  # s since the activity's start, as recorded
    "distance": pa.float64(),  # m, cumulative, the odometer's, else along the track
    "lat": pa.float64(),  # degrees, rounded to 1e-6
    "lng": pa.float64(),  # degrees, rounded to 1e-6
    "altitude": pa.float32(),  # m
    "velocity_smooth": pa.float32(),  # m/s
    "grade_smooth": pa.float32(),  # percent
    "heartrate": pa.float32(),  # bpm
    "cadence": pa.float32(),  # rpm (steps/min ÷ 2 on foot, as Strava)
    "watts": pa.float32(),  # W
    "temp": pa.float32(),  # °C
}

#: One row a sample, ordered by activity and sample. ``sample`` is the source's own index, from 0.
STREAMS = pa.schema([("activity_id", pa.int64()), ("sample", pa.int32()), *CHANNELS.items(), ("moving", pa.bool_())])

#: One row an activity. Whole-activity figures of the source; private, never published as they are.
ACTIVITIES = pa.schema(
    [
        ("activity_id", pa.int64()),  # our id (strava.activity.id)
        ("athlete_id", pa.int64()),
        ("provenance", pa.string()),  # "api", "archive" or "archive+api"
        ("strava_id", pa.int64()),  # null for a file without one
        ("name", pa.string()),
        ("sport_type", pa.string()),  # Strava's sport_type: Ride, MountainBikeRide, Run, …
        ("type_extended", pa.string()),  # Mountain Bike, Road Cycling, Gravel, Run, Walk, Hike, …
        ("start_time", pa.timestamp("us", tz="UTC")),
        ("utc_offset", pa.float64()),  # s, local minus UTC; null where the source does not say
        ("visibility", pa.string()),  # everyone, followers_only, only_me, hidden
        ("distance", pa.float64()),  # m
        ("elapsed_time", pa.float64()),  # s
        ("moving_time", pa.float64()),  # s
        ("total_elevation_gain", pa.float64()),  # m
        ("average_speed", pa.float64()),  # m/s
        ("max_speed", pa.float64()),  # m/s
        ("average_watts", pa.float64()),  # W
        ("calories", pa.float64()),  # kcal
        ("average_heartrate", pa.float64()),  # bpm
        ("max_heartrate", pa.float64()),  # bpm
        ("average_cadence", pa.float64()),  # rpm
        ("gear_id", pa.string()),
        ("gear_name", pa.string()),
        ("device_name", pa.string()),
        ("trainer", pa.bool_()),
        ("manual", pa.bool_()),
        ("samples", pa.int32()),  # rows in activity_streams
        ("computed", pa.string()),  # channels that no source had and that were made from others: "distance, …"
        ("positions", pa.int32()),  # of them with a position
        ("first_lng", pa.float64()),
        ("first_lat", pa.float64()),  # first position, degrees; null without one
        ("last_lng", pa.float64()),
        ("last_lat", pa.float64()),
        ("west", pa.float64()),
        ("south", pa.float64()),
        ("east", pa.float64()),
        ("north", pa.float64()),
        ("fingerprint", pa.string()),  # of everything this row and its samples were made from
    ]
)
