"""The cut against the same rules written plainly: one sample after the other, every step measured, no boxes.

What is fast looks at few samples; this looks at all of them. Recordings come with holes, leaps, pauses, clocks that
go back, at the antimeridian, the equator and near a pole, in any number, of any length.
"""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
import shapely

from strava_assets.privacy import cut, cut_shapes, geodesy, tracks
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.tracks import Area, Pieces, Tracks
from strava_assets.privacy.zones import ENDS_ONLY, EVERYWHERE, Zone, disc
from strava_assets_tests.privacy.worlds import Place, R

CORNERS = [(7.6, 47.5), (179.995, 47.5), (-179.99, -33.0), (0.0, -0.001), (-70.0, 80.0), (7.6, 89.0)]
SIZES = [0, 1, 2, 5, tracks.PIECE - 1, tracks.PIECE, tracks.PIECE + 1, 2 * tracks.PIECE, 400]
PAUSES = [1, 5, 0, 400, 4000, -1]


def a_recording(rng: np.random.Generator, corner: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Longitudes, latitudes and times of one recording, damaged."""
    size = int(rng.choice(SIZES))
    heading = np.cumsum(rng.normal(0, rng.choice([0.02, 0.3]), size)) + rng.uniform(0, 2 * math.pi)
    stride = rng.choice([3, 8, 60, 400])
    east, north = np.cumsum(np.cos(heading)) * stride, np.cumsum(np.sin(heading)) * stride
    lon = corner[0] + east / 111_000 / math.cos(math.radians(corner[1])) + rng.normal(0, 0.01)
    lat = np.clip(corner[1] + north / 111_000 + rng.normal(0, 0.01), -90, 90)
    time = np.cumsum(rng.choice(PAUSES, size, p=[0.9, 0.06, 0.02, 0.01, 0.005, 0.005])).astype(float)
    time *= rng.choice([1, 1, 60, 100, -1])  # sparse recorders, and a clock that runs backwards
    for _ in range(rng.integers(0, 4) if size > 3 else 0):
        at = int(rng.integers(0, size))
        some = slice(at, at + int(rng.integers(1, 30)))
        damage = rng.choice(["lost", "untimed", "astray", "stands"])
        if damage == "lost":
            lon[some] = np.nan
        elif damage == "untimed":
            time[some] = np.nan
        elif damage == "astray":
            lon[some] += rng.normal(0, 0.5)
        else:
            lon[some], lat[some] = lon[at], lat[at]
    return (lon + 180) % 360 - 180, lat, time


def some_samples(rng: np.random.Generator, corner: tuple[float, float]) -> Samples:
    recordings = [a_recording(rng, corner) for _ in range(rng.integers(1, 9))]
    starts = np.concatenate([[0], np.cumsum([len(lon) for lon, _, _ in recordings])]).astype(np.int64)
    lon, lat, time = (np.concatenate(channel) for channel in zip(*recordings, strict=True))
    return Samples(lon, lat, time, starts)


def some_zones(rng: np.random.Generator, corner: tuple[float, float]) -> list[Zone]:
    zones = []
    for number in range(rng.integers(0, 5)):
        lon, lat = corner[0] + rng.normal(0, 0.03), min(89.9, corner[1] + rng.normal(0, 0.01))
        place = disc((lon + 180) % 360 - 180, lat, 120.0)
        mode = str(rng.choice([EVERYWHERE, ENDS_ONLY]))
        zones.append(Zone(number, "", place, number, cut_shapes.draw(place), mode=mode))
    return zones


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lon_a, lat_a), (lon_b, lat_b) = (tuple(map(math.radians, place)) for place in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * R * math.asin(math.sqrt(min(1.0, half)))


def meets(a: tuple[float, float], b: tuple[float, float], area: Area, margin: float) -> bool:
    """Whether the step from a to b, the short way round, meets an area grown by a margin."""
    turn = (b[0] - a[0] + 180) % 360 - 180
    count = max(2, math.ceil(metres(a, b) / 100) + 1)
    lon, lat = np.linspace(a[0], a[0] + turn, count), np.linspace(a[1], b[1], count)
    line = shapely.LineString(geodesy.to_plane(lon, lat, area.center))
    return bool(shapely.dwithin(line, shapely.buffer(area.geometry, margin) if margin else area.geometry, 0.0))


def plain_runs(samples: Samples, areas: list[Area], margin: float) -> list[tuple[int, int, int]]:
    """Activity, first and last sample of each visible run."""
    found = []
    for activity, (start, end) in enumerate(itertools.pairwise(samples.starts.tolist())):
        places = {
            k: (samples.lon[k], samples.lat[k])
            for k in range(start, end)
            if math.isfinite(samples.lon[k]) and math.isfinite(samples.lat[k])
        }
        order = list(places)
        touched = [touching(order, places, area, margin) for area in areas]
        hidden = {k for near, area in zip(touched, areas, strict=True) if not area.ends_only for k in near}
        apart = {k for k in order if not any(k in near for near in touched)}
        certain = [(a, b) for a, b in itertools.pairwise(order) if a in apart and b in apart]
        late, fell = clocks(samples.time, order, set(certain))
        took = [late[b] - late[a] for a, b in certain if math.isfinite(late[b] - late[a])]
        usual = max(0.0, statistics.median_high(took)) if took else 0.0
        steps = {
            (a, b)
            for a, b in itertools.pairwise(order)
            if not {a, b} & hidden
            and not ((a, b) in fell or late[b] < late[a] - 0.05)
            and not is_gap(places, late, a, b, usual)
        }
        hidden |= not_passed(order, places, samples.time, steps, apart, hidden, touched, areas)
        runs: list[list[int]] = []
        for k in (k for k in order if k not in hidden):
            if runs and (runs[-1][-1], k) in steps:
                runs[-1].append(k)
            else:
                runs.append([k])
        for run in runs:
            if sum(metres(places[a], places[b]) for a, b in itertools.pairwise(run)) >= cut.SHORTEST_RUN:
                found.append((activity, run[0], run[-1]))
    return found


def touching(order: list[int], places: dict[int, tuple[float, float]], area: Area, margin: float) -> set[int]:
    """Samples in an area, or whose step to a neighbour meets it."""
    near = {k for k in order if meets(places[k], places[k], area, margin)}
    for a, b in itertools.pairwise(order):
        if meets(places[a], places[b], area, margin):
            near |= {a, b}
    return near


def not_passed(
    order: list[int],
    places: dict[int, tuple[float, float]],
    time: np.ndarray,
    steps: set[tuple[int, int]],
    apart: set[int],
    hidden: set[int],
    touched: list[set[int]],
    areas: list[Area],
) -> set[int]:
    """Samples where only ends are hidden, of visits that are no passes."""
    sure = {(a, b) for a, b in steps if b == a + 1 and time[b] - time[a] < 60}
    visits = []
    for near, area in zip(touched, areas, strict=True):
        if not area.ends_only:
            continue
        of_area: list[list[int]] = []  # places in the order, from the first to the last of a visit
        for at, k in enumerate(order):
            if k not in near:
                continue
            if of_area:
                left, back = of_area[-1][-1] + 1, at - 1
                near_by = order[left] in apart and order[back] in apart
                soon = near_by and not time[order[back]] - time[order[left]] >= 60
            if of_area and (at == of_area[-1][-1] + 1 or soon):
                of_area[-1].append(at)
            else:
                of_area.append([at])
        visits += [(area, visit) for visit in of_area]
    gone: set[int] = set()
    for area, visit in visits:
        if stays(order, places, time, sure, apart, hidden, area, visit):
            gone |= {order[at] for at in visit}
    while True:
        broken = [
            visit
            for _, visit in visits
            if order[visit[0]] not in gone
            and any(order[at] in hidden | gone for at in range(visit[0] - 1, visit[-1] + 2))
        ]
        if not broken:
            return gone
        gone |= {order[at] for visit in broken for at in visit}


def stays(
    order: list[int],
    places: dict[int, tuple[float, float]],
    time: np.ndarray,
    sure: set[tuple[int, int]],
    apart: set[int],
    hidden: set[int],
    area: Area,
    visit: list[int],
) -> bool:
    """Whether a visit is broken off, or somewhere a minute long within 25 m."""
    first, last = visit[0], visit[-1]
    if first == 0 or last == len(order) - 1:
        return True
    if any((order[at], order[at + 1]) not in sure for at in range(first - 1, last + 1)):
        return True
    begin, end = first - 1, last + 1
    while begin > 0 and (order[begin - 1], order[begin]) in sure and order[begin - 1] in apart:
        begin -= 1
    while end < len(order) - 1 and (order[end], order[end + 1]) in sure and order[end + 1] in apart:
        end += 1
    begin = next(at for at in range(begin, first + 1) if time[order[at]] >= time[order[first]] - 60)
    lon, lat = np.array([places[order[at]] for at in range(begin, end + 1)]).T
    plane = geodesy.to_plane(lon, lat, area.center)
    clock = [max(time[order[k]] for k in range(begin, at + 1)) for at in range(begin, end + 1)]
    for at in range(begin, last + 1):
        later = next((k for k in range(at, end + 1) if clock[k - begin] >= clock[at - begin] + 60), None)
        if later is not None and later >= first and math.dist(plane[later - begin], plane[at - begin]) < 25:
            return True
    return False


def clocks(
    time: np.ndarray, order: list[int], steps: set[tuple[int, int]]
) -> tuple[dict[int, float], set[tuple[int, int]]]:
    """What the clock says at each position, from what is visible before it; and the steps over which it fell."""
    late, fell, end = {}, set(), None
    clock = math.nan
    for k in order:
        if (end, k) not in steps:
            clock = time[k]
        else:
            for between in range(end + 1, k + 1):
                if math.isfinite(time[between]):
                    if time[between] < clock - 0.05:
                        fell.add((end, k))
                    clock = time[between]
        late[k], end = clock, k
    return late, fell


def is_gap(places: dict[int, tuple[float, float]], late: dict[int, float], a: int, b: int, usual: float) -> bool:
    took, length = late[b] - late[a], metres(places[a], places[b])
    if abs(places[b][0] - places[a][0]) > 180:
        return True
    if not math.isfinite(took):
        return False
    if took > max(3600, 10 * usual):
        return True
    if took > max(300, 10 * usual) and length > 200:
        return True
    return length > 1000 and length / max(took, 0.5) > 100


@pytest.mark.parametrize("seed", range(60))
def test_the_same_runs_are_found_as_by_looking_at_every_sample(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corner = CORNERS[seed % len(CORNERS)]
    samples, areas = some_samples(rng, corner), cut.hidden_areas(some_zones(rng, corner))
    runs = cut.visible_runs(samples, areas)
    found = list(zip(runs.activity.tolist(), runs.first.tolist(), runs.last.tolist(), strict=True))
    # long steps are followed in pieces, here and there in others: a centimetre more or less may decide
    assert any(found == plain_runs(samples, areas, margin) for margin in (0.0, 0.01, -0.01))


def a_ride_to_and_fro(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Across a place a few times, by straight ways; here and there with a halt, a pause or something lost."""
    corners = rng.uniform(-1500, 1500, (4, 2))
    legs = [np.linspace(a, b, max(2, int(math.dist(a, b) / 22))) for a, b in itertools.pairwise(corners)]
    metres = np.concatenate(legs)
    place = Place(*CORNERS[0])
    lon, lat = place.degrees(metres).T
    time = np.arange(len(lon)) * 3.0
    damage, at = rng.choice(["none", "none", "halt", "pause", "lost", "untimed", "leap"]), int(rng.integers(len(lon)))
    if damage == "halt":
        lon, lat = (np.insert(each, at, np.full(25, each[at])) for each in (lon, lat))
        time = np.arange(len(lon)) * 3.0
    elif damage == "pause":
        time[at:] += rng.choice([50, 70, 500])
    elif damage == "lost":
        lon[at : at + 3] = np.nan
    elif damage == "untimed":
        time[at] = np.nan
    elif damage == "leap":
        lat[at] += 0.05
    return lon, lat, time


@pytest.mark.parametrize("seed", range(24))
def test_the_same_passes_are_found_as_by_looking_at_every_sample(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rides = [a_ride_to_and_fro(rng) for _ in range(3)]
    starts = np.concatenate([[0], np.cumsum([len(lon) for lon, _, _ in rides])]).astype(np.int64)
    samples = Samples(*(np.concatenate(channel) for channel in zip(*rides, strict=True)), starts)
    zones = []
    for number, mode in enumerate([ENDS_ONLY, *rng.choice([ENDS_ONLY, ENDS_ONLY, EVERYWHERE], rng.integers(0, 3))]):
        place = disc(*Place(*CORNERS[0]).degrees(rng.uniform(-900, 900, 2))[0], 60.0)
        zones.append(Zone(number, "", place, number, cut_shapes.draw(place, 100.0), mode=str(mode)))
    areas = cut.hidden_areas(zones)
    runs = cut.visible_runs(samples, areas)
    found = list(zip(runs.activity.tolist(), runs.first.tolist(), runs.last.tolist(), strict=True))
    assert any(found == plain_runs(samples, areas, margin) for margin in (0.0, 0.01, -0.01))


@pytest.mark.parametrize("seed", range(40))
def test_pieces_hold_every_step_once_and_every_position(seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = some_samples(rng, CORNERS[seed % len(CORNERS)])
    lon = np.nan_to_num(samples.lon)
    pieces = Pieces.of(Tracks(lon, samples.lat, samples.starts))
    all_of_them = np.arange(len(pieces.first))
    steps = pieces.steps(all_of_them)
    within = [k for a, b in itertools.pairwise(samples.starts.tolist()) for k in range(a, b - 1)]
    assert steps.tolist() == within
    first, end = pieces.ranges(all_of_them)
    assert [k for a, b in zip(first, end, strict=True) for k in range(a, b)] == list(range(len(lon)))
