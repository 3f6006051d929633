"""What the synthetic athlete calls things: athlete, gear, names of rides.

What belongs here: words. What does not: anything computed from positions.
"""

from __future__ import annotations

from typing import Any

ATHLETE: dict[str, Any] = {
    "id": 48_210_577,
    "username": "mara_lindqvist",
    "resource_state": 3,
    "firstname": "Mara",
    "lastname": "Lindqvist",
    "bio": None,
    "city": "Aubrelle",
    "state": None,
    "country": "France",
    "sex": "F",
    "premium": True,
    "summit": True,
    "created_at": "2014-04-02T18:11:03Z",
    "updated_at": "2024-06-30T19:02:44Z",
    "badge_type_id": 1,
    "weight": 64.0,
    "profile_medium": "avatar/athlete/medium.png",
    "profile": "avatar/athlete/large.png",
    "friend": None,
    "follower": None,
    "measurement_preference": "meters",
    "ftp": 231,
    "clubs": [],
}

_FRAMES = (
    ("b11482031", "Zugvogel", "Canyon", "Endurace", 3, 18_412_300.0, True),
    ("b11482032", "Matschgeiß", "Cube", "Stereo", 1, 5_120_800.0, False),
    ("b11482033", "Kiesel 🌲", "Rose", "Backroad", 5, 7_744_100.0, False),
)
_SHOES = (
    ("g18820011", "Asics Novablast 4", "Asics", "Novablast 4", 1_204_600.0, True),
    ("g18820012", "Salomon Sense Ride", "Salomon", "Sense Ride 5", 861_900.0, False),
)

GEAR: tuple[dict[str, Any], ...] = tuple(
    {
        "id": key,
        "primary": primary,
        "name": name,
        "nickname": name,
        "resource_state": 3,
        "retired": False,
        "distance": distance,
        "converted_distance": round(distance / 1000, 1),
        "brand_name": brand,
        "model_name": model,
        "frame_type": frame,
        "description": "",
        "weight": 9.0,
    }
    for key, name, brand, model, frame, distance, primary in _FRAMES
) + tuple(
    {
        "id": key,
        "primary": primary,
        "name": name,
        "nickname": "",
        "resource_state": 3,
        "retired": False,
        "distance": distance,
        "converted_distance": round(distance / 1000, 1),
        "brand_name": brand,
        "model_name": model,
        "description": "",
        "notification_distance": 0,
    }
    for key, name, brand, model, distance, primary in _SHOES
)

GEAR_OF: dict[str, str] = {
    "Ride": _FRAMES[0][0],
    "VirtualRide": _FRAMES[0][0],
    "MountainBikeRide": _FRAMES[1][0],
    "GravelRide": _FRAMES[2][0],
    "Run": _SHOES[0][0],
    "TrailRun": _SHOES[1][0],
    "Hike": _SHOES[1][0],
}

DEVICE_OF: dict[str, str] = {
    "Ride": "Garmin Edge 840",
    "GravelRide": "Garmin Edge 840",
    "MountainBikeRide": "Garmin Edge 840",
    "EBikeRide": "Strava App",
    "Walk": "Strava App",
    "Hike": "Strava App",
    "VirtualRide": "Zwift",
}
WATCH = "Garmin Forerunner 265"

#: What Strava itself would call it, in words.
_PLAIN: dict[str, str] = {
    "Ride": "Ride",
    "EBikeRide": "E-Bike Ride",
    "GravelRide": "Gravel Ride",
    "Run": "Run",
    "Walk": "Walk",
    "MountainBikeRide": "Mountain Bike Ride",
    "TrailRun": "Trail Run",
    "Hike": "Hike",
    "Swim": "Swim",
    "NordicSki": "Nordic Ski",
    "VirtualRide": "Virtual Ride",
    "WeightTraining": "Weight Training",
    "Workout": "Workout",
    "Hockey": "Hockey",
}
_TIMES = ((5, "Morning"), (11, "Lunch"), (14, "Afternoon"), (17, "Evening"), (21, "Night"))

#: Names people give themselves.
_OWN: dict[str, tuple[str, ...]] = {
    "Ride": (
        "Over the hills and back",
        "Kaffeefahrt mit Jörg ☕",
        "Windy 💨",
        "Sunday long one",
        "朝のサイクリング",
        "Tour des étangs",
        "New tyres!",
        "Intervals 4×8",
        "רכיבת ערב",
        "Eisdiele & zurück 🍦",
        "Club ride",
    ),
    "GravelRide": ("Gravel loop 🌲", "Schotter satt", "Mud everywhere", "Chemins blancs", "Lost again"),
    "MountainBikeRide": ("Trails with Aïcha", "Wurzelweg 🌲🌲", "Flow!", "Nightride 🔦", "Too steep"),
    "Run": ("Easy 10", "Tempo", "Shake-out", "Laufen mit Søren", "夜ラン", "6 × 800 m", "Parkrun-ish"),
    "TrailRun": ("Up and up", "Gipfelchen ⛰️", "صباح جميل", "Fog run"),
    "Walk": ("With the dog 🐕", "Spaziergang", "Apéro walk"),
    "Hike": ("Rundweg über den Kamm", "Chestnuts 🌰", "Wandern mit Oma"),
    "Swim": ("Lake laps", "Freiwasser 🏊"),
    "NordicSki": ("Loipe ❄️", "Fresh tracks"),
    "Hockey": ("On the frozen pond 🏒",),
}


def ride_name(sport: str, hour: int, own: float, which: int) -> str:
    """A name: mostly Strava's default for sport and local hour, sometimes the athlete's own.

    Parameters
    ----------
    sport : str
    hour : int
        Local.
    own : float
        Uniform in [0, 1); small ones give an own name.
    which : int
        Which of them.
    """
    if own < 0.3 and sport in _OWN:
        return _OWN[sport][which % len(_OWN[sport])]
    part = next(word for begins, word in reversed((*_TIMES, (0, "Night"))[-1:] + _TIMES) if hour >= begins)
    return f"{part} {_PLAIN[sport]}"
