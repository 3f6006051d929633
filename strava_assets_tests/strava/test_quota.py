"""The quota, as Strava's answers tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strava_assets.errors import StravaRateLimited
from strava_assets.installation import Installation
from strava_assets.strava.quota import Ledger, Work, remaining, resumes_at, windows

NOW = datetime(2026, 6, 1, 10, 7, 30, tzinfo=UTC)


def headers(read: str, overall: str = "1,1") -> dict[str, str]:
    return {
        "X-ReadRateLimit-Limit": "100,1000",
        "x-readratelimit-usage": read,
        "X-RateLimit-Limit": "200,2000",
        "X-RateLimit-Usage": overall,
    }


def test_a_spent_quarter_hour_is_over_at_the_next_quarter() -> None:
    assert resumes_at(windows(headers("100,300"), NOW), NOW) == datetime(2026, 6, 1, 10, 15, tzinfo=UTC)


def test_a_spent_day_is_over_at_midnight_utc() -> None:
    assert resumes_at(windows(headers("100,1000"), NOW), NOW) == datetime(2026, 6, 2, tzinfo=UTC)


def test_a_refusal_without_headers_is_over_at_the_next_quarter() -> None:
    late = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert resumes_at(windows({}, late), late) == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("nonsense", ["", "1", "a,b", "1,2,3"])
def test_nonsense_in_a_header_is_not_a_window(nonsense: str) -> None:
    assert windows({"X-RateLimit-Limit": nonsense, "X-RateLimit-Usage": "1,1"}, NOW) == []


def test_every_process_sees_what_one_was_told(installation: Installation) -> None:
    Ledger(installation.database, "7").note(headers("40,880", "50,900"), NOW)
    left = remaining(installation.database, "7", NOW)
    assert left is not None
    assert (left.quarter_hour, left.day, left.allowed_a_day) == (60, 120, 1000)
    assert remaining(installation.database, "8", NOW) is None


def test_a_window_that_is_over_is_whole_again(installation: Installation) -> None:
    Ledger(installation.database, "7").note(headers("100,100"), NOW)
    left = remaining(installation.database, "7", NOW + timedelta(minutes=8))
    assert left is not None
    assert (left.quarter_hour, left.day) == (100, 900)


def test_no_read_is_sent_that_would_only_be_refused(installation: Installation) -> None:
    ledger = Ledger(installation.database, "7")
    ledger.note(headers("100,300"), NOW)
    with pytest.raises(StravaRateLimited, match=r"until 2026-06-01 10:15 UTC") as caught:
        ledger.check(NOW)
    assert caught.value.retry_at == datetime(2026, 6, 1, 10, 15, tzinfo=UTC)
    ledger.check(NOW + timedelta(minutes=8))


def ledger(installation: Installation, work: Work = Work.LIVE) -> Ledger:
    return Ledger(installation.database, "7", work)


def may(installation: Installation, work: Work, now: datetime = NOW) -> bool:
    try:
        ledger(installation, work).check(now)
    except StravaRateLimited:
        return False
    return True


@pytest.mark.parametrize(
    ("used", "those_who_may"),
    [
        ("84,300", {Work.LIVE, Work.RECONCILE, Work.BACKFILL}),
        ("85,300", {Work.LIVE, Work.RECONCILE}),  # 15 of 100 are left
        ("10,850", {Work.LIVE, Work.RECONCILE}),  # 150 of 1,000
        ("95,300", {Work.LIVE}),
        ("10,950", {Work.LIVE}),
        ("99,999", {Work.LIVE}),
        ("100,300", set()),
    ],
)
def test_work_that_can_wait_leaves_a_share_of_what_strava_allows(
    installation: Installation, used: str, those_who_may: set[Work]
) -> None:
    assert all(may(installation, work) for work in Work), "before the first answer everybody just asks"
    ledger(installation).note(headers(used), NOW)
    assert {work for work in Work if may(installation, work)} == those_who_may
    assert all(may(installation, work, NOW + timedelta(days=1)) for work in Work)


def test_the_share_is_one_of_the_limits_that_strava_told_last(installation: Installation) -> None:
    ledger(installation).note(headers("85,300"), NOW)
    assert not may(installation, Work.BACKFILL)
    ledger(installation).note({**headers("85,300"), "X-ReadRateLimit-Limit": "200,2000"}, NOW)
    assert may(installation, Work.BACKFILL)
    assert ledger(installation, Work.BACKFILL).available(NOW) == 200 - 85 - 30


def test_why_a_backfill_waits_while_reads_are_left_is_said(installation: Installation) -> None:
    ledger(installation).note(headers("90,300"), NOW)
    with pytest.raises(StravaRateLimited, match=r"is for new rides until 2026-06-01 10:15 UTC"):
        ledger(installation, Work.BACKFILL).check(NOW)


def test_answers_that_come_out_of_order_leave_the_newest_usage(installation: Installation) -> None:
    for used in ("5,105", "7,107", "6,106"):
        ledger(installation).note(headers(used), NOW)
    left = ledger(installation).remaining(NOW)
    assert left is not None
    assert (left.quarter_hour, left.day) == (93, 893)


def test_an_answer_of_an_earlier_window_says_nothing_of_this_one(installation: Installation) -> None:
    turned = datetime(2026, 6, 1, 10, 15, 1, tzinfo=UTC)
    ledger(installation).note(headers("1,301"), turned)
    ledger(installation).note(headers("100,300"), turned - timedelta(seconds=2))
    left = ledger(installation).remaining(turned)
    assert left is not None
    assert (left.quarter_hour, left.day) == (99, 699)


def test_at_midnight_the_usage_begins_anew(installation: Installation) -> None:
    night = datetime(2026, 6, 1, 23, 59, 50, tzinfo=UTC)
    ledger(installation).note(headers("100,1000"), night)
    ledger(installation).note(headers("1,1"), night + timedelta(seconds=20))
    left = ledger(installation).remaining(night + timedelta(seconds=20))
    assert left is not None
    assert (left.quarter_hour, left.day) == (99, 999)


def test_the_window_is_the_one_of_strava_s_clock_not_of_ours(installation: Installation) -> None:
    # ours is past midnight, and Strava's is not: the spent day is yesterday's
    told = {**headers("100,1000"), "Date": "Mon, 01 Jun 2026 23:59:58 GMT"}
    ledger(installation).note(told)
    ledger(installation).check(datetime(2026, 6, 2, 0, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize("said", [{}, headers("40,300")])
def test_a_refusal_is_written_down_even_if_its_headers_do_not_say_so(
    installation: Installation, said: dict[str, str]
) -> None:
    ledger(installation).refused(said, NOW)
    assert not may(installation, Work.LIVE)
    assert may(installation, Work.LIVE, NOW + timedelta(minutes=8))


def minutes_until(moment: datetime) -> int:
    return round((moment - datetime.now(UTC)).total_seconds() / 60)


def test_a_pause_grows_while_strava_is_down_and_ends_with_the_first_answer(installation: Installation) -> None:
    first = ledger(installation).pause("Strava is down")
    assert ledger(installation).pause("another run says so") == first, "runs at one time are one failure"
    pause = ledger(installation, Work.BACKFILL).pausing()
    assert pause is not None
    assert (pause.until, pause.reason) == (first, "another run says so")
    minutes = [minutes_until(first)]
    for _ in range(5):
        with installation.database.transaction() as connection:
            connection.execute("update strava.api_pause set until = now()")
        minutes.append(minutes_until(ledger(installation).pause("down")))
    assert minutes == [5, 10, 20, 40, 60, 60]
    ledger(installation).go_on()
    assert ledger(installation, Work.BACKFILL).pausing() is None
