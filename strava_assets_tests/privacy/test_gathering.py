"""Homes are found from where tracks start and end: first, once, and however the receiver behaves."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from strava_assets.archive.recordings import read_recording
from strava_assets.errors import StravaAssetsError
from strava_assets.places import as_features, ranked
from strava_assets.privacy import cut_shapes, gathering, geodesy, provisional
from strava_assets.privacy.gathering import Gathered, gathered
from strava_assets.privacy.zone_files import read_zone_file
from strava_assets.privacy.zones import Zone
from strava_assets_tests.privacy.worlds import Place

CITIES = [(7.6, 47.5), (-122.4, 37.8), (179.999, -17.0), (24.9, 69.9), (-0.0005, 51.5), (-58.4, -34.6)]


class Person:
    """Somebody who rides for a year or two: to work on weekdays, round trips at weekends, now and then elsewhere."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.city = Place(*CITIES[seed % len(CITIES)])
        self.home = self.rng.uniform(-2000, 2000, 2)
        self.work = self.home + self._away(2500, 9000)
        self.friend = self.home + self._away(700, 3000)
        self.hut = self._away(80_000, 150_000)
        self.noise = float(self.rng.choice([3.0, 8.0, 20.0]))
        self.late = float(self.rng.choice([0.0, 0.3, 0.7]))  # how often the receiver finds its satellites late
        self.streets = self.rng.uniform(0, 2 * math.pi, 3)
        self.rows: list[dict[str, Any]] = []
        day = datetime(2022, 3, 5, 7, tzinfo=UTC)
        for _ in range(int(self.rng.integers(60, 300))):
            day += timedelta(days=float(self.rng.exponential(2.5)))
            if day.weekday() < 5 and self.rng.random() < 0.6:
                self._ride(day, self.home, self.work)
                self._ride(day + timedelta(hours=9), self.work, self.home)
            elif self.rng.random() < 0.1:
                self._ride(day, self.home, self.friend)
                self._ride(day + timedelta(hours=5), self.friend, self.home)
            elif self.rng.random() < 0.1:  # driven to somewhere, once
                there = self._away(20_000, 60_000)
                self._ride(day, there, there)
            else:
                self._ride(day, self.home, self.home)
        for number in range(9):  # a holiday
            self._ride(datetime(2022, 8, 1 + number, 9, tzinfo=UTC), self.hut, self.hut)
        for number in range(40):  # a winter on the roller
            self._ride(datetime(2022, 12, 1 + number % 30, 19, tzinfo=UTC), self.hut * 3, self.hut * 3, "VirtualRide")

    def _away(self, least: float, most: float) -> np.ndarray:
        angle, distance = self.rng.uniform(0, 2 * math.pi), self.rng.uniform(least, most)
        return np.array([math.cos(angle), math.sin(angle)]) * distance

    def _ride(self, when: datetime, start: np.ndarray, end: np.ndarray, sport: str = "Ride") -> None:
        if self.rng.random() < self.late:
            angle = self.rng.choice(self.streets)
            start = start + np.array([math.cos(angle), math.sin(angle)]) * self.rng.uniform(50, 300)
        ends = self.city.degrees(np.stack([start, end]) + self.rng.normal(0, self.noise, (2, 2)))
        self.rows.append(
            {"sport_type": sport, "start_time": when, "utc_offset": 3600.0}
            | dict(zip(("first_lng", "first_lat", "last_lng", "last_lat"), ends.ravel(), strict=True))
        )

    @property
    def tracks(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows)

    def apart(self, lon: float, lat: float, place: np.ndarray) -> float:
        return float(np.hypot(*(self.city.metres(np.array([[lon, lat]]))[0] - place)))


PEOPLE = [Person(seed) for seed in range(40)]


@pytest.mark.parametrize("person", PEOPLE, ids=range(40))
def test_home_comes_first_and_once_and_is_held_by_what_is_offered(person: Person) -> None:
    places = ranked(person.tracks, [], 12)
    first = places[0]
    assert person.apart(first.lon, first.lat, person.home) < 40
    assert shapely.contains_xy(first.polygon, *person.city.degrees(person.home)[0])
    # once: whatever else is near is a place of its own, at which tracks end
    assert sum(person.apart(place.lon, place.lat, person.home) < 400 for place in places) == 1
    assert any(person.apart(place.lon, place.lat, person.work) < 60 for place in places[:3])
    assert first.tracks == max(place.tracks for place in places)
    outdoors = sum(row["sport_type"] == "Ride" for row in person.rows)
    assert first.share == first.tracks / outdoors <= 1
    assert not any(person.apart(place.lon, place.lat, person.hut * 3) < 1000 for place in places)  # virtual


def test_a_holiday_is_dated_and_counted() -> None:
    person = PEOPLE[0]
    [hut] = [p for p in ranked(person.tracks, [], 50) if person.apart(p.lon, p.lat, person.hut) < 150]
    assert (hut.tracks, str(hut.first), str(hut.last)) == (9, "2022-08-01", "2022-08-09")


def test_a_neighbour_at_whose_door_tracks_end_is_a_place_of_its_own() -> None:
    rng, city = np.random.default_rng(5), Place(7.6, 47.5)
    home = city.degrees(rng.normal(0, 8, (50, 2)))
    friend = city.degrees(rng.normal(0, 8, (20, 2)) + [300, 0])
    places = gathered(np.concatenate([home, home[:20]]), np.concatenate([home, friend]), 12)
    assert [len(place.tracks) for place in places] == [70, 20]


def ends(*groups: tuple[int, float, float]) -> np.ndarray:
    """So many ends at each place, metres east and north of the city."""
    return Place(7.6, 47.5).degrees(np.repeat([group[1:] for group in groups], [group[0] for group in groups], axis=0))


def told(places: list[Gathered]) -> list[tuple[int, int, int]]:
    return [(len(place.tracks), place.ends, place.last) for place in places]


def test_tracks_are_counted_once_and_their_ends_each() -> None:
    first, last = ends((20, 0, 0), (7, 5_000, 0)), ends((12, 0, 0), (8, 9_000, 0), (7, 5_000, 0))
    assert told(gathered(first, last, 12)) == [(20, 32, 12), (8, 8, 8), (7, 14, 7)]


@pytest.mark.parametrize("angle", range(0, 360, 45))
def test_what_is_no_farther_than_the_reach_is_there(angle: int) -> None:
    east, north = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for away, there in ((145, [(21, 42, 21)]), (155, [(20, 40, 20), (1, 2, 1)])):
        both = ends((20, 0, 0), (1, away * east, away * north))
        assert told(gathered(both, both, 12)) == there


@pytest.mark.parametrize(
    ("last", "away", "told_of_home"), [(2, 400, (68, 118, 50)), (3, 400, (50, 97, 47)), (2, 500, (50, 98, 48))]
)
def test_late_beginnings_are_the_homes_that_is_near(last: int, away: float, told_of_home: tuple[int, int, int]) -> None:
    """Of twenty tracks' ends a few streets away no more than a tenth are last ones."""
    begins = ends((50, 0, 0), (20 - last, 0, away), (last, 9_000, 0))
    finishes = ends((50 - last, 0, 0), (last, 0, away), (20, 5_000, 0))
    assert told(gathered(begins, finishes, 12))[0] == told_of_home


@pytest.mark.parametrize(("late", "expected"), [(20, [(40, 60, 20)]), (30, [(30, 30, 0), (20, 40, 20)])])
def test_a_place_is_only_taken_for_one_that_is_more_frequent(late: int, expected: list[tuple[int, int, int]]) -> None:
    begins = ends((20, 0, 0), (late, 400, 0))
    finishes = np.concatenate([ends((20, 0, 0)), ends(*((1, 5_000.0 * k, 0) for k in range(1, late + 1)))])
    assert told(gathered(begins, finishes, 50))[: len(expected)] == expected


def test_of_two_places_with_as_many_tracks_the_one_with_more_ends_comes_first() -> None:
    first, last = ends((9, 0, 0), (9, 5_000, 0)), ends((9, 9_000, 0), (9, 5_000, 0))
    for places in (gathered(first, last, 12), gathered(first[::-1], last[::-1], 12)):
        assert told(places)[0] == (9, 18, 9)
        assert sorted(told(places)[1:]) == [(9, 9, 0), (9, 9, 9)]


def test_the_middle_lies_where_ends_are_densest_and_not_between_two_places() -> None:
    rng, city = np.random.default_rng(3), Place(7.6, 47.5)
    home, friend = rng.normal(0, 20, (50, 2)), rng.normal(0, 20, (40, 2)) + [110, 0]
    both = city.degrees(np.concatenate([home, friend]))
    [lon, lat] = gathered(both, both, 12)[0].center
    assert np.hypot(*city.metres(np.array([[lon, lat]]))[0]) < 12


@pytest.mark.parametrize("city", [*CITIES, (10.0, 0.0), (-180.0, 89.5), (0.0, -88.0)])
def test_ends_are_counted_with_all_that_are_near_and_none_that_are_far(city: tuple[float, float]) -> None:
    """Within two cells of fifty metres in any direction; never farther than across three of each."""
    rng, place = np.random.default_rng(8), Place(*city)
    metres = rng.uniform(-400, 400, (300, 2))
    lon, lat = place.degrees(metres).T
    lon = geodesy.unwrap(lon)
    cells, of_cell, around = gathering._cells(lon, lat)
    assert around.shape == (cells, 25)
    counted = np.array([np.isin(of_cell, around[cell]) for cell in of_cell])
    apart = np.array([gathering._distances(lon, lat, here) for here in zip(lon, lat, strict=True)])
    assert counted[apart < 70].all()
    assert not counted[apart > 230].any()
    assert all(len(set(row[row < cells])) == (row < cells).sum() for row in around)  # each cell once


@pytest.mark.parametrize("count", [1, 2, 5])
def test_where_there_are_tracks_there_is_a_place(count: int) -> None:
    ends = np.column_stack([np.linspace(-180, 179.9, count), np.linspace(-89.9, 90, count)])
    places = gathered(ends, ends[::-1], 12)
    assert len(places) == count
    assert all(len(place.tracks) >= 1 for place in places)
    assert gathered(ends[:0], ends[:0], 12) == []


def test_no_more_places_are_given_than_are_asked_for_and_the_most_frequent_are_not_left_out() -> None:
    rng, city = np.random.default_rng(1), Place(7.6, 47.5)
    once = city.degrees(rng.uniform(-90_000, 90_000, (3000, 2)))
    often = city.degrees(rng.normal(0, 10, (40, 2)) + [3000, 3000])
    places = gathered(np.concatenate([once, often]), np.concatenate([once, often]), 5)
    assert len(places) == 5
    assert len(places[0].tracks) >= 40


def is_held(polygon: shapely.Geometry, zones: list[Zone]) -> bool:
    return any(cut_shapes.holds(zone.shape, polygon) for zone in zones if shapely.intersects(zone.geometry, polygon))


@pytest.mark.parametrize("person", PEOPLE[:12], ids=range(12))
def test_what_is_offered_where_a_place_is_hidden_already_is_held_by_its_shape(person: Person, tmp_path: Path) -> None:
    ends = person.tracks[person.tracks["sport_type"] == "Ride"]
    every = np.concatenate([ends[["first_lng", "first_lat"]].to_numpy(), ends[["last_lng", "last_lat"]].to_numpy()])
    discs = provisional.missing_places(every, [])
    zones = []
    for number, group in enumerate(cut_shapes.overlapping([disc.geometry for disc in discs])):
        shape = cut_shapes.draw(shapely.union_all([discs[k].geometry for k in group]))
        zones += [Zone(k, "", discs[k].geometry, number, shape, "provisional") for k in group]
    places = ranked(person.tracks, zones, 12)
    assert all(place.zone is not None and place.zone.origin == "provisional" for place in places)
    assert all(
        is_held(place.polygon, zones) and shapely.contains_xy(place.polygon, place.lon, place.lat) for place in places
    )
    # and so it is read again from the file
    (tmp_path / "places.geojson").write_text(as_features(places))
    read = read_zone_file(tmp_path / "places.geojson")
    assert len(read) == len(places)
    assert all(is_held(zone.geometry, zones) for zone in read)


def test_without_a_track_outdoors_there_is_nothing_to_draw() -> None:
    nowhere = PEOPLE[0].tracks.assign(first_lng=None, first_lat=None, last_lng=None, last_lat=None)
    virtual = PEOPLE[0].tracks.assign(sport_type="VirtualRun")
    assert ranked(None, [], 12) == ranked(nowhere, [], 12) == ranked(virtual, [], 12) == []


def test_on_real_tracks_every_end_is_near_a_place_that_is_shown(real_data: Path) -> None:
    rows = []
    for file in sorted(real_data.rglob("*")):
        if file.suffix.lower() not in (".gpx", ".tcx", ".fit"):
            continue
        try:
            table = read_recording(file.read_bytes(), file.name).table
        except StravaAssetsError:
            continue
        if not {"lat", "lng"} <= set(table.column_names):
            continue
        known = table.select(["lng", "lat"]).to_pandas().dropna().to_numpy()
        if len(known):
            rows.append(np.concatenate([known[0], known[-1]]))
        if len(rows) == 60:
            break
    ends = np.array(rows)
    assert len(ends) >= 30
    places = gathered(ends[:, :2], ends[:, 2:], len(ends) * 2)
    counts = [len(place.tracks) for place in places]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 3  # people do come home
    assert set(np.concatenate([place.tracks for place in places])) == set(range(len(ends)))
