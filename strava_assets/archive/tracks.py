"""GPX and TCX files to channels.

What belongs here: what the two formats and their makers' extensions mean in our words. What does not:
XML (``flat_xml``), and checks that hold for every format (``samples``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from strava_assets.archive import flat_xml
from strava_assets.archive.flat_xml import Document, Records, local
from strava_assets.archive.samples import Channels
from strava_assets.archive.sport_types import from_word
from strava_assets.errors import UnreadableRecording

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_GPX = {
    "ele": "altitude",
    "hr": "heartrate",
    "heartrate": "heartrate",
    "cad": "cadence",
    "cadence": "cadence",
    "atemp": "temp",
    "temp": "temp",
    "temperature": "temp",
    "power": "watts",
    "watts": "watts",
    "PowerInWatts": "watts",
    "speed": "velocity_smooth",
    "distance": "distance",
    "time": "time",
}
_TCX = {
    "LatitudeDegrees": "lat",
    "LongitudeDegrees": "lng",
    "AltitudeMeters": "altitude",
    "DistanceMeters": "distance",
    "HeartRateBpm": "heartrate",
    "Cadence": "cadence",
    "RunCadence": "cadence",
    "Speed": "velocity_smooth",
    "Watts": "watts",
    "Time": "time",
}


def is_xml(data: bytes) -> bool:
    """Whether the bytes may be XML, blanks and a byte order mark aside."""
    return _stripped(data[:4096]).startswith((b"<", b"<\0", b"\0<"))


def read_track(data: bytes) -> Channels:
    """Channels of every point of all tracks, segments and laps, in document order.

    Raises
    ------
    UnreadableRecording
        Neither GPX nor TCX, or without a track.
    """
    document = flat_xml.read(_stripped(data), "trkpt", "Trackpoint")
    kind = local(document.root.tag)
    if kind == "gpx":
        found = _read_gpx(document)
    elif kind in ("TrainingCenterDatabase", "Activities"):
        found = _read_tcx(document)
    else:
        raise UnreadableRecording(f"an XML file, but neither GPX nor TCX (its root is <{kind[:40]}>)")
    found.warnings = document.warnings
    return found


def _read_gpx(document: Document) -> Channels:
    root, points = document.root, flat_xml.records(document, "trkpt", _GPX)
    if not points.count:
        others = {local(element.tag) for element in root.iter("{*}rtept", "{*}wpt")}
        raise UnreadableRecording(
            "a route, not a recording: it has no track"
            if "rtept" in others
            else "waypoints only, no track"
            if others
            else "it holds no samples"
        )
    times, values = _channels(points)
    values["lat"] = _numbers(flat_xml.attribute(points.attributes, "lat"))
    values["lng"] = _numbers(flat_xml.attribute(points.attributes, "lon"))
    name = _first(root, "trk/name", "metadata/name", "name")
    return Channels(times, values, from_word(_first(root, "trk/type")), name, root.get("creator"))


def _read_tcx(document: Document) -> Channels:
    root, points = document.root, flat_xml.records(document, "Trackpoint", _TCX, inside="Activity")
    if not points.count:
        course = next(root.iter("{*}Course"), None) is not None
        raise UnreadableRecording("a course to follow, not a recording" if course else "it holds no samples")
    times, values = _channels(points)
    if "distance" in values:
        values["distance"] = _running(values["distance"])
    activities = list(root.iter("{*}Activity"))
    laps = [lap for activity in activities for lap in activity.findall("{*}Lap")]
    figures = {
        name: _sum(lap.findtext(f"{{*}}{theirs}") for lap in laps)
        for name, theirs in (("calories", "Calories"), ("moving_time", "TotalTimeSeconds"))
    }
    return Channels(
        times,
        values,
        from_word(activities[0].get("Sport") if activities else None),
        None,
        _first(activities[0], "Creator/Name") if activities else None,
        {name: value for name, value in figures.items() if value},
    )


def _channels(found: Records) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A column for each meaning: what the last such element in each point says."""
    times = np.full(found.count, np.datetime64("NaT"), "datetime64[us]")
    values = {}
    for channel, element in found.elements.items():
        if channel == "time":
            times[element.record] = _times(element.texts)
        else:
            values[channel] = np.full(found.count, np.nan)
            values[channel][element.record] = _numbers(element.texts)
    return times, values


def _times(texts: pa.StringArray) -> np.ndarray:
    """ISO 8601 to UTC; a time without a zone is UTC, as both formats prescribe."""
    texts = pc.ascii_trim_whitespace(texts)
    try:
        return texts.cast(pa.timestamp("us", "UTC")).to_numpy(zero_copy_only=False).astype("datetime64[us]")
    except pa.ArrowInvalid:  # some other way to write one, or none at all
        parsed = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True, errors="coerce")
        return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def _numbers(texts: pa.StringArray) -> np.ndarray:
    texts = pc.ascii_trim_whitespace(texts)
    try:
        numbers = texts.cast(pa.float64())
    except pa.ArrowInvalid:
        is_one = pc.match_substring_regex(texts, _NUMBER)
        numbers = pc.ascii_ltrim(pc.if_else(is_one, texts, None), "+").cast(pa.float64())
    return numbers.to_numpy(zero_copy_only=False)


def _running(distance: np.ndarray) -> np.ndarray:
    """An odometer that some makers set back to zero in each lap, as one that runs through."""
    known = np.flatnonzero(np.isfinite(distance))
    steps = np.diff(distance[known])
    # a lap's first metres after thousands are a new count; a step back of a few is noise
    reset = (steps < 0) & (distance[known][1:] < 0.1 * distance[known][:-1])
    offset = np.concatenate([[0.0], np.cumsum(np.where(reset, distance[known][:-1], 0.0))]) if len(known) else 0.0
    joined = distance.copy()
    joined[known] += offset
    return joined


def _stripped(data: bytes) -> bytes:
    """Without what Strava and others put before the first tag: a byte order mark, blanks."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(
        b" \t\r\n\0" if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else b"\xff\xfe"
    )


def _first(root: Any, *paths: str) -> str | None:
    for path in paths:
        text = root.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))
        if text and text.strip():
            return text
    return None


def _sum(texts: Iterable[str | None]) -> float:
    return float(np.nansum(_numbers(pa.array([text or "" for text in texts], pa.string()))))
