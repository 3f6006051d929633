"""The few pages that the gateway writes itself: a title and some sentences.

What belongs here: their look, and escaping. What does not: what they say.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable

from starlette.responses import HTMLResponse

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto 0;padding:0 1.25rem;"
    "color:#1c2321;background:#fbfaf7}h1{font-size:1.6rem;line-height:1.2}a{color:#0b6e4f}"
    "@media(prefers-color-scheme:dark){body{color:#e8e6e1;background:#161a1d}a{color:#7bd4b0}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address may hold a code
    "Cache-Control": "no-store",
}


def page(title: str, lines: Iterable[str], again: str | None = None, status: int = 200) -> HTMLResponse:
    """A page of plain sentences; everything is escaped.

    Parameters
    ----------
    title : str
    lines : iterable of str
    again : str, optional
        A path on this site to try again.
    status : int
    """
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    link = f'<p><a href="{html.escape(again)}">Try again</a></p>' if again else '<p><a href="/">To the map</a></p>'
    heading = html.escape(title)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{heading}</h1>{paragraphs}{link}</body></html>",
        status_code=status,
        headers=_HEADERS,
    )
