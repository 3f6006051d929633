"""A long history's runs are several at a time, in processes of their own: what comes of them is the same."""

from __future__ import annotations

import errno
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from strava_assets import month_runs
from strava_assets.database.connection import locate
from strava_assets.errors import DatabaseUnavailable
from strava_assets.installation import Installation
from strava_assets.month_runs import RunReport
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish.verify import verify
from strava_assets.stack import settings_environment
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.assets.test_kill import forget
from strava_assets_tests.conftest import HOME
from strava_assets_tests.privacy.worlds import circle

#: Of the history's four months three that are no neighbours, and so a run each.
APART = ["2023-11", "2024-01", "2024-03"]


@pytest.fixture
def long_history(history: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """As long as it has to be for processes."""
    monkeypatch.setattr(month_runs, "WORTH_PROCESSES", 1)
    monkeypatch.setattr(month_runs, "cores", lambda: 2)
    return history


def test_the_public_files_are_those_of_one_process(long_history: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as alone:
        alone.setattr(month_runs, "WORTH_PROCESSES", 10_000)
        run(long_history, months=APART)
    one = public_files(long_history)
    forget(long_history)
    told: list[str] = []
    report = run(long_history, months=APART, progress=lambda name, *_: told.append(name))
    assert report.runs == 4
    assert set(APART) <= set(told)
    assert public_files(long_history) == one
    assert verify(long_history.gate()).findings == []
    with psycopg.connect(locate(long_history.settings).dagster) as dagster:
        states = dagster.execute("select status, count(*) from runs group by 1").fetchall()
    assert states == [("SUCCESS", 8)]


def test_a_killed_process_is_told_of_and_its_months_are_done_by_the_next_command(
    long_history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(month_runs, "_work", _die_at_january)
        report = materialize(long_history, APART)
    assert [line for line in report.failures if "ended from outside" in line] == report.failures[:1]
    run(long_history, months=APART)
    assert verify(long_history.gate()).findings == []


@pytest.mark.parametrize("may_begin", [0, 1])
def test_where_the_system_allows_no_more_processes_runs_follow_one_another(
    long_history: Installation, monkeypatch: pytest.MonkeyPatch, may_begin: int
) -> None:
    begun: list[Any] = []
    start = ForkServerProcess.start

    def refused(process: Any) -> None:
        begun.append(process)
        if len(begun) > may_begin:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        start(process)

    monkeypatch.setattr(ForkServerProcess, "start", refused)
    report = run(long_history, months=APART)
    assert report.runs == 4
    assert len(begun) > may_begin
    assert verify(long_history.gate()).findings == []


def test_what_a_process_cannot_do_is_said_here(long_history: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month_runs, "_work", _without_a_database)
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1"):
        materialize(long_history, APART)


@pytest.mark.parametrize(("drawn", "ways"), [(True, {"processes"}), (False, {"here"})])
def test_runs_that_may_change_the_zones_go_one_after_the_other(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, drawn: bool, ways: set[str]
) -> None:
    """What one has on its way through the gate would be refused, because another one found a place to hide."""
    if drawn:
        zone_store.add(installation.database, [DrawnZone("", HOME.polygon(circle(120)))])
    said: list[str] = []

    def report(way: str) -> RunReport:
        said.append(way)
        return RunReport()

    monkeypatch.setattr(month_runs, "cores", lambda: 2)
    monkeypatch.setattr(month_runs, "run", lambda *_: report("here"))

    def in_processes(_: Any, spans: list[Any], __: bool) -> Generator[tuple[Any, RunReport], None, list[Any]]:
        for span in spans:
            yield span, report("processes")
        return []

    monkeypatch.setattr(month_runs, "_in_processes", in_processes)
    spans = [(month, month) for month in APART]
    assert [span for span, _ in month_runs.runs(installation, None, spans, False, 5000)] == spans
    assert set(said) == ways


def test_however_many_cores_there_are_only_a_few_years_are_held(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    working: list[int] = []

    class Begun:
        exitcode, most = 0, 0

        def __init__(self, target: Any, args: Any) -> None:
            self.line = args[0]

        def start(self) -> None:
            working.append(1)
            Begun.most = max(Begun.most, len(working))
            self.line.send(RunReport())

        def join(self) -> None:
            working.pop()

    monkeypatch.setattr(month_runs, "cores", lambda: 64)
    monkeypatch.setattr(month_runs, "forkserver", lambda _: SimpleNamespace(Pipe=multiprocessing.Pipe, Process=Begun))
    spans = [(f"2024-{month:02}", f"2024-{month:02}") for month in range(1, 13)]
    assert len(list(month_runs._in_processes(installation.settings, spans, False))) == 12
    assert Begun.most == month_runs.MOST


@pytest.mark.parametrize(
    ("code", "line"), [(-9, r"ended from outside \(-9\): is there too little memory"), (1, r"broke off \(1\): .* bug")]
)
def test_a_process_that_ended_without_a_word_is_told_of(code: int, line: str) -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.close()
    report = month_runs._said_by(SimpleNamespace(join=lambda: None, exitcode=code), ours)
    assert re.search(line, report.failures[0])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_command(long_history: Installation, tmp_path: Path, how: signal.Signals) -> None:
    command = (
        "import sys; import strava_assets.month_runs as runs; runs.WORTH_PROCESSES, runs.cores = 1, lambda: 2; "
        "import strava_assets.partitions as months; months.MONTHS_A_RUN = 1; "
        "real = months.ranges; months.ranges = lambda wanted, longest=1, bridge=0: real(wanted, 1, 0); "
        "from strava_assets.cli import main; sys.argv = ['strava-assets', 'materialize']; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", command],
        env={**os.environ, **settings_environment(long_history.settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    tables = Path(long_history.settings.private_root) / "tables"
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(tables.glob("*/*.parquet")):
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    working = [child for child in family if "forkserver" in " ".join(child.cmdline())]
    assert working
    process.send_signal(how)
    said, _ = process.communicate(timeout=30)
    if how == signal.SIGINT:
        assert (process.returncode, said.strip()) == (130, "stopped; what was done stays")
    assert psutil.wait_procs(working, timeout=10)[1] == []
    run(long_history)
    assert verify(long_history.gate()).findings == []


def _die_at_january(line: Any, settings: Any, environment: Any, span: Any, force: bool) -> None:
    if span[0] == "2024-01":
        os.kill(os.getpid(), signal.SIGKILL)
    _WORK(line, settings, environment, span, force)


def _without_a_database(line: Any, settings: Any, environment: Any, span: Any, force: bool) -> None:
    nowhere = settings.model_copy(update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/nothing")})
    _WORK(line, nowhere, environment, span, force)


_WORK = month_runs._work
