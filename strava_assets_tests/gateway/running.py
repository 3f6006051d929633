"""A gateway that runs in a thread, over real HTTP."""

from __future__ import annotations

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


class Gateway:
    """A running gateway and what it stands on."""

    def __init__(self, installation: Installation, listening: socket.socket):
        self.settings, self.installation = installation.settings, installation
        self.public = Path(self.settings.public_root)
        self.url = address(listening)
        self.server = make_server(self.settings, installation.database)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]})
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET a path."""
        return httpx.get(self.url + path, trust_env=False, **options)

    def post(self, body: bytes | dict[str, Any], token: str | None = None) -> httpx.Response:
        """Push an event."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx.post(f"{self.url}/webhook/{token or path_token(self.settings)}", content=content, trust_env=False)

    def raw(self, target: str) -> bytes:
        """The whole answer to a path that no client library would send."""
        host, port = self.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while chunk := line.recv(65536):
                answer += chunk
            return answer

    def stop(self) -> None:
        """End it."""
        self.server.should_exit = True
        self.thread.join()


def address(listening: socket.socket) -> str:
    """The URL of a listening socket."""
    return f"http://127.0.0.1:{listening.getsockname()[1]}"
