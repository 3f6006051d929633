"""Strava down, or in trouble with one ride: events wait, none is lost, and none holds up another."""

from __future__ import annotations

import pytest

from strava_assets.strava.account import list_everyone
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import drained, events, later, row_of, tell


def hours_pass(world: World, hours: float) -> None:
    """What waits was told of that much earlier, and is due."""
    world.sql(
        "update strava.webhook_event "
        "set received_at = received_at - make_interval(secs => %s), next_attempt_at = now()",
        hours * 3600,
    )


def waits(world: World) -> list[int]:
    """Seconds that each event waits from now."""
    rows = world.sql("select next_attempt_at - now() as wait from strava.webhook_event order by id")
    return [round(row["wait"].total_seconds()) for row in rows]


def two_rides_hidden(world: World) -> tuple[int, int]:
    """Their numbers; their events came in this order."""
    first, second = (
        row["strava_id"]
        for row in world.sql("select * from strava.activity where visibility = 'everyone' order by id limit 2")
    )
    for number in (first, second):
        world.control("hide", id=number, push=False)
        tell(world, "update", number, updates={"private": "true"})
    return first, second


def hidden(world: World, number: int) -> bool:
    row = row_of(world, number)
    assert row is not None
    return bool(row["visibility"] == "only_me")


@pytest.fixture
def hasty(told: World, no_pauses: None) -> World:
    """The same, and a read that fails is tried again at once."""
    return told


@pytest.mark.parametrize("status", [500, 503, 403])
def test_a_long_outage_loses_no_hide_event_and_counts_no_attempt(hasty: World, status: int) -> None:
    numbers = two_rides_hidden(hasty)
    hasty.control("fail", calls=1000, status=status)
    pauses = []
    for hours in (0, 0.1, 0.3, 2, 20, 10):  # more than a day in the end
        hours_pass(hasty, hours)
        before = len(hasty.requests(""))
        report = drained(hasty)
        assert (report.handled, report.deferred) == ([], 2)
        assert report.reads == len(hasty.requests("")) - before
        first, second = waits(hasty)
        assert first == second
        pauses.append(first)
    assert pauses == pytest.approx([5, 90, 360, 900, 900, 900], abs=5)
    assert [(row["state"], row["attempts"]) for row in events(hasty)] == [("pending", 0)] * 2
    hasty.control("fail", calls=0)
    later(hasty)
    assert drained(hasty).outcomes == {"looked again": 2}
    assert all(hidden(hasty, number) for number in numbers)


@pytest.mark.parametrize("status", [500, 503, 403])
def test_a_ride_that_strava_never_gives_holds_up_no_other(hasty: World, status: int) -> None:
    broken, other = two_rides_hidden(hasty)
    tell(hasty, "update", broken, updates={"title": "another"})
    hasty.control("fail", calls=1000, status=status, path=f"/activities/{broken}")
    report = drained(hasty)
    assert (report.outcomes, report.deferred) == ({"looked again": 1}, 2)
    assert hidden(hasty, other)
    assert f"activity {broken}" in report.reason
    assert [row["attempts"] for row in events(hasty)] == [1, 0, 1]
    pauses = []
    for _ in range(12):
        later(hasty)
        drained(hasty)
        pauses.append(waits(hasty)[0])
    assert pauses == pytest.approx([10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600], abs=3)
    hasty.control("fail", calls=0)
    later(hasty)
    assert drained(hasty).outcomes == {"looked again": 2}
    assert hidden(hasty, broken)


def test_a_ride_that_strava_never_gives_is_given_up_after_a_day_of_asking(hasty: World) -> None:
    broken, _ = two_rides_hidden(hasty)
    hasty.control("fail", calls=1000, status=403, path=f"/activities/{broken}")
    hours_pass(hasty, 25)  # of an outage, say: that it is old is not enough
    for _ in range(6):
        assert drained(hasty).deferred == 1
        later(hasty)
    (outcome,) = drained(hasty).outcomes
    assert outcome.startswith("given up after a day, the reconcile lists it: Strava forbids")
    assert not hidden(hasty, broken)
    list_everyone(hasty.settings, hasty.database, None, None)
    assert hidden(hasty, broken)


def test_strava_is_asked_once_a_drain_whether_it_answers(hasty: World) -> None:
    for number in two_rides_hidden(hasty):
        hasty.control("fail", calls=1000, status=500, path=f"/activities/{number}")
    asked = [entry["path"] for entry in hasty.requests("")]
    report = drained(hasty)
    paths = [entry["path"] for entry in hasty.requests("")][len(asked) :]
    assert (report.deferred, report.reads, len(paths)) == (2, 3, 3)
    assert sum(path.endswith("/athlete") for path in paths) == 1


def test_a_ride_in_trouble_for_long_makes_no_outage_longer(hasty: World) -> None:
    broken, other = two_rides_hidden(hasty)
    hasty.sql(
        "update strava.webhook_event set attempts = 9, received_at = now() - interval '9 hours' where object_id = %s",
        broken,
    )
    hasty.control("fail", calls=1000, status=500)
    drained(hasty)
    assert waits(hasty) == pytest.approx([5, 5], abs=3)
    hasty.sql("delete from strava.webhook_event where object_id = %s", other)
    later(hasty)
    drained(hasty)
    assert waits(hasty) == pytest.approx([900], abs=3)


@pytest.mark.parametrize(("status", "told_of"), [(429, "Strava's rate limit is spent"), (401, "connect again")])
def test_what_the_question_brings_to_light_counts(hasty: World, status: int, told_of: str) -> None:
    broken, _ = two_rides_hidden(hasty)
    hasty.control("fail", calls=1000, status=500, path=f"/activities/{broken}")
    hasty.control("fail", calls=1000, status=status, path="/athlete")
    drained(hasty)
    (event, other) = events(hasty)
    assert told_of in event["outcome"]
    assert (event["state"], event["attempts"]) == ("pending", 0)
    assert (other["state"] == "done") == (status == 401)


def test_trouble_of_another_kind_takes_no_time_from_a_ride_that_is_to_appear(hasty: World) -> None:
    tell(hasty, "create", 987654321)
    hasty.control("fail", calls=5, status=500, path="/activities/987654321")
    for _ in range(5):
        drained(hasty)
        later(hasty)
    drained(hasty)
    assert waits(hasty) == pytest.approx([60], abs=3)
