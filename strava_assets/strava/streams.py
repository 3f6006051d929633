"""An activity's streams as the API tells them, as a typed table.

What belongs here: keeping the answer as it came, and reading it into ``schema.CHANNELS``. What does not:
getting it. Units are the API's, which are ours.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from strava_assets import quick_json
from strava_assets.errors import StravaError
from strava_assets.schema import CHANNELS

_DEGREES = 6  # decimals kept


def pack_streams(raw: Mapping[str, Any]) -> bytes:
    """The answer as gzipped JSON; the same answer is the same bytes."""
    return gzip.compress(quick_json.dumps(raw), compresslevel=4, mtime=0)


def has_samples(raw: Mapping[str, Any]) -> bool:
    """Whether there is any sample in an answer: Strava gives empty streams, too, while it is at them."""
    return any(stream.get("data") if isinstance(stream, Mapping) else stream for stream in raw.values())


def load_streams(data: bytes) -> pa.Table:
    """Read what `pack_streams` made.

    Raises
    ------
    StravaError
        It is damaged, or no set of streams.
    """
    try:
        raw = quick_json.loads(gzip.decompress(data))
    except (OSError, EOFError, ValueError) as error:
        raise StravaError("its stored streams are damaged; they can be read from Strava again") from error
    return streams_table(raw)


def streams_table(raw: Any) -> pa.Table:
    """Streams as columns.

    Parameters
    ----------
    raw : dict or list
        By type (``key_by_type``), or a list of streams that name theirs.

    Returns
    -------
    pa.Table
        Those columns of ``schema.CHANNELS``, and ``moving``, that there are; one row a sample. Degrees
        WGS 84 rounded to 1e-6; a sample without a position (null, empty or 0,0) has null for both.

    Raises
    ------
    StravaError
        Streams of different lengths, or with something other than numbers.
    """
    data = _by_type(raw)
    lengths = {name: len(values) for name, values in data.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in sorted(lengths.items()))
        raise StravaError(f"its streams differ in length: {told}")
    columns: dict[str, pa.Array] = {}
    for name, values in data.items():
        if name == "latlng":
            lat, lng = _positions(values)
            columns["lat"], columns["lng"] = (pa.array(part, pa.float64(), from_pandas=True) for part in (lat, lng))
        elif name == "moving":
            columns["moving"] = pa.array([None if value is None else bool(value) for value in values], pa.bool_())
        elif name in CHANNELS:
            numbers = pa.array(_numbers(name, values), pa.float64(), from_pandas=True)
            columns[name] = numbers.cast(CHANNELS[name], safe=False)
    return pa.table({name: columns[name] for name in (*CHANNELS, "moving") if name in columns})


def _by_type(raw: Any) -> dict[str, list[Any]]:
    if isinstance(raw, list):
        raw = {item.get("type"): item for item in raw if isinstance(item, dict)}
    if not isinstance(raw, dict):
        raise StravaError(f"its streams are {type(raw).__name__}, not a set of streams")
    found: dict[str, list[Any]] = {}
    for name, stream in raw.items():
        values = stream.get("data") if isinstance(stream, dict) else stream
        if name not in CHANNELS and name not in ("latlng", "moving"):
            continue  # newer kinds; the original keeps them
        if not isinstance(values, list):
            raise StravaError(f"its stream {name} holds no list")
        found[name] = values
    return {name: found[name] for name in found if found[name] or not any(found.values())}


def _numbers(name: str, values: list[Any]) -> np.ndarray:
    """Floats; what is null or infinite is NaN."""
    try:
        numbers = np.array(pa.array(values, pa.float64(), from_pandas=True).to_numpy(zero_copy_only=False))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise StravaError(f"its stream {name} holds something other than numbers") from error
    numbers[np.isinf(numbers)] = np.nan
    return numbers


def _positions(values: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Latitudes and longitudes, NaN where there is no position."""
    pairs = [value if isinstance(value, list) and len(value) == 2 else (None, None) for value in values]
    try:
        degrees = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    except (TypeError, ValueError, OverflowError) as error:
        raise StravaError("its stream latlng holds something other than numbers") from error
    lat, lng = np.round(degrees, _DEGREES).T + 0.0  # no minus zero
    with np.errstate(invalid="ignore"):
        known = (np.abs(lat) <= 90) & (np.abs(lng) <= 180) & ((lat != 0) | (lng != 0))
    return np.where(known, lat, np.nan), np.where(known, lng, np.nan)
