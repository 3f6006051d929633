"""Every attack on one version of somebody's files, by name.

What belongs here: the list, for tests and benchmarks alike. What does not: attacks on many versions (`builds`).
"""

from __future__ import annotations

from collections.abc import Callable

from strava_assets_tests.attacks import circles, clocks, hidden_distance, ways_out
from strava_assets_tests.attacks.people import Person
from strava_assets_tests.attacks.public_files import Floats, View

#: From what is public of a person to a guess. Of the person, only the street map is looked at.
Attack = Callable[[View, Person], Floats]

CIRCLE, CENTER = "A circle", "A middle of the hole"
DISTANCE, WITHOUT_MAP = "B hidden distance", "B0 without the map"
HEART, THERMOMETER, WAYS_OUT = "D heart rate", "D temperature", "D ways out"

ATTACKS: dict[str, Attack] = {
    CIRCLE: lambda view, person: circles.hole(view).center,
    CENTER: lambda view, person: circles.center_of_the_hole(view, circles.hole(view)),
    DISTANCE: lambda view, person: hidden_distance.guess(view, person.city),
    WITHOUT_MAP: lambda view, person: hidden_distance.guess(view),
    HEART: lambda view, person: clocks.guess(view, person.city, "heartrate"),
    THERMOMETER: lambda view, person: clocks.guess(view, person.city, "temp"),
    WAYS_OUT: lambda view, person: ways_out.ranked(view, person.city).mean(0.2),
}
