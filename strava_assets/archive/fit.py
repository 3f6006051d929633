"""FIT files to channels, by pyroparse (Rust).

What belongs here: what FIT means in our words, and where pyroparse needs a guard. What does not:
checks that hold for every format (``samples``).

pyroparse's public readers sort by time and refuse files with several sessions, so we take its
parser's own tables: every record once, in file order, sessions one after the other. On the recordings
that the tests use these equal what Garmin's SDK decodes, record by record; files with compressed
timestamps (old ANT-FS watches), which that SDK refuses, are read too. A wrong checksum is no obstacle:
many watches wrote one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from pyroparse import _core

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


def is_fit(data: bytes) -> bool:
    """Whether the bytes say that they are FIT."""
    return data[8:12] == b".FIT" and data[:1] in (b"\x0c", b"\x0e")


def read_fit(data: bytes) -> Channels:
    """Channels of every record, of all sessions and chained files.

    Raises
    ------
    UnreadableRecording
        Cut short, damaged, or another kind of FIT file (a course, a workout, settings).
    """
    whole, warnings = _whole_files(data)
    parsed = _parse(whole)
    kind = parsed.get("file_type")
    activities = parsed["activities"]
    if kind not in (None, "activity"):
        raise UnreadableRecording(f"a FIT file of the kind {kind}, not the recording of an activity")
    tables = [pa.Table.from_batches([activity["records"]]) for activity in activities]
    sessions = [activity["metadata"] for activity in activities]
    if not sum(table.num_rows for table in tables):
        raise UnreadableRecording("it holds no samples")
    times = np.concatenate([_numbers(table, "timestamp") for table in tables]).astype("datetime64[us]")
    values = {
        ours: np.concatenate([_numbers(table, theirs) for table in tables])
        for theirs, ours in _CHANNELS.items()
        if any(theirs in table.column_names for table in tables)
    }
    if not (np.isfinite(values["lat"]) & np.isfinite(values["lng"])).any():
        del values["lat"], values["lng"]  # pyroparse has the columns even where no record has a position
    if "distance" in values:
        values["distance"] = _one_odometer([_numbers(table, "distance") for table in tables])
    main = _main_session(sessions, [table.num_rows for table in tables])
    return Channels(
        times,
        values,
        from_fit(main.get("sport"), main.get("sub_sport")),
        main.get("name"),
        _device(main.get("devices") or []),
        _figures(sessions),
        warnings,
    )


def _whole_files(data: bytes) -> tuple[bytes, list[str]]:
    """The chained files that are complete, by their headers; what follows them is dropped with a warning."""
    end = 0
    while end < len(data) and is_fit(data[end : end + 12]):
        size = data[end] + int.from_bytes(data[end + 4 : end + 8], "little")
        if end + size > len(data):
            break
        end += size + 2  # the checksum; some writers leave it out at the very end
    if not end:
        expected = data[0] + int.from_bytes(data[4:8], "little") + 2
        raise UnreadableRecording(f"cut short: {len(data):,} of {expected:,} bytes")
    rest = len(data) - end
    return data[:end], [f"{rest:,} bytes after its end were ignored"] if rest > 0 else []


def _parse(data: bytes) -> dict[str, Any]:
    try:
        return _core.parse_fit_bytes(data, None)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic in Rust is no Exception
        text = str(error)
        if "non-nullable" in text and "timestamp" in text:
            raise UnreadableRecording("it has samples without a time") from None
        text = text.removeprefix("FIT parse error ").splitlines()[0][:120] if text else type(error).__name__
        raise UnreadableRecording(f"damaged FIT: {text}") from None


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
    """The sessions' odometers, each from zero, as one that runs through."""
    driven = 0.0
    joined = []
    for part in parts:
        joined.append(part + driven)
        known = part[np.isfinite(part)]
        driven += float(known.max()) if len(known) else 0.0
    return np.concatenate(joined)


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
