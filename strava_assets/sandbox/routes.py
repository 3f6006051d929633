"""The ways that rides take through a network: loops from a door and back, and ways between two doors.

What belongs here: choosing and following ways. What does not: speed, stops, noise (``rides``).
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence

import numpy as np

from strava_assets.sandbox.streets import ROAD, STREET, TRACK, TRAIL, Network

#: How much longer than it is each kind of way seems to a kind of rider; they avoid what seems long.
TASTES: dict[str, dict[int, float]] = {
    "road": {STREET: 1.15, ROAD: 1.0, TRACK: 4.0, TRAIL: 15.0},
    "gravel": {STREET: 1.4, ROAD: 1.2, TRACK: 0.7, TRAIL: 1.1},
    "mtb": {STREET: 1.4, ROAD: 1.4, TRACK: 0.9, TRAIL: 0.6},
    "foot": {STREET: 1.0, ROAD: 1.5, TRACK: 0.8, TRAIL: 0.9},
    "trail": {STREET: 1.5, ROAD: 2.0, TRACK: 0.9, TRAIL: 0.6},
}
#: Metres between the points of a route.
STEP = 10.0
#: A way already taken seems this much longer, so that a loop is one.
_AGAIN = 2.5


def loop(
    network: Network, rng: np.random.Generator, door: int, length: float, taste: str, heading: float | None = None
) -> np.ndarray:
    """A round trip of about a length.

    Parameters
    ----------
    network : Network
    rng : numpy.random.Generator
    door : int
        The junction where it starts and ends.
    length : float
        Metres; kept to within some 20 % where the network allows it.
    taste : str
        A key of `TASTES`.
    heading : float, optional
        Where to, radians anticlockwise from east; else anywhere.

    Returns
    -------
    numpy.ndarray, shape (n, 2)
        Metres, a point every `STEP`.
    """
    if heading is None:
        heading = float(rng.uniform(0, 2 * math.pi))
    turn = 1.0 if rng.random() < 0.5 else -1.0
    corners = np.cumsum(rng.uniform(0.8, 1.2, 4)) / 4.1 * 2 * math.pi * turn
    seems = _seeming(network, rng, taste)
    # ways are about a third longer than the circle on which their corners lie
    radius = length / (2 * math.pi * 1.33)
    best: tuple[float, np.ndarray] | None = None
    for _ in range(3):
        centre = network.nodes[door] + radius * np.array([math.cos(heading), math.sin(heading)])
        angles = heading + math.pi + corners[:3]
        stops = [
            door,
            *(network.nearest(*(centre + radius * np.array([math.cos(a), math.sin(a)]))) for a in angles),
            door,
        ]
        ways = _through(network, seems, stops)
        total = float(network.lengths[[way for way, _ in ways]].sum()) if ways else 0.0
        off = abs(math.log(max(total, 1.0) / length))
        if ways and (best is None or off < best[0]):
            best = (off, _line(network, ways))
        if off < 0.2:
            break
        radius *= min(1.8, max(0.45, length / max(total, 1.0)))
    if best is None:  # every corner fell on the door: go to the next junction and back
        other = network.neighbours[door][0][0]
        return _line(network, _through(network, seems, [door, other, door]))
    return best[1]


def way_between(network: Network, rng: np.random.Generator, doors: Sequence[int], taste: str) -> np.ndarray:
    """The way that someone with a taste takes from door to door, metres, a point every `STEP`."""
    return _line(network, _through(network, _seeming(network, rng, taste), doors))


def _seeming(network: Network, rng: np.random.Generator, taste: str) -> list[float]:
    factors = np.array([TASTES[taste][kind] for kind in (STREET, ROAD, TRACK, TRAIL)])
    return (network.lengths * factors[network.kinds] * rng.uniform(0.85, 1.25, len(network.lengths))).tolist()


def _through(network: Network, seems: list[float], stops: Sequence[int]) -> list[tuple[int, bool]]:
    """Ways from stop to stop, each with whether it is taken from its first end."""
    seems = list(seems)
    found: list[tuple[int, bool]] = []
    for start, goal in itertools.pairwise(stops):
        leg = _shortest(network, seems, start, goal)
        for way, _ in leg:
            seems[way] *= _AGAIN
        found += leg
    return _without_spurs(found)


def _without_spurs(ways: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """Leave out turning round on the spot, which corners on dead ends would give."""
    kept: list[tuple[int, bool]] = []
    for way in ways:
        if kept and kept[-1][0] == way[0] and len(kept) > 1:
            kept.pop()
        else:
            kept.append(way)
    return kept


def _shortest(network: Network, seems: list[float], start: int, goal: int) -> list[tuple[int, bool]]:
    """Dijkstra's, ended as soon as the goal is reached."""
    far = {start: 0.0}
    came: dict[int, tuple[int, int]] = {}
    done: set[int] = set()
    queue = [(0.0, start)]
    while queue:
        cost, node = heapq.heappop(queue)
        if node == goal:
            break
        if node in done:
            continue
        done.add(node)
        for other, way in network.neighbours[node]:
            there = cost + seems[way]
            if there < far.get(other, math.inf):
                far[other] = there
                came[other] = (node, way)
                heapq.heappush(queue, (there, other))
    found: list[tuple[int, bool]] = []
    while goal != start:
        before, way = came[goal]
        found.append((way, int(network.ends[way, 0]) == before))
        goal = before
    return found[::-1]


def _line(network: Network, ways: list[tuple[int, bool]]) -> np.ndarray:
    parts = [network.lines[way] if forward else network.lines[way][::-1] for way, forward in ways]
    return resample(np.vstack(parts))


def resample(line: np.ndarray) -> np.ndarray:
    """A line with a point every `STEP`, and corners as round as a wheel cuts them; its ends stay."""
    gone = np.concatenate([[0.0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.linspace(0, gone[-1], max(2, round(gone[-1] / STEP)))
    points = np.column_stack([np.interp(at, gone, line[:, 0]), np.interp(at, gone, line[:, 1])])
    if len(points) > 4:
        points[1:-1] = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
    return points
