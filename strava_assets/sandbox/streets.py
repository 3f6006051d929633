"""Invented streets: a town, villages, country roads and forest trails as one connected network.

What belongs here: making the network from a random generator, and its terrain. What does not: which
way a ride takes through it (``routes``), how fast (``rides``). Nothing here resembles a real place.

Coordinates are metres east and north of the region's centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

TOWN, COUNTRY, FOREST = 0, 1, 2
STREET, ROAD, TRACK, TRAIL = 0, 1, 2, 3

#: Metres between the points of a street's line.
_STEP = 20.0
#: How far a way of each kind swings from the straight line, as a share of its length.
_SWING = {STREET: 0.02, ROAD: 0.07, TRACK: 0.08, TRAIL: 0.14}


@dataclass(frozen=True)
class Network:
    """A street network.

    Attributes
    ----------
    nodes : numpy.ndarray, shape (n, 2)
        Junctions, metres.
    node_kinds : numpy.ndarray, shape (n,)
        ``TOWN``, ``COUNTRY`` or ``FOREST``.
    ends : numpy.ndarray, shape (m, 2)
        The two junctions of each way.
    kinds : numpy.ndarray, shape (m,)
        ``STREET``, ``ROAD``, ``TRACK`` or ``TRAIL``.
    lines : list of numpy.ndarray, shape (k, 2)
        Each way's line from its first end to its second, metres.
    lengths : numpy.ndarray, shape (m,)
        Metres.
    neighbours : list of list of (node, way)
    """

    nodes: np.ndarray
    node_kinds: np.ndarray
    ends: np.ndarray
    kinds: np.ndarray
    lines: list[np.ndarray]
    lengths: np.ndarray
    neighbours: list[list[tuple[int, int]]] = field(repr=False)

    def nearest(self, x: float, y: float, kind: int | None = None) -> int:
        """The junction nearest to a point (metres), of one kind if told."""
        squares = ((self.nodes - (x, y)) ** 2).sum(axis=1)
        if kind is not None:
            squares = np.where(self.node_kinds == kind, squares, np.inf)
        return int(squares.argmin())


@dataclass(frozen=True)
class Terrain:
    """Smooth hills: a sum of waves and of a few summits.

    Attributes
    ----------
    base : float
        Metres above the sea.
    waves : numpy.ndarray, shape (w, 4)
        Height (m), wave numbers east and north (1/m), phase.
    summits : numpy.ndarray, shape (s, 4)
        East, north, width, height, metres.
    """

    base: float
    waves: np.ndarray
    summits: np.ndarray

    def height(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Metres above the sea at points (metres)."""
        total = np.full(np.shape(x), self.base)
        for height, east, north, phase in self.waves:
            total = total + height * np.sin(east * x + north * y + phase)
        for cx, cy, width, height in self.summits:
            total = total + height * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width**2))
        return np.maximum(total, 1.0)


def make_terrain(rng: np.random.Generator, forests: np.ndarray, *, base: float, relief: float) -> Terrain:
    """Hills with a summit in every forest.

    Parameters
    ----------
    rng : numpy.random.Generator
    forests : numpy.ndarray, shape (f, 3)
        Centre and radius, metres.
    base, relief : float
        Height of the plain, and of the summits above it, metres.
    """
    count = 9
    length = rng.uniform(2200, 14000, count)
    angle = rng.uniform(0, 2 * math.pi, count)
    waves = np.column_stack(
        [
            relief * 0.02 * (length / 2200) ** 0.8,
            2 * math.pi / length * np.cos(angle),
            2 * math.pi / length * np.sin(angle),
            rng.uniform(0, 2 * math.pi, count),
        ]
    )
    summits = np.column_stack(
        [
            forests[:, :2] + rng.normal(0, 300, (len(forests), 2)),
            forests[:, 2] * 0.55,
            relief * rng.uniform(0.7, 1.2, len(forests)),
        ]
    )
    return Terrain(base, waves, summits)


def make_network(rng: np.random.Generator, *, reach: float, town: float, villages: int, forests: np.ndarray) -> Network:
    """A town at the centre, villages around it, and ways between them.

    Parameters
    ----------
    rng : numpy.random.Generator
    reach, town : float
        Radius of the whole and of the town, metres.
    villages : int
    forests : numpy.ndarray, shape (f, 3)
        Centre and radius, metres; they get a dense net of trails.
    """
    nodes, kinds = _junctions(rng, reach, town, villages, forests)
    ends = _gabriel(nodes)
    nodes, kinds, ends = _connected(nodes, kinds, ends)
    pair = kinds[ends]
    ways = np.where((pair == FOREST).any(axis=1), TRAIL, np.where((pair == TOWN).all(axis=1), STREET, ROAD))
    gaps = np.hypot(*(nodes[ends[:, 0]] - nodes[ends[:, 1]]).T)
    # the long "streets" between villages are roads, and a third of the roads are farm tracks
    ways = np.where((ways == STREET) & (gaps > 450), ROAD, ways)
    ways = np.where((ways == ROAD) & (rng.random(len(ways)) < 0.33), TRACK, ways)
    lines = [_winding(rng, nodes[a], nodes[b], _SWING[int(way)]) for (a, b), way in zip(ends, ways, strict=True)]
    lengths = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines])
    neighbours: list[list[tuple[int, int]]] = [[] for _ in nodes]
    for way, (a, b) in enumerate(ends.tolist()):
        neighbours[a].append((b, way))
        neighbours[b].append((a, way))
    return Network(nodes, kinds, ends, ways, lines, lengths, neighbours)


def _junctions(
    rng: np.random.Generator, reach: float, town: float, villages: int, forests: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    built = [_blocks(rng, np.zeros(2), town, 135.0)]
    centres: list[np.ndarray] = [np.zeros(2)]
    while len(centres) <= villages:
        far, angle = reach * math.sqrt(rng.uniform(0.02, 0.92)), rng.uniform(0, 2 * math.pi)
        centre = np.array([far * math.cos(angle), far * math.sin(angle)])
        if min(np.hypot(*(centre - other)) for other in centres) > max(town + 900, reach * 0.16):
            centres.append(centre)
            built.append(_blocks(rng, centre, float(rng.uniform(190, 380)), 125.0))
    streets = np.vstack(built)
    # trails first, so that the thin net of country roads grows around the forests
    scattered = [streets]
    kinds = [np.full(len(streets), TOWN)]
    for apart, tries, kind in ((430.0, 260 * len(forests), FOREST), (reach * 0.075, 1500, COUNTRY)):
        if kind == FOREST:
            chosen = forests[rng.integers(len(forests), size=tries)]
            points = chosen[:, :2] + _disc(rng, tries, chosen[:, 2])
        else:
            points = _disc(rng, tries, reach)
        kept = _apart(points, apart, np.vstack(scattered), apart * 0.6)
        scattered.append(kept)
        kinds.append(np.full(len(kept), kind))
    return np.vstack(scattered), np.concatenate(kinds)


def _blocks(rng: np.random.Generator, centre: np.ndarray, radius: float, block: float) -> np.ndarray:
    """A crooked grid of junctions, with some left out for parks and long blocks."""
    half = math.ceil(radius / block)
    grid = np.stack(np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1)), axis=-1).reshape(-1, 2)
    points = grid * block + rng.normal(0, block * 0.13, grid.shape)
    points = points[
        (np.hypot(*points.T) <= radius * rng.uniform(0.85, 1.1, len(points))) & (rng.random(len(points)) > 0.14)
    ]
    turn = rng.uniform(0, math.pi / 2)
    return centre + points @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])


def _disc(rng: np.random.Generator, count: int, radius: float | np.ndarray) -> np.ndarray:
    """Points spread evenly over discs around the centre."""
    far, angle = radius * np.sqrt(rng.random(count)), rng.uniform(0, 2 * math.pi, count)
    return np.column_stack([far * np.cos(angle), far * np.sin(angle)])


def _apart(points: np.ndarray, apart: float, others: np.ndarray, apart_from_others: float) -> np.ndarray:
    """Those points that keep a distance to each other and to others, first come first kept."""
    away = np.array([((others - point) ** 2).sum(axis=1).min() for point in points]) > apart_from_others**2
    kept: list[np.ndarray] = []
    for point in points[away]:
        if not kept or ((np.array(kept) - point) ** 2).sum(axis=1).min() > apart**2:
            kept.append(point)
    return np.array(kept).reshape(-1, 2)


def _gabriel(nodes: np.ndarray, candidates: int = 18) -> np.ndarray:
    """Pairs of junctions with no third one inside the circle on their connection: a net without crossings.

    Notes
    -----
    Gabriel & Sokal 1969. It looks like roads do: connected, few ways a junction, no shortcuts.
    """
    squares = ((nodes[:, None] - nodes[None]) ** 2).sum(axis=2)
    near = np.argpartition(squares, candidates, axis=1)[:, : candidates + 1]
    first = np.repeat(np.arange(len(nodes)), candidates + 1)
    second = near.ravel()
    pairs = np.unique(np.sort(np.column_stack([first, second])[first != second], axis=1), axis=0)
    good = np.empty(len(pairs), dtype=bool)
    for begin in range(0, len(pairs), 2048):
        a, b = pairs[begin : begin + 2048].T
        # inside the circle: the sum of squares to both ends is below the square of the diameter
        inside = squares[a] + squares[b] < squares[a, b][:, None] * (1 - 1e-9)
        inside[np.arange(len(a)), a] = inside[np.arange(len(a)), b] = False
        good[begin : begin + 2048] = ~inside.any(axis=1)
    return pairs[good]


def _connected(nodes: np.ndarray, kinds: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, ...]:
    """Only what can be reached from the first junction."""
    label = np.arange(len(nodes))
    while True:
        low = np.minimum(label[ends[:, 0]], label[ends[:, 1]])
        before = label.copy()
        np.minimum.at(label, ends[:, 0], low)
        np.minimum.at(label, ends[:, 1], low)
        if (before == label).all():
            break
    reached = label == label[0]
    number = np.cumsum(reached) - 1
    return nodes[reached], kinds[reached], number[ends[reached[ends[:, 0]]]]


def _winding(rng: np.random.Generator, a: np.ndarray, b: np.ndarray, swing: float) -> np.ndarray:
    """A line from a to b that swings to both sides and meets its ends exactly."""
    length = float(np.hypot(*(b - a)))
    share = np.linspace(0, 1, max(3, math.ceil(length / _STEP)))
    side = np.zeros_like(share)
    # the swings get smaller as they get quicker, as those of roads do
    for turns in (1, 2, 3, 5, 9):
        side += rng.normal() / turns * np.sin(math.pi * turns * share)
    across = np.array([a[1] - b[1], b[0] - a[0]]) / length
    return a + share[:, None] * (b - a) + (side * swing * min(length, 2500.0) * 0.6)[:, None] * across
