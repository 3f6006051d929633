"""An export of ten years, generated: as many recordings as wanted, in the mixture that accounts have.

60 % FIT with every sensor, 25 % GPX as a phone records, and 15 % TCX with heart rate, all of them gzipped, an hour of
a sample a second each. A recording is a ride of the simulated athlete, turned, and put down at one of a few homes; no
two are the same.

What belongs here: writing such a zip quickly, on all processors. What does not: what a ride is like (``sandbox``).
"""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from strava_assets.sandbox.athlete import synthetic_account
from strava_assets_tests.archive.writers import FIT_EPOCH, export_files, export_row, fit, fit_crc
from strava_assets_tests.publish.worlds import HOME

#: Where rides start, degrees: places that are to be zones.
HOMES = [(HOME.lon + 0.05 * number, HOME.lat + 0.01 * number) for number in range(3)]
SAMPLES = 3600
#: Different rides of the simulated athlete.
_RIDES = 60
#: Days of the history, and its last.
_DAYS, _LAST = 3652, datetime(2026, 6, 30, tzinfo=UTC)
#: Of twenty recordings: twelve FIT, five GPX, three TCX.
_KINDS = ("fit", "gpx", "fit", "tcx", "fit", "gpx", "fit", "fit", "gpx", "fit") * 2
_KINDS = (*_KINDS[:-2], "tcx", "tcx")

_FIELDS = np.dtype(
    [
        ("header", "u1"),
        ("time", "<u4"),
        ("lat", "<i4"),
        ("lng", "<i4"),
        ("altitude", "<u2"),
        ("heartrate", "u1"),
        ("cadence", "u1"),
        ("distance", "<u4"),
        ("speed", "<u2"),
        ("watts", "<u2"),
        ("temp", "i1"),
    ]
)


@dataclass(frozen=True)
class Recording:
    """One activity of the export."""

    number: int
    count: int

    @property
    def kind(self) -> str:
        """``fit``, ``gpx`` or ``tcx``."""
        return _KINDS[self.number % len(_KINDS)]

    @property
    def name(self) -> str:
        """Within the export."""
        return f"activities/{1_000_000 + self.number}.{self.kind}.gz"

    @property
    def start(self) -> datetime:
        """UTC; evenly over the years."""
        before = timedelta(days=(self.count - self.number) * _DAYS / self.count)
        return (_LAST - before).replace(minute=self.number % 60, second=7, microsecond=0)


def write(path: Path, count: int, samples: int = SAMPLES) -> int:
    """Write an export's zip.

    Returns
    -------
    int
        Bytes of its recordings when unpacked.
    """
    recordings = [Recording(number, count) for number in range(count)]
    rows = [
        export_row(
            1_000_000 + one.number,
            one.name,
            name=f"Ride {one.number}",
            date=f"{one.start:%b} {one.start.day}, {one.start:%Y, %I:%M:%S %p}",
            seconds=float(samples - 1),
            metres=float(_ride(one.number % _RIDES, samples)["distance"][-1]),
        )
        for one in recordings
    ]
    size, part = 0, path.with_suffix(".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive, ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, data in export_files(rows, {}).items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for one, (data, unpacked) in zip(
            recordings, pool.map(_packed, recordings, [samples] * count, chunksize=20), strict=True
        ):
            archive.writestr(one.name, data)
            size += unpacked
    part.rename(path)
    return size


def recordings(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and unpacked bytes of each recording of a zip."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".gz"):
                yield name, gzip.decompress(archive.read(name))


def _packed(recording: Recording, samples: int) -> tuple[bytes, int]:
    data = {"fit": _fit, "gpx": _gpx, "tcx": _tcx}[recording.kind](recording, turned(recording, samples))
    return gzip.compress(data, 6, mtime=0), len(data)


@cache
def _ride(number: int, samples: int) -> dict[str, np.ndarray]:
    """One of the rides: what is measured a second at a time, and ``gone``, metres, east + i north."""
    account = synthetic_account(seed=number + 1, activities=1)
    while True:
        ride = account.add().samples()
        if len(ride["time"]) >= samples and np.ptp(ride["lat"][:samples]) > 0.01:
            break
    ride = {name: np.nan_to_num(values[:samples]) for name, values in ride.items()}
    east = (ride["lng"] - ride["lng"][0]) * 111_320 * np.cos(np.radians(ride["lat"][0]))
    nothing = np.zeros(samples)
    ride = {"watts": nothing + 180, "heartrate": nothing + 140, "cadence": nothing + 85, "temp": nothing + 18} | ride
    return ride | {"gone": east + 1j * (ride["lat"] - ride["lat"][0]) * 111_320}


def turned(recording: Recording, samples: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(recording.number)
    ride = _ride(recording.number % _RIDES, samples)
    gone = ride["gone"] * np.exp(2j * np.pi * chance.uniform()) / 111_320
    lon, lat = HOMES[int(chance.integers(len(HOMES)))]
    return ride | {
        "time": np.arange(samples),
        "lng": lon + gone.real / np.cos(np.radians(lat)),
        "lat": lat + gone.imag,
        "heartrate": np.clip(ride["heartrate"] + chance.integers(-5, 6), 60, 200),
    }


def _fit(recording: Recording, ride: dict[str, np.ndarray]) -> bytes:
    whole = fit([dict.fromkeys(_FIELDS.names[1:], 0)], recording.start)
    head, _, tail = whole[14:-2].partition(_one_record(recording.start))
    records = np.empty(len(ride["time"]), _FIELDS)
    records["header"] = 1
    records["time"] = ride["time"] + int((recording.start - FIT_EPOCH).total_seconds())
    for name, scale, offset in (
        ("lat", 2**31 / 180, 0),
        ("lng", 2**31 / 180, 0),
        ("altitude", 5, 500),
        ("heartrate", 1, 0),
        ("cadence", 1, 0),
        ("distance", 100, 0),
        ("watts", 1, 0),
        ("temp", 1, 0),
    ):
        records[name] = np.round((ride[name] + offset) * scale)
    records["speed"] = np.round(ride["velocity_smooth"] * 1000)
    body = head + records.tobytes() + tail
    header = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    header += struct.pack("<H", fit_crc(header))
    return header + body + struct.pack("<H", fit_crc(header + body))


def _one_record(start: datetime) -> bytes:
    record = np.zeros(1, _FIELDS)
    record["header"], record["altitude"] = 1, 2500
    record["time"] = int((start - FIT_EPOCH).total_seconds())
    return record.tobytes()


def _moments(recording: Recording, ride: dict[str, np.ndarray]) -> list[str]:
    start = np.datetime64(recording.start.replace(tzinfo=None), "s")
    return [f"{moment}Z" for moment in np.datetime_as_string(start + ride["time"].astype("timedelta64[s]"))]


def _gpx(recording: Recording, ride: dict[str, np.ndarray]) -> bytes:
    columns = (ride[name].tolist() for name in ("lat", "lng", "altitude"))
    points = "".join(
        f'<trkpt lat="{lat:.7f}" lon="{lng:.7f}"><ele>{altitude:.1f}</ele><time>{moment}</time></trkpt>\n'
        for moment, lat, lng, altitude in zip(_moments(recording, ride), *columns, strict=True)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx creator="StravaGPX" version="1.1" '
        'xmlns="http://www.topografix.com/GPX/1/1">\n'
        f"<trk><name>Ride {recording.number}</name><type>cycling</type><trkseg>\n{points}</trkseg></trk></gpx>\n"
    ).encode()


def _tcx(recording: Recording, ride: dict[str, np.ndarray]) -> bytes:
    columns = (ride[name].tolist() for name in ("lat", "lng", "altitude", "distance", "heartrate"))
    moments = _moments(recording, ride)
    points = "".join(
        f"<Trackpoint><Time>{moment}</Time><Position><LatitudeDegrees>{lat:.7f}</LatitudeDegrees>"
        f"<LongitudeDegrees>{lng:.7f}</LongitudeDegrees></Position><AltitudeMeters>{altitude:.1f}</AltitudeMeters>"
        f"<DistanceMeters>{distance:.2f}</DistanceMeters><HeartRateBpm><Value>{rate:.0f}</Value></HeartRateBpm>"
        "</Trackpoint>\n"
        for moment, lat, lng, altitude, distance, rate in zip(moments, *columns, strict=True)
    )
    return (
        " " * 10 + '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        f'<Activity Sport="Biking"><Id>{moments[0]}</Id><Lap StartTime="{moments[0]}">'
        f"<TotalTimeSeconds>{len(moments) - 1}</TotalTimeSeconds><Calories>500</Calories><Track>\n"
        f"{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>\n"
    ).encode()
