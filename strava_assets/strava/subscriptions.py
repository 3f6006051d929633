"""The application's one webhook subscription at Strava: made, listed, ended.

What belongs here: the conversation about it, with its known refusals in plain words. What does not: the
events that it brings (``webhooks``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from strava_assets.database.connection import Database, queries
from strava_assets.errors import SettingsError, StravaError, StravaUnauthorized
from strava_assets.settings import Settings
from strava_assets.strava.answers import complaint, faults, problem, unavailable
from strava_assets.strava.client import http_options
from strava_assets.strava.tokens import credentials
from strava_assets.strava.webhooks import path_token, verify_token

_LONGEST_ADDRESS = 255
_TIMEOUT = httpx.Timeout(30, connect=5)


@dataclass(frozen=True)
class Subscription:
    """A subscription as Strava knows it."""

    id: int
    callback_url: str


def callback_url(settings: Settings) -> str:
    """Where Strava is told to send events: secret, as it holds the path token."""
    return f"{settings.base_url}/webhook/{path_token(settings)}"


def create_subscription(database: Database, settings: Settings) -> Subscription:
    """Subscribe; the gateway must be running, as Strava asks it back at once. Doing it twice is harmless.

    Raises
    ------
    SettingsError
        The address is too long, or the credentials are missing.
    StravaError
        Strava refused; the message says what to do.
    """
    address = callback_url(settings)
    if len(address) > _LONGEST_ADDRESS:
        raise SettingsError(f"STRAVA_ASSETS_BASE_URL is too long: Strava takes {_LONGEST_ADDRESS} characters in all")
    for there in list_subscriptions(settings):
        if there.callback_url != address:
            raise StravaError(
                f"the application has a subscription already (number {there.id}, for another address), "
                "and Strava allows one; end it first: strava-assets subscription delete"
            )
        return _keep(database, there)
    status, body, headers = _ask(
        settings,
        "POST",
        "/push_subscriptions",
        data={**credentials(settings), "callback_url": address, "verify_token": verify_token(settings)},
    )
    if status >= 300:
        raise _refusal(settings, status, body, headers)
    if not isinstance(body, dict) or not isinstance(body.get("id"), int):
        raise unavailable("Strava answers a subscription without its number; see: strava-assets subscription list")
    return _keep(database, Subscription(body["id"], address))


def list_subscriptions(settings: Settings) -> list[Subscription]:
    """The application's subscriptions at Strava: one or none.

    Raises
    ------
    StravaError, SettingsError
    """
    status, body, headers = _ask(settings, "GET", "/push_subscriptions", params=credentials(settings))
    if status >= 300:
        raise _problem(status, body, headers, "the list of subscriptions")
    if not isinstance(body, list):
        raise unavailable("Strava answers the list of subscriptions with something else; try again later")
    return [
        Subscription(entry["id"], str(entry.get("callback_url", "")))
        for entry in body
        if isinstance(entry, dict) and isinstance(entry.get("id"), int)
    ]


def delete_subscriptions(database: Database, settings: Settings) -> int:
    """End every subscription of the application; how many there were.

    Raises
    ------
    StravaError, SettingsError
    """
    there = list_subscriptions(settings)
    for subscription in there:
        status, body, headers = _ask(
            settings, "DELETE", f"/push_subscriptions/{subscription.id}", data=credentials(settings)
        )
        if status >= 300 and status != 404:
            raise _problem(status, body, headers, "to end the subscription")
        with database.transaction() as connection:
            queries().forget_subscription(connection, id=subscription.id)
    return len(there)


def _keep(database: Database, subscription: Subscription) -> Subscription:
    with database.transaction() as connection:  # without the secret part of its address
        queries().put_subscription(
            connection, id=subscription.id, callback_url=subscription.callback_url.rpartition("/")[0]
        )
    return subscription


def _refusal(settings: Settings, status: int, body: Any, headers: Any) -> StravaError:
    entries = faults(body)
    said = " ".join([complaint(body).lower(), *(f"{field} {code}" for _, field, code in entries)])
    if "does not return 200" in said:
        return StravaError(
            f"Strava asked the gateway at {settings.base_url} and was not answered 200. A login or bot protection "
            "is before it, something else answers there, or that gateway has another secret key"
        )
    if "callback" in said:
        return StravaError(
            f"Strava could not reach the gateway at {settings.base_url} and get its answer within 2 s. "
            "It must run (strava-assets up) and be reachable from the internet, without a login or bot "
            "protection before it"
        )
    if any("exist" in code for _, _, code in entries):
        return StravaError("the application has a subscription already; end it: strava-assets subscription delete")
    return _problem(status, body, headers, "a subscription")


def _problem(status: int, body: Any, headers: Any, what: str) -> StravaError:
    """The application itself asks here: what is refused is its id and secret, not an athlete's token."""
    if status == 401:
        return StravaUnauthorized(
            f"Strava refuses {what}: STRAVA_CLIENT_ID or STRAVA_CLIENT_SECRET is wrong; "
            "both are on https://www.strava.com/settings/api"
        )
    return problem(status, body, headers, what)


def _ask(settings: Settings, method: str, path: str, **options: Any) -> tuple[int, Any, Any]:
    try:
        with httpx.Client(timeout=_TIMEOUT, **http_options(settings.api_url)) as http:
            answer = http.request(method, settings.api_url + path, **options)
    except httpx.HTTPError as error:
        raise unavailable(
            f"no answer from Strava at {settings.api_url} ({type(error).__name__}); try again later"
        ) from None  # the address of the request holds the secret
    try:
        return answer.status_code, answer.json() if answer.content else None, answer.headers
    except ValueError:
        return answer.status_code, None, answer.headers
