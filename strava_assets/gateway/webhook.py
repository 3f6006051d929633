"""Strava's side door: the handshake, and events.

What belongs here: who is let in, and how much of a body is taken. What does not: what an event is
(``strava.webhooks``), how it is kept (``group_commit``).

Three secrets are compared in constant time: the token of the path, the handshake's, the signature. Subscription
and owner are looked up in SQL instead: they are Strava's numbers and no secrets, and only who knows the path's
token gets so far.
"""

from __future__ import annotations

import hmac
import logging
import time

from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from strava_assets.errors import DatabaseUnavailable
from strava_assets.gateway.bodies import read_body
from strava_assets.gateway.group_commit import GroupCommit
from strava_assets.strava.webhooks import parse_event, signature_holds

#: An event is a few hundred bytes.
LARGEST_BODY = 64 * 1024
#: Seconds that a body may take to arrive.
BODY_LASTS = 10.0

log = logging.getLogger(__name__)


async def webhook(request: Request) -> Response:
    """Strava asks whether the address is really ours, or tells of something."""
    if not _same(request.path_params["token"], request.app.state.path_token):
        raise HTTPException(403, "forbidden")
    return await _event(request) if request.method == "POST" else _handshake(request)


def _handshake(request: Request) -> Response:
    asked = request.query_params
    good = _same(asked.get("hub.verify_token", ""), request.app.state.verify_token)
    if not good or asked.get("hub.mode") != "subscribe" or not asked.get("hub.challenge"):
        raise HTTPException(403, "forbidden")
    return JSONResponse({"hub.challenge": asked["hub.challenge"]})


async def _event(request: Request) -> Response:
    """Commit the event, then answer; nothing else happens here."""
    body = await read_body(request, LARGEST_BODY, BODY_LASTS)
    key: SecretStr | None = request.app.state.settings.webhook_signing_key
    if key is not None and not signature_holds(
        request.headers.get("x-strava-signature", ""), body, key.get_secret_value()
    ):
        request.app.state.refusals.note("its signature is missing, wrong or old")
        raise HTTPException(403, "forbidden")
    try:
        event = parse_event(body)
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    commit: GroupCommit = request.app.state.commit
    try:
        refused = await commit.keep(event.parameters())
    except DatabaseUnavailable:
        # Strava asks again after a 5xx; what it gives up on is found by the next reconcile
        return JSONResponse({"status": "cannot be kept now, send it again"}, status_code=503)
    if refused:
        request.app.state.refusals.note("its subscription or its owner is unknown")
        raise HTTPException(403, "forbidden")
    return JSONResponse({"status": "kept"})


class Refusals:
    """Tells the log that events with the right token are refused: once a minute at most, and how many it were."""

    def __init__(self) -> None:
        self._count, self._told = 0, float("-inf")

    def note(self, why: str) -> None:
        """One more."""
        self._count += 1
        if time.monotonic() - self._told >= 60:
            log.warning("%d events refused; of the last one, %s", self._count, why)
            self._count, self._told = 0, time.monotonic()


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), secret.encode())
