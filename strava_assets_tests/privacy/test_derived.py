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


def of_two(distance: list[float], time: list[float], **own: list[float]) -> dict[str, np.ndarray]:
    """What is derived of one run of one activity, by its distances (m) and times (s); before it goes another one's."""
    count = len(distance) + 2
    visible = figures.VisibleSamples(
        np.arange(count), np.array([0, 0] + [1] * len(distance)), np.array([0.0, 1.0, *time]),
        np.array([0.0, 5.0, *distance]), np.zeros(2),
    )  # fmt: skip
    none = [np.nan] * len(distance)
    names = ("velocity_smooth", "grade_smooth", "altitude")
    channels = {name: np.array([3.0, 3.0, *own.get(name, none)]) for name in names}
    made = figures.derived(visible, channels, np.array([0, 0] + [1] * len(distance)))
    assert made["velocity_smooth"][:2].tolist() == made["grade_smooth"][:2].tolist() == [3.0, 3.0]
    return {name: values[2:] for name, values in made.items()}


def test_speed_is_that_of_the_next_five_samples_and_of_fewer_at_the_end() -> None:
    """Also beside an activity whose source has its own; over three seconds or less nobody knows."""
    distance = [0, 1, 3, 6, 10, 15, 21, 28, 36]
    made = of_two(distance, [float(second) for second in range(9)])["velocity_smooth"]
    np.testing.assert_allclose(made, [3.0, 4.0, 5.0, 6.0, 6.5, *[np.nan] * 4])
    made = of_two(distance, [second * 0.75 for second in range(9)])["velocity_smooth"]  # four samples take 3 s
    np.testing.assert_allclose(made, [value / 0.75 for value in (3.0, 4.0, 5.0, 6.0)] + [np.nan] * 5)


def test_who_stands_or_hardly_moves_has_a_speed_too() -> None:
    standing = of_two([0, 0, 0, 0, 0, 0, 2, 2, 2], [float(second) for second in range(9)])["velocity_smooth"]
    np.testing.assert_allclose(standing, [0.0, 0.4, 0.4, 0.4, 0.5, *[np.nan] * 4])


def test_grade_is_that_of_the_profile_between_25_m_behind_and_25_m_ahead() -> None:
    """Those exactly as far away included, and those a tenth farther not; also beside an activity that has its own."""
    time = [float(second) for second in range(6)]
    height = [100.0, 101.0, 103.0, 102.0, 100.0, 100.0]
    made = of_two([0, 25, 50, 75, 100, 125], time, altitude=height)["grade_smooth"]
    np.testing.assert_allclose(made, [4.0, 6.0, 2.0, -6.0, -4.0, 0.0])
    made = of_two([0, 25.1, 50.2, 75.3, 100.4, 125.5], time, altitude=height)["grade_smooth"]
    assert np.isnan(made).all()


def test_a_grade_needs_twelve_and_a_half_metres_and_is_no_steeper_than_half() -> None:
    time = [0.0, 1.0]
    assert of_two([0, 12.5], time, altitude=[0.0, 1.0])["grade_smooth"].tolist() == [8.0, 8.0]
    assert np.isnan(of_two([0, 12.4], time, altitude=[0.0, 1.0])["grade_smooth"]).all()
    for cliff in (900.0, -900.0):
        steep = of_two([0, 20], time, altitude=[0.0, cliff])["grade_smooth"]
        assert steep.tolist() == [np.copysign(50.0, cliff)] * 2
