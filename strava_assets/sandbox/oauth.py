"""The simulated consent page and token endpoints.

What belongs here: routes under ``/oauth``. What does not: how tokens age (``grants``).
"""

from __future__ import annotations

import base64
import binascii
from html import escape
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from strava_assets.sandbox import faults
from strava_assets.sandbox.events import push_revoked
from strava_assets.sandbox.grants import SCOPES, Grant
from strava_assets.sandbox.state import State, form

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Authorize (simulated Strava)</title>
<body><main><h1>Simulated Strava</h1><p>An application (client {client}) asks to connect to the account of
{athlete}.</p><form method="post" action="/oauth/authorize">{hidden}
<fieldset><legend>It will be able to</legend>{boxes}</fieldset>
<button name="decision" value="authorize">Authorize</button>
<button name="decision" value="cancel">Cancel</button></form></main></body></html>"""


async def authorize(request: Request) -> Response:
    """The consent page; its own form comes back here by POST."""
    state: State = request.app.state.sandbox
    given = await form(request)
    if given.get("client_id") != state.client_id:
        return faults.bad_request("Application", "client_id")
    address = given.get("redirect_uri", "")
    if not _may_return(state, address):
        return faults.bad_request("Application", "redirect_uri")
    if given.get("response_type", "code") != "code":
        return faults.bad_request("Authorize", "response_type")
    asked = {part for part in given.get("scope", "read").replace(" ", ",").split(",") if part} | {"read"}
    if asked - set(SCOPES):
        return faults.bad_request("Authorize", "scope")
    if request.method == "POST":
        if given.get("decision") != "authorize":
            return _back(address, {"state": given.get("state", ""), "error": "access_denied"})
        ticked = frozenset(scope for scope in SCOPES if scope == "read" or f"allow {scope}" in given)
        return _consented(state, given, frozenset(ticked & asked))
    known = given.get("approval_prompt", "auto") != "force" and state.grants.covers(frozenset(asked))
    if state.auto_approve or known:
        return _consented(state, given, frozenset(asked))
    return HTMLResponse(_page(state, given, asked))


async def token(request: Request) -> Response:
    """Codes and refresh tokens to access tokens."""
    state: State = request.app.state.sandbox
    given = await form(request)
    if given.get("client_id") != state.client_id:
        return faults.bad_request("Application", "client_id")
    if not state.is_application(given):
        return faults.bad_application()
    if given.get("grant_type") == "authorization_code":
        grant = state.grants.exchange(given.get("code", ""), state.now())
        return faults.bad_request("AuthorizationCode", "code") if grant is None else _tokens(state, grant, True)
    if given.get("grant_type") == "refresh_token":
        grant = state.grants.renew(given.get("refresh_token", ""), state.now())
        return faults.bad_request("RefreshToken", "refresh_token") if grant is None else _tokens(state, grant)
    return faults.bad_request("Application", "grant_type")


async def deauthorize(request: Request) -> Response:
    """The application gives up its access, the older way: by an access token."""
    state: State = request.app.state.sandbox
    if state.future:
        return faults.not_found("Path")
    given = (await form(request)).get("access_token") or bearer(request)
    if state.grants.of(given, state.now()) is None:
        return faults.bad_token()
    state.grants.revoke(given)
    push_revoked(state)
    return JSONResponse({"access_token": given})


async def revoke(request: Request) -> Response:
    """The application gives up its access, the newer way: HTTP Basic, and any token (RFC 7009)."""
    state: State = request.app.state.sandbox
    if _basic(request) != (state.client_id, state.client_secret):
        return faults.bad_application()
    given = (await form(request)).get("token", "")
    if not given:
        return faults.bad_request("Application", "token", "missing")
    if state.grants.revoke(given):
        push_revoked(state)
    return Response(status_code=200)


def bearer(request: Request) -> str:
    """The access token of the header; empty without one."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == "bearer" else ""


def routes() -> list[Route]:
    """Under ``/oauth``, and where Strava's API has them too."""
    found = [Route("/oauth/authorize", authorize, methods=["GET", "POST"])]
    for base in ("/oauth", "/api/v3/oauth"):
        found += [
            Route(f"{base}/{name}", endpoint, methods=["POST"])
            for name, endpoint in (("token", token), ("deauthorize", deauthorize), ("revoke", revoke))
        ]
    return found


def _may_return(state: State, address: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    own = state.callback_domain
    return parts.scheme in ("http", "https") and (
        host in ("localhost", "127.0.0.1") or bool(own and (host == own or host.endswith(f".{own}")))
    )


def _consented(state: State, given: dict[str, str], scope: frozenset[str]) -> Response:
    listed = ",".join(name for name in SCOPES if name in scope)
    return _back(
        given["redirect_uri"], {"state": given.get("state", ""), "code": state.grants.code(scope), "scope": listed}
    )


def _back(address: str, answer: dict[str, str]) -> Response:
    return RedirectResponse(f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(answer)}", 302)


def _page(state: State, given: dict[str, str], asked: set[str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in given.items()
        if name in ("client_id", "redirect_uri", "response_type", "scope", "state")
    )
    boxes = "".join(
        f'<p><label><input type="checkbox" name="allow {scope}" checked> {scope}</label></p>'
        for scope in SCOPES
        if scope in asked and scope != "read"
    )
    athlete = f"{state.account.athlete['firstname']} {state.account.athlete['lastname']}"
    return _PAGE.format(client=escape(state.client_id), athlete=escape(athlete), hidden=hidden, boxes=boxes)


def _tokens(state: State, grant: Grant, first: bool = False) -> JSONResponse:
    access, ends = grant.newest
    body = {
        "token_type": "Bearer",
        "access_token": access,
        "expires_at": int(ends),
        "expires_in": max(0, int(ends - state.now())),
        "refresh_token": grant.refresh,
    }
    if first:
        shown = (
            "id",
            "username",
            "firstname",
            "lastname",
            "city",
            "state",
            "country",
            "sex",
            "premium",
            "summit",
            "created_at",
            "updated_at",
        )
        body["athlete"] = {name: state.account.athlete.get(name) for name in shown} | {"resource_state": 2}
    return JSONResponse(body)


def _basic(request: Request) -> tuple[str, str]:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (name, secret) if kind.lower() == "basic" else ("", "")
