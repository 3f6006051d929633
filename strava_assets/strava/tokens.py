"""The athletes' tokens: encrypted in PostgreSQL, refreshed by one process at a time.

What belongs here: keeping, giving and renewing tokens. What does not: getting the first ones (``oauth``).
Strava may give a new refresh token with every refresh and forget the old one, so both are committed
before either is used, under a lock on the athlete's row.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from cryptography.fernet import Fernet, InvalidToken

from strava_assets.database.connection import Database, queries
from strava_assets.errors import SettingsError, StravaError, StravaForbidden, StravaUnauthorized
from strava_assets.settings import Settings
from strava_assets.strava.answers import faults, problem, unavailable
from strava_assets.strava.client import http_options
from strava_assets.strava.keys import derive

#: A token that ends sooner is renewed first.
MARGIN = timedelta(minutes=5)
_TIMEOUT = httpx.Timeout(20, connect=5)


@dataclass(frozen=True)
class Tokens:
    """What Strava gives for a code or a refresh token."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


class TokenStore:
    """Gives access tokens that last.

    Parameters
    ----------
    database : Database
    settings : Settings
        Client id and secret, the key, and where OAuth is.
    """

    def __init__(self, database: Database, settings: Settings):
        self._database, self._settings = database, settings
        self._fernet = Fernet(base64.urlsafe_b64encode(derive(settings, "tokens")))

    def seal(self, token: str) -> bytes:
        """A token as it is kept."""
        return self._fernet.encrypt(token.encode())

    def open(self, sealed: bytes) -> str:
        """A kept token.

        Raises
        ------
        SettingsError
            The secret key is not the one that it was kept with.
        """
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken:
            raise SettingsError(
                "the stored Strava tokens were encrypted with another secret key; restore that key, or "
                "connect again: strava-assets connect"
            ) from None

    def access_token(self, strava_id: int, refused: str | None = None, now: datetime | None = None) -> str:
        """An athlete's access token, renewed if it ends within minutes.

        Parameters
        ----------
        strava_id : int
            Strava's number of the athlete.
        refused : str, optional
            A token that Strava has just refused. Another process may have renewed it; if not, it is
            renewed now. The same one comes back when Strava itself gives the same.

        Raises
        ------
        StravaUnauthorized
            Not connected, or no longer: connect again.
        StravaUnavailable, StravaRateLimited, StravaError
            It had to be renewed and Strava did not do it.
        """
        now = now or datetime.now(UTC)
        with self._database.transaction() as connection:
            row = queries().tokens_of(connection, strava_id=strava_id)
        if token := self._usable(row, refused, now):
            return token
        rejected: StravaError | None = None
        with self._database.transaction() as connection:
            row = queries().lock_tokens_of(connection, strava_id=strava_id)
            if token := self._usable(row, refused, now):
                return token  # another process was here while we waited
            try:
                fresh = refresh(self._settings, self.open(row["refresh_token"]))
            except StravaUnauthorized as error:
                queries().set_athlete_state(connection, strava_id=strava_id, state="reconnect")
                rejected = error
            else:
                queries().set_tokens(
                    connection,
                    strava_id=strava_id,
                    access_token=self.seal(fresh.access),
                    refresh_token=self.seal(fresh.refresh),
                    token_expires_at=fresh.expires_at,
                )
        if rejected is not None:  # raised only now, so that the mark is committed
            raise rejected
        return fresh.access

    def _usable(self, row: dict[str, Any] | None, refused: str | None, now: datetime) -> str | None:
        if row is None or row["access_token"] is None or row["state"] != "active":
            raise StravaUnauthorized(
                f"{row['name'] if row else 'this athlete'} is not connected to Strava any more; "
                f"open {self._settings.base_url}/connect"
            )
        token = self.open(row["access_token"])
        return token if row["token_expires_at"] - now > MARGIN and token != refused else None


def refresh(settings: Settings, refresh_token: str) -> Tokens:
    """Ask Strava for new tokens.

    Raises
    ------
    StravaUnauthorized
        The refresh token is not accepted any more: the athlete has to connect again.
    StravaError
        Any other of its tree.
    """
    return tokens_of(token_request(settings, {"grant_type": "refresh_token", "refresh_token": refresh_token}))


def token_request(settings: Settings, form: dict[str, str]) -> dict[str, Any]:
    """Post to Strava's token endpoint with the application's credentials; its JSON.

    Raises
    ------
    StravaUnauthorized
        The refresh token or the code is not accepted.
    StravaForbidden
        The application is not.
    StravaError
        Any other of its tree.
    """
    answer = oauth_post(settings, "/token", data={**credentials(settings), **form})
    body = _json(answer)
    if answer.status_code in (400, 401):
        raise _refused(answer.status_code, body)
    if answer.status_code >= 300:
        raise problem(answer.status_code, body, answer.headers, "a token")
    if not isinstance(body, dict):
        raise unavailable("Strava answers a request for a token with something that is not JSON; try again later")
    return body


def _refused(status: int, body: Any) -> StravaError:
    """Who is refused: the athlete only where Strava says so, as that is mended by nobody but the athlete."""
    about = {resource for resource, _, _ in faults(body)}
    if "application" in about:
        return StravaForbidden(
            "Strava does not accept STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET; "
            "compare them with https://www.strava.com/settings/api"
        )
    if about & {"refreshtoken", "authorizationcode"}:
        return StravaUnauthorized(
            "Strava no longer accepts what this athlete once allowed; connect again: strava-assets connect"
        )
    return unavailable(f"Strava refuses a token and does not say why ({status}); try again later", status)


def tokens_of(body: dict[str, Any]) -> Tokens:
    """The tokens in an answer of the token endpoint."""
    try:
        return Tokens(
            str(body["access_token"]), str(body["refresh_token"]), datetime.fromtimestamp(int(body["expires_at"]), UTC)
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise unavailable("Strava answers a request for a token without one; try again later") from error


def credentials(settings: Settings) -> dict[str, str]:
    """Client id and secret as form fields.

    Raises
    ------
    SettingsError
        They are not set.
    """
    if not (settings.client_id and settings.client_secret):
        raise SettingsError(
            "STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET are not set; they are on https://www.strava.com/settings/api"
        )
    return {"client_id": settings.client_id, "client_secret": settings.client_secret.get_secret_value()}


def oauth_post(settings: Settings, path: str, **options: Any) -> httpx.Response:
    """Post below the OAuth address.

    Raises
    ------
    StravaUnavailable
        Nobody answers.
    """
    try:
        with httpx.Client(timeout=_TIMEOUT, **http_options(settings.oauth_url)) as http:
            return http.post(settings.oauth_url + path, **options)
    except httpx.HTTPError as error:
        raise unavailable(
            f"no answer from Strava at {settings.oauth_url} ({type(error).__name__}); try again later"
        ) from error


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
