"""The gateway's routes as an OpenAPI document, for the fuzzer: written by hand from what they promise.

What belongs here: what is well-formed. Everything else is the fuzzer's invention.
"""

from __future__ import annotations

from typing import Any

#: A public id that has a stream.
PUBLIC = "0123456789abcdef"
_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_ODD = ["nothing", "a/b", "..", "%2e%2e/x", "a" * 600, ".hidden", "é", "a\\b"]  # well-formed, and yet


def document(token: str, verify: str, state: str, cookie: str, known: dict[str, int], files: list[str]) -> Any:
    """Routes and parameters, with secrets that are right, so that the fuzzer gets past the doors.

    Parameters
    ----------
    token, verify : str
        Of the webhook's path, and of the handshake.
    state, cookie : str
        Of a consent that has begun.
    known : dict
        ``subscription_id`` and ``owner_id`` that are taken.
    files : list of str
        Paths in the public root.
    """
    paths = {"enum": [*files, *_ODD]}
    event = {
        "type": "object",
        "required": ["subscription_id", "owner_id", "object_type", "object_id", "aspect_type", "event_time"],
        "properties": {
            "subscription_id": {"enum": [known["subscription_id"], 2]},
            "owner_id": {"enum": [known["owner_id"], 2**63 - 1]},
            "object_type": {"enum": ["activity", "athlete"]},
            "object_id": _NUMBER,
            "aspect_type": {"enum": ["create", "update", "delete"]},
            "event_time": {"type": "integer", "minimum": 0, "maximum": 2**33 - 1},
            "updates": {"type": "object"},
        },
    }
    routes = {
        "/": _get(),
        "/healthz": _get(),
        "/readyz": _get(),
        "/{path}": _get(_in("path", "path", paths), _in("header", "If-None-Match", _TEXT, False)),
        "/public/{path}": _get(_in("path", "path", paths)),
        "/streams/{athlete}/{activity}.csv": _get(
            *(_in("path", name, {"enum": [PUBLIC, "f" * 16, *_ODD]}) for name in ("athlete", "activity"))
        ),
        "/connect": _get(),
        "/connect/callback": _get(
            _in("query", "state", {"enum": [state, *_ODD]}),
            _in("query", "code", _TEXT, False),
            _in("query", "scope", _TEXT, False),
            _in("query", "error", _TEXT, False),
            _in("cookie", "strava_assets_state", {"enum": [cookie, *_ODD]}, False),
        ),
        "/webhook/{token}": {
            **_get(
                _in("path", "token", {"enum": [token, *_ODD]}),
                _in("query", "hub.mode", {"enum": ["subscribe"]}),
                _in("query", "hub.challenge", _TEXT),
                _in("query", "hub.verify_token", {"enum": [verify, *_ODD]}),
            ),
            "post": {
                "parameters": [_in("path", "token", {"const": token})],
                "requestBody": {"required": True, "content": {"application/json": {"schema": event}}},
                "responses": {"200": {"description": "kept"}},
            },
        },
    }
    return {"openapi": "3.1.0", "info": {"title": "gateway", "version": "1"}, "paths": routes}


def _get(*parameters: Any) -> dict[str, Any]:
    return {"get": {"parameters": list(parameters), "responses": {"200": {"description": "an answer"}}}}


def _in(place: str, name: str, schema: Any, required: bool = True) -> dict[str, Any]:
    return {"in": place, "name": name, "schema": schema, "required": required}
