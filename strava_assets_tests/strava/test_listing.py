"""Listing an account: what is new, what changed, what is gone, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from strava_assets.strava import client
from strava_assets.strava.account import land, list_everyone
from strava_assets.strava.client import StravaClient
from strava_assets.strava.listing import listed_recently, month_of
from strava_assets_tests.strava.accounts import a_ride, imported, land_all, listed, ride
from strava_assets_tests.strava.conftest import ACTIVITIES, World


def test_a_listing_keeps_a_row_for_every_activity(connected: World) -> None:
    report = listed(connected)
    rows = connected.sql("select * from strava.activity")
    assert report.listed == report.new == len(rows) == ACTIVITIES
    assert report.reads == 1
    assert {row["state"] for row in rows} == {"listed"}
    assert all(row["identity"] == f"strava:{row['strava_id']}" for row in rows)
    assert report.months == {f"{row['month']:%Y-%m}" for row in rows}


def test_listing_again_finds_nothing_new_and_is_remembered(connected: World) -> None:
    listed(connected)
    before = connected.sql("select id, revision from strava.activity order by id")
    again = listed(connected)
    assert (again.new, again.changed, again.months, again.missing) == (0, 0, set(), [])
    assert connected.sql("select id, revision from strava.activity order by id") == before
    hour = timedelta(hours=1)
    assert listed_recently(connected.database, connected.athlete_id, None, None, hour)
    assert listed_recently(connected.database, connected.athlete_id, datetime(2020, 1, 1, tzinfo=UTC), None, hour)
    assert not listed_recently(connected.database, connected.athlete_id + 1, None, None, hour)


def test_a_rename_is_found_by_the_listing_without_another_read(connected: World) -> None:
    listed(connected)
    land_all(connected)
    ride = a_ride(connected)
    connected.control("rename", id=ride["strava_id"], name="Ünïcode \N{BICYCLE} \x00 loop")
    report = listed(connected)
    (row,) = connected.sql("select * from strava.activity where id = %s", ride["id"])
    assert (report.reads, report.changed) == (1, 1)
    assert report.months == {f"{ride['month']:%Y-%m}"}
    assert row["api"]["name"].startswith("Ünïcode \N{BICYCLE}")
    assert row["api"]["calories"] == ride["api"]["calories"]  # the rest of the detail stays
    assert row["revision"] == ride["revision"] + 1
    assert row["state"] == "landed"


def test_hiding_a_ride_is_found_by_the_listing(connected: World) -> None:
    listed(connected)
    land_all(connected)
    ride = a_ride(connected)
    connected.control("hide", id=ride["strava_id"])
    listed(connected)
    assert connected.sql("select visibility from strava.activity where id = %s", ride["id"]) == [
        {"visibility": "only_me"}
    ]


def test_a_ride_that_is_gone_is_confirmed_before_it_goes(connected: World) -> None:
    listed(connected)
    land_all(connected)
    ride = a_ride(connected)
    connected.control("delete", id=ride["strava_id"])
    report = listed(connected)
    assert report.missing == [ride["strava_id"]]
    assert connected.sql("select state from strava.activity where id = %s", ride["id"]) == [{"state": "landed"}]
    everyone = list_everyone(connected.settings, connected.database, None, None)
    assert everyone.gone == 1
    assert everyone.months == [f"{ride['month']:%Y-%m}"]
    assert connected.sql("select state from strava.activity where id = %s", ride["id"]) == [{"state": "gone"}]
    assert list_everyone(connected.settings, connected.database, None, None).months == []


def test_a_missing_ride_that_strava_never_answers_for_lets_the_others_be_confirmed(
    connected: World, no_pauses: None
) -> None:
    listed(connected)
    stuck, gone = (
        row["strava_id"] for row in connected.sql("select strava_id from strava.activity order by id limit 2")
    )
    connected.control("delete", id=stuck, push=False)
    connected.control("delete", id=gone, push=False)
    connected.control("fail", calls=1000, status=403, path=f"/activities/{stuck}")
    report = list_everyone(connected.settings, connected.database, None, None)
    assert (report.gone, report.stopped) == (1, None)
    assert [ride(connected, number)["state"] for number in (stuck, gone)] == ["listed", "gone"]
    connected.control("fail", calls=0)
    assert list_everyone(connected.settings, connected.database, None, None).gone == 1


def test_strava_going_down_after_a_listing_ends_the_confirming(
    connected: World, no_pauses: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(connected)
    for row in connected.sql("select strava_id from strava.activity order by id limit 2"):
        connected.control("delete", id=row["strava_id"], push=False)
    pages = StravaClient.pages

    def last(self: StravaClient, *given: Any) -> Any:
        yield from pages(self, *given)
        connected.control("fail", calls=1000, status=500)

    monkeypatch.setattr(StravaClient, "pages", last)
    report = list_everyone(connected.settings, connected.database, None, None)
    assert (report.gone, "error of its own" in str(report.stopped)) == (0, True)
    assert len(connected.requests("/activities/")) == 1


def test_the_months_are_listed_only_when_nobody_did_lately(connected: World) -> None:
    months = [f"2024-{number:02d}" for number in range(1, 7)]
    first = land(connected.settings, connected.database, connected.installation.store, months)
    assert first.stopped is None
    assert first.reads > 0
    assert land(connected.settings, connected.database, connected.installation.store, months).reads == 0


def test_an_imported_history_and_the_account_become_one_person(connected: World) -> None:
    with connected.database.transaction() as connection:
        added = connection.execute("insert into strava.athlete (name) values ('someone') returning id").fetchone()
    someone = added["id"]
    summary = next(connected.client().activities())
    imported(connected, summary, someone)
    report = listed(connected)
    assert report.athlete_id == someone
    (athlete,) = connected.sql("select id, name, strava_id, state, identity from strava.athlete")
    assert athlete == {
        "id": someone,
        "name": "someone",
        "strava_id": connected.strava_id,
        "state": "active",
        "identity": "name:someone",
    }
    assert connected.sql("select distinct athlete_id from strava.activity") == [{"athlete_id": someone}]
    assert land_all(connected).stopped is None


@pytest.mark.parametrize("clock", ["1970-01-01T00:00:01Z", "2199-05-05T05:05:05Z"])
def test_a_clock_that_was_wrong_lands_in_a_month_that_there_is(connected: World, clock: str) -> None:
    month = month_of(datetime.fromisoformat(clock.replace("Z", "+00:00")), connected.settings)
    assert date(2005, 1, 1) <= month <= datetime.now(UTC).date()


def asked_months(world: World) -> set[str]:
    return {row["month"] for row in world.sql("select to_char(month, 'YYYY-MM') as month from strava.month_request")}


def oldest_and_newest(world: World) -> list[dict[str, Any]]:
    rows = world.sql("select *, to_char(month, 'YYYY-MM') as name from strava.activity order by start_time")
    return [rows[0], rows[-1]]


def test_a_listing_that_is_killed_has_asked_for_what_its_pages_changed(
    connected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(connected)
    oldest, newest = oldest_and_newest(connected)
    for known in (oldest, newest):
        connected.control("rename", id=known["strava_id"], name="another", push=False)
    pages = StravaClient.pages

    def killed(self: StravaClient, *given: Any) -> Iterator[Any]:
        yield next(pages(self, *given))
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "PER_PAGE", ACTIVITIES // 3)
    with monkeypatch.context() as patched:
        patched.setattr(StravaClient, "pages", killed)
        with pytest.raises(KeyboardInterrupt):
            list_everyone(connected.settings, connected.database, None, None)
    assert asked_months(connected) == {newest["name"]}, "the newest come first"
    list_everyone(connected.settings, connected.database, None, None)
    assert asked_months(connected) == {newest["name"], oldest["name"]}


def test_a_listing_that_is_killed_while_it_confirms_has_asked_for_what_is_gone(
    connected: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed(connected)
    rides = {known["strava_id"]: known["name"] for known in oldest_and_newest(connected)}
    for number in rides:
        connected.control("delete", id=number, push=False)
    confirm, (first, second) = StravaClient.activity, sorted(rides)

    def killed(self: StravaClient, number: int) -> Any:
        if number == second:
            raise KeyboardInterrupt
        return confirm(self, number)

    with monkeypatch.context() as patched:
        patched.setattr(StravaClient, "activity", killed)
        with pytest.raises(KeyboardInterrupt):
            list_everyone(connected.settings, connected.database, None, None)
    assert asked_months(connected) == {rides[first]}
    list_everyone(connected.settings, connected.database, None, None)
    assert asked_months(connected) == set(rides.values())
