"""Out of order, twice, late, false or not at all: events end in the state that the API shows."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from strava_assets.strava import landing
from strava_assets.strava.account import drain_events, land, list_everyone
from strava_assets.strava.client import StravaClient
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import a_ride, drained, events, later, row_of, tell

ORDERS = [
    ("create", "delete"),
    ("delete", "create"),
    ("update", "create", "delete"),
    ("delete", "delete", "update", "create"),
]


@pytest.mark.parametrize("batches", [1, 9])
def test_in_whatever_order_a_deleted_ride_is_gone_and_another_is_there(told: World, batches: int) -> None:
    for order, (exists, moment) in itertools.product(ORDERS, [(True, 1), (False, 2)]):
        ride = a_ride(told)["strava_id"] if exists else told.control("add", push=False)["id"]
        lost = told.control("add", push=False)["id"]
        told.control("delete", id=lost, push=False)
        for count, aspect in enumerate(order):
            tell(told, aspect, ride, event_time=int(time.time()) - count - moment)
            tell(told, aspect, lost, event_time=int(time.time()) - count - moment)
            if batches > 1:
                drained(told)
        drained(told)
        kept = row_of(told, ride)
        assert kept is not None
        assert kept["state"] != "gone"
        assert row_of(told, lost) is None
    assert {row["state"] for row in events(told)} <= {"done", "pending"}


def test_three_creates_are_one_read_and_one_ride(told: World) -> None:
    number = told.control("add", push=False)["id"]
    for second in range(3):
        tell(told, "create", number, event_time=int(time.time()) - second)
    report = drained(told)
    assert (report.reads, len(report.handled)) == (1, 3)
    assert str(report) == "3 × looked again"
    tell(told, "create", number, event_time=1)
    tell(told, "update", 4711, event_time=1)  # a year old, and of nothing that there is
    report = drained(told)
    assert report.outcomes == {"looked again": 1, "gone, and was not here": 1}


def test_what_was_known_to_the_letter_asks_for_no_run(told: World) -> None:
    ride = a_ride(told)
    land(told.settings, told.database, told.installation.store, [f"{ride['month']:%Y-%m}"])
    tell(told, "update", ride["strava_id"])
    report = drained(told)
    assert (report.months, str(report)) == ([], "1 × ignored: nothing new")


def test_hidden_shown_and_hidden_again_ends_hidden(told: World) -> None:
    ride = a_ride(told)["strava_id"]
    for deed in ("hide", "show", "hide"):
        told.control(deed, id=ride, push=False)
        tell(told, "update", ride, updates={"private": str(deed == "hide").lower()}, event_time=7 + len(deed))
    drained(told)
    hidden = row_of(told, ride)
    assert hidden is not None
    assert hidden["visibility"] == "only_me"


def test_an_event_for_a_ride_of_another_of_our_athletes_touches_nothing(told: World) -> None:
    told.sql("insert into strava.athlete (name, strava_id) values ('other', 99)")
    ride = a_ride(told)
    told.sql(
        "update strava.activity set athlete_id = (select id from strava.athlete where strava_id = 99) where id = %s",
        ride["id"],
    )
    told.control("rename", id=ride["strava_id"], name="not yours", push=False)
    tell(told, "update", ride["strava_id"])
    drained(told)
    told.control("delete", id=ride["strava_id"], push=False)
    tell(told, "delete", ride["strava_id"])
    assert drained(told).outcomes == {"ignored: another athlete's activity": 1}
    untouched = row_of(told, ride["strava_id"])
    assert untouched is not None
    assert (untouched["revision"], untouched["state"]) == (ride["revision"], ride["state"])


def test_a_ride_that_is_gone_leaves_a_tombstone_and_comes_back_like_new(told: World) -> None:
    ride = a_ride(told)
    month = f"{ride['month']:%Y-%m}"
    land(told.settings, told.database, told.installation.store, [month])
    landed = row_of(told, ride["strava_id"])
    assert landed is not None
    item = told.sandbox.account.activities[ride["strava_id"]]
    told.control("delete", id=ride["strava_id"], push=False)
    tell(told, "update", ride["strava_id"])  # the delete itself never came
    assert drained(told).months == [month]
    stone = row_of(told, ride["strava_id"])
    assert stone is not None
    assert (stone["state"], stone["api"], stone["identity"]) == ("gone", None, ride["identity"])
    assert stone["gone_at"] is not None
    assert stone["gone_because"] == "Strava does not show it any more"
    assert str(withdraw_hidden(told.installation)) == "1 originals deleted"
    assert not told.installation.store.exists(landed["api_streams"])
    assert land(told.settings, told.database, told.installation.store, [month]).landed == 0
    assert list_everyone(told.settings, told.database, None, None).months == []
    told.sandbox.account.activities[item.id] = item  # the same number answers again
    tell(told, "create", item.id)
    assert drained(told).months == [month]
    assert land(told.settings, told.database, told.installation.store, [month]).landed == 1
    back = row_of(told, item.id)
    assert back is not None
    assert (back["state"], back["api"], back["gone_at"]) == ("landed", landed["api"], None)
    assert told.installation.store.exists(back["api_streams"])


def test_an_imported_recording_stays_private_when_its_ride_is_gone(told: World) -> None:
    ride = a_ride(told)
    told.sql(
        "update strava.activity set archive = '{}', archive_file = 'landing/archive/1/x.gpx', state = 'landed' "
        "where id = %s",
        ride["id"],
    )
    told.installation.store.write("landing/archive/1/x.gpx", b"x")
    item = told.sandbox.account.activities[ride["strava_id"]]
    told.control("delete", id=ride["strava_id"], push=False)
    assert list_everyone(told.settings, told.database, None, None).gone == 1
    withdraw_hidden(told.installation)
    stone = row_of(told, ride["strava_id"])
    assert stone is not None
    assert (stone["state"], stone["api"], stone["archive"]) == ("gone", None, {})
    assert told.installation.store.exists("landing/archive/1/x.gpx")
    told.sandbox.account.activities[item.id] = item
    list_everyone(told.settings, told.database, None, None)
    back = row_of(told, item.id)
    assert back is not None
    assert (back["state"], back["api"]["id"]) == ("landed", item.id)


def test_without_the_scope_for_it_a_404_tells_nothing_of_an_only_me_ride(told: World) -> None:
    (hidden, shown) = (row["strava_id"] for row in told.sql("select strava_id from strava.activity limit 2"))
    told.sql("update strava.activity set visibility = 'only_me' where strava_id = %s", hidden)
    told.sql("update strava.athlete set scopes = '{read,activity:read}'")
    for number in (hidden, shown):
        told.control("delete", id=number, push=False)
        tell(told, "delete", number)
    told_of = drained(told).outcomes
    assert told_of == {
        "ignored: only its owner may see it, and activity:read_all is not allowed": 1,
        "gone": 1,
    }
    kept = row_of(told, hidden)
    assert kept is not None
    assert kept["state"] == "listed"
    assert kept["api"]["id"] == hidden
    reads = len(told.requests("/activities/"))
    land(told.settings, told.database, told.installation.store, [f"{kept['month']:%Y-%m}"])
    list_everyone(told.settings, told.database, None, None)
    assert all(str(hidden) not in entry["path"] for entry in told.requests("/activities/")[reads:])


def test_an_unknown_ride_is_asked_for_ever_more_rarely_and_then_it_is_gone(told: World) -> None:
    tell(told, "create", 987654321)
    waits = []
    for _ in range(4):
        assert drained(told).deferred == 1
        (row,) = told.sql("select next_attempt_at - now() as wait from strava.webhook_event")
        waits.append(round(row["wait"].total_seconds() / 60))
        assert drained(told).reads == 0
        later(told)
    assert waits == [1, 2, 5, 15]
    assert drained(told).outcomes == {"gone, and was not here": 1}


def test_a_tick_ends_in_time_and_the_next_one_goes_on_in_order(told: World) -> None:
    numbers = told.control("add", count=5, push=False)["ids"]
    for number in numbers:
        tell(told, "create", number)
    known = []
    for left in (4, 3, 2, 1, 0):
        report = drained(told, seconds=0.0)  # one at least
        assert (report.left, report.reads) == (left, 1)
        assert ("left for the next tick" in str(report)) == (left > 0)
        known.append(len([number for number in numbers if row_of(told, number)]))
    assert known == [1, 2, 3, 4, 5]
    assert {row["state"] for row in events(told)} == {"done"}
    assert len(told.requests("/activities/")) == 5


def test_a_tick_that_dies_before_its_end_is_taken_up_without_another_read(told: World) -> None:
    number = told.control("add", push=False)["id"]
    tell(told, "create", number)
    first = drain_events(told.settings, told.database)  # and killed
    assert [row["state"] for row in events(told)] == ["requested"]
    row = row_of(told, number)
    assert row is not None
    assert told.sql("select reason from strava.month_request where month = %s", row["month"]) == [{"reason": "webhook"}]
    again = drained(told)
    assert (again.months, again.handled, again.reads) == (first.months, first.handled, 0)
    assert drained(told).handled == []


def test_events_wait_for_somebody_who_has_to_connect_again(told: World) -> None:
    number = told.control("add", push=False)["id"]
    tell(told, "create", number)
    told.control("revoke", push=False)
    told.sql("update strava.athlete set token_expires_at = now()")
    assert "connect again" in drained(told).reason
    assert told.sql("select state from strava.athlete") == [{"state": "reconnect"}]
    (name,) = (row["name"] for row in told.sql("select name from strava.athlete"))
    later(told)
    asked = len(told.requests(""))
    for _ in range(3):
        report = drained(told)
        assert (str(report), report.handled) == (f"1 events wait until {name} connects again", [])
    assert len(told.requests("")) == asked
    told.sql("update strava.webhook_event set next_attempt_at = now() + interval '1 hour'")
    told.connect()
    assert drained(told).outcomes == {"looked again": 1}


def test_events_of_somebody_who_left_and_came_back(told: World) -> None:
    ride = a_ride(told)["strava_id"]
    told.sql("update strava.athlete set state = 'revoked'")
    tell(told, "update", ride)
    assert drained(told).outcomes == {"ignored: the athlete is not connected any more": 1}
    told.connect()
    tell(told, "update", told.strava_id, "athlete", updates={"authorized": "false"}, event_time=1)  # of the first time
    tell(told, "update", ride, event_time=1)
    assert drained(told).outcomes == {"ignored: access still works": 1, "looked again": 1}


def test_a_page_that_was_asked_for_before_an_event_does_not_undo_it(
    told: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says "everyone"; the owner hides the ride, its event is drained, and only then the page is kept."""
    ride = a_ride(told)["strava_id"]
    pages = StravaClient.pages

    def slow(self: StravaClient, *given: Any) -> Any:
        for page in pages(self, *given):
            told.control("hide", id=ride, push=False)
            tell(told, "update", ride, updates={"private": "true"})
            drained(told)
            yield page

    told.control("rename", id=ride, name="another", push=False)
    with monkeypatch.context() as patched:
        patched.setattr(StravaClient, "pages", slow)
        list_everyone(told.settings, told.database, None, None)
    hidden = row_of(told, ride)
    assert hidden is not None
    assert (hidden["visibility"], hidden["api"]["name"]) == ("only_me", "another")
    told.control("show", id=ride, push=False)
    list_everyone(told.settings, told.database, None, None)
    shown = row_of(told, ride)
    assert shown is not None
    assert shown["visibility"] == "everyone"


@pytest.mark.parametrize("fails", [False, True])
def test_a_ride_that_goes_while_it_is_landed_does_not_come_back(
    told: World, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    ride = a_ride(told)
    streams = StravaClient.streams

    def slow(self: StravaClient, number: int) -> Any:
        found = streams(self, number)
        if number == ride["strava_id"]:
            told.control("delete", id=number, push=False)
            tell(told, "delete", number)
            drained(told)
            if fails:
                told.control("fail", calls=1, status=503, path=f"/activities/{number}")
                return streams(self, number)
        return found

    monkeypatch.setattr(StravaClient, "streams", slow)
    land(told.settings, told.database, told.installation.store, [f"{ride['month']:%Y-%m}"])
    stone = row_of(told, ride["strava_id"])
    assert stone is not None
    assert (stone["state"], stone["api"]) == ("gone", None)
    assert not told.installation.store.exists(landing.streams_key(told.athlete_id, ride["strava_id"]))


@pytest.mark.parametrize("leaving", ["delete from strava.athlete", "update strava.athlete set state = 'revoked'"])
def test_a_page_of_somebody_who_left_meanwhile_is_not_kept(
    told: World, monkeypatch: pytest.MonkeyPatch, leaving: str
) -> None:
    new = told.control("add", push=False)["id"]
    pages = StravaClient.pages

    def slow(self: StravaClient, *given: Any) -> Any:
        for page in pages(self, *given):
            told.sql(leaving)
            yield page

    monkeypatch.setattr(StravaClient, "pages", slow)
    list_everyone(told.settings, told.database, None, None)
    assert row_of(told, new) is None
