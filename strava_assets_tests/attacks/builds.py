"""Attack C: what many builds tell together.

What belongs here: guesses from older and newer versions of the same files. What does not: one version (`circles`).

A shape that is drawn again averages out: its middles lie around the place, and what was always hidden shrinks to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strava_assets_tests.attacks.circles import Circle, center_of_the_hole, hole
from strava_assets_tests.attacks.public_files import Floats, View

#: Two circles whose middles are nearer than this are one, fitted twice, metres.
_SAME = 45.0


def circles_seen(views: Sequence[View]) -> list[Circle]:
    """The different circles that were cut in any version."""
    seen: list[Circle] = []
    for view in views:
        found = hole(view)
        if all(np.hypot(*(found.center - other.center)) > _SAME for other in seen):
            seen.append(found)
    return seen


def by_mean(views: Sequence[View]) -> Floats:
    """The mean of all their middles."""
    return np.mean([circle.center for circle in circles_seen(views)], axis=0)


def by_intersection(views: Sequence[View]) -> Floats:
    """The middle of what no version ever showed."""
    everything = View([ride for view in views for ride in view.rides], {})
    return center_of_the_hole(everything, Circle(by_mean(views), min(c.radius for c in circles_seen(views))))
