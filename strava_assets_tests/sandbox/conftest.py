"""A running simulation, someone who asks it, and an application's own address for events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import RunningSandbox, serve

BACK = "http://127.0.0.1:9/callback"
ALL_SCOPES = "read,profile:read_all,activity:read,activity:read_all"


@dataclass
class Asker:
    """An application that talks to the simulation over HTTP."""

    sandbox: RunningSandbox
    http: httpx.Client
    tokens: dict[str, Any] = field(default_factory=dict)

    def code(self, scope: str = ALL_SCOPES) -> dict[str, str]:
        """What the browser is sent back with."""
        answer = self.http.get(
            f"{self.sandbox.oauth_url}/authorize",
            params={
                "client_id": self.sandbox.client_id,
                "redirect_uri": BACK,
                "response_type": "code",
                "scope": scope,
                "state": "s1",
            },
        )
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def token(self, **given: str) -> httpx.Response:
        return self.http.post(
            f"{self.sandbox.oauth_url}/token",
            data={"client_id": self.sandbox.client_id, "client_secret": self.sandbox.client_secret, **given},
        )

    def connect(self, scope: str = ALL_SCOPES) -> Asker:
        answer = self.token(grant_type="authorization_code", code=self.code(scope)["code"])
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        return self

    def get(self, path: str, **parameters: Any) -> httpx.Response:
        return self.http.get(
            self.sandbox.api_url + path,
            params=parameters,
            headers={"Authorization": f"Bearer {self.tokens['access_token']}"},
        )

    def control(self, deed: str, **given: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.sandbox.url}/control/{deed}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def subscribe(self, callback: str, **given: str) -> httpx.Response:
        return self.http.post(
            f"{self.sandbox.api_url}/push_subscriptions",
            data={
                "client_id": self.sandbox.client_id,
                "client_secret": self.sandbox.client_secret,
                "callback_url": callback,
                "verify_token": "open sesame",
                **given,
            },
        )


@pytest.fixture
def ask() -> Iterator[Callable[..., Asker]]:
    """Start a simulation with options and a connected application."""
    running: list[Any] = []

    def start(account: Any = None, scope: str = ALL_SCOPES, **options: Any) -> Asker:
        context = serve(
            account or synthetic_account(seed=3, activities=30),
            **{"auto_approve": True, "push_spacing": 0.05, **options},
        )
        sandbox = context.__enter__()
        asker = Asker(sandbox, httpx.Client(trust_env=False, timeout=20))
        running.append((context, asker))
        return asker.connect(scope) if scope else asker

    yield start
    for context, asker in running:
        asker.http.close()
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def shared() -> Iterator[Asker]:
    """One connected simulation for tests that only read."""
    with (
        serve(synthetic_account(seed=3, activities=30), auto_approve=True, read_limit=(10_000, 10_000)) as sandbox,
        httpx.Client(trust_env=False, timeout=20) as http,
    ):
        yield Asker(sandbox, http).connect()


@dataclass
class Callback:
    """Where events arrive; it can be made to behave badly."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    echo: Callable[[str], Any] = lambda challenge: {"hub.challenge": challenge}
    handshake_status: int = 200
    asked: dict[str, str] = field(default_factory=dict)
    came: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int, seconds: float = 5.0) -> list[dict[str, Any]]:
        with self.came:
            assert self.came.wait_for(lambda: len(self.events) >= count, seconds), self.events
            return list(self.events)


@pytest.fixture
def callback() -> Iterator[Callback]:
    """An application's webhook, on a port of its own."""
    here = Callback()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
            self._say(here.handshake_status, here.echo(here.asked.get("hub.challenge", "")))

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with here.came:
                here.events.append(event)
                status = here.statuses.pop(0) if here.statuses else 200
                here.came.notify_all()
            self._say(status, {})

        def _say(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode() if not isinstance(body, bytes) else body
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield here
    server.shutdown()
    server.server_close()
