"""Subscriptions and pushed events behave as Strava documents them."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from strava_assets_tests.sandbox.conftest import Asker, Callback

Ask = Callable[..., Asker]


@pytest.fixture
def told(ask: Ask, callback: Callback) -> Asker:
    """An application that is subscribed."""
    asker = ask()
    assert asker.subscribe(callback.url).status_code == 201
    return asker


def application(asker: Asker) -> dict[str, str]:
    return {"client_id": asker.sandbox.client_id, "client_secret": asker.sandbox.client_secret}


def test_a_subscription_begins_with_a_handshake(ask: Ask, callback: Callback):
    asker = ask()
    answer = asker.subscribe(callback.url)
    assert answer.status_code == 201
    assert callback.asked["hub.mode"] == "subscribe"
    assert callback.asked["hub.verify_token"] == "open sesame"
    listed = asker.http.get(f"{asker.sandbox.api_url}/push_subscriptions", params=application(asker)).json()
    assert [(item["id"], item["callback_url"]) for item in listed] == [(answer.json()["id"], callback.url)]


def fault(answer) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    assert error["resource"] == "PushSubscription"
    return answer.status_code, error["field"], error["code"]


def test_a_callback_that_does_not_echo_is_not_verifiable(ask: Ask, callback: Callback):
    asker = ask()
    callback.echo = lambda challenge: {"hub.challenge": "another"}
    assert fault(asker.subscribe(callback.url)) == (400, "callback url", "not verifiable")
    callback.echo = lambda challenge: challenge.encode()
    assert fault(asker.subscribe(callback.url)) == (400, "callback url", "not verifiable")
    assert fault(asker.subscribe("http://127.0.0.1:9/nobody")) == (400, "callback url", "not verifiable")


def test_a_callback_that_answers_something_else_or_too_late_is_refused(ask: Ask, callback: Callback):
    asker = ask()
    callback.handshake_status = 403
    assert fault(asker.subscribe(callback.url)) == (400, "callback url", "GET to callback URL does not return 200")
    callback.handshake_status = 200

    def late(challenge: str) -> dict[str, str]:
        time.sleep(2.4)
        return {"hub.challenge": challenge}

    callback.echo = late
    assert fault(asker.subscribe(callback.url)) == (400, "callback url", "not verifiable")


def test_an_address_over_255_characters_is_refused(ask: Ask, callback: Callback):
    assert fault(ask().subscribe(callback.url + "/" + "x" * 255))[0] == 400


def test_an_application_has_one_subscription(told: Asker, callback: Callback):
    assert fault(told.subscribe(callback.url)) == (400, "subscription", "already exists")


def test_a_subscription_ends_once_and_only_for_its_application(told: Asker, callback: Callback):
    address = f"{told.sandbox.api_url}/push_subscriptions"
    number = told.http.get(address, params=application(told)).json()[0]["id"]
    wrong = application(told) | {"client_secret": "no"}
    assert told.http.get(address, params=wrong).status_code == 401
    assert told.http.delete(f"{address}/{number}", params=wrong).status_code == 401
    assert told.http.delete(f"{address}/{number}", params=application(told)).status_code == 204
    assert told.http.delete(f"{address}/{number}", params=application(told)).status_code == 404
    assert told.http.get(address, params=application(told)).json() == []


def test_what_the_owner_does_is_pushed_in_stravas_words(told: Asker, callback: Callback):
    number = told.control("add")["id"]
    callback.wait(1)
    told.control("rename", id=number, name="Neu")
    callback.wait(2)
    told.control("retype", id=number, sport_type="Run")
    callback.wait(3)
    told.control("hide", id=number)
    callback.wait(4)
    told.control("show", id=number)
    callback.wait(5)
    told.control("delete", id=number)
    events = callback.wait(6)
    assert [(event["aspect_type"], event["updates"]) for event in events] == [
        ("create", {}),
        ("update", {"title": "Neu"}),
        ("update", {"type": "Run"}),
        ("update", {"private": "true"}),
        ("update", {"private": "false"}),
        ("delete", {}),
    ]
    for event in events:
        assert event["object_type"] == "activity"
        assert event["object_id"] == number
        assert event["owner_id"] == told.sandbox.account.id
        assert event["subscription_id"] == told.sandbox.state.subscription["id"]
        assert abs(event["event_time"] - time.time()) < 60


def test_followers_only_is_not_told(told: Asker, callback: Callback):
    number = told.sandbox.account.listed()[0].id
    told.control("hide", id=number, visibility="followers_only")
    told.control("rename", id=number, name="after it")
    assert [event["updates"] for event in callback.wait(1)] == [{"title": "after it"}]


def test_to_activity_read_alone_hiding_is_a_delete_and_showing_a_create(ask: Ask, callback: Callback):
    asker = ask(scope="read,activity:read")
    asker.subscribe(callback.url)
    number = asker.sandbox.account.listed()[0].id
    asker.control("hide", id=number)
    callback.wait(1)
    asker.control("rename", id=number, name="nobody is told")
    asker.control("show", id=number)
    assert [event["aspect_type"] for event in callback.wait(2)] == ["delete", "create"]


def test_taking_the_consent_back_is_pushed_once_and_ends_all_other_events(told: Asker, callback: Callback):
    told.control("revoke")
    event = callback.wait(1)[0]
    assert (event["object_type"], event["aspect_type"]) == ("athlete", "update")
    assert event["updates"] == {"authorized": "false"}
    assert event["object_id"] == event["owner_id"] == told.sandbox.account.id
    assert told.get("/athlete").status_code == 401
    told.control("add")
    told.control("revoke")
    time.sleep(0.2)
    assert len(callback.events) == 1


def test_the_applications_own_revoke_is_pushed_too(told: Asker, callback: Callback):
    told.http.post(
        f"{told.sandbox.oauth_url}/revoke",
        data={"token": told.tokens["refresh_token"]},
        auth=(told.sandbox.client_id, told.sandbox.client_secret),
    )
    assert callback.wait(1)[0]["updates"] == {"authorized": "false"}


def test_an_event_is_tried_three_times_and_no_more(told: Asker, callback: Callback):
    callback.statuses = [500, 503, 500]
    told.control("add")
    events = callback.wait(3)
    assert events[0] == events[1] == events[2]
    time.sleep(0.3)
    assert len(callback.events) == 3
    assert told.sandbox.pushes[-1]["answers"] == [500, 503, 500]


def test_a_200_ends_the_attempts(told: Asker, callback: Callback):
    callback.statuses = [500, 200]
    told.control("add")
    callback.wait(2)
    time.sleep(0.3)
    assert told.sandbox.pushes[-1]["answers"] == [500, 200]


def test_many_can_arrive_at_once_or_unheard(told: Asker, callback: Callback):
    assert len(told.control("add", count=5)["ids"]) == 5
    assert len({event["object_id"] for event in callback.wait(5)}) == 5
    told.control("add", push=False)
    time.sleep(0.2)
    assert len(callback.events) == 5


def test_false_events_can_be_pushed(told: Asker, callback: Callback):
    told.control("push", event={"object_type": "activity", "subscription_id": 1})
    assert callback.wait(1) == [{"object_type": "activity", "subscription_id": 1}]
