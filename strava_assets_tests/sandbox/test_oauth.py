"""Consent and tokens behave as Strava documents them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from strava_assets_tests.sandbox.conftest import ALL_SCOPES, BACK, Asker

Ask = Callable[..., Asker]


def consent(asker: Asker, **given: str):
    return asker.http.get(
        f"{asker.sandbox.oauth_url}/authorize",
        params={
            "client_id": asker.sandbox.client_id,
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": ALL_SCOPES,
            "state": "a&b",
            **given,
        },
    )


def test_the_consent_page_asks_with_a_button_and_a_box_for_each_scope(ask: Ask):
    asker = ask(scope="", auto_approve=False)
    page = consent(asker)
    assert page.status_code == 200
    assert ">Authorize</button>" in page.text
    for scope in ("profile:read_all", "activity:read", "activity:read_all"):
        assert f'name="allow {scope}" checked' in page.text


def test_unticked_scopes_are_not_granted_and_state_comes_back(ask: Ask):
    asker = ask(scope="", auto_approve=False)
    form = {
        "client_id": asker.sandbox.client_id,
        "redirect_uri": BACK,
        "scope": ALL_SCOPES,
        "state": "a&b",
        "decision": "authorize",
        "allow activity:read": "on",
    }
    answer = asker.http.post(f"{asker.sandbox.oauth_url}/authorize", data=form)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.status_code == 302
    assert back["scope"] == ["read,activity:read"]
    assert back["state"] == ["a&b"]
    answer = asker.http.post(f"{asker.sandbox.oauth_url}/authorize", data=form | {"decision": "cancel"})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == ["access_denied"]


def test_the_page_shows_nothing_unescaped(ask: Ask):
    page = consent(ask(scope="", auto_approve=False), state='"><script>alert(1)</script>')
    assert "<script>" not in page.text


def test_a_consent_given_once_is_not_asked_for_again_unless_forced(ask: Ask):
    asker = ask()
    asker.sandbox.state.auto_approve = False
    assert consent(asker).status_code == 302
    assert consent(asker, approval_prompt="force").status_code == 200


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"client_id": "77"}, "client_id"),
        ({"redirect_uri": "https://elsewhere.example/back"}, "redirect_uri"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri"),
        ({"scope": "everything"}, "scope"),
        ({"response_type": "token"}, "response_type"),
    ],
)
def test_a_wrong_request_for_consent_is_refused_without_a_redirect(ask: Ask, given: dict, field: str):
    answer = consent(ask(scope=""), **given)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_the_callback_domain_covers_its_subdomains(ask: Ask):
    asker = ask(scope="", callback_domain="rides.example")
    assert consent(asker, redirect_uri="https://map.rides.example/back").status_code == 302
    assert consent(asker, redirect_uri="https://notrides.example/back").status_code == 400


def test_a_code_is_good_for_six_hours_of_access_and_only_once(ask: Ask):
    asker = ask(scope="")
    code = asker.code()["code"]
    tokens = asker.token(grant_type="authorization_code", code=code).json()
    assert tokens["token_type"] == "Bearer"
    assert 21_590 <= tokens["expires_in"] <= 21_600
    assert tokens["athlete"]["id"] == asker.sandbox.account.id
    again = asker.token(grant_type="authorization_code", code=code)
    assert again.status_code == 400
    assert again.json() == {
        "message": "Bad Request",
        "errors": [{"resource": "AuthorizationCode", "field": "code", "code": "invalid"}],
    }


def test_a_refresh_gives_the_same_token_while_it_has_more_than_an_hour(ask: Ask):
    asker = ask()
    asker.control("advance_clock", seconds=4 * 3600)
    same = asker.token(grant_type="refresh_token", refresh_token=asker.tokens["refresh_token"]).json()
    assert same["access_token"] == asker.tokens["access_token"]
    assert same["refresh_token"] == asker.tokens["refresh_token"]
    assert same["expires_in"] < 2 * 3600 + 1


def test_a_rotated_refresh_token_ends_the_old_one_while_the_old_access_lives_on(ask: Ask):
    asker = ask()
    asker.control("advance_clock", seconds=5.5 * 3600)
    fresh = asker.token(grant_type="refresh_token", refresh_token=asker.tokens["refresh_token"]).json()
    assert fresh["access_token"] != asker.tokens["access_token"]
    assert fresh["refresh_token"] != asker.tokens["refresh_token"]
    assert asker.get("/athlete").status_code == 200
    refused = asker.token(grant_type="refresh_token", refresh_token=asker.tokens["refresh_token"])
    assert refused.status_code == 400
    assert refused.json() == {
        "message": "Bad Request",
        "errors": [{"resource": "RefreshToken", "field": "refresh_token", "code": "invalid"}],
    }
    asker.tokens = fresh
    assert asker.get("/athlete").status_code == 200


def test_an_access_token_ends_after_six_hours(ask: Ask):
    asker = ask()
    asker.control("advance_clock", seconds=6 * 3600 + 1)
    answer = asker.get("/athlete")
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Authorization Error",
        "errors": [{"resource": "Athlete", "field": "access_token", "code": "invalid"}],
    }


def test_a_wrong_secret_gets_no_tokens(ask: Ask):
    asker = ask(scope="")
    given = {"grant_type": "authorization_code", "code": asker.code()["code"]}
    assert asker.token(**given, client_secret="no").status_code == 401
    assert asker.token(**given, client_id="2").status_code == 400
    assert asker.token(**given).status_code == 200  # the code was not spent on them
    assert asker.token(grant_type="password").status_code == 400


def test_deauthorize_ends_every_token(ask: Ask):
    asker = ask()
    answer = asker.http.post(
        f"{asker.sandbox.oauth_url}/deauthorize", data={"access_token": asker.tokens["access_token"]}
    )
    assert answer.json() == {"access_token": asker.tokens["access_token"]}
    assert asker.get("/athlete").status_code == 401
    assert asker.token(grant_type="refresh_token", refresh_token=asker.tokens["refresh_token"]).status_code == 400


def test_revoke_takes_basic_authentication_and_any_token(ask: Ask):
    asker = ask()
    address, secret = f"{asker.sandbox.oauth_url}/revoke", (asker.sandbox.client_id, asker.sandbox.client_secret)
    form = {"token": asker.tokens["refresh_token"]}
    assert asker.http.post(address, data=form).status_code == 401
    assert asker.http.post(address, data=form, auth=("1001", "wrong")).status_code == 401
    assert asker.get("/athlete").status_code == 200
    assert asker.http.post(address, data=form, auth=secret).status_code == 200
    assert asker.get("/athlete").status_code == 401
    assert asker.http.post(address, data=form, auth=secret).status_code == 200  # RFC 7009: unknown is fine


def test_the_shape_of_2027_takes_tokens_in_the_header_only_and_has_no_deauthorize(ask: Ask):
    asker = ask(future=True)
    token = asker.tokens["access_token"]
    assert asker.get("/athlete").status_code == 200
    assert asker.http.get(f"{asker.sandbox.url}/athlete", params={"access_token": token}).status_code == 401
    assert (
        asker.http.get(f"{asker.sandbox.url}/api/v3/athlete", headers={"Authorization": f"Bearer {token}"}).status_code
        == 404
    )
    assert asker.http.post(f"{asker.sandbox.oauth_url}/deauthorize", data={"access_token": token}).status_code == 404
