"""The invariants of PRIVACY.md that can be seen on decoded public values.

What belongs here: judging decoded tracks, rows and figures against the zones in force; each function
returns findings, never writes. What does not: decoding (``publish``), deciding what to publish.
The same functions are the gate, the asset checks and ``strava-assets verify``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets.privacy import geodesy, passes
from strava_assets.privacy.cut_shapes import GUARD
from strava_assets.privacy.tracks import Area, Boxes, Pieces, Tracks, nearest, touching
from strava_assets.privacy.zones import Zone, ends_only_shapes

#: How much longer than the visible track a published distance may be (I5).
DISTANCE_SLACK = 1.02
#: Farther away it does not matter how far, metres.
FAR = 2_000.0
#: How far a CSV's point may lie from the map's line, metres: tolerance, quantum, and a straight's bend.
LINE_TOLERANCE = 13.0

_NUMBER = re.compile(r"[0-9]{1,19}")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_KIND = re.compile(r"^[^\W\d_][^\W\d_ -]*([ -][^\W\d_]+){0,4}\Z")
_CLOCK = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|(?<!\d)\d{9,10}(?:\.\d+)?(?!\d)")


@dataclass(frozen=True)
class Finding:
    """One broken invariant.

    Attributes
    ----------
    invariant : str
        ``I1`` … ``I18``.
    where : str
        The public path, and the feature, segment or row in it.
    what : str
        What is wrong, without telling where the zone is.
    """

    invariant: str
    where: str
    what: str


@dataclass
class Tested:
    """How much was looked at, and how near anything came."""

    vertices: int = 0
    segments: int = 0
    rows: int = 0
    files: int = 0
    #: Metres, from any vertex or segment (from an end, where only ends are hidden) to any Z; inf beyond `FAR`.
    nearest: float = field(default=math.inf)

    def add(self, part: Tested) -> None:
        """That was looked at, too."""
        self.vertices += part.vertices
        self.segments += part.segments
        self.rows += part.rows
        self.files += part.files
        self.nearest = min(self.nearest, part.nearest)


def forbidden_areas(zones: Sequence[Zone], margin: float = 0.0) -> list[tuple[Zone, Area]]:
    """For each zone, what no published vertex or segment may touch: H, and Z grown by 25 m; and metres around both.

    Where all zones of H hide only ends, it is what no published line may begin or end in.
    """
    areas, ends_only = [], ends_only_shapes(zones)
    for zone in zones:
        guarded = shapely.buffer(geodesy.geometry_to_plane(zone.geometry, zone.shape.center), GUARD, quad_segs=32)
        forbidden = shapely.union(zone.shape.geometry, guarded)
        if margin:
            forbidden = shapely.buffer(forbidden, margin, quad_segs=32)
        areas.append((zone, Area.of(zone.shape.center, forbidden, zone.shape_id in ends_only)))
    return areas


def near_zones(
    invariant: str,
    tracks: Tracks,
    names: Sequence[str],
    areas: Sequence[tuple[Zone, Area]],
    tested: Tested | None = None,
) -> list[Finding]:
    """I1 and I2: tracks with a vertex or segment in H or within 25 m of Z; with an end there, if only ends are hidden.

    Parameters
    ----------
    invariant : {'I1', 'I2'}
    tracks : Tracks
        Each a line of the map, or the positions of one segment of a CSV.
    names : sequence of str, one a track
        For the findings.
    areas
        From `forbidden_areas`.
    tested : Tested, optional
        Counted up.
    """
    pieces, owner = Pieces.of(tracks), tracks.owner
    ends, at = _ends(tracks) if any(area.ends_only for _, area in areas) else (pieces, owner)
    findings: set[int] = set()
    for zone, area in areas:
        looked_at, whose = (ends, at) if area.ends_only else (pieces, owner)
        findings.update(whose[touching(looked_at, area)].tolist())
        if tested is not None:
            plane = Area(area.center, geodesy.geometry_to_plane(zone.geometry, area.center))
            tested.nearest = min(tested.nearest, nearest(looked_at, plane, FAR))
    if tested is not None:
        tested.vertices += len(tracks.lon)
        tested.segments += max(len(tracks.lon) - len(tracks.starts) + 1, 0)
    kind = "vertex or segment" if invariant == "I1" else "row, or the step between two rows,"
    return [
        Finding(invariant, names[track], f"a {kind} lies inside a private zone's cut") for track in sorted(findings)
    ]


def _ends(tracks: Tracks) -> tuple[Pieces, NDArray[np.int64]]:
    """First and last positions, each as a track of its own; and whose they are."""
    whose = np.flatnonzero(np.diff(tracks.starts) > 0)
    at = np.concatenate([tracks.starts[whose], tracks.starts[whose + 1] - 1])
    return Pieces.of(Tracks(tracks.lon[at], tracks.lat[at], np.arange(len(at) + 1))), np.tile(whose, 2)


def halts(
    where: str,
    segment: NDArray[np.float64],
    time: NDArray[np.float64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    areas: Sequence[tuple[Zone, Area]],
) -> list[Finding]:
    """I2 where only ends are hidden: in H and within 25 m of Z nobody stands still, and every time is known.

    Parameters
    ----------
    where : str
    segment, time, lon, lat : ndarray, shape (n,)
        A CSV's rows; NaN where a cell is empty.
    areas
        From `forbidden_areas`; ones that hide everything are passed over.
    """
    located = np.isfinite(lon)
    passable = [area for _, area in areas if area.ends_only]
    if not passable or not located.any():
        return []
    segment, time, lon, lat = segment[located], time[located], lon[located], lat[located]
    box = Boxes.around(*(np.array([value]) for value in (lon.min(), lat.min(), lon.max(), lat.max())))
    for area in passable:
        if not len(box.near(area)):
            continue
        plane = geodesy.to_plane(lon, lat, area.center)
        inside = np.flatnonzero(shapely.intersects_xy(area.geometry, plane[:, 0], plane[:, 1]))
        apart = (np.diff(inside) > 1) | (np.diff(segment[inside]) != 0)
        if any(_stands(plane[stay], time[stay]) for stay in np.split(inside, np.flatnonzero(apart) + 1) if len(stay)):
            return [Finding("I2", where, "somebody stops inside a private zone's cut, or for an unknown time")]
    return []


def _stands(plane: NDArray[np.float64], time: NDArray[np.float64]) -> bool:
    """Whether rows in a row stay in one place for a minute, or leave one out; by half a second and a metre more than
    the cut goes by, as CSVs are rounded."""
    if not np.isfinite(time).all():
        return True
    clock = np.maximum.accumulate(time)
    if (np.diff(clock) >= passes.HALT + 0.5).any():
        return True
    later = np.searchsorted(clock, clock + passes.HALT + 0.5)
    now = np.flatnonzero(later < len(clock))
    now = now[np.hypot(*(plane[later[now]] - plane[now]).T) < passes.STRIDE - 1.0]
    for a, b in zip(now, later[now], strict=True):  # few: most of them do stand
        if (np.hypot(*(plane[a : b + 1] - plane[a]).T) < passes.STRIDE - 1.0).all():
            return True
    return False


def rebased_rows(
    where: str, segment: np.ndarray, time: np.ndarray, distance: np.ndarray | None, lon: np.ndarray, lat: np.ndarray
) -> list[Finding]:
    """I3 and I5 on one CSV: ``time`` and ``distance`` start at 0 in each segment and never jump inside.

    Parameters
    ----------
    where : str
    segment : ndarray of int, shape (n,)
        Counted from 0, in order.
    time, distance, lon, lat : ndarray, shape (n,)
        NaN where a cell is empty; ``distance`` None where there is no such column.
    """
    findings = []
    heads = np.flatnonzero(np.diff(segment, prepend=-1))
    if (np.isfinite(time[heads]) & (time[heads] != 0)).any():
        findings.append(Finding("I3", where, "time does not start at 0 in a segment"))
    known = np.isfinite(time)
    passed = np.diff(time[known])[np.diff(segment[known]) == 0]
    if (passed < 0).any():
        findings.append(Finding("I3", where, "time goes back inside a segment"))
    if len(passed) and passed.max() > max(7200.0, 30 * float(np.median(passed))):
        findings.append(Finding("I3", where, "time jumps inside a segment"))
    located = np.isfinite(lon)
    if not located[heads].all():
        findings.append(Finding("I2", where, "a segment starts without a position"))
    step = geodesy.step_lengths(lon[located], lat[located])
    step = np.where(np.diff(segment[located]) == 0, step, 0.0)
    length = np.bincount(segment[located][1:].astype(int), weights=step, minlength=len(heads))
    if distance is None:
        return findings
    if (np.isfinite(distance[heads]) & (distance[heads] != 0)).any():
        findings.append(Finding("I3", where, "distance does not start at 0 in a segment"))
    reached = np.zeros(len(heads))
    np.maximum.at(reached, segment.astype(int), np.nan_to_num(distance))
    if (reached > length * DISTANCE_SLACK + 1.0).any():
        findings.append(Finding("I5", where, "distance is longer than the visible track"))
    both = np.isfinite(distance)
    if (np.diff(distance[both])[np.diff(segment[both]) == 0] < 0).any():
        findings.append(Finding("I3", where, "distance goes back inside a segment"))
    return findings


def feature_figures(
    where: str,
    properties: Mapping[str, Any],
    length: float,
    time: float,
    highest: Mapping[str, float] | None = None,
    rise: float | None = None,
    segments: int = 1,
) -> list[Finding]:
    """I5 on one activity: no figure says more than its visible track does.

    Parameters
    ----------
    where : str
    properties : mapping
        The TopoJSON feature's.
    length : float
        Of the activity's CSV, summed over its segments, metres.
    time : float
        Covered by its CSV, seconds.
    highest : mapping of str to float, optional
        The largest value of each of the CSV's channels.
    rise : float, optional
        All its ascents added up, metres.
    segments : int
        How many the CSV has; each may round once.
    """
    findings = []
    for channel, names in (
        ("heartrate", ("max_heartrate", "average_heartrate")),
        ("watts", ("average_watts",)),
        ("cadence", ("average_cadence",)),
        ("velocity_smooth", ("max_speed",)),
    ):
        if highest is None:
            continue
        if channel in highest:
            findings += [
                Finding("I5", where, f"{name} is more than any visible sample's")
                for name in names
                if _number(properties.get(name)) > highest[channel] + 0.51
            ]
        elif channel != "velocity_smooth":  # a speed also comes from positions
            findings += [
                Finding("I5", where, f"{name} is told, and no visible sample's {channel}")
                for name in names
                if properties.get(name) is not None
            ]
    if highest is not None and rise is None and properties.get("total_elevation_gain") is not None:
        findings.append(Finding("I5", where, "total_elevation_gain is told, and no visible sample's altitude"))
    if rise is not None and _number(properties.get("total_elevation_gain")) > rise + 1 + 0.2 * segments:
        findings.append(Finding("I5", where, "total_elevation_gain is more than the visible ascents"))
    distance = _number(properties.get("distance"))
    moving, elapsed = _number(properties.get("moving_time")), _number(properties.get("elapsed_time"))
    speed = _number(properties.get("average_speed"))
    most = length * DISTANCE_SLACK + 1.0
    if distance > most:
        findings.append(Finding("I5", where, "distance is longer than the visible track"))
    if elapsed > time + 1 or moving > time + 1:
        findings.append(Finding("I5", where, "elapsed_time or moving_time is more than the visible time"))
    if speed * moving > most or speed * elapsed > max(most, distance * elapsed / max(moving, 1)) + 1:
        findings.append(Finding("I5", where, "average_speed × time is longer than the visible track"))
    if properties.get("partly_hidden") is not False and properties.get("calories") is not None:
        findings.append(Finding("I5", where, "calories of a partly hidden activity cannot come from visible samples"))
    return findings


def property_types(where: str, properties: Mapping[str, Any], expected: Sequence[str]) -> list[Finding]:
    """I6 and I7 on values: every property is there, and is of its kind; nothing else can be told by it."""
    findings = [Finding("I7", where, f"{name} is missing") for name in expected if name not in properties]
    for name, value in properties.items():
        if name in ("has_heartrate", "private", "partly_hidden"):
            good = isinstance(value, bool)
        elif name in ("name", "actID"):
            good = isinstance(value, str)
        elif name == "strava_id":
            good = isinstance(value, str) and bool(_NUMBER.fullmatch(value))
        elif name == "gear_name":
            good = value is None or isinstance(value, str)
        elif name == "startDate":
            good = isinstance(value, str) and _is_date(value)
        elif name in ("type", "type_extended"):
            good = isinstance(value, str) and bool(_KIND.match(value))
        else:
            good = value is None or (
                isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
            )
        if not good:
            findings.append(Finding("I6" if name == "startDate" else "I7", where, f"{name} is not what it should be"))
    return findings


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.match(text)) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def known_names(where: str, names: Iterable[str], allowed: Sequence[str]) -> list[Finding]:
    """I7: property and column names are CONTRACT's."""
    return [Finding("I7", where, f"{name!r} is no published name") for name in names if name not in allowed]


def no_clock(where: str, values: Mapping[str, Any]) -> list[Finding]:
    """I6: a date has no time of day, and no value looks like an instant.

    Free texts (the ride's and the gear's name) are the owner's words and are let be; Strava counts its activities in
    numbers as large as instants.
    """
    findings = []
    for name, value in values.items():
        if name in ("name", "gear_name", "startDate", "actID", "strava_id"):
            continue
        if isinstance(value, str) and (_CLOCK.search(value) or re.search(r"\d{1,2}:\d{2}", value)):
            findings.append(Finding("I6", where, f"{name} holds a time of day"))
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 3e8:
            findings.append(Finding("I6", where, f"{name} looks like an instant"))
    return findings


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0
