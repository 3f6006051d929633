"""Landing: reading in full what is listed, over HTTP and into real PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from strava_assets.database.connection import queries
from strava_assets.errors import StravaRateLimited, StravaUnavailable
from strava_assets.strava.account import clients, land
from strava_assets.strava.landing import land_activity, land_months
from strava_assets.strava.listing import keep_detail
from strava_assets.strava.originals import storable
from strava_assets.strava.streams import load_streams
from strava_assets_tests.strava.accounts import a_ride, imported, land_all, listed, ride
from strava_assets_tests.strava.conftest import ACTIVITIES, World, in_both_shapes


def it_is_time(world: World) -> None:
    """Whatever waits for its next try need not any more."""
    world.sql("update strava.activity set next_landing_at = now() where next_landing_at is not null")


@in_both_shapes
def test_landing_costs_at_most_two_reads_an_activity(connected: World) -> None:
    listed(connected)
    report = land_all(connected)
    bikes = len(connected.sql("select 1 from strava.gear"))
    assert report.stopped is None
    assert report.landed + len(report.failed) == ACTIVITIES
    assert report.reads <= 2 * ACTIVITIES + bikes
    # a token is told in the header only: addresses are logged by whoever passes them on
    assert connected.sandbox.log
    assert not [entry for entry in connected.sandbox.log if "token" in entry["query"] or "secret" in entry["query"]]


def test_what_landed_is_strava_s_own_words_and_its_streams(connected: World) -> None:
    listed(connected)
    land_all(connected)
    row = a_ride(connected)
    assert row["api"]["id"] == row["strava_id"]
    assert row["api_detailed"]
    table = load_streams(connected.installation.store.read(row["api_streams"]))
    assert table.num_rows > 100
    assert "lat" in table.column_names


def test_gear_is_asked_for_once(connected: World) -> None:
    listed(connected)
    land_all(connected)
    asked = connected.requests("/gear/")
    assert len(asked) == len({entry["path"] for entry in asked}) > 0
    assert connected.sql("select 1 from strava.gear where frame_type is not null")


def test_landing_again_reads_nothing_but_what_failed_long_ago(connected: World) -> None:
    listed(connected)
    land_all(connected)
    again = land_all(connected)
    assert (again.landed, again.reads) == (0, 0)


def test_an_activity_that_strava_cannot_give_is_quarantined_and_the_others_land(connected: World) -> None:
    listed(connected)
    connected.control("fail", calls=1, status=500, path="/activities/")
    report = land_all(connected)
    assert len(report.failed) >= 1
    assert report.landed >= ACTIVITIES - 3
    broken = connected.sql("select error, error_stage from strava.activity where error is not null")
    assert len(broken) == len(report.failed)
    assert {row["error_stage"] for row in broken} == {"landing"}
    assert land_all(connected).reads == 0
    it_is_time(connected)
    assert land_all(connected).landed >= 1
    assert len(connected.sql("select 1 from strava.activity where error is not null")) < len(broken)


def test_what_strava_never_gives_is_asked_for_hourly_and_later_daily(connected: World) -> None:
    listed(connected)
    number = connected.sql("select strava_id from strava.activity order by start_time desc limit 1")[0]["strava_id"]
    connected.control("fail", calls=100, status=500, path=f"/activities/{number}")
    connected.control("limits", read=[1000, 10000])
    hours = []
    for _ in range(8):
        land_all(connected)
        (row,) = connected.sql("select * from strava.activity where strava_id = %s", number)
        hours.append(round((row["next_landing_at"] - datetime.now(UTC)).total_seconds() / 3600))
        it_is_time(connected)
    assert hours == [1, 2, 4, 8, 16, 24, 24, 24]
    connected.control("rename", id=number, name="Another name")
    listed(connected)  # its input has changed: it is asked for at once
    (row,) = connected.sql(
        "select landing_attempts, next_landing_at, error from strava.activity where strava_id = %s", number
    )
    assert row == {"landing_attempts": 0, "next_landing_at": None, "error": None}


def young_ride(world: World, **details: Any) -> dict[str, Any]:
    """One more ride of today, as it is after its first landing."""
    start = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    number = world.control("add", **{"start": start, **details})["id"]
    listed(world)
    world.sql(
        "update strava.activity set state = 'gone' where strava_id <> %s", number
    )  # the others are no matter here
    land_all(world)
    return ride(world, number)


def minutes_to_wait(row: dict[str, Any]) -> int:
    return round((row["next_landing_at"] - datetime.now(UTC)).total_seconds() / 60)


def test_streams_that_are_not_ready_are_asked_for_later_and_land(connected: World) -> None:
    row = young_ride(connected, streams_after=600)
    assert (row["state"], row["api_streams_state"], row["error"]) == ("landed", "wanted", None)
    assert minutes_to_wait(row) == 5
    assert land_all(connected).reads == 0
    it_is_time(connected)
    assert land_all(connected).reads == 1  # its detail is here
    assert minutes_to_wait(ride(connected, row["strava_id"])) == 15
    connected.control("advance_clock", seconds=700)
    it_is_time(connected)
    land_all(connected)
    row = ride(connected, row["strava_id"])
    assert (row["api_streams_state"], row["next_landing_at"], row["landing_attempts"]) == ("stored", None, 0)
    assert load_streams(connected.installation.store.read(row["api_streams"])).num_rows > 100


def test_the_wait_for_streams_grows_and_ends_two_days_after_the_start(connected: World) -> None:
    row = young_ride(connected, streams_after=10**9)
    waits = []
    for _ in range(8):
        row = ride(connected, row["strava_id"])
        waits.append(minutes_to_wait(row))
        it_is_time(connected)
        land_all(connected)
    assert waits == [5, 15, 45, 120, 360, 720, 720, 720]
    api = {**row["api"], "start_date": (datetime.now(UTC) - timedelta(days=2, minutes=1)).isoformat()}
    connected.sql(
        "update strava.activity set api = %s, next_landing_at = now() where id = %s", storable(api), row["id"]
    )
    land_all(connected)
    row = ride(connected, row["strava_id"])
    assert (row["state"], row["api_streams_state"], row["next_landing_at"]) == ("landed", "absent", None)


def test_an_old_ride_that_was_uploaded_late_gets_three_more_chances(connected: World) -> None:
    row = young_ride(connected, streams_after=10**9, start="2024-03-05T09:00:00+00:00")
    for _ in range(3):
        assert row["api_streams_state"] == "wanted"
        it_is_time(connected)
        land_all(connected)
        row = ride(connected, row["strava_id"])
    assert (row["state"], row["api_streams_state"], row["next_landing_at"]) == ("landed", "absent", None)


def test_an_empty_answer_is_no_streams_yet(connected: World) -> None:
    start = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    number = connected.control("add", start=start)["id"]
    connected.sandbox.account.activities[number].broken = "empty"
    listed(connected)
    (before,) = connected.sql("select month from strava.activity where strava_id = %s", number)
    # Strava knows where it began before it has the samples
    connected.sql(
        "update strava.activity set api = api || '{\"start_latlng\": [47.5, 7.6]}', api_detailed = true "
        "where strava_id = %s",
        number,
    )
    land_months(
        connected.database,
        connected.installation.store,
        clients(connected.settings, connected.database),
        [before["month"]],
        settings=connected.settings,
    )
    row = ride(connected, number)
    assert (row["api_streams_state"], row["api_streams"]) == ("wanted", None)


def test_an_activity_that_was_typed_in_costs_no_read_for_streams(connected: World) -> None:
    number = connected.control("add", manual=True)["id"]
    listed(connected)
    land_all(connected)
    assert [entry["path"].rsplit("/")[-1] for entry in connected.requests(f"/activities/{number}")] == [str(number)]
    assert ride(connected, number)["api_streams_state"] == "absent"


def test_what_an_event_told_of_lands_before_anything_else_and_when_history_may_not(connected: World) -> None:
    listed(connected)
    client = connected.client()
    oldest = connected.sql("select strava_id from strava.activity order by start_time limit 1")[0]["strava_id"]
    with connected.database.transaction() as connection:
        asked, detail = connected.database.now(), client.activity(oldest)
        keep_detail(connection, connected.athlete_id, detail, connected.settings, asked)
    spent = client.reads_spent
    connected.control("limits", read=[20, 1000])
    client.athlete()  # the limit is known: 3 of 20 are kept for events
    connected.sql("update strava.api_quota set used = allowed - 3 where kind = 'read' and span = 'quarter_hour'")
    report = land_all(connected)
    assert ride(connected, oldest)["api_streams_state"] == "stored"
    assert (report.landed, report.left) == (1, ACTIVITIES - 1)
    assert "for new rides" in str(report.stopped)
    assert spent > 0


def test_whoever_is_not_let_in_is_tried_again_in_an_hour(connected: World) -> None:
    listed(connected)
    connected.control("fail", calls=1000, status=401, path="/activities/")
    report = land_all(connected)
    assert (len(report.refused), report.left) == (1, ACTIVITIES)
    connected.control("fail", calls=0)
    connected.connect()
    assert land_all(connected).reads == 0
    it_is_time(connected)
    assert land_all(connected).landed > 0


def test_a_spent_quota_ends_the_landing_and_says_what_is_left(connected: World) -> None:
    listed(connected)
    connected.control("limits", read=[12, 1000])
    report = land_all(connected)
    assert isinstance(report.stopped, StravaRateLimited)
    assert report.resume_at is not None
    assert report.landed > 0
    assert report.left == ACTIVITIES - report.landed - len(report.failed)
    newest = connected.sql("select state from strava.activity order by start_time desc limit 1")
    assert newest == [{"state": "landed"}]
    connected.control("limits", read=[1000, 10000])
    connected.sql("delete from strava.api_quota")
    assert land_all(connected).left == 0


def test_a_strava_that_is_down_blames_no_activity(connected: World, no_pauses: None) -> None:
    listed(connected)
    connected.control("fail", calls=50, status=503)
    report = land_all(connected)
    assert isinstance(report.stopped, StravaUnavailable)
    assert report.left == ACTIVITIES
    assert connected.sql("select 1 from strava.activity where error is not null") == []


@pytest.fixture
def hasty(connected: World, no_pauses: None) -> World:
    """The same account, listed; a read that fails is tried again at once."""
    listed(connected)
    return connected


@pytest.mark.parametrize("status", [500, 503, 403])
@pytest.mark.parametrize("readable", [0, 2])
def test_an_outage_blames_no_activity_and_everything_lands_after_it(hasty: World, status: int, readable: int) -> None:
    newest = hasty.sql("select strava_id from strava.activity order by start_time desc limit 3")
    hasty.sql("update strava.activity set state = 'gone' where strava_id <> all(%s)", [r["strava_id"] for r in newest])
    for row in newest[readable:]:
        hasty.control("fail", calls=1000, status=status, path=f"/activities/{row['strava_id']}")
    hasty.control("fail", calls=1000, status=status, path="/athlete")
    before = len(hasty.requests(""))
    report = land_all(hasty)
    assert getattr(report.stopped, "status", None) == status
    assert (report.landed, report.left, report.failed) == (readable, 3 - readable, [])
    assert report.reads == len(hasty.requests("")) - before
    assert hasty.sql("select 1 from strava.activity where landing_attempts > 0 or error is not null") == []
    hasty.control("fail", calls=0)
    report = land_all(hasty)
    assert (report.landed, report.left, report.stopped) == (3 - readable, 0, None)


@pytest.mark.parametrize("status", [500, 503, 403])
@pytest.mark.parametrize("part", ["", "/streams"])
def test_an_activity_that_strava_never_gives_holds_up_no_other(hasty: World, status: int, part: str) -> None:
    newest, last = (
        hasty.sql(f"select strava_id from strava.activity order by start_time {order} limit 1")[0]["strava_id"]
        for order in ("desc", "asc")
    )
    hasty.sql("update strava.activity set state = 'gone' where strava_id <> all(%s)", [newest, last])
    hasty.control("fail", calls=1000, status=status, path=f"/activities/{newest}{part}")
    hours = []
    for landed in (1, 0, 0):
        report = land_all(hasty)
        assert (report.stopped, report.landed, report.left, len(report.failed)) == (None, landed, 0, 1)
        row = ride(hasty, newest)
        assert f"activity {newest}" in row["error"]
        hours.append(minutes_to_wait(row) / 60)
        it_is_time(hasty)
    assert hours == pytest.approx([1, 2, 4], abs=0.1)
    hasty.control("fail", calls=0)
    assert land_all(hasty).landed == 1


def test_a_bike_that_strava_does_not_give_holds_up_no_ride(hasty: World) -> None:
    hasty.control("fail", calls=1000, status=403, path="/gear/")
    report = land_all(hasty)
    assert (report.stopped, report.left) == (None, 0)
    assert report.landed + len(report.failed) == ACTIVITIES
    assert not [reason for _, reason in report.failed if "gear" in reason]


def test_an_athlete_who_must_connect_again_stops_nobody_else(connected: World) -> None:
    listed(connected)
    connected.control("revoke")
    report = land_all(connected)
    assert report.stopped is None
    assert report.left == ACTIVITIES
    assert "connect" in report.refused[0]
    assert len(report.refused) == 1


def test_without_an_account_there_is_nothing_to_land(world: World) -> None:
    report = land(world.settings, world.database, world.installation.store, ["2024-01"])
    assert (report.reads, report.stopped) == (0, None)


def test_an_imported_recording_is_told_of_by_the_api_and_costs_no_read(connected: World) -> None:
    summary = next(item for item in connected.client().activities() if item["visibility"] == "everyone")
    number = imported(connected, summary, connected.athlete_id)
    listed(connected)
    (row,) = connected.sql("select * from strava.activity where id = %s", number)
    assert (row["visibility"], row["state"], row["revision"]) == ("everyone", "landed", 2)
    assert row["api"]["name"] == summary["name"]
    assert row["archive"] == {"name": "from the export"}
    land_all(connected)
    assert connected.requests(f"/activities/{summary['id']}") == []


def test_news_that_come_while_an_activity_is_read_are_not_overwritten(connected: World) -> None:
    listed(connected)
    with connected.database.transaction() as connection:
        months = [row["month"] for row in connection.execute("select distinct month from strava.activity").fetchall()]
        row = next(iter(queries().pending_landing(connection, months=months)))
    connected.sql("update strava.activity set visibility = 'only_me', revision = revision + 1 where id = %s", row["id"])
    land_activity(connected.database, connected.installation.store, connected.client(), row, connected.settings)
    (after,) = connected.sql("select visibility, state from strava.activity where id = %s", row["id"])
    assert after == {"visibility": "only_me", "state": "listed"}
