"""The simulated API: athlete, activities, streams, gear.

What belongs here: reads, who may make them, and how many. What does not: the values (``account``), tokens
(``oauth``), webhooks (``events``). Every read passes the same gate: trouble that was ordered, an inactive
application, the token, the limits, the scope, in this order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strava_assets import quick_json
from strava_assets.sandbox import events, faults
from strava_assets.sandbox.account import STREAM_TYPES, Account, Activity
from strava_assets.sandbox.oauth import bearer
from strava_assets.sandbox.state import State

#: A page unless told otherwise, and at most.
_PAGE, _LARGEST_PAGE = 30, 200

Scope = frozenset[str]
#: Gives the answer for the state, the granted scopes and the request; runs in a thread.
Read = Callable[[State, Scope, Request], Response]


def athlete(state: State, scope: Scope, request: Request) -> Response:
    """The athlete; weight, bikes and shoes only with ``profile:read_all``."""
    shown = dict(state.account.athlete)
    if "profile:read_all" not in scope:
        shown = {name: value for name, value in shown.items() if name not in ("weight", "ftp", "clubs")}
        return JSONResponse(shown | {"resource_state": 2})
    gear = [
        {
            name: item[name]
            for name in (
                "id",
                "primary",
                "name",
                "nickname",
                "resource_state",
                "retired",
                "distance",
                "converted_distance",
            )
        }
        for item in state.account.gear.values()
    ]
    bikes = [item for item in gear if item["id"].startswith("b")]
    return JSONResponse(shown | {"bikes": bikes, "shoes": [item for item in gear if item not in bikes]})


def activities(state: State, scope: Scope, request: Request) -> Response:
    """A page of summaries, newest first; oldest first with ``after``."""
    asked = request.query_params
    try:
        page, size = int(asked.get("page") or 1), int(asked.get("per_page") or _PAGE)
        after, before = (float(asked[name]) if asked.get(name) else None for name in ("after", "before"))
    except ValueError:
        return faults.bad_request("Activity", "page")
    if not 0 < size <= _LARGEST_PAGE:
        return faults.bad_request("Activity", "per page", "limit exceeded")
    if page < 1:
        return faults.bad_request("Activity", "page")
    found = [item for item in state.account.listed(after, before) if _visible(item, scope)]
    return _json([state.account.summary(item.id) for item in found[(page - 1) * size : page * size]])


def activity(state: State, scope: Scope, request: Request) -> Response:
    """One activity in full."""
    item = _find(state.account, scope, request)
    return faults.not_found() if item is None else _json(state.account.detail(item.id))


def streams(state: State, scope: Scope, request: Request) -> Response:
    """An activity's streams. Without ``keys`` Strava gives the distance only."""
    item = _find(state.account, scope, request)
    if item is None:
        return faults.not_found()
    if item.broken == "streams":
        return faults.broken()
    keys = [key for key in request.query_params.get("keys", "distance").split(",") if key in STREAM_TYPES]
    found = state.account.streams(item.id, keys) if state.now() >= item.streams_from else None
    if found is None:
        return faults.fault(404, "Resource Not Found", "Stream", "", "not found")
    if request.query_params.get("key_by_type", "").lower() in ("true", "1"):
        return _json(found)
    return _json([{"type": name, **stream} for name, stream in found.items()])


def gear(state: State, scope: Scope, request: Request) -> Response:
    """A bike or a pair of shoes."""
    item = state.account.gear.get(request.path_params["id"])
    return faults.not_found("Gear") if item is None else JSONResponse(item)


def routes() -> list[Route]:
    """Under ``/api/v3``, as until 2027, and without it, as from then."""
    found = []
    for base in ("/api/v3", ""):
        found += [
            Route(f"{base}/athlete", _gate(athlete, base)),
            Route(f"{base}/athlete/activities", _gate(activities, base, "activity:read_permission")),
            Route(f"{base}/activities/{{id}}", _gate(activity, base, "activity:read_permission")),
            Route(f"{base}/activities/{{id}}/streams", _gate(streams, base, "activity:read_permission")),
            Route(f"{base}/gear/{{id}}", _gate(gear, base)),
            Route(f"{base}/push_subscriptions", events.list_subscriptions, methods=["GET"]),
            Route(f"{base}/push_subscriptions", events.create_subscription, methods=["POST"]),
            Route(f"{base}/push_subscriptions/{{id}}", events.delete_subscription, methods=["DELETE"]),
        ]
    return found


def _gate(read: Read, base: str, scope: str = "") -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.sandbox
        if state.future and base:
            return faults.not_found("Path")
        if state.inactive:
            return faults.inactive()
        given = bearer(request) or ("" if state.future else request.query_params.get("access_token", ""))
        grant = state.grants.of(given, state.now())
        if grant is None:
            return faults.bad_token()
        refused = state.quota.take(state.now(), read=True)
        headers = state.quota.headers(state.now())
        if refused:
            return faults.rate_limited(refused, headers)
        if scope and not grant.scope & {"activity:read", "activity:read_all"}:
            answer: Response = faults.missing_scope(scope)
        else:
            answer = await run_in_threadpool(_answered, read, state, grant.scope, request)
        answer.headers.update(headers)
        return answer

    return endpoint


def _answered(read: Read, state: State, scope: Scope, request: Request) -> Response:
    try:
        return read(state, scope, request)
    except LookupError:  # deleted meanwhile, or its file is no longer there
        return faults.not_found()


def _find(account: Account, scope: Scope, request: Request) -> Activity | None:
    number = request.path_params["id"]
    item = account.activities.get(int(number)) if number.isascii() and number.isdigit() else None
    return item if item is not None and _visible(item, scope) else None


def _visible(item: Activity, scope: Scope) -> bool:
    return "activity:read_all" in scope or item.visibility != "only_me"


def _json(value: Any) -> Response:
    return Response(quick_json.dumps(value), media_type="application/json; charset=utf-8")
