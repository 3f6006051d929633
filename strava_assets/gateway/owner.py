"""The owner's view: the map's own page over the whole history, for who `owner_access` lets in.

What belongs here: the addresses below ``/mine/`` and what all of their answers carry. What does not: who may
(`owner_access`), making the files (``uncut``), zones (`owner_zones`).

Nothing here writes to the public root, or to a log what a request or an answer holds.
"""

from __future__ import annotations

import functools
import gzip
import json
import logging
import re
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Match, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.dashboard import site_files
from strava_assets.database.connection import Database
from strava_assets.errors import StravaAssetsError
from strava_assets.gateway.bodies import read_body
from strava_assets.gateway.files import PublicFiles, content_type
from strava_assets.gateway.owner_access import COOKIE, PATH, SESSION_LASTS, OwnerAccess
from strava_assets.gateway.pages import leading_on, password_page
from strava_assets.publish.paths import ID, SITE_PATH
from strava_assets.settings import Settings

if TYPE_CHECKING:
    from strava_assets.installation import Installation
    from strava_assets.uncut import View

log = logging.getLogger(__name__)

#: A login is a short form.
_LARGEST_FORM, _FORM_LASTS = 4096, 10.0
#: A drawn place is short, too; one with a vertex a metre is not.
_LARGEST_JSON = 512 * 1024
#: Shorter answers are not worth packing.
_WORTH_PACKING = 1000
_HEADERS = {
    "Cache-Control": "no-store, private",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Cookie",
    "X-Robots-Tag": "noindex",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class OwnerView:
    """What the addresses below ``/mine/`` stand on.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings):
        self.settings, self.access = settings, OwnerAccess(settings)
        self.database: Database | None = None  # once the gateway has started
        self.one_at_a_time: Any = None
        self.passwords: Any = None
        self._lock = threading.Lock()
        self._seen: View | None = None

    def start(self, database: Database) -> None:
        """With the gateway's database; within its event loop."""
        self.database = database
        self.one_at_a_time, self.passwords = anyio.CapacityLimiter(1), anyio.CapacityLimiter(1)

    def installation(self) -> Installation:
        """For who does the work, in a thread of their own: what that takes is loaded when the owner first looks."""
        from strava_assets.installation import Installation
        from strava_assets.stores import open_private

        assert self.database is not None
        return Installation(self.settings, self.database, open_private(self.settings))

    def view(self) -> View:
        """The history now. Who comes while it is made waits for it; only the newest one is kept."""
        from strava_assets import uncut

        with self._lock:
            self._seen = uncut.view(self.installation(), self._seen)
            return self._seen

    def file(self, path: str) -> bytes | None:
        """A file of the whole, or of one activity, by its path in the public root."""
        from strava_assets import uncut

        seen = self.view()
        if match := _STREAM.fullmatch(path):
            return uncut.stream(self.installation(), seen, *match.groups())
        return seen.files.get(path)


_STREAM = re.compile(rf"({ID})/streams/stream_({ID})\.csv")
_DATA = re.compile(rf"index\.json|{ID}/(activities\.topojson|(weekly|quarterly)\.json)|{_STREAM.pattern}")


class _Unknown:
    """Routes that are not there for who may not know of them: the next one answers, as for any other address."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)  # type: ignore[misc]
        if match != Match.NONE:
            owner: OwnerView = scope["app"].state.owner
            if not owner.access.may_know(HTTPConnection(scope)):
                return Match.NONE, {}
        return match, child


class _UnknownMount(_Unknown, Mount):
    pass


class _UnknownRoute(_Unknown, Route):
    pass


def routes() -> list[Any]:
    """To stand before those that answer for any address."""
    from strava_assets.gateway import owner_zones  # which stands on this module

    inner = [
        Route("/", _guarded(_front)),
        Route("/login", _guarded(_login), methods=["GET", "POST"]),
        Route("/logout", _owners(_logout), methods=["POST"]),
        Route("/config.json", _owners(_config)),
        *(Route(path, _owners(deed), methods=[method]) for path, deed, method in owner_zones.ROUTES),
        Route("/{path:path}", _owners(_file)),
    ]
    return [
        _UnknownRoute(PATH, _guarded(_slash)),
        _UnknownMount(PATH, routes=inner, middleware=[Middleware(_OwnHeaders)]),
    ]


async def _slash(request: Request) -> Response:
    return RedirectResponse(f"{PATH}/", status_code=307, headers=_HEADERS)


async def _front(request: Request) -> Response:
    """The page; or the way to it."""
    access = _view(request).access
    if access.has_key(request):
        answer = leading_on(f"{PATH}/")
        _give_session(request, answer, access.begin("key"))
        return answer
    if access.is_owner(request):
        return await _page_file(request, "index.html")
    return RedirectResponse(f"{PATH}/login", status_code=303)


async def _login(request: Request) -> Response:
    """Ask for the password, and look at what was given; without a script."""
    access = _view(request).access
    if not access.has_password:
        raise HTTPException(404, "not found")
    if request.method != "POST":
        return password_page(["This shows everything, also what is hidden from others."])
    if not access.same_origin(request):
        raise HTTPException(403, "this did not come from the login page itself")
    if _kind(request) != "application/x-www-form-urlencoded":
        raise HTTPException(415, "a form is expected")
    body = await read_body(request, _LARGEST_FORM, _FORM_LASTS)
    given = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=4).get("password", [""])[0]
    # one at a time: each takes memory, and none is looked at before it is known whether the one before was right
    async with _view(request).passwords:
        if wait := access.tries.wait:
            answer: Response = password_page(
                [f"There were several wrong ones. The next is looked at in {wait:.0f} s."], status=429
            )
            answer.headers["Retry-After"] = f"{wait:.0f}"
            return answer
        access.tries.begin()
        right = await run_in_threadpool(access.knows, given)
        if right:
            access.tries.right()
    if not right:
        log.warning("a wrong password for the owner's view, the %d. in a row", access.tries.wrong)
        return password_page(["That was not it."], status=403)
    answer = RedirectResponse(f"{PATH}/", status_code=303)
    _give_session(request, answer, access.begin("password"))
    return answer


async def _logout(request: Request) -> Response:
    access = _view(request).access
    if not access.same_origin(request):
        raise HTTPException(403, "this did not come from the page itself")
    access.end(request)
    answer = JSONResponse({"said": ["You are logged out."]})
    answer.delete_cookie(COOKIE, path=PATH, secure=access.way(request) == "https", httponly=True, samesite="strict")
    return answer


async def _config(request: Request) -> Response:
    """What the page is told for everybody, and that this is its owner."""
    public = await run_in_threadpool(request.app.state.files.read, "config.json")
    told = json.loads(public) if public else {"schema": 1, "title": None, "tiles": None}
    return JSONResponse({**told, "owner": True, "public": "../", "zones": "zones.json", "logout": "logout"})


async def _file(request: Request) -> Response:
    """A file of the whole history; or one of the page's."""
    path = request.path_params["path"]
    if not _DATA.fullmatch(path):
        return await _page_file(request, path)
    view = _view(request)
    data = await run_in_threadpool(view.file, path)
    if data is None:
        raise HTTPException(404, "not found")
    headers = {"Content-Type": content_type(path)}
    # what is packed holds nothing that the request said
    packable = len(data) > _WORTH_PACKING and view.access.way(request) == "https"
    if packable and "gzip" in request.headers.get("accept-encoding", ""):
        data = await run_in_threadpool(gzip.compress, data, 4)
        headers["Content-Encoding"] = "gzip"
    return Response(data, headers=headers)


async def _page_file(request: Request, path: str) -> Response:
    """The public site's own file: as it is published, else as it was built."""
    files: PublicFiles = request.app.state.files
    if not SITE_PATH.match(path) or not files.allowed(path):
        raise HTTPException(404, "not found")
    data = await run_in_threadpool(files.read, path)
    if data is None:
        data = (await run_in_threadpool(site_files)).get(path)
    if data is None:
        raise HTTPException(404, "not found")
    return Response(data, headers={"Content-Type": content_type(path)})


def _give_session(request: Request, answer: Response, session: str) -> None:
    answer.set_cookie(
        COOKIE,
        session,
        max_age=SESSION_LASTS,
        path=PATH,
        httponly=True,
        samesite="strict",
        secure=_view(request).access.way(request) == "https",
    )


def _view(request: Request) -> OwnerView:
    view: OwnerView = request.app.state.owner
    return view


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _guarded(endpoint: Endpoint) -> Endpoint:
    """What goes wrong is told to the owner, in a sentence; the log learns only its kind: sentences may name places."""

    @functools.wraps(endpoint)
    async def guarded(request: Request) -> Response:
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

    return guarded


def _owners(endpoint: Endpoint) -> Endpoint:
    """Only with a session."""

    @functools.wraps(endpoint)
    async def only_owners(request: Request) -> Response:
        if not _view(request).access.is_owner(request):
            raise HTTPException(401, f"log in first: {PATH}/login")
        return await endpoint(request)

    return _guarded(only_owners)


def owner_json(endpoint: Callable[[Request, Any], Awaitable[Response]]) -> Endpoint:
    """What changes something: only JSON that one of our own pages sent."""

    @functools.wraps(endpoint)
    async def taking_json(request: Request) -> Response:
        if not _view(request).access.same_origin(request):
            raise HTTPException(403, "this did not come from the page itself")
        if _kind(request) != "application/json":
            raise HTTPException(415, "JSON is expected")
        try:
            told = json.loads(await read_body(request, _LARGEST_JSON, _FORM_LASTS))
        except (ValueError, RecursionError):
            return JSONResponse({"error": "the request is no JSON"}, status_code=400)
        return await endpoint(request, told)

    return taking_json


class _OwnHeaders:
    """The same headers on every answer, also of refusals: nobody else may keep, frame or read one."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = {**_HEADERS, "Content-Security-Policy": _policy(scope["app"].state.owner.settings)}

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
    """Our own files only; and pictures of tiles, where the owner chose any."""
    tiles = " https: http:" if settings.map_tiles_url else ""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{tiles}; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
