"""One vocabulary for sports: Strava's ``sport_type`` words, from what files and exports call them.

What belongs here: the words, and how FIT, TCX, GPX and the export's labels map to them. What does
not: how a sport is shown or grouped, the labels in other languages (``sport_labels``).
"""

from __future__ import annotations

import functools
import re

from strava_assets.archive.sport_labels import LABELS, VIRTUAL
from strava_assets.archive.text import letters, one_line, unaccented

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


_BY_LETTERS = {
    letters(label): word for sports in LABELS.values() for word, labels in sports.items() for label in labels
} | _BY_LETTERS
#: At the beginning of a word; languages that do not set words apart have them anywhere.
_VIRTUAL = re.compile(rf"(?<![a-z])(?:{'|'.join(map(unaccented, VIRTUAL))})")
#: A virtual sport that Strava added since; the map must not take it for one outdoors.
_VIRTUAL_UNKNOWN = "VirtualActivity"
#: What is done indoors on a screen, and is called like what is done outdoors where a format has no better word.
_ON_A_SCREEN = {"Ride": "VirtualRide", "Run": "VirtualRun", "Rowing": "VirtualRow"}
#: Programs that record nothing else, as the first word of what files call their device.
_SCREENS = {"zwift", "mywhoosh", "rouvy", "virtualtraining", "bkool", "fulgaz", "kinomap", "onelap", "rgt"}


def from_fit(sport: str | None, sub_sport: str | None) -> str:
    """Strava's word for FIT's ``sport`` and ``sub_sport``."""
    known = _FIT_DETAIL.get((sport or "", sub_sport or ""))
    if not known and sub_sport == "virtual_activity":
        return _VIRTUAL_UNKNOWN
    return known or _BY_LETTERS.get(letters(sport or ""), UNKNOWN)


def by_device(sport_type: str, device: str | None) -> str:
    """The virtual sport, if a device is a program for a screen: TCX, for one, has no word for it."""
    if is_virtual(sport_type) or (device or "").lower().partition(" ")[0] not in _SCREENS:
        return sport_type
    return _ON_A_SCREEN.get(sport_type, _VIRTUAL_UNKNOWN)


def by_recording(sport_type: str, recorded: str | None) -> str:
    """The sport of an activity, if its recording tells one, too: a label that nobody knows hides no virtual one."""
    unknown = sport_type == UNKNOWN or sport_type not in SPORT_TYPES
    return recorded if recorded and unknown and is_virtual(recorded) else sport_type


def is_virtual(sport_type: str) -> bool:
    """Whether one of Strava's words is of a sport on a screen."""
    return sport_type.startswith("Virtual")


def from_word(word: str | None) -> str:
    """Strava's word for what a GPX or TCX file calls its sport; ``Workout`` if it is not known."""
    return known_label(word or "") or (_VIRTUAL_UNKNOWN if _says_virtual(word or "") else UNKNOWN)


@functools.lru_cache(maxsize=1024)
def known_label(label: str) -> str | None:
    """Strava's word for a label of the export in any language (``Weight Training``, ``Virtuelle Radfahrt``)."""
    return _BY_LETTERS.get(letters(label))


@functools.lru_cache(maxsize=1024)
def from_label(label: str, english: bool = True) -> str:
    """Strava's word for a label of the export, and for one that is not known the label itself.

    Parameters
    ----------
    label : str
    english : bool
        The export is English: a sport that Strava added since has the label's words as its API word. A label of
        another language stays as it is, unless it says that the sport is virtual.
    """
    shown = one_line(label, 60)
    known = known_label(shown or "")
    if known or shown is None:
        return known or UNKNOWN
    joined = "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", shown) if word)
    if _says_virtual(shown):
        return joined if english and joined.startswith("Virtual") else _VIRTUAL_UNKNOWN
    return (joined or UNKNOWN) if english and shown.isascii() else shown


def _says_virtual(label: str) -> bool:
    return _VIRTUAL.search(unaccented(label)) is not None
