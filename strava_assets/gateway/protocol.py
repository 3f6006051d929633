"""HTTP on a connection: uvicorn's, with limits on what comes before the application sees a request.

What belongs here: strangers who send endless heads, or none. What does not: bodies and answers (``app``, ``webhook``).
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from strava_assets.gateway.app import SECURITY_HEADERS

#: Bytes and seconds that the head of a request may take.
LARGEST_HEAD = 64 * 1024
HEAD_LASTS = 10.0


class GuardedProtocol(HttpToolsProtocol):
    """A connection is closed if a request's head does not arrive whole in time, or is too long."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.access_log = False  # whoever set up logging: addresses hold the webhook's token and OAuth codes
        self._head_bytes, self._head_due = 0, self.loop.call_later(HEAD_LASTS, self._hang_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_due.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._head_due.cancelled():
            self._head_bytes += len(data)
            if self._head_bytes > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("too long")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_due.cancelled():  # a further request on this connection
            self._head_bytes, self._head_due = 0, self.loop.call_later(HEAD_LASTS, self._hang_up)

    def on_headers_complete(self) -> None:
        self._head_due.cancel()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """For what is no HTTP; with the headers of every other answer."""
        self._head_due.cancel()
        headers = {**SECURITY_HEADERS, "Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(msg))}
        lines = ["HTTP/1.1 400 Bad Request", *(f"{name}: {value}" for name, value in headers.items())]
        self.transport.write("\r\n".join([*lines, "Connection: close", "", msg]).encode("ascii"))
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """Nobody is told: it is a stranger's wish, answered like any other request."""

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
