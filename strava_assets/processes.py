"""Processes of our own: one for each core, that end with whoever began them.

What belongs here: how they begin and end, and that Ctrl-C is answered by whoever began them. What does not: what they
do (``archive.originals``, ``month_runs``, ``publish.verify``). They are forked from a process that has imported what
they need and nothing else: no thread, no connection is inherited.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any


def cores() -> int:
    """How many processes are worth having: a container, or ``taskset``, may leave us fewer cores than there are."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def forkserver(*preloaded: str) -> Any:
    """Where processes are forked from: a process that has imported some modules, those of its first use."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*preloaded])
    return context


@contextmanager
def pool_of(
    count: int, preloaded: str, begin: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor | None]:
    """Some processes; on the way out they end with what they are at. None where there can be none.

    Parameters
    ----------
    count : int
    preloaded : str
        Module that they are forked with.
    begin : callable, optional
        Called with ``arguments`` at the beginning of each.
    arguments : tuple
    """
    try:
        pool = ProcessPoolExecutor(count, forkserver(preloaded), _begin, (begin, arguments))
    except (OSError, NotImplementedError):  # no semaphores, as in some containers
        yield None
        return
    try:
        with deaf_to_ctrl_c():  # only we are to answer that: whatever is started now is not
            started = _starts(pool)
        yield pool if started else None
    finally:
        pool.shutdown(cancel_futures=True)


def _starts(pool: ProcessPoolExecutor) -> bool:
    try:
        return pool.submit(int).result() == 0
    except (BrokenProcessPool, OSError):
        return False


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """While processes are started: they inherit it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(begin: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    end_with_parent()
    if begin is not None:
        begin(*arguments)


def end_with_parent() -> None:
    """From now on this process ends when the one that began it does, however that ends."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(parent: int) -> None:
    multiprocessing.connection.wait([parent])
    os._exit(1)
