"""Where only ends are hidden, a ride that passes is seen and one that begins, ends, stops or turns there is not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from strava_assets.privacy import cut, cut_shapes, figures, invariants, lines, passes
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.tracks import Tracks
from strava_assets.privacy.zones import ENDS_ONLY, EVERYWHERE, Zone
from strava_assets_tests.privacy.worlds import Place, circle

HOME = Place(7.6, 47.5)


def a_zone(mode: str = ENDS_ONLY, place: Place = HOME, number: int = 1, center: tuple[float, float] = (0, 0)) -> Zone:
    """A zone of 100 m whose cut is round and lies around it: 427 m to every side."""
    drawn = place.polygon(circle(100, 64, center))
    round_ = shapely.Point(*center).buffer(427.0, quad_segs=64)
    return Zone(number, "", drawn, number, cut_shapes.CutShape((place.lon, place.lat), round_), mode=mode)


def ride(*corners: tuple[float, float], speed: float = 7.0, place: Place = HOME) -> tuple[np.ndarray, np.ndarray]:
    """Positions, one a second, along corners in metres; and their times."""
    points = [np.array(corners[0], float)[None]]
    for a, b in itertools.pairwise(corners):
        count = max(1, round(math.dist(a, b) / speed))
        points.append(np.array(a) + np.linspace(1 / count, 1, count)[:, None] * (np.array(b) - np.array(a)))
    track = place.degrees(np.concatenate(points)).round(6)
    return track, np.arange(len(track), dtype=float)


def runs(track: np.ndarray, time: np.ndarray, zones: list[Zone]) -> list[tuple[int, int]]:
    samples = Samples(track[:, 0], track[:, 1], time, np.array([0, len(track)]))
    found = cut.visible_runs(samples, cut.hidden_areas(zones))
    return list(zip(found.first.tolist(), found.last.tolist(), strict=True))


def distance(track: np.ndarray) -> np.ndarray:
    return np.hypot(*HOME.metres(track).T)


EAST, WEST = (3000.0, 0.0), (-3000.0, 0.0)


def test_a_ride_that_passes_is_seen_whole_and_only_where_ends_are_all_that_is_hidden() -> None:
    track, time = ride(WEST, EAST)
    assert runs(track, time, [a_zone()]) == [(0, len(track) - 1)]
    assert len(runs(track, time, [a_zone(EVERYWHERE)])) == 2


@pytest.mark.parametrize("way", [(WEST, (0.0, 0.0)), ((0.0, 0.0), EAST)])
def test_a_ride_that_begins_or_ends_there_is_cut_as_everywhere(way: tuple[tuple[float, float], ...]) -> None:
    track, time = ride(*way)
    assert runs(track, time, [a_zone()]) == runs(track, time, [a_zone(EVERYWHERE)]) != []


def stop(track: np.ndarray, time: np.ndarray, seconds: float, wander: float = 3.0) -> tuple[np.ndarray, np.ndarray]:
    """Stand in the middle for some time, recorded every second, as receivers do: not quite still."""
    at, count = len(track) // 2, int(seconds)
    still = track[at] + np.random.default_rng(1).normal(0, wander / 111_000, (count, 2))
    later = np.concatenate([time[: at + 1], time[at] + np.arange(1, count + 1), time[at + 1 :] + seconds])
    return np.concatenate([track[: at + 1], still, track[at + 1 :]]).round(6), later


@pytest.mark.parametrize(("seconds", "seen"), [(20, True), (40, True), (65, False), (600, False)])
def test_who_stops_for_a_minute_was_there(seconds: float, seen: bool) -> None:
    track, time = stop(*ride(WEST, EAST), seconds)
    assert (len(runs(track, time, [a_zone()])) == 1) is seen


def test_who_stops_outside_only_passes() -> None:
    track, time = stop(*ride((-3000, 800), (3000, 800)), 600)
    at_the_light, standing = ride((-3000, 0), (-600, 0)), ride((-600, 0), EAST)
    assert len(runs(track, time, [a_zone()])) == 1
    track = np.concatenate([at_the_light[0], standing[0]])
    time = np.concatenate([at_the_light[1], standing[1] + at_the_light[1][-1] + 120])
    assert len(runs(track, time, [a_zone()])) == 1


def test_a_pause_of_the_recording_is_a_stop() -> None:
    track, time = ride(WEST, EAST)
    time[len(time) // 2 :] += 90
    assert runs(track, time, [a_zone()]) == runs(track, time, [a_zone(EVERYWHERE)])


def test_somebody_who_stands_at_the_very_border_is_not_there_twice_for_half_a_minute() -> None:
    inwards, outwards = ride(WEST, (-438, 0)), ride((-438, 0), (-438, 2500))
    swaying = HOME.degrees(np.column_stack([np.tile(np.repeat([-436.0, -446.0], 15), 4), np.zeros(120)])).round(6)
    track = np.concatenate([inwards[0], swaying, outwards[0]])
    time = np.arange(len(track), dtype=float)
    found = runs(track, time, [a_zone()])
    assert len(found) == 2
    assert all(first > len(inwards[0]) + 60 or last < len(inwards[0]) + 5 for first, last in found)


@pytest.mark.parametrize(("seconds", "one"), [(50, True), (59, True), (60, False), (3000, False)])
def test_stretches_a_minute_apart_are_judged_each_by_itself(seconds: float, one: bool) -> None:
    """Who stopped there, and comes through again sooner, is still there."""
    to, on = ride(WEST, (-380, 0))[0], ride((-380, 0), (-560, 0), (-500, 260), EAST, speed=12.0)[0]
    track = np.concatenate([to, np.repeat(to[-1:], 70, axis=0), on])
    time = np.arange(len(track), dtype=float)
    [_, (left, back), _] = everywhere = runs(track, time, [a_zone(EVERYWHERE)])
    time[back:] += seconds - (time[back] - time[left])
    assert (np.diff(time) > 0).all()
    found = runs(track, time, [a_zone()])
    assert found == (everywhere if one else [everywhere[0], (left, len(track) - 1)])


def test_a_break_anywhere_from_the_step_into_a_place_to_the_step_out_of_it_is_no_pass() -> None:
    track, steady = ride(WEST, EAST, speed=30.0)  # so fast that nobody stands
    [(_, before), (after, _)] = everywhere = runs(track, steady, [a_zone(EVERYWHERE)])
    for step in (before - 1, before, before + 1, after - 2, after - 1, after):
        time = steady.copy()
        time[step + 1 :] += 90
        inside = before <= step < after
        assert runs(track, time, [a_zone()]) == (everywhere if inside else [(0, len(track) - 1)]), step


@pytest.mark.parametrize("seed", range(160))
def test_a_halt_may_begin_before_a_place_and_end_behind_it(seed: int) -> None:
    """Held against every pair of samples a minute apart, over no step of a minute; at the border some stand for about
    as long, and some of these begin, end or interrupt their recording there."""
    rng = np.random.default_rng(seed)
    slow = rng.uniform(-12, 12, 6) + (439 if seed % 2 else -439)
    east = np.sort(np.concatenate([np.arange(-3000, 3000, 50.0), slow]))
    track = HOME.degrees(np.column_stack([east, np.zeros(len(east))]))
    spent = rng.integers(1, 4, len(east)) + np.isin(east, slow) * rng.integers(0, 20, len(east))
    [(_, before), (after, _)] = runs(track, np.cumsum(spent) * 1.0, [a_zone(EVERYWHERE)])
    near = int(rng.integers(0, 6))
    if seed // 2 % 3 == 1:
        spent[after + 1 + near if seed % 2 else before - near] += 60
    part = slice(before - 1 - near, None) if seed // 2 % 3 == 2 and not seed % 2 else slice(0, after + 2 + near)
    east, track, time = east[part], track[part], np.cumsum(spent)[part] * 1.0
    before, after = before - part.start, after - part.start
    later, sure = np.searchsorted(time, time + 60), np.diff(time) < 60
    halts = [
        (now, then)
        for now, then in enumerate(later.tolist())
        if now < after and before < then < len(time) and east[then] - east[now] < 25 and sure[now:then].all()
    ]
    seen = runs(track, time, [a_zone(EVERYWHERE)] if halts else [])
    assert runs(track, time, [a_zone()]) == seen


@pytest.mark.parametrize("back", [False, True], ids=["there", "and back"])
def test_what_somebody_does_in_one_place_is_not_held_against_him_in_the_next(back: bool) -> None:
    """Slowly from one into another: of what he is near for a minute, no one place sees the whole."""
    slow, seconds = [-2.0, 2.0, 5.0, 12.0, 17.0], [0.0, 10.0, 40.0, 65.0, 75.0]
    east = np.concatenate([np.arange(-3000, -2, 7.0), slow, np.arange(24, 3000, 7.0)])
    before = np.count_nonzero(east < -2)
    time = np.concatenate([np.arange(-before, 0.0), seconds, 75 + np.arange(1.0, len(east) - before - 4)])
    if back:
        east, time = east[::-1], -time[::-1]
    track = HOME.degrees(np.column_stack([east, np.zeros(len(east))]))
    zones = [a_zone(center=(-440.0, 0.0)), a_zone(number=2, center=(454.0, 0.0))]
    assert runs(track, time - time[0], zones) == [(0, len(track) - 1)]


@pytest.mark.parametrize("depth", [0, -200, -380])
def test_who_turns_round_before_a_door_was_there(depth: float) -> None:
    track, time = ride(WEST, (depth, 0), (-3000, 4))
    found = runs(track, time, [a_zone()])
    assert found == runs(track, time, [a_zone(EVERYWHERE)])
    assert len(found) == 2


def test_laps_round_a_block_pass() -> None:
    block = [(-300, -300), (300, -300), (300, 300), (-300, 300)]
    track, time = ride(WEST, *(block * 3), *block[:2], EAST)
    assert len(runs(track, time, [a_zone()])) == 1


@pytest.mark.parametrize("damage", ["no position", "no time", "a leap", "clock goes back", "a gap of an hour"])
def test_what_is_not_recorded_throughout_does_not_pass(damage: str) -> None:
    track, time = ride(WEST, EAST)
    middle = slice(len(track) // 2, len(track) // 2 + 3)
    if damage == "no position":
        track[middle] = np.nan
    elif damage == "no time":
        time[middle] = np.nan
    elif damage == "a leap":
        track[middle] += 0.1
    elif damage == "clock goes back":
        time[middle.start :] -= 30
    else:
        time[middle.start :] += 4000
    whole = [a_zone(EVERYWHERE)]
    assert runs(track, time, [a_zone()]) == runs(track, time, whole)


@pytest.mark.parametrize("lost", [slice(20, 23), slice(-23, -20)])
def test_what_is_lost_elsewhere_is_no_break_of_a_pass(lost: slice) -> None:
    track, time = ride(WEST, EAST)
    track[lost] = np.nan
    assert runs(track, time, [a_zone()]) == [(0, len(track) - 1)]


def test_without_times_nothing_passes() -> None:
    track, time = ride(WEST, EAST)
    assert runs(track, np.full(len(time), np.nan), [a_zone()]) == runs(track, time, [a_zone(EVERYWHERE)])


def test_one_zone_that_hides_everything_decides_for_all_that_share_its_shape() -> None:
    track, time = ride(WEST, EAST)
    first, second = a_zone(), a_zone(EVERYWHERE)
    assert len(runs(track, time, [first, second])) == 2


@pytest.mark.parametrize("back", [False, True], ids=["there", "and back"])
def test_where_another_cut_breaks_a_pass_off_nothing_of_it_is_left(back: bool) -> None:
    """A run would end inside the first shape, at the border of the second; so it goes, and so does what it overlaps."""
    track, time = ride(WEST, EAST)
    at_work = a_zone(EVERYWHERE, number=2, center=(500, 0))
    chain = [a_zone(number=3, center=(-700, 0)), a_zone(), at_work]
    track = track[::-1] if back else track
    ends = [place for run in runs(track, time, chain) for place in run]
    west, east = HOME.metres(track[ends[1:3]])[:: -1 if back else 1, 0]
    assert len(ends) == 4
    assert west < -1100
    assert east > 900
    alone = [zone for zone in chain if zone is not at_work]
    assert len(runs(track, time, alone)) == 1


@pytest.mark.parametrize("back", [False, True], ids=["there", "and back"])
def test_where_the_next_place_begins_at_once_a_hidden_stretch_there_takes_the_pass_with_it(back: bool) -> None:
    track, time = ride((-3000, 0), (3500, 0))
    second = a_zone(number=2, center=(893.0, 0.0))
    if back:
        track, time = track[::-1], time
    assert len(runs(track, time, [a_zone(), second])) == 1
    time[int(np.argmin(np.abs(HOME.metres(track)[:, 0] - 900))) :] += 100
    [(_, last), (first, _)] = runs(track, time, [a_zone(), second])
    assert sorted(HOME.metres(track[[last, first]])[:, 0]) == pytest.approx([-446, 1338], abs=12)


def test_what_is_usual_for_a_recorder_is_not_learned_from_where_it_is_hidden() -> None:
    """Hours at home, a sample a minute; then a pause on the way, which is one for a recorder of every second."""
    inside = np.repeat(HOME.degrees(np.array([(0.0, 0.0)])), 900, axis=0).round(6)
    out, onward = ride((0, 0), (2500, 0))[0], ride((2900, 0), (5000, 0))[0]
    track = np.concatenate([inside, out, onward])
    steps = np.ones(len(track))
    steps[: len(inside)] = 60.0
    steps[len(inside) + len(out)] = 400.0
    time = np.cumsum(steps)
    assert len(runs(track, time, [a_zone(EVERYWHERE)])) == 2
    assert runs(track, time, [a_zone()]) == runs(track, time, [a_zone(EVERYWHERE)])


def test_a_ride_that_is_too_short_to_be_shown_shows_no_pass() -> None:
    track, time = ride((-440, -440), (-440, 440), speed=20.0)
    assert runs(track[:9], time[:9], [a_zone()]) == []


def test_two_rides_one_after_the_other_are_not_one_pass() -> None:
    (west, before), (east, after) = ride(WEST, (0, 0)), ride((7, 0), EAST)
    track = np.concatenate([west, east])
    samples = Samples(track[:, 0], track[:, 1], np.concatenate([before, after]), np.array([0, len(west), len(track)]))
    areas = cut.hidden_areas([a_zone()])
    assert all(distance(track[[first, last]]).min() > 427 for first, last in _pairs(cut.visible_runs(samples, areas)))


def _pairs(found: cut.Runs) -> list[tuple[int, int]]:
    return list(zip(found.first.tolist(), found.last.tolist(), strict=True))


def public(track: np.ndarray, time: np.ndarray, zones: list[Zone]) -> tuple[bytes, ...]:
    samples = Samples(track[:, 0], track[:, 1], time, np.array([0, len(track)]))
    found = cut.visible_runs(samples, cut.hidden_areas(zones))
    cells, starts = lines.simplified(samples, found)
    visible = figures.rebased(samples, found, np.full(len(track), np.nan))
    shown = [np.column_stack([track, time - time[0]])[a : b + 1] for a, b in _pairs(found)]
    return (cells.tobytes(), starts.tobytes(), visible.distance.tobytes(), visible.time.tobytes()) + tuple(
        part[:, :2].tobytes() for part in shown
    )


@pytest.mark.parametrize("seed", range(12))
def test_of_a_hidden_stretch_nothing_can_be_told(seed: int) -> None:
    """I4: a ride begins at home, passes there half an hour later, and ends there; what it does inside is changed."""
    rng = np.random.default_rng(seed)
    out, _ = ride((0, 0), (1500, 200), (1500, 2500), (-2500, 2500), WEST)
    through, _ = ride(WEST, EAST)
    back, _ = ride(EAST, (2000, -900), (0, -500), (0, 0))
    results = []
    for lingers, detour in ((0, 0.0), (int(rng.integers(1, 5000)), 40.0)):
        start = np.concatenate([np.repeat(out[:1], lingers + 1, axis=0), out])
        inside = distance(start) < 300
        start[inside] += rng.normal(0, 1, (inside.sum(), 2)) * detour / 111_000
        end = back.copy()
        inside = distance(end) < 300
        end[inside] += rng.normal(0, 1, (inside.sum(), 2)) * detour / 111_000
        track = np.concatenate([start, through, end]).round(6)
        time = np.arange(len(track), dtype=float)
        results.append(public(track, time - lingers, [a_zone(), a_zone(EVERYWHERE, number=2, center=(1500, 1500))]))
    assert results[0] == results[1]


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), pace=st.sampled_from([1.5, 4.0, 9.0]), wildness=st.floats(0, 0.6))
def test_no_run_begins_or_ends_in_a_cut_and_none_stops_there(seed: int, pace: float, wildness: float) -> None:
    """Whatever breaks a ride off; judged as public bytes are."""
    rng = np.random.default_rng(seed)
    count = 900
    heading = np.cumsum(rng.normal(size=count) * wildness) + rng.uniform(0, 6)
    metres = np.cumsum(np.column_stack([np.cos(heading), np.sin(heading)]) * pace, axis=0)
    track = HOME.degrees(metres - metres[rng.integers(0, count)]).round(6)
    time = np.cumsum(rng.choice([1.0, 2.0, 70.0, 4000.0, -1.0], count, p=[0.97, 0.02, 0.005, 0.003, 0.002]))
    track[rng.random(count) < rng.choice([0.0, 0.01])] = np.nan
    modes = rng.choice([ENDS_ONLY, ENDS_ONLY, EVERYWHERE], 3)
    centres = rng.normal(0, 700, (3, 2))
    zones = [a_zone(mode, number=k, center=tuple(centres[k])) for k, mode in enumerate(modes)]
    zones.append(a_zone(number=7))
    found = runs(track, time, zones)
    parts = [track[a : b + 1][np.isfinite(track[a : b + 1, 0])] for a, b in found]
    areas = invariants.forbidden_areas(zones)
    assert invariants.near_zones("I2", Tracks.of(parts), [""] * len(parts), areas) == []
    for a, b in found:
        row = slice(a, b + 1)
        rounded = (time[row] - time[a]).round(1)
        assert invariants.halts("", np.zeros(b + 1 - a), rounded, *track[row].T, areas) == []
    for a, b in found:  # and once more by hand
        for zone in zones:
            rings = HOME.metres(track[[a, b]]) - shapely.get_coordinates(shapely.centroid(zone.shape.geometry))
            assert np.hypot(*rings.T).min() > 427


def judged(track: np.ndarray, time: np.ndarray, zones: list[Zone]) -> set[str]:
    areas = invariants.forbidden_areas(zones)
    found = invariants.near_zones("I2", Tracks.of([track]), ["x"], areas)
    found += invariants.halts("x", np.zeros(len(track)), time, *track.T, areas)
    return {finding.what for finding in found}


def test_on_public_bytes_a_pass_is_allowed_and_an_end_or_a_stop_is_not() -> None:
    passing = ride(WEST, EAST)
    assert judged(*passing, [a_zone()]) == set()
    assert judged(*passing, [a_zone(EVERYWHERE)]) != set()
    assert any("inside a private zone's cut" in what for what in judged(*ride(WEST, (0, 0)), [a_zone()]))
    assert any("inside a private zone's cut" in what for what in judged(*ride((420, 0), EAST), [a_zone()]))
    assert judged(*ride((434, 0), EAST), [a_zone()]) == set()
    assert any("stops inside" in what for what in judged(*stop(*passing, 70), [a_zone()]))
    assert judged(*stop(*passing, 50), [a_zone()]) == set()
    late = passing[1].copy()
    late[len(late) // 2 :] += 90
    assert any("stops inside" in what for what in judged(passing[0], late, [a_zone()]))
    late[len(late) // 2] = np.nan
    assert any("unknown time" in what for what in judged(passing[0], late, [a_zone()]))


def test_near_the_zone_itself_the_same_holds_wherever_its_cut_lies() -> None:
    """A shape that is damaged in the database: the 25 m around Z are held against the bytes, too."""
    away = Zone(
        1, "", HOME.polygon(circle(100)), 1, cut_shapes.CutShape((7.6, 47.5), shapely.Point(2000, 0).buffer(50))
    )
    away = Zone(**{**vars(away), "mode": ENDS_ONLY})
    assert judged(*ride(WEST, (-120, 0)), [away]) != set()
    assert judged(*ride(WEST, (-130, 0)), [away]) == set()


def test_the_rule_of_a_minute_is_the_one_that_is_told() -> None:
    assert (passes.HALT, passes.STRIDE) == (60.0, 25.0)
