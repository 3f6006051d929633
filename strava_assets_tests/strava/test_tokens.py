"""Tokens: connecting, keeping, renewing, losing them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from strava_assets.errors import StravaUnauthorized
from strava_assets.strava import oauth
from strava_assets.strava.tokens import TokenStore
from strava_assets_tests.strava.conftest import World, in_both_shapes


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


def test_ten_that_need_a_token_at_once_cause_one_refresh_and_none_fails(connected: World) -> None:
    expire(connected)
    refreshes = len(connected.requests("/oauth/token"))
    tokens: list[str] = []

    def ask() -> None:
        tokens.append(TokenStore(connected.database, connected.settings).access_token(connected.strava_id))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tokens) == 10
    assert len(set(tokens)) == 1
    assert len(connected.requests("/oauth/token")) == refreshes + 1


def test_a_rejected_refresh_marks_the_athlete_and_nothing_loops(connected: World) -> None:
    connected.control("revoke")
    client = connected.client()
    with pytest.raises(StravaUnauthorized, match="connect"):
        client.athlete()
    assert connected.sql("select state from strava.athlete") == [{"state": "reconnect"}]
    asked = len(connected.requests("/"))
    with pytest.raises(StravaUnauthorized, match="not connected"):
        client.athlete()
    assert len(connected.requests("/")) == asked
    connected.connect()
    assert connected.client().athlete()["id"] == connected.strava_id


@in_both_shapes
def test_revoking_forgets_the_tokens_here_and_ends_them_there(connected: World) -> None:
    token = TokenStore(connected.database, connected.settings).access_token(connected.strava_id)
    oauth.revoke(connected.database, connected.settings, connected.strava_id)
    (row,) = connected.sql("select access_token, refresh_token, state from strava.athlete")
    assert row == {"access_token": None, "refresh_token": None, "state": "revoked"}
    from strava_assets.strava.client import StravaClient

    with pytest.raises(StravaUnauthorized):
        StravaClient(connected.settings, lambda _: token).athlete()
