"""One vocabulary for sports: Strava's ``sport_type`` words, from what files and exports call them.

What belongs here: the words, and how FIT, TCX, GPX and the export's labels map to them. What does
not: how a sport is shown or grouped.
"""

from __future__ import annotations

import re

#: What a recording is called when nobody says.
UNKNOWN = "Workout"

_WORDS = """
    AlpineSki BackcountrySki Badminton Basketball Canoeing Cricket Crossfit Dance EBikeRide Elliptical
    EMountainBikeRide Golf GravelRide Handcycle HighIntensityIntervalTraining Hike IceSkate InlineSkate
    Kayaking Kitesurf MountainBikeRide NordicSki Padel PhysicalTherapy Pickleball Pilates Racquetball Ride
    RockClimbing RollerSki Rowing Run Sail Skateboard Snowboard Snowshoe Soccer Squash StairStepper
    StandUpPaddling Surfing Swim TableTennis Tennis TrailRun Velomobile VirtualRide VirtualRow VirtualRun
    Volleyball Walk WaterSport WeightTraining Wheelchair Windsurf Workout Yoga
"""

#: Strava's API words.
SPORT_TYPES = frozenset(_WORDS.split())

_BY_LETTERS = {word.lower(): word for word in SPORT_TYPES} | {
    # labels of the export and of other makers' files, letters only
    "rockclimb": "RockClimbing",
    "hiit": "HighIntensityIntervalTraining",
    "ebike": "EBikeRide",
    "standuppaddle": "StandUpPaddling",
    "sailing": "Sail",
    "skateboarding": "Skateboard",
    "rollerskiing": "RollerSki",
    "bike": "Ride",
    "biking": "Ride",
    "cycling": "Ride",
    "bicycling": "Ride",
    "roadcycling": "Ride",
    "roadbiking": "Ride",
    "cyclingtransportation": "Ride",
    "cyclingsport": "Ride",
    "indoorcycling": "Ride",
    "indoorbiking": "Ride",
    "virtualcycling": "VirtualRide",
    "virtualrunning": "VirtualRun",
    "mountainbiking": "MountainBikeRide",
    "mountainbike": "MountainBikeRide",
    "mtb": "MountainBikeRide",
    "gravelcycling": "GravelRide",
    "gravelbiking": "GravelRide",
    "gravel": "GravelRide",
    "ebiking": "EBikeRide",
    "ebikefitness": "EBikeRide",
    "ebikemountain": "EMountainBikeRide",
    "running": "Run",
    "jogging": "Run",
    "treadmillrunning": "Run",
    "streetrunning": "Run",
    "trackrunning": "Run",
    "trailrunning": "TrailRun",
    "walking": "Walk",
    "casualwalking": "Walk",
    "speedwalking": "Walk",
    "hiking": "Hike",
    "trekking": "Hike",
    "mountaineering": "Hike",
    "swimming": "Swim",
    "lapswimming": "Swim",
    "openwaterswimming": "Swim",
    "openwater": "Swim",
    "poolswim": "Swim",
    "skiing": "AlpineSki",
    "alpineskiing": "AlpineSki",
    "downhillskiing": "AlpineSki",
    "resortskiing": "AlpineSki",
    "crosscountryskiing": "NordicSki",
    "nordicskiing": "NordicSki",
    "skating": "InlineSkate",
    "inlineskating": "InlineSkate",
    "iceskating": "IceSkate",
    "snowboarding": "Snowboard",
    "snowshoeing": "Snowshoe",
    "rowingmachine": "Rowing",
    "indoorrowing": "Rowing",
    "canoe": "Canoeing",
    "kayak": "Kayaking",
    "windsurfing": "Windsurf",
    "kitesurfing": "Kitesurf",
    "climbing": "RockClimbing",
    "strengthtraining": "WeightTraining",
    "strength": "WeightTraining",
    "other": UNKNOWN,
    "unknown": UNKNOWN,
    "training": UNKNOWN,
    "generic": UNKNOWN,
    "cardiotraining": UNKNOWN,
    "fitnessequipment": UNKNOWN,
    "wheelchairpushwalk": "Wheelchair",
    "wheelchairpushrun": "Wheelchair",
    "football": "Soccer",
    # numbers that Strava itself writes into the <type> of a GPX file
    "1": "Ride",
    "4": "Hike",
    "9": "Run",
    "10": "Walk",
}

#: FIT's sub_sport, where it says more than its sport does.
_FIT_DETAIL = {
    ("cycling", "virtual_activity"): "VirtualRide",
    ("cycling", "mountain"): "MountainBikeRide",
    ("cycling", "downhill"): "MountainBikeRide",
    ("cycling", "gravel_cycling"): "GravelRide",
    ("cycling", "mixed_surface"): "GravelRide",
    ("cycling", "cyclocross"): "GravelRide",
    ("cycling", "e_bike_mountain"): "EMountainBikeRide",
    ("cycling", "e_bike_fitness"): "EBikeRide",
    ("cycling", "hand_cycling"): "Handcycle",
    ("e_biking", "e_bike_mountain"): "EMountainBikeRide",
    ("running", "trail"): "TrailRun",
    ("running", "virtual_activity"): "VirtualRun",
    ("rowing", "virtual_activity"): "VirtualRow",
    ("alpine_skiing", "backcountry"): "BackcountrySki",
    ("cross_country_skiing", "backcountry"): "BackcountrySki",
    ("training", "strength_training"): "WeightTraining",
    ("training", "yoga"): "Yoga",
    ("training", "pilates"): "Pilates",
    ("training", "hiit"): "HighIntensityIntervalTraining",
    ("fitness_equipment", "elliptical"): "Elliptical",
    ("fitness_equipment", "stair_climbing"): "StairStepper",
    ("fitness_equipment", "indoor_rowing"): "Rowing",
    ("fitness_equipment", "indoor_cycling"): "Ride",
    ("fitness_equipment", "treadmill"): "Run",
    ("racket", "tennis"): "Tennis",
    ("racket", "pickleball"): "Pickleball",
    ("racket", "padel"): "Padel",
    ("racket", "badminton"): "Badminton",
    ("racket", "squash"): "Squash",
    ("racket", "table_tennis"): "TableTennis",
}


def from_fit(sport: str | None, sub_sport: str | None) -> str:
    """Strava's word for FIT's ``sport`` and ``sub_sport``."""
    known = _FIT_DETAIL.get((sport or "", sub_sport or ""))
    return known or _BY_LETTERS.get(_letters(sport or ""), UNKNOWN)


def from_word(word: str | None) -> str:
    """Strava's word for what a GPX or TCX file calls its sport; ``Workout`` if it is not known."""
    return _BY_LETTERS.get(_letters(word or ""), UNKNOWN)


def from_label(label: str) -> str:
    """Strava's word for a label of the export (``Weight Training``, ``E-Bike Ride``).

    A label that is not known is a sport that Strava added since: its API word is the label without
    blanks, as all others are.
    """
    known = _BY_LETTERS.get(_letters(label))
    if known or not label.strip() or not label.isascii():
        return known or UNKNOWN
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", label) if word) or UNKNOWN


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())
