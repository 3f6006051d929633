"""What is still to be read: its price in words, and what a run should read next."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from strava_assets import resources, sensors
from strava_assets.partitions import MONTHS_A_RUN, monthly
from strava_assets.pipeline import sync
from strava_assets.resources import InstallationResource
from strava_assets.strava.account import land, list_everyone
from strava_assets.strava.backlog import Backlog, Next, backlog, days_needed, in_words, next_months
from strava_assets.strava.listing import keep_detail
from strava_assets.strava.quota import Remaining, next_reset
from strava_assets_tests.strava.conftest import ACTIVITIES, World
from strava_assets_tests.strava.events import subscribe, tell

#: 58 quarters of an hour come after this one until midnight.
MORNING = datetime(2026, 6, 1, 9, 20, tzinfo=UTC)


def of_a_day(left: int, quarter_hour: int = 100, allowed: int = 1000) -> Remaining:
    return Remaining(quarter_hour, left, 100, allowed)


def test_the_price_is_told_as_the_owner_would_ask_for_it() -> None:
    assert in_words(Backlog(1940, 3890), of_a_day(812), MORNING) == (
        "812 of 1,000 reads left today; 1,940 activities need 3,890 reads: 4 days — or import your export and finish "
        "today"
    )
    assert in_words(Backlog(1, 1), of_a_day(812), MORNING) == (
        "812 of 1,000 reads left today; 1 activity needs 1 read: today"
    )


def test_nothing_is_missing() -> None:
    assert in_words(Backlog(0, 0), of_a_day(812), MORNING) == "812 of 1,000 reads left today; nothing is missing"
    assert in_words(Backlog(0, 0), None, MORNING) == "nothing is missing"


def test_before_strava_s_first_answer_no_time_is_promised() -> None:
    assert in_words(Backlog(2, 4), None, MORNING) == (
        "2 activities need 4 reads; Strava has not said yet how many it allows"
    )


@pytest.mark.parametrize(
    ("reads", "left", "days"),
    [
        (662, of_a_day(812), 0),  # 150 of 1,000 are kept for new rides
        (663, of_a_day(812), 1),
        (662 + 850, of_a_day(812), 1),
        (662 + 851, of_a_day(812), 2),
        (1, of_a_day(150), 1),
        (1, of_a_day(0), 1),
        (850, of_a_day(0), 1),
        (851, of_a_day(0), 2),
        # many a day, but 85 a quarter of an hour: 58 of them, and what is left of this one
        (58 * 85 + 25, of_a_day(100_000, 40, 100_000), 0),
        (58 * 85 + 26, of_a_day(100_000, 40, 100_000), 1),
        (58 * 85 + 25 + 96 * 85 + 1, of_a_day(100_000, 40, 100_000), 2),
        (3, Remaining(1, 1, 1, 1), 2),  # absurdly few
    ],
)
def test_the_days_are_those_that_both_limits_and_the_kept_share_leave(reads: int, left: Remaining, days: int) -> None:
    assert days_needed(reads, left, MORNING) == days


def upcoming(world: World, now: datetime | None = None) -> Next:
    return next_months(world.settings, world.database, set(monthly.get_partition_keys()), MONTHS_A_RUN, now)


def known_months(world: World) -> list[str]:
    rows = world.sql("select distinct to_char(month, 'YYYY-MM') as month from strava.activity order by month desc")
    return [row["month"] for row in rows]


def use_up(world: World, span: str, left: int) -> None:
    world.sql("update strava.api_quota set used = allowed - %s where span = %s and kind = 'read'", left, span)


@pytest.fixture
def listed(connected: World) -> World:
    """An account that was listed and of which nothing was read yet."""
    list_everyone(connected.settings, connected.database, None, None)
    return connected


def test_what_is_missing_is_two_reads_less_what_is_known(listed: World) -> None:
    typed_in = listed.sql("select count(*) as n from strava.activity where api @> '{\"manual\": true}'")[0]["n"]
    assert backlog(listed.database) == Backlog(ACTIVITIES, 2 * ACTIVITIES - typed_in)
    (newest,) = listed.sql("select strava_id from strava.activity order by start_time desc limit 1")
    with listed.database.transaction() as connection:
        asked, detail = listed.database.now(), listed.client().activity(newest["strava_id"])
        keep_detail(connection, listed.athlete_id, detail, listed.settings, asked)
    assert backlog(listed.database).reads == 2 * ACTIVITIES - typed_in - 1
    land(listed.settings, listed.database, listed.installation.store, known_months(listed))
    later = backlog(listed.database)
    assert later.activities == later.later <= 3, "only what Strava cannot give"


def test_an_account_that_was_never_listed_costs_its_pages(connected: World) -> None:
    assert backlog(connected.database) == Backlog(0, 1)


def test_somebody_who_has_to_connect_again_costs_nothing(listed: World) -> None:
    listed.sql("update strava.athlete set state = 'reconnect'")
    assert backlog(listed.database) == Backlog(0, 0)
    assert upcoming(listed).months == []


def test_sync_says_what_it_will_cost(connected: World) -> None:
    lines = sync(connected.installation)
    assert f"{ACTIVITIES} activities listed with 1 reads" in lines[0]
    assert lines[1].startswith(f"999 of 1,000 reads left today; {ACTIVITIES} activities need ")
    assert lines[1].endswith("reads: today")


def test_the_newest_months_come_first_and_no_more_than_the_quota_does(listed: World) -> None:
    months = known_months(listed)
    assert upcoming(listed).months == sorted(months[:MONTHS_A_RUN])
    use_up(listed, "day", 151)  # one more than is kept
    assert upcoming(listed).months == months[:1]
    use_up(listed, "day", 150)
    waits = upcoming(listed)
    assert waits.months == []
    midnight = next_reset("day", datetime.now(UTC))
    assert waits.waiting.startswith(f"goes on at {midnight:%Y-%m-%d} 00:00 UTC: what is left of Strava's rate limit")
    assert "150 of 1,000 reads left today; 30 activities need" in waits.waiting
    assert upcoming(listed, midnight + timedelta(seconds=5)).months == [], "clocks differ"
    assert upcoming(listed, midnight + timedelta(seconds=11)).months


def test_what_an_event_told_of_does_not_wait_for_history(listed: World) -> None:
    (oldest,) = listed.sql(
        "select *, to_char(month, 'YYYY-MM') as name from strava.activity order by start_time limit 1"
    )
    with listed.database.transaction() as connection:
        asked, detail = listed.database.now(), listed.client().activity(oldest["strava_id"])
        keep_detail(connection, listed.athlete_id, {**detail, "name": "told of"}, listed.settings, asked)
    use_up(listed, "day", 100)
    assert upcoming(listed).months == [oldest["name"]]
    use_up(listed, "day", 0)
    assert upcoming(listed).months == []


def test_an_activity_whose_event_waits_is_left_to_it(connected: World) -> None:
    subscribe(connected)
    number = connected.control("add")["id"]
    tell(connected, "create", number)
    with connected.database.transaction() as connection:
        asked, detail = connected.database.now(), connected.client().activity(number)
        keep_detail(connection, connected.athlete_id, detail, connected.settings, asked)
    assert upcoming(connected).months == []
    connected.sql("update strava.webhook_event set state = 'done'")
    assert len(upcoming(connected).months) == 1


def test_while_strava_is_down_nothing_is_begun(listed: World, no_pauses: None) -> None:
    listed.control("fail", calls=100, status=503)
    report = land(listed.settings, listed.database, listed.installation.store, known_months(listed)[:3])
    waits = upcoming(listed)
    assert (waits.months, report.resume_at is not None) == ([], True)
    assert f"goes on at {report.resume_at:%Y-%m-%d %H:%M} UTC: Strava answers" in waits.waiting
    listed.control("fail", calls=0)
    list_everyone(listed.settings, listed.database, None, None)  # the first answer ends it
    assert upcoming(listed).months


def test_a_refusal_that_the_ledger_knows_nothing_of_is_no_reason_to_try_at_once(listed: World) -> None:
    listed.sql("update strava.athlete set token_expires_at = now()")
    listed.control("fail", calls=100, status=429, path="/oauth/token")
    report = land(listed.settings, listed.database, listed.installation.store, known_months(listed)[:1])
    assert report.left > 0
    assert upcoming(listed).months == []
    assert report.resume_at is not None


def test_an_inactive_application_is_no_reason_to_start_runs(listed: World) -> None:
    listed.control("inactive")
    land(listed.settings, listed.database, listed.installation.store, known_months(listed)[:1])
    waits = upcoming(listed)
    assert waits.months == []
    assert "inactive" in waits.waiting


def tick(instance: dg.DagsterInstance) -> dg.SensorResult | dg.SkipReason:
    return sensors.requested_months(dg.build_sensor_context(instance=instance), installation=InstallationResource())


def keys_of(told: Any) -> set[str | None]:
    assert isinstance(told, dg.SensorResult)
    return {request.run_key for request in told.run_requests or []}


@pytest.fixture
def instance(listed: World) -> Iterator[dg.DagsterInstance]:
    resources.use(listed.installation)
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def asked_for(told: Any) -> list[tuple[str, str]]:
    """First and last month of each run, with its priority, in the order of asking."""
    assert isinstance(told, dg.SensorResult)
    spans = []
    for request in told.run_requests or []:
        first = request.partition_key or request.tags["dagster/asset_partition_range_start"]
        spans.append((first, request.tags["dagster/priority"]))
    return spans


def test_a_first_sync_goes_on_by_itself_newest_first(listed: World, instance: dg.DagsterInstance) -> None:
    listed.control("limits", read=[20, 1000])
    order: list[str] = []
    waits = 0
    while not isinstance(told := tick(instance), dg.SkipReason) or "goes on at" in str(told.skip_message):
        assert waits < 20, "it never ends"
        if isinstance(told, dg.SkipReason):  # a quarter of an hour passes
            waits += 1
            listed.control("advance_clock", seconds=900)
            listed.sql("delete from strava.api_quota")
            continue
        assert keys_of(tick(instance)) == keys_of(told), "one set of runs at a time"
        wanted = listed.sql("select to_char(month, 'YYYY-MM') as month from strava.month_request where wanted > done")
        months = sorted((row["month"] for row in wanted), reverse=True)
        land(listed.settings, listed.database, listed.installation.store, months)
        listed.sql("update strava.month_request set done = wanted")
        order += [month for month in months if month not in order]
    assert order == known_months(listed)
    assert waits >= 3
    assert listed.sql("select 1 from strava.activity where state = 'listed' and next_landing_at is null") == []


def test_an_interrupted_run_is_asked_for_again_but_not_at_every_tick(
    listed: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_800_000_000.0]
    monkeypatch.setattr(sensors.time, "time", lambda: clock[0])
    first = keys_of(tick(instance))
    clock[0] += 60
    assert keys_of(tick(instance)) == first, "Dagster runs a key once"
    clock[0] += 900
    assert keys_of(tick(instance)).isdisjoint(first)


def test_what_fails_is_tried_again_at_once_and_then_once_an_hour(
    listed: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = 3600.0 * (time.time() // 3600)
    only(listed, "2024-01-01")
    seen = []
    for _ in range(5):
        told = tick(instance)
        seen.append(keys_of(told))
        made(instance, told, dg.DagsterRunStatus.FAILURE)
    assert all(one.isdisjoint(other) for one, other in itertools.pairwise(seen[:4]))
    assert seen[3] == seen[4]
    monkeypatch.setattr(sensors.time, "time", lambda: began + 3600)
    assert keys_of(tick(instance)).isdisjoint(seen[4])


def test_months_that_fail_together_are_tried_one_by_one(listed: World, instance: dg.DagsterInstance) -> None:
    only(listed, "2024-01-01", "2024-02-01", "2024-03-01")
    for _ in range(3):
        told = tick(instance)
        assert len(keys_of(told)) == 1
        made(instance, told, dg.DagsterRunStatus.FAILURE)
    assert [first for first, _ in asked_for(tick(instance))] == ["2024-01", "2024-02", "2024-03"]


def test_the_map_is_asked_for_until_it_is_as_new_as_its_files(listed: World, instance: dg.DagsterInstance) -> None:
    def settled() -> Any:
        return sensors.publish_when_settled(
            dg.build_sensor_context(instance=instance), installation=InstallationResource()
        )

    assert isinstance(settled(), dg.SkipReason)
    root = listed.settings.public_root
    listed.sql(  # a run wrote a file, and was killed before it could tell
        "insert into strava.public_object (root, path, sha256, bytes, activity_id) values (%s, 'a.csv', '', 0, 1)", root
    )
    told = settled()
    made(instance, told, dg.DagsterRunStatus.FAILURE)
    again = settled()
    assert keys_of(again).isdisjoint(keys_of(told))
    listed.sql(
        "insert into strava.public_object (root, path, sha256, bytes, written_at) "
        "values (%s, 'index.json', '', 0, now() + interval '1 second')",
        root,
    )
    assert isinstance(settled(), dg.SkipReason)


def only(world: World, *months: str) -> None:
    """Nothing is to be read; these months are asked for."""
    world.sql("delete from strava.activity")
    for month in months:
        world.sql("insert into strava.month_request (month, reason) values (%s, 'import')", month)


def test_months_of_a_run_that_is_under_way_are_not_asked_for(listed: World, instance: dg.DagsterInstance) -> None:
    made(instance, tick(instance), dg.DagsterRunStatus.STARTED)
    waits = tick(instance)
    assert isinstance(waits, dg.SkipReason)
    assert waits.skip_message == "a run is under way"


def made(instance: dg.DagsterInstance, told: Any, status: dg.DagsterRunStatus) -> None:
    """The runs that a tick asked for, as Dagster keeps them."""
    assert isinstance(told, dg.SensorResult)
    for request in told.run_requests or []:
        tags = {**request.tags, **({"dagster/partition": request.partition_key} if request.partition_key else {})}
        instance.create_run(
            run_id=None, job_name=request.job_name, status=status, tags=tags,
            run_config=None, resolved_op_selection=None, op_selection=None, root_run_id=None, parent_run_id=None,
            step_keys_to_execute=None, execution_plan_snapshot=None, job_snapshot=None, parent_job_snapshot=None,
            asset_selection=None, asset_check_selection=None, remote_job_origin=None, job_code_origin=None,
            asset_graph=None,
        )  # fmt: skip


def test_newer_months_run_before_older_ones(listed: World, instance: dg.DagsterInstance) -> None:
    listed.sql("delete from strava.activity")
    for month in ("2023-01-01", "2023-02-01", "2023-05-01", "2024-01-01", "2024-02-01"):
        listed.sql("insert into strava.month_request (month, reason) values (%s, 'import')", month)
    spans = asked_for(tick(instance))
    assert [first for first, _ in spans] == ["2024-01", "2023-05", "2023-01"]
    several, single = {first: int(level) for first, level in spans}, "2023-05"
    assert several[single] > 0 > several["2024-01"] > several["2023-01"]


def test_listing_leaves_reads_for_events(listed: World) -> None:
    use_up(listed, "day", 50)
    report = list_everyone(listed.settings, listed.database, None, None)
    assert (report.reads, report.activities) == (0, 0)
    assert "for new rides" in str(report.stopped)
    assert listed.client().athlete()["id"] == listed.strava_id
