"""What stands around every answer of the owner's view: who is told that there is one, what it carries, what is logged.

What belongs here: routes that are not there for strangers, headers, refusals, errors. What does not: who the owner is
(`owner_access`), the answers themselves (`owner`, `owner_zones`).
"""

from __future__ import annotations

import functools
import json
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.dashboard.choices import content_policy
from strava_assets.errors import StravaAssetsError
from strava_assets.gateway.bodies import read_body
from strava_assets.gateway.owner_access import PATH, OwnerAccess
from strava_assets.settings import Settings

log = logging.getLogger(__name__)

#: A drawn place is short, too; one with a vertex a metre is not.
_LARGEST_JSON = 512 * 1024
_JSON_LASTS = 10.0
#: On every answer.
HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie",
    "X-Robots-Tag": "noindex",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class _Unknown(BaseRoute):
    """Routes that are not there for who may not know of them: the next one answers, as for any other address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        if match != Match.NONE:
            access: OwnerAccess = scope["app"].state.owner.access
            if not access.may_know(HTTPConnection(scope)):
                return Match.NONE, {}
        return match, child


class UnknownMount(_Unknown, Mount):
    """Everything below an address."""


class UnknownRoute(_Unknown, Route):
    """One address."""


def guarded(endpoint: Endpoint) -> Endpoint:
    """What goes wrong is told to the owner, in a sentence; the log learns only its kind: sentences may name places."""

    @functools.wraps(endpoint)
    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except HTTPException as error:
            return PlainTextResponse(f"{error.detail}\n", status_code=error.status_code, headers=error.headers)
        except StravaAssetsError as error:
            wrong_use = error.exit_code == 2
            if not wrong_use:
                log.error("the owner's view: %s", type(error).__name__)
            return JSONResponse({"error": str(error)}, status_code=400 if wrong_use else 503)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            log.error("the owner's view: a fault of ours, %s in %s:%s", type(error).__name__, where.name, where.lineno)
            return JSONResponse({"error": "something went wrong; the gateway's log says where"}, status_code=500)

    return told


def owners_only(endpoint: Endpoint) -> Endpoint:
    """Only with a session."""

    @functools.wraps(endpoint)
    async def asked(request: Request) -> Response:
        if not _access(request).is_owner(request):
            raise HTTPException(401, f"log in first: {PATH}/login")
        return await endpoint(request)

    return guarded(asked)


def owner_json(endpoint: Callable[[Request, Any], Awaitable[Response]]) -> Endpoint:
    """What changes something: only JSON that one of our own pages sent."""

    @functools.wraps(endpoint)
    async def taking_json(request: Request) -> Response:
        if not _access(request).same_origin(request):
            raise HTTPException(403, "this did not come from the page itself")
        if kind_of(request) != "application/json":
            raise HTTPException(415, "JSON is expected")
        try:
            given = json.loads(await read_body(request, _LARGEST_JSON, _JSON_LASTS))
        except (ValueError, RecursionError):
            return JSONResponse({"error": "the request is no JSON"}, status_code=400)
        return await endpoint(request, given)

    return taking_json


class OwnHeaders:
    """The same headers on every answer, also of refusals: nobody else may keep, frame or read one."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = {**HEADERS, "Content-Security-Policy": _policy(scope["app"].state.owner.settings)}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]} - {b"cache-control", b"vary"}
                more = [(name.lower().encode(), value.encode()) for name, value in own.items()]
                kept = [pair for pair in message["headers"] if pair[0].lower() in said]
                message = {**message, "headers": [*kept, *(pair for pair in more if pair[0] not in said)]}
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except HTTPException as error:  # of the router: a method that an address does not know
            answer = PlainTextResponse(f"{error.detail}\n", status_code=error.status_code, headers=error.headers)
            await answer(scope, receive, sending)


def _policy(settings: Settings) -> str:
    """The page's own; but signing in is a form, and no page of somebody else's shows ours in it."""
    return f"{content_policy(settings.map_tiles_url, forms=True)}; frame-ancestors 'none'"


def kind_of(request: Request) -> str:
    """The media type that a request says its body has."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _access(request: Request) -> OwnerAccess:
    access: OwnerAccess = request.app.state.owner.access
    return access
