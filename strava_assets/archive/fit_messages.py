"""What pyroparse's tables of a FIT file leave out: beats that a strap sent later, and records without a time.

What belongs here: FIT messages one by one, which is slow; only for the few files that need it. What does not:
what every file has (``fit``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyroparse import _core

from strava_assets.errors import UnreadableRecording

#: Messages as Python objects take some 3 KB each.
MOST = 200_000
_HR = 132
# a definition of such messages, in either byte order
_BEATS = re.compile(rb"[\x40-\x4f\x60-\x6f]\x00(?:\x00\x84\x00|\x01\x00\x84)")
#: A beat's value holds for so long where the next one is late, and in such steps, seconds (as in Garmin's SDK).
_HOLDS, _STEP = 5.0, 0.25
#: Ticks of the strap's clock a second; the short form has 12 bits.
_TICKS, _SHORT = 1024, 4096
_FIT_EPOCH = 631_065_600  # seconds since 1970
#: The record's fields as messages name them, and as pyroparse's tables do.
_RECORD = {
    "heart_rate": "heart_rate",
    "cadence": "cadence",
    "power": "power",
    "temperature": "temperature",
    "distance": "distance",
    "grade": "grade",
    "enhanced_speed": "speed",
    "enhanced_altitude": "altitude",
}
_SEMICIRCLE = 180 / 2**31  # degrees


class Message(NamedTuple):
    """A data message: its global number, its fields as (number, size), and where they begin and it ends."""

    number: int
    order: Literal["little", "big"]
    fields: list[tuple[int, int]]
    at: int = 0
    end: int = 0


def walk(data: bytes) -> Iterator[Message]:
    """Every data message of all chained files, up to the end or to what is damaged."""
    end = 0
    while data[end + 8 : end + 12] == b".FIT":
        at, end = end + data[end], end + data[end] + int.from_bytes(data[end + 4 : end + 8], "little")
        kinds: dict[int, tuple[Message, int]] = {}
        try:
            while at < end:
                head = data[at]
                at += 1
                if head & 0xC0 == 0x40:
                    at = _define(data, at, head, kinds)
                    continue
                kind, size = kinds[head >> 5 & 3 if head & 0x80 else head & 15]  # the first with a compressed time
                if at + size > min(end, len(data)):
                    return
                yield kind._replace(at=at, end=at + size)
                at += size
        except (KeyError, IndexError):
            return
        end += 2


def _define(data: bytes, at: int, head: int, kinds: dict[int, tuple[Message, int]]) -> int:
    order: Literal["big", "little"] = "big" if data[at + 1] else "little"
    count = data[at + 4]
    fields = [(data[field], data[field + 1]) for field in range(at + 5, at + 5 + 3 * count, 3)]
    size = sum(size for _, size in fields)
    number = int.from_bytes(data[at + 2 : at + 4], order)
    at += 5 + 3 * count
    if head & 0x20:  # fields of developers follow
        count = data[at]
        size += sum(data[at + 2 : at + 1 + 3 * count : 3])
        at += 1 + 3 * count
    kinds[head & 15] = Message(number, order, fields), size
    return at


def last_end(data: bytes, limit: int) -> int:
    """Where the last whole message before a byte ends; 0 if there is none."""
    ends = itertools.takewhile(lambda end: end <= limit, (message.end for message in walk(data)))
    return max(ends, default=0)


def more_than(most: int, data: bytes) -> bool:
    """Whether a FIT file holds more data messages than that."""
    return any(count >= most for count, _ in enumerate(walk(data)))


def has_beats(data: bytes) -> bool:
    """Whether a FIT file may hold beats in messages of their own, as a strap sends them after a swim."""
    return _BEATS.search(data) is not None


def with_beats(data: bytes, times: NDArray[np.datetime64], heartrate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Heart rates with those that the strap sent later: the mean of the beats since the record before.

    Parameters
    ----------
    data : bytes
        The file.
    times : ndarray of datetime64, shape (n,)
        The records'.
    heartrate : ndarray, shape (n,)
        The records' own, beats a minute; kept where there was no beat.
    """
    moments, rates = _beats(data)
    if not len(moments):
        return heartrate
    until = times.astype("datetime64[us]").astype(np.float64) / 1e6
    since = np.append(until[0] - 1, until[:-1])
    since = np.where(since < until, since, until - 1)
    first, last = (np.searchsorted(moments, when, side="right") for when in (since, until))
    total = np.append(0.0, np.cumsum(rates))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.floor((total[last] - total[first]) / (last - first) + 0.5)
    return np.where(last > first, mean, heartrate)


def _beats(data: bytes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds since 1970 and beats a minute, in steps of a quarter second where a beat takes longer."""
    moments: list[float] = []
    rates: list[int] = []
    began, clock = 0.0, None
    for message in walk(data):
        if message.number != _HR:
            continue
        found, at = {}, message.at
        for number, size in message.fields:
            found[number] = data[at : at + size]
            at += size
        if {253, 9} <= found.keys():  # a full time, and the strap's clock at it
            clock = int.from_bytes(found[9][:4], message.order)
            began = _FIT_EPOCH + int.from_bytes(found[253], message.order)
            began += int.from_bytes(found.get(0, b""), message.order) / 32768 - clock / _TICKS
            ticks = [clock]
        else:
            short = found.get(10, b"")
            ticks = [
                int.from_bytes(short[i : i + 3], "little") >> shift & 0xFFF
                for i in range(0, len(short) - 2, 3)
                for shift in (0, 12)
            ]
        if clock is None:
            continue
        for tick, rate in zip(ticks, found.get(6, b""), strict=False):
            clock += (tick - clock) % _SHORT
            moments.append(began + clock / _TICKS)
            rates.append(rate)
    return _held(np.array(moments), np.array(rates, dtype=float))


def _held(moments: NDArray[np.float64], rates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each beat again every quarter second until the next one, for five seconds at most."""
    if not len(moments):
        return moments, rates
    order = np.argsort(moments, kind="stable")
    moments, rates = moments[order], rates[order]
    steps = np.ceil(np.append(np.diff(moments), 0.0) / _STEP - 1e-9)
    times = np.clip(steps, 1, 1 + _HOLDS / _STEP).astype(np.int64)
    step = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(moments, times) + _STEP * step, np.repeat(rates, times)


def activity(data: bytes) -> dict[str, Any]:
    """What pyroparse's parser would say of a file some of whose records have no time.

    Raises
    ------
    UnreadableRecording
        It is too long for that.
    """
    if more_than(MOST, data):
        raise UnreadableRecording("it has samples without a time, and too many")
    messages = [
        (str(message["kind"]), {field["name"]: field["value"] for field in message["fields"]})
        for message in _core.dump_fit_messages_bytes(data)
    ]
    records = [fields for kind, fields in messages if kind == "record"]
    columns: dict[str, Any] = {"timestamp": _column(records, "timestamp").cast(pa.timestamp("us", "UTC"))}
    columns |= {ours: _numbers(records, theirs) for theirs, ours in _RECORD.items()}
    columns["latitude"], columns["longitude"] = (
        _numbers(records, name) * _SEMICIRCLE for name in ("position_lat", "position_long")
    )
    said = {kind: fields for kind, fields in messages if kind in ("sport", "session")}
    sport = said.get("session") or said.get("sport") or {}
    kinds = [fields.get("type") for kind, fields in messages if kind == "file_id"]
    return {
        "file_type": kinds[0] if kinds else None,
        "activities": [
            {
                "records": pa.RecordBatch.from_pydict(columns),
                "metadata": {name: _word(sport.get(name)) for name in ("sport", "sub_sport")},
            }
        ],
    }


def _column(records: list[dict[str, Any]], name: str) -> pa.Array:
    return pa.array([_word(record.get(name)) for record in records], pa.string())


def _numbers(records: list[dict[str, Any]], name: str) -> NDArray[np.float64]:
    values = [record.get(name) for record in records]
    return np.array([value if isinstance(value, (int, float)) else np.nan for value in values], dtype=float)


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None
