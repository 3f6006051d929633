"""Kinds of sport: from Strava's ``sport_type`` to the words on the map.

What belongs here: the table, whichever source an activity came from. What does not: colours, figures. A
sport that nobody has heard of keeps its own name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Strava's sport_type -> what people call it. Rides are told apart further by their bike.
EXTENDED: dict[str, str] = {
    # on a bike
    "Ride": "Road Cycling",
    "MountainBikeRide": "Mountain Bike",
    "GravelRide": "Gravel",
    "EBikeRide": "E-Bike",
    "EMountainBikeRide": "E-Mountain Bike",
    "VirtualRide": "Virtual Ride",
    "Velomobile": "Velomobile",
    "Handcycle": "Handcycle",
    # on foot
    "Run": "Run",
    "TrailRun": "Trail Run",
    "VirtualRun": "Virtual Run",
    "Walk": "Walk",
    "Hike": "Hike",
    "Snowshoe": "Snowshoe",
    "Wheelchair": "Wheelchair",
    # in and on water
    "Swim": "Swim",
    "Kayaking": "Kayak",
    "Canoeing": "Canoe",
    "Rowing": "Row",
    "VirtualRow": "Virtual Row",
    "StandUpPaddling": "Stand-Up Paddle",
    "Surfing": "Surf",
    "Kitesurf": "Kitesurf",
    "Windsurf": "Windsurf",
    "Sail": "Sail",
    # on snow, ice and wheels
    "NordicSki": "Nordic Ski",
    "BackcountrySki": "Backcountry Ski",
    "AlpineSki": "Alpine Ski",
    "Snowboard": "Snowboard",
    "RollerSki": "Roller Ski",
    "IceSkate": "Ice Skate",
    "InlineSkate": "Inline Skate",
    "Skateboard": "Skateboard",
    # elsewhere
    "WeightTraining": "Weight Training",
    "HighIntensityIntervalTraining": "Interval Training",
    "RockClimbing": "Climbing",
    "StairStepper": "Stair Stepper",
    "Soccer": "Football",
}
#: Strava's frame_type of a bike: 1 mountain, 2 cross, 3 road, 4 time trial, 5 gravel.
_FRAMES = {1: "Mountain Bike", 2: "Cyclocross", 3: "Road Cycling", 4: "Time Trial", 5: "Gravel"}
#: What a bike may be for.
_RIDES = frozenset(
    {"Ride", "MountainBikeRide", "GravelRide", "EBikeRide", "EMountainBikeRide", "Velomobile", "Handcycle"}
)
_FOOT = frozenset({"Run", "TrailRun", "VirtualRun", "Walk", "Hike", "Snowshoe"})
#: What is compared with its like only: records, thresholds and Eddington numbers are of one discipline.
_DISCIPLINES = {
    "ride": ("Ride", "MountainBikeRide", "GravelRide", "VirtualRide", "Velomobile", "Handcycle"),
    "e-bike": ("EBikeRide", "EMountainBikeRide"),
    "run": ("Run", "TrailRun", "VirtualRun"),
    "walk": ("Walk", "Hike", "Snowshoe"),
}


def type_extended(sport_type: str, frame_type: int | None = None, gear_sports: Sequence[str] | None = None) -> str:
    """What people call it.

    Parameters
    ----------
    sport_type : str
        Strava's, known or not; export files' are brought to the same words.
    frame_type : int, optional
        Strava's number for the bike's frame. Only a plain "Ride" is told apart by it: whoever chose a
        more special sport meant it.
    gear_sports : sequence of str, optional
        What the owner rides that bike for by default, as an export tells; where it is one sport only, it counts as
        the frame does.
    """
    if sport_type == "Ride" and frame_type is not None:
        return _FRAMES.get(frame_type, EXTENDED["Ride"])
    if sport_type == "Ride" and gear_sports and len(set(gear_sports)) == 1 and gear_sports[0] in _RIDES:
        sport_type = gear_sports[0]
    return EXTENDED.get(sport_type) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", sport_type).strip() or "Workout"


def is_virtual(sport_type: str) -> bool:
    """Whether positions, if there are any, are not of a real place."""
    return sport_type.startswith("Virtual")


def is_foot(sport_type: str) -> bool:
    """Whether cadence counts steps."""
    return sport_type in _FOOT


def discipline(sport_type: str) -> str:
    """What it is compared with: ``ride``, ``e-bike``, ``run``, ``walk``, or nothing but its own ``sport_type``."""
    return next((name for name, sports in _DISCIPLINES.items() if sport_type in sports), sport_type)
