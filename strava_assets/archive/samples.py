"""From channels as a parser found them to the typed table of one recording.

What belongs here: what holds for every format: the clock, what a position is, what counts as absent.
What does not: formats (``fit``, ``tracks``), and repairing or smoothing anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from strava_assets.archive.sport_types import UNKNOWN
from strava_assets.archive.text import one_line
from strava_assets.errors import UnreadableRecording
from strava_assets.schema import CHANNELS

#: Mean Earth radius, metres (IUGG).
_EARTH_RADIUS = 6_371_008.8
#: Faster than this, m/s, nobody moves whom a map would show: the receiver lost its place.
_LEAP = 60.0

#: No number of a file is as large; single precision ends soon after.
_ENDLESS = 1e38
#: GPS time began; nothing was recorded with a right clock before.
_FIRST_CLOCK = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass
class Channels:
    """What a parser found, in recorded order.

    Attributes
    ----------
    times : numpy.ndarray
        ``datetime64[us]``, UTC; NaT where a sample has none.
    values : dict
        Name of ``schema.CHANNELS`` (but ``time``) to float64; NaN where a sample has none.
    computed : list of str
        Those of them that the parser made, or corrected, from other things in the file.
    """

    times: np.ndarray
    values: dict[str, np.ndarray]
    sport: str = UNKNOWN
    name: str | None = None
    device: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)


@dataclass
class Recording:
    """One activity file.

    Attributes
    ----------
    start : datetime or None
        Aware UTC, the first sample's time.
    table : pyarrow.Table
        One row a sample in recorded order, never sorted nor thinned, so that a sample's index is the
        file's. The columns of ``schema.CHANNELS`` that the file has, in that order: ``time`` in
        seconds since ``start``, ``lat`` and ``lng`` in degrees (WGS 84) rounded to 1e-6 and null
        where there is no valid position.
    sport : str
        Strava's ``sport_type`` word; ``Workout`` if the file does not say.
    name, device : str or None
    figures : dict
        What the file says of the whole: ``distance`` (m), ``elapsed_time`` (s), ``calories`` (kcal),
        ``total_elevation_gain`` (m), ``moving_time`` (s), where it does.
    warnings : list of str
        What was odd, one line each.
    computed : list of str
        Columns that the file does not hold as they are: ``distance`` along the track where it has no
        odometer; what a pool's lengths tell of a swim; rests on a rowing machine. Speed and grade are
        never made here: whatever is smoothed over time would carry hidden samples into visible ones.
    """

    start: datetime | None
    table: pa.Table
    sport: str = UNKNOWN
    name: str | None = None
    device: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)


def assemble(found: Channels) -> Recording:
    """Type and check what a parser found.

    Raises
    ------
    UnreadableRecording
        No sample, no time at all, or nothing but positions that are none.
    """
    count = len(found.times)
    if not count:
        raise UnreadableRecording("it holds no samples")
    with np.errstate(invalid="ignore"):
        values = {name: np.where(np.abs(column) < _ENDLESS, column, np.nan) for name, column in found.values.items()}
    warnings = list(found.warnings)
    given = _positions(values, warnings)
    timed = ~np.isnat(found.times)
    if not timed.any():
        raise UnreadableRecording(
            "a route, not a recording: its points have no times" if given else "its samples have no times"
        )
    if given and "lat" not in values and not (values.keys() - {"altitude"}):
        raise UnreadableRecording(f"none of its {count} positions is valid: {warnings[-1]}")
    start = _datetime(found.times[timed][0])
    seconds = (found.times - found.times[timed][0]) / np.timedelta64(1_000_000, "us")
    warnings += _clock(start, seconds, int(count - timed.sum()))
    values["time"] = seconds
    computed = [name for name in CHANNELS if name in found.computed]
    if "lat" in values:
        along, leaps = _along(values["lat"], values["lng"], seconds)
        if leaps:
            warnings.append(f"its track leaps {leaps} time{'s' * (leaps > 1)}, faster than {_LEAP:g} m/s")
        if _stands_still(values.get("distance")) and np.nanmax(along) > 0:
            values["distance"] = along
            computed.append("distance")
    columns = {
        name: pa.array(values[name].astype(kind.to_pandas_dtype()), kind, from_pandas=True)
        for name, kind in CHANNELS.items()
        if name in values and np.isfinite(values[name]).any()
    }
    figures = {"elapsed_time": _span(seconds), "distance": _last(values.get("distance"))} | found.figures
    return Recording(
        start,
        pa.table(columns),
        found.sport,
        one_line(found.name),
        one_line(found.device),
        {name: round(value, 3) for name, value in figures.items() if value is not None},
        warnings,
        [name for name in columns if name in computed],
    )


def _positions(values: dict[str, np.ndarray], warnings: list[str]) -> bool:
    """Keep positions that are one, both halves or none; whether the file gave any at all."""
    lat, lng = values.pop("lat", None), values.pop("lng", None)
    if lat is None or lng is None:
        return lat is not None or lng is not None
    given = np.isfinite(lat) & np.isfinite(lng)
    outside = given & ((np.abs(lat) > 90) | (np.abs(lng) > 180))
    # receivers without a fix write (0, 0); no one records there
    nowhere = given & (lat == 0) & (lng == 0)
    valid = given & ~outside & ~nowhere
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        warnings.append(
            f"{_points(outside)} outside the world lost the position (first: lat {lat[first]:g}, lng {lng[first]:g})"
        )
    if nowhere.any():
        warnings.append(f"{_points(nowhere)} at latitude 0, longitude 0 lost the position")
    if valid.any():
        values["lat"] = np.where(valid, np.round(lat, 6), np.nan) + 0.0
        values["lng"] = np.where(valid, np.round(lng, 6), np.nan) + 0.0
    elif not given.any():
        warnings.append("no number where a position should be")
    return True


def _along(lat: np.ndarray, lng: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, int]:
    """Metres along the track at each position (NaN elsewhere), and how many steps are too fast to be one.

    Great circles on a sphere (haversine formula; within 0.5 % of the ellipsoid). Each step is a whole number
    of micrometres, as in the cut, so that a difference of two of these does not hang on the track before them. A leap
    is not walked.
    """
    where = np.flatnonzero(np.isfinite(lat))
    north, east = np.radians(lat[where]), np.radians(lng[where])
    half = np.sin(np.diff(north) / 2) ** 2
    half += np.cos(north[:-1]) * np.cos(north[1:]) * np.sin(np.diff(east) / 2) ** 2
    steps = 2 * _EARTH_RADIUS * np.arcsin(np.sqrt(np.minimum(half, 1.0)))
    with np.errstate(invalid="ignore"):
        leap = steps > _LEAP * np.maximum(np.diff(seconds[where]), 1.0)  # clocks have seconds, at best
    along = np.full(len(lat), np.nan)
    micrometres = np.where(leap, 0, np.rint(steps * 1e6)).astype(np.int64)
    along[where] = np.concatenate([[0], np.cumsum(micrometres)]) / 1e6
    return along, int(leap.sum())


def _stands_still(odometer: np.ndarray | None) -> bool:
    """Whether there is no odometer, or one that never moves."""
    known = odometer[np.isfinite(odometer)] if odometer is not None else np.empty(0)
    return not len(known) or known.max() == known.min()


def _clock(start: datetime, seconds: np.ndarray, untimed: int) -> list[str]:
    warnings = []
    if not _FIRST_CLOCK <= start <= datetime.now(UTC) + timedelta(days=1):
        warnings.append(f"its clock says {start:%Y-%m-%d}")
    known = seconds[np.isfinite(seconds)]
    backwards = int((np.diff(known) < 0).sum())
    if backwards:
        warnings.append(f"its clock runs backwards {backwards} time{'s' * (backwards > 1)}")
    if untimed:
        warnings.append(f"{untimed} of its {len(seconds)} points have no time")
    return warnings


def _datetime(moment: np.datetime64) -> datetime:
    try:
        return moment.astype("datetime64[us]").item().replace(tzinfo=UTC)
    except (AttributeError, ValueError, OverflowError):  # numpy knows years that datetime does not
        raise UnreadableRecording(f"its clock says {str(moment)[:11]}, which is no date") from None


def _span(seconds: np.ndarray) -> float | None:
    known = seconds[np.isfinite(seconds)]
    return float(known[-1]) if known[-1] > 0 else None


def _last(column: np.ndarray | None) -> float | None:
    known = column[np.isfinite(column)] if column is not None else np.empty(0)
    return float(known[-1]) if len(known) and known[-1] > 0 else None


def _points(mask: np.ndarray) -> str:
    count = int(mask.sum())
    return f"{count} point{'s' * (count > 1)}"
