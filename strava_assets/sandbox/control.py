"""The simulation's own switchboard: what an owner does at Strava, and what can go wrong.

What belongs here: routes under ``/control``; bodies and answers are JSON. Strava has none of this.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from strava_assets.sandbox import events
from strava_assets.sandbox.state import State, Trouble

Given = dict[str, Any]
_WORDS = ("hang", "garbage", "empty", "slow")


async def add(state: State, given: Given) -> Given:
    """One more ride, or ``count``; fields of the API may be given, ``start`` as ISO time.

    ``streams_after`` seconds its streams come, as Strava takes some time.
    """
    given, count = dict(given), int(given.pop("count", 1))
    streams_from = state.now() + float(given.pop("streams_after", -1))
    if "start" in given:
        moment = datetime.fromisoformat(str(given["start"]))
        given["start"] = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    told = given.pop("push", True)
    made = []
    for _ in range(count):
        item = await run_in_threadpool(state.account.add, **given)
        item.streams_from = streams_from
        made.append(item)
        if told:
            events.push_created(state, item)
    return {
        "id": made[-1].id,
        "ids": [item.id for item in made],
        "start": made[-1].start.isoformat(),
        "name": made[-1].fields["name"],
    }


async def rename(state: State, given: Given) -> Given:
    """Another ``name`` for activity ``id``."""
    item = state.account.rename(int(given["id"]), str(given["name"]))
    if given.get("push", True):
        events.push_updated(state, item, {"title": item.fields["name"]})
    return {"id": item.id}


async def retype(state: State, given: Given) -> Given:
    """Another ``sport_type`` for activity ``id``."""
    item = state.account.change(int(given["id"]), sport_type=str(given["sport_type"]))
    if given.get("push", True):
        events.push_updated(state, item, {"type": item.fields["sport_type"]})
    return {"id": item.id}


async def hide(state: State, given: Given) -> Given:
    """Show activity ``id`` to the athlete only, or as ``visibility`` says."""
    return _visibility(state, given, "only_me")


async def show(state: State, given: Given) -> Given:
    """Show activity ``id`` to everyone, or as ``visibility`` says."""
    return _visibility(state, given, "everyone")


async def delete(state: State, given: Given) -> Given:
    """Delete activity ``id``."""
    item = state.account.delete(int(given["id"]))
    if given.get("push", True):
        events.push_deleted(state, item)
    return {"id": item.id}


async def revoke(state: State, given: Given) -> Given:
    """The athlete takes the consent back at Strava."""
    if state.grants.revoke() and given.get("push", True):
        events.push_revoked(state)
    return {}


async def fail(state: State, given: Given) -> Given:
    """Let the next ``calls`` fail with ``status`` (a number, hang, garbage or empty).

    ``slow`` calls take a second and do not fail. Without ``path`` these are calls of the API; with it, any
    whose path holds that text. ``calls`` 0 ends all.
    """
    calls, status = int(given.get("calls", 1)), given.get("status", 500)
    if status not in _WORDS and not (isinstance(status, int) and 400 <= status <= 599):
        raise ValueError(f"status is a number from 400 to 599, or one of {', '.join(_WORDS)}")
    state.troubles = [item for item in state.troubles if item.calls > 0] if calls else []
    if calls:
        state.troubles.append(Trouble(calls, status, str(given.get("path", ""))))
    return {"troubles": len(state.troubles)}


async def inactive(state: State, given: Given) -> Given:
    """The application's owner has no subscription to Strava any more; ``inactive`` false: again."""
    state.inactive = bool(given.get("inactive", True))
    return {"inactive": state.inactive}


async def advance_clock(state: State, given: Given) -> Given:
    """Let ``seconds`` pass: tokens age, limits' windows turn."""
    state.ahead += float(given["seconds"])
    return {"now": datetime.fromtimestamp(state.now(), UTC).isoformat()}


async def limits(state: State, given: Given) -> Given:
    """Set ``read`` or ``overall`` to [a quarter hour's, a day's]."""
    state.quota.change(given)
    return {name: list(pair) for name, pair in state.quota.limits.items()}


async def push(state: State, given: Given) -> Given:
    """Push any ``event``, also a false or an old one, to the subscription's address."""
    events.deliver(state, dict(given["event"]))
    return {}


async def clear(state: State, given: Given) -> Given:
    """Forget the requests and pushes so far."""
    state.log.clear()
    state.pushes.clear()
    return {}


async def log(request: Request) -> Response:
    """Requests received, and events pushed with the answers they got."""
    state: State = request.app.state.sandbox
    return JSONResponse({"requests": state.log, "calls": len(state.log), "reads": reads(state), "pushes": state.pushes})


async def places(request: Request) -> Response:
    """Where the athlete lives and stays: name, lng, lat (degrees)."""
    state: State = request.app.state.sandbox
    return JSONResponse([{"name": place.name, "lng": place.lng, "lat": place.lat} for place in state.account.places])


def reads(state: State) -> int:
    """How many of the requests so far were reads of the API."""
    return sum(entry["read"] for entry in state.log)


def routes() -> list[Route]:
    """``POST /control/<what>``, ``GET /control/log`` and ``GET /control/places``."""
    deeds = (add, rename, retype, hide, show, delete, revoke, fail, inactive, advance_clock, limits, push, clear)
    return [Route(f"/control/{deed.__name__}", _deed(deed), methods=["POST"]) for deed in deeds] + [
        Route("/control/log", log),
        Route("/control/places", places),
    ]


def _deed(deed: Callable[[State, Given], Awaitable[Given]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.sandbox
        body = await request.body()
        try:
            given = json.loads(body) if body else {}
            return JSONResponse(await deed(state, given))
        except LookupError as error:
            return JSONResponse({"error": f"unknown or missing: {error}"}, 404)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _visibility(state: State, given: Given, usual: str) -> Given:
    number = int(given["id"])
    before = state.account.activities[number].visibility
    item = state.account.hide(number, str(given.get("visibility", usual)))
    if given.get("push", True):
        events.push_visibility(state, item, before)
    return {"id": item.id, "visibility": item.visibility}
