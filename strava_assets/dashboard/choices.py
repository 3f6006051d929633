"""What the owner chose for everybody who looks: ``config.json``, and what the page may ask of whom.

What belongs here: from settings to those two. What does not: the page's other files, writing to the public root
(``publish.gate``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_POLICY = re.compile(rb'(<meta http-equiv="Content-Security-Policy" content=")[^"]*(")')
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?")


@dataclass(frozen=True)
class Choices:
    """The owner's choices; an empty text leaves the choice to whoever looks.

    Attributes
    ----------
    tiles_url : str
        ``https://tile.example.org/{z}/{x}/{y}.png``, or a path on the same host; empty: no tiles, and so no
        request to anybody else.
    attribution : str
        Whose map it is, shown where there are tiles.
    units : str
        ``metric``, ``imperial`` or empty.
    theme : str
        ``light``, ``dark`` or empty.
    """

    title: str = ""
    tiles_url: str = ""
    attribution: str = ""
    units: str = ""
    theme: str = ""


def config(choices: Choices) -> bytes:
    """``config.json``; what was not chosen is null."""
    tiles = {"url": choices.tiles_url, "attribution": choices.attribution} if choices.tiles_url else None
    said = {
        "schema": 1,
        "title": choices.title or None,
        "tiles": tiles,
        "units": choices.units or None,
        "theme": choices.theme or None,
    }
    return (json.dumps(said, ensure_ascii=False) + "\n").encode()


def content_policy(tiles_url: str, streams_origin: str = "", *, forms: bool = False) -> str:
    """The page's Content-Security-Policy: its own files and nothing else, but for the tiles' host and the bucket's.

    Parameters
    ----------
    tiles_url : str
        As in `Choices`. A name with a placeholder, ``{s}.tile.example.org``, admits all names beside it.
    streams_origin : str
        Where presigned addresses of streams lead, ``https://bucket.s3.example.org``; empty if there are none.
    forms : bool
        Whether a form may be sent to where the page is from.
    """
    host = tiles_origin(tiles_url)
    action = "'self'" if forms else "'none'"
    images = f"'self' data: {host}" if host else "'self' data:"
    read = f"'self' {streams_origin}".strip()
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src {read}; "
        f"base-uri 'none'; form-action {action}"
    )


def tiles_origin(tiles_url: str) -> str:
    """The origin that tiles come from, as a policy words it; empty for our own.

    Raises
    ------
    ValueError
        It is no address of tiles.
    """
    if not tiles_url or (tiles_url.startswith("/") and not tiles_url.startswith("//")):
        return ""
    parts = urlsplit(tiles_url)
    first, dot, rest = parts.netloc.partition(".")
    name, host = ("*", rest) if "{" in first else (first, f"{first}{dot}{rest}")
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise ValueError(f"{tiles_url!r} is not like https://tile.example.org/{{z}}/{{x}}/{{y}}.png")
    return f"{parts.scheme}://{name}.{rest}" if name == "*" else f"{parts.scheme}://{host}"


def chosen(site: Mapping[str, bytes], choices: Choices, streams_origin: str = "") -> dict[str, bytes]:
    """The built page's files with the owner's choices: the policy in ``index.html``, and ``config.json``."""
    policy = content_policy(choices.tiles_url, streams_origin).encode()
    index, replaced = _POLICY.subn(rb"\g<1>" + policy + rb"\g<2>", site["index.html"])
    if replaced != 1:
        raise ValueError("index.html has no place for a Content-Security-Policy")
    return {**site, "index.html": index, "config.json": config(choices)}
