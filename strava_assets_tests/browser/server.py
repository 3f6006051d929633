"""A plain static host, as strict as one may be: under a sub-path, with a strict content policy.

What belongs here: serving a folder over HTTP on loopback. What does not: the gateway.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SUB_PATH = "/people/ada/map"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"


class _Host(SimpleHTTPRequestHandler):
    """Files below SUB_PATH only; conditional requests are answered with 304, as any static host does."""

    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        if not path.startswith(SUB_PATH + "/"):
            return str(Path(self.directory) / "no such file")
        return super().translate_path(path.removeprefix(SUB_PATH))

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that hangs up half-way is no error."""


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve a folder; yields the page's address, which ends in a slash."""
    server = _Server(("127.0.0.1", 0), partial(_Host, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{SUB_PATH}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
