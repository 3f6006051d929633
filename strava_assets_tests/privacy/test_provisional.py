"""Ends of tracks within a hundred metres are one place, in every direction and wherever on Earth."""

from __future__ import annotations

import numpy as np
import pytest

from strava_assets.privacy.provisional import missing_places
from strava_assets_tests.privacy.worlds import Place


@pytest.mark.parametrize("place", [Place(7.6, 0.0), Place(7.6, 60.0), Place(179.9999, -45.0), Place(15.6, 80.0)])
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
