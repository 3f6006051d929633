"""Bodies of requests, of whoever sends them."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

#: After a refusal with the body still on its way, there is nothing to go on with.
_CLOSE = {"Connection": "close"}


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """The body, unless it is longer than ``most`` bytes (413) or takes longer than ``seconds`` (408)."""
    if (length := request.headers.get("content-length", "")).isdigit() and int(length[:20]) > most:
        raise HTTPException(413, "too long", _CLOSE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise HTTPException(413, "too long", _CLOSE)
    except (TimeoutError, ClientDisconnect):
        raise HTTPException(408, "too slow", _CLOSE) from None
    return bytes(body)
