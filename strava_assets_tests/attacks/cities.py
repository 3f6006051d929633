"""Street maps of invented cities, and ways through them.

What belongs here: the graph, points on it, shortest ways. What does not: who lives there (`people`).

Metres east and north of the city's middle, everywhere.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Kind:
    """How a city is laid out: blocks in metres, the rest as shares."""

    blocks: tuple[float, float]
    jitter: float
    missing: float
    diagonals: float
    dead_ends: float
    river: bool = False


KINDS = {
    "grid": Kind((95.0, 150.0), 0.03, 0.04, 0.01, 0.02),
    "old town": Kind((105.0, 105.0), 0.24, 0.16, 0.10, 0.10),
    "suburb": Kind((130.0, 130.0), 0.16, 0.26, 0.03, 0.35),
    "river": Kind((110.0, 125.0), 0.12, 0.10, 0.05, 0.06, river=True),
    "villages": Kind((210.0, 230.0), 0.22, 0.22, 0.06, 0.30),
}


@dataclass(frozen=True)
class City:
    """A connected street map; every street is straight.

    Attributes
    ----------
    nodes : ndarray, shape (n, 2)
    streets : ndarray of int, shape (m, 2)
        The two ends of each.
    lengths : ndarray, shape (m,)
        Metres.
    at : list of list of (neighbour, street)
        By node.
    """

    nodes: Floats
    streets: Ints
    lengths: Floats
    at: list[list[tuple[int, int]]]

    def point(self, street: int, share: float) -> Floats:
        """A point on a street, ``share`` of the way from its first end to its second."""
        a, b = self.nodes[self.streets[street]]
        return a + share * (b - a)

    def ends_of(self, street: int, share: float) -> dict[int, float]:
        """Metres from a point on a street to the street's two ends."""
        a, b = self.streets[street].tolist()
        return {a: share * self.lengths[street], b: (1 - share) * self.lengths[street]}

    def nearest(self, point: Floats) -> tuple[int, float, float]:
        """The street that a point is on: street, share of the way along it, metres away from it."""
        a = self.nodes[self.streets[:, 0]]
        along = self.nodes[self.streets[:, 1]] - a
        share = np.clip(((point - a) * along).sum(axis=1) / self.lengths**2, 0, 1)
        away = np.hypot(*(a + share[:, None] * along - point).T)
        street = int(away.argmin())
        return street, float(share[street]), float(away[street])

    def points_within(self, center: Floats, radius: float, spacing: float = 15.0) -> tuple[Ints, Floats]:
        """Points all along the streets near a place: street and share of each."""
        middle = self.nodes[self.streets].mean(axis=1)
        near = np.flatnonzero(np.hypot(*(middle - center).T) < radius + self.lengths / 2)
        count = np.ceil(self.lengths[near] / spacing).astype(np.int64)
        street = np.repeat(near, count)
        order = np.arange(len(street)) - np.repeat(np.cumsum(count) - count, count)
        share = (order + 0.5) / np.repeat(count, count)
        where = self.positions(street, share)
        inside = np.hypot(*(where - center).T) <= radius
        return street[inside], share[inside]

    def positions(self, street: Ints, share: Floats) -> Floats:
        """Points on streets, metres, shape (k, 2)."""
        a, b = self.nodes[self.streets[street, 0]], self.nodes[self.streets[street, 1]]
        return a + share[:, None] * (b - a)


def build(kind: str, rng: np.random.Generator, reach: float = 2900.0) -> City:
    """Lay out a city: blocks, bent, with streets missing, short cuts, dead ends, perhaps a river with few bridges."""
    plan = KINDS[kind]
    counts = [int(2 * reach / side) for side in plan.blocks]
    grid = np.stack(np.meshgrid(*(np.arange(count) for count in counts), indexing="ij"), axis=-1).reshape(-1, 2)
    nodes = (grid - (np.array(counts) - 1) / 2) * plan.blocks
    nodes = nodes + rng.normal(0, plan.jitter, nodes.shape) * min(plan.blocks)
    number = np.arange(len(grid)).reshape(counts)
    straight = np.vstack([_pairs(number[:-1], number[1:]), _pairs(number[:, :-1], number[:, 1:])])
    across = np.vstack([_pairs(number[:-1, :-1], number[1:, 1:]), _pairs(number[1:, :-1], number[:-1, 1:])])
    streets = np.vstack(
        [straight[rng.random(len(straight)) >= plan.missing], across[rng.random(len(across)) < plan.diagonals]]
    )
    if plan.river:
        streets = streets[~_wet(nodes, streets, rng)]
    # dead ends: a house number or two behind the block
    stubs = np.flatnonzero(rng.random(len(nodes)) < plan.dead_ends)
    angle = rng.uniform(0, 2 * math.pi, len(stubs))
    far = rng.uniform(0.25, 0.5, len(stubs)) * min(plan.blocks)
    ends = nodes[stubs] + far[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    streets = np.vstack([streets, np.column_stack([stubs, len(nodes) + np.arange(len(stubs))])])
    nodes = np.vstack([nodes, ends])
    turn = rng.uniform(0, math.pi)
    nodes = nodes @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return _connected(nodes, streets)


def shortest(city: City, start: dict[int, float], weights: list[float], within: float = math.inf) -> Tree:
    """Shortest ways to all junctions (Dijkstra).

    Parameters
    ----------
    city : City
    start : dict
        Junctions to begin at, and how far each is already.
    weights : list of float
        What each street costs, metres or as felt.
    within : float
        Farther is not looked at.
    """
    distance = [math.inf] * len(city.nodes)
    before = [-1] * len(city.nodes)
    for node, far in start.items():
        distance[node] = far
    heap = [(far, node) for node, far in start.items()]
    heapq.heapify(heap)
    at, pop, push = city.at, heapq.heappop, heapq.heappush
    while heap:
        far, node = pop(heap)
        if far > distance[node]:
            continue
        if far > within:
            break
        for other, street in at[node]:
            reached = far + weights[street]
            if reached < distance[other]:
                distance[other] = reached
                before[other] = node
                push(heap, (reached, other))
    return Tree(np.array(distance), before)


@dataclass(frozen=True)
class Tree:
    """Shortest ways from one place: how far each junction is, and the one before it."""

    distance: Floats
    before: list[int]

    def to(self, node: int) -> list[int]:
        """Junctions from the first one after the start as far as ``node``."""
        way = [node]
        while (node := self.before[node]) >= 0:
            way.append(node)
        return way[::-1]


def _pairs(a: Ints, b: Ints) -> Ints:
    return np.column_stack([a.ravel(), b.ravel()])


def _wet(nodes: Floats, streets: Ints, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Streets that would cross the river, where there is no bridge."""
    phase, offset = rng.uniform(0, 2 * math.pi), rng.uniform(-500, 500)
    side = nodes[:, 1] > offset + 260 * np.sin(nodes[:, 0] / 700 + phase)
    crosses = side[streets[:, 0]] != side[streets[:, 1]]
    x = nodes[streets].mean(axis=1)[:, 0]
    return crosses & (np.abs((x + 4000) % 850 - 425) > 75)


def _connected(nodes: Floats, streets: Ints) -> City:
    """The largest part that hangs together."""
    label = np.arange(len(nodes))
    while True:
        low = np.minimum(label[streets[:, 0]], label[streets[:, 1]])
        before = label.copy()
        np.minimum.at(label, streets[:, 0], low)
        np.minimum.at(label, streets[:, 1], low)
        label = label[label]
        if (label == before).all():
            break
    largest = np.bincount(label).argmax()
    kept = label == largest
    number = np.cumsum(kept) - 1
    streets = number[streets[kept[streets[:, 0]]]]
    nodes = nodes[kept]
    at: list[list[tuple[int, int]]] = [[] for _ in nodes]
    for street, (a, b) in enumerate(streets.tolist()):
        at[a].append((b, street))
        at[b].append((a, street))
    return City(nodes, streets, np.hypot(*(nodes[streets[:, 0]] - nodes[streets[:, 1]]).T), at)
