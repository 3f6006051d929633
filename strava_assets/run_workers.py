"""Starting runs at once: a process that has imported everything forks a worker for each run.

A run by Dagster's default launcher imports Dagster and us anew, which takes longer than a ride's whole way to the
map. Here ``python -m strava_assets.run_workers`` imports once, waits at a socket in ``DAGSTER_HOME``, and forks;
``ForkingRunLauncher`` (``dagster.yaml``) asks it. Where it does not run, as with a plain ``dagster dev``, runs are
launched the default way.

What belongs here: the socket, the fork, and whether a worker is alive. What does not: what a run does, and which
runs there are: Dagster's queue decides that.
"""

import contextlib
import fcntl
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value, serialize_value

from strava_assets.settings import LOCATION

log = logging.getLogger(__name__)
#: Marks runs that a forked worker has; its lock file tells whether it lives.
TAG = "strava_assets/worker"
_FORKED = "forked"
_FOLDER = "workers"
_PATIENCE = 10.0  # seconds that a launch waits for its worker
_GOODBYE = 12  # seconds that workers have to report their end


class ForkingRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, but for runs that a warm process on this machine can fork."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Have a worker forked; launch the default way if nobody answers, or if the run is of other code than ours."""
        run = context.dagster_run
        folder = _workers(self._instance.root_directory)
        request = {"run": run.run_id, "instance": serialize_value(self._instance.get_ref())}
        try:
            if run.remote_job_origin is not None and run.remote_job_origin.location_name != LOCATION:
                raise OSError("not our code")
            with _connected(folder) as line:
                self._instance.add_run_tags(run.run_id, {TAG: _FORKED})
                line.sendall(json.dumps(request).encode() + b"\n")
                if line.recv(16) != b"forked\n":
                    raise OSError("no worker was forked")
        except OSError:
            self._instance.add_run_tags(run.run_id, {TAG: "default"})
            super().launch_run(context)

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run's worker; it reports the end itself."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or run.tags.get(TAG) != _FORKED:
            return bool(super().terminate(run_id))
        self._instance.report_run_canceling(run)
        worker = _worker_of(_workers(self._instance.root_directory), run_id)
        if worker is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGINT)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """A worker that was killed is noticed, whoever else died with it: its run holds a place in the queue."""
        return True

    def check_run_worker_health(self, run: Any) -> CheckRunHealthResult:
        """Whether the worker lives; of a run launched the default way, whether its code server still has it."""
        if run.tags.get(TAG) == _FORKED:
            alive = _worker_of(_workers(self._instance.root_directory), run.run_id) is not None
        else:
            alive = self._code_server_has(run.run_id)
        return CheckRunHealthResult(
            WorkerStatus.RUNNING if alive else WorkerStatus.NOT_FOUND, None if alive else "its process is gone"
        )

    def _code_server_has(self, run_id: str) -> bool:
        client = self._get_grpc_client_for_termination(run_id)
        if client is None:
            return False
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run_id), timeout=10)
        except DagsterUserCodeUnreachableError:  # and whatever it started is told of by nobody
            return False
        return bool(deserialize_value(answer, CanCancelExecutionResult).can_cancel)


def serve(home: str) -> None:
    """Fork a worker for every request, until told to stop.

    Parameters
    ----------
    home : str
        ``DAGSTER_HOME``.
    """
    _import_everything()
    folder = _workers(home)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # whoever may enter it may have runs forked
    for left in folder.glob("*.run"):  # of workers that were killed
        if _worker_of(folder, left.stem) is None:
            left.unlink(missing_ok=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: let them go by themselves
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with _listening(folder) as listening:
            while True:
                line, _ = listening.accept()
                with line, contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    line.settimeout(_PATIENCE)
                    _fork(json.loads(line.makefile("rb").readline()), line, listening, folder)
    finally:
        _end_workers(folder)


def _fork(request: dict[str, str], line: socket.socket, listening: socket.socket, folder: Path) -> None:
    """Have a worker do a request's run; the answer is sent once it lives."""
    run, instance = request["run"], request["instance"]
    ready, tell = os.pipe()
    with open(ready, "rb") as told:
        try:
            if os.fork() == 0:
                listening.close()
                _work(folder, run, instance, tell)
        finally:
            os.close(tell)
        line.sendall(told.read() or b"failed\n")


def _end_workers(folder: Path) -> None:
    """Whoever ends the system ends its runs: also those that an earlier one of us forked. Each reports its end."""
    told: set[int] = set()
    for _ in range(_GOODBYE * 10):
        living = {worker for mark in folder.glob("*.run") if (worker := _worker_of(folder, mark.stem))}
        if not living:
            return
        for worker in living - told:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(worker, signal.SIGTERM)
        told |= living
        time.sleep(0.1)


def _work(folder: Path, run_id: str, instance_ref: str, tell: int) -> None:
    """A worker's whole life. Ends the process: what the parent opened is not ours to close."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        mark = open(folder / f"{run_id}.run", "w")  # noqa: SIM115  held, and locked, for life
        fcntl.flock(mark, fcntl.LOCK_EX)
        mark.write(str(os.getpid()))
        mark.flush()
        os.write(tell, b"forked\n")
        os.close(tell)
        status = _execute(run_id, instance_ref)
        os.unlink(mark.name)
    except BaseException:
        log.exception("a run's worker failed")
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _execute(run_id: str, instance_ref: str) -> int:
    from dagster import DagsterInstance
    from dagster._cli.api import _execute_run_command_body
    from dagster._core.instance.ref import InstanceRef
    from dagster._utils.interrupts import capture_interrupts, setup_interrupt_handlers

    setup_interrupt_handlers()
    with capture_interrupts(), DagsterInstance.from_ref(deserialize_value(instance_ref, InstanceRef)) as instance:
        # one connection kept, instead of a new one for each of a hundred queries
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=20)
        return _execute_run_command_body(run_id, instance, lambda event: None, set_exit_code_on_failure=True)


def _import_everything() -> None:
    """What a run needs. No thread may be running when this ends: forks would lack it."""
    import strava_assets.warm  # noqa: F401

    gc.freeze()  # it is no garbage, and looking for some would copy it into every fork
    if threading.active_count() > 1:
        log.warning("threads run beside the one that forks: %s", threading.enumerate())


def working(home: str) -> bool:
    """Whether a run that was forked from here is under way.

    Parameters
    ----------
    home : str
        ``DAGSTER_HOME``.
    """
    folder = _workers(home)
    return any(_worker_of(folder, mark.stem) is not None for mark in folder.glob("*.run"))


def _workers(home: str) -> Path:
    return Path(home) / _FOLDER


def _worker_of(folder: Path, run_id: str) -> int | None:
    """The process id of a run's worker; None if it does not live: a lock ends with whoever holds it."""
    try:
        with open(folder / f"{run_id}.run") as mark:
            try:
                fcntl.flock(mark, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(mark.read())
    except (FileNotFoundError, ValueError):
        return None
    return None


@contextlib.contextmanager
def _listening(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening, _short(folder) as name:
        Path(name).unlink(missing_ok=True)
        listening.bind(name)
        listening.listen(64)
        yield listening


@contextlib.contextmanager
def _connected(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_PATIENCE)
        with _short(folder) as name:
            line.connect(name)
        yield line


@contextlib.contextmanager
def _short(folder: Path) -> Iterator[str]:
    """The socket's path, in the few characters that a socket's path may have."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        plain = str(folder / "socket")
        yield plain if len(plain.encode()) < 100 else f"/proc/self/fd/{opened}/socket"
    finally:
        os.close(opened)


def main(environment: Mapping[str, str] = os.environ) -> None:
    """Serve in ``DAGSTER_HOME``."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    serve(environment["DAGSTER_HOME"])


if __name__ == "__main__":
    main()
