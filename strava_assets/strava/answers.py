"""What an answer of Strava means: from status and body to the errors that we raise.

What belongs here: the mapping, and the words for it. What does not: sending anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from strava_assets.errors import (
    StravaError,
    StravaForbidden,
    StravaNotFound,
    StravaRateLimited,
    StravaUnauthorized,
    StravaUnavailable,
)
from strava_assets.strava.quota import resumes_at, windows


def problem(status: int, body: Any, headers: Mapping[str, str], what: str, now: datetime | None = None) -> StravaError:
    """The error to raise for an answer that is not 2xx.

    Parameters
    ----------
    status : int
    body : object
        The decoded JSON, or None.
    headers : mapping
        The answer's; rate limits are read from them.
    what : str
        What was asked for, in words: "activity 17".
    now : datetime, optional
        Aware UTC.

    Returns
    -------
    StravaError
        With an attribute ``status``.
    """
    said = complaint(body)
    if status == 404:
        error: StravaError = StravaNotFound(f"Strava does not know {what}, or does not show it to this athlete")
    elif status == 401:
        error = _unauthorized(body, said, what)
    elif status == 403:
        error = _forbidden(body, said, what)
    elif status == 429:
        now = now or datetime.now(UTC)
        until = resumes_at(windows(headers, now), now)
        error = StravaRateLimited(f"Strava's rate limit is spent until {until:%Y-%m-%d %H:%M} UTC", until)
    elif status < 400:
        error = unavailable(f"Strava answers {what} with a fault ({said}); try again later", status)
    elif status >= 500:
        error = unavailable(f"Strava answers {what} with an error of its own ({status}); try again later", status)
    else:
        error = StravaError(f"Strava refuses {what} ({status}{': ' + said if said else ''})")
    error.status = status
    return error


def unavailable(message: str, status: int | None = None) -> StravaUnavailable:
    """A `StravaUnavailable` with its ``status``; whether Strava is down or one activity corrupt, `outage` asks."""
    error = StravaUnavailable(message)
    error.status = status
    return error


def faults(body: Any) -> list[tuple[str, str, str]]:
    """A Fault's (resource, field, code) entries, lower case; Strava sends an array, an object or a string."""
    errors = body.get("errors") if isinstance(body, dict) else None
    entries = errors if isinstance(errors, list) else [errors] if isinstance(errors, dict) else []
    return [
        (
            str(entry.get("resource", "")).lower(),
            str(entry.get("field", "")).lower(),
            str(entry.get("code", "")).lower(),
        )
        for entry in entries
        if isinstance(entry, dict)
    ]


def complaint(body: Any) -> str:
    """A Fault in one short line; empty if it says nothing."""
    entries = " / ".join(" ".join(part for part in entry if part) for entry in faults(body))
    message = str(body.get("message") or "") if isinstance(body, dict) else ""
    return " - ".join(part for part in (message, entries) if part)[:200]


def lacks_scope(body: Any) -> bool:
    """Whether a 401 is for a scope that the athlete did not grant; a fresh token would not help."""
    return any("permission" in field for _, field, _ in faults(body))


def _unauthorized(body: Any, said: str, what: str) -> StravaError:
    if lacks_scope(body):
        return StravaUnauthorized(
            f"the athlete has not allowed access to {what} ({said}); connect again and leave every box ticked"
        )
    return StravaUnauthorized(
        f"Strava no longer accepts this athlete's access for {what}; connect again: strava-assets connect"
    )


def _forbidden(body: Any, said: str, what: str) -> StravaError:
    if ("application", "status", "inactive") in faults(body):
        return StravaForbidden(
            "Strava has set your API application inactive: its owner needs a paid subscription. "
            "Renew it, then reactivate the application at https://www.strava.com/settings/api"
        )
    if "connected athletes" in said.lower():
        return StravaForbidden(
            "your API application is at Strava's limit of connected athletes; disconnect one, or "
            "ask Strava for more at https://www.strava.com/settings/api"
        )
    return StravaForbidden(f"Strava forbids {what}{': ' + said if said else ''}")
