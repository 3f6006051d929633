"""The map's lines stay beside their samples, on one grid, wherever on Earth they are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely

from strava_assets.privacy import cut, geodesy, lines
from strava_assets.privacy.cut import Runs, Samples
from strava_assets.publish import topojson_file
from strava_assets_tests.privacy.worlds import Place

HOME = Place(7.6, 47.5)


def drawn(*tracks: np.ndarray, tolerance: float = cut.TOLERANCE) -> list[np.ndarray]:
    """Vertices (lon, lat) of the line of each track, all of it visible."""
    flat, sizes = np.concatenate(tracks), [len(track) for track in tracks]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    samples = Samples(flat[:, 0], flat[:, 1], np.arange(float(len(flat))), starts)
    cells, ends = lines.simplified(samples, Runs(np.arange(len(sizes)), starts[:-1], starts[1:] - 1), tolerance)
    assert len(ends) == len(tracks) + 1
    return [cells[a:b] / lines.CELLS for a, b in itertools.pairwise(ends)]


def beside(place: Place, track: np.ndarray, line: np.ndarray) -> float:
    """How far any sample is from a line that is straight on the map, metres."""
    dense = shapely.segmentize(shapely.LineString(line), 1e-4)
    ground = shapely.transform(dense, lambda c: geodesy.to_plane(c[:, 0], c[:, 1], (place.lon, place.lat)))
    return float(
        shapely.distance(ground, shapely.points(geodesy.to_plane(*track.T, (place.lon, place.lat)))).max()
    )  # fmt: skip


@pytest.mark.parametrize("latitude", [0.0, 47.5, 60.0, -80.0])
@pytest.mark.parametrize("bearing", [0, 45, 90])
def test_no_chord_is_longer_than_two_kilometres_and_no_straight_leaves_the_track(latitude: float, bearing: int) -> None:
    place, way = Place(7.6, latitude), np.radians(bearing)
    metres = np.arange(0, 12_000, 20.0)[:, None] * [np.sin(way), np.cos(way)]
    track = place.degrees(metres).round(6)
    [line] = drawn(track)
    assert geodesy.step_lengths(*line.T).max() < lines.LONGEST_CHORD + 2 * cut.QUANTUM
    assert 6 < len(line) < 40
    assert beside(place, track, line) < cut.TOLERANCE + cut.QUANTUM + 0.2


def test_whoever_is_recorded_every_three_kilometres_loses_no_vertex() -> None:
    metres = np.column_stack([np.arange(8) * 3_000.0, np.where(np.arange(8) % 2, 400.0, -400.0)])
    sparse, dense = HOME.degrees(metres), HOME.degrees(np.arange(0, 900, 10.0)[:, None] * [0.6, 0.8])
    for line in (drawn(sparse)[0], drawn(dense, sparse, dense)[1]):
        assert np.array_equal(line, np.rint(sparse * lines.CELLS) / lines.CELLS)
    assert [len(line) for line in drawn(sparse[:1], dense, sparse[:1], dense, sparse[:1])] == [1, 2, 1, 2, 1]
    assert [len(line) for line in drawn(sparse[:2], dense)] == [2, 2]


def test_the_grid_is_the_files() -> None:
    assert abs(lines.CELLS * topojson_file.CELL - 1) < 1e-9


def test_of_no_runs_there_are_no_lines() -> None:
    nothing = np.empty(0, np.int64)
    samples = Samples(*HOME.degrees(np.zeros((3, 2))).T, np.arange(3.0), np.array([0, 3]))
    for runs, shape in ((Runs(nothing, nothing, nothing), (0, 2)), (Runs(*np.array([[0], [0], [2]])), (1, 2))):
        cells, starts = lines.simplified(samples, runs)
        assert (cells.shape, cells.dtype.kind) == (shape, "i")
        assert (starts.tolist(), starts.dtype.kind) == ([0, 1][: shape[0] + 1], "i")


def test_a_run_of_a_whole_day_is_drawn_as_a_short_one() -> None:
    """However many are simplified at a time."""
    day = HOME.degrees(np.linspace((0, 0), (1_900, 0), 70_000))
    short = day[[0, -1]]
    for tracks in ([day], [day, short], [short, day, short], [day, day]):
        for line in drawn(*tracks):
            assert np.array_equal(line, drawn(short)[0])


def test_a_chord_begins_anew_in_every_run() -> None:
    """One run's length does not decide where the next one's pieces end."""
    first = HOME.degrees(np.arange(0, 3_100, 20.0)[:, None] * [1.0, 0.0])
    second = HOME.degrees(np.arange(0, 4_700, 20.0)[:, None] * [0.0, 1.0])
    together, alone = drawn(first, second, first), drawn(second)
    assert np.array_equal(together[1], alone[0])
    assert np.array_equal(together[0], together[2])


@pytest.mark.parametrize("place", [Place(7.6, 47.5), Place(0.0, 0.0), Place(15.6, 80.0)])
def test_a_line_begins_and_ends_where_its_run_does_and_no_vertex_moves_more_than_the_quantum(place: Place) -> None:
    rng = np.random.default_rng(5)
    heading = np.cumsum(rng.normal(size=900) * 0.2)
    track = place.degrees(np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * 8, axis=0))
    [line] = drawn(track)
    for vertex, sample in ((line[0], track[0]), (line[-1], track[-1])):
        assert geodesy.step_lengths(*np.stack([vertex, sample], axis=1)) < cut.QUANTUM
    apart = shapely.distance(
        shapely.points(place.metres(line)), shapely.MultiPoint(shapely.points(place.metres(track)))
    )
    assert apart.max() < cut.QUANTUM
    assert beside(place, track, line) < cut.TOLERANCE + cut.QUANTUM + 0.2
    assert len(line) < len(track) / 2


def test_a_smaller_tolerance_keeps_more() -> None:
    rng = np.random.default_rng(6)
    heading = np.cumsum(rng.normal(size=900) * 0.1)
    track = HOME.degrees(np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * 8, axis=0))
    [fine], [coarse] = drawn(track, tolerance=2.0), drawn(track, tolerance=20.0)
    assert len(fine) > 1.5 * len(coarse)
    assert beside(HOME, track, fine) < 2 + cut.QUANTUM + 0.2


def test_who_stands_draws_nothing_and_the_far_end_of_an_out_and_back_stays() -> None:
    stands = HOME.degrees(np.zeros((50, 2)))
    out = np.arange(0, 900, 10.0)
    there = HOME.degrees(np.column_stack([np.concatenate([out, out[::-1]]), np.zeros(2 * len(out))]))
    nothing, line = drawn(stands, there)
    assert len(nothing) < 2
    assert len(line) == 3
    assert geodesy.step_lengths(*line.T) == pytest.approx([890, 890], abs=1.5)


def test_samples_without_a_position_are_passed_over() -> None:
    track = HOME.degrees(np.arange(0, 3_000, 10.0)[:, None] * [0.6, 0.8])
    holes = track.copy()
    holes[20:40] = np.nan
    assert np.array_equal(drawn(holes)[0][[0, -1]], drawn(track)[0][[0, -1]])
    there = {tuple(cell) for cell in np.rint(holes[np.isfinite(holes[:, 0])] * lines.CELLS).astype(int).tolist()}
    for line in drawn(holes, holes):
        assert {tuple(cell) for cell in np.rint(line * lines.CELLS).astype(int).tolist()} <= there
        assert len(line) >= 2
