"""A synthetic athlete: some years of activities of many sports, from a seed.

What belongs here: what is done when, and the oddities that real accounts have. What does not: ways
(``routes``), physics (``rides``), words (``names``), the API's shapes (``account``).

Planning is cheap; samples are made when somebody asks for them, and always come out the same.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from strava_assets.sandbox import names
from strava_assets.sandbox.account import Account, Activity, Place, Samples
from strava_assets.sandbox.regions import HOLIDAYS, HOME, Region, country, position, route, virtual_laps
from strava_assets.sandbox.rides import PACES, indoor, record, to_degrees
from strava_assets.sandbox.streets import Terrain

#: The last day of the history, fixed so that the same seed gives the same bytes for ever.
UNTIL = date(2024, 6, 30)

#: Share of each sport in winter and in summer.
_SPORTS: dict[str, tuple[float, float]] = {
    "Ride": (28, 50),
    "GravelRide": (14, 11),
    "MountainBikeRide": (9, 11),
    "Run": (20, 12),
    "TrailRun": (6, 4),
    "Walk": (6, 2),
    "Hike": (5, 5),
    "EBikeRide": (0.5, 1.5),
    "NordicSki": (9, 0),
    "Swim": (0, 3),
}
_FLAT = Terrain(0.0, np.empty((0, 4)), np.empty((0, 4)))
_GAME = Region("game", 166.9532, -11.6364, "(GMT+01:00) Europe/Paris", 1, True, 3_000, 0, 0, 20, 80, 9)


@dataclass(frozen=True)
class Plan:
    """Everything that decides an activity before a sample is made.

    Attributes
    ----------
    door : str
        As of ``regions.route``.
    special : str
        What is odd about it; see `_specials`.
    """

    seed: int
    number: int
    start: datetime
    region: Region
    sport: str
    door: str
    route: int
    special: str


def synthetic_account(seed: int = 7, activities: int = 220, until: date = UNTIL, added: int = 0) -> Account:
    """An athlete with a history.

    Parameters
    ----------
    seed : int
        The same seed gives the same account, to the byte.
    activities : int
        How many; 220 are five years, and 206 of them outdoors, readable and visible to everyone.
    until : date
        The last day.
    added : int
        How many rides came later already, so that a restarted simulation knows them.

    Returns
    -------
    Account
        Its ``places`` are the athlete's home and a friend's house.
    """
    land = country(HOME, seed)
    places = [
        Place(name, *position(HOME, land.network.nodes[node]))
        for name, node in (("home", land.home), ("friend", land.friend))
    ]

    def history() -> list[Activity]:
        return [_activity(plan) for plan in _plans(seed, activities, until)]

    def later(count: int) -> Activity:
        return _activity(_later(seed, activities, until, count))

    account = Account(dict(names.ATHLETE), history, (dict(item) for item in names.GEAR), places, later)
    for _ in range(added):
        account.add()
    return account


def _plans(seed: int, count: int, until: date) -> list[Plan]:
    rng = np.random.default_rng([seed, 3])
    days = _days(rng, count, until)
    specials = _specials(rng, count)
    away = _holidays(count)
    pools = {sport: max(3, min(45, round(share * count / 260))) for sport, (_, share) in _SPORTS.items()}
    return [
        _plan(seed, number, day, away.get(number, HOME), specials.get(number, ""), pools)
        for number, day in enumerate(days)
    ]


def _later(seed: int, count: int, until: date, number: int) -> Plan:
    """A ride from home, one a day after the history, that nobody could mistake for an odd one."""
    start = datetime(until.year, until.month, until.day, 15, 20, tzinfo=UTC) + timedelta(days=1 + number)
    return Plan(seed, count + number, start, HOME, ("Ride", "GravelRide", "Run")[number % 3], "home", 1000 + number, "")


def _plan(seed: int, number: int, day: date, region: Region, special: str, pools: dict[str, int]) -> Plan:
    rng = np.random.default_rng([seed, 4, number])
    winter = 0.5 + 0.5 * math.cos((day.timetuple().tm_yday - 15) / 365.25 * 2 * math.pi)
    sport = _sport(rng, winter, region, special)
    door = "home"
    if region is HOME and sport not in ("Swim", "Hockey"):
        where = rng.random()
        if sport in ("Ride", "GravelRide", "Run") and where < 0.08:
            door = "friend"
        elif sport in ("Ride", "GravelRide") and where < 0.12:
            door = "between"
        elif sport == "Ride" and where < 0.16:
            door = "office"
    free = day.weekday() >= 5 or region is not HOME
    hour = rng.normal(9.2, 1.2) if free else (rng.normal(7.1, 0.4) if rng.random() < 0.3 else rng.normal(17.6, 0.8))
    local = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        seconds=int(min(max(hour, 5.0), 20.5) * 3600)
    )
    start = local - timedelta(seconds=region.utc_offset(local))
    # favourite rounds come again and again
    pool = 6 if region is not HOME else pools.get(sport, 3)
    return Plan(seed, number, start, region, sport, door, int(pool * rng.random() ** 1.5), special)


def _sport(rng: np.random.Generator, winter: float, region: Region, special: str) -> str:
    fixed = {
        "virtual": "VirtualRide",
        "game": "VirtualRide",
        "weights": "WeightTraining",
        "manual": "Workout",
        "hockey": "Hockey",
        "hole": "Ride",
        "spike": "Ride",
        "fractional": "Run",
        "newest": "Ride",
    }
    if special in fixed:
        return fixed[special]
    if region is not HOME:
        return str(rng.choice(["Ride", "Ride", "Run", "Hike"]))
    weights = np.array([cold * winter + warm * (1 - winter) for cold, warm in _SPORTS.values()])
    # skis in deep winter and lakes in high summer only
    limits = {"NordicSki": winter > 0.8, "Swim": winter < 0.2}
    weights *= [limits.get(sport, True) for sport in _SPORTS]
    return str(rng.choice(list(_SPORTS), p=weights / weights.sum()))


def _days(rng: np.random.Generator, count: int, until: date) -> list[date]:
    """Days in order, more of them in summer; the last is the last day."""
    length = int(min(max(count / 300, 5), 15) * 365.25)
    day = np.arange(length)
    first = until - timedelta(days=length - 1)
    weight = 1 - 0.35 * np.cos((day + first.timetuple().tm_yday - 15) / 365.25 * 2 * math.pi)
    reached = np.concatenate([[0.0], weight.cumsum()]) / weight.sum()
    drawn = (np.arange(count) + rng.random(count)) / max(count, 1)
    found = np.interp(drawn, reached, np.arange(length + 1)).astype(int)
    found[-1:] = length - 1
    return [first + timedelta(days=int(at)) for at in found]


def _specials(rng: np.random.Generator, count: int) -> dict[int, str]:
    """Which activities are odd, and how; some of each kind, never more than half of all."""
    single = [
        "private",
        "followers",
        "manual",
        "virtual",
        "weights",
        "streams_500",
        "streams_empty",
        "hole",
        "spike",
        "hidden_start",
        "hockey",
        "fractional",
        "game",
    ]
    more = {"private": 0.018, "followers": 0.018, "manual": 0.005, "virtual": 0.005, "weights": 0.005}
    wanted = single + [kind for kind, share in more.items() for _ in range(round(share * count) - 1)]
    wanted = wanted[: count // 2]
    # the newest stays ordinary: it is the one people look at first
    places = sorted(rng.choice(max(count - 1, 1), len(wanted), replace=False).tolist())
    return dict(zip(places, rng.permutation(wanted).tolist(), strict=True)) | {count - 1: "newest"}


def _holidays(count: int) -> dict[int, Region]:
    """A week or so in every other region."""
    length = max(1, round(count * 0.012))
    return {
        round(count * (0.17 + 0.21 * visit)) + day: region
        for visit, region in enumerate(HOLIDAYS)
        for day in range(length)
        if count >= 20
    }


def _activity(plan: Plan) -> Activity:
    rng = np.random.default_rng([plan.seed, 5, plan.number])
    offset = plan.region.utc_offset(plan.start)
    hour = (plan.start + timedelta(seconds=offset)).hour
    # grows with time, as Strava's ids do
    number = int(plan.start.timestamp() * 0.64) * 10 + plan.number % 10
    upload = int(number * 1.0667)
    manual = plan.special == "manual"
    device = None if manual else names.DEVICE_OF.get(plan.sport, names.WATCH)
    fields: dict[str, Any] = {
        "name": names.ride_name(plan.sport, hour, rng.random(), int(rng.integers(100))),
        "sport_type": plan.sport,
        "visibility": {"private": "only_me", "followers": "followers_only"}.get(plan.special, "everyone"),
        "timezone": plan.region.timezone,
        "utc_offset": offset,
        "gear_id": names.GEAR_OF.get(plan.sport),
        "device_name": device,
        "trainer": plan.special in ("virtual", "weights"),
        "manual": manual,
        "commute": plan.door == "office",
        "kudos_count": int(rng.poisson(6)),
        "upload_id": None if manual else upload,
        "upload_id_str": None if manual else str(upload),
        "external_id": None if manual else f"garmin_ping_{upload * 3}",
        "description": "felt good" if rng.random() < 0.1 else None,
    }
    if manual:
        fields |= {"elapsed_time": 3600, "moving_time": 3600, "calories": 310.0}
    if plan.special == "fractional":
        fields["max_heartrate"] = 171.4
    if plan.special == "hidden_start":
        fields["hide_start"] = True
    broken = {"streams_500": "streams", "streams_empty": "empty"}.get(plan.special, "")
    return Activity(number, plan.start, fields, functools.partial(_samples, plan), broken)


def _samples(plan: Plan) -> Samples:
    rng = np.random.default_rng([plan.seed, 6, plan.number])
    if plan.special == "manual":
        return {}
    if plan.special == "weights":
        return indoor(int(rng.uniform(2000, 3600)), rng)
    if plan.special == "virtual":
        return indoor(int(rng.uniform(2400, 5400)), rng, speed=8.8, watts=165)
    on_bike = plan.sport in ("Ride", "GravelRide", "MountainBikeRide", "VirtualRide")
    if plan.special == "game":
        way, terrain = virtual_laps(rng), _FLAT
    else:
        way = route(plan.region, plan.seed, plan.sport, plan.door, plan.route)
        terrain = _FLAT if plan.sport == "Swim" else country(plan.region, plan.seed).terrain
    if plan.door == "home" and rng.random() < 0.4:
        way = way[::-1]
    day = plan.start.timetuple().tm_yday
    warmth = 13 - 10 * math.cos((day - 25) / 365.25 * 2 * math.pi) + rng.normal(0, 3.5) if on_bike else None
    phone = names.DEVICE_OF.get(plan.sport) == "Strava App"
    samples, positions = record(
        way,
        terrain,
        PACES.get(plan.sport, PACES["Ride"]),
        rng,
        smart=bool(phone or rng.random() < 0.75),
        power=plan.sport in ("Ride", "VirtualRide") and bool(rng.random() < 0.7),
        heart=not phone,
        warmth=warmth,
    )
    region = _GAME if plan.special == "game" else plan.region
    samples["lng"], samples["lat"] = to_degrees(positions, region.lng, region.lat)
    if plan.sport == "Swim":
        del samples["altitude"], samples["grade_smooth"]
    middle = len(samples["time"]) // 2
    if plan.special == "hole":
        for name in ("lat", "lng"):
            samples[name][middle : middle + 60] = np.nan
    if plan.special == "spike":
        samples["lat"][middle : middle + 3] += 0.41
    return samples
