"""Trimmed stream CSVs: writing them, a month at once, and reading them back.

What belongs here: CONTRACT's columns, their order and decimals. What does not: which samples may be
published (``privacy.cut``) and whether the bytes are good (``publish.gate``).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from strava_assets.arrow_memory import readable
from strava_assets.errors import SettingsError
from strava_assets.schema import CHANNELS

#: Columns in CONTRACT's order, with the decimals they are written in.
DECIMALS = {
    "segment": 0,
    "time": 1,
    "distance": 1,
    "lat": 6,
    "lng": 6,
    "altitude": 1,
    "velocity_smooth": 2,
    "grade_smooth": 1,
    "heartrate": 0,
    "cadence": 0,
    "watts": 0,
    "temp": 0,
}
COLUMNS = tuple(DECIMALS)
#: Without these a CSV has no track.
REQUIRED = ("segment", "time", "lat", "lng")
#: Figures of an activity that are made from one column, and go with it.
FIGURES = {
    "altitude": ("total_elevation_gain",),
    "velocity_smooth": ("max_speed",),
    "heartrate": ("average_heartrate", "max_heartrate"),
    "cadence": ("average_cadence",),
    "watts": ("average_watts",),
}

assert set(CHANNELS) | {"segment"} == set(COLUMNS)


def encode(
    columns: Mapping[str, NDArray[np.float64]], starts: NDArray[np.int64], dropped: frozenset[str] = frozenset()
) -> list[bytes]:
    """Write one CSV for each activity.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        ``segment`` and any of CONTRACT's channels, NaN where a sample has none.
    starts : ndarray of int, shape (a + 1,)
        Rows of activity ``k`` are ``[starts[k], starts[k + 1])``.
    dropped : frozenset of str
        Columns that the owner does not publish.

    Returns
    -------
    list of bytes, one an activity
        RFC 4180, UTF-8, LF; only columns with at least one value.
    """
    texts = {name: _fixed(columns[name], DECIMALS[name]) for name in COLUMNS if name in columns}
    present = {name: np.add.reduceat(np.append(np.isfinite(columns[name]), False), starts[:-1]) > 0 for name in texts}
    files: list[bytes] = []
    for activity, (start, end) in enumerate(itertools.pairwise(starts)):
        names = [name for name in texts if name in REQUIRED or (present[name][activity] and name not in dropped)]
        rows = pc.binary_join_element_wise(*(texts[name].slice(start, end - start) for name in names), ",")
        whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
        body = pc.binary_join(whole, "\n")[0].as_py()
        files.append(f"{','.join(names)}\n{body}\n".encode())
    return files


@dataclass(frozen=True)
class DecodedCsv:
    """A CSV as its bytes say. Arrays have one value a row, NaN where a cell is empty."""

    header: tuple[str, ...]
    columns: dict[str, NDArray[np.float64]]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns["segment"])


def decode(data: bytes, only: Sequence[str] | None = None) -> DecodedCsv:
    """Read a trimmed CSV again.

    Parameters
    ----------
    data : bytes
    only : sequence of str, optional
        Columns whose cells are read, `REQUIRED` at least; all of them if left out.

    Raises
    ------
    ValueError
        The bytes are no such file: not UTF-8, no header, ragged rows, or a cell that is no number.
    """
    if b"\r" in data or not data.endswith(b"\n"):
        raise ValueError("lines do not end with LF")
    header = data[: data.index(b"\n")].decode("utf-8").split(",")
    if len(set(header)) != len(header):
        raise ValueError("a column is named twice")
    missing = [name for name in REQUIRED if name not in header]
    if missing:
        raise ValueError(f"no column {missing[0]}")
    try:
        table = pacsv.read_csv(
            readable(data),
            read_options=pacsv.ReadOptions(use_threads=False),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.float64()),
                null_values=[""],
                include_columns=only or [],
            ),
        )
    except pa.ArrowInvalid as error:
        raise ValueError(str(error).splitlines()[0][:160]) from error
    columns = {name: table.column(name).to_numpy() for name in only or header}
    segment = columns["segment"]
    if not len(segment) or segment[0] != 0 or not np.isin(np.diff(segment), (0, 1)).all():
        raise ValueError("segments are not counted from 0 in order")
    if (np.isfinite(columns["lat"]) != np.isfinite(columns["lng"])).any():
        raise ValueError("a row has half a position")
    for name, limit in (("lat", 90), ("lng", 180)):
        values = columns[name][np.isfinite(columns[name])]
        if (np.abs(values) > limit).any():
            raise ValueError(f"{name} is out of range")
    return DecodedCsv(tuple(header), columns)


def located_lines(decoded: DecodedCsv) -> list[NDArray[np.float64]]:
    """The positions of each segment, in order: arrays of lon, lat, shape (k, 2)."""
    segment, lon, lat = (decoded.columns[name] for name in ("segment", "lng", "lat"))
    known = np.isfinite(lon)
    points = np.column_stack([lon[known], lat[known]])
    breaks = np.flatnonzero(np.diff(segment[known])) + 1
    return [part for part in np.split(points, breaks) if len(part)]


def _fixed(values: NDArray[np.float64], decimals: int) -> pa.Array:
    """Numbers as text with so many decimals, empty where NaN; one decimal is left out where it is 0.

    Each text depends on its own value only: a file never changes because of its neighbours.
    """
    known = np.isfinite(values)
    scaled = np.rint(np.where(known, values, 0.0) * 10**decimals).astype(np.int64)
    if decimals == 0:
        texts = pa.array(scaled).cast(pa.string())
    else:
        wide = np.zeros((len(scaled), 2), np.int64)  # decimal128 is 16 bytes, little-endian
        wide[:, 0], wide[:, 1] = scaled, scaled >> 63
        numbers = pa.Decimal128Array.from_buffers(
            pa.decimal128(19, decimals), len(scaled), [None, pa.py_buffer(wide.tobytes())]
        )
        texts = numbers.cast(pa.string())
    if decimals == 1:
        texts = pc.if_else(pa.array(scaled % 10 == 0), pa.array(scaled // 10).cast(pa.string()), texts)
    return pc.if_else(pa.array(known), texts, "")


def column_choice(setting: str) -> frozenset[str]:
    """Columns that are left out, from the setting ``public_columns`` (empty: all are published).

    Raises
    ------
    SettingsError
        It names a column that there is not.
    """
    chosen: Sequence[str] = [name.strip() for name in setting.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in COLUMNS]:
        raise SettingsError(
            f"STRAVA_ASSETS_PUBLIC_COLUMNS names {', '.join(unknown)}; the columns are {', '.join(COLUMNS)}"
        )
    return frozenset() if not chosen else frozenset(COLUMNS) - set(chosen) - set(REQUIRED)
