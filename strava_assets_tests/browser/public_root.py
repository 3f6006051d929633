"""A public root written by hand from CONTRACT: an invented rider, invented hills.

What belongs here: files as CONTRACT words them. What does not: any code of the publisher.
"""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

ATHLETE = "a1b2c3d4e5f60718"
HOME = (11.42, 47.05)  # lon, lat, degrees
HOLIDAY = (-16.6, 28.2)
HOSTILE = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b>"
SCALE = 1e-5

#: type, type_extended, share of the rides, m/s, length of a ring in km, climb m/km, gear
SPORTS = [
    ("MountainBikeRide", "Mountain Bike", 24, 4.6, (14, 42), 24, "Trail bike"),
    ("Ride", "Road Cycling", 20, 7.4, (30, 95), 11, "Road bike"),
    ("GravelRide", "Gravel", 10, 6.1, (25, 70), 14, "Gravel bike"),
    ("Run", "Run", 18, 2.9, (5, 16), 12, None),
    ("Hike", "Hike", 8, 1.1, (6, 18), 60, None),
    ("Walk", "Walk", 5, 1.4, (3, 7), 8, None),
    ("BackcountrySki", "Backcountry Ski", 4, 1.6, (8, 15), 70, None),
    ("Kitesurf", "Kitesurf", 2, 5.0, (6, 12), 0, None),
]
NAMES = [
    "Morning loop",
    "Über den Sattel",
    "Home by the river",
    "Two lakes",
    "Abendrunde",
    "Вечерний круг",
    "The long way",
    "Past the mill",
    "Čez prelaz",
    "Rain, then sun",
    "Old railway",
    "Quick one before work",
]


@dataclass
class Activity:
    """One activity: properties in CONTRACT's names, visible runs of (lon, lat, altitude m)."""

    properties: dict
    runs: list[list[tuple[float, float, float]]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.properties["actID"]


def invent(count: int = 120, seed: int = 7, last: date = date(2026, 11, 14), first_id: int = 0) -> list[Activity]:
    """Activities of two years, newest first; the third from the end is a holiday far away.

    The newest is partly hidden (three runs), the second carries a hostile name.
    """
    chance = random.Random(seed)
    corridors = [chance.uniform(0, 2 * math.pi) for _ in range(9)]
    activities = []
    for number in range(count):
        sport = chance.choices(SPORTS, [row[2] for row in SPORTS])[0] if number else SPORTS[0]
        far = number == count - 3
        home = HOLIDAY if far else HOME
        ring = _ring(chance, home, chance.choice(corridors), chance.uniform(*sport[4]))
        runs = [ring]
        if number == 0:
            third = len(ring) // 3
            runs = [ring[:third], ring[third + 12 : 2 * third], ring[2 * third + 9 :]]
        name = HOSTILE if number == 1 else "Tenerife, once" if far else chance.choice(NAMES)
        day = last - timedelta(days=number * 733 // count)
        activities.append(Activity(_properties(chance, number + first_id, sport, name, day, runs), runs))
    return activities


def write(
    root: Path,
    activities: list[Activity],
    *,
    title: str = "Where we have been",
    athlete: str = "Ada Example",
    streams: bool = True,
    public_id: str = ATHLETE,
) -> Path:
    """Write index.json, config.json, activities.topojson, weekly.json, quarterly.json and the CSVs; CSVs first."""
    folder = root / public_id
    (folder / "streams").mkdir(parents=True, exist_ok=True)
    for activity in activities if streams else []:
        (folder / "streams" / f"stream_{activity.id}.csv").write_text(_csv(activity), encoding="utf-8", newline="\n")
    topology = _topology(activities)
    _json(folder / "activities.topojson", topology)
    _json(folder / "weekly.json", _weekly(activities))
    _json(folder / "quarterly.json", [])
    _json(root / "config.json", {"schema": 1, "title": title, "tiles": None})
    athletes = (
        [
            {
                "id": public_id,
                "name": athlete,
                "activities": len(activities),
                "bbox": topology["bbox"],
                "updated": activities[0].properties["startDate"],
            }
        ]
        if activities
        else []
    )
    index = root / "index.json"
    others = json.loads(index.read_text())["athletes"] if index.exists() and public_id != ATHLETE else []
    _json(index, {"schema": 1, "athletes": [*others, *athletes]})
    return root


def _ring(
    chance: random.Random, home: tuple[float, float], heading: float, kilometres: float
) -> list[tuple[float, float, float]]:
    """A crooked ring that begins and ends at home and leaves it along one of a few corridors."""
    radius = kilometres / (2 * math.pi) / 1.25
    heading += chance.gauss(0, 0.05)
    waves = [(k, chance.uniform(-0.5, 0.5) / k, chance.uniform(0, 2 * math.pi)) for k in (2, 3, 4, 5, 7, 11, 17, 23)]
    count = max(60, int(kilometres * 14))
    points = []
    for i in range(count + 1):
        angle = 2 * math.pi * i / count
        # crookedness fades out at home, so that every ring passes the same door
        away = math.sin(angle / 2)
        swing = 1 + away * sum(a * math.cos(k * angle + phase) for k, a, phase in waves)
        x = radius * (1 - math.cos(angle) * swing) if away > 0.02 else 0.0
        y = radius * math.sin(angle) * swing * 0.7
        east = x * math.cos(heading) - y * math.sin(heading)
        north = x * math.sin(heading) + y * math.cos(heading)
        lon = home[0] + east / (111.32 * math.cos(math.radians(home[1])))
        lat = home[1] + north / 111.32
        ground = 620 + 340 * math.sin(lon * 23) * math.cos(lat * 31) + 160 * math.sin(lon * 90 + lat * 70)
        points.append((round(lon, 5), round(lat, 5), ground))
    return points


def _properties(chance: random.Random, number: int, sport: tuple, name: str, day: date, runs: list) -> dict:
    kind, extended, _, speed, _, climb, gear = sport
    distance = sum(sum(_metres(a, b) for a, b in pairwise(run)) for run in runs)
    speed *= chance.uniform(0.85, 1.12)
    foot = extended in ("Run", "Hike", "Walk")
    return {
        "actID": f"{number:016x}",
        "name": name,
        "type": kind,
        "type_extended": extended,
        "distance": round(distance, 1),
        "elapsed_time": round(distance / speed * 1.2),
        "moving_time": round(distance / speed),
        "total_elevation_gain": round(distance / 1000 * climb),
        "average_speed": round(speed, 2),
        "max_speed": round(speed * 2.1, 2),
        "average_watts": None if foot else round(chance.uniform(140, 230)),
        "calories": None if len(runs) > 1 else round(distance / 1000 * 28),
        "has_heartrate": number % 3 != 0,
        "average_heartrate": round(chance.uniform(118, 158)) if number % 3 else None,
        "max_heartrate": 178 if number % 3 else None,
        "average_cadence": None,
        "gear_name": gear,
        "startDate": day.isoformat(),
        "private": False,
        "partly_hidden": len(runs) > 1,
    }


def _topology(activities: list[Activity]) -> dict:
    """A Topology by its specification: quantised, delta-encoded, one arc a run."""
    points = [point for activity in activities for run in activity.runs for point in run]
    if not points:
        return {
            "type": "Topology",
            "bbox": [],
            "transform": {"scale": [SCALE, SCALE], "translate": [0, 0]},
            "arcs": [],
            "objects": {"activities": {"type": "GeometryCollection", "geometries": []}},
        }
    west, south = min(p[0] for p in points), min(p[1] for p in points)
    arcs, geometries = [], []
    for activity in activities:
        mine = []
        for run in activity.runs:
            cells = [(round((lon - west) / SCALE), round((lat - south) / SCALE)) for lon, lat, _ in run]
            mine.append(len(arcs))
            arcs.append([list(cells[0]), *([b[0] - a[0], b[1] - a[1]] for a, b in pairwise(cells))])
        single = len(mine) == 1
        geometries.append(
            {
                "type": "LineString" if single else "MultiLineString",
                "arcs": mine if single else [[arc] for arc in mine],
                "properties": activity.properties,
            }
        )
    return {
        "type": "Topology",
        "bbox": [west, south, max(p[0] for p in points), max(p[1] for p in points)],
        "transform": {"scale": [SCALE, SCALE], "translate": [west, south]},
        "objects": {"activities": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": arcs,
    }


def _csv(activity: Activity) -> str:
    speed = activity.properties["average_speed"]
    watts = activity.properties["average_watts"] or 0
    rows = ["segment,time,distance,lat,lng,altitude,velocity_smooth,grade_smooth,heartrate,cadence,watts,temp"]
    for segment, run in enumerate(activity.runs):
        gone = 0.0
        for i, (lon, lat, altitude) in enumerate(run):
            gone += _metres(run[i - 1], run[i]) if i else 0.0
            swing = math.sin(i / 9)
            rows.append(
                f"{segment},{gone / speed:.0f},{gone:.1f},{lat:.6f},{lon:.6f},{altitude:.1f},{speed + swing:.1f},"
                f"{4 * swing:.1f},{140 + 20 * swing:.0f},{80 + 6 * swing:.0f},{watts + 40 * swing:.0f},{14 + swing:.0f}"
            )
    return "\n".join(rows) + "\n"


def _weekly(activities: list[Activity]) -> list[dict]:
    weeks: dict[tuple[str, str], list[dict]] = {}
    for activity in activities:
        day = date.fromisoformat(activity.properties["startDate"])
        key = ((day - timedelta(days=day.weekday())).isoformat(), activity.properties["type"])
        weeks.setdefault(key, []).append(activity.properties)
    return [
        {
            "start": start,
            "type": kind,
            "activities": len(rows),
            **{name: sum(row[name] for row in rows) for name in ("distance", "moving_time", "total_elevation_gain")},
            "average_watts": None,
            "average_heartrate": None,
            "calories": None,
        }
        for (start, kind), rows in sorted(weeks.items())
    ]


def _metres(a: tuple, b: tuple) -> float:
    east = (b[0] - a[0]) * 111_320 * math.cos(math.radians((a[1] + b[1]) / 2))
    return math.hypot(east, (b[1] - a[1]) * 111_320)


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
