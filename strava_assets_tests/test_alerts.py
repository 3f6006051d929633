"""The owner is told by mail, once when something goes wrong and once when it works again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from strava_assets import resources, sensors
from strava_assets.alerts import A_DAY, AN_HOUR, Run, watch
from strava_assets.doctor import Row, examine
from strava_assets.errors import StoreUnavailable, StravaUnauthorized
from strava_assets.installation import Installation
from strava_assets.resources import InstallationResource
from strava_assets.settings import Settings
from strava_assets.strava.account import drain_events, events_requested, land, ledger_of, list_everyone
from strava_assets.strava.tokens import TokenStore
from strava_assets_tests.mailbox import LOGIN, OWNER, Mailbox
from strava_assets_tests.strava.conftest import World, connected, world
from strava_assets_tests.strava.events import subscribe, tell

__all__ = ["connected", "world"]
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with up(Mailbox()) as opened:
        yield opened


@contextmanager
def up(box: Mailbox) -> Iterator[Mailbox]:
    with box.with_login(auth_require_tls=False) as opened:
        yield opened


def mailing(settings: Settings, box: Mailbox) -> Settings:
    url = f"smtp://{LOGIN[0]}:{quote(LOGIN[1], safe='')}@127.0.0.1:{box.port}"
    return settings.model_copy(update={"alert_email": SecretStr(OWNER), "smtp_url": SecretStr(url)})


class Watch:
    """Somebody who looks at an installation, at times that the test says."""

    def __init__(self, installation: Any, box: Mailbox) -> None:
        self.settings, self.database = mailing(installation.settings, box), installation.database
        self.now = NOON

    def run(self, failure: str | None, partitions: tuple[str, ...] = (), job: str = "publish") -> Run:
        """A run that has just ended."""
        months = ("ingest_months", "follow")
        return Run(f"id-of-{job}", job, partitions, self.now, months if job in months else (job,), failure)

    def look(self, *runs: Run, later: timedelta = timedelta(minutes=1)) -> str:
        """Look now; then time passes."""
        try:
            said = watch(self.settings, self.database, runs, self.now)
        finally:
            self.now += later
        assert OWNER not in said
        assert LOGIN[1] not in said
        return said


@pytest.fixture
def here(installation: Any, box: Mailbox) -> Watch:
    return Watch(installation, box)


def test_a_failure_is_told_once_and_its_end_once(here: Watch, box: Mailbox) -> None:
    failed = here.run(" at dashboard: a store could not be read or written")
    assert here.look(failed) == "told of 1 that went wrong and 0 that work again"
    assert here.look(failed) == "1 wrong, and told"
    assert here.look(here.run(" at dashboard: a store could not be read or written")) == "1 wrong, and told"
    assert box.texts == [
        "strava_assets: the run of publish failed at dashboard\n"
        "The run of publish failed at dashboard: a store could not be read or written.\n"
        "Since 2026-11-03 12:00 UTC.\nSee http://127.0.0.1:3000/runs/id-of-publish\n"
        "When the cause is gone: run it again on that page\n\nEach is told once, and once more when it works again.\n"
    ]
    works = here.run(None)
    assert here.look(works) == "told of 0 that went wrong and 1 that work again"
    assert here.look(failed, works) == "nothing is wrong"
    assert box.texts[1:] == [
        "strava_assets: the run of publish works again\n"
        "The run of publish works again.\nWrong from 2026-11-03 12:00 UTC to 2026-11-03 12:03 UTC.\n"
    ]


def test_what_fails_again_after_its_end_is_told_again(here: Watch, box: Mailbox) -> None:
    for failure in (": once", None, ": twice"):
        here.look(here.run(failure), later=timedelta(hours=3, minutes=1))
    assert [text.partition("\n")[0] for text in box.texts] == [
        "strava_assets: the run of publish failed",
        "strava_assets: the run of publish works again",
        "strava_assets: the run of publish failed",
    ]


def test_what_goes_on_failing_is_told_once_a_day(here: Watch, box: Mailbox) -> None:
    for _ in range(30):
        here.look(here.run(": again"), later=timedelta(hours=1))
    assert len(box.mails) == 2
    assert "Since 2026-11-03 12:00 UTC" in box.texts[1]


def test_what_fails_again_soon_after_its_end_is_told_if_it_stays_so(here: Watch, box: Mailbox) -> None:
    for failure in (": once", None, ": twice"):
        here.look(here.run(failure))
    assert here.look() == "1 wrong, and told; 1 began again and is told later"
    here.now += timedelta(hours=3)
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    assert "Since 2026-11-03 12:02 UTC" in box.texts[2]
    assert here.look(here.run(None)) == "told of 0 that went wrong and 1 that work again"
    assert len(box.mails) == 4


def test_a_month_that_fails_and_recovers_all_day_leaves_mails_to_the_others(here: Watch, box: Mailbox) -> None:
    for number in range(24 * 6):
        failure = None if number % 2 else ": down"
        here.look(here.run(failure, ("2024-05",), job="follow"), later=timedelta(minutes=10))
    assert 2 <= len(box.mails) <= A_DAY * 2 / 3
    here.look(here.run(": once"))
    assert "the run of publish failed" in box.texts[-1]


def test_what_merely_stays_wrong_is_not_told_again(here: Watch, box: Mailbox) -> None:
    here.look(here.run(": once"))
    here.now += timedelta(days=3)
    assert here.look() == "1 wrong, and told"
    assert len(box.mails) == 1


def test_another_job_s_success_is_no_end(here: Watch) -> None:
    here.look(here.run(": once"))
    assert here.look(here.run(None, job="draw_zones")) == "1 wrong, and told"
    assert here.look(here.run(None, ("2024-05",), job="follow")) == "1 wrong, and told"


def test_a_success_before_the_failure_is_no_end(here: Watch) -> None:
    early = here.run(None)
    here.now += timedelta(minutes=1)
    here.look(here.run(": once"))
    assert here.look(early) == "1 wrong, and told"


def test_months_work_again_when_each_of_them_does_in_whatever_run(here: Watch, box: Mailbox) -> None:
    here.look(here.run(": down", ("2024-04", "2024-05", "2024-06"), job="ingest_months"))
    assert "When the cause is gone:\nstrava-assets materialize --months 2024-04..2024-06\n" in box.texts[0]
    assert here.look(here.run(None, ("2024-05",), job="follow")) == "1 wrong, and told"
    assert here.look(here.run(None, ("2023-12",), job="follow")) == "1 wrong, and told"
    works = here.look(
        here.run(None, ("2024-06", "2024-07"), job="ingest_months"), here.run(None, ("2024-04",), "follow")
    )
    assert works == "told of 0 that went wrong and 1 that work again"
    assert "The run of ingest_months works again" in box.texts[1]


def test_one_month_s_success_is_not_another_s(here: Watch) -> None:
    for month in ("2024-05", "2024-06"):
        here.look(here.run(": down", (month,), job="follow"))
    assert here.look(here.run(None, ("2024-05",), job="follow")) == "1 wrong, and told"
    assert here.look(here.run(None, ("2024-06",), job="follow")).startswith("told of 0 that went wrong and 1")


def test_whichever_months_of_a_job_fail_it_is_one_trouble_and_one_mail(here: Watch, box: Mailbox) -> None:
    spans = [("2024-01",), ("2024-01", "2024-02"), ("2024-01", "2024-02", "2024-03"), ("2023-06",)]
    for span in spans:
        here.look(here.run(": down", span, job="ingest_months"))
    here.look(here.run(None, ("2024-02",), job="ingest_months"))
    assert len(box.mails) == 1
    here.now += timedelta(days=1)
    here.look(here.run(": down", ("2024-01",), job="ingest_months"))
    assert [line for line in box.texts[1].split("\n") if "materialize" in line] == [
        f"strava-assets materialize --months {month}" for month in ("2023-06", "2024-01", "2024-03")
    ]
    assert here.look(here.run(None, ("2023-06",), job="ingest_months")) == "1 wrong, and told"
    here.look(here.run(None, ("2024-01", "2024-02", "2024-03"), job="follow"))
    assert "The run of ingest_months works again" in box.texts[2]


def test_of_very_many_months_the_first_are_shown(here: Watch, box: Mailbox) -> None:
    months = tuple(f"20{year}-05" for year in range(10, 35))
    here.look(here.run(": down", months, job="ingest_months"))
    assert box.texts[0].count("materialize") == 20
    assert "--months 2029-05\nand 5 more\n" in box.texts[0]


def test_a_storm_is_one_mail_and_the_rest_is_gathered(here: Watch, box: Mailbox) -> None:
    jobs = [f"job_{number}" for number in range(120)]
    here.look(*(here.run(": down", job=job) for job in jobs[:40]))
    assert box.texts[0].startswith("strava_assets: 40 wrong\n")
    assert "And 20 more" in box.texts[0]
    for job in jobs[40:]:
        here.look(here.run(": down", job=job), later=timedelta(seconds=20))
    assert len(box.mails) == AN_HOUR
    assert "gathered" in here.look()
    here.now += timedelta(hours=1)
    assert here.look() == "told of 75 that went wrong and 0 that work again"
    assert here.look() == "120 wrong, and told"


def test_a_mail_server_that_is_down_is_told_later(installation: Any) -> None:
    box = Mailbox()
    here = Watch(installation, box)
    assert "does not answer (ConnectionRefusedError); tried again at the next tick" in here.look(here.run(": once"))
    with up(box):
        assert here.look() == "told of 1 that went wrong and 0 that work again"
    here.look(here.run(None))
    here.look(here.run(": twice"))
    here.look(here.run(None))
    with up(box):
        assert here.look() == "told of 0 that went wrong and 1 that work again"
    assert "Since 2026-11-03 12:00 UTC" in box.texts[0]
    assert "Wrong from 2026-11-03 12:03 UTC to 2026-11-03 12:04 UTC" in box.texts[1]


def test_a_mail_server_that_refuses_is_left_alone_for_a_while(here: Watch, box: Mailbox) -> None:
    box.answer = f"550 {OWNER} is unknown here"
    refused = here.look(here.run(": once"))
    assert "does not accept STRAVA_ASSETS_ALERT_EMAIL (550)" in refused
    box.answer = "250 OK"
    for _ in range(14):
        assert "was refused" in here.look()
    assert box.logins == 1
    assert here.look() == "told of 1 that went wrong and 0 that work again"


def test_two_that_look_at_once_send_one_mail(here: Watch, box: Mailbox) -> None:
    with here.database.transaction() as connection:
        connection.execute("select pg_advisory_xact_lock(1095517780)")
        assert here.look(here.run(": once")) == "another process is telling"
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    assert len(box.mails) == 1


def reject(world: World) -> None:
    """The athlete took the consent back, and no event told of it."""
    world.control("revoke", push=False)
    world.sql("update strava.athlete set token_expires_at = now()")
    with pytest.raises(StravaUnauthorized):
        TokenStore(world.database, world.settings).access_token(world.strava_id)


def test_an_athlete_who_must_connect_again_is_told_until_connected(connected: World, box: Mailbox) -> None:
    here = Watch(connected.installation, box)
    reject(connected)
    for _ in range(3):
        here.look(later=timedelta(days=1))
    [text] = box.texts
    assert "is refused: nothing new arrives" in text
    assert f"{connected.settings.base_url}/connect" in text
    connected.connect()
    assert here.look() == "told of 0 that went wrong and 1 that work again"
    assert "to Strava works again" in box.texts[1]


def test_an_athlete_who_left_is_not_told_to_work_again_and_leaves_no_name(connected: World, box: Mailbox) -> None:
    here = Watch(connected.installation, box)
    reject(connected)
    here.look()
    connected.sql("update strava.athlete set state = 'revoked'")
    assert here.look() == "nothing is wrong"
    connected.sql("update strava.athlete set state = 'reconnect'")
    here.look()
    connected.sql("delete from strava.athlete")
    assert connected.sql("select * from strava.alert") == []
    assert len(box.mails) == 2


def waiting(world: World, hours: float) -> Watch:
    """Somebody who looks that much after the oldest event came."""
    here = Watch(world.installation, Mailbox())
    [oldest] = world.sql("select min(received_at) as at from strava.webhook_event")
    here.now = oldest["at"] + timedelta(hours=hours)
    return here


def drain_now(world: World) -> None:
    world.sql("update strava.webhook_event set next_attempt_at = now()")
    events_requested(world.database, drain_events(world.settings, world.database).handled)


def test_events_that_wait_for_an_hour_are_told_with_their_reason(connected: World, box: Mailbox) -> None:
    subscribe(connected)
    tell(connected, "create", connected.control("add", push=False)["id"])
    connected.control("inactive")
    drain_now(connected)
    here = waiting(connected, 0.9)
    here.settings = mailing(connected.settings, box)
    assert here.look() == "nothing is wrong"
    here.now += timedelta(hours=1)
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    assert "1 have waited for more than an hour. Strava has set your API application inactive" in box.texts[0]
    connected.control("inactive", inactive=False)
    drain_now(connected)
    assert here.look() == "told of 0 that went wrong and 1 that work again"


def test_events_that_nobody_looks_at_are_told(connected: World, box: Mailbox) -> None:
    subscribe(connected)
    tell(connected, "create", 5)
    here = waiting(connected, 2)
    here.settings = mailing(connected.settings, box)
    here.look()
    assert "Nobody has looked at them yet" in box.texts[0]


@pytest.mark.parametrize("learned", ["from an answer", "from the ledger"])
def test_a_spent_quota_is_no_trouble_for_a_day(connected: World, learned: str) -> None:
    subscribe(connected)
    tell(connected, "create", connected.control("add", push=False)["id"])
    connected.control("limits", read=[1, 1])
    if learned == "from the ledger":
        connected.client().athlete()
    else:
        connected.control("fail", status=429)
    drain_now(connected)
    assert connected.sql("select state from strava.webhook_event") == [{"state": "pending"}]
    assert waiting(connected, 23).look() == "nothing is wrong"
    assert waiting(connected, 25).look().startswith("1 to be told")


def test_events_of_an_athlete_who_must_connect_again_are_one_trouble(connected: World) -> None:
    subscribe(connected)
    tell(connected, "create", connected.control("add", push=False)["id"])
    reject(connected)
    drain_now(connected)
    waiting(connected, 2).look()
    [alert] = connected.sql("select subject from strava.alert")
    assert alert["subject"] == f"athlete:{connected.athlete_id}"


def test_a_withdrawal_that_keeps_failing_is_told_until_it_gets_through(
    connected: World, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(connected)
    here = Watch(connected.installation, box)
    here.now = datetime.now(UTC)
    tell(connected, "create", connected.control("add", push=False)["id"])
    connected.sql("update strava.webhook_event set received_at = now() - interval '2 days'")
    monkeypatch.setattr(sensors, "_LISTENS", 0.0)
    resources.use(connected.installation)

    def down(_: Installation) -> None:
        raise StoreUnavailable("the public root does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(sensors, "withdraw_hidden", down)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                sensors.webhook_events(installation=InstallationResource())
    assert here.look(later=timedelta(hours=1, minutes=1)) == "nothing is wrong", "it is only just being withdrawn"
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    assert "Withdrawing what may not be shown fails: what must be withdrawn could not be" in box.texts[0]
    assert "for more than an hour: 1.\n" in box.texts[0]
    assert "Look at the public root's store; strava-assets doctor" in box.texts[0]
    sensors.webhook_events(installation=InstallationResource())
    assert here.look() == "told of 0 that went wrong and 1 that work again"


def reconcile(world: World, settings: Settings | None = None) -> str | None:
    return list_everyone(settings or world.settings, world.database, None, None).stopped


def passes(world: World, time: timedelta) -> None:
    """For the pause that Strava's failures brought about."""
    world.sql("update strava.api_pause set until = until - %s", time)


def test_an_application_set_inactive_is_told_without_any_event(connected: World, box: Mailbox) -> None:
    here = Watch(connected.installation, box)
    here.now = datetime.now(UTC)
    connected.control("inactive")
    assert "inactive" in str(reconcile(connected))
    passes(connected, timedelta(hours=6))
    assert here.look() == "nothing is wrong", "it may have been a moment's"
    for told in ("nothing is wrong", "1 wrong, and told"):
        reconcile(connected)
        assert here.look() == told
        passes(connected, timedelta(hours=2))
        here.look()
        passes(connected, timedelta(hours=4))
    [text] = box.texts
    assert text.startswith("strava_assets: reading from Strava fails again and again\n")
    assert "Strava has set your API application inactive: its owner needs a paid subscription." in text
    connected.control("inactive", inactive=False)
    assert reconcile(connected) is None
    assert here.look() == "told of 0 that went wrong and 1 that work again"
    assert "Reading from Strava works again." in box.texts[1]


def test_a_wrong_client_secret_is_told(connected: World, box: Mailbox) -> None:
    wrong = connected.settings.model_copy(update={"client_secret": SecretStr("not-it")})
    connected.sql("update strava.athlete set token_expires_at = now()")
    here = Watch(connected.installation, box)
    here.now = datetime.now(UTC)
    for _ in range(2):
        passes(connected, timedelta(hours=6))
        reconcile(connected, wrong)
    passes(connected, timedelta(hours=2))
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    assert "Strava does not accept STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET" in box.texts[0]
    assert "not-it" not in box.texts[0]


def test_an_outage_is_told_when_reads_have_failed_for_more_than_an_hour(connected: World, box: Mailbox) -> None:
    here = Watch(connected.installation, box)
    here.now = datetime.now(UTC)
    assert reconcile(connected) is None
    [newest] = connected.sql("select to_char(max(month), 'YYYY-MM') as month from strava.activity")
    connected.control("inactive")
    for minutes in (5, 10, 20, 40):  # as long as the pauses are
        land(connected.settings, connected.database, connected.installation.store, [newest["month"]])
        assert here.look() == "nothing is wrong"
        passes(connected, timedelta(minutes=minutes))
    land(connected.settings, connected.database, connected.installation.store, [newest["month"]])
    assert here.look() == "told of 1 that went wrong and 0 that work again"
    connected.control("inactive", inactive=False)
    land(connected.settings, connected.database, connected.installation.store, [newest["month"]])
    assert here.look() == "told of 0 that went wrong and 1 that work again"


def test_why_reading_fails_is_told_without_the_number_of_a_ride(here: Watch, box: Mailbox) -> None:
    ledger_of(here.settings, here.database).pause("Strava answers the streams of activity 1712 with an error (502)")
    with here.database.transaction() as connection:
        connection.execute("update strava.api_pause set failures = 5")
    here.look()
    assert "again and again: Strava answers the streams of an activity with an error (502).\n" in box.texts[0]


def test_doctor_logs_in_sends_nothing_and_says_what_is_missing(installation: Any, box: Mailbox) -> None:
    settings = mailing(installation.settings, box)

    def mail(**update: Any) -> Row:
        rows = examine(settings.model_copy(update=update))
        assert not any(secret in row.found for row in rows for secret in (OWNER, *LOGIN))
        return next(row for row in rows if row.what == "mail")

    assert mail() == Row("ok", "mail", "the server answers; nothing was sent")
    assert (box.logins, box.mails) == (1, [])
    assert mail(smtp_url=None) == Row("warn", "mail", "nobody is told without SMTP_URL")
    assert mail(alert_email=None) == Row("warn", "mail", "nobody is told without STRAVA_ASSETS_ALERT_EMAIL")
    assert mail(smtp_url=None, alert_email=None).verdict == "ok"
    down = mail(smtp_url=SecretStr(f"smtp://127.0.0.1:{Mailbox().port}"))
    assert (down.verdict, "does not answer" in down.found) == ("fail", True)
