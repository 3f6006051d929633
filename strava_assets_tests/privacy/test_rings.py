"""The circles of an area: whoever is told by them is told the same by looking."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area
from strava_assets_tests.privacy.worlds import Place, circle

PLACES = [Place(7.6, 47.5), Place(179.9999, -16.9), Place(0.0, 0.0), Place(-70.0, 79.0)]
SHAPES = {
    "disc": shapely.Polygon(circle(480)),
    "far from its own centre": shapely.Polygon(circle(480, center=(3_000, -2_000))),
    "street": shapely.box(-4_000, -100, 4_000, 100),
    "corner": shapely.Polygon([(0, 0), (2_000, 0), (2_000, 300), (300, 300), (300, 2_000), (0, 2_000)]),
    "two": shapely.MultiPolygon([shapely.box(-900, -900, -500, -500), shapely.box(500, 500, 900, 900)]),
    "town": shapely.Polygon(circle(20_000)),
    "house with a drive": shapely.union(shapely.box(0, -300, 600, 300), shapely.box(-3_000, -2, 0, 2)),
    "tiny": shapely.Polygon(circle(3)),
}


@pytest.mark.parametrize("place", PLACES, ids=str)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_who_measures_less_is_inside_and_who_measures_more_is_not(shape: shapely.Geometry, place: Place) -> None:
    area, rng = Area.of((place.lon, place.lat), shape), np.random.default_rng(1)
    (west, south, east, north), reach = shape.bounds, area.reach
    metres = rng.uniform(
        (west - 0.2 * reach, south - 0.2 * reach), (east + 0.2 * reach, north + 0.2 * reach), (4000, 2)
    )
    border = shapely.get_coordinates(shapely.segmentize(shape, reach / 500))
    metres = np.concatenate([metres, border + rng.normal(0, 1, border.shape)])
    lon, lat = geodesy.local_projection(*area.center).transform(*metres.T, direction="INVERSE")
    inside = shapely.intersects_xy(area.geometry, *geodesy.to_plane(lon, lat, area.center).T)
    away = area.ring.measured(geodesy.unwrap(lon - area.center[0]), lat - area.center[1])
    assert inside[away < area.ring.inner].all()
    assert not inside[away > area.ring.outer].any()


def test_they_are_close_to_a_round_area() -> None:
    ring = Area.of((7.6, 47.5), shapely.Polygon(circle(480, 128))).ring
    assert 0 < ring.outer - ring.inner < 3


@pytest.mark.parametrize(("place", "radius"), [(Place(7.6, 85.0), 300), (Place(7.6, 47.5), 90_000)])
def test_near_a_pole_and_over_half_a_country_nobody_is_told_by_them(place: Place, radius: float) -> None:
    ring = Area.of((place.lon, place.lat), shapely.Polygon(circle(radius))).ring
    assert (ring.inner, ring.outer) == (-math.inf, math.inf)


def test_no_position_on_a_step_measures_less_than_its_ends_and_length_allow() -> None:
    ring, rng = Area.of((7.6, 47.5), SHAPES["disc"]).ring, np.random.default_rng(2)
    a, b = rng.normal(0, 0.02, (2, 500, 2))
    least = (ring.measured(*a.T) + ring.measured(*b.T) - ring.length(*(b - a).T)) / 2
    for share in np.linspace(0, 1, 21):
        assert (ring.measured(*(a + share * (b - a)).T) >= least - 1e-6).all()
