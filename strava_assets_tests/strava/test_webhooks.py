"""Events: judged, kept, and looked into."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strava_assets.strava.account import clients, drain_events, events_requested
from strava_assets.strava.draining import drain
from strava_assets.strava.listing import list_account
from strava_assets.strava.webhooks import parse_event, path_token, verify_token
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import EVENT, events, subscribe, tell


def test_strava_s_own_example_is_an_event() -> None:
    assert parse_event(json.dumps(EVENT).encode()).object_id == 1360128428


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        json.dumps({**EVENT, "object_id": "1"}).encode(),
        json.dumps({**EVENT, "object_id": 2**63}).encode(),
        json.dumps({**EVENT, "aspect_type": "destroy"}).encode(),
        json.dumps({**EVENT, "event_time": -1}).encode(),
        json.dumps({**EVENT, "owner_id": True}).encode(),
        json.dumps({**EVENT, "updates": ["title"]}).encode(),
        json.dumps({**EVENT, "event_time": 10**15}).encode(),
    ],
)
def test_anything_else_is_not(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^not (JSON|an event)"):
        parse_event(body)


def test_the_address_and_the_handshake_have_secrets_of_their_own(world: World, settings_of: Any) -> None:
    assert path_token(world.settings) != verify_token(world.settings)
    other = settings_of(STRAVA_ASSETS_SECRET_KEY="f" * 64)
    assert path_token(world.settings) != path_token(other)


def test_an_event_is_stored_once_however_often_it_is_sent(connected: World) -> None:
    subscribe(connected)
    for _ in range(3):
        assert not tell(connected, "create", 5, event_time=1_700_000_000)
    assert [(row["state"], row["deliveries"]) for row in events(connected)] == [("pending", 3)]


def test_an_unknown_subscription_or_owner_is_refused_and_written_down(connected: World) -> None:
    assert tell(connected, "create", 5, event_time=1)
    subscribe(connected)
    assert tell(connected, "create", 5, owner_id=connected.strava_id + 1, event_time=1)
    assert [row["outcome"] for row in events(connected)] == ["refused: unknown subscription", "refused: unknown owner"]
    assert drain_events(connected.settings, connected.database).handled == []
    assert not tell(connected, "create", 5, event_time=1)  # sent again, when the subscription is known
    assert [row["state"] for row in events(connected)] == ["pending", "ignored"]


def test_a_new_ride_is_one_read_and_yields_its_month(connected: World) -> None:
    subscribe(connected)
    number = connected.control("add")["id"]
    for aspect in ("create", "update"):
        tell(connected, aspect, number)
    report = drain_events(connected.settings, connected.database)
    (row,) = connected.sql("select * from strava.activity where strava_id = %s", number)
    assert report.months == [f"{row['month']:%Y-%m}"]
    assert (report.reads, len(report.handled), report.reason) == (1, 2, "")
    assert row["api_detailed"]
    assert row["state"] == "listed"


def test_events_stay_pending_until_their_months_are_asked_for(connected: World) -> None:
    subscribe(connected)
    tell(connected, "create", connected.control("add")["id"])
    first = drain_events(connected.settings, connected.database)
    assert drain_events(connected.settings, connected.database).months == first.months
    events_requested(connected.database, first.handled)
    assert drain_events(connected.settings, connected.database).handled == []
    assert [row["state"] for row in events(connected)] == ["done"]


def test_a_delete_is_believed_only_when_the_api_confirms_it(connected: World) -> None:
    subscribe(connected)
    list_account(connected.database, connected.client(), connected.athlete_id, None, None, connected.settings)
    kept, lost = (row["strava_id"] for row in connected.sql("select strava_id from strava.activity limit 2"))
    connected.control("delete", id=lost)
    tell(connected, "delete", kept)
    tell(connected, "delete", lost)
    report = drain_events(connected.settings, connected.database)
    gone = connected.sql("select strava_id from strava.activity where state = 'gone'")
    assert gone == [{"strava_id": lost}]
    assert len(report.handled) == 2


def test_a_stranger_s_activity_cannot_be_removed_by_another_s_event(connected: World) -> None:
    subscribe(connected)
    connected.sql("insert into strava.athlete (name, strava_id) values ('other', 99)")
    connected.sql(
        "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, api) select id, "
        "'strava:4242', 4242, now(), '2024-01-01', '{}' from strava.athlete where strava_id = 99"
    )
    tell(connected, "delete", 4242)
    drain_events(connected.settings, connected.database)
    assert connected.sql("select state from strava.activity where strava_id = 4242") == [{"state": "listed"}]


def test_events_wait_while_strava_is_down_and_then_are_handled(connected: World, no_pauses: None) -> None:
    subscribe(connected)
    number = connected.control("add")["id"]
    tell(connected, "create", number)
    tell(connected, "create", number + 1, event_time=1)
    connected.control("fail", calls=6, status=503)
    report = drain_events(connected.settings, connected.database)
    assert (report.handled, report.deferred) == ([], 2)
    assert "try again later" in report.reason
    assert [row["attempts"] for row in events(connected)] == [0, 0]
    waiting = drain_events(connected.settings, connected.database)
    assert waiting.reads == 0
    assert "wait until" in waiting.reason
    connected.sql("update strava.webhook_event set next_attempt_at = now()")
    assert len(drain_events(connected.settings, connected.database).handled) == 2


def test_an_activity_that_strava_does_not_show_yet_is_asked_for_again(connected: World) -> None:
    subscribe(connected)
    tell(connected, "create", 987654321)
    assert drain_events(connected.settings, connected.database).deferred == 1


def test_a_deauthorisation_is_confirmed_and_the_tokens_are_deleted(connected: World) -> None:
    subscribe(connected)
    tell(connected, "update", connected.strava_id, "athlete", updates={"authorized": "false"})
    drain(connected.database, clients(connected.settings, connected.database), connected.settings)
    assert connected.sql("select state from strava.athlete") == [{"state": "active"}]  # a lie
    connected.control("revoke")
    tell(connected, "update", connected.strava_id, "athlete", updates={"authorized": "false"}, event_time=5)
    drain(connected.database, clients(connected.settings, connected.database), connected.settings)
    (row,) = connected.sql("select state, access_token from strava.athlete")
    assert row == {"state": "revoked", "access_token": None}
