"""The quota, as Strava's answers tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from strava_assets.errors import StravaRateLimited
from strava_assets.installation import Installation
from strava_assets.strava.quota import Ledger, remaining, resumes_at, windows

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


def test_work_that_can_wait_leaves_reads_for_what_cannot(installation: Installation) -> None:
    Ledger(installation.database, "7").note(headers("95,300"), NOW)
    Ledger(installation.database, "7").check(NOW)
    with pytest.raises(StravaRateLimited):
        Ledger(installation.database, "7", keep=10).check(NOW)
