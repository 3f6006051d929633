"""Tokens: connecting, keeping, renewing, losing them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from strava_assets.errors import StravaForbidden, StravaRateLimited, StravaUnauthorized, StravaUnavailable
from strava_assets.stack import settings_environment
from strava_assets.strava import oauth
from strava_assets.strava.account import drain_events, land, list_everyone
from strava_assets.strava.listing import list_account
from strava_assets.strava.tokens import TokenStore
from strava_assets_tests.strava.conftest import ACTIVITIES, World, in_both_shapes
from strava_assets_tests.strava.events import subscribe, tell


@in_both_shapes
def test_connecting_keeps_encrypted_tokens_and_what_was_granted(connected: World) -> None:
    (row,) = connected.sql("select * from strava.athlete")
    token = TokenStore(connected.database, connected.settings).access_token(connected.strava_id)
    assert token.encode() not in bytes(row["access_token"])
    assert row["state"] == "active"
    assert "activity:read_all" in row["scopes"]
    assert connected.client().athlete()["id"] == connected.strava_id


def test_a_code_works_once(world: World) -> None:
    brought = world.consent()
    oauth.connect(world.database, world.settings, brought["code"], brought["scope"])
    with pytest.raises(StravaUnauthorized, match="connect again"):
        oauth.connect(world.database, world.settings, brought["code"], brought["scope"])


def test_connecting_again_keeps_the_athlete(connected: World) -> None:
    before = connected.athlete_id
    connected.connect()
    assert connected.athlete_id == before
    assert len(connected.sql("select 1 from strava.athlete")) == 1


def test_missing_scopes_are_told_plainly() -> None:
    assert oauth.judge_scopes(",".join(oauth.SCOPES)) == []
    told = oauth.judge_scopes("read,activity:read")
    assert any("only you may see" in line for line in told)


def test_a_state_holds_for_one_browser_and_a_quarter_of_an_hour(world: World) -> None:
    state, cookie = oauth.new_state(world.settings, now=1000)
    assert oauth.state_holds(world.settings, state, cookie, now=1000 + 800)
    assert not oauth.state_holds(world.settings, state, cookie, now=1000 + 901)
    assert not oauth.state_holds(world.settings, state, "another", now=1000)
    assert not oauth.state_holds(world.settings, f"9{state}", cookie, now=91000)
    assert not oauth.state_holds(world.settings, "", "", now=1000)


def expire(world: World) -> None:
    world.sql("update strava.athlete set token_expires_at = now() + interval '2 minutes'")
    world.control("advance_clock", seconds=6 * 3600)


@in_both_shapes
def test_a_token_is_renewed_before_it_ends_and_both_are_kept(connected: World) -> None:
    (before,) = connected.sql("select access_token, refresh_token from strava.athlete")
    expire(connected)
    assert connected.client().athlete()["id"] == connected.strava_id
    (after,) = connected.sql("select * from strava.athlete")
    store = TokenStore(connected.database, connected.settings)
    assert store.open(before["access_token"]) != store.open(after["access_token"])
    assert store.open(before["refresh_token"]) != store.open(after["refresh_token"])
    assert after["token_expires_at"] > datetime.now(UTC) + timedelta(hours=4)


#: Opens what it needs, says so, and asks when it is told to.
ASK = """
import sys
from strava_assets.database.connection import Database
from strava_assets.settings import load
from strava_assets.strava.tokens import TokenStore
store = TokenStore(Database(sys.argv[1]), load())
print("ready", flush=True)
sys.stdin.readline()
print(store.access_token(int(sys.argv[2])))
"""


def test_ten_processes_that_need_a_token_at_once_cause_one_refresh_and_none_fails(connected: World) -> None:
    expire(connected)
    refreshes = len(connected.requests("/oauth/token"))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, connected.database.url, str(connected.strava_id)],
            env={**os.environ, **settings_environment(connected.settings)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    connected.control("fail", path="/oauth/token", status="slow", calls=10)
    assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 10
    for process in processes:
        process.stdin.write("now\n")
        process.stdin.flush()
    tokens = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 10
    assert len(connected.requests("/oauth/token")) == refreshes + 1
    assert tokens == {TokenStore(connected.database, connected.settings).access_token(connected.strava_id) + "\n"}


def test_a_rejected_refresh_marks_the_athlete_and_nothing_loops(connected: World) -> None:
    list_account(connected.database, connected.client(), connected.athlete_id, None, None, connected.settings)
    months = [
        row["month"] for row in connected.sql("select distinct to_char(month, 'YYYY-MM') as month from strava.activity")
    ]
    subscribe(connected)
    tell(connected, "create", connected.control("add", push=False)["id"])
    connected.control("revoke", push=False)
    client = connected.client()
    with pytest.raises(StravaUnauthorized, match="connect again"):
        client.athlete()
    assert connected.sql("select state from strava.athlete") == [{"state": "reconnect"}]
    asked = len(connected.requests("/"))
    store = TokenStore(connected.database, connected.settings)
    for _ in range(10):
        with pytest.raises(StravaUnauthorized, match="not connected"):
            store.access_token(connected.strava_id)
    for _ in range(3):
        connected.sql("update strava.webhook_event set next_attempt_at = now()")
        drained = drain_events(connected.settings, connected.database)
        assert (drained.handled, drained.reads) == ([], 0)
        assert "1 events wait until" in drained.reason
        landed = land(connected.settings, connected.database, connected.installation.store, months)
        assert (landed.reads, landed.left, len(landed.refused)) == (0, ACTIVITIES, 1)
        assert list_everyone(connected.settings, connected.database, None, None).reads == 0
    assert len(connected.requests("/")) == asked
    connected.connect()
    assert connected.client().athlete()["id"] == connected.strava_id
    connected.sql("update strava.webhook_event set next_attempt_at = now()")
    assert len(drain_events(connected.settings, connected.database).handled) == 1


def test_who_took_access_back_before_the_event_came_is_let_go(connected: World) -> None:
    subscribe(connected)
    connected.control("revoke", push=False)
    with pytest.raises(StravaUnauthorized):
        connected.client().athlete()
    tell(connected, "update", connected.strava_id, "athlete", updates={"authorized": "false"})
    assert len(drain_events(connected.settings, connected.database).handled) == 1
    assert connected.sql("select state, access_token from strava.athlete") == [
        {"state": "revoked", "access_token": None}
    ]


@pytest.mark.parametrize("wrong", [{"client_secret": SecretStr("another")}, {"client_id": "4242"}])
def test_wrong_credentials_of_the_application_are_no_athlete_s_fault(connected: World, wrong: dict[str, Any]) -> None:
    subscribe(connected)
    tell(connected, "update", connected.strava_id, "athlete", updates={"authorized": "false"})
    tell(connected, "create", connected.control("add", push=False)["id"])
    expire(connected)
    settings = connected.settings.model_copy(update=wrong)
    with pytest.raises(StravaForbidden, match="STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET"):
        TokenStore(connected.database, settings).access_token(connected.strava_id)
    drained = drain_events(settings, connected.database)
    assert (drained.handled, drained.deferred) == ([], 2)
    assert "STRAVA_CLIENT_SECRET" in drained.reason
    assert connected.sql("select state from strava.athlete") == [{"state": "active"}]
    connected.sql("update strava.webhook_event set next_attempt_at = now()")
    assert len(drain_events(connected.settings, connected.database).handled) == 2


@pytest.mark.parametrize("status", [400, 401, 429, 503, "garbage"])
def test_a_refusal_that_does_not_name_the_refresh_token_marks_nobody(connected: World, status: int | str) -> None:
    expire(connected)
    connected.control("fail", path="/oauth/token", status=status)
    store = TokenStore(connected.database, connected.settings)
    with pytest.raises((StravaUnavailable, StravaRateLimited)):
        store.access_token(connected.strava_id)
    assert connected.sql("select state from strava.athlete") == [{"state": "active"}]
    assert store.access_token(connected.strava_id)


@in_both_shapes
def test_revoking_forgets_the_tokens_here_and_ends_them_there(connected: World) -> None:
    token = TokenStore(connected.database, connected.settings).access_token(connected.strava_id)
    oauth.revoke(connected.database, connected.settings, connected.strava_id)
    (row,) = connected.sql("select access_token, refresh_token, state from strava.athlete")
    assert row == {"access_token": None, "refresh_token": None, "state": "revoked"}
    from strava_assets.strava.client import StravaClient

    with pytest.raises(StravaUnauthorized):
        StravaClient(connected.settings, lambda _: token).athlete()
