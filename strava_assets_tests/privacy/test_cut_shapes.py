"""Zones that touch are cut as one, however they lie; and a shape has neither holes nor borders."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from strava_assets.privacy import cut_shapes, geodesy
from strava_assets_tests.privacy.worlds import Place, circle

PLACES = [Place(7.6, 47.5), Place(179.999, -17.0), Place(15.6, 80.0)]


def box(place: Place, west: float, south: float, east: float, north: float) -> shapely.Polygon:
    corners = place.degrees(np.array([(west, south), (east, south), (east, north), (west, north)]))
    corners[:, 0] = place.lon + geodesy.unwrap(corners[:, 0] - place.lon)  # one piece, also across ±180°
    return shapely.Polygon(corners)


@pytest.mark.parametrize("place", PLACES)
def test_long_zones_that_touch_with_their_far_ends_are_one(place: Place) -> None:
    first = box(place, -4000, -20, 2, 20)
    touching, apart = box(place, 0, -20, 4000, 20), box(place, 20, -20, 4000, 20)
    assert cut_shapes.overlapping([first, touching]) == [[0, 1]]
    assert cut_shapes.overlapping([first, apart]) == [[0], [1]]


@pytest.mark.parametrize("place", PLACES)
def test_zones_are_one_with_whom_their_neighbours_touch(place: Place) -> None:
    chain = [place.polygon(circle(100, center=(150.0 * number, 0))) for number in range(4)]
    far = place.polygon(circle(100, center=(0, 5_000)))
    order = [chain[0], chain[3], far, chain[2], chain[1]]
    assert sorted(map(sorted, cut_shapes.overlapping(order))) == [[0, 1, 3, 4], [2]]
    assert cut_shapes.overlapping([]) == []
    assert cut_shapes.overlapping([far]) == [[0]]


@pytest.mark.parametrize("radius", [8.0, 1_000.0])
def test_discs_that_hardly_touch_are_one(radius: float) -> None:
    place = Place(7.6, 47.5)
    for apart, groups in ((1.995, [[0, 1]]), (2.005, [[0], [1]])):
        discs = [place.polygon(circle(radius, 256)), place.polygon(circle(radius, 256, (apart * radius, 0)))]
        assert cut_shapes.overlapping(discs) == groups


@pytest.mark.parametrize("place", PLACES)
def test_the_middle_of_a_ring_is_hidden_with_it(place: Place) -> None:
    outer, inner = (place.degrees(circle(radius, 96)) for radius in (3_000, 2_900))
    for ring in (outer, inner):
        ring[:, 0] = place.lon + geodesy.unwrap(ring[:, 0] - place.lon)
    shape = cut_shapes.draw(shapely.Polygon(outer, [inner]), 100.0)
    x, y = geodesy.to_plane(np.array([place.lon]), np.array([place.lat]), shape.center)[0]
    assert shapely.contains_xy(shape.geometry, x, y)
    assert shape.geometry.area > np.pi * 3_000**2


@pytest.mark.parametrize("expansion", [50.0, 300.0, 800.0])
def test_a_shape_is_as_large_as_its_owner_wants_it(expansion: float) -> None:
    place = Place(7.6, 47.5)
    shape = cut_shapes.draw(place.polygon(circle(100, 96)), expansion)
    radius = np.sqrt(shape.geometry.area / np.pi)
    assert 100 + expansion + cut_shapes.GUARD <= radius <= 100 + expansion + cut_shapes.GUARD + 5
    assert np.hypot(*shapely.centroid(shape.geometry).coords[0]) <= expansion + 3


def test_a_shape_holds_its_zone_however_far_and_wherever_it_is_displaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the polygon that approximates so large a circle falls shortest of it."""
    place = Place(7.6, 47.5)
    zone = place.polygon(circle(100, 256))
    for turn in (0.0, 1 / 256, 0.3):
        drawn = iter([turn, 1.0])
        with monkeypatch.context() as patched:
            patched.setattr(cut_shapes.secrets.SystemRandom, "random", lambda _, drawn=drawn: next(drawn))
            shape = cut_shapes.draw(zone, 30_000.0)
        assert cut_shapes.holds(shape, zone)
        assert np.hypot(*shapely.centroid(shape.geometry).coords[0]) == pytest.approx(30_000.0, rel=0.001)


def test_a_shape_remembers_how_large_it_was_wanted_and_two_the_smaller() -> None:
    """By it a larger E is told from a smaller one: forgotten, a place would keep the default."""
    place = Place(7.6, 47.5)
    zone, wider = place.polygon(circle(100)), place.polygon(circle(300))
    small, large = cut_shapes.draw(zone, 50.0), cut_shapes.draw(zone, 500.0)
    grown = cut_shapes.widened(small, wider)
    assert grown is not None
    assert [shape.expansion for shape in (small, large, grown)] == [50.0, 500.0, 50.0]
    assert cut_shapes.extend(large, cut_shapes.draw(zone, 400.0)).expansion == 400.0
    assert cut_shapes.enlarged(small, 500.0).expansion == 500.0


def test_a_shape_is_widened_for_a_place_up_to_300_m_beyond_it() -> None:
    place = Place(7.6, 47.5)
    plain = cut_shapes.CutShape((place.lon, place.lat), shapely.Point(0, 0).buffer(200, quad_segs=64))
    for radius, wider in ((265, 300), (365, 400), (465, 500), (485, None)):
        grown = cut_shapes.widened(plain, place.polygon(circle(radius, 256)))
        found = None if grown is None else round(float(np.sqrt(grown.geometry.area / np.pi)), -1)
        assert found == wider


def test_zones_in_two_parts_have_a_shape_of_both() -> None:
    place = Place(7.6, 47.5)
    both = shapely.union_all([place.polygon(circle(80)), place.polygon(circle(80, center=(5_000, 0)))])
    shape = cut_shapes.draw(both)
    assert cut_shapes.holds(shape, both)
    assert shapely.get_num_geometries(shape.geometry) == 2


def test_a_shape_holds_its_zone_with_the_guard_and_no_more() -> None:
    place = Place(7.6, 47.5)
    plain = cut_shapes.CutShape((place.lon, place.lat), shapely.Point(0, 0).buffer(200, quad_segs=64))
    assert cut_shapes.holds(plain, place.polygon(circle(173, 96)))
    assert not cut_shapes.holds(plain, place.polygon(circle(177, 96)))


@pytest.mark.parametrize("place", PLACES)
def test_an_extended_shape_hides_both(place: Place) -> None:
    centers = [tuple(place.degrees(np.array([at]))[0]) for at in ((0.0, 0.0), (700.0, 0.0))]
    one, other = (cut_shapes.CutShape(center, shapely.Point(0, 0).buffer(400)) for center in centers)
    whole = cut_shapes.extend(one, other)
    assert whole.center == one.center
    assert shapely.covers(shapely.buffer(whole.geometry, 1e-6), one.geometry)
    middle, far = (shapely.Point(x, 0).buffer(395) for x in (700, 705))
    assert shapely.covers(whole.geometry, middle)
    assert not shapely.covers(whole.geometry, shapely.buffer(far, 10))
