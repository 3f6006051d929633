"""The cut keeps what it promises, on tracks and zones as PRIVACY.md names them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.privacy import cut, cut_shapes, figures, geodesy, lines
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.zones import Zone
from strava_assets_tests.privacy.worlds import Place, circle, nearest

HOME = Place(7.6, 47.5)
EAST = (3000.0, 0.0)


def zone(place: Place, shape: np.ndarray, expansion: float = 300.0, number: int = 1) -> Zone:
    polygon = place.polygon(shape)
    return Zone(number, "nest", polygon, number, cut_shapes.draw(polygon, expansion), expansion=expansion)


def samples_of(*tracks: np.ndarray, times: list[np.ndarray] | None = None) -> Samples:
    flat = np.concatenate(tracks)
    starts = np.concatenate([[0], np.cumsum([len(track) for track in tracks])])
    time = np.concatenate(times) if times else np.concatenate([np.arange(len(track), dtype=float) for track in tracks])
    return Samples(flat[:, 0], flat[:, 1], time, starts)


def published(samples: Samples, zones: list[Zone]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Positions of the CSV's segments and of the map's lines."""
    runs = cut.visible_runs(samples, cut.hidden_areas(zones))
    cells, starts = lines.simplified(samples, runs)
    csv = []
    for first, last in zip(runs.first, runs.last, strict=True):
        part = np.column_stack([samples.lon, samples.lat])[first : last + 1]
        csv.append(part[np.isfinite(part).all(axis=1)])
    return csv, [cells[a:b] / lines.CELLS for a, b in itertools.pairwise(starts) if b - a > 1]


def straight(place: Place, start: tuple[float, float], end: tuple[float, float], spacing: float = 8.0) -> np.ndarray:
    count = max(2, int(np.hypot(end[0] - start[0], end[1] - start[1]) / spacing))
    return place.degrees(np.linspace(start, end, count)).round(6)


def test_a_ride_from_home_shows_nothing_within_the_cut() -> None:
    home = zone(HOME, circle(150))
    csv, drawn = published(samples_of(straight(HOME, (0, 0), (6000, 500))), [home])
    assert len(csv) == len(drawn) == 1
    assert nearest(HOME, home.geometry, csv) > 25
    assert nearest(HOME, home.geometry, drawn) > 25


def test_a_track_wholly_inside_is_absent() -> None:
    csv, drawn = published(samples_of(straight(HOME, (-200, 0), (200, 60))), [zone(HOME, circle(150))])
    assert csv == drawn == []


def test_a_jump_across_a_zone_between_two_samples_is_a_gap() -> None:
    track = np.concatenate([straight(HOME, (-5000, 0), (-1500, 0)), straight(HOME, (1500, 0), (5000, 0))])
    home = zone(HOME, circle(120))
    csv, drawn = published(samples_of(track), [home])
    assert len(csv) == len(drawn) == 2
    assert nearest(HOME, home.geometry, drawn) > 25


def test_samples_without_a_position_between_hidden_ones_are_hidden_too() -> None:
    track = straight(HOME, (-4000, 0), (4000, 0))
    holes = track.copy()
    holes[1::2] = np.nan
    samples = samples_of(holes)
    runs = cut.visible_runs(samples, cut.hidden_areas([zone(HOME, circle(150))]))
    shown = np.zeros(len(track), bool)
    shown[runs.samples] = True
    # between two neighbours with positions, what has none is shown only if both are
    for i in range(1, len(track) - 1, 2):
        assert shown[i] == (shown[i - 1] and shown[i + 1])


@pytest.mark.parametrize("half", [0, 1])
def test_half_a_position_is_none_and_bridges_no_zone(half: int) -> None:
    track = np.concatenate(
        [straight(HOME, (-3000, 0), (-500, 0)), HOME.degrees([(0, 0)]), straight(HOME, (500, 0), EAST)]
    )
    halved, lost = track.copy(), track.copy()
    middle = len(straight(HOME, (-3000, 0), (-500, 0)))
    halved[middle, half] = lost[middle] = np.nan
    home = zone(HOME, circle(100), 50.0)
    found, wanted = (cut.visible_runs(samples_of(each), cut.hidden_areas([home])) for each in (halved, lost))
    assert found.first.tolist() == wanted.first.tolist()
    assert found.last.tolist() == wanted.last.tolist()
    assert len(found.first) == 2


def test_runs_shorter_than_200_m_are_hidden() -> None:
    csv, _ = published(samples_of(straight(HOME, (0, 0), (190, 0))), [])
    assert csv == []
    csv, _ = published(samples_of(straight(HOME, (0, 0), (230, 0))), [])
    assert len(csv) == 1


def test_a_run_of_exactly_200_m_is_shown_and_not_a_millimetre_less() -> None:
    for metres, shown in ((200.0, 1), (199.999, 0)):
        north = math.degrees(metres / geodesy.EARTH_RADIUS)
        assert len(published(samples_of(np.array([(7.6, 0.0), (7.6, north)])), [])[0]) == shown


def test_simplification_comes_after_the_cut_and_stays_outside() -> None:
    """A track that skirts the cut shape a metre beyond the margin comes no nearer by being simplified."""
    home = zone(HOME, circle(150))
    rim = shapely.get_coordinates(shapely.buffer(home.shape.geometry, cut.MARGIN + 1, quad_segs=64))
    rim = np.concatenate([rim, rim])
    back = geodesy.geometry_to_degrees(shapely.LineString(rim), home.shape.center)
    track = shapely.get_coordinates(shapely.segmentize(back, 5e-5)).round(7)
    csv, drawn = published(samples_of(track), [home])
    assert csv
    shape = home.shape
    for line in [*csv, *drawn]:
        plane = geodesy.geometry_to_plane(shapely.LineString(line), shape.center)
        assert not shapely.intersects(plane, shape.geometry)


def test_the_lines_keep_within_tolerance_of_the_samples() -> None:
    rng = np.random.default_rng(3)
    heading = np.cumsum(rng.normal(size=3000) * 0.08)
    track = HOME.degrees(np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * 7, axis=0)).round(6)
    csv, drawn = published(samples_of(track), [])
    line = shapely.LineString(HOME.metres(drawn[0]))
    points = shapely.points(HOME.metres(csv[0]))
    assert shapely.distance(line, points).max() < cut.TOLERANCE + 2.5  # the line's own bend in this plane


@pytest.mark.parametrize(
    "place",
    [Place(179.99, -17.0), Place(15.6, 80.0), Place(-0.001, 51.5), Place(-179.98, 66.0)],
    ids=["antimeridian", "80 north", "greenwich", "antimeridian in the north"],
)
def test_every_corner_of_the_world_is_cut_alike(place: Place) -> None:
    home = zone(place, circle(150))
    csv, drawn = published(samples_of(straight(place, (-6000, -300), (6000, 200))), [home])
    assert csv
    assert drawn
    assert nearest(place, home.geometry, csv) > 25
    assert nearest(place, home.geometry, drawn) > 25
    for line in drawn:
        assert np.abs(np.diff(line[:, 0])).max() < 180


def test_going_back_in_time_starts_a_new_run() -> None:
    track = straight(HOME, (0, 0), (4000, 0))
    time = np.arange(len(track), dtype=float)
    time[250:] -= 100
    runs = cut.visible_runs(samples_of(track, times=[time]), [])
    assert runs.first.tolist() == [0, 250]


def test_the_differential_holds_inside_the_cut() -> None:
    """I4: whatever happens strictly inside H, the runs, lines and figures outside are the same bytes."""
    home = zone(HOME, circle(150))
    track = straight(HOME, (-5000, 0), (5000, 200))
    inside = np.flatnonzero(np.hypot(*HOME.metres(track).T) < 120)
    detour = track.copy()
    detour[inside] = HOME.degrees(np.random.default_rng(1).normal(size=(len(inside), 2)) * 40)
    results = []
    for variant, delay in ((track, 0.0), (detour, 3600.0)):
        time = np.arange(len(track), dtype=float)
        time[inside[-1] :] += delay / 60
        samples = samples_of(variant, times=[time])
        runs = cut.visible_runs(samples, cut.hidden_areas([home]))
        cells, starts = lines.simplified(samples, runs)
        visible = figures.rebased(samples, runs, np.full(len(track), np.nan))
        results.append(
            (
                runs.first.tobytes(),
                runs.last.tobytes(),
                cells.tobytes(),
                starts.tobytes(),
                visible.time.tobytes(),
                visible.distance.tobytes(),
            )
        )
    assert results[0] == results[1]


shapes = st.one_of(
    st.builds(
        lambda r, n, x, y: circle(r, n, (x, y)),
        st.floats(20, 400),
        st.integers(3, 24),
        st.floats(-600, 600),
        st.floats(-600, 600),
    ),
    st.builds(
        lambda w, h: np.array([(-w, -h), (w, -h), (w, h), (w / 3, h), (w / 3, -h / 3), (-w, -h / 3)]),
        st.floats(60, 400),
        st.floats(60, 400),
    ),
)
walks = st.tuples(st.integers(0, 2**32 - 1), st.integers(20, 400), st.floats(1, 120), st.floats(0, 1.2))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(shapes, min_size=1, max_size=3),
    walks,
    st.sampled_from([HOME, Place(179.995, 10.0), Place(20.0, 80.0), Place(-70.0, -33.4)]),
)
def test_no_walk_shows_any_zone(
    drawn_zones: list[np.ndarray], walk: tuple[int, int, float, float], place: Place
) -> None:
    seed, count, step, wildness = walk
    rng = np.random.default_rng(seed)
    heading = np.cumsum(rng.normal(size=count) * wildness) + rng.uniform(0, 6)
    metres = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * step, axis=0) + rng.normal(size=2) * 900
    track = place.degrees(metres).round(6)
    track[rng.random(count) < 0.05] = np.nan
    zones = [zone(place, shape, number=i) for i, shape in enumerate(drawn_zones)]
    csv, drawn = published(samples_of(track), zones)
    for private in zones:
        assert nearest(place, private.geometry, csv) > 25
        assert nearest(place, private.geometry, drawn) > 25


@pytest.mark.parametrize("latitude", [0.0, 47.5, 80.0, -0.00472])  # the last leap northwards is half on either side
@pytest.mark.parametrize("bearing", range(0, 360, 45))
def test_a_leap_of_a_kilometre_in_a_second_is_a_gap_wherever_it_goes(latitude: float, bearing: int) -> None:
    place = Place(7.6, latitude)
    onward = np.array([math.sin(math.radians(bearing)), math.cos(math.radians(bearing))])
    loop = circle(20.0)[np.arange(60) % 24]  # long enough to be shown, and nowhere far away
    for leap, runs in ((1_050.0, 2), (950.0, 1)):
        track = place.degrees(np.concatenate([loop, loop[-1] + leap * onward + loop - loop[0]]))
        assert len(cut.visible_runs(samples_of(track), []).first) == runs


def test_a_run_ends_at_the_antimeridian_and_nowhere_else_in_the_far_east() -> None:
    for place, count in ((Place(180.0, 10.0), 2), (Place(120.0, 10.0), 1), (Place(-120.0, 10.0), 1)):
        track = straight(place, (-6_050, 0), (6_050, 0), 1_100.0)
        _, drawn = published(samples_of(track, times=[np.arange(len(track)) * 60.0]), [])
        assert len(drawn) == count
        assert all(np.ptp(line[:, 0]) < 1 for line in drawn)
