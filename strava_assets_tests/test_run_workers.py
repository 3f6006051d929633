"""Runs that are forked: done like any other, noticed when killed, interrupted when told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.launcher.base import LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin

from strava_assets.dagster_home import dagster_environment
from strava_assets.database.connection import locate
from strava_assets.installation import open_installation
from strava_assets.run_workers import TAG, ForkingRunLauncher
from strava_assets.settings import LOCATION, Settings, load
from strava_assets.stack import settings_environment

REPOSITORY = ReconstructableRepository(ModuleCodePointer("strava_assets.definitions", "defs", None))


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Iterator[dg.DagsterInstance]:
    """Dagster on the tests' PostgreSQL, in a folder whose name is longer than a socket's may be."""
    settings = Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=tmp_path_factory.mktemp("home"),
        STRAVA_ASSETS_DATABASE_URL=postgres.replace("/postgres?", f"/t{uuid.uuid4().hex[:12]}?"),
    )
    open_installation(settings).database.close()
    environment = dagster_environment(settings) | settings_environment(settings)
    home = Path(environment["DAGSTER_HOME"]).rename(settings.home_path / ("dagster" + "-and-so-on" * 12))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment | {"DAGSTER_HOME": str(home)}).items():
            patch.setenv(name, value)
        with dg.DagsterInstance.get() as opened:
            yield opened


@pytest.fixture(scope="module")
def server(instance: dg.DagsterInstance) -> Iterator[subprocess.Popen[bytes]]:
    process = serving()
    yield process
    process.kill()
    process.wait()


def serving() -> subprocess.Popen[bytes]:
    (folder() / "socket").unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-m", "strava_assets.run_workers"], start_new_session=True)
    wait_until((folder() / "socket").exists)
    return process


def folder() -> Path:
    return Path(os.environ["DAGSTER_HOME"]) / "workers"


def wait_until(true: Callable[[], Any]) -> Any:
    until = time.monotonic() + 60
    while not (found := true()):
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)
    return found


def made(instance: dg.DagsterInstance, name: str = "tidy_history", **options: Any) -> Any:
    job = REPOSITORY.get_reconstructable_job(name)
    return instance.create_run_for_job(job.get_definition(), job_code_origin=job.get_python_origin(), **options)


def slow(instance: dg.DagsterInstance) -> Any:
    """A run over twelve empty months."""
    names = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    return made(instance, "ingest_months", tags=dict(zip(names, ("2010-01", "2010-12"), strict=True)))


def launched(instance: dg.DagsterInstance, run: Any = None) -> str:
    run = run or made(instance)
    instance.run_launcher.launch_run(LaunchRunContext(run, None))
    return str(run.run_id)


@contextmanager
def held() -> Iterator[None]:
    """No run gets past its first event."""
    with psycopg.connect(locate(load()).dagster) as line:
        line.execute("lock table event_logs in exclusive mode")
        yield


def test_a_run_is_forked_done_and_leaves_nothing(instance: dg.DagsterInstance, server: Any) -> None:
    assert isinstance(instance.run_launcher, ForkingRunLauncher)
    run = launched(instance)
    wait_until(lambda: instance.get_run_by_id(run).is_finished)
    assert instance.get_run_by_id(run).status is dg.DagsterRunStatus.SUCCESS
    wait_until(lambda: not list(folder().glob("*.run")))


@pytest.mark.parametrize(("location", "way"), [(LOCATION, "forked"), ("somebody's else", "default")])
def test_only_runs_of_our_own_code_are_forked(
    instance: dg.DagsterInstance, server: Any, monkeypatch: pytest.MonkeyPatch, location: str, way: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        DefaultRunLauncher, "launch_run", lambda self, context: asked.append(context.dagster_run.run_id)
    )
    code = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name=location)
    origin = RemoteRepositoryOrigin(code, "__repository__").get_job_origin("tidy_history")
    run = launched(instance, made(instance, remote_job_origin=origin))
    assert instance.get_run_by_id(run).tags[TAG] == way
    assert asked == ([run] if way == "default" else [])
    if way == "forked":
        wait_until(lambda: instance.get_run_by_id(run).is_finished)


def test_a_run_is_terminated(instance: dg.DagsterInstance, server: Any) -> None:
    run = launched(instance, slow(instance))
    wait_until(lambda: instance.get_run_by_id(run).status is dg.DagsterRunStatus.STARTED)
    with psycopg.connect(locate(load()).dagster) as line:
        line.execute("lock table asset_keys in exclusive mode")  # what it works on now can only wait
        assert instance.run_launcher.terminate(run)
    wait_until(lambda: instance.get_run_by_id(run).is_finished)
    assert instance.get_run_by_id(run).status is dg.DagsterRunStatus.CANCELED
    assert not instance.run_launcher.terminate(run)


def test_a_killed_worker_is_noticed_and_a_living_one_does_not_need_its_parent(
    instance: dg.DagsterInstance, server: subprocess.Popen[bytes]
) -> None:
    runs = made(instance), made(instance)
    with held():
        killed, living = (launched(instance, run) for run in runs)
        assert health(instance, killed) is WorkerStatus.RUNNING
        os.kill(int((folder() / f"{killed}.run").read_text()), signal.SIGKILL)
        wait_until(lambda: health(instance, killed) is WorkerStatus.NOT_FOUND)
        server.kill()
        server.wait()
        assert health(instance, living) is WorkerStatus.RUNNING
        again = serving()
        try:  # it sweeps away what the killed one left
            assert [mark.stem for mark in folder().glob("*.run")] == [living]
        finally:
            again.terminate()  # and ends, before itself, whoever works
    again.wait()
    wait_until(lambda: instance.get_run_by_id(living).is_finished)
    assert not list(folder().glob("*.run"))


def test_without_the_process_runs_are_launched_the_default_way(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(DefaultRunLauncher, "launch_run", lambda self, context: asked.append(context))
    run = launched(instance)
    assert [context.dagster_run.run_id for context in asked] == [run]
    assert instance.get_run_by_id(run).tags[TAG] == "default"
    assert health(instance, run) is WorkerStatus.NOT_FOUND  # who knows is the code server, and there is none


def health(instance: dg.DagsterInstance, run: str) -> WorkerStatus:
    return instance.run_launcher.check_run_worker_health(instance.get_run_by_id(run)).status
