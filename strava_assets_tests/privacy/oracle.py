"""Judging public bytes by a reading of one's own: csv, json, and geodesics on the ellipsoid.

What belongs here: what PRIVACY promises of decoded bytes, said once more in other words. What does not: making bytes.
Nothing is shared with ``strava_assets``: no decoder, no projection, no constant. Distances are pyproj's geodesics; near
a place, metres are bearing and length of the geodesic from its middle.
"""

from __future__ import annotations

import csv
import functools
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
import shapely

EARTH = pyproj.Geod(ellps="WGS84")
#: No public vertex or segment comes nearer to a zone, metres.
GUARD = 25.0
#: The simplified line keeps within 10 m of the samples; a grid of 1e-5° and the bend of a straight add to it.
BESIDE = 13.0
COLUMNS = (
    *("segment", "time", "distance", "lat", "lng", "altitude", "velocity_smooth", "grade_smooth"),
    *("heartrate", "cadence", "watts", "temp"),
)

Line = np.ndarray  # (n, 2): lon, lat


@dataclass(frozen=True)
class Secret:
    """What has to stay hidden: Z in lon/lat, and H in metres around its centre."""

    zone: shapely.Geometry
    center: tuple[float, float]
    hidden: shapely.Geometry

    @functools.cached_property
    def plane(self) -> tuple[shapely.Geometry, float]:
        """Z in metres, too, its edges straight in lon and lat; and how far either reaches."""
        west, south, east, north = shapely.bounds(self.zone)
        fine = min(max(2e-4, max(east - west, north - south) / 400), 0.01)
        zone = shapely.transform(shapely.segmentize(self.zone, fine), lambda c: metres_around(self.center, c))
        return zone, max(float(np.hypot(*shapely.get_coordinates(shape).T).max()) for shape in (zone, self.hidden))


@dataclass
class Ride:
    """One activity as its public bytes say."""

    properties: dict[str, Any]
    lines: list[Line]
    rows: dict[str, np.ndarray]

    @property
    def tracks(self) -> list[Line]:
        """Positions of each segment of the CSV."""
        known = np.isfinite(self.rows["lng"])
        points = np.column_stack([self.rows["lng"], self.rows["lat"]])[known]
        return np.split(points, np.flatnonzero(np.diff(self.rows["segment"][known])) + 1)


@dataclass
class Verdict:
    """What is wrong, and how much was looked at."""

    wrong: list[str] = field(default_factory=list)
    rides: int = 0
    vertices: int = 0
    rows: int = 0
    nearest: float = math.inf  # metres, from any vertex or segment to any zone


def judge(files: Mapping[str, bytes], secrets: Sequence[Secret]) -> Verdict:
    """Hold public files (by path) against I1, I2, I3, I5, I6, I9, I10 and I11."""
    verdict = Verdict()
    csvs = {path: data for path, data in files.items() if path.endswith(".csv")}
    seen = set()
    for path, data in files.items():
        if path.endswith("activities.topojson"):
            document = json.loads(data)
            rides = read_map(document)
            for properties, lines in rides:
                name = f"{path.split('/')[0]}/streams/stream_{properties['actID']}.csv"
                seen.add(name)
                if name not in csvs:
                    verdict.wrong.append(f"I9 {name} is on the map and has no CSV")
                    continue
                _ride(Ride(properties, lines, read_csv(csvs[name], verdict)), name, secrets, verdict)
            _extent(document, [line for _, lines in rides for line in lines], verdict)
    verdict.wrong += [f"I9 {path} is on no map" for path in csvs.keys() - seen]
    return verdict


def read_map(document: Any) -> list[tuple[dict[str, Any], list[Line]]]:
    """Properties and lines of a TopoJSON file's activities, by the specification."""
    scale, corner = document["transform"]["scale"], document["transform"]["translate"]
    arcs = [np.cumsum(np.array(arc, float), axis=0) * scale + corner for arc in document["arcs"]]
    rides = []
    for feature in document["objects"]["activities"]["geometries"]:
        parts = [feature["arcs"]] if feature["type"] == "LineString" else feature["arcs"]
        rides.append((feature["properties"], [np.concatenate([arcs[i] for i in part]) for part in parts]))
    return rides


def read_csv(data: bytes, verdict: Verdict) -> dict[str, np.ndarray]:
    """Columns of a trimmed CSV; NaN where a cell is empty."""
    text = data.decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text))
    if header != [name for name in COLUMNS if name in header]:
        verdict.wrong.append(f"I7 columns {header}")
    table = np.array([[float(cell) if cell else math.nan for cell in row] for row in rows])
    return dict(zip(header, table.T, strict=True))


def _ride(ride: Ride, name: str, secrets: Sequence[Secret], verdict: Verdict) -> None:
    tracks = ride.tracks
    verdict.rides += 1
    verdict.vertices += sum(map(len, ride.lines))
    verdict.rows += len(ride.rows["segment"])
    for invariant, lines in (("I1", ride.lines), ("I2", tracks)):
        for line in lines:
            if len(line) > 1 and np.abs(np.diff(line[:, 0])).max() > 180:
                verdict.wrong.append(f"{invariant} {name}: a straight goes round the world")
        for secret in secrets:
            to_zone, to_hidden = distances(lines, secret)
            verdict.nearest = min(verdict.nearest, to_zone)
            if to_zone < GUARD:
                verdict.wrong.append(f"{invariant} {name}: {to_zone:.2f} m from a zone")
            if to_hidden <= 0:
                verdict.wrong.append(f"{invariant} {name}: touches the cut")
    if len(tracks) != len(ride.lines):
        verdict.wrong.append(f"I11 {name}: {len(tracks)} segments, {len(ride.lines)} lines")
        return
    _rows(ride, name, verdict)
    _figures(ride, name, tracks, verdict)
    for track, line in zip(tracks, ride.lines, strict=True):
        if (away := beside(track, line)) > BESIDE:
            verdict.wrong.append(f"I11 {name}: a row lies {away:.1f} m from the map's line")


def _rows(ride: Ride, name: str, verdict: Verdict) -> None:
    """I3: time and distance start at 0 in each segment, and never jump or fall in one."""
    segment = ride.rows["segment"]
    heads = np.flatnonzero(np.diff(segment, prepend=-1))
    if not np.array_equal(segment[heads], np.arange(len(heads))):
        verdict.wrong.append(f"I3 {name}: segments are not counted from 0")
    if not np.isfinite(ride.rows["lng"][heads]).all():
        verdict.wrong.append(f"I2 {name}: a segment starts without a position")
    ends = np.append(heads[1:], len(segment))
    steps = []
    for head, end in zip(heads, ends, strict=True):
        for column in ("time", "distance"):
            values = ride.rows.get(column, np.full(len(segment), np.nan))[head:end]
            known = values[np.isfinite(values)]
            if len(known) and known[0] != 0:
                verdict.wrong.append(f"I3 {name}: {column} starts at {known[0]}")
            if (np.diff(known) < 0).any():
                verdict.wrong.append(f"I3 {name}: {column} falls")
            if column == "time":
                steps.append(np.diff(known))
    passed = np.concatenate(steps)
    if len(passed) and passed.max() > max(7200.0, 30 * float(np.median(passed))):
        verdict.wrong.append(f"I3 {name}: time jumps by {passed.max():.0f} s")
    most = max((float(np.nanmax(values)) for values in ride.rows.values() if np.isfinite(values).any()), default=0)
    if most > 3e8:
        verdict.wrong.append(f"I6 {name}: {most} could be an instant")


def _figures(ride: Ride, name: str, tracks: Sequence[Line], verdict: Verdict) -> None:
    """I5: no figure tells more than the rows do, nor does a product of two."""
    told = ride.properties
    length = sum(EARTH.line_length(track[:, 0], track[:, 1]) for track in tracks)
    segment, time = ride.rows["segment"], np.nan_to_num(ride.rows["time"])
    visible = sum(float(time[segment == number].max()) for number in np.unique(segment))
    most = 1.02 * 1.005 * length + 1.0  # a sphere's lengths differ from an ellipsoid's by up to half a percent
    figures = {
        "distance": (told["distance"] or 0, most),
        "elapsed_time": (told["elapsed_time"] or 0, visible + 1),
        "moving_time": (told["moving_time"] or 0, visible + 1),
        "average_speed × moving_time": ((told["average_speed"] or 0) * (told["moving_time"] or 0), most),
    }
    for column, names in (
        ("heartrate", ("average_heartrate", "max_heartrate")),
        ("watts", ("average_watts",)),
        ("cadence", ("average_cadence",)),
        ("velocity_smooth", ("max_speed",)),
    ):
        if column in ride.rows:
            highest = float(np.nanmax(ride.rows[column]))
            figures |= {figure: (told[figure] or 0, highest + 0.51) for figure in names}
    for figure, (value, limit) in figures.items():
        if value > limit:
            verdict.wrong.append(f"I5 {name}: {figure} is {value}, visible are {limit:.1f}")
    if "distance" in ride.rows:
        reached = sum(float(np.nanmax(ride.rows["distance"][segment == number])) for number in np.unique(segment))
        if reached > most + len(tracks):
            verdict.wrong.append(f"I5 {name}: rows say {reached} m, visible are {length:.1f}")
    if told["partly_hidden"] and told["calories"] is not None:
        verdict.wrong.append(f"I5 {name}: calories of a partly hidden ride")


def _extent(document: Any, lines: Sequence[Line], verdict: Verdict) -> None:
    """I10: the box and the transform are those of what is visible."""
    if not lines:
        if document["bbox"] or any(document["transform"]["translate"]):
            verdict.wrong.append("I10 an extent of nothing")
        return
    points = np.concatenate(lines)
    box = [*points.min(axis=0), *points.max(axis=0)]
    if not np.allclose(document["bbox"], box, atol=1e-7, rtol=0):
        verdict.wrong.append("I10 the box is not that of the lines")
    if not np.allclose(document["transform"]["translate"], box[:2], atol=1e-7, rtol=0):
        verdict.wrong.append("I10 the transform does not begin at the lines' corner")


def metres_around(center: tuple[float, float], degrees: np.ndarray) -> np.ndarray:
    """lon, lat → metres east and north of a place: bearing and length of the geodesic. Shape (n, 2) both."""
    degrees = np.asarray(degrees, float).reshape(-1, 2)
    bearing, _, length = EARTH.inv(
        np.full(len(degrees), center[0]), np.full(len(degrees), center[1]), degrees[:, 0], degrees[:, 1]
    )
    bearing = np.radians(bearing)
    return np.column_stack([np.sin(bearing) * length, np.cos(bearing) * length])


def degrees_around(center: tuple[float, float], metres: np.ndarray) -> np.ndarray:
    """The way back."""
    east, north = np.asarray(metres, float).reshape(-1, 2).T
    lon, lat, _ = EARTH.fwd(
        np.full(len(east), center[0]),
        np.full(len(east), center[1]),
        np.degrees(np.arctan2(east, north)),
        np.hypot(east, north),
    )
    return np.column_stack([lon, lat])


def distances(lines: Iterable[Line], secret: Secret) -> tuple[float, float]:
    """Smallest distances of lines, straight in lon and lat, to Z and to H, metres; ``inf`` where nothing is near."""
    zone, reach = secret.plane
    near = near_pieces(secret.center, list(lines), reach + 3_000.0)
    if not len(near):
        return math.inf, math.inf
    pieces = shapely.multilinestrings(shapely.linestrings(near))
    shapely.prepare([zone, secret.hidden])
    return float(shapely.distance(zone, pieces)), float(shapely.distance(secret.hidden, pieces))


def near_pieces(center: tuple[float, float], lines: Sequence[Line], reach: float) -> np.ndarray:
    """Pieces of lines that may come within reach of a place, short enough to be straight there: metres, (n, 2, 2)."""
    pairs = [np.stack([line[:-1], line[1:]], axis=1) if len(line) > 1 else line[[0, 0]][None] for line in lines]
    if not pairs:
        return np.empty((0, 2, 2))
    steps = np.concatenate(pairs)
    done = []
    while len(steps):
        plane = metres_around(center, steps.reshape(-1, 2)).reshape(-1, 2, 2)
        away = np.hypot(plane[..., 0], plane[..., 1]).min(axis=1)
        # a straight in lon and lat is longer than the geodesic, near a pole by a lot
        turn = np.radians(np.abs(steps[:, 1, 0] - steps[:, 0, 0]))
        wide = 6.4e6 * turn * np.cos(np.radians(np.abs(steps[..., 1]).min(axis=1)))
        long = np.hypot(wide, 111_700.0 * np.abs(steps[:, 1, 1] - steps[:, 0, 1]))
        near = away - long <= reach
        steep = np.tan(np.radians(np.minimum(np.abs(steps[..., 1]).max(axis=1), 89.9999)))
        short = long**2 * steep / (8 * 6.37e6) + long**3 / 6.4e6**2 < 0.05  # bends less than 5 cm
        done.append(plane[near & short])
        halves = steps[near & ~short]
        middle = halves.mean(axis=1)
        steps = np.concatenate([np.stack([halves[:, 0], middle], axis=1), np.stack([middle, halves[:, 1]], axis=1)])
    return np.concatenate(done)


def beside(track: Line, line: Line) -> float:
    """How far the farthest position of a track lies from a line, metres.

    The line's vertices are some of the track's positions, in order and on the grid: what lies between two of them is
    held against the straight between them, and where that is not near enough, against every other.
    """
    chord = np.zeros(len(track), int)
    cells, vertices = _cells(track), _cells(line)
    at = 0
    for position, cell in enumerate(cells):
        if at < len(vertices) and cell == vertices[at]:
            at += 1
        chord[position] = max(at - 1, 0)
    chord = np.minimum(chord, len(line) - 2)
    away = _from_straight(track, line[chord], line[chord + 1])
    for position in np.flatnonzero(away > BESIDE):
        away[position] = _from_straight(track[[position] * (len(line) - 1)], line[:-1], line[1:]).min()
    return float(away.max())


def _cells(degrees: Line) -> list[tuple[int, ...]]:
    return [tuple(cell) for cell in np.rint(degrees * 1e5).astype(int).tolist()]


def _from_straight(points: Line, a: Line, b: Line) -> np.ndarray:
    """Geodesics from points to the nearest places on straights in lon and lat, metres."""
    scale = np.column_stack([np.cos(np.radians(points[:, 1])) ** 2, np.ones(len(points))])
    along = b - a
    share = (scale * (points - a) * along).sum(axis=1) / np.maximum((scale * along**2).sum(axis=1), 1e-18)
    foot = a + np.clip(share, 0, 1)[:, None] * along
    return EARTH.inv(points[:, 0], points[:, 1], foot[:, 0], foot[:, 1])[2]
