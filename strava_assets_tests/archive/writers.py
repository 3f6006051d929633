"""Writing files as devices and Strava write them: FIT, GPX, TCX and a bulk export, all invented."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2024, 5, 10, 6, 0, tzinfo=UTC)
FIT_EPOCH = datetime(1989, 12, 31, tzinfo=UTC)

# name: field number, struct format, FIT base type, scale, offset, "no value"
_RECORD = {
    "time": (253, "I", 0x86, 1, 0, 0xFFFFFFFF),
    "lat": (0, "i", 0x85, 2**31 / 180, 0, 0x7FFFFFFF),
    "lng": (1, "i", 0x85, 2**31 / 180, 0, 0x7FFFFFFF),
    "altitude": (2, "H", 0x84, 5, 500, 0xFFFF),
    "heartrate": (3, "B", 0x02, 1, 0, 0xFF),
    "cadence": (4, "B", 0x02, 1, 0, 0xFF),
    "distance": (5, "I", 0x86, 100, 0, 0xFFFFFFFF),
    "speed": (6, "H", 0x84, 1000, 0, 0xFFFF),
    "watts": (7, "H", 0x84, 1, 0, 0xFFFF),
    "temp": (13, "b", 0x01, 1, 0, 0x7F),
}
_SESSION = {
    "end": (253, "I", 0x86),
    "start": (2, "I", 0x86),
    "sport": (5, "B", 0x00),
    "sub_sport": (6, "B", 0x00),
    "calories": (11, "H", 0x84),
    "ascent": (22, "H", 0x84),
}

ACTIVITY, COURSE, SETTINGS = 4, 6, 2
RUNNING, CYCLING, TRANSITION, SWIMMING = 1, 2, 3, 5


def fit(
    samples: Sequence[Mapping[str, float | None]],
    start: datetime = START,
    kind: int = ACTIVITY,
    sessions: Sequence[tuple[int, int, int]] = ((CYCLING, 0, 0),),
    calories: int = 300,
    beats: Sequence[tuple[float, int]] = (),
    own_kinds: bool = False,
) -> bytes:
    """A FIT file; ``time`` of each sample is seconds since ``start``.

    Each session is sport, sub_sport, and the index of its first sample; each beat seconds since ``start`` and a rate.
    With ``own_kinds`` a record has the fields that its sample has; else all have the same.
    """
    names = [name for name in _RECORD if any(name in sample for sample in samples)]
    began = int((start - FIT_EPOCH).total_seconds())
    body = _definition(0, 0, [(0, 1, 0x00), (1, 2, 0x84), (2, 2, 0x84), (4, 4, 0x86)])
    body += struct.pack("<BBHHI", 0, kind, 1, 1836, began)  # a Garmin edge 1000
    body += _records(names)
    body += _definition(2, 18, [(number, struct.calcsize(code), base) for number, code, base in _SESSION.values()])
    body += _beats(beats, began)
    last = [first for _, _, first in sessions[1:]] + [len(samples)]
    for (sport, sub_sport, first), end in zip(sessions, last, strict=True):
        for sample in samples[first:end]:
            if own_kinds:
                names = [name for name in _RECORD if name in sample]
                body += _records(names)
            body += b"\x01" + b"".join(_field(name, sample.get(name), began) for name in names)
        if samples:
            times = [int(sample.get("time") or 0) for sample in samples[first:end]]
            body += b"\x02" + struct.pack(
                "<IIBBHH", began + times[-1], began + times[0], sport, sub_sport, calories, 12
            )
    header = struct.pack("<BBHI4s", 14, 0x10, 2132, len(body), b".FIT")
    header += struct.pack("<H", fit_crc(header))
    return header + body + struct.pack("<H", fit_crc(header + body))


def _records(names: Sequence[str]) -> bytes:
    return _definition(
        1, 20, [(_RECORD[name][0], struct.calcsize(_RECORD[name][1]), _RECORD[name][2]) for name in names]
    )


def _beats(beats: Sequence[tuple[float, int]], began: int) -> bytes:
    """As a strap sends them: one with the time, then eight in a message, each with 12 bits of its clock."""
    if not beats:
        return b""
    clock = [5000 + round(seconds * 1024) for seconds, _ in beats]
    body = _definition(3, 132, [(253, 4, 0x86), (0, 2, 0x84), (9, 4, 0x86), (6, 1, 0x02)])
    body += struct.pack("<BIHIB", 3, began, 0, clock[0], beats[0][1])
    body += _definition(3, 132, [(6, 8, 0x02), (10, 12, 0x0D)])
    for at in range(1, len(beats), 8):
        ticks = [tick & 0xFFF for tick in clock[at : at + 8]]
        rates = [rate for _, rate in beats[at : at + 8]]
        while len(rates) < 8:  # no more beats: the last one again
            ticks.append(ticks[-1])
            rates.append(rates[-1])
        packed = b"".join((a | b << 12).to_bytes(3, "little") for a, b in zip(ticks[::2], ticks[1::2], strict=True))
        body += b"\x03" + bytes(rates) + packed
    return body


def _definition(local: int, number: int, fields: Iterable[tuple[int, int, int]]) -> bytes:
    fields = list(fields)
    return struct.pack("<BBBHB", 0x40 | local, 0, 0, number, len(fields)) + b"".join(map(bytes, fields))


def _field(name: str, value: float | None, began: int) -> bytes:
    _, code, _, scale, offset, nothing = _RECORD[name]
    if value is None:
        return struct.pack(f"<{code}", nothing)
    return struct.pack(f"<{code}", round((value + offset) * scale) + (began if name == "time" else 0))


def _crc_of_bytes() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC = _crc_of_bytes()


def fit_crc(data: bytes) -> int:
    """FIT's CRC-16."""
    crc = 0
    for byte in data:
        crc = (crc >> 8) ^ _CRC[(crc ^ byte) & 0xFF]
    return crc


def ride(count: int = 60, **channels: Sequence[float | None]) -> list[dict[str, float | None]]:
    """Samples a second apart, northwards from an invented place in the sea."""
    samples: list[dict[str, float | None]] = [
        {
            "time": i,
            "lat": 35 + i * 5e-5,
            "lng": -40.0,
            "altitude": 10 + i % 7,
            "heartrate": 120 + i % 9,
            "cadence": 85,
            "distance": i * 5.5,
            "speed": 5.5,
            "watts": 200,
            "temp": 21,
        }
        for i in range(count)
    ]
    for name, values in channels.items():
        for sample, value in zip(samples, values, strict=True):
            sample[name] = value
    return samples


def gpx(
    samples: Sequence[Mapping[str, Any]],
    start: datetime = START,
    name: str = "Ride",
    sport: str = "cycling",
    segments: int = 1,
) -> bytes:
    """A GPX file; a sample without ``time`` has no time, one with a text ``lat`` says that."""
    size = -(-len(samples) // segments) or 1
    parts = "".join(
        "<trkseg>" + "".join(_trkpt(sample, start) for sample in samples[i : i + size]) + "</trkseg>"
        for i in range(0, len(samples), size)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="Invented" '
        'xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<trk><name>{name}</name><type>{sport}</type>{parts}</trk></gpx>"
    ).encode()


def _trkpt(sample: Mapping[str, Any], start: datetime) -> str:
    when = f"<time>{_iso(start, sample['time'])}</time>" if sample.get("time") is not None else ""
    height = f"<ele>{sample['altitude']}</ele>" if sample.get("altitude") is not None else ""
    extra = "".join(
        f"<x:{tag}>{sample[name]}</x:{tag}>"
        for name, tag in (("heartrate", "hr"), ("cadence", "cad"), ("temp", "atemp"))
        if sample.get(name) is not None
    )
    extra += f"<power>{sample['watts']}</power>" if sample.get("watts") is not None else ""
    return (
        f'<trkpt lat="{sample["lat"]}" lon="{sample["lng"]}">{height}{when}'
        f"<extensions><x:TrackPointExtension>{extra}</x:TrackPointExtension></extensions></trkpt>"
    )


def tcx(laps: Sequence[Sequence[Mapping[str, Any]]], start: datetime = START, sport: str = "Running") -> bytes:
    """A TCX file of one activity with laps, with the ten blanks in front that Strava's have."""
    parts = "".join(
        f'<Lap StartTime="{_iso(start, 0)}"><TotalTimeSeconds>{len(lap)}</TotalTimeSeconds><Calories>100</Calories>'
        f"<Track>{''.join(_trackpoint(sample, start) for sample in lap)}</Track></Lap>"
        for lap in laps
    )
    return (
        " " * 10 + '<?xml version="1.0" encoding="UTF-8"?><TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>'
        f'<Activity Sport="{sport}"><Id>{_iso(start, 0)}</Id>{parts}<Creator><Name>Invented 3</Name></Creator>'
        "</Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def _trackpoint(sample: Mapping[str, Any], start: datetime) -> str:
    place = (
        ""
        if sample.get("lat") is None
        else (
            f"<Position><LatitudeDegrees>{sample['lat']}</LatitudeDegrees>"
            f"<LongitudeDegrees>{sample['lng']}</LongitudeDegrees></Position>"
        )
    )
    return (
        f"<Trackpoint><Time>{_iso(start, sample['time'])}</Time>{place}"
        f"<DistanceMeters>{sample['distance']}</DistanceMeters>"
        f"<HeartRateBpm><Value>{sample['heartrate']}</Value></HeartRateBpm></Trackpoint>"
    )


def _iso(start: datetime, seconds: float) -> str:
    moment = start + timedelta(seconds=seconds)
    fraction = f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


#: As the exports of 2024 begin; the rest of their columns is not read.
HEADER = [
    "Activity ID",
    "Activity Date",
    "Activity Name",
    "Activity Type",
    "Activity Description",
    "Elapsed Time",
    "Distance",
    "Max Heart Rate",
    "Relative Effort",
    "Commute",
    "Activity Private Note",
    "Activity Gear",
    "Filename",
    "Athlete Weight",
    "Bike Weight",
    "Elapsed Time",
    "Moving Time",
    "Distance",
    "Max Speed",
    "Average Speed",
    "Elevation Gain",
    "Max Heart Rate",
    "Average Heart Rate",
    "Average Watts",
    "Calories",
    "Average Cadence",
]


def export_row(strava_id: int, filename: str = "", **said: Any) -> list[str]:
    """A row under `HEADER`."""
    row = {
        "date": "May 10, 2024, 6:00:00 AM",
        "name": "Morning Ride",
        "type": "Ride",
        "description": "",
        "gear": "",
        "seconds": 3600.0,
        "metres": 20500.4,
        **said,
    }
    return [
        str(strava_id),
        row["date"],
        row["name"],
        row["type"],
        row["description"],
        f"{row['seconds']:.0f}",
        f"{row['metres'] / 1000:.2f}",
        "150",
        "12",
        "false",
        "",
        row["gear"],
        filename,
        "70.0",
        "9.0",
        str(row["seconds"]),
        str(row["seconds"] - 60),
        str(row["metres"]),
        "12.5",
        "5.7",
        "210.5",
        "151.0",
        "131.25",
        "180.0",
        "612.0",
        "82.0",
    ]


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> str:
    """A CSV as Strava writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def export_files(
    rows: Sequence[Sequence[str]],
    recordings: Mapping[str, bytes],
    athlete: tuple[int, str, str] | None = (4711, "Ada", "Example"),
    header: Sequence[str] = HEADER,
) -> dict[str, bytes]:
    """The files of a bulk export, by name."""
    files = {
        "activities.csv": table(rows, header).encode(),
        **recordings,
        "bikes.csv": b"Bike Name,Bike Brand,Bike Model,Bike Default Sport Types\nGrey,Acme,X,Gravel Ride\n",
        "shoes.csv": b"Shoe Name,Shoe Brand,Shoe Model,Shoe Default Sport Types\n",
        "messaging.json": b"{}",
        "media/a.jpg": b"\xff\xd8",
    }
    if athlete:
        files["profile.csv"] = (
            f"Athlete ID,Email Address,First Name,Last Name\n{athlete[0]},ada@example.org,{athlete[1]},{athlete[2]}\n"
        ).encode()
    return files


def write_zip(path: Path, files: Mapping[str, bytes], prefix: str = "") -> Path:
    """The files as a zip."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(prefix + name, data)
    return path


def write_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """The files as a folder."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path
