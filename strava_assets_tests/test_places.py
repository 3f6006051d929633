"""Who has taken over from the provisional zones: no athlete does for another."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from strava_assets.installation import Installation
from strava_assets.places import cover_tables, may_find_places
from strava_assets.privacy import cut_shapes, zone_store
from strava_assets.privacy.zones import DrawnZone, Zone
from strava_assets.schema import ACTIVITIES
from strava_assets.tables import encode, key_of
from strava_assets_tests.conftest import HOME
from strava_assets_tests.privacy.worlds import circle

ADA, BEN = 1, 2


@pytest.fixture
def shared(installation: Installation) -> Installation:
    """Ada and Ben; Ada's home is drawn."""
    with installation.database.transaction() as connection:
        for name in ("Ada", "Ben"):
            connection.execute("insert into strava.athlete (name) values (%s)", (name,))
    assert sorted(installation.athletes()) == [ADA, BEN]
    zone_store.put(installation.database, [drawn(0)])
    return installation


def drawn(east: float) -> DrawnZone:
    return DrawnZone("", HOME.polygon(circle(100, center=(east, 0.0))))


def tracks(*ends: tuple[int, float, float]) -> pa.Table:
    """Of these athletes, each from and to so many metres east of home."""
    rows = []
    for athlete, *along in ends:
        (lon, lat), (last_lon, last_lat) = HOME.degrees(np.array([(east, 0.0) for east in along]))
        rows.append(
            {"athlete_id": athlete, "first_lng": lon, "first_lat": lat, "last_lng": last_lon, "last_lat": last_lat}
        )
    return pa.Table.from_pylist(rows, schema=ACTIVITIES)


def hold(zones: list[Zone], east: float) -> bool:
    [[lon, lat]] = HOME.degrees(np.array([(east, 0.0)]))
    return any(shapely.contains_xy(zone.geometry, lon, lat) for zone in zones)


def test_whose_home_nobody_has_drawn_is_hidden_whatever_another_athlete_drew(shared: Installation) -> None:
    found = cover_tables(shared, [tracks((ADA, 0, 9000), (BEN, 20_000, 30_000))])
    assert [hold(found, east) for east in (0, 9000, 20_000, 30_000)] == [False, False, True, True]
    assert {zone.origin for zone in found} == {"provisional"}


def test_a_place_that_overlaps_what_another_athlete_drew_is_cut_by_the_same_shape(shared: Installation) -> None:
    """Two draws around what may be one home would tell where it is."""
    [adas] = zone_store.in_force(shared.database)
    [found] = cover_tables(shared, [tracks((BEN, 150, 150))])
    now = zone_store.in_force(shared.database)
    assert [(zone.origin, zone.geometry) for zone in now] == [("drawn", adas.geometry), ("provisional", found.geometry)]
    assert len({zone.shape_id for zone in now}) == 1
    assert all(cut_shapes.holds(zone.shape, zone.geometry) for zone in now)


def test_an_athlete_has_taken_over_when_a_zone_holds_an_end_of_any_month(shared: Installation) -> None:
    shared.store.write(key_of("activities", "2024-03"), encode(tracks((BEN, 20_000, 30_000))))
    zone_store.put(shared.database, [drawn(30_000)])
    assert cover_tables(shared, [tracks((BEN, 40_000, 50_000))]) == []
    assert cover_tables(shared, []) == []


def test_an_athlete_who_is_alone_has_taken_over_with_any_zone(installation: Installation) -> None:
    with installation.database.transaction() as connection:
        connection.execute("insert into strava.athlete (name) values ('Ada')")
    zone_store.put(installation.database, [drawn(0)])
    assert cover_tables(installation, [tracks((ADA, 20_000, 30_000))]) == []


def test_only_where_one_athlete_drew_a_zone_no_run_finds_places(installation: Installation) -> None:
    assert may_find_places(installation)
    zone_store.put(installation.database, [drawn(0)])
    assert not may_find_places(installation)
    assert cover_tables(installation, [tracks((ADA, 20_000, 30_000))]) == []


def test_where_there_are_several_a_run_may_find_places(shared: Installation) -> None:
    assert may_find_places(shared)
