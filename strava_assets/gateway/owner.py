"""The owner's view: the map's own page over the whole history, for who `owner_access` lets in.

What belongs here: the addresses below ``/mine/``. What does not: what all answers carry (`owner_guard`), who may
(`owner_access`), making the files (``uncut``), zones (`owner_zones`).

Nothing here writes to the public root, or to a log what a request or an answer holds.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from strava_assets.dashboard import owner_files
from strava_assets.dashboard.choices import chosen, config
from strava_assets.database.connection import Database
from strava_assets.gateway import owner_zones
from strava_assets.gateway.bodies import read_body
from strava_assets.gateway.files import content_type
from strava_assets.gateway.owner_access import COOKIE, PATH, SESSION_LASTS, OwnerAccess
from strava_assets.gateway.owner_guard import (
    HEADERS,
    OwnHeaders,
    UnknownMount,
    UnknownRoute,
    guarded,
    kind_of,
    owners_only,
)
from strava_assets.gateway.pages import leading_on, password_page
from strava_assets.publish.paths import ID
from strava_assets.settings import Settings

if TYPE_CHECKING:
    from strava_assets.installation import Installation
    from strava_assets.uncut import View

log = logging.getLogger(__name__)

#: A login is a short form.
_LARGEST_FORM, _FORM_LASTS = 4096, 10.0
#: Shorter answers are not worth packing.
_WORTH_PACKING = 1000


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


def routes() -> list[Any]:
    """To stand before those that answer for any address."""
    inner = [
        Route("/", guarded(_front)),
        Route("/login", guarded(_login), methods=["GET", "POST"]),
        Route("/logout", owners_only(_logout), methods=["POST"]),
        Route("/config.json", owners_only(_config)),
        *(Route(path, owners_only(deed), methods=[method]) for path, deed, method in owner_zones.ROUTES),
        Route("/{path:path}", owners_only(_file)),
    ]
    return [
        UnknownRoute(PATH, guarded(_slash)),
        UnknownMount(PATH, routes=inner, middleware=[Middleware(OwnHeaders)]),
    ]


async def _slash(request: Request) -> Response:
    return RedirectResponse(f"{PATH}/", status_code=307, headers=HEADERS)


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
    if kind_of(request) != "application/x-www-form-urlencoded":
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
    told = json.loads(config(_view(request).settings.map_choices))
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
    """A file of the owner's page: as it was built here, never as it lies in the public root."""
    site = chosen(await run_in_threadpool(owner_files), _view(request).settings.map_choices)
    data = site.get(path)
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
