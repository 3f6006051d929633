"""A gateway that runs in a thread, over real HTTP."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from strava_assets.gateway.server import make_server
from strava_assets.installation import Installation
from strava_assets.strava.webhooks import path_token

#: What Strava could push to it.
EVENT = {
    "aspect_type": "create",
    "event_time": 1516126040,
    "object_id": 7,
    "object_type": "activity",
    "owner_id": 3,
    "subscription_id": 1,
    "updates": {},
}


class Gateway:
    """A running gateway and what it stands on."""

    def __init__(self, installation: Installation, listening: socket.socket):
        self.settings, self.installation = installation.settings, installation
        self.public = Path(self.settings.public_root)
        self.url = address(listening)
        self.http = httpx.Client(trust_env=False, timeout=20, headers={"Connection": "close"})
        self.server = make_server(self.settings, installation.database)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]})
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET a path."""
        return self.http.get(self.url + path, **options)

    def post(self, body: bytes | dict[str, Any], token: str | None = None) -> httpx.Response:
        """Push an event."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(f"{self.url}/webhook/{token or path_token(self.settings)}", content=content)

    def raw(self, target: str) -> bytes:
        """The whole answer to a path that no client library would send."""
        return self.say(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    def say(self, *parts: bytes) -> bytes:
        """Everything that comes back for some bytes until the gateway closes the connection."""
        host, port = self.url.removeprefix("http://").split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=20) as line:
            with contextlib.suppress(ConnectionError):  # it may have closed it, with more of ours on the way
                for part in parts:
                    line.sendall(part)
            with contextlib.suppress(ConnectionError):
                while chunk := line.recv(65536):
                    answer += chunk
        return answer

    def stop(self) -> None:
        """End it."""
        self.http.close()
        self.server.should_exit = True
        self.thread.join()


def address(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
