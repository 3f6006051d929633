"""Speed and grade that no source has: from visible samples alone, and never across what is hidden."""

from __future__ import annotations

import numpy as np
import pytest

from strava_assets.privacy import cut, figures
from strava_assets.privacy.cut import Samples
from strava_assets_tests.privacy.test_cut import HOME, straight, zone
from strava_assets_tests.privacy.worlds import circle

TRACK = straight(HOME, (-3000, 0), (3000, 0), 5.0)
COUNT = len(TRACK)
NONE = np.full(COUNT, np.nan)


def derived(altitude: np.ndarray, zones: list, **own: np.ndarray) -> tuple[figures.VisibleSamples, dict]:
    samples = Samples(TRACK[:, 0], TRACK[:, 1], np.arange(COUNT) * 1.0, np.array([0, COUNT]))
    runs = cut.visible_runs(samples, cut.hidden_areas(zones))
    visible = figures.rebased(samples, runs, NONE)
    channels = {"velocity_smooth": NONE, "grade_smooth": NONE, "altitude": altitude, **own}
    return visible, figures.derived(visible, channels, runs.activity[visible.run])


def test_an_even_slope_at_an_even_pace_is_told_as_such() -> None:
    _, made = derived(np.arange(COUNT) * 5.0 * 0.04, [])
    np.testing.assert_allclose(made["grade_smooth"], 4.0, atol=0.1)
    np.testing.assert_allclose(made["velocity_smooth"][:-5], 5.0, atol=0.1)


def test_a_wall_is_as_steep_as_strava_would_say() -> None:
    _, made = derived(np.where(np.arange(COUNT) > 500, 900.0, 0.0), [])
    assert np.nanmax(made["grade_smooth"]) == 50.0


def test_what_the_source_has_stays() -> None:
    own = np.where(np.arange(COUNT) % 2, 3.0, np.nan)
    _, made = derived(np.arange(COUNT) * 1.0, [], grade_smooth=own, velocity_smooth=own)
    np.testing.assert_array_equal(made["grade_smooth"], own)
    np.testing.assert_array_equal(made["velocity_smooth"], own)


def test_without_an_altitude_there_is_no_grade() -> None:
    _, made = derived(NONE, [])
    assert np.isnan(made["grade_smooth"]).all()


@pytest.mark.parametrize("hidden_height", [0.0, 4000.0])
def test_altitudes_inside_the_cut_change_no_grade_outside(hidden_height: float) -> None:
    """I4: the smoothing never looks across the cut."""
    home = zone(HOME, circle(150))
    profile = np.sin(np.arange(COUNT) / 40) * 30
    visible, made = derived(profile, [home])
    hidden = np.setdiff1d(np.arange(COUNT), visible.index)
    assert len(np.unique(visible.run)) == 2
    assert len(hidden) > 50
    other = profile.copy()
    other[hidden] = hidden_height
    changed = derived(other, [home])[1]
    assert changed["grade_smooth"].tobytes() == made["grade_smooth"].tobytes()
    assert np.isfinite(made["grade_smooth"]).all()


def test_samples_exactly_as_far_away_as_the_grade_reaches_count_in_any_company() -> None:
    """I12: what is summed up to find a neighbour must not be rounded by how many runs came before."""
    chance = np.random.default_rng(3)
    distance, altitude = np.arange(2000) / 10, chance.uniform(0, 50, 2000)

    def grades(before: int) -> np.ndarray:
        count = before + len(distance)
        run = np.append(np.arange(before), np.full(len(distance), before))
        visible = figures.VisibleSamples(
            np.arange(count), run, np.arange(count) * 1.0, np.append(np.zeros(before), distance), np.zeros(before + 1)
        )
        channels = {name: np.full(count, np.nan) for name in ("velocity_smooth", "grade_smooth")}
        channels["altitude"] = np.append(np.zeros(before), altitude)
        return figures.derived(visible, channels, run)["grade_smooth"][before:]

    alone = grades(0)
    assert all(grades(before).tobytes() == alone.tobytes() for before in (1, 2, 7, 1000))
