"""The synthetic athlete is the same every time, and as odd as real ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from datetime import date

import numpy as np
import pytest

from strava_assets.sandbox.account import STREAM_TYPES, Account
from strava_assets.sandbox.athlete import synthetic_account


@pytest.fixture(scope="module")
def account() -> Account:
    return synthetic_account()


@pytest.fixture(scope="module")
def details(account: Account) -> list[dict]:
    return [account.detail(item.id) for item in account.listed()]


def digest(account: Account, count: int) -> str:
    """Of the newest activities, to the byte."""
    whole = [(account.detail(item.id), account.streams(item.id)) for item in account.listed()[:count]]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def test_a_seed_gives_the_same_account_to_the_byte_in_another_process(account: Account):
    program = (
        "from strava_assets_tests.sandbox.test_athlete import digest, synthetic_account\n"
        "print(digest(synthetic_account(), 8))"
    )
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(account, 8)


def test_the_order_of_questions_changes_no_answer(account: Account):
    fresh = synthetic_account()
    oldest = account.listed()[-1].id
    assert fresh.streams(oldest) == account.streams(oldest)
    assert digest(fresh, 3) == digest(account, 3)


def test_another_seed_is_another_athlete_with_another_home(account: Account):
    other = synthetic_account(seed=8)
    assert other.places != account.places
    assert digest(other, 2) != digest(account, 2)


def test_at_least_200_activities_can_be_published(account: Account, details: list[dict]):
    assert len(details) == 220
    fit = [
        detail
        for detail in details
        if detail["visibility"] == "everyone"
        and detail["start_latlng"]
        and not detail["trainer"]
        and detail["sport_type"] != "VirtualRide"
        and detail["distance"] > 2500
        and not account.activities[detail["id"]].broken
    ]
    assert len(fit) >= 205
    assert sum(detail["distance"] >= 5000 for detail in fit) >= 200
    assert sum(20_000 <= detail["distance"] <= 90_000 for detail in fit) >= 80


def test_it_covers_five_years_and_many_sports_and_ends_on_the_day_it_says(details: list[dict]):
    days = sorted(detail["start_date"][:10] for detail in details)
    assert days[-1] == "2024-06-30"
    assert date.fromisoformat(days[0]).year <= 2019
    sports = Counter(detail["sport_type"] for detail in details)
    assert {
        "Ride",
        "MountainBikeRide",
        "GravelRide",
        "Run",
        "TrailRun",
        "Walk",
        "Hike",
        "Swim",
        "NordicSki",
        "VirtualRide",
        "WeightTraining",
        "Workout",
        "Hockey",
    } <= set(sports)


def test_most_rides_start_and_end_at_home_some_at_the_friends_house(account: Account, details: list[dict]):
    near = Counter()
    for detail in details:
        for place in account.places:
            for end in ("start_latlng", "end_latlng"):
                if detail[end]:
                    north, east = detail[end][0] - place.lat, (detail[end][1] - place.lng) * 0.67
                    near[place.name, end] += np.hypot(north, east) * 111_195 < 25
    assert near["home", "start_latlng"] > 120
    assert near["home", "end_latlng"] > 120
    assert 4 <= near["friend", "start_latlng"] <= 40


def test_rides_near_home_share_streets(account: Account):
    rides = [item.id for item in account.listed() if item.fields["sport_type"] == "Ride"][:40]
    cells: Counter[tuple[int, int]] = Counter()
    for ride in rides:
        samples = account.samples(ride)
        if "lat" in samples:
            grid = np.round(np.column_stack([samples["lat"], samples["lng"]]) * 1500)
            cells.update(set(map(tuple, grid[np.isfinite(grid).all(axis=1)].astype(int).tolist())))
    assert sum(count >= 3 for count in cells.values()) > 0.2 * len(cells)


def test_holidays_are_far_away_and_one_crosses_the_antimeridian(account: Account, details: list[dict]):
    regions = Counter(round(detail["start_latlng"][1] / 10) for detail in details if detail["start_latlng"])
    assert len(regions) >= 4
    across = [detail["id"] for detail in details if detail["start_latlng"] and abs(detail["start_latlng"][1]) > 179]
    assert any((np.abs(np.diff(account.samples(ride)["lng"])) > 300).any() for ride in across)


def test_streams_are_index_aligned_and_rounded_as_stravas_are(account: Account):
    for item in account.listed()[:60]:
        streams = account.streams(item.id)
        if not streams or item.broken:
            continue
        assert list(streams) == [name for name in STREAM_TYPES if name in streams]
        assert len({len(stream["data"]) for stream in streams.values()}) == 1
        times = streams["time"]["data"]
        assert all(isinstance(second, int) for second in times)
        assert (np.diff(times) > 0).all()
        for name, digits in (("distance", 1), ("altitude", 1), ("velocity_smooth", 1), ("grade_smooth", 1)):
            assert all(round(value, digits) == value for value in streams.get(name, {"data": []})["data"])
        for pair in streams.get("latlng", {"data": []})["data"]:
            assert pair is None or [round(part, 6) for part in pair] == pair


def test_a_ride_is_physically_plausible(account: Account):
    for item in account.listed():
        if item.fields["sport_type"] == "Ride" and not item.broken and not item.fields["trainer"]:
            detail, samples = account.detail(item.id), account.samples(item.id)
            assert 4 < detail["average_speed"] < 10
            assert detail["max_speed"] < 20
            assert detail["moving_time"] <= detail["elapsed_time"]
            assert 90 < detail["average_heartrate"] < detail["max_heartrate"] < 200
            assert (np.diff(samples["distance"]) >= 0).all()
            climb = np.polyfit(samples["grade_smooth"], samples["velocity_smooth"], 1)[0]
            assert climb < 0  # slower uphill


def test_some_recordings_pause_by_themselves_and_some_record_the_stop(account: Account):
    gaps = stops = 0
    for item in account.listed()[:80]:
        samples = account.samples(item.id)
        if "velocity_smooth" in samples and "lat" in samples:
            gaps += bool((np.diff(samples["time"]) > 15).any())
            stops += bool((~samples["moving"]).sum() > 15)
    assert gaps > 5
    assert stops > 5


def test_names_are_those_of_people_everywhere(details: list[dict]):
    names = "".join(detail["name"] for detail in details)
    assert "🌲" in names
    assert any("֐" <= letter <= "ۿ" for letter in names)  # written from right to left
    assert any("぀" <= letter <= "鿿" for letter in names)  # Japanese
    assert any(letter in names for letter in "äöüß")
    assert any(detail["name"] == "Morning Ride" for detail in details)


def test_gear_is_three_bikes_and_two_pairs_of_shoes(account: Account, details: list[dict]):
    assert Counter(key[0] for key in account.gear) == {"b": 3, "g": 2}
    assert {account.gear[key]["frame_type"] for key in account.gear if key[0] == "b"} == {1, 3, 5}
    assert {detail["gear_id"] for detail in details} - {None} == set(account.gear)


def test_the_oddities_of_real_accounts_are_there(account: Account, details: list[dict]):
    by_sport = {detail["sport_type"]: detail for detail in details}
    assert account.streams(by_sport["Workout"]["id"]) is None  # typed in by hand
    assert "latlng" not in account.streams(by_sport["WeightTraining"]["id"])
    assert Counter(item.broken for item in account.listed()) == {"": 218, "streams": 1, "empty": 1}
    empty = next(item.id for item in account.listed() if item.broken == "empty")
    assert account.streams(empty)["time"]["data"] == []
    assert sum(detail["start_date"].endswith("T00:00:01Z") for detail in details) == 1
    assert any(detail.get("max_heartrate", 0) % 1 for detail in details)
    hole = [
        item.id
        for item in account.listed()
        if "lat" in account.samples(item.id) and np.isnan(account.samples(item.id)["lat"]).any()
    ]
    assert account.streams(hole[0])["latlng"]["data"].count(None) == 60
    jumps = [
        item.id
        for item in account.listed()
        if "lat" in account.samples(item.id) and (np.abs(np.diff(account.samples(item.id)["lat"])) > 0.3).any()
    ]
    assert len(jumps) == 1
    visibility = Counter(detail["visibility"] for detail in details)
    assert visibility["only_me"] >= 3
    assert visibility["followers_only"] >= 3
    assert all(detail["private"] == (detail["visibility"] == "only_me") for detail in details)


def test_a_summary_has_neither_the_details_nor_the_full_line(account: Account):
    item = account.listed()[0].id
    summary, detail = account.summary(item), account.detail(item)
    assert set(detail) > set(summary)
    assert not {"description", "calories", "gear"} & set(summary)
    assert "polyline" not in summary["map"]
    assert (summary["resource_state"], detail["resource_state"]) == (2, 3)


def test_rides_that_come_later_are_the_same_after_a_restart():
    first = synthetic_account(activities=20)
    added = [first.add().id for _ in range(2)]
    again = synthetic_account(activities=20, added=2)
    assert [item.id for item in again.listed()[:2]] == added[::-1]
    assert again.streams(added[0]) == first.streams(added[0])
    assert again.add().id == first.add().id


def test_an_owner_renames_hides_and_deletes():
    account = synthetic_account(activities=10)
    one, two = (item.id for item in account.listed()[:2])
    account.rename(one, "Élan ✨")
    account.hide(two)
    assert account.detail(one)["name"] == "Élan ✨"
    assert (account.detail(two)["visibility"], account.detail(two)["private"]) == ("only_me", True)
    account.delete(one)
    assert one not in {item.id for item in account.listed()}


def test_five_thousand_activities_are_planned_quickly_and_made_on_demand():
    began = time.perf_counter()
    account = synthetic_account(activities=5000)
    listed = account.listed()
    assert len({item.id for item in listed}) == 5000
    page = [account.summary(item.id) for item in listed[:200]]
    assert time.perf_counter() - began < 20
    assert len(page) == 200


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_small_accounts_work_too(count: int):
    account = synthetic_account(activities=count)
    assert len([account.detail(item.id) for item in account.listed()]) == count
