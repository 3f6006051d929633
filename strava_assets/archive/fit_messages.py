"""What pyroparse's tables of a FIT file leave out: beats that a strap sent later, and records without a time.

What belongs here: FIT messages one by one, which is slow; only for the few files that need it. What does not:
what every file has (``fit``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strava_assets.errors import UnreadableRecording

#: Global numbers of messages, and of a field.
_RECORD, _HR, _TIMESTAMP = 20, 132, 253
_NO_TIME = b"\xff\xff\xff\xff"
# a definition of such messages, in either byte order
_BEATS = re.compile(rb"[\x40-\x4f\x60-\x6f]\x00(?:\x00\x84\x00|\x01\x00\x84)")
#: A beat's value holds for so long where the next one is late, and in such steps, seconds (as in Garmin's SDK).
_HOLDS, _STEP = 5.0, 0.25
#: Ticks of the strap's clock a second; the short form has 12 bits.
_TICKS, _SHORT = 1024, 4096
_FIT_EPOCH = 631_065_600  # seconds since 1970


class Kind(NamedTuple):
    """A definition: the global number of its messages, their fields as (number, size), and their size."""

    number: int
    order: Literal["little", "big"]
    fields: list[tuple[int, int]]
    size: int


def walk(data: bytes) -> Iterator[tuple[Kind, int]]:
    """Every data message of all chained files, as its kind and where its fields begin, up to what is damaged."""
    end = 0
    while data[end + 8 : end + 12] == b".FIT":
        at, end = end + data[end], end + data[end] + int.from_bytes(data[end + 4 : end + 8], "little")
        stop = min(end, len(data))
        kinds: dict[int, Kind] = {}
        try:
            while at < end:
                head = data[at]
                at += 1
                if head & 0xC0 == 0x40:
                    at = _define(data, at, head, kinds)
                    continue
                kind = kinds[head >> 5 & 3 if head & 0x80 else head & 15]  # the first with a compressed time
                if at + kind.size > stop:
                    return
                yield kind, at
                at += kind.size
        except (KeyError, IndexError):
            return
        end += 2


def _define(data: bytes, at: int, head: int, kinds: dict[int, Kind]) -> int:
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
    kinds[head & 15] = Kind(number, order, fields, size)
    return at


def last_end(data: bytes, limit: int) -> int:
    """Where the last whole message before a byte ends; 0 if there is none."""
    ends = itertools.takewhile(lambda end: end <= limit, (at + kind.size for kind, at in walk(data)))
    return max(ends, default=0)


def more_than(most: int, data: bytes) -> bool:
    """Whether a FIT file holds more data messages than that."""
    return any(count >= most for count, _ in enumerate(walk(data)))


def has_beats(data: bytes) -> bool:
    """Whether a FIT file may hold beats in messages of their own, as a strap sends them after a swim."""
    quickly = b"\x00\x00\x84\x00" in data or b"\x00\x01\x00\x84" in data
    return quickly and _BEATS.search(data) is not None


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
    for kind, at in walk(data):
        if kind.number != _HR:
            continue
        found = {}
        for number, size in kind.fields:
            found[number] = data[at : at + size]
            at += size
        if {_TIMESTAMP, 9} <= found.keys():  # a full time, and the strap's clock at it
            clock = int.from_bytes(found[9][:4], kind.order)
            began = _FIT_EPOCH + int.from_bytes(found[_TIMESTAMP], kind.order)
            began += int.from_bytes(found.get(0, b""), kind.order) / 32768 - clock / _TICKS
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


def with_times(data: bytes) -> tuple[bytes, list[int]]:
    """The file with a time for every record, that of the record before, and which records had none.

    Raises
    ------
    UnreadableRecording
        None has a time, or one that has none has no room for one.
    """
    filled, last = bytearray(data), b""
    untimed: list[int] = []
    waiting: list[int] = []
    for count, (kind, at) in enumerate((kind, at) for kind, at in walk(data) if kind.number == _RECORD):
        if data[at - 1] & 0x80:  # its head has the time
            continue
        place = at
        for number, size in kind.fields:
            if number == _TIMESTAMP:
                break
            place += size
        else:
            place = 0
        if place and data[place : place + 4] != _NO_TIME:
            last = data[place : place + 4]
            for earlier in waiting:
                filled[earlier : earlier + 4] = last
            waiting = []
            continue
        untimed.append(count)
        if place and last:
            filled[place : place + 4] = last
        elif place:
            waiting.append(place)
        elif data[at - 1] <= 3 and last:  # a head of the kind that holds the time's last five bits
            low = last[0 if kind.order == "little" else 3] & 31
            filled[at - 1] = 0x80 | data[at - 1] << 5 | low
        else:
            raise UnreadableRecording("its samples have no times")
    if not last:
        raise UnreadableRecording("its samples have no times")
    return bytes(filled), untimed
