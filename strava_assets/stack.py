"""The running system: gateway, Dagster's code server, webserver and daemon, started and looked after.

What belongs here: child processes and their lives. What does not: what they do. Children die with this
process, also when it is killed; one that dies by itself is started again.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from strava_assets.dagster_home import dagster_environment
from strava_assets.database import embedded
from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.secret_values import reference_of
from strava_assets.settings import LOCATION, Settings

log = logging.getLogger(__name__)


@dataclass
class Child:
    """One supervised process."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log_file: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0

    def start(self) -> None:
        """Start it; its output goes to its log file."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log_file, "ab") as sink:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdout=sink,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                preexec_fn=_die_with_parent,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def tail(self) -> str:
        """The last line that it said."""
        with contextlib.suppress(OSError):
            lines = self.log_file.read_text(errors="replace").strip().splitlines()
            return lines[-1][:300] if lines else ""
        return ""


@dataclass
class Stack:
    """All children."""

    settings: Settings
    children: list[Child] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    problem: StravaAssetsError | None = None

    @property
    def dagster_url(self) -> str:
        """Where the Dagster UI is."""
        return f"http://127.0.0.1:{self.settings.dagster_port}"

    def add(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        """Start one more."""
        child = Child(name, command, environment, self.settings.home_path / "logs" / f"{name}.log")
        child.start()
        self.children.append(child)
        return child

    def child(self, name: str, seconds: float = 150.0) -> Child:
        """A child by its name, waited for: some are started only when others are up.

        Raises
        ------
        StravaAssetsError
            It could not be started.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.problem is None:
            for child in self.children:
                if child.name == name:
                    return child
            time.sleep(0.05)
        raise self.problem or StravaAssetsError(f"{name} was not started within {seconds:.0f} s")

    def look_after(self) -> None:
        """Start again whoever died; one that keeps dying is given more time each time."""
        if self.settings.database_url is None:
            embedded.start(self.settings.home_path / "postgres")
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                pause = min(60.0, 2.0**child.restarts)
                if time.monotonic() - child.started > pause:
                    log.warning(
                        "%s ended (%s); starting it again. Its log: %s", child.name, child.tail(), child.log_file
                    )
                    child.restarts = 0 if time.monotonic() - child.started > 600 else child.restarts + 1
                    child.start()

    def stop(self) -> None:
        """End all, the last first; what does not go is killed."""
        self.ending.set()
        for child in reversed(self.children):
            _signal(child, signal.SIGTERM)
        until = time.monotonic() + 15
        for child in self.children:
            while child.process is not None and child.process.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            _signal(child, signal.SIGKILL)
            if child.process is not None:
                child.process.wait()
        self.ended.set()


@contextlib.contextmanager
def running(settings: Settings, before: Sequence[tuple[str, list[str]]] = ()) -> Iterator[Stack]:
    """The whole stack, ended at the end of the block.

    Parameters
    ----------
    settings : Settings
    before : sequence of (name, command)
        More children.

    Raises
    ------
    SettingsError
        A port is in use.
    """
    check_port(settings.host, settings.port, "STRAVA_ASSETS_PORT")
    check_port("127.0.0.1", settings.dagster_port, "STRAVA_ASSETS_DAGSTER_PORT")
    environment = {**dagster_environment(settings), **settings_environment(settings)}
    code_port = free_port()
    workspace = settings.home_path / "dagster" / "workspace.yaml"
    workspace.write_text(
        "load_from:\n  - grpc_server:\n      host: 127.0.0.1\n"
        f"      port: {code_port}\n      location_name: {LOCATION}\n"
    )
    stack = Stack(settings)
    try:
        # the slowest first; the others start while it imports
        stack.add(
            "code-server",
            [
                sys.executable,
                "-m",
                "dagster",
                "api",
                "grpc",
                "-m",
                "strava_assets.definitions",
                "--host",
                "127.0.0.1",
                "--port",
                str(code_port),
                "--location-name",
                LOCATION,
            ],
            environment,
        )
        for name, command in before:
            stack.add(name, command, environment)
        stack.add("gateway", [sys.executable, "-m", "strava_assets.gateway"], environment)
        if sys.platform == "linux":  # elsewhere a fork of so much loaded code may crash: runs are launched as ever
            stack.add("run-workers", [sys.executable, "-m", "strava_assets.run_workers"], environment)

        def dagster() -> None:
            # both look for the code once when they start, and not again for a minute
            try:
                wait_for_port(code_port, stack.child("code-server"), 120)
                for name, command in (
                    ("webserver", ["dagster_webserver", "-h", "127.0.0.1", "-p", str(settings.dagster_port)]),
                    ("daemon", ["dagster._daemon", "run"]),
                ):
                    if not stack.ending.is_set():
                        stack.add(
                            name,
                            [sys.executable, "-m", *command, "-w", str(workspace), "--log-level", "warning"],
                            environment,
                        )
            except StravaAssetsError as problem:
                stack.problem = problem
            stack.ended.wait()  # children die with the thread that started them, not with the process

        threading.Thread(target=dagster, name="start Dagster", daemon=True).start()
        yield stack
    finally:
        stack.stop()


def settings_environment(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, so that every child has the same ones."""
    values = {}
    for name, field_info in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value is not None and value != "":
            values[str(field_info.alias)] = _given(value)
    values["STRAVA_ASSETS_HOME"] = str(settings.home_path)
    return values


def _given(value: Any) -> str:
    """A setting as it was written: of a secret that is kept elsewhere, where."""
    if isinstance(value, SecretStr):
        return reference_of(value) or value.get_secret_value()
    return str(value)


def wait_until_up(url: str, child: Child, seconds: float) -> None:
    """Wait until an address answers.

    Raises
    ------
    StravaAssetsError
        The process ended, or does not answer in time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.process is not None and child.process.poll() is not None:
            raise StravaAssetsError(f"{child.name} ended: {child.tail()}. Its log: {child.log_file}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2, trust_env=False).status_code < 500:
                return
        time.sleep(0.1)
    raise StravaAssetsError(f"{child.name} does not answer at {url} after {seconds:.0f} s. Its log: {child.log_file}")


def wait_for_port(port: int, child: Child, seconds: float) -> None:
    """Wait until a port is listened on, or its process ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if child.process is not None and child.process.poll() is not None:
            raise StravaAssetsError(f"{child.name} ended: {child.tail()}. Its log: {child.log_file}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise StravaAssetsError(f"{child.name} does not come up. Its log: {child.log_file}")


def check_port(host: str, port: int, setting: str) -> None:
    """Refuse a port that something else listens on, in one line.

    Raises
    ------
    SettingsError
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"port {port} on {host} cannot be used ({error.strerror}); set {setting} to a free one"
            ) from error


def free_port() -> int:
    """A port on loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signal(child: Child, number: int) -> None:
    """To the child's whole session: runs are its children."""
    if child.process is not None and child.process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def _die_with_parent() -> None:
    """Linux: be told to end when the parent dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # politely asked, some stay
