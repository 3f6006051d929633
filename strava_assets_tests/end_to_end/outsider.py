"""A stranger's reading of a public root: the standard library's csv and json, and trigonometry of its own.

Shares nothing with the publisher: neither decoders nor geometry nor constants.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

PROPERTIES = {
    "actID",
    "name",
    "type",
    "type_extended",
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "calories",
    "has_heartrate",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
    "gear_name",
    "startDate",
    "private",
    "partly_hidden",
}
COLUMNS = [
    "segment",
    "time",
    "distance",
    "lat",
    "lng",
    "altitude",
    "velocity_smooth",
    "grade_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
]
R = 6_371_000.0

Point = tuple[float, float]  # lon, lat


def metres(a: Point, b: Point) -> float:
    """Great-circle distance."""
    la, lb = math.radians(a[1]), math.radians(b[1])
    h = math.sin((lb - la) / 2) ** 2 + math.cos(la) * math.cos(lb) * math.sin(math.radians(b[0] - a[0]) / 2) ** 2
    return 2 * R * math.asin(min(1.0, math.sqrt(h)))


def from_segment(p: Point, a: Point, b: Point) -> float:
    """Distance from a point to a straight piece, in the plane at the point."""
    scale = math.cos(math.radians(p[1]))

    def flat(q: Point) -> Point:
        return ((q[0] - p[0] + 180) % 360 - 180) * scale * 111_195, (q[1] - p[1]) * 111_195

    (ax, ay), (bx, by) = flat(a), flat(b)
    length = (bx - ax) ** 2 + (by - ay) ** 2
    t = 0.0 if length == 0 else max(0.0, min(1.0, -(ax * (bx - ax) + ay * (by - ay)) / length))
    return math.hypot(ax + t * (bx - ax), ay + t * (by - ay))


class Outsider:
    """What a stranger reads, and what is wrong with it.

    Parameters
    ----------
    root : Path
        The public root.
    secrets : sequence of (point, metres)
        Round places to hide, which the stranger does not know but the test does.
    """

    def __init__(self, root: Path, secrets: Sequence[tuple[Point, float]]):
        self.root, self.secrets = root, secrets
        self.wrong: list[str] = []
        self.activities = 0
        self.index = json.loads((root / "index.json").read_text())
        for athlete in self.index["athletes"]:
            self.read_athlete(athlete)
        for path in root.rglob("*"):
            if (
                path.is_file()
                and re.search(r"\d\d:\d\d:\d\d", path.read_text(errors="ignore"))
                and path.suffix in (".csv", ".json", ".topojson")
            ):
                self.wrong.append(f"{path.name}: a time of day")

    def read_athlete(self, athlete: dict) -> None:
        folder = self.root / athlete["id"]
        topology = json.loads((folder / "activities.topojson").read_text())
        kx, ky = topology["transform"]["scale"]
        tx, ty = topology["transform"]["translate"]
        arcs = []
        for arc in topology["arcs"]:
            x = y = 0
            line = []
            for dx, dy in arc:
                x, y = x + dx, y + dy
                line.append((x * kx + tx, y * ky + ty))
            arcs.append(line)
        features = topology["objects"]["activities"]["geometries"]
        points: list[Point] = []
        shown = set()
        for feature in features:
            properties = feature["properties"]
            where = f"{properties['actID']}"
            shown.add(f"stream_{properties['actID']}.csv")
            if set(properties) != PROPERTIES:
                self.wrong.append(f"{where}: properties {set(properties) ^ PROPERTIES}")
            parts = [feature["arcs"]] if feature["type"] == "LineString" else feature["arcs"]
            lines = [[point for arc in part for point in arcs[arc]] for part in parts]
            for line in lines:
                points += line
                self.keep_away(line, f"{where} map")
            self.read_csv(folder / "streams" / f"stream_{properties['actID']}.csv", properties, lines)
        if shown != {path.name for path in (folder / "streams").iterdir()}:
            self.wrong.append("CSVs and map do not hold the same activities")
        box = [
            min(p[0] for p in points),
            min(p[1] for p in points),
            max(p[0] for p in points),
            max(p[1] for p in points),
        ]
        if max(abs(a - b) for a, b in zip(box, topology["bbox"], strict=True)) > 1e-6:
            self.wrong.append(f"bbox {topology['bbox']} is not that of what is visible {box}")
        if [f["properties"]["startDate"] for f in features] != sorted(
            (f["properties"]["startDate"] for f in features), reverse=True
        ):
            self.wrong.append("not newest first")
        self.activities += len(features)
        self.summaries(folder, [feature["properties"] for feature in features])

    def keep_away(self, line: list[Point], where: str) -> None:
        for center, radius in self.secrets:
            for a, b in itertools.pairwise(line):
                if abs(a[1] - center[1]) < 0.1 and from_segment(center, a, b) < radius + 25:
                    self.wrong.append(f"{where}: {from_segment(center, a, b):.0f} m from a secret place")
                    return

    def read_csv(self, path: Path, properties: dict, lines: list[list[Point]]) -> None:
        text = path.read_bytes().decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        header = text.split("\n", 1)[0].split(",")
        where = path.name
        if header != [name for name in COLUMNS if name in header]:
            self.wrong.append(f"{where}: columns {header}")
        if "\r" in text:
            self.wrong.append(f"{where}: CR")
        length = covered = 0.0
        before: dict | None = None
        segments = 0
        line: list[Point] = []
        for row in rows:
            if before is None or row["segment"] != before["segment"]:
                if row["segment"] != str(segments) or float(row["time"]) != 0 or float(row["distance"]) != 0:
                    self.wrong.append(f"{where}: segment {row['segment']} does not start at 0")
                if before is not None:
                    covered += float(before["time"])
                self.keep_away(line, where)
                segments, line = segments + 1, []
            elif float(row["time"]) < float(before["time"]):
                self.wrong.append(f"{where}: time goes back")
            if row["lat"]:
                if not re.fullmatch(r"-?\d+\.\d{6}", row["lat"]):
                    self.wrong.append(f"{where}: {row['lat']}")
                here = (float(row["lng"]), float(row["lat"]))
                length += metres(line[-1], here) if line else 0.0
                line.append(here)
            before = row
        self.keep_away(line, where)
        covered += float(before["time"]) if before else 0
        if segments != len(lines):
            self.wrong.append(f"{where}: {segments} segments, {len(lines)} lines")
        if (
            properties["distance"] > 1.02 * length + 1
            or properties["average_speed"] * properties["moving_time"] > 1.02 * length + 1
        ):
            self.wrong.append(f"{where}: distance {properties['distance']} of {length:.0f} m visible")
        if max(properties["elapsed_time"], properties["moving_time"]) > covered + 1:
            self.wrong.append(f"{where}: times of more than {covered:.0f} s visible")
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", properties["startDate"]) or properties["private"] is not False:
            self.wrong.append(f"{where}: {properties['startDate']} {properties['private']}")
        if properties["partly_hidden"] and properties["calories"] is not None:
            self.wrong.append(f"{where}: calories of a partly hidden ride")

    def summaries(self, folder: Path, published: list[dict]) -> None:
        for name, start in (
            ("weekly", lambda d: d - timedelta(days=d.weekday())),
            ("quarterly", lambda d: date(d.year, (d.month - 1) // 3 * 3 + 1, 1)),
        ):
            rows = json.loads((folder / f"{name}.json").read_text())
            for row in rows:
                mine = [
                    p
                    for p in published
                    if p["type"] == row["type"]
                    and start(date.fromisoformat(p["startDate"])).isoformat() == row["start"]
                ]
                if row["activities"] != len(mine) or abs(row["distance"] - sum(p["distance"] for p in mine)) > 0.2:
                    self.wrong.append(f"{name} {row['start']} {row['type']}")
            if sum(row["activities"] for row in rows) != len(published):
                self.wrong.append(f"{name}: activities do not add up")
