"""Where the synthetic athlete rides: home, and the places of some holidays, each with invented streets.

What belongs here: regions, their clocks, their networks and routes, made on first use from the seed.
What does not: which activity takes which route (``athlete``).
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from strava_assets.sandbox.routes import loop, resample, way_between
from strava_assets.sandbox.streets import COUNTRY, FOREST, TOWN, Network, Terrain, make_network, make_terrain


@dataclass(frozen=True)
class Region:
    """A stretch of country.

    Attributes
    ----------
    lng, lat : float
        Its centre, degrees.
    timezone : str
        As Strava writes it.
    hours : float
        Local minus UTC in winter.
    summer_time : bool
        Whether clocks follow the European summer time.
    reach, town : float
        Radius of the whole and of its town, metres.
    base, relief : float
        Height of the plain and of the summits above it, metres.
    """

    key: str
    lng: float
    lat: float
    timezone: str
    hours: float
    summer_time: bool
    reach: float
    town: float
    villages: int
    base: float
    relief: float
    number: int

    def utc_offset(self, moment: datetime) -> float:
        """Seconds that local time is ahead of UTC at an aware moment."""
        return 3600.0 * (self.hours + (self.summer_time and _is_summer(moment)))


HOME = Region("home", 5.7312, 47.8846, "(GMT+01:00) Europe/Paris", 1, True, 23_000, 1_650, 15, 280, 330, 0)
#: In the order in which they are visited. One lies across the antimeridian.
HOLIDAYS = (
    Region("island", 2.9871, 39.6904, "(GMT+01:00) Europe/Madrid", 1, True, 13_000, 900, 8, 90, 520, 1),
    Region("antimeridian", 179.9962, -16.8113, "(GMT+12:00) Pacific/Fiji", 12, False, 9_000, 700, 5, 40, 420, 2),
    Region("hills", 142.4126, 43.3377, "(GMT+09:00) Asia/Tokyo", 9, False, 12_000, 800, 7, 220, 450, 3),
    Region("fjord", 7.2159, 61.8934, "(GMT+01:00) Europe/Oslo", 1, True, 12_000, 650, 6, 60, 600, 4),
)


@dataclass(frozen=True)
class Country:
    """What is in a region: its network, terrain, doors to start from, and a lake.

    Attributes
    ----------
    home, friend, office : int
        Junctions in the town or in a village.
    trailheads : tuple of int
        Junctions at the edge of forests.
    lake : (float, float)
        Its middle, metres.
    """

    network: Network
    terrain: Terrain
    home: int
    friend: int
    office: int
    trailheads: tuple[int, ...]
    lake: tuple[float, float]


@functools.lru_cache(maxsize=12)
def country(region: Region, seed: int) -> Country:
    """The region's country for a seed; always the same."""
    rng = np.random.default_rng([seed, 1, region.number])
    count = 3 if region.reach > 15_000 else 2
    turn = rng.uniform(0, 2 * math.pi)
    angles = turn + np.arange(count) * 2 * math.pi / count + rng.normal(0, 0.3, count)
    far = region.reach * rng.uniform(0.3, 0.55, count)
    forests = np.column_stack(
        [far * np.cos(angles), far * np.sin(angles), region.reach * rng.uniform(0.11, 0.17, count)]
    )
    terrain = make_terrain(rng, forests, base=region.base, relief=region.relief)
    network = make_network(rng, reach=region.reach, town=region.town, villages=region.villages, forests=forests)
    # home in a side of the town, the friend in another place altogether
    side_x, side_y = region.town * math.cos(turn), region.town * math.sin(turn)
    home = network.nearest(0.55 * side_x, 0.55 * side_y, TOWN)
    distances = np.hypot(*(network.nodes - network.nodes[home]).T)
    elsewhere = np.where((network.node_kinds == TOWN) & (distances > region.reach * 0.3), distances, np.inf)
    office = network.nearest(-0.8 * side_x, -0.8 * side_y, TOWN)
    edges = forests[:, :2] * (1 - 0.9 * forests[:, 2] / far)[:, None]
    heads = tuple(network.nearest(x, y, FOREST) for x, y in edges)
    return Country(network, terrain, home, int(elsewhere.argmin()), office, heads, _lake(network, rng, region))


#: Typical length (m), its spread (log), taste, how often the start is a trailhead.
_HABITS: dict[str, tuple[float, float, str, float]] = {
    "Ride": (42_000, 0.42, "road", 0.0),
    "EBikeRide": (28_000, 0.3, "gravel", 0.0),
    "GravelRide": (36_000, 0.35, "gravel", 0.0),
    "MountainBikeRide": (24_000, 0.28, "mtb", 0.3),
    "Run": (9_500, 0.26, "foot", 0.0),
    "TrailRun": (12_000, 0.25, "trail", 0.6),
    "Walk": (7_000, 0.14, "foot", 0.15),
    "Hike": (12_500, 0.25, "trail", 0.7),
    "NordicSki": (13_000, 0.25, "trail", 0.9),
    "Hockey": (7_500, 0.1, "foot", 0.0),
}


@functools.lru_cache(maxsize=600)
def route(region: Region, seed: int, sport: str, door: str, number: int) -> np.ndarray:
    """The athlete's n-th usual round in a region, metres from its centre, a point every 10 m.

    Parameters
    ----------
    region : Region
    seed : int
    sport : str
        A key of ``rides.PACES``.
    door : {'home', 'friend', 'office', 'between'}
        Where it starts and ends; ``office`` and ``between`` go one way, from home.
    number : int
    """
    land = country(region, seed)
    rng = np.random.default_rng([seed, 2, region.number, *sport.encode(), *door.encode(), number])
    if sport == "Swim":
        return _laps(land.lake, rng)
    usual, spread, taste, by_car = _HABITS[sport]
    length = max(6_800.0, usual * math.exp(rng.normal(0, spread)) * min(1.0, region.reach / 12_000))
    most = region.reach * 4.2
    start = land.friend if door == "friend" else land.home
    if door in ("office", "between"):
        goal = land.office if door == "office" else land.friend
        middle = land.network.nearest(*rng.uniform(-1, 1, 2) * region.reach * 0.25)
        return way_between(land.network, rng, (start, middle, goal), taste)
    heading = None
    if door == "home" and rng.random() < by_car:
        start = land.trailheads[int(rng.integers(len(land.trailheads)))]
        x, y = land.network.nodes[start]
        heading = math.atan2(y, x) + rng.normal(0, 0.5)
    elif usual < 15_000 and door == "home":
        # short rounds go out of the town rather than across it
        x, y = land.network.nodes[start]
        heading = math.atan2(y, x) + rng.normal(0, 1.0)
    return loop(land.network, rng, start, min(length, most), taste, heading)


def position(region: Region, point: np.ndarray) -> tuple[float, float]:
    """Longitude and latitude of a point in metres, degrees to 6 decimals."""
    from strava_assets.sandbox.rides import to_degrees

    lng, lat = to_degrees(np.asarray(point, float).reshape(1, 2), region.lng, region.lat)
    return round(float(lng[0]), 6), round(float(lat[0]), 6)


def virtual_laps(rng: np.random.Generator) -> np.ndarray:
    """Rounds on a game's island, metres."""
    angle = np.linspace(0, 2 * math.pi, 400)
    far = 1500 + 350 * np.sin(2 * angle + 1) + 240 * np.sin(5 * angle) + 120 * np.sin(9 * angle + 2)
    lap = np.column_stack([far * np.cos(angle), far * np.sin(angle)])
    return resample(np.vstack([lap] * int(rng.integers(2, 4))))


def _laps(lake: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Along the shore and back between buoys."""
    angle = np.linspace(0, 2 * math.pi, 240)
    long, wide = rng.uniform(700, 950), rng.uniform(120, 220)
    lap = np.column_stack([long * np.cos(angle), wide * np.sin(angle) + 40 * np.sin(2 * angle)])
    turn = 0.6
    lap = lap @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return resample(np.array(lake) + np.vstack([lap] * int(rng.integers(1, 3))))


def _lake(network: Network, rng: np.random.Generator, region: Region) -> tuple[float, float]:
    """The middle of the widest gap between roads, of some tried."""
    tried = rng.uniform(-0.6, 0.6, (60, 2)) * region.reach
    dry = network.nodes[network.node_kinds != COUNTRY]
    free = [min(np.hypot(*(network.nodes - point).T).min(), np.hypot(*(dry - point).T).min()) for point in tried]
    x, y = tried[int(np.argmax(free))]
    return float(x), float(y)


def _is_summer(moment: datetime) -> bool:
    """Whether European summer time holds: from the last Sunday of March to that of October, at 1:00 UTC."""
    begins, ends = (_last_sunday(moment.year, month) for month in (3, 10))
    return begins <= moment < ends


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
