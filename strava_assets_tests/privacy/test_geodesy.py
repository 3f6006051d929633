"""Metres are metres everywhere, and boxes on the globe never too small."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from strava_assets.errors import ProjectionFailed
from strava_assets.privacy import geodesy

GROUND = pyproj.Geod(ellps="WGS84")


@pytest.mark.parametrize("latitude", [-89.5, -80, -47.5, -1, 0, 30, 60, 75, 89])
@pytest.mark.parametrize("radius", [10.0, 1_000.0, 40_000.0])
def test_a_disc_fits_into_its_box_and_the_box_is_not_much_larger(latitude: float, radius: float) -> None:
    width, height = geodesy.half_widths(latitude, radius)
    bearings = np.arange(0, 360, 1.0)
    ones = np.ones(len(bearings))
    lon, lat, _ = GROUND.fwd(10 * ones, latitude * ones, bearings, radius * ones)
    assert np.abs(geodesy.unwrap(np.array(lon) - 10)).max() <= width
    assert np.abs(np.array(lat) - latitude).max() <= height
    assert height < radius / 110_000
    if abs(latitude) <= 80:
        assert width < 1.1 * np.abs(geodesy.unwrap(np.array(lon) - 10)).max()


def test_a_disc_with_a_pole_in_it_reaches_round_the_world() -> None:
    assert geodesy.half_widths(89.95, 10_000)[0] == 180.0
    assert geodesy.half_widths(-89.95, 10_000)[0] == 180.0
    assert geodesy.half_widths(89.0, 1_000)[0] < 180.0


@pytest.mark.parametrize(("degrees", "turned"), [(0, 0), (179, 179), (180, -180), (181, -179), (-181, 179), (360, 0)])
def test_differences_of_longitude_go_the_short_way_round(degrees: float, turned: float) -> None:
    assert geodesy.unwrap(np.array([float(degrees)])).tolist() == [turned]


def test_each_of_many_differences_goes_the_short_way_round() -> None:
    for degrees in ([0.0, 200.0], [-200.0, 0.0], [-200.0, 200.0], [540.0, 10.0, -540.0], []):
        wanted = [(value + 180) % 360 - 180 for value in degrees]
        assert geodesy.unwrap(np.array(degrees)).tolist() == wanted


@pytest.mark.parametrize("lost", [(np.inf, 47.5), (7.6, np.nan)])
def test_one_position_that_cannot_be_projected_stops_everything(lost: tuple[float, float]) -> None:
    """I16: it would lie inside of nothing, and so be shown."""
    lon, lat = np.array([(7.6, 47.5), lost, (7.7, 47.5)]).T
    with pytest.raises(ProjectionFailed, match="could not be projected; nothing was published"):
        geodesy.to_plane(lon, lat, (7.6, 47.5))
    with pytest.raises(ProjectionFailed, match="could not be projected"):
        geodesy.geometry_to_degrees(shapely.MultiPoint([(0, 0), (np.inf, 0)]), (7.6, 47.5))


@pytest.mark.parametrize("latitude", [0.0, 47.5, -80.0])
def test_steps_are_as_long_as_on_the_ground(latitude: float) -> None:
    lon, lat = np.array([179.9, -179.9, 179.5, 179.5]), latitude + np.array([0, 0.1, -0.2, 0.3])
    _, _, ground = GROUND.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    assert geodesy.step_lengths(lon, lat) == pytest.approx(ground, rel=0.0057)


def test_a_running_total_does_not_hang_on_what_came_before() -> None:
    steps = np.array([0.1, 0.2, 0.0000004, 0.0000006])
    assert geodesy.walked(steps).tolist() == [0, 100_000, 300_000, 300_000, 300_001]
    assert geodesy.walked(np.empty(0)).tolist() == [0]


@pytest.mark.parametrize("center", [(7.6, 47.5), (179.999, -17.0), (15.6, 80.0)])
def test_the_plane_is_metres_east_and_north_and_leads_back(center: tuple[float, float]) -> None:
    lon, lat, _ = GROUND.fwd(*(np.full(4, value) for value in center), [0, 90, 180, 270], np.full(4, 1234.0))
    plane = geodesy.to_plane(np.array(lon), np.array(lat), center)
    assert plane == pytest.approx(np.array([(0, 1234), (1234, 0), (0, -1234), (-1234, 0.0)]), abs=1e-3)
    back = shapely.get_coordinates(geodesy.geometry_to_degrees(shapely.MultiPoint(plane), center))
    assert back == pytest.approx(np.column_stack([lon, lat]), abs=1e-9)


def test_long_edges_follow_the_line_of_the_map() -> None:
    """Straight in degrees is bent on the ground: by half a kilometre over a degree and a half at 60° N."""
    line = shapely.LineString([(10.0, 60.0), (13.0, 60.0)])
    plane = geodesy.geometry_to_plane(line, (11.5, 60.0))
    x, y = geodesy.to_plane(np.array([10.5]), np.array([60.0]), (11.5, 60.0))[0]
    assert shapely.distance(plane, shapely.Point(x, y)) < 1.0


def test_the_middle_lies_between_also_across_the_antimeridian() -> None:
    assert geodesy.middle(shapely.box(7, 47, 8, 48)) == pytest.approx((7.5, 47.5), abs=0.02)
    halves = shapely.MultiPolygon([shapely.box(179, -18, 180, -17), shapely.box(-180, -18, -179, -17)])
    lon, lat = geodesy.middle(halves)
    assert abs(lon) == pytest.approx(180, abs=0.01)
    assert lat == pytest.approx(-17.5, abs=0.02)
