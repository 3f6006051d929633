"""Tracks and places, held against shapely on every position and every step."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area, Pieces, Tracks, nearest, touching


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("alone", [True, False], ids=["positions", "steps"])
def test_the_nearest_is_found_without_measuring_all(seed: int, alone: bool) -> None:
    rng = np.random.default_rng(seed)
    center = (float(rng.uniform(-170, 170)), float(rng.uniform(-70, 70)))
    place = shapely.MultiPoint(rng.normal(size=(7, 2)) * 200 + rng.normal(size=2) * 300).convex_hull
    area = Area(center, shapely.union(place, shapely.Point(*rng.normal(size=2) * 500).buffer(80)))
    positions = np.array(center) + rng.normal(size=2) * 0.02 + rng.normal(size=(400, 2)) * 0.01
    plane = geodesy.to_plane(positions[:, 0], positions[:, 1], center)
    every = float(shapely.distance(area.geometry, shapely.points(plane) if alone else shapely.LineString(plane)).min())
    tracks = Tracks.of([position[None] for position in positions] if alone else [positions])
    found = nearest(Pieces.of(tracks), area, 2_000.0)
    assert found == (pytest.approx(every, abs=0.2) if every <= 2_000 else math.inf)


@pytest.mark.parametrize("seed", range(40))
def test_a_step_that_crosses_a_narrow_place_is_found_however_short(seed: int) -> None:
    rng = np.random.default_rng(seed)
    center = (float(rng.uniform(-170, 170)), float(rng.uniform(-70, 70)))
    along = rng.uniform(-800, 800, (2, 2))
    area = Area(center, shapely.union(shapely.LineString(along).buffer(1.0), shapely.Point(0, 0).buffer(30.0)))
    heading = np.cumsum(rng.normal(0, 0.3, 600)) + rng.uniform(0, 6.28)
    walk = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * rng.choice([5, 40, 55, 62, 200]), axis=0)
    walk += along.mean(axis=0) - walk[300]  # in the middle it is at the place
    x, y = walk.T
    lon, lat = geodesy.local_projection(*center).transform(x, y, direction="INVERSE")
    plane = geodesy.to_plane(lon, lat, center)
    steps = shapely.linestrings(np.stack([plane[:-1], plane[1:]], axis=1))
    met = np.flatnonzero(shapely.intersects(area.geometry, steps))
    found = touching(Pieces.of(Tracks.of([np.column_stack([lon, lat])])), area)
    assert found.tolist() == np.union1d(met, met + 1).tolist()
    assert len(found)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("across", ["east", "north"])
def test_of_many_steps_over_a_wall_each_is_found_however_long_and_whatever_comes_before(seed: int, across: str) -> None:
    """From beside it or from far away: where there are many, most are not looked at."""
    rng = np.random.default_rng(seed)
    center = (float(rng.uniform(-170, 170)), float(rng.uniform(-70, 70)))
    wall = shapely.LineString([(0, -900), (0, 900)]).buffer(0.5)
    beside = rng.choice([5, 40, 70, 110, 300], 500) * rng.uniform(0.9, 1.1, 500) * rng.choice([-1, 1], 500)
    walk = np.column_stack([beside, np.cumsum(rng.choice([0.0, 1.0], 500)) - 250])
    if across == "north":
        walk, wall = walk[:, ::-1], shapely.LineString([(-900, 0), (900, 0)]).buffer(0.5)
    lon, lat = geodesy.local_projection(*center).transform(*walk.T, direction="INVERSE")
    plane = geodesy.to_plane(lon, lat, center)
    met = np.flatnonzero(shapely.intersects(wall, shapely.linestrings(np.stack([plane[:-1], plane[1:]], axis=1))))
    found = touching(Pieces.of(Tracks.of([np.column_stack([lon, lat])])), Area.of(center, wall))
    assert found.tolist() == np.union1d(met, met + 1).tolist()
    assert 300 < len(found) < 500


def test_each_position_is_told_once_however_long_a_track_stays() -> None:
    positions = np.array([7.6, 47.5]) + np.random.default_rng(1).normal(size=(700, 2)) * 1e-4
    area = Area.of((7.6, 47.5), shapely.Point(0, 0).buffer(300))
    assert touching(Pieces.of(Tracks.of([positions, positions])), area).tolist() == list(range(1400))


@pytest.mark.parametrize("ends", [((0, 1), (0, -1)), ((1, 0), (-1, 0)), ((1, 0.3), (-1, -0.3)), ((0.3, 1), (0.3, -1))])
def test_a_long_step_may_be_nearer_than_any_position(ends: tuple[tuple[float, float], ...]) -> None:
    center, place = (7.6, 47.5), shapely.Point(0, 0).buffer(30)
    walk = np.array([(700.0, 700.0), (690.0, 700.0), *(np.array(ends) * 1_600)])
    lon, lat = geodesy.local_projection(*center).transform(*walk.T, direction="INVERSE")
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 3], [3, 2]):
        line = shapely.LineString(walk[order])
        found = nearest(Pieces.of(Tracks.of([np.column_stack([lon, lat])[order]])), Area(center, place), 2_000.0)
        assert found == pytest.approx(float(shapely.distance(place, line)), abs=0.3)


def test_what_is_farther_away_than_that_is_not_told_though_its_box_is_near() -> None:
    walk = np.array([(1_950.0, 1_950.0), (1_960.0, 1_950.0)])
    lon, lat = geodesy.local_projection(7.6, 47.5).transform(*walk.T, direction="INVERSE")
    area = Area((7.6, 47.5), shapely.Point(0, 0).buffer(30))
    assert nearest(Pieces.of(Tracks.of([np.column_stack([lon, lat])])), area, 2_000.0) == math.inf
