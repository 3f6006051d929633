"""The web application: which address does what, and what every answer carries.

What belongs here: routes, headers, refusals, public files. What does not: events (``webhook``), connecting
(``consent``), reading files (``files``). A visitor never sees more of an error than one sentence.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.dashboard.choices import content_policy
from strava_assets.database.connection import Database, open_database
from strava_assets.errors import DatabaseUnavailable, StravaAssetsError
from strava_assets.gateway import consent, owner
from strava_assets.gateway.files import PublicFiles
from strava_assets.gateway.group_commit import GroupCommit
from strava_assets.gateway.metrics import Counting, Metrics, metrics
from strava_assets.gateway.pages import page
from strava_assets.gateway.webhook import Refusals, webhook
from strava_assets.settings import Settings
from strava_assets.strava.webhooks import path_token, verify_token

log = logging.getLogger(__name__)

#: On every answer, unless a page brought a stricter one of its own.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: https:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",  # tile servers want to know the site
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}
_RAW_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


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
        app.state.owner.start(base)
        app.state.consents = anyio.CapacityLimiter(consent.AT_A_TIME)
        async with GroupCommit(base.url).running() as commit:
            app.state.commit = commit
            yield
        if database is None:
            base.close()

    packed = [Middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)]
    app = _Application(
        routes=[
            Route("/webhook/{token}", webhook, methods=["GET", "POST"]),
            Route("/healthz", _healthz),
            Route("/readyz", _readyz),
            Route("/metrics", metrics),
            Route("/connect", consent.connect),
            Route("/connect/callback", consent.connected),
            Route("/streams/{athlete}/{activity}.csv", _streams, middleware=packed),
            *owner.routes(),
            Route("/public/{path:path}", _file, middleware=packed),
            Route("/{path:path}", _file, middleware=packed),
        ],
        exception_handlers={
            HTTPException: _refused,
            StravaAssetsError: _failed,
            Exception: _broken,
        },
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.metrics = Metrics(settings)
    app.state.owner = owner.OwnerView(settings)
    app.state.files = PublicFiles(settings.public_root)
    app.state.path_token, app.state.verify_token = path_token(settings), verify_token(settings)
    app.state.refusals = Refusals()
    return app


async def _healthz(request: Request) -> Response:
    """Alive."""
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Able to accept events: the connection that they are written on answers."""
    try:
        await request.app.state.commit.keep(None)
    except DatabaseUnavailable:
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})


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
    if key == "index.html":
        answer.headers["Content-Security-Policy"] = _page_policy(request.app.state.settings)
    return answer


def _page_policy(settings: Settings) -> str:
    """The map's own policy, which its meta tag says, too, and what only a header can say."""
    return content_policy(settings.map_tiles_url) + "; frame-ancestors 'none'"


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"{error.detail}\n", status_code=error.status_code, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    """What went wrong is for the owner's log; a visitor learns only that it did."""
    log.error("%s %s: %s", request.method, request.url.path.partition("/webhook/")[0] or "/webhook", error)
    return PlainTextResponse("not available now; the gateway's log says why\n", status_code=503)


async def _broken(request: Request, error: Exception) -> Response:
    """A fault of ours; the server logs it."""
    return PlainTextResponse("something went wrong; the gateway's log says what\n", status_code=500)


class _Application(Starlette):
    """Starlette, with our headers around all of it: what answers for an unforeseen exception is its outermost part."""

    def build_middleware_stack(self) -> ASGIApp:
        return Counting(_SecurityHeaders(super().build_middleware_stack()), self.state.metrics)


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
                headers = message["headers"]
                own = {name for name, _ in headers}
                message = {**message, "headers": [*headers, *(pair for pair in _RAW_HEADERS if pair[0] not in own)]}
            await send(message)

        await self.app(scope, receive, sending)
