"""Reads, their limits and their errors are those of the documented API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import pytest

from strava_assets_tests.sandbox.conftest import Asker

Ask = Callable[..., Asker]


def at_the_start_of_a_day(asker: Asker) -> Asker:
    """No window turns by itself while a test counts."""
    asker.control("advance_clock", seconds=86_400 - time.time() % 86_400 + 5)
    return asker.connect()


def ids(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()]


def test_the_list_comes_in_pages_of_30_newest_first_until_one_is_empty(shared: Asker):
    first = shared.get("/athlete/activities").json()
    assert len(first) == 30
    assert [item["start_date"] for item in first] == sorted((item["start_date"] for item in first), reverse=True)
    whole = ids(shared.get("/athlete/activities", per_page=200))
    paged = [number for page in range(1, 5) for number in ids(shared.get("/athlete/activities", page=page, per_page=8))]
    assert paged == whole
    assert ids(shared.get("/athlete/activities", page=2)) == []


def test_a_page_holds_200_at_most(shared: Asker):
    assert shared.get("/athlete/activities", per_page=201).status_code == 400
    assert shared.get("/athlete/activities", per_page="many").status_code == 400


def test_after_turns_the_order_round_and_both_bounds_are_exclusive(shared: Asker):
    items = sorted(shared.sandbox.account.listed(), key=lambda item: item.start)
    after, before = items[5].start.timestamp(), items[12].start.timestamp()
    between = ids(shared.get("/athlete/activities", after=int(after), before=int(before)))
    assert between == [item.id for item in items[6:12]]
    assert ids(shared.get("/athlete/activities", before=int(before))) == [item.id for item in items[11::-1]]


def test_the_same_api_answers_without_its_prefix(shared: Asker):
    token = {"Authorization": f"Bearer {shared.tokens['access_token']}"}
    number = shared.sandbox.account.listed()[0].id
    for path in ("/athlete", "/athlete/activities", f"/activities/{number}"):
        assert shared.http.get(shared.sandbox.url + path, headers=token).json() == shared.get(path).json()


def test_streams_come_by_type_those_asked_for_and_distance_if_none_are(shared: Asker):
    number = next(
        item.id
        for item in shared.sandbox.account.listed()
        if not item.broken and "lat" in shared.sandbox.account.samples(item.id)
    )
    path = f"/activities/{number}/streams"
    found = shared.get(path, keys="time,latlng,moving,nonsense", key_by_type="true").json()
    assert list(found) == ["time", "latlng", "moving"]
    assert {"data", "series_type", "original_size", "resolution"} == set(found["time"])
    assert list(shared.get(path, key_by_type="true").json()) == ["distance"]
    as_list = shared.get(path, keys="time,latlng").json()
    assert [item["type"] for item in as_list] == ["time", "latlng"]


def test_broken_and_missing_streams_answer_as_strava_does(shared: Asker):
    items = shared.sandbox.account.listed()
    corrupt = next(item.id for item in items if item.broken == "streams")
    answer = shared.get(f"/activities/{corrupt}/streams", keys="time", key_by_type="true")
    assert (answer.status_code, answer.json()) == (500, {"message": "error"})
    assert shared.get(f"/activities/{corrupt}").status_code == 200
    manual = next(item.id for item in items if item.fields["manual"])
    assert shared.get(f"/activities/{manual}/streams", keys="time", key_by_type="true").status_code == 404
    indoor = next(item.id for item in items if item.fields["sport_type"] == "WeightTraining")
    assert "latlng" not in shared.get(f"/activities/{indoor}/streams", keys="time,latlng", key_by_type="true").json()


@pytest.mark.parametrize("path", ["/activities/1", "/activities/1/streams", "/activities/x", "/gear/b1", "/nothing"])
def test_what_does_not_exist_is_a_404_with_a_fault(shared: Asker, path: str):
    answer = shared.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"]


def test_gear_tells_its_frame(shared: Asker):
    bikes = shared.get("/athlete").json()["bikes"]
    assert len(bikes) == 3
    assert {shared.get(f"/gear/{bike['id']}").json()["frame_type"] for bike in bikes} == {1, 3, 5}


def test_the_profile_shows_gear_and_weight_only_with_its_scope(ask: Ask):
    shown = ask(scope="read,activity:read").get("/athlete").json()
    assert not {"bikes", "shoes", "weight"} & set(shown)


def test_without_an_activity_scope_activities_are_refused(ask: Ask):
    answer = ask(scope="read").get("/athlete/activities")
    assert answer.status_code == 401
    assert answer.json() == {
        "message": "Authorization Error",
        "errors": [{"resource": "AccessToken", "field": "activity:read_permission", "code": "missing"}],
    }


def test_activity_read_sees_all_but_what_only_the_athlete_may_see(ask: Ask):
    asker = ask(scope="read,activity:read")
    seen = set(ids(asker.get("/athlete/activities", per_page=200)))
    hidden = {item.id for item in asker.sandbox.account.listed() if item.visibility == "only_me"}
    followers = {item.id for item in asker.sandbox.account.listed() if item.visibility == "followers_only"}
    assert hidden
    assert followers
    assert followers <= seen
    assert not hidden & seen
    assert asker.get(f"/activities/{hidden.pop()}").status_code == 404


def test_a_wrong_token_is_a_401_that_costs_nothing(ask: Ask):
    asker = ask()
    answer = asker.http.get(f"{asker.sandbox.api_url}/athlete", headers={"Authorization": "Bearer no"})
    assert answer.status_code == 401
    assert asker.get("/athlete").headers["x-readratelimit-usage"] == "1,1"


def test_every_answer_tells_both_limits_and_what_is_used(ask: Ask):
    asker = at_the_start_of_a_day(ask())
    headers = [asker.get("/athlete").headers for _ in range(2)][-1]
    assert headers["x-ratelimit-limit"] == "200,2000"
    assert headers["x-readratelimit-limit"] == "100,1000"
    assert headers["x-ratelimit-usage"] == headers["x-readratelimit-usage"] == "2,2"


def test_a_spent_quarter_hour_is_a_429_until_the_clock_turns_and_refused_calls_count_to_the_day(ask: Ask):
    asker = at_the_start_of_a_day(ask(read_limit=(3, 1000)))
    answers = [asker.get("/athlete") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json() == {
        "message": "Rate Limit Exceeded",
        "errors": [{"resource": "Application", "field": "read rate limit", "code": "exceeded"}],
    }
    assert answers[-1].headers["x-readratelimit-usage"] == "5,5"
    asker.control("advance_clock", seconds=900)
    again = asker.get("/athlete")
    assert again.status_code == 200
    assert again.headers["x-readratelimit-usage"] == "1,6"


def test_a_spent_day_is_a_429_until_midnight_utc(ask: Ask):
    asker = at_the_start_of_a_day(ask())
    asker.control("limits", read=[100, 2], overall=[200, 2000])
    assert [asker.get("/athlete").status_code for _ in range(3)] == [200, 200, 429]
    asker.control("advance_clock", seconds=86_400)
    asker.connect()
    assert asker.get("/athlete").status_code == 200


def test_the_overall_limit_refuses_too(ask: Ask):
    asker = at_the_start_of_a_day(ask(read_limit=(100, 1000), overall_limit=(1, 1000)))
    assert asker.get("/athlete").status_code == 200
    assert asker.get("/athlete").json()["errors"][0]["field"] == "overall rate limit"


def test_an_inactive_application_is_refused_everything(ask: Ask):
    asker = ask()
    asker.control("inactive")
    answer = asker.get("/athlete")
    assert answer.status_code == 403
    assert answer.json()["errors"] == [{"resource": "Application", "field": "Status", "code": "Inactive"}]
    asker.control("inactive", inactive=False)
    assert asker.get("/athlete").status_code == 200


@pytest.mark.parametrize("status", [500, 503, 429, 401])
def test_the_next_calls_fail_as_told_and_then_all_is_well(ask: Ask, status: int):
    asker = ask()
    asker.control("fail", calls=2, status=status)
    assert [asker.get("/athlete").status_code for _ in range(2)] == [status, status]
    if status == 429:
        asker.control("advance_clock", seconds=900)
    assert asker.get("/athlete").status_code == 200


def test_failures_can_be_kept_to_a_path(ask: Ask):
    asker = ask()
    asker.control("fail", calls=1, status=500, path="/oauth/token")
    assert asker.get("/athlete").status_code == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": asker.tokens["refresh_token"]}
    assert asker.token(**refresh).status_code == 500
    assert asker.token(**refresh).status_code == 200


def test_garbage_and_emptiness_are_no_json(ask: Ask):
    asker = ask()
    for status in ("garbage", "empty"):
        asker.control("fail", calls=1, status=status)
        answer = asker.get("/athlete")
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()


def test_a_hanging_call_hangs_alone_and_does_not_keep_the_simulation_from_ending(ask: Ask):
    asker = ask(hang=60)
    asker.control("fail", calls=1, status="hang")
    with pytest.raises(httpx.ReadTimeout):
        asker.http.get(f"{asker.sandbox.api_url}/athlete", timeout=0.4)
    began = time.perf_counter()
    assert asker.get("/athlete").status_code == 200
    assert time.perf_counter() - began < 2


def test_the_log_lists_requests_and_counts_reads(ask: Ask):
    asker = ask()
    asker.control("clear")
    asker.get("/athlete")
    asker.get("/activities/1")
    asker.token(grant_type="refresh_token", refresh_token="no")
    log = asker.http.get(f"{asker.sandbox.url}/control/log").json()
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log["requests"]] == [
        ("GET", "/api/v3/athlete", 200),
        ("GET", "/api/v3/activities/1", 404),
        ("POST", "/oauth/token", 400),
    ]
    assert (log["reads"], log["calls"]) == (2, 3)
    assert asker.sandbox.log == log["requests"]


def test_what_the_owner_does_is_what_the_api_shows(ask: Ask):
    asker = ask()
    added = asker.control("add", name="Neu 🚲")
    assert ids(asker.get("/athlete/activities"))[0] == added["id"]
    asker.control("rename", id=added["id"], name="Anders")
    asker.control("hide", id=added["id"])
    detail = asker.get(f"/activities/{added['id']}").json()
    assert (detail["name"], detail["visibility"], detail["private"]) == ("Anders", "only_me", True)
    asker.control("show", id=added["id"])
    assert asker.get(f"/activities/{added['id']}").json()["visibility"] == "everyone"
    asker.control("delete", id=added["id"])
    assert asker.get(f"/activities/{added['id']}").status_code == 404


def test_wrong_orders_to_the_switchboard_are_refused_in_words(ask: Ask):
    asker = ask()
    for deed, given, status in (
        ("hide", {"id": 1}, 404),
        ("rename", {}, 404),
        ("fail", {"status": "oddly"}, 400),
        ("limits", {"wrong": [1, 2]}, 400),
        ("advance_clock", {"seconds": "x"}, 400),
    ):
        answer = asker.http.post(f"{asker.sandbox.url}/control/{deed}", json=given)
        assert answer.status_code == status
        assert answer.json()["error"]


def test_places_are_told_to_whoever_draws_zones(shared: Asker):
    places = shared.http.get(f"{shared.sandbox.url}/control/places").json()
    assert [place["name"] for place in places] == ["home", "friend"]
    assert all(-180 <= place["lng"] <= 180 and -90 <= place["lat"] <= 90 for place in places)
