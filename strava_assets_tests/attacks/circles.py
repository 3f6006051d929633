"""Attack A: a circle through the ends of the tracks; and the middle of the hole that they leave.

What belongs here: guesses from the geometry of the hole alone. What does not: numbers (`hidden_distance`), streets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from strava_assets_tests.attacks.public_files import Floats, View

_TRIES = 6000
#: How far an end may lie from the circle that it was cut by: a sample's stride, metres.
_NEAR = 22.0


@dataclass(frozen=True)
class Circle:
    """A circle, metres."""

    center: Floats
    radius: float

    def holds(self, points: Floats, slack: float = 0.0) -> NDArray[np.bool_]:
        """Which points lie in it."""
        return np.hypot(*(points - self.center).T) <= self.radius + slack


def hole(view: View, radius: float | None = None, *, radii: tuple[float, float] = (70.0, 1400.0)) -> Circle:
    """The circle that most ends lie on and that is empty: RANSAC, then least squares.

    Parameters
    ----------
    view : View
    radius : float, optional
        If the attacker knows it (the program's default E, and a guess of the zone's size).
    radii : (float, float)
        Else: from, to.
    """
    ends = view.ends
    rng = np.random.default_rng(0)
    circles = _through_three(ends, rng) if radius is None else _through_two(ends, rng, radius)
    circles = circles[(circles[:, 2] > radii[0]) & (circles[:, 2] < radii[1])]
    seen = _thinned(view)
    away = np.abs(np.hypot(ends[:, 0] - circles[:, :1], ends[:, 1] - circles[:, 1:2]) - circles[:, 2:])
    inliers = (away < _NEAR).sum(axis=1)
    best, most = circles[0], -np.inf
    for candidate in np.argsort(-inliers)[:60]:
        x, y, size = circles[candidate]
        inside = (np.hypot(seen[:, 0] - x, seen[:, 1] - y) < 0.85 * size).sum()
        if inliers[candidate] - inside > most:
            best, most = circles[candidate], inliers[candidate] - inside
    return _fitted(ends, best, fixed=radius is not None)


def center_of_the_hole(view: View, around: Circle) -> Floats:
    """The middle of the largest circle that nothing visible enters."""
    seen = shapely.MultiLineString([part for ride in view.rides for part in ride.parts if len(part) > 1])
    shapely.prepare(seen)
    best, far = around.center, 0.0
    for spacing in (0.15 * around.radius, 0.04 * around.radius, 5.0):
        steps = np.arange(-5, 6) * spacing
        grid = best + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        grid = grid[np.hypot(*(grid - around.center).T) <= 0.6 * around.radius]  # elsewhere nobody rides at all
        distance = shapely.distance(seen, shapely.points(grid))
        if distance.max() > far:
            best, far = grid[distance.argmax()], float(distance.max())
    return best


def _thinned(view: View) -> Floats:
    return np.vstack([part[::8] for ride in view.rides for part in ride.parts])


def _through_three(ends: Floats, rng: np.random.Generator) -> Floats:
    """Circles through any three ends."""
    a, b, c = ends[rng.integers(0, len(ends), (3, _TRIES))]
    p, q = b - a, c - a
    cross = 2 * (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])
    good = np.abs(cross) > 1.0
    p, q, a, cross = p[good], q[good], a[good], cross[good]
    pp, qq = (p**2).sum(axis=1), (q**2).sum(axis=1)
    away = np.column_stack([q[:, 1] * pp - p[:, 1] * qq, p[:, 0] * qq - q[:, 0] * pp]) / cross[:, None]
    return np.column_stack([a + away, np.hypot(*away.T)])


def _through_two(ends: Floats, rng: np.random.Generator, radius: float) -> Floats:
    """Circles of a known radius through any two ends."""
    a, b = ends[rng.integers(0, len(ends), (2, _TRIES))]
    half = np.hypot(*(b - a).T) / 2
    good = (half > 20) & (half < radius)
    a, b, half = a[good], b[good], half[good]
    normal = np.column_stack([a[:, 1] - b[:, 1], b[:, 0] - a[:, 0]]) / (2 * half)[:, None]
    side = np.sqrt(radius**2 - half**2)[:, None] * normal
    centers = np.vstack([(a + b) / 2 + side, (a + b) / 2 - side])
    return np.column_stack([centers, np.full(len(centers), radius)])


def _fitted(ends: Floats, circle: Floats, fixed: bool) -> Circle:
    """Gauss-Newton on the distances of the ends that lie near a circle."""
    x, y, radius = circle
    for within in (40.0, 30.0, _NEAR, _NEAR, _NEAR):
        away = np.hypot(ends[:, 0] - x, ends[:, 1] - y)
        near = np.abs(away - radius) < within
        if near.sum() < 3:
            break
        towards = (ends[near] - [x, y]) / away[near, None]
        slope = -towards if fixed else np.column_stack([-towards, -np.ones(near.sum())])
        step = np.linalg.lstsq(slope, -(away[near] - radius), rcond=None)[0]
        x, y, radius = x + step[0], y + step[1], radius + (0.0 if fixed else step[2])
    return Circle(np.array([x, y]), float(radius))
