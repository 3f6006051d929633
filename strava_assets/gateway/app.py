"""The web application: which address does what, and what every answer carries.

What belongs here: routes, headers, refusals. What does not: files (``files``), the OAuth conversation and
events themselves (``strava``). A visitor never sees more of an error than one sentence.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import AsyncIterator

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.database.connection import Database, open_database, queries
from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.gateway.files import PublicFiles
from strava_assets.gateway.pages import page
from strava_assets.settings import Settings
from strava_assets.strava import oauth
from strava_assets.strava.webhooks import parse_event, path_token, verify_token

#: An event is a few hundred bytes.
LARGEST_BODY = 64 * 1024
_BODY_LASTS = 10.0  # seconds that a body may take to arrive
_COOKIE = "strava_assets_state"

log = logging.getLogger(__name__)

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",  # tile servers want to know the site
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}


def create_app(settings: Settings, database: Database | None = None) -> Starlette:
    """The gateway.

    Parameters
    ----------
    settings : Settings
    database : Database, optional
        Opened from the settings when the gateway starts, if left out.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        base = database if database is not None else await run_in_threadpool(open_database, settings)
        app.state.database = base
        async with AsyncConnectionPool(
            base.url,
            min_size=1,
            max_size=8,
            timeout=5,
            open=False,
            check=AsyncConnectionPool.check_connection,
            kwargs={"application_name": "strava_assets gateway"},
        ) as pool:
            app.state.pool = pool
            yield
        if database is None:
            base.close()

    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/connect", _connect),
            Route("/connect/callback", _connected),
            Route("/webhook/{token}", _handshake, methods=["GET"]),
            Route("/webhook/{token}", _event, methods=["POST"]),
            Route("/streams/{athlete}/{activity}.csv", _streams),
            Route("/public/{path:path}", _file),
            Route("/{path:path}", _file),
        ],
        middleware=[Middleware(_SecurityHeaders), Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)],
        exception_handlers={HTTPException: _refused, StravaAssetsError: _failed},  # type: ignore[dict-item]
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.files = PublicFiles(settings.public_root)
    app.state.path_token, app.state.verify_token = path_token(settings), verify_token(settings)
    return app


async def _healthz(request: Request) -> Response:
    """Alive."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Able to accept events: the database answers."""
    try:
        async with request.app.state.pool.connection(timeout=2) as connection:
            await connection.execute("select 1")
    except (psycopg.Error, PoolTimeout):
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})


async def _handshake(request: Request) -> Response:
    """Strava asks whether the address is really ours."""
    asked = request.query_params
    good = _same(request.path_params["token"], request.app.state.path_token) & _same(
        asked.get("hub.verify_token", ""), request.app.state.verify_token
    )
    if not good or asked.get("hub.mode") != "subscribe" or not asked.get("hub.challenge"):
        raise HTTPException(403, "forbidden")
    return JSONResponse({"hub.challenge": asked["hub.challenge"]})


async def _event(request: Request) -> Response:
    """Commit the event, then answer; nothing else happens here."""
    if not _same(request.path_params["token"], request.app.state.path_token):
        raise HTTPException(403, "forbidden")
    body = await _body(request)
    try:
        event = parse_event(body)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    try:
        async with request.app.state.pool.connection() as connection:
            cursor = await connection.execute(queries().put_webhook_event.sql, event.parameters())
            _, refused = await cursor.fetchone()
    except (psycopg.Error, PoolTimeout) as error:
        # Strava asks again after a 5xx; what it gives up on is found by the next reconcile
        log.error("an event could not be kept (%s): answered 503, so that it is sent again", type(error).__name__)
        return JSONResponse({"status": "cannot be kept now, send it again"}, status_code=503)
    if refused:
        raise HTTPException(403, "forbidden")
    return JSONResponse({"status": "kept"})


async def _connect(request: Request) -> Response:
    """To Strava's consent page; a cookie ties the answer to this browser."""
    settings: Settings = request.app.state.settings
    state, cookie = oauth.new_state(settings)
    try:
        consent = oauth.authorize_url(settings, state)
    except SettingsError as error:
        return page("Not ready to connect", [str(error)], status=503)
    answer = RedirectResponse(consent, status_code=302, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        _COOKIE,
        cookie,
        max_age=oauth.STATE_LASTS,
        path="/connect",
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )
    return answer


async def _connected(request: Request) -> Response:
    """Back from the consent page: keep the tokens and say what was granted."""
    settings: Settings = request.app.state.settings
    asked = request.query_params
    if not oauth.state_holds(settings, asked.get("state", ""), request.cookies.get(_COOKIE, "")):
        return page(
            "This link is too old",
            ["Strava's answer does not belong to a connection begun in this browser within the last 15 minutes."],
            again="/connect",
            status=400,
        )
    if asked.get("error") or not asked.get("code"):
        return page(
            "Not connected", ["Strava was told not to allow access. Nothing was changed."], again="/connect", status=400
        )
    database = request.app.state.database
    try:
        connected = await run_in_threadpool(oauth.connect, database, settings, asked["code"], asked.get("scope", ""))
    except StravaAssetsError as error:
        log.warning("a connection failed: %s", error)
        return page("Not connected", [str(error)], again="/connect", status=502)
    lines = ["Your activities follow. You may close this page."]
    if connected.missing:
        lines = [
            "Not everything was allowed:",
            *(f"{text}." for text in connected.missing),
            "Connect again and leave every box ticked to change that.",
        ]
    answer = page(f"{connected.name} is connected", lines, again="/connect" if connected.missing else None)
    answer.delete_cookie(_COOKIE, path="/connect")
    return answer


async def _streams(request: Request) -> Response:
    """One activity's published streams."""
    files: PublicFiles = request.app.state.files
    athlete, activity = request.path_params["athlete"], request.path_params["activity"]
    key = f"{athlete}/streams/stream_{activity}.csv"
    if not files.allowed(key):
        raise HTTPException(404, "not found")
    address = await run_in_threadpool(files.address, key)
    if address is not None:
        return RedirectResponse(address, status_code=302, headers={"Cache-Control": "no-store"})
    return await _answer(request, key)


async def _file(request: Request) -> Response:
    """A file of the public root."""
    key = request.path_params["path"] or "index.html"
    if not request.app.state.files.allowed(key):
        raise HTTPException(404, "not found")
    return await _answer(request, key)


async def _answer(request: Request, key: str) -> Response:
    answer = await run_in_threadpool(request.app.state.files.answer, key, request.headers.get("if-none-match", ""))
    if answer is None and key == "index.html":
        return page("Nothing is published yet", ["When the first rides are, the map is here."], status=200)
    if answer is None:
        raise HTTPException(404, "not found")
    return answer


async def _body(request: Request) -> bytes:
    """The body, unless it is too long or too slow."""
    if (length := request.headers.get("content-length", "")).isdigit() and int(length[:20]) > LARGEST_BODY:
        raise HTTPException(413, "too long")
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_LASTS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_BODY:
                    raise HTTPException(413, "too long")
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408, "too slow") from None
    return bytes(body)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())


async def _refused(request: Request, error: HTTPException) -> Response:
    return PlainTextResponse(f"{error.detail}\n", status_code=error.status_code, headers=error.headers)


async def _failed(request: Request, error: StravaAssetsError) -> Response:
    """What went wrong is for the owner's log; a visitor learns only that it did."""
    log.error("%s %s: %s", request.method, request.url.path.partition("/webhook/")[0] or "/webhook", error)
    return PlainTextResponse("not available now; the gateway's log says why\n", status_code=503)


class _SecurityHeaders:
    """The same headers on every answer, unless a page brought a stricter one of its own."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sending)
