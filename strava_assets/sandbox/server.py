"""The simulated Strava as an HTTP server on loopback.

What belongs here: putting the routes together, failing when told to, starting and ending. What does not:
what the routes answer (``api``, ``oauth``, ``events``, ``control``).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.errors import SettingsError
from strava_assets.sandbox import api, control, faults, oauth
from strava_assets.sandbox.account import Account
from strava_assets.sandbox.quota import OVERALL, READ, Quota
from strava_assets.sandbox.state import State

#: Seconds that a slow call takes.
_SLOW = 1.0


@dataclass
class RunningSandbox:
    """A simulation that is up.

    Attributes
    ----------
    url : str
        Its root, without a trailing slash; ``/control`` lies under it.
    state : State
        To look at; change it through ``/control`` only, as it belongs to the server's thread.
    """

    url: str
    state: State

    @property
    def account(self) -> Account:
        """The account that it shows."""
        return self.state.account

    @property
    def api_url(self) -> str:
        """For ``STRAVA_API_URL``."""
        return self.url if self.state.future else f"{self.url}/api/v3"

    @property
    def oauth_url(self) -> str:
        """For ``STRAVA_OAUTH_URL``."""
        return f"{self.url}/oauth"

    @property
    def client_id(self) -> str:
        """For ``STRAVA_CLIENT_ID``."""
        return self.state.client_id

    @property
    def client_secret(self) -> str:
        """For ``STRAVA_CLIENT_SECRET``."""
        return self.state.client_secret

    @property
    def log(self) -> list[dict[str, Any]]:
        """Requests received so far: method, path, query, status, whether it was a read of the API."""
        return list(self.state.log)

    @property
    def reads(self) -> int:
        """How many of them were reads of the API."""
        return control.reads(self.state)

    @property
    def pushes(self) -> list[dict[str, Any]]:
        """Events pushed so far, and the answers they got."""
        return list(self.state.pushes)


def create_app(state: State) -> Starlette:
    """The application over a simulation's state."""
    app = Starlette(
        routes=[*oauth.routes(), *control.routes(), *api.routes()], exception_handlers={HTTPException: _unknown_path}
    )
    app.state.sandbox = state
    app.add_middleware(_Watched, state=state)
    return app


@contextmanager
def serve(account: Account, host: str = "127.0.0.1", port: int = 0, **options: Any) -> Iterator[RunningSandbox]:
    """Run a simulation in a thread until the end of the block.

    Parameters
    ----------
    account : Account
    host : str
        A loopback address.
    port : int
        0 for any free one.
    **options
        Of `make_state`.

    Raises
    ------
    SettingsError
        The port is in use, or the address is not loopback.
    """
    state = make_state(account, **options)
    listener = listen(host, port)
    server = make_server(state)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield RunningSandbox(f"http://{host}:{listener.getsockname()[1]}", state)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def make_state(
    account: Account, read_limit: tuple[int, int] = READ, overall_limit: tuple[int, int] | None = None, **options: Any
) -> State:
    """A fresh simulation.

    Parameters
    ----------
    account : Account
    read_limit, overall_limit : (int, int)
        Calls a quarter hour and a day. The overall limit is twice the reads', unless told.
    **options
        Of `State`: ``auto_approve``, ``push_spacing``, ``hang``, ``future``, ``client_id``, …
    """
    if overall_limit is None:
        overall_limit = OVERALL if read_limit == READ else (read_limit[0] * 2, read_limit[1] * 2)
    return State(account, quota=Quota(overall_limit, read_limit), **options)


def make_server(state: State) -> uvicorn.Server:
    """uvicorn over the application, quiet; it ends within a second, whoever still waits for an answer."""
    return uvicorn.Server(
        uvicorn.Config(create_app(state), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on loopback; whoever connects from now on is answered.

    Raises
    ------
    SettingsError
        The port is in use, or the address is not loopback.
    """
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise SettingsError(f"the simulated Strava lets anyone in, so it listens on loopback only, not on {host}")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SettingsError(f"port {port} on {host} cannot be used ({error}); choose another with --port") from None
    return listener


class _Watched:
    """Notes every request, and lets those fail that are to fail. Plain ASGI: it must see a hang through."""

    def __init__(self, app: ASGIApp, state: State):
        self.app, self.state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/control"):
            await self.app(scope, receive, send)
            return
        entry = {
            "method": scope["method"],
            "path": path,
            "query": scope["query_string"].decode("latin-1"),
            "status": 0,
            "read": scope["method"] == "GET" and "/oauth" not in path and "/push_subscriptions" not in path,
        }
        self.state.note(entry)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        trouble = self.state.trouble(path)
        if trouble == "slow":
            await asyncio.sleep(_SLOW)
            trouble = None
        answer: ASGIApp = self.app if trouble is None else await self._failing(trouble, bool(entry["read"]))
        await answer(scope, receive, noting)

    async def _failing(self, trouble: int | str, read: bool) -> Response:
        now = self.state.now()
        if trouble == "hang":
            await asyncio.sleep(self.state.hang)
        if trouble == 429:
            self.state.quota.spend(now)
            return faults.rate_limited("read", self.state.quota.headers(now))
        if read:
            self.state.quota.take(now, read=True)
        headers = self.state.quota.headers(now)
        if trouble == "garbage":
            return Response("<html><body>We'll be right back.</body></html>", 200, headers, "text/html")
        if trouble == "empty":
            return Response(b"", 200, headers, "application/json")
        answer = faults.fault(trouble if isinstance(trouble, int) else 504, "error")
        answer.headers.update(headers)
        return answer


async def _unknown_path(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return faults.fault(status, "Record Not Found" if status == 404 else "Bad Request", "Path", "", "invalid")
