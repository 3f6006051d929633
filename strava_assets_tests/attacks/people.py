"""Simulated people: a home on a street, a drawn zone around it, and two months of rides.

What belongs here: how they ride and what their devices write, as typed tables. What does not: publishing.

They are made to be found: most rides begin and end at home, take short ways, and odometers are good to 1 %. Their
bodies and devices tell of the time since the door, too: the heart warms up, the thermometer leaves the house.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from strava_assets.history import extent
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.schema import ACTIVITIES, CHANNELS, STREAMS
from strava_assets_tests.attacks.cities import KINDS, City, Floats, Tree, build, shortest
from strava_assets_tests.privacy.worlds import Place

#: People who share a city; they do not meet, each lives at another place on Earth.
_NEIGHBOURS = 4
#: Ways of 1.5 km are then 7 % longer than they had to be; cyclists' are 13.5 % longer (Park & Akar 2019).
HABITS = 0.45
#: Samples of a channel's slow changes: seconds between two of them.
_SLOW = 30.0


@dataclass(frozen=True)
class Person:
    """Somebody, and where they live; nobody else may know.

    Attributes
    ----------
    number : int
        From 0.
    city : City
        Known to everybody.
    place : Place
        Where on Earth the city's middle is.
    home : ndarray, shape (2,)
        Metres in the city.
    middle : ndarray, shape (2,)
        Of the drawn zone; the home is uniform in it.
    radius : float
        Of the drawn zone, metres.
    rides : list of dict
        Samples, a dict of arrays each, as the device wrote them.
    """

    number: int
    city: City
    place: Place
    home: Floats
    middle: Floats
    radius: float
    rides: list[dict[str, Floats]]

    @property
    def zone(self) -> DrawnZone:
        """What they drew."""
        return DrawnZone(f"Place {self.number}", self.disc(self.radius))

    def disc(self, radius: float) -> shapely.Geometry:
        """A disc around the drawn zone's middle, lon/lat."""
        lon, lat = self.place.degrees(self.middle[None])[0]
        return disc(float(lon), float(lat), radius)

    def metres(self, degrees: Floats) -> Floats:
        """lon, lat as metres in the city."""
        return self.place.metres(degrees)


def simulate(
    count: int,
    seed: int = 1,
    *,
    rides: tuple[int, int] = (60, 70),
    radius: tuple[float, float] = (100.0, 400.0),
    habits: float = HABITS,
) -> list[Person]:
    """People in several kinds of city.

    Parameters
    ----------
    count, seed : int
    rides : (int, int)
        Fewest and most of one person.
    radius : (float, float)
        Of the drawn zones, metres; uniform.
    habits : float
        How differently two streets are liked; 0: everybody takes the shortest way, always.
    """
    people, city = [], None
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        if number % _NEIGHBOURS == 0 or city is None:
            city = build(
                list(KINDS)[number // _NEIGHBOURS % len(KINDS)], np.random.default_rng([seed, 10_000 + number])
            )
        people.append(
            _person(number, city, rng, int(rng.integers(*rides, endpoint=True)), rng.uniform(*radius), habits)
        )
    return people


def tables(people: Sequence[Person]) -> tuple[pa.Table, pa.Table]:
    """Everybody's rides as typed tables; activity ids count from 1, athletes' from 1."""
    rides = [(person, ride) for person in people for ride in person.rides]
    sizes = [len(ride["time"]) for _, ride in rides]
    columns = {
        "activity_id": np.repeat(np.arange(1, len(rides) + 1), sizes),
        "sample": np.concatenate([np.arange(size) for size in sizes]),
    }
    for name in (*CHANNELS, "moving"):
        if name in rides[0][1]:
            columns[name] = np.concatenate([ride[name] for _, ride in rides])
    arrays = [
        pa.array(columns[name], from_pandas=True).cast(field.type)
        if (name := field.name) in columns
        else pa.nulls(sum(sizes), field.type)
        for field in STREAMS
    ]
    typed = [_typed(number, person, ride) for number, (person, ride) in enumerate(rides, start=1)]
    return pa.Table.from_pylist(typed, schema=ACTIVITIES), pa.table(arrays, schema=STREAMS)


def _person(number: int, city: City, rng: np.random.Generator, rides: int, radius: float, habits: float) -> Person:
    central = np.flatnonzero(np.hypot(*city.nodes[city.streets].mean(axis=1).T) < 1100)
    street, share = int(rng.choice(central, p=city.lengths[central] / city.lengths[central].sum())), rng.uniform()
    home = city.point(street, share)
    angle, far = rng.uniform(0, 2 * math.pi), radius * math.sqrt(rng.uniform())
    middle = home + far * np.array([math.cos(angle), math.sin(angle)])
    # each likes some quarters and directions more than others, and not the same every day
    liked = _likings(city, rng)
    moods = [(city.lengths * np.exp(habits * (liked + 0.5 * _likings(city, rng)))).tolist() for _ in range(3)]
    trees = [shortest(city, city.ends_of(street, share), mood) for mood in moods]
    reach = np.hypot(*(city.nodes - home).T)
    favourites = rng.choice(np.flatnonzero((reach > 1500) & (reach < 2600)), 6, replace=False).tolist()
    beyond = [shortest(city, {node: 0.0}, moods[0]) for node in favourites]
    device = _Device(rng)
    way = _Ways(city, home, trees, favourites, beyond)
    place = Place(-170 + 8.0 * (number % 42), 15.0 + 3.7 * (number // 42 % 12) + 0.4 * (number % 5))
    return Person(
        number, city, place, home, middle, radius, [device.ride(way.choose(rng), place, rng) for _ in range(rides)]
    )


def _likings(city: City, rng: np.random.Generator) -> Floats:
    """How little each street is liked, with variance 1: a main road or a park is liked for a while, not for a block."""
    a, b = city.nodes[city.streets[:, 0]], city.nodes[city.streets[:, 1]]
    middle, heading = (a + b) / 2, np.arctan2(*(b - a).T)
    total = rng.normal(0, 0.6, len(middle))
    waves = 8
    for _ in range(waves):
        length, angle, phase = rng.uniform(250, 1500), rng.uniform(0, math.pi), rng.uniform(0, 2 * math.pi)
        across = (middle @ [math.cos(angle), math.sin(angle)]) * 2 * math.pi / length
        along = rng.uniform(0, math.pi)
        total += 0.8 * math.sqrt(2 / waves) * np.sin(across + phase) * np.sqrt(2) * np.cos(heading - along)
    return total


@dataclass(frozen=True)
class _Ways:
    """Where somebody goes: loops through favourite corners, or out and back."""

    city: City
    home: Floats
    trees: list[Tree]
    favourites: list[int]
    beyond: list[Tree]

    def choose(self, rng: np.random.Generator) -> Floats:
        """The line of one ride."""
        nodes, home = self.city.nodes, self.home[None]
        out, back = self.trees[rng.integers(3)], self.trees[rng.integers(3)]
        turn = self._far(rng, out)
        chance = rng.uniform()
        if chance < 0.30:
            return np.vstack([home, nodes[out.to(turn)], nodes[back.to(turn)[::-1]], home])
        favourite = int(rng.choice(6, p=np.array([8, 5, 3, 2, 1, 1]) / 20))
        corner, onward = self.favourites[favourite], self.beyond[favourite]
        while turn == corner:  # that would be nowhere else
            turn = self._far(rng, out)
        if chance < 0.86:  # home, a favourite corner, somewhere else, home; either way round
            loop = np.vstack(
                [home, nodes[out.to(corner)], nodes[onward.to(turn)][1:], nodes[back.to(turn)[::-1]][1:], home]
            )
            return loop if rng.uniform() < 0.6 else loop[::-1]
        second = nodes[onward.to(turn)]
        if chance < 0.91:  # from another place home, or not home at all
            return np.vstack([second, nodes[back.to(turn)[::-1]][1:], home])
        if chance < 0.96:
            return np.vstack([home, nodes[out.to(corner)], second[1:]])
        return np.vstack([second, second[-2::-1]])

    def _far(self, rng: np.random.Generator, tree: Tree) -> int:
        reach = np.hypot(*(self.city.nodes - self.home).T)
        return int(rng.choice(np.flatnonzero((reach > 1300) & (reach < 3300) & np.isfinite(tree.distance))))


class _Device:
    """What somebody's recorder and body are like."""

    def __init__(self, rng: np.random.Generator):
        self.interval = float(rng.choice([3.0, 4.0, 5.0, 6.0]))
        self.speed = rng.uniform(2.8, 7.5)
        self.odometer = rng.uniform(0.99, 1.01)
        self.noise = rng.uniform(2.0, 4.0)
        self.indoors, self.thermal = rng.uniform(14, 22), rng.uniform(240, 600)
        self.rest, self.work, self.kinetics = rng.uniform(75, 95), rng.uniform(130, 155), rng.uniform(45, 110)

    def ride(self, line: Floats, place: Place, rng: np.random.Generator) -> dict[str, Floats]:
        """The samples of one ride along a line."""
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        speed = self.speed * rng.normal(1, 0.08)
        ticks = np.arange(0, 2.2 * along[-1] / speed + 60, self.interval)
        pace = np.maximum(speed * (1 + 0.22 * _slowly(rng, ticks)), 0.4)
        pace[_slowly(rng, ticks) > 1.5] = 0.0  # traffic lights
        # nobody is at full speed at the door
        travelled = np.concatenate([[0], np.cumsum(pace[1:] * self.interval * (1 - 0.6 * np.exp(-ticks[1:] / 15)))])
        count = int(np.searchsorted(travelled, along[-1]))
        time, travelled, pace = ticks[:count], travelled[:count], pace[:count]
        where = np.column_stack([np.interp(travelled, along, line[:, axis]) for axis in (0, 1)])
        where += self.noise * np.column_stack([_slowly(rng, time), _slowly(rng, time)]) + rng.normal(
            0, 0.7, where.shape
        )
        degrees = place.degrees(where).round(6)
        outside = rng.uniform(-3, 29)
        cooling = self.thermal * rng.uniform(0.85, 1.15)
        temp = outside + (self.indoors + rng.normal(0, 1) - outside) * np.exp(-time / cooling)
        warm = 1 - np.exp(-time / (self.kinetics * rng.uniform(0.8, 1.2)))
        heart = self.rest + rng.normal(0, 5) + (self.work * rng.normal(1, 0.04) - self.rest) * warm
        odometer = self.odometer * rng.normal(1, 0.002)
        samples = {
            "time": time,
            "distance": np.round(travelled * odometer, 1),
            "lat": degrees[:, 1],
            "lng": degrees[:, 0],
            "altitude": np.round(200 + 25 * np.sin(where[:, 0] / 600) + 18 * np.cos(where[:, 1] / 450), 1),
            "heartrate": np.round(heart + 5 * _slowly(rng, time)),
            "temp": np.round(temp + 0.3 * _slowly(rng, time)),
            "moving": pace > 0,
        }
        if rng.uniform() < 0.08:  # the lock comes late
            lost = time < min(rng.uniform(20, 420), 0.4 * time[-1])
            samples["lat"] = np.where(lost, np.nan, samples["lat"])
            samples["lng"] = np.where(lost, np.nan, samples["lng"])
        return samples


def _slowly(rng: np.random.Generator, time: Floats) -> Floats:
    """A value around 0 with variance of about 1 that changes over half a minute."""
    knots = np.arange(0, time[-1] + 2 * _SLOW, _SLOW)
    return np.interp(time, knots, rng.normal(0, 1.2, len(knots)))


def _typed(number: int, person: Person, ride: dict[str, Floats]) -> dict[str, Any]:
    elapsed, distance = float(ride["time"][-1]), float(ride["distance"][-1])
    moving = float(ride["moving"].mean() * elapsed)
    where = extent(pa.table({name: pa.array(ride[name], from_pandas=True) for name in ("lat", "lng")}))
    return (
        dict.fromkeys(ACTIVITIES.names)
        | where
        | {
            "activity_id": number,
            "athlete_id": person.number + 1,
            "provenance": "api",
            "name": f"Ride {number}",
            "sport_type": "Ride",
            "type_extended": "Road Cycling",
            "start_time": datetime(2024, 5, 1, 6, tzinfo=UTC) + timedelta(hours=37 * (number % 97)),
            "utc_offset": 7200.0,
            "visibility": "everyone",
            "distance": distance,
            "elapsed_time": elapsed,
            "moving_time": moving,
            "average_speed": distance / moving,
            "calories": 500.0,
            "samples": len(ride["time"]),
            "fingerprint": f"{person.number}-{number}",
        }
    )
