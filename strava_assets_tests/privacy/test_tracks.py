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
