"""Attack B: what numbers tell of the hidden distance, and where on the street map that leads (B0: without the map).

What belongs here: finding the hidden distance in any number, and the point that explains it. What does not: geometry of
the hole by itself (`circles`).

Each number is an equation: the ways from home to some ends of tracks add up to so many metres.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from strava_assets_tests.attacks.circles import Circle, hole
from strava_assets_tests.attacks.cities import City, shortest
from strava_assets_tests.attacks.public_files import Floats, Ride, View

#: A misfit counts no more than this, metres: some rides do not begin at home.
_ENOUGH = 120.0


@dataclass
class Equations:
    """What is known of hidden lengths.

    Attributes
    ----------
    ends : list of int
        Indices into ``View.ends``, for each equation.
    metres : list of float
    visible : list of float
        Length of what was subtracted, metres.
    drawn : list of float
        The part of it that was measured along the map's lines: their error grows with their length.
    """

    ends: list[list[int]] = field(default_factory=list)
    metres: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)

    @property
    def rounding(self) -> float:
        """Half of what the numbers that were subtracted from are rounded to, as anybody can see, metres."""
        told = np.array(self.metres) + self.visible
        return max(
            (unit / 2 for unit in (100, 1000) if (np.abs(told - np.round(told / unit) * unit) < 1e-6).all()),
            default=0.0,
        )

    def add(self, ends: list[int], metres: float, visible: float = 0.0, drawn: float = 0.0) -> None:
        """One more."""
        if ends and np.isfinite(metres):
            self.ends.append(ends)
            self.metres.append(metres)
            self.visible.append(visible)
            self.drawn.append(drawn)

    def incidence(self, ends: NDArray[np.int64]) -> Floats:
        """One row an equation, one column an end."""
        column = {int(end): k for k, end in enumerate(ends)}
        matrix = np.zeros((len(self.ends), len(ends)))
        for k, own in enumerate(self.ends):
            for end in own:
                matrix[k, column[end]] += 1
        return matrix


def guess(view: View, city: City | None = None, source: str | None = None) -> Floats:
    """Where home is, from the number that tells the most.

    Parameters
    ----------
    view : View
    city : City, optional
        The street map; without it ways are straight lines with a detour.
    source : str, optional
        Of `SOURCES`, if only one is to be used.
    """
    around = hole(view)
    found = {name: tell(view, around) for name, tell in SOURCES.items() if source in (None, name)}
    told = max(found.values(), key=_tells)
    if not told.ends:
        return around.center
    ends = np.unique(np.concatenate([np.array(own) for own in told.ends]))
    where = view.ends[ends]
    incidence = told.incidence(ends)
    if city is not None:
        points, ways = ways_along_streets(city, where, around)
        return points[_misfit(ways @ incidence.T, told, incidence).argmin()]
    spacing = np.arange(-around.radius, around.radius + 1, 20.0)
    points = around.center + np.stack(np.meshgrid(spacing, spacing), axis=-1).reshape(-1, 2)
    points = points[around.holds(points)]
    straight = np.hypot(points[:, None, 0] - where[:, 0], points[:, None, 1] - where[:, 1])
    fits = [_misfit(detour * straight @ incidence.T, told, incidence) for detour in np.arange(1.0, 1.55, 0.05)]
    return points[min(fits, key=lambda fit: fit.min()).argmin()]


def hidden_metres(view: View) -> float:
    """The hidden distance per equation that the most telling number gives, median, metres."""
    around = hole(view)
    return max(_tells(tell(view, around)) for tell in SOURCES.values())


def _tells(told: Equations) -> float:
    return float(np.median(told.metres)) if told.metres else 0.0


def _from_totals(total: Callable[[Ride], float]) -> Callable[[View, Circle], Equations]:
    """Total minus visible, of rides in one part."""

    def tell(view: View, around: Circle) -> Equations:
        told = Equations()
        for ride, own in _numbered(view):
            if len(ride.parts) == 1:
                visible = ride.visible
                told.add(_at(view, own, around), total(ride) - visible, visible, 0.0 if ride.spans else visible)
        return told

    return tell


def _from_rows(column: str) -> Callable[[View, Circle], Equations]:
    """What a column counts before its first row, and between one part and the next."""

    def tell(view: View, around: Circle) -> Equations:
        told = Equations()
        for ride, own in _numbered(view):
            if ride.rows is None or column not in ride.rows:
                continue
            values = ride.rows[column].to_numpy()
            first, _ = ride.spans[0]
            pace = ride.visible / max(_seconds(ride), 1.0) if column == "time" else 1.0
            told.add(_at(view, own[:1], around), values[first] * pace)
            for (_, end), (begin, _), k in zip(
                ride.spans, ride.spans[1:], range(1, 2 * len(ride.spans), 2), strict=False
            ):
                told.add(_at(view, own[k : k + 2], around, both=True), (values[begin] - values[end - 1]) * pace)
        return told

    return tell


def _from_weeks(view: View, around: Circle) -> Equations:
    """Weekly sums minus what is visible in the week."""
    told = Equations()
    weeks: dict[str, tuple[list[int], float]] = {}
    for ride, own in _numbered(view):
        if "startDate" in ride.properties:
            week = _week(ride.properties["startDate"])
            ends, visible = weeks.get(week, ([], 0.0))
            weeks[week] = ends + _at(view, own, around), visible + ride.visible
    sums: dict[str, float] = {}
    for row in view.others.get("weekly.json", []):
        sums[_week(row["start"])] = sums.get(_week(row["start"]), 0.0) + (row["distance"] or 0.0)
    for week, (ends, visible) in weeks.items():
        if week in sums:
            told.add(ends, sums[week] - visible, visible)
    return told


#: Where a hidden distance may be told.
SOURCES: dict[str, Callable[[View, Circle], Equations]] = {
    "distance": _from_totals(lambda ride: ride.properties.get("distance") or np.nan),
    "average_speed": _from_totals(
        lambda ride: (ride.properties.get("average_speed") or np.nan) * (ride.properties.get("moving_time") or np.nan)
    ),
    "rows' distance": _from_rows("distance"),
    "rows' time": _from_rows("time"),
    "weeks": _from_weeks,
}


def _numbered(view: View) -> Iterator[tuple[Ride, list[int]]]:
    """Each ride, and the indices of its ends."""
    at = 0
    for ride in view.rides:
        yield ride, list(range(at, at + 2 * len(ride.parts)))
        at += 2 * len(ride.parts)


def _at(view: View, own: list[int], around: Circle, both: bool = False) -> list[int]:
    """Those ends that lie at the hole."""
    near = np.abs(np.hypot(*(view.ends[own] - around.center).T) - around.radius) < 60.0
    return [] if both and not near.all() else [end for end, good in zip(own, near, strict=True) if good]


def _seconds(ride: Ride) -> float:
    time = ride.rows["time"].to_numpy() if ride.rows is not None else np.zeros(1)
    return float(sum(time[b - 1] - time[a] for a, b in ride.spans))


def _week(day: str) -> str:
    then = date.fromisoformat(day)
    return (then - timedelta(days=then.weekday())).isoformat()


def ways_along_streets(city: City, ends: Floats, around: Circle) -> tuple[Floats, Floats]:
    """Points along the streets in the hole, and the way from each to each end, metres."""
    street, share = city.points_within(around.center, around.radius + 10)
    a, b = city.streets[street].T
    length = city.lengths[street]
    weights = city.lengths.tolist()
    # ends on the same few metres of street share their ways
    cells, cell = np.unique(np.round(ends / 12), axis=0, return_inverse=True)
    ways = np.empty((len(street), len(cells)))
    for k in range(len(cells)):
        own_street, own_share, _ = city.nearest(ends[cell == k].mean(axis=0))
        tree = shortest(city, city.ends_of(own_street, own_share), weights, within=3 * around.radius)
        ways[:, k] = np.minimum(tree.distance[a] + share * length, tree.distance[b] + (1 - share) * length)
        same = street == own_street
        ways[same, k] = np.abs(share[same] - own_share) * length[same]
    ways = np.where(np.isfinite(ways), ways, 1e4)
    return city.positions(street, share), ways[:, cell]


def _misfit(ways: Floats, told: Equations, incidence: Floats) -> Floats:
    """How badly each candidate explains the equations, metres."""
    wrong = np.array(told.metres) - ways
    drawn = np.array(told.drawn)
    if (drawn > 0).all():
        wrong = wrong - np.clip(np.median(wrong / drawn, axis=1, keepdims=True), -0.03, 0.03) * drawn
    # what is rounded says nothing below its unit, and little about it; sums of several rides are worse than one
    beyond = np.maximum(np.abs(wrong) - told.rounding, 0) + 0.1 * np.minimum(np.abs(wrong), told.rounding)
    enough = _ENOUGH * np.sqrt(np.maximum(incidence.sum(axis=1) / 2, 1)) + 0.1 * told.rounding
    return np.minimum(beyond, enough).mean(axis=1)
