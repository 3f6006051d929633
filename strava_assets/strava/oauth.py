"""Connecting an athlete: Strava's consent page, the code that comes back, what was granted.

What belongs here: the OAuth conversation and its outcome in ``strava.athlete``. What does not: web pages
(``gateway``), renewing tokens (``tokens``).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from strava_assets.database.connection import Database, queries
from strava_assets.errors import StravaError
from strava_assets.settings import Settings
from strava_assets.strava.answers import problem, unavailable
from strava_assets.strava.client import StravaClient
from strava_assets.strava.keys import derive
from strava_assets.strava.originals import clean_text
from strava_assets.strava.tokens import Tokens, TokenStore, credentials, oauth_post, token_request, tokens_of

#: activity:read beside activity:read_all: without it Strava sends no events for public activities.
SCOPES = ("read", "activity:read", "activity:read_all", "profile:read_all")
#: How long a consent may take, seconds.
STATE_LASTS = 15 * 60

_MISSING = {
    "activity:read_all": "rides that only you may see, and the parts of your rides inside Strava's own privacy zones, "
    "will be missing here",
    "activity:read": "no ride can be read, and Strava will not tell of new ones",
    "profile:read_all": "the kinds of your bikes are unknown, so rides are told apart by sport only",
}


@dataclass(frozen=True)
class Connected:
    """Who connected, and what the granted scopes leave out, in words."""

    athlete_id: int
    name: str
    missing: list[str]


def authorize_url(settings: Settings, state: str) -> str:
    """Strava's consent page for this application.

    Raises
    ------
    SettingsError
        The application's credentials are not set.
    """
    parameters = {
        "client_id": credentials(settings)["client_id"],
        "redirect_uri": f"{settings.base_url}/connect/callback",
        "response_type": "code",
        "approval_prompt": "auto",
        "scope": ",".join(SCOPES),
        "state": state,
    }
    return f"{settings.oauth_url}/authorize?{urlencode(parameters)}"


def new_state(settings: Settings, now: float | None = None) -> tuple[str, str]:
    """A ``state`` for the consent page, and the cookie that ties it to one browser. Nothing is stored."""
    cookie, moment = secrets.token_urlsafe(24), str(int(time.time() if now is None else now))
    return f"{moment}.{_state_mark(settings, moment, cookie)}", cookie


def state_holds(settings: Settings, state: str, cookie: str, now: float | None = None) -> bool:
    """Whether ``state`` was made here, for this browser, within the last minutes."""
    moment, _, mark = state.partition(".")
    if not re.fullmatch(r"\d{1,12}", moment) or not cookie:
        return False
    age = (time.time() if now is None else now) - int(moment)
    good = hmac.compare_digest(mark.encode(), _state_mark(settings, moment, cookie).encode())
    return good and -1 <= age <= STATE_LASTS


def judge_scopes(granted: str) -> list[str]:
    """What will be missing with the scopes that were granted (comma or space separated), in words."""
    have = set(re.split(r"[,\s]+", granted))
    return [text for scope, text in _MISSING.items() if scope not in have]


def connect(database: Database, settings: Settings, code: str, scope: str) -> Connected:
    """Turn the code of a consent into stored tokens.

    Parameters
    ----------
    database : Database
    settings : Settings
    code, scope : str
        As in the address that Strava sent the browser to.

    Raises
    ------
    StravaUnauthorized
        The code was used already, or is not one.
    StravaError, SettingsError
    """
    body = token_request(settings, {"grant_type": "authorization_code", "code": code})
    tokens = tokens_of(body)
    athlete = body.get("athlete")
    if not isinstance(athlete, dict) or not isinstance(athlete.get("id"), int):
        athlete = StravaClient(settings, lambda _: tokens.access).athlete()
    if not isinstance(athlete.get("id"), int):
        raise unavailable("Strava does not say whose account this is; try again later")
    scopes = [part for part in re.split(r"[,\s]+", scope) if part]
    row = _keep(database, settings, athlete, tokens, scopes)
    return Connected(row["id"], row["name"], judge_scopes(scope))


def revoke(database: Database, settings: Settings, strava_id: int) -> bool:
    """End an athlete's consent at Strava and forget the tokens, whatever Strava answers.

    Returns
    -------
    bool
        Whether there was anything to end: without tokens nothing is asked.

    Raises
    ------
    StravaError
        Strava did not take it back; the tokens are gone here nevertheless.
    """
    store = TokenStore(database, settings)
    with database.transaction() as connection:
        row = queries().lock_tokens_of(connection, strava_id=strava_id)
        tokens = [store.open(row[name]) for name in ("refresh_token", "access_token") if row and row[name]]
        if row:
            queries().forget_tokens(connection, id=row["id"])
    if not tokens:
        return False
    own = credentials(settings)
    answer = oauth_post(settings, "/revoke", data={"token": tokens[0]}, auth=(own["client_id"], own["client_secret"]))
    if answer.status_code in (404, 405):  # before 2027 only the older endpoint may be there
        answer = oauth_post(settings, "/deauthorize", headers={"Authorization": f"Bearer {tokens[-1]}"})
    if answer.status_code >= 300 and answer.status_code != 401:
        raise problem(answer.status_code, None, answer.headers, "to end the athlete's consent")
    return True


def _keep(
    database: Database, settings: Settings, athlete: dict[str, Any], tokens: Tokens, scopes: list[str]
) -> dict[str, Any]:
    store = TokenStore(database, settings)
    name = " ".join(
        part for part in (athlete.get("firstname"), athlete.get("lastname")) if isinstance(part, str) and part.strip()
    )
    name = clean_text(name)[:200] or f"Athlete {athlete['id']}"
    values = {
        "strava_id": athlete["id"],
        "access_token": store.seal(tokens.access),
        "scopes": scopes,
        "refresh_token": store.seal(tokens.refresh),
        "token_expires_at": tokens.expires_at,
    }
    with database.transaction() as connection:
        for candidate in (name, f"{name} ({athlete['id']})"):  # two people may have one name
            row = queries().connect_athlete(connection, name=candidate, **values)
            if row is not None:
                return row
    raise StravaError(f"an athlete named {name} exists already and cannot be told apart")


def _state_mark(settings: Settings, moment: str, cookie: str) -> str:
    return hmac.new(derive(settings, "oauth state"), f"{moment}.{cookie}".encode(), hashlib.sha256).hexdigest()
