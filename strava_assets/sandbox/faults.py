"""What Strava answers when it does not answer what was asked: its error bodies, word for word.

What belongs here: bodies and statuses. What does not: when they are due.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


def fault(status: int, message: str, resource: str = "", field: str = "", code: str = "") -> JSONResponse:
    """Strava's ``Fault``: a message and a list with one error."""
    errors = [{"resource": resource, "field": field, "code": code}] if resource else []
    return JSONResponse({"message": message, "errors": errors}, status)


def bad_request(resource: str, field: str, code: str = "invalid") -> JSONResponse:
    """400."""
    return fault(400, "Bad Request", resource, field, code)


def bad_token() -> JSONResponse:
    """401 for a token that is not one, or has ended."""
    return fault(401, "Authorization Error", "Athlete", "access_token", "invalid")


def bad_application() -> JSONResponse:
    """401 for a wrong client secret."""
    return fault(401, "Authorization Error", "Application", "", "invalid")


def missing_scope(field: str) -> JSONResponse:
    """401 for a token that does not reach so far."""
    return fault(401, "Authorization Error", "AccessToken", field, "missing")


def inactive() -> JSONResponse:
    """403 for an application whose owner has no subscription to Strava."""
    return fault(403, "Forbidden", "Application", "Status", "Inactive")


def not_found(resource: str = "Activity") -> JSONResponse:
    """404: it does not exist, or not for this token."""
    return fault(404, "Record Not Found", resource, "id", "invalid")


def rate_limited(which: str, headers: Mapping[str, str]) -> JSONResponse:
    """429, with the headers that say which window is spent."""
    answer = fault(429, "Rate Limit Exceeded", "Application", f"{which} rate limit", "exceeded")
    answer.headers.update(headers)
    return answer


def broken() -> JSONResponse:
    """500, as for a corrupt activity."""
    return JSONResponse({"message": "error"}, 500)
