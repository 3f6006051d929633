"""On our files no attack finds more than chance allows, and none beats the middle of the hole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from strava_assets_tests.attacks import builds, circles, hidden_distance, publishers
from strava_assets_tests.attacks.everything import ATTACKS
from strava_assets_tests.attacks.people import Person, simulate
from strava_assets_tests.attacks.public_files import Floats, View
from strava_assets_tests.attacks.publishers import stacked, views
from strava_assets_tests.attacks.statistics import (
    errors,
    found_no_more_often_than_by_chance,
    no_nearer_than,
)


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_beats_the_middle_of_the_hole(
    people: list[Person], seen: list[View], centers: list[Floats], name: str
) -> None:
    homes = [person.home for person in people]
    wrong = errors([ATTACKS[name](view, person) for view, person in zip(seen, people, strict=True)], homes)
    assert found_no_more_often_than_by_chance(wrong, 300.0), f"{(wrong < 50).sum()} of {len(wrong)} found"
    assert no_nearer_than(wrong, errors(centers, homes)), f"median {np.median(wrong):.0f} m"


def test_no_number_tells_a_hidden_distance(seen: list[View]) -> None:
    assert max(hidden_distance.hidden_metres(view) for view in seen) < 25.0


def test_the_circle_tells_the_middle_of_the_hole_and_no_more(seen: list[View], centers: list[Floats]) -> None:
    """The attack is as sharp as ever: it is the shape that is somewhere else."""
    assert np.median(errors([circles.hole(view).center for view in seen], centers)) < 15.0


def test_a_secret_that_nobody_chose_holds_as_well(
    people: list[Person], world_of: Callable[..., publishers.World]
) -> None:
    """The same with the system's own source: wrong less than once in a million runs."""
    few_rides = [publishers.with_rides(person, 5) for person in people]
    with world_of(few_rides) as world:
        publishers.draw_zones(world)
        world.publish()
        seen, centers = views(few_rides, world.public()), world.centers()
    for truth in ([person.home for person in people], [person.middle for person in people]):
        wrong = errors([circles.hole(view).center for view in seen], truth)
        assert found_no_more_often_than_by_chance(wrong, 300.0)
        assert no_nearer_than(wrong, errors(centers, truth))


def test_no_build_tells_more_than_the_first(
    world_of: Callable[..., publishers.World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rides arrive one by one, everything is made again by a newer program, zones are renamed, removed, drawn again."""
    some = simulate(6, seed=2, rides=(16, 16))
    with world_of(some) as world:
        publishers.draw_zones(world)
        snapshots = []
        for rides in (9, 12, 16):
            world.publish(lambda number, rides=rides: number < rides)
            snapshots.append(world.public())
        for change in (
            lambda: monkeypatch.setattr("strava_assets.privacy.masked.VERSION", "next"),
            lambda: publishers.rename_zones(world),
            lambda: publishers.draw_zones_again(world),
        ):
            change()
            world.publish()
            snapshots.append(world.public())
    versions = stacked([views(some, snapshot) for snapshot in snapshots])
    assert [len(builds.circles_seen(own)) for own in versions] == [1] * len(some)
    # nothing that one version hid was shown by another
    for own in versions:
        last = builds.circles_seen(own[-1:])[0]
        for view in own:
            assert not any(last.holds(part, slack=-60.0).any() for ride in view.rides for part in ride.parts)


def test_drawing_a_zone_tells_no_more_than_the_provisional_one_did(world_of: Callable[..., publishers.World]) -> None:
    some = simulate(6, seed=4, rides=(16, 16), radius=(60.0, 80.0))
    with world_of(some) as world:
        world.cover_ends()
        world.publish()
        first = world.public()
        publishers.draw_zones(world)
        world.publish()
        second = world.public()
    versions = stacked([views(some, snapshot) for snapshot in (first, second)])
    assert [len(builds.circles_seen(own)) for own in versions] == [1] * len(some)
