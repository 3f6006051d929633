"""A long history is read by several processes at a time: nothing else is found, and none of them is needed."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import Any

import pytest

from strava_assets import processes
from strava_assets.publish import verify as verifying
from strava_assets.publish.judging.rules import Judgement
from strava_assets.publish.paths import CSV_PATH
from strava_assets.publish.verify import verify
from strava_assets_tests.publish.conftest import Published


@pytest.fixture
def long_history(published: Published, monkeypatch: pytest.MonkeyPatch) -> Published:
    """As long as it has to be for processes; one of its CSVs tells of rows elsewhere, another one is no CSV."""
    paths = sorted(path for path in published.installation.gate().paths() if CSV_PATH.match(path))
    (published.root / paths[-1]).write_bytes(b"rubbish\n")
    moved = (published.root / paths[2]).read_text().splitlines()
    cells = moved[20].split(",")
    cells[4] = f"{float(cells[4]) + 0.003:.6f}"
    (published.root / paths[2]).write_text("\n".join([*moved[:20], ",".join(cells), *moved[21:], ""]))
    monkeypatch.setattr(verifying, "_BATCH", 2)
    monkeypatch.setattr(verifying, "cores", lambda: 2)
    return published


def judged(published: Published, monkeypatch: pytest.MonkeyPatch, worth: int = 1) -> Judgement:
    monkeypatch.setattr(verifying, "WORTH_PROCESSES", worth)
    return verify(published.installation.gate())


def test_several_find_what_one_finds(long_history: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    pool_of = verifying.pool_of

    def counted(count: int, *arguments: Any) -> Any:
        begun.append(count)
        return pool_of(count, *arguments)

    monkeypatch.setattr(verifying, "pool_of", counted)
    alone = judged(long_history, monkeypatch, 10_000)
    assert begun == []
    together = judged(long_history, monkeypatch)
    assert begun == [2]
    assert together == alone
    assert {"I9", "I11", "I12"} <= {finding.invariant for finding in alone.findings}


def test_where_no_process_can_be_had_one_reads_all(long_history: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judged(long_history, monkeypatch, 10_000)

    def none(*_: Any) -> None:
        raise OSError("no semaphores here")

    monkeypatch.setattr(processes, "ProcessPoolExecutor", none)
    assert judged(long_history, monkeypatch) == alone


def test_what_a_killed_process_was_at_is_read_here(long_history: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judged(long_history, monkeypatch, 10_000)
    monkeypatch.setattr(verifying, "_judge_there", _die)
    assert judged(long_history, monkeypatch) == alone


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_what_no_process_takes_any_more_is_read_here(
    long_history: Published, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """A pool may break between two batches: the next one has been taken from those that wait, and nobody has it."""
    alone = judged(long_history, monkeypatch, 10_000)
    left = iter(range(taken))

    class Breaking:
        def submit(self, work: Any, *arguments: Any) -> Future[Any]:
            if next(left, None) is None:
                raise BrokenProcessPool
            done: Future[Any] = Future()
            done.set_result(work(*arguments))
            return done

    monkeypatch.setattr(verifying, "pool_of", lambda *_: nullcontext(Breaking()))
    assert judged(long_history, monkeypatch) == alone


def _die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
