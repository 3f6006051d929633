"""Events in a test: told as the gateway does, looked into as the sensor does, and what became of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from strava_assets.database.connection import queries
from strava_assets.strava import draining
from strava_assets.strava.account import clients, events_requested
from strava_assets.strava.webhooks import Event

if TYPE_CHECKING:
    from strava_assets_tests.strava.conftest import World

EVENT: dict[str, Any] = {
    "aspect_type": "update",
    "event_time": 1516126040,
    "object_id": 1360128428,
    "object_type": "activity",
    "owner_id": 134815,
    "subscription_id": 120475,
    "updates": {"title": "Messy"},
}


def subscribe(world: World) -> None:
    with world.database.transaction() as connection:
        queries().put_subscription(connection, id=1, callback_url="http://here")


def tell(world: World, aspect: str, object_id: int, object_type: str = "activity", **changes: Any) -> bool:
    """Put an event as the gateway does; whether it was refused."""
    event = Event(
        **{
            **EVENT,
            "subscription_id": 1,
            "owner_id": world.strava_id,
            "aspect_type": aspect,
            "object_type": object_type,
            "object_id": object_id,
            "updates": {},
            "event_time": int(time.time()),
            **changes,
        }
    )
    with world.database.transaction() as connection:
        return bool(queries().put_webhook_event(connection, **event.parameters())["refused"])


def events(world: World) -> list[dict[str, Any]]:
    return world.sql("select state, outcome, deliveries, attempts from strava.webhook_event order by id")


def drained(world: World, seconds: float = 20.0) -> draining.DrainReport:
    """A tick: look, then mark."""
    report = draining.drain(world.database, clients(world.settings, world.database), world.settings, seconds=seconds)
    events_requested(world.database, report.handled)
    return report


def a_ride(world: World) -> dict[str, Any]:
    return world.sql("select * from strava.activity where visibility = 'everyone' order by id limit 1")[0]


def row_of(world: World, number: int) -> dict[str, Any] | None:
    rows = world.sql("select * from strava.activity where strava_id = %s", number)
    return rows[0] if rows else None


def later(world: World) -> None:
    """What was put off is due."""
    world.sql("update strava.webhook_event set next_attempt_at = now()")
