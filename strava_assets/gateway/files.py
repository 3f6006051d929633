"""Files of the public root, read only.

What belongs here: which paths may be asked for, and answers that say nothing of when a file was made. What
does not: writing; ``publish.gate`` is the only one who does.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import mimetypes
import os
import re

from starlette.responses import Response

from strava_assets.stores import Store

#: How long a presigned address is good, seconds.
ADDRESS_LASTS = 300

#: With the = of the public lake's folders, month=2024-05.
_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.=-]*(/[A-Za-z0-9_-][A-Za-z0-9_.=-]*)*\Z")
_STREAM = re.compile(r"[0-9a-f]{16}/streams/stream_[0-9a-f]{16}\.csv\Z")
_TYPES = {
    ".topojson": "application/json",
    ".json": "application/json",
    ".js": "text/javascript",
    ".csv": "text/csv",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".ico": "image/x-icon",
    ".parquet": "application/vnd.apache.parquet",
}
_TEXT = ("text/", "application/json", "application/manifest+json", "image/svg+xml")


class PublicFiles:
    """A read-only view of one public root.

    Parameters
    ----------
    url : str
        ``Settings.public_root``.
    """

    def __init__(self, url: str):
        self._store = Store(url)

    def allowed(self, key: str) -> bool:
        """Whether ``key`` can be a public file's path: plain names, none hidden, nothing that leads outside."""
        return len(key) <= 512 and _PATH.match(key) is not None

    def address(self, key: str) -> str | None:
        """A presigned address of a stream in a bucket; None if the root is a folder, or there is no such stream."""
        if self._store.is_folder or not _STREAM.match(key) or not self._store.exists(key):
            return None
        return self._store.signed(key, ADDRESS_LASTS)

    @functools.cached_property
    def streams_origin(self) -> str:
        """Where `address` leads; empty if nowhere else than to us."""
        return self._store.signed_origin()

    def answer(self, key: str, if_none_match: str) -> Response | None:
        """The file as an answer, 304 if the asker has it already; None if there is none.

        The config says where streams can be had without us, if they lie in a bucket.
        There is no Last-Modified: it would tell when a ride was uploaded.
        """
        data = self.read(key)
        if data is None:
            return None
        if key == "config.json" and self.streams_origin:
            with contextlib.suppress(
                ValueError, TypeError
            ):  # it may be anything: the page passes over what it cannot read
                data = json.dumps({**json.loads(data), "streams": "streams/{athlete}/{activity}.csv"}).encode()
        tag = f'W/"{hashlib.sha256(data).hexdigest()[:32]}"'  # weak, as the bytes on the way may be compressed
        headers = {"ETag": tag, "Cache-Control": _caching(key)}
        known = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
        if tag.removeprefix("W/") in known or "*" in known:
            return Response(status_code=304, headers=headers)
        return Response(data, headers={**headers, "Content-Type": content_type(key)})

    def read(self, key: str) -> bytes | None:
        """The file's bytes; None if there is none. ``key`` must be `allowed`."""
        path = self._store.path(key)
        if self._store.is_folder:
            root = os.path.realpath(self._store.path(""))
            if not os.path.isfile(path) or not os.path.realpath(path).startswith(root + os.sep):
                return None  # a folder, or a link that leads outside
        try:
            return self._store.read(key)
        except FileNotFoundError:
            return None


def _caching(key: str) -> str:
    """Built assets carry a hash in their names; everything else is asked for again each time."""
    return "public, max-age=31536000, immutable" if key.startswith("assets/") else "no-cache"


def content_type(key: str) -> str:
    """The media type of a public file, by its name."""
    kind = _TYPES.get(os.path.splitext(key)[1].lower()) or mimetypes.guess_type(key)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith(_TEXT) and kind != "image/svg+xml" else kind
