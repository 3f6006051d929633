"""Connecting an athlete, as a browser sees it: away to Strava's consent page, and back.

What belongs here: the two addresses and their pages. What does not: the conversation with Strava (``strava.oauth``).
"""

from __future__ import annotations

import logging

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from strava_assets.errors import (
    SettingsError,
    StravaAssetsError,
    StravaError,
    StravaRateLimited,
    StravaUnavailable,
)
from strava_assets.gateway.pages import page
from strava_assets.settings import Settings
from strava_assets.strava import oauth

_COOKIE = "strava_assets_state"
#: Consents looked into at a time: whoever sends invented ones holds up others of them, and nothing else.
AT_A_TIME = 4

log = logging.getLogger(__name__)


async def connect(request: Request) -> Response:
    """To Strava's consent page; a cookie ties the answer to this browser."""
    settings: Settings = request.app.state.settings
    state, cookie = oauth.new_state(settings)
    try:
        consent = oauth.authorize_url(settings, state)
    except SettingsError as error:
        return page("Not ready to connect", [str(error)], status=503)
    answer = RedirectResponse(consent, status_code=302, headers={"Cache-Control": "no-store"})
    answer.set_cookie(
        _COOKIE,
        cookie,
        max_age=oauth.STATE_LASTS,
        path="/connect",
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )
    return answer


async def connected(request: Request) -> Response:
    """Back from the consent page: keep the tokens and say what was granted."""
    settings: Settings = request.app.state.settings
    asked = request.query_params
    if not oauth.state_holds(settings, asked.get("state", ""), request.cookies.get(_COOKIE, "")):
        return page(
            "This link is too old",
            ["Strava's answer does not belong to a connection begun in this browser within the last 15 minutes."],
            again="/connect",
            status=400,
        )
    if asked.get("error") or not asked.get("code"):
        return page(
            "Not connected", ["Strava was told not to allow access. Nothing was changed."], again="/connect", status=400
        )
    try:
        found = await anyio.to_thread.run_sync(
            oauth.connect,
            request.app.state.database,
            settings,
            asked["code"],
            asked.get("scope", ""),
            limiter=request.app.state.consents,
        )
    except StravaAssetsError as error:
        log.warning("a connection failed: %s", error)
        ours = isinstance(error, (StravaUnavailable, StravaRateLimited)) or not isinstance(error, StravaError)
        return page("Not connected", [str(error)], again="/connect", status=502 if ours else 400)
    lines = ["Your activities follow. You may close this page."]
    if found.missing:
        lines = [
            "Not everything was allowed:",
            *(f"{text}." for text in found.missing),
            "Connect again and leave every box ticked to change that.",
        ]
    answer = page(f"{found.name} is connected", lines, again="/connect" if found.missing else None)
    answer.delete_cookie(_COOKIE, path="/connect")
    return answer
