"""A tick listens for events instead of passing by."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from strava_assets.strava.account import drain_events, listen_for_events
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import a_ride, drained, events, tell


@dataclass
class Ear:
    """Somebody who listens for half a minute."""

    thread: threading.Thread
    waits: threading.Event

    def is_waiting(self) -> bool:
        return self.waits.wait(15) and self.thread.is_alive()

    def has_heard(self) -> bool:
        self.thread.join(15)
        return not self.thread.is_alive()


@pytest.fixture
def ear(told: World, monkeypatch: pytest.MonkeyPatch) -> Ear:
    """Not listening yet."""
    waits, notifies = threading.Event(), psycopg.Connection.notifies

    def told_of(self: Any, **given: Any) -> Iterator[Any]:
        waits.set()
        return notifies(self, **given)

    monkeypatch.setattr(psycopg.Connection, "notifies", told_of)
    return Ear(threading.Thread(target=listen_for_events, args=(told.database, 30.0), daemon=True), waits)


def test_whoever_listens_hears_of_an_event_at_once(told: World, ear: Ear) -> None:
    ear.thread.start()
    assert ear.is_waiting()
    tell(told, "update", a_ride(told)["strava_id"])
    assert ear.has_heard()


def test_whoever_listens_hears_when_an_event_that_was_put_off_is_due(told: World, ear: Ear) -> None:
    tell(told, "update", a_ride(told)["strava_id"])
    told.sql("update strava.webhook_event set next_attempt_at = now() + interval '1 second'")
    ear.thread.start()
    assert ear.has_heard()
    assert len(drained(told).handled) == 1


@pytest.mark.parametrize("state", ["pending", "requested"])
def test_nobody_listens_while_there_is_something_to_do(told: World, ear: Ear, state: str) -> None:
    tell(told, "update", a_ride(told)["strava_id"])
    if state == "requested":
        drain_events(told.settings, told.database)  # and killed
    assert [row["state"] for row in events(told)] == [state]
    ear.thread.start()
    assert ear.has_heard()
    assert not ear.waits.is_set()


def test_an_event_of_somebody_who_has_to_connect_again_is_nothing_to_do(told: World, ear: Ear) -> None:
    told.sql("update strava.athlete set state = 'reconnect'")
    tell(told, "update", a_ride(told)["strava_id"])
    ear.thread.start()
    assert ear.is_waiting()
    tell(told, "update", told.strava_id, "athlete", updates={"authorized": "false"})  # that they leave, is
    assert ear.has_heard()
