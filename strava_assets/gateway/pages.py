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


def _headers(forms: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        f"form-action {forms}; frame-ancestors 'none'",
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
    link = f'<p><a href="{html.escape(again)}">Try again</a></p>' if again else '<p><a href="/">To the map</a></p>'
    return _document(title, lines, link, status=status)


def password_page(lines: Iterable[str], status: int = 200) -> HTMLResponse:
    """A page that asks for a password, which is posted to the page's own address; no script is needed."""
    form = (
        '<form method="post"><p><label>Password <input type="password" name="password" required autofocus '
        'autocomplete="current-password" maxlength="128"></label> <button>Open</button></p></form>'
    )
    answer = _document("Only for the owner", lines, form, forms="'self'", status=status)
    answer.headers["Referrer-Policy"] = "same-origin"  # with none at all, a browser calls the form's origin null
    return answer


def leading_on(path: str) -> HTMLResponse:
    """A page that opens another of ours by itself, and takes its place in the browser's history.

    A redirect would go on as whoever linked here began, and the browser would keep back a strict cookie.
    """
    goes_on = f'<meta http-equiv="refresh" content="0; url={html.escape(path)}">'
    return _document("Opening", [], f'<p><a href="{html.escape(path)}">Go on</a></p>', head=goes_on)


def _document(
    title: str, lines: Iterable[str], rest: str, head: str = "", forms: str = "'none'", status: int = 200
) -> HTMLResponse:
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    heading = html.escape(title)
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{heading}</title>{head}'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{heading}</h1>{paragraphs}{rest}</body></html>",
        status_code=status,
        headers=_headers(forms),
    )
