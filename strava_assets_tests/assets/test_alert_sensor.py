"""The sensor ``run_failure_alert``: what failed on a real Dagster instance becomes mail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from strava_assets import resources, sensors
from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.resources import InstallationResource
from strava_assets.runs import finished_runs
from strava_assets_tests.mailbox import LOGIN, OWNER, Mailbox
from strava_assets_tests.test_alerts import box, mailing

__all__ = ["box"]
broken = {"why": ""}


@dg.op
def ends_badly() -> None:
    if broken["why"]:
        raise StoreUnavailable(broken["why"])


@dg.job(name="follow")
def a_month() -> None:
    ends_badly()


@dg.job(name="ingest_months")
def months() -> None:
    ends_badly()


@dg.asset
def dashboard() -> None:
    if broken["why"]:
        raise RuntimeError(broken["why"])


class Owner:
    """Runs jobs on one instance, and looks as Dagster's daemon does: with the cursor of the last tick."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.cursor, self.said = instance, None, ""

    def run(self, job: Any, why: str = "", **tags: str) -> None:
        broken["why"] = why
        done = job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)
        assert done.success is not bool(why)

    def tick(self) -> str:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = sensors.run_failure_alert(context, installation=InstallationResource())
        assert isinstance(result, dg.SensorResult)
        assert not result.run_requests
        self.cursor, told = result.cursor, f"{result.skip_reason} {result.cursor}"
        self.said += told
        return str(getattr(result.skip_reason, "skip_message", result.skip_reason))


@pytest.fixture
def owner(installation: Installation, box: Mailbox) -> Iterator[Owner]:
    with looking(installation, mailing(installation.settings, box)) as opened:
        yield opened


@contextmanager
def looking(installation: Installation, settings: Any) -> Iterator[Owner]:
    resources.use(Installation(settings, installation.database, installation.store))
    with dg.DagsterInstance.ephemeral() as instance:
        yield Owner(instance)


def test_a_run_that_fails_is_told_with_its_page_and_its_next_success_too(
    owner: Owner, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    owner.run(a_month, "cannot read Morning_Ride_home.fit", **{"dagster/partition": "2024-05"})
    assert owner.tick() == "told of 1 that went wrong and 0 that work again"
    assert owner.tick() == "1 wrong, and told"
    [run] = owner.instance.get_runs()
    [text] = box.texts
    assert "The run of follow failed at ends_badly: a store could not be read or written." in text
    assert "strava-assets materialize --months 2024-05\n" in text
    assert f"http://127.0.0.1:3000/runs/{run.run_id}" in text
    assert "Morning_Ride" not in text
    owner.run(a_month, "again", **{"dagster/partition": "2024-05"})
    owner.run(a_month, **{"dagster/partition": "2024-06"})
    assert owner.tick() == "1 wrong, and told"
    owner.run(a_month, **{"dagster/partition": "2024-05"})
    assert owner.tick() == "told of 0 that went wrong and 1 that work again"
    assert owner.tick() == "nothing is wrong"
    for secret in (OWNER, *LOGIN):
        assert secret not in caplog.text + owner.said


def test_a_range_of_months_is_one_trouble_until_each_of_them_worked(owner: Owner, box: Mailbox) -> None:
    span = {"dagster/asset_partition_range_start": "2023-12", "dagster/asset_partition_range_end": "2024-02"}
    owner.run(months, "no space", **span)
    owner.tick()
    assert "The run of ingest_months failed" in box.texts[0]
    assert "--months 2023-12..2024-02\n" in box.texts[0]
    for month in ("2023-12", "2024-01", "2024-02"):
        assert len(box.mails) == 1
        owner.run(a_month, **{"dagster/partition": month})
        owner.tick()
    assert "works again" in box.texts[1]


def test_assets_chosen_by_hand_are_named(owner: Owner, box: Mailbox) -> None:
    for why in ("at 47.123456, 8.123456", ""):
        broken["why"] = why
        dg.Definitions(assets=[dashboard]).resolve_implicit_global_asset_job_def().execute_in_process(
            instance=owner.instance, asset_selection=[dg.AssetKey("dashboard")], raise_on_error=False
        )
        owner.tick()
    assert "The run of dashboard failed at dashboard: its page says why." in box.texts[0]
    assert "47.1" not in box.texts[0]
    assert "The run of dashboard works again." in box.texts[1]


def test_a_run_whose_process_was_killed_is_told(owner: Owner, box: Mailbox) -> None:
    run = owner.instance.create_run_for_job(a_month, tags={"dagster/partition": "2024-05"})
    owner.instance.report_run_failed(run, "the run worker ended unexpectedly")
    owner.tick()
    assert "failed: its process ended, or never began." in box.texts[0]


def test_runs_of_other_projects_on_the_same_instance_are_theirs(owner: Owner) -> None:
    elsewhere = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="theirs"), location_name="theirs")
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(elsewhere, "theirs"), "follow")
    run = owner.instance.create_run_for_job(a_month, remote_job_origin=origin, job_code_origin=None)
    owner.instance.report_run_failed(run)
    assert owner.tick() == "nothing is wrong"


def test_what_failed_days_ago_is_no_news(owner: Owner) -> None:
    owner.run(a_month, "long ago")
    now = datetime.now(UTC)
    [run], cursor = finished_runs(owner.instance, None, now)
    assert run.failure is not None
    assert [run.id for run in finished_runs(owner.instance, cursor, now)[0]] == [run.id]  # the last minutes again
    assert finished_runs(owner.instance, None, now + timedelta(days=2))[0] == []
    assert finished_runs(owner.instance, cursor, now + timedelta(days=2))[0] == []


@pytest.mark.parametrize(
    ("update", "said"),
    [
        ({"smtp_url": None, "alert_email": None}, "STRAVA_ASSETS_ALERT_EMAIL and SMTP_URL not set"),
        ({"smtp_url": None}, "no mail is sent: SMTP_URL not set"),
        ({"alert_email": None}, "no mail is sent: STRAVA_ASSETS_ALERT_EMAIL not set"),
    ],
)
def test_without_settings_it_says_which_and_looks_at_nothing(
    installation: Installation, box: Mailbox, update: dict[str, None], said: str
) -> None:
    settings = mailing(installation.settings, box).model_copy(update=update)
    installation.database.close()
    with looking(installation, settings) as owner:
        owner.run(a_month, "unseen")
        assert said in owner.tick()
        assert owner.cursor is None
    assert installation.database._pool is None
    assert box.mails == []


def test_it_runs_by_itself() -> None:
    assert sensors.run_failure_alert.default_status == dg.DefaultSensorStatus.RUNNING
    assert sensors.run_failure_alert.minimum_interval_seconds == 30
