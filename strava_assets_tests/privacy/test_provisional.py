"""Ends of tracks within a hundred metres are one place, in every direction and wherever on Earth."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from strava_assets.privacy import cut_shapes, geodesy
from strava_assets.privacy.provisional import missing_places
from strava_assets.privacy.zones import Zone, disc
from strava_assets_tests.privacy.worlds import Place, circle

PLACES = [Place(7.6, 0.0), Place(7.6, 60.0), Place(179.9999, -45.0), Place(15.6, 80.0)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bearing", range(0, 360, 45))
def test_who_ends_farther_away_ends_elsewhere(place: Place, bearing: int) -> None:
    way = np.array([np.sin(np.radians(bearing)), np.cos(np.radians(bearing))])
    for metres, places in ((50, 1), (98, 1), (101, 2), (5_000, 2)):
        ends = place.degrees(np.array([(0.0, 0.0), *(way * metres)[None]]))
        assert len(missing_places(ends, [])) == places, metres
        assert len(missing_places(np.concatenate([ends, ends, [[np.nan, np.nan]]]), [])) == places


def test_nobody_ends_anywhere() -> None:
    assert missing_places(np.empty((0, 2)), []) == []
    assert missing_places(np.array([[np.nan, 47.5]]), []) == []


def known(geometry: shapely.Geometry, origin: str) -> Zone:
    return Zone(1, "", geometry, 1, cut_shapes.CutShape((0.0, 0.0), shapely.Point()), origin=origin)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("origin", "reach"), [("provisional", 100), ("drawn", 100), ("lifted", 200)])
def test_around_what_is_known_nothing_is_found_again(place: Place, origin: str, reach: float) -> None:
    """Around what was lifted a hundred metres farther: the owner has said that nothing is hidden there."""
    zone = known(disc(place.lon, place.lat, 100.0), origin)
    around = [place.degrees(circle(radius, 24)) for radius in (0.5 * reach, reach - 3, reach + 3)]
    assert missing_places(np.concatenate(around[:2]), [zone]) == []
    for end in around[2]:
        found = missing_places(np.concatenate([*around[:2], end[None]]), [zone])
        assert [geodesy.middle(new.geometry) for new in found] == [pytest.approx(tuple(end), abs=1e-4)]
        assert [new.name for new in found] == [""]


def test_places_that_are_known_far_apart_are_each_left_out_and_one_between_is_found() -> None:
    place = Place(7.6, 47.5)
    ends = place.degrees(np.column_stack([[0.0, 4_000.0, 8_000.0], np.zeros(3)]))
    zones = [known(disc(*ends[number], 100.0), origin) for number, origin in ((0, "provisional"), (2, "lifted"))]
    for order in (zones, zones[::-1]):
        [found] = missing_places(ends, order)
        assert shapely.contains_xy(found.geometry, *ends[1])
    assert missing_places(ends[[0, 2]], zones) == missing_places(ends[[0]], zones) == []


def test_a_long_place_is_left_out_to_its_far_ends() -> None:
    """Its vertices' middle lies in one of them, as most of them do."""
    place = Place(7.6, 47.5)
    corners = np.concatenate([[(4_000.0, -50.0), (4_000.0, 50.0)], circle(50, 12)[3:10]])
    street = known(place.polygon(corners), "drawn")
    inside, beyond = place.degrees(np.array([(3_950.0, 0.0)])), place.degrees(np.array([(4_110.0, 0.0)]))
    assert missing_places(inside, [street]) == []
    assert len(missing_places(beyond, [street])) == 1
