"""Attack D: how people leave the hole. Who takes a short way past a corner comes from where that is a short way from.

What belongs here: guesses from visible ways alone, inside which no number of the hidden part is needed. What does not:
the hole's own shape (`circles`), bodies and devices (`clocks`).

It needs nothing that a publisher could leave out but the ride itself. (Lines through the last visible metres meet
somewhere near home, too; but streets bend them, and this does better.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strava_assets_tests.attacks.circles import Circle, hole
from strava_assets_tests.attacks.cities import City, shortest
from strava_assets_tests.attacks.public_files import Floats, View


@dataclass(frozen=True)
class Exits:
    """Where visible parts begin or end at the hole.

    Attributes
    ----------
    parts : list of ndarray, shape (k, 2)
        Each visible part, from the hole outwards, metres.
    """

    parts: list[Floats]

    @staticmethod
    def of(view: View, around: Circle) -> Exits:
        """Of all rides."""
        parts = []
        for ride in view.rides:
            for part in ride.parts:
                for outwards in (part, part[::-1]):
                    if abs(np.hypot(*(outwards[0] - around.center)) - around.radius) < 60.0:
                        parts.append(outwards)
        return Exits(parts)

    def after(self, metres: float) -> tuple[Floats, Floats]:
        """The point so far along each part (or its last one), and how far that is."""
        points, reached = [], []
        for part in self.parts:
            along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(part[::2], axis=0).T))])
            k = min(int(np.searchsorted(along, metres)), len(along) - 1)
            points.append(part[::2][k])
            reached.append(along[k])
        return np.array(points), np.array(reached)


@dataclass(frozen=True)
class Ranking:
    """Points along the streets in the hole, and how little each explains the ways out.

    Attributes
    ----------
    points : ndarray, shape (k, 2)
        Metres.
    detour : ndarray, shape (k,)
        Mean of the metres (at most so many) by which a ride would have been longer than it had to be.
    """

    points: Floats
    detour: Floats

    @property
    def best(self) -> Floats:
        """The point that explains the most."""
        return self.points[self.detour.argmin()]

    def mean(self, sharpness: float) -> Floats:
        """The points' mean, those weighted most that explain the most."""
        weight = np.exp(-(self.detour - self.detour.min()) * sharpness)
        return (self.points * weight[:, None]).sum(axis=0) / weight.sum()


def ranked(
    view: View, city: City, beyond: tuple[float, ...] = (1000.0,), most: float = 150.0, inner: float = 0.85
) -> Ranking:
    """Rank every street in the hole by how much of a short way the visible ways would be from there.

    Parameters
    ----------
    view, city
    beyond : tuple of float
        Metres after the exit at which it is asked whether the ride could have come a shorter way.
    most : float
        A detour counts no more than this, metres.
    inner : float
        Share of the hole's radius in which a home may be: its border is no place for one.
    """
    around = hole(view)
    exits = Exits.of(view, around)
    street, share = city.points_within(around.center, inner * around.radius)
    begin = np.array([part[0] for part in exits.parts])
    near = _ways(city, begin, street, share, 3 * around.radius)
    total = np.zeros(len(street))
    for metres in beyond:
        there, walked = exits.after(metres)
        detour = near + walked - _ways(city, there, street, share, 3 * around.radius + metres)
        total += np.minimum(np.abs(detour), most).mean(axis=1) / len(beyond)
    return Ranking(city.positions(street, share), total)


def _ways(city: City, points: Floats, street: NDArray[np.int64], share: Floats, within: float) -> Floats:
    """Metres along the streets from candidates to points, shape (candidates, points)."""
    a, b = city.streets[street].T
    length, weights = city.lengths[street], city.lengths.tolist()
    cells, cell = np.unique(np.round(points / 30), axis=0, return_inverse=True)
    ways = np.empty((len(street), len(cells)))
    for k in range(len(cells)):
        own, along, _ = city.nearest(points[cell == k].mean(axis=0))
        tree = shortest(city, city.ends_of(own, along), weights, within)
        ways[:, k] = np.minimum(tree.distance[a] + share * length, tree.distance[b] + (1 - share) * length)
    return np.where(np.isfinite(ways), ways, 1e4)[:, cell]
