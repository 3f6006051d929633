"""Distances between tracks and places, held against shapely on every position."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area, Pieces, Tracks, distances


@pytest.mark.parametrize("seed", range(40))
def test_the_nearest_position_is_found_without_measuring_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    center = (float(rng.uniform(-170, 170)), float(rng.uniform(-70, 70)))
    place = shapely.MultiPoint(rng.normal(size=(7, 2)) * 200 + rng.normal(size=2) * 300).convex_hull
    area = Area(center, shapely.union(place, shapely.Point(*rng.normal(size=2) * 500).buffer(80)))
    positions = np.array(center) + rng.normal(size=(400, 2)) * 0.02
    plane = geodesy.to_plane(positions[:, 0], positions[:, 1], center)
    every = float(shapely.distance(area.geometry, shapely.points(plane)).min())
    found = distances(Pieces.of(Tracks.of([positions])), area, 2_000.0)
    assert found == pytest.approx(every) if every <= 2_000 else found > 2_000
