"""FIT files to channels, by pyroparse (Rust).

What belongs here: what FIT means in our words, and where pyroparse needs a guard. What does not:
checks that hold for every format (``samples``).

pyroparse's public readers sort by time and refuse files with several sessions, so we take its
parser's own tables: every record once, in file order, sessions one after the other. On the recordings
that the tests use these equal what Garmin's SDK decodes, record by record; files with compressed
timestamps (old ANT-FS watches), which that SDK refuses, are read too. A wrong checksum is no obstacle:
many watches wrote one. Where a file is damaged or its end is lost, what came before is read.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pyarrow as pa
from pyroparse import _core

from strava_assets.archive import fit_messages
from strava_assets.archive.samples import Channels
from strava_assets.archive.sport_types import from_fit
from strava_assets.errors import UnreadableRecording

_CHANNELS = {
    "distance": "distance",
    "latitude": "lat",
    "longitude": "lng",
    "altitude": "altitude",
    "speed": "velocity_smooth",
    "grade": "grade_smooth",
    "heart_rate": "heartrate",
    "cadence": "cadence",
    "power": "watts",
    "temperature": "temp",
}


#: A larger file's messages are counted first: a record that takes a byte here takes 200 in memory.
SMALL, MESSAGES = 2 * 2**20, 2_000_000
_REPAIRS = 8
_LONGEST_MESSAGE = 2**16


def is_fit(data: bytes) -> bool:
    """Whether the bytes say that they are FIT."""
    return data[8:12] == b".FIT" and data[:1] in (b"\x0c", b"\x0e")


def read_fit(data: bytes) -> Channels:
    """Channels of every record, of all sessions and chained files.

    Raises
    ------
    UnreadableRecording
        Nothing of it can be read, or it is another kind of FIT file (a course, a workout, settings).
    """
    parsed, untimed, warnings = _parse(data)
    kind = parsed.get("file_type")
    if kind not in (None, "activity"):
        raise UnreadableRecording(f"a FIT file of the kind {kind}, not the recording of an activity")
    tables = [pa.Table.from_batches([activity["records"]]) for activity in parsed["activities"]]
    sessions = [activity["metadata"] for activity in parsed["activities"]]
    if not sum(table.num_rows for table in tables):
        raise UnreadableRecording(
            "; ".join(["it holds no samples", *warnings]).removesuffix("; what is there was read")
        )
    times = np.concatenate([_numbers(table, "timestamp") for table in tables]).astype("datetime64[us]")
    times[untimed] = np.datetime64("NaT")
    values = {
        ours: np.concatenate([_numbers(table, theirs) for table in tables])
        for theirs, ours in _CHANNELS.items()
        if any(theirs in table.column_names for table in tables)
    }
    if not (np.isfinite(values["lat"]) & np.isfinite(values["lng"])).any():
        del values["lat"], values["lng"]  # pyroparse has the columns even where no record has a position
    if "distance" in values:
        values["distance"] = _one_odometer([_numbers(table, "distance") for table in tables])
    if fit_messages.has_beats(data):
        values["heartrate"] = fit_messages.with_beats(data, times, values["heartrate"])
    main = _main_session(sessions, [table.num_rows for table in tables])
    return Channels(
        times,
        values,
        from_fit(main.get("sport"), main.get("sub_sport")),
        main.get("name"),
        _device(main.get("devices") or []),
        _figures(sessions),
        warnings,
        _made(sessions),
    )


def _parse(data: bytes) -> tuple[dict[str, Any], list[int], list[str]]:
    """pyroparse's tables, of as much as can be read; which records have no time; what was odd, one line each."""
    data, warnings = _whole_files(data)
    if len(data) > SMALL and fit_messages.more_than(MESSAGES, data):
        raise UnreadableRecording(f"a FIT file of more than {MESSAGES:,} messages")
    reason, stop = "", len(data)
    untimed: list[int] = []
    for _ in range(_REPAIRS):
        try:
            return _core.parse_fit_bytes(data, None), untimed, warnings
        except (KeyboardInterrupt, SystemExit, MemoryError):
            raise
        except BaseException as error:  # a panic in Rust is no Exception
            reason = str(error) or type(error).__name__
        if "non-nullable" in reason and "timestamp" in reason:
            data, untimed = fit_messages.with_times(data)
            continue
        place = re.search(r"at offset 0x([0-9A-Fa-f]+)", reason)
        at = int(place[1], 16) if place else 0
        if "header CRC" in reason:
            data = data[:at] + b"\0\0" + data[at + 2 :]  # zero says that there is none
            continue
        at, before = fit_messages.last_end(data, at), at
        if not 0 < at < stop:
            break
        stop = at
        if not warnings or len(data) - at > _LONGEST_MESSAGE:
            warnings.append(f"damaged at byte {before:,} of {len(data):,}; what comes before was read")
        data = _closed(data, _part_of(data, at), at)
    reason = reason.removeprefix("FIT parse error ").splitlines()[0][:120]
    raise UnreadableRecording(f"damaged FIT: {reason}")


def _whole_files(data: bytes) -> tuple[bytes, list[str]]:
    """The chained files; a last one without its end is closed where it breaks off, and what is no file is left out."""
    end = 0
    while is_fit(data[end : end + 12]) and end + data[end] <= len(data):
        size = int.from_bytes(data[end + 4 : end + 8], "little")
        # a recorder that was switched off leaves a size of 0
        if not size or end + data[end] + size > len(data):
            told = f"cut short: {len(data):,}" + (f" of {end + data[end] + size + 2:,} bytes" if size else " bytes")
            open_end = _closed(data, end, len(data))
            stop = fit_messages.last_end(open_end, len(data))
            return _closed(data, end, max(stop, end + data[end])), [f"{told}; what is there was read"]
        end += data[end] + size + 2  # the checksum; some writers leave it out at the very end
    rest = len(data) - end
    if not end:
        raise UnreadableRecording(f"cut short: {len(data)} bytes, not even a whole header")
    return data[:end] + bytes(max(-rest, 0)), [f"{rest:,} bytes after its end were ignored"] if rest > 0 else []


def _part_of(data: bytes, at: int) -> int:
    """Where the chained file begins that a byte is in."""
    start = end = 0
    while end <= at and is_fit(data[end : end + 12]):
        start, end = end, end + data[end] + int.from_bytes(data[end + 4 : end + 8], "little") + 2
    return start


def _closed(data: bytes, start: int, stop: int) -> bytes:
    """The files up to a byte, with a header at ``start`` that says so, and no checksums."""
    header, begin = data[start : start + data[start]], start + data[start]
    size = max(stop - begin, 0).to_bytes(4, "little")
    return data[:start] + header[:4] + size + header[8:12] + bytes(len(header[12:])) + data[begin:stop] + b"\0\0"


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column as numbers: µs for the timestamp, float64 with NaN for the others."""
    if name == "timestamp":
        return table.column(name).cast(pa.int64()).to_numpy()
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return np.full(table.num_rows, np.nan)
    return column.cast(pa.float64()).to_numpy()


def _one_odometer(parts: list[np.ndarray]) -> np.ndarray:
    """The sessions' odometers, those that begin again at zero, as one that runs through."""
    before = driven = 0.0
    joined = []
    for part in parts:
        known = part[np.isfinite(part)]
        if len(known):
            driven += before if known[0] < before else 0.0
            before = float(known.max())
        joined.append(part + driven)
    return np.concatenate(joined)


def _made(sessions: list[dict[str, Any]]) -> list[str]:
    """Channels that pyroparse made of a pool's lengths, or set to zero in rests on a rowing machine."""
    keys = ("reconstructed_columns", "cleaned_columns")
    theirs = {name for session in sessions for key in keys for name in session.get(key) or []}
    return [ours for name, ours in _CHANNELS.items() if name in theirs]


def _main_session(sessions: list[dict[str, Any]], sizes: list[int]) -> dict[str, Any]:
    """The session with most samples; a change of clothes is none."""
    proper = [i for i, session in enumerate(sessions) if session.get("sport") != "transition"] or [0]
    return sessions[max(proper, key=lambda i: sizes[i])]


def _device(devices: list[dict[str, Any]]) -> str | None:
    for device in devices:
        maker, product = device.get("manufacturer"), device.get("product_name") or device.get("product")
        if maker and maker != "unknown":
            maker, product = maker.replace("_", " ").title(), str(product or "").replace("_", " ").strip()
            if product.lower().startswith(maker.lower()):
                return product
            return maker if not product or product.isdigit() else f"{maker} {product}"
    return None


def _figures(sessions: list[dict[str, Any]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, theirs in (("calories", "calories"), ("total_elevation_gain", "ascent")):
        known = [
            value
            for session in sessions
            if isinstance(value := (session.get("summary") or {}).get(theirs), (int, float))
        ]
        if known and sum(known) > 0:
            figures[name] = float(sum(known))
    return figures
