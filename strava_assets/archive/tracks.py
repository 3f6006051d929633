"""GPX and TCX files to channels, by lxml.

What belongs here: what the two formats and their makers' extensions mean in our words. What does not:
checks that hold for every format (``samples``).

The XML is read in recovery mode: a missing namespace, or a file whose end is lost, still gives its
points. Entities are never resolved and nothing is ever fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from lxml import etree

from strava_assets.archive.samples import Channels
from strava_assets.archive.sport_types import from_word
from strava_assets.errors import UnreadableRecording

#: As a tree in memory XML takes some ten times its bytes; a day at 1 Hz with all sensors is 50 MB.
LIMIT = 128 * 2**20

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
    if len(data) > LIMIT:
        raise UnreadableRecording(f"an XML file larger than {LIMIT // 2**20} MiB")
    root, warnings = _tree(_stripped(data))
    kind = _local(root.tag)
    if kind == "gpx":
        found = _read_gpx(root)
    elif kind in ("TrainingCenterDatabase", "Activities"):
        found = _read_tcx(root)
    else:
        raise UnreadableRecording(f"an XML file, but neither GPX nor TCX (its root is <{kind[:40]}>)")
    found.warnings = warnings
    return found


def _read_gpx(root: Any) -> Channels:
    points = list(root.iter("{*}trkpt"))
    if not points:
        others = {_local(element.tag) for element in root.iter("{*}rtept", "{*}wpt")}
        raise UnreadableRecording(
            "a route, not a recording: it has no track"
            if "rtept" in others
            else "waypoints only, no track"
            if others
            else "it holds no samples"
        )
    times, values = _channels(points, _GPX)
    values["lat"] = _numbers([point.get("lat") for point in points])
    values["lng"] = _numbers([point.get("lon") for point in points])
    name = _first(root, "trk/name", "metadata/name", "name")
    return Channels(times, values, from_word(_first(root, "trk/type")), name, root.get("creator"))


def _read_tcx(root: Any) -> Channels:
    activities = list(root.iter("{*}Activity"))
    points = [point for activity in activities for point in activity.iter("{*}Trackpoint")]
    if not points:
        course = next(root.iter("{*}Course"), None) is not None
        raise UnreadableRecording("a course to follow, not a recording" if course else "it holds no samples")
    times, values = _channels(points, _TCX)
    if "distance" in values:
        values["distance"] = _running(values["distance"])
    laps = [lap for activity in activities for lap in activity.findall("{*}Lap")]
    figures = {
        name: _sum(lap.findtext(f"{{*}}{theirs}") for lap in laps)
        for name, theirs in (("calories", "Calories"), ("moving_time", "TotalTimeSeconds"))
    }
    return Channels(
        times,
        values,
        from_word(activities[0].get("Sport")),
        None,
        _first(activities[0], "Creator/Name"),
        {name: value for name, value in figures.items() if value},
    )


def _channels(points: list[Any], names: dict[str, str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """One pass over the points' elements: for each channel, where it occurs and what it says."""
    meaning: dict[str, str | None] = {}
    index: dict[str, list[int]] = {}
    texts: dict[str, list[str]] = {}
    for number, point in enumerate(points):
        for element in point.iterdescendants(etree.Element):
            text = element.text
            if not text:
                continue
            tag = element.tag
            try:
                channel = meaning[tag]
            except KeyError:
                channel = meaning[tag] = names.get(_local(tag))
            if channel is None:
                if not tag.endswith("Value"):
                    continue
                channel = names.get(_local(element.getparent().tag))  # <HeartRateBpm><Value>
                if channel is None:
                    continue
            index.setdefault(channel, []).append(number)
            texts.setdefault(channel, []).append(text)
    times = np.full(len(points), np.datetime64("NaT"), "datetime64[us]")
    values = {}
    for channel, where in index.items():
        if channel == "time":
            times[where] = _times(texts[channel])
        else:
            values[channel] = np.full(len(points), np.nan)
            values[channel][where] = _numbers(texts[channel])
    return times, values


def _times(texts: list[str]) -> np.ndarray:
    """ISO 8601 to UTC; a time without a zone is UTC, as both formats prescribe."""
    parsed = pd.to_datetime(pd.Series(texts, dtype=object).str.strip(), format="ISO8601", utc=True, errors="coerce")
    return parsed.dt.tz_localize(None).to_numpy().astype("datetime64[us]")


def _numbers(texts: Sequence[str | None]) -> np.ndarray:
    try:
        return np.array(texts, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
        return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


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


def _tree(data: bytes) -> tuple[Any, list[str]]:
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise UnreadableRecording("not XML that can be read")
    fatal = [entry for entry in parser.error_log if entry.level_name == "FATAL"]
    return root, [f"damaged XML from line {fatal[0].line} on; what could be read was"] if fatal else []


def _stripped(data: bytes) -> bytes:
    """Without what Strava and others put before the first tag: a byte order mark, blanks."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(
        b" \t\r\n\0" if data[:2] not in (b"\xff\xfe", b"\xfe\xff") else b"\xff\xfe"
    )


def _local(tag: Any) -> str:
    """A tag without namespace, or the prefix of one that nobody declared."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]


def _first(root: Any, *paths: str) -> str | None:
    for path in paths:
        text = root.findtext("/".join(f"{{*}}{step}" for step in path.split("/")))
        if text and text.strip():
            return text
    return None


def _sum(texts: Iterable[str | None]) -> float:
    return float(np.nansum(_numbers([text or "" for text in texts])))
