"""Every attack finds homes where a publisher leaks: else its failure on our files would say nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strava_assets_tests.attacks import builds, circles, clocks, hidden_distance, ways_out
from strava_assets_tests.attacks.conftest import seeded
from strava_assets_tests.attacks.people import Person, simulate
from strava_assets_tests.attacks.publishers import Leaks, Leaky, drawn, edge, leaky, stacked, views
from strava_assets_tests.attacks.statistics import errors, share_found

#: The whole ride's distance as it is, and as others round it.
WHOLE, ROUNDED = (lambda metres: metres), (lambda metres: round(metres, -3))


@pytest.fixture(scope="module")
def some(people: list[Person]) -> list[Person]:
    """As many as it takes to see that something works, one of each city."""
    return people[::4]


@pytest.fixture(scope="module")
def cut_at_the_edge(some: list[Person]) -> Leaky:
    return leaky(some, edge)


def test_a_circle_through_the_ends_is_the_drawn_zone(some: list[Person], cut_at_the_edge: Leaky) -> None:
    """A zone that is cut as it was drawn is found, even if there is only the map."""
    seen = views(some, cut_at_the_edge.public(Leaks(csvs=False)))
    places = [person.middle for person in some]
    assert share_found(errors([circles.hole(view).center for view in seen], places)) > 0.9
    known = [circles.hole(view, person.radius + 30) for view, person in zip(seen, some, strict=True)]
    assert share_found(errors([circle.center for circle in known], places)) > 0.4
    middles = [circles.center_of_the_hole(view, circles.hole(view)) for view in seen]
    assert share_found(errors(middles, places)) > 0.4


@pytest.mark.parametrize(("leaks", "by_map", "without"), [
    (Leaks(totals=WHOLE), 0.6, 0.3),
    (Leaks(totals=WHOLE, csvs=False), 0.5, 0.3),
    (Leaks(totals=ROUNDED), 0.3, 0.1),
    (Leaks(speed=True), 0.6, 0.3),
    (Leaks(rows=frozenset({"distance"})), 0.6, 0.3),
    (Leaks(rows=frozenset({"time"})), 0.5, 0.2),
    (Leaks(summaries=True), 0.15, 0.1),
], ids=["totals", "no CSV", "rounded totals", "average speed", "rows' distance", "rows' time", "weeks"])  # fmt: skip
def test_a_hidden_distance_that_is_told_leads_home(
    some: list[Person], cut_at_the_edge: Leaky, leaks: Leaks, by_map: float, without: float
) -> None:
    seen = views(some, cut_at_the_edge.public(leaks))
    homes = [person.home for person in some]
    on_streets = [hidden_distance.guess(view, person.city) for view, person in zip(seen, some, strict=True)]
    assert share_found(errors(on_streets, homes)) > by_map
    assert share_found(errors([hidden_distance.guess(view) for view in seen], homes)) > without


def test_a_shape_that_is_drawn_for_every_build_averages_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("strava_assets.privacy.cut_shapes.secrets", seeded())
    some = simulate(6, seed=3, rides=(12, 14))
    snapshots = [views(some, leaky(some, drawn).public(Leaks(csvs=False))) for _ in range(16)]
    versions, places = stacked(snapshots), [person.middle for person in some]
    assert all(len(builds.circles_seen(own)) > 8 for own in versions)
    assert share_found(errors([builds.by_mean(own) for own in versions], places)) >= 0.5
    assert share_found(errors([builds.by_intersection(own) for own in versions], places)) >= 0.5


def test_bodies_and_devices_tell_the_hidden_minutes(monkeypatch: pytest.MonkeyPatch, some: list[Person]) -> None:
    """Even behind a shape like ours, if the first visible minutes are published as they were recorded."""
    monkeypatch.setattr("strava_assets.privacy.cut_shapes.secrets", seeded())
    seen = views(some, leaky(some, drawn).public(Leaks()))
    homes = [person.home for person in some]
    for channel in clocks.CLOCKS:
        wrong = errors([clocks.guess(v, p.city, channel) for v, p in zip(seen, some, strict=True)], homes)
        # chance brings one in nine this near
        assert (wrong < 100).mean() > 0.5


def test_who_never_takes_a_longer_way_is_found_by_the_ways(some: list[Person]) -> None:
    always_the_shortest = simulate(8, seed=5, radius=(100.0, 130.0), habits=0.0)
    seen = views(always_the_shortest, leaky(always_the_shortest, edge).public(Leaks()))
    guesses = [ways_out.ranked(v, p.city).mean(0.5) for v, p in zip(seen, always_the_shortest, strict=True)]
    assert share_found(errors(guesses, [person.home for person in always_the_shortest])) > 0.5


def test_leaks_are_all_that_differs(some: list[Person], cut_at_the_edge: Leaky) -> None:
    """A publisher that keeps nothing tells no hidden distance, wherever it cuts."""
    told = views(some[:4], cut_at_the_edge.public(Leaks())[:4])
    assert max(hidden_distance.hidden_metres(view) for view in told) < 5.0
    kept = views(some[:4], cut_at_the_edge.public(replace(Leaks(), totals=WHOLE))[:4])
    assert min(hidden_distance.hidden_metres(view) for view in kept) > 100.0
