"""A step of many kilometres meets a place wherever it comes from; most do not, and are not looked at."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from strava_assets.privacy import geodesy
from strava_assets.privacy.tracks import Area, Boxes, Pieces, Tracks, touching

CENTERS = [(7.6, 80.0), (7.6, 0.5), (-179.999, 47.5), (179.9995, -66.0), (60.0, -10.0)]


def plainly_meets(area: Area, start: np.ndarray, end: np.ndarray) -> bool:
    """Followed along the straight line of the map, twenty-five metres at a time."""
    turn = (end[0] - start[0] + 180) % 360 - 180
    count = max(2, int(geodesy.step_lengths(*np.stack([start, end], axis=1))[0] / 25))
    lon, lat = start[0] + np.linspace(0, turn, count), np.linspace(start[1], end[1], count)
    return bool(shapely.intersects(area.geometry, shapely.LineString(geodesy.to_plane(lon, lat, area.center))))


def place(center: tuple[float, float], radius: float = 300.0, at: tuple[float, float] = (0.0, 0.0)) -> Area:
    return Area.of(center, shapely.Point(*at).buffer(radius))


@pytest.mark.parametrize("center", CENTERS)
@pytest.mark.parametrize("kilometres", [1.5, 30.0])
def test_it_is_found_from_every_side_and_only_if_it_meets(center: tuple[float, float], kilometres: float) -> None:
    area = place(center, at=(50.0, -80.0))
    shift = np.array(geodesy.half_widths(center[1], kilometres * 1000))
    found = []
    for side, aim in itertools.product(range(0, 360, 15), (-400.0, -150.0, 0.0, 200.0, 380.0)):
        way = np.array([np.sin(np.radians(side)), np.cos(np.radians(side))])
        beside = np.array(geodesy.half_widths(center[1], aim)) * np.sign(aim) * [way[1], -way[0]]
        ends = np.array(center) + np.stack([-way * shift + beside, way * shift + beside])
        ends[:, 0] = geodesy.unwrap(ends[:, 0])
        met = plainly_meets(area, *ends)
        rested = ends[[0, 0, 1, 1]]  # what was before and comes after is of no length
        assert touching(Pieces.of(Tracks.of([rested])), area).tolist() == ([1, 2] if met else []), (side, aim)
        found.append(met)
    assert True in found
    assert False in found


@pytest.mark.parametrize(
    ("latitude", "kilometres"),
    [*itertools.product((0.2, 25.0, -60.0, 83.0), (3.0, 30.0, 120.0)), (-89.6, 0.4), (89.9, 0.4), (89.98, 0.15)],
)
def test_a_step_is_as_straight_as_the_map_draws_it(latitude: float, kilometres: float) -> None:
    """Beside it a place that is a foot too far away to be met, or near enough, at any share of its way."""
    rng, found = np.random.default_rng(int(kilometres)), []
    for bearing in (np.pi / 2, *rng.uniform(0, 2 * np.pi, 8)):
        way = np.array([np.sin(bearing) / np.cos(np.radians(latitude)), np.cos(bearing)]) * kilometres * 500 / 111_300
        start, end = np.array([7.6, latitude]) - way, np.array([7.6, latitude]) + way
        share = rng.uniform(0.1, 0.9)
        at, soon = start + share * (end - start), start + (share + 1e-4) * (end - start)
        east, north = geodesy.to_plane(soon[:1], soon[1:], tuple(at))[0]
        for side, metres in itertools.product((1, -1), (299.7, 300.3)):
            x, y = np.array([north, -east]) / np.hypot(east, north) * side * metres
            center = geodesy.local_projection(*at).transform(x, y, direction="INVERSE")
            area = Area.of(center, shapely.Point(0, 0).buffer(300.0, quad_segs=400))
            met = plainly_meets(area, start, end)
            assert bool(len(touching(Pieces.of(Tracks.of([np.stack([start, end])])), area))) is met
            found.append(met)
    assert found.count(True) == found.count(False)


@pytest.mark.parametrize("pole", [1, -1])
@pytest.mark.parametrize("seed", range(5))
def test_it_is_found_at_a_pole_where_every_step_goes_far_round(seed: int, pole: int) -> None:
    rng = np.random.default_rng(seed)
    center = (float(rng.uniform(-180, 180)), pole * float(rng.uniform(89.9, 89.99)))
    area = place(center, float(rng.choice([1_500.0, 3_000.0])))
    found = []
    for lon, turn, lat in zip(
        rng.uniform(-180, 180, 40), rng.uniform(-175, 175, 40), pole * rng.uniform(89.85, 89.999, (40, 2)), strict=True
    ):
        ends = np.column_stack([(np.array([lon, lon + turn]) + 180) % 360 - 180, lat])
        met = plainly_meets(area, *ends)
        assert bool(len(touching(Pieces.of(Tracks.of([ends])), area))) is met, ends
        found.append(met)
    assert True in found


@pytest.mark.parametrize("center", CENTERS)
def test_a_track_of_one_position_is_found_if_it_is_there(center: tuple[float, float]) -> None:
    area = place(center)
    width, height = geodesy.half_widths(center[1], 300.0)
    there = [np.array([center]) + np.array([[share * width, 0.0]]) for share in (0.0, 0.9, 1.1)]
    away = [np.array([center]) + np.array([[0.0, share * height]]) for share in (-0.9, -1.1, 1.1)]
    tracks = there + away
    for line in tracks:
        line[:, 0] = geodesy.unwrap(line[:, 0])
    assert touching(Pieces.of(Tracks.of(tracks)), area).tolist() == [0, 1, 3]


@pytest.mark.parametrize("metres", range(10, 140, 10))
def test_a_narrow_place_is_found_by_whoever_steps_over_it(metres: int) -> None:
    """However far the step begins and ends beside it."""
    center = (7.6, 47.5)
    wall = Area.of(center, shapely.LineString([(0, -3_000), (0, 3_000)]).buffer(0.5))
    for share in np.linspace(0.05, 0.95, 13):
        x = np.array([-share * metres, (1 - share) * metres])
        lon, lat = geodesy.local_projection(*center).transform(x, np.array([1_000.0, 1_001.0]), direction="INVERSE")
        assert touching(Pieces.of(Tracks.of([np.column_stack([lon, lat])])), wall).tolist() == [0, 1], share


def test_nothing_meets_nothing() -> None:
    area = place((7.6, 47.5))
    for tracks in ([], [np.empty((0, 2))], [np.array([(9.0, 47.5)])]):
        assert touching(Pieces.of(Tracks.of(tracks)), area).tolist() == []


@pytest.mark.parametrize(
    ("west", "east", "center", "near"),
    [
        (7.0, 7.5, 7.6, False),
        (7.0, 7.597, 7.6, True),
        (7.603, 8.0, 7.6, True),
        (7.7, 8.0, 7.6, False),
        (179.0, 179.999, -179.999, True),
        (179.0, 179.9, -179.999, False),
        (-179.999, -179.0, 179.999, True),
        (-179.9, -179.0, 179.999, False),
        (-179.99, 179.99, 0.0, True),
        (-100.0, 100.0, 150.0, True),
        (-80.0, 80.0, 150.0, False),
        (-90.2, 90.2, 180.0, True),
        (-89.8, 89.8, 180.0, False),
    ],
)
def test_boxes_meet_a_place_round_the_globe(west: float, east: float, center: float, near: bool) -> None:
    """One that is wider than half the globe may be anywhere."""
    boxes = Boxes.around(*(np.array([value]) for value in (west, 47.0, east, 48.0)))
    assert boxes.near(place((center, 47.5))).tolist() == ([0] if near else [])
    for lat in (46.99, 48.01):
        assert boxes.near(place((center, lat))).tolist() == []
    for lat in (46.998, 48.002):
        assert boxes.near(place((center, lat))).tolist() == ([0] if near else [])
