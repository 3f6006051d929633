"""Webhooks: the application's one subscription, and events pushed to it.

What belongs here: the handshake, the events' shapes, delivery and its retries. What does not: what makes
an event happen (``control``, ``oauth``).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from strava_assets.sandbox import faults
from strava_assets.sandbox.account import Activity
from strava_assets.sandbox.state import State, form

#: Strava waits two seconds, for the handshake and for each delivery.
_PATIENCE = 2.0
_ATTEMPTS = 3
_LONGEST_ADDRESS = 255
#: Deliveries under way; the event loop itself keeps only weak references.
_running: set[asyncio.Task[None]] = set()


async def create_subscription(request: Request) -> Response:
    """Subscribe, after the callback has answered the handshake."""
    state: State = request.app.state.sandbox
    given = await form(request)
    if state.inactive:
        return faults.inactive()
    if not state.is_application(given):
        return faults.bad_application()
    address = given.get("callback_url", "")
    if not address.startswith(("http://", "https://")) or len(address) > _LONGEST_ADDRESS:
        return faults.bad_request("PushSubscription", "callback url")
    if not given.get("verify_token"):
        return faults.bad_request("PushSubscription", "verify token", "required")
    if state.subscription is not None:
        return faults.bad_request("PushSubscription", "subscription", "already exists")
    refusal = await _handshake(address, given["verify_token"])
    if refusal:
        return faults.bad_request("PushSubscription", "callback url", refusal)
    moment = datetime.fromtimestamp(state.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    state.subscription = {
        "id": 120_000 + secrets.randbelow(200_000),
        "resource_state": 2,
        "application_id": int(state.client_id) if state.client_id.isdigit() else 0,
        "callback_url": address,
        "created_at": moment,
        "updated_at": moment,
    }
    return JSONResponse({"id": state.subscription["id"]}, 201)


async def list_subscriptions(request: Request) -> Response:
    """The one there is, or none."""
    state: State = request.app.state.sandbox
    if not state.is_application(dict(request.query_params)):
        return faults.bad_application()
    return JSONResponse([state.subscription] if state.subscription else [])


async def delete_subscription(request: Request) -> Response:
    """End it; credentials in the address or in the body."""
    state: State = request.app.state.sandbox
    if not state.is_application(await form(request)):
        return faults.bad_application()
    if state.subscription is None or str(state.subscription["id"]) != request.path_params["id"]:
        return faults.not_found("PushSubscription")
    state.subscription = None
    return Response(status_code=204)


def push_created(state: State, activity: Activity) -> None:
    """An activity appeared."""
    if _sees(state, activity.visibility):
        push(state, "activity", activity.id, "create", {})


def push_updated(state: State, activity: Activity, updates: dict[str, str]) -> None:
    """An activity's title or type changed."""
    if _sees(state, activity.visibility):
        push(state, "activity", activity.id, "update", updates)


def push_deleted(state: State, activity: Activity) -> None:
    """An activity is gone."""
    if _sees(state, activity.visibility):
        push(state, "activity", activity.id, "delete", {})


def push_visibility(state: State, activity: Activity, before: str) -> None:
    """An activity is shown to others than before. Only becoming, or no longer being, Only You is told.

    To an application without ``activity:read_all`` an Only You activity is as good as deleted.
    """
    was, private = before == "only_me", activity.visibility == "only_me"
    if was == private:
        return
    if _sees(state, "only_me"):
        push(state, "activity", activity.id, "update", {"private": "true" if private else "false"})
    elif _sees(state, "everyone"):
        push(state, "activity", activity.id, "delete" if private else "create", {})


def push_revoked(state: State) -> None:
    """The athlete has taken the consent back."""
    push(state, "athlete", state.account.id, "update", {"authorized": "false"})


def push(state: State, kind: str, number: int, aspect: str, updates: dict[str, str]) -> None:
    """Send an event to the subscription, if there is one; it is delivered in the background."""
    if state.subscription is not None:
        deliver(
            state,
            {
                "object_type": kind,
                "object_id": number,
                "aspect_type": aspect,
                "updates": updates,
                "owner_id": state.account.id,
                "subscription_id": state.subscription["id"],
                "event_time": int(state.now()),
            },
        )


def deliver(state: State, event: dict[str, Any]) -> None:
    """Send any event as it is."""
    if state.subscription is not None:
        task = asyncio.get_running_loop().create_task(_deliver(state, state.subscription["callback_url"], event))
        _running.add(task)
        task.add_done_callback(_running.discard)


async def _deliver(state: State, address: str, event: dict[str, Any]) -> None:
    kept: dict[str, Any] = {"event": event, "answers": []}
    state.pushes.append(kept)
    body = json.dumps(event).encode()
    async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as http:
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(state.push_spacing)
            try:
                answer: int | str = (await http.post(address, content=body, headers=_headers(state, body))).status_code
            except httpx.HTTPError as error:
                answer = type(error).__name__
            kept["answers"].append(answer)
            if answer == 200:
                return


def _headers(state: State, body: bytes) -> dict[str, str]:
    """With a key, ``X-Strava-Signature``: an HMAC-SHA256 of the moment, a point and the body."""
    headers = {"Content-Type": "application/json"}
    if state.signing_key:
        moment = str(int(state.now()))
        digest = hmac.new(state.signing_key.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        headers["X-Strava-Signature"] = f"t={moment},v1={digest}"
    return headers


async def _handshake(address: str, verify_token: str) -> str:
    """What is wrong with the callback's answer; empty if nothing is."""
    challenge = secrets.token_hex(8)
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with asyncio.timeout(_PATIENCE):
            async with httpx.AsyncClient(timeout=_PATIENCE, trust_env=False) as http:
                answer = await http.get(address, params=asked)
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
        return "not verifiable"
    if answer.status_code != 200:
        return "GET to callback URL does not return 200"
    try:
        echoed = answer.json()
    except ValueError:
        return "not verifiable"
    return "" if isinstance(echoed, dict) and echoed.get("hub.challenge") == challenge else "not verifiable"


def _sees(state: State, visibility: str) -> bool:
    """Whether the athlete has let the application know of such activities."""
    scope = state.grants.scope
    return "activity:read_all" in scope or (visibility != "only_me" and "activity:read" in scope)
