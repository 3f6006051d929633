"""The demo and ``up``: the whole system from one command.

What belongs here: the order in which things are started, and what is said meanwhile. What does not:
supervising processes (``stack``), the simulated Strava (``sandbox``), the pipeline.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr
from rich.console import Console

from strava_assets.database.connection import queries
from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.gateway.owner_access import link
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.sandbox.state import CLIENT_ID, CLIENT_SECRET
from strava_assets.settings import Settings
from strava_assets.stack import Stack, check_port, free_port, running, wait_until_up

#: How long the last ride may take from the event to the map before the demo gives up, seconds.
_PATIENCE = 180.0
#: Where the demo lives, below the working directory.
_HOME = Path("var/demo")


def run_up(settings: Settings, out: Console) -> None:
    """Run the stack on the user's settings until Ctrl-C."""
    with _leaving_on_signals(), running(settings) as stack:
        installation = open_installation(settings)
        wait_until_up(f"http://127.0.0.1:{settings.port}/healthz", stack.child("gateway"), 60)
        wait_until_up(stack.dagster_url, stack.child("webserver"), 120)
        _say_where(installation, stack, out)
        _stay(stack)


def run_demo(settings: Settings, activities: int, once: bool, out: Console) -> None:
    """Run everything on the simulated athlete in ``./var/demo``.

    Parameters
    ----------
    settings : Settings
        Only the ports are taken from them: a demo never touches real data.
    activities : int
        Rides of the simulated athlete.
    once : bool
        End when the last ride is published.

    Raises
    ------
    StravaAssetsError
        A part did not come up, or the last ride did not reach the map in time.
    """
    began = time.monotonic()
    state = _State.load(_HOME.resolve(), activities)
    out.print(
        f"The demo lives in {state.home}"
        + (
            f"; it was there already ({state.activities} rides, {state.arrived} that arrived later), so it goes on. "
            "Remove the folder to begin anew."
            if state.again
            else "."
        )
    )
    sandbox_port = free_port()
    sandbox_url = f"http://127.0.0.1:{sandbox_port}"
    demo = _settings(settings, state, sandbox_url)
    check_port(demo.host, demo.port, "STRAVA_ASSETS_PORT")
    check_port("127.0.0.1", demo.dagster_port, "STRAVA_ASSETS_DAGSTER_PORT")
    steps = _Steps(out, began)
    with _leaving_on_signals():
        steps.say("starting PostgreSQL")
        installation = open_installation(demo)
        with running(
            demo,
            before=[
                (
                    "strava",
                    [
                        sys.executable,
                        "-m",
                        "strava_assets.sandbox",
                        "--activities",
                        str(state.activities),
                        "--arrived",
                        str(state.arrived),
                        "--port",
                        str(sandbox_port),
                        "--auto-approve",
                        "--read-limit",
                        "20000,200000",
                    ],
                )
            ],
        ) as stack:
            wait_until_up(f"{sandbox_url}/control/log", stack.child("strava"), 60)
            steps.say("drawing the zones around the simulated athlete's home and a friend's house")
            _draw_zones(installation, sandbox_url)
            wait_until_up(f"{demo.base_url}/healthz", stack.child("gateway"), 60)
            steps.say("connecting through OAuth, subscribing to events")
            _connect(demo)
            _subscribe(installation)
            steps.say("reading, typing, masking and publishing every month")
            report = materialize(installation, progress=lambda name, done, total: None)
            if report.failures or report.warnings:
                raise StravaAssetsError("; ".join([*report.failures, *report.warnings][:3]))
            state.keep()
            before = _on_the_map(installation)
            steps.say(f"{before} rides are on the map. Waiting for Dagster, to let one more arrive")
            wait_until_up(stack.dagster_url, stack.child("webserver"), 120)
            seconds = _one_more_ride(installation, sandbox_url, before, stack)
            state.arrived += 1
            state.keep()
            steps.say(f"one more ride arrived by webhook and was on the map after {seconds:.1f} s")
            _say_where(installation, stack, out)
            if once:
                return
            _stay(stack)


@dataclass
class _State:
    """What a second run of the demo must know of the first."""

    home: Path
    activities: int
    arrived: int = 0
    again: bool = False

    @classmethod
    def load(cls, home: Path, activities: int) -> _State:
        try:
            kept = json.loads((home / "demo.json").read_text())
            return cls(home, int(kept["activities"]), int(kept["arrived"]), True)
        except (OSError, ValueError, KeyError, TypeError):
            return cls(home, activities)

    def keep(self) -> None:
        (self.home / "demo.json").write_text(json.dumps({"activities": self.activities, "arrived": self.arrived}))


@dataclass
class _Steps:
    """What is being done, with the seconds since the beginning."""

    out: Console
    began: float

    def say(self, text: str) -> None:
        self.out.print(f"[{time.monotonic() - self.began:5.1f} s] {text}", markup=False)


def _settings(settings: Settings, state: _State, sandbox_url: str) -> Settings:
    return Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=state.home,
        STRAVA_CLIENT_ID=CLIENT_ID,
        STRAVA_CLIENT_SECRET=SecretStr(CLIENT_SECRET),
        STRAVA_API_URL=f"{sandbox_url}/api/v3",
        STRAVA_OAUTH_URL=f"{sandbox_url}/oauth",
        STRAVA_ASSETS_PORT=settings.port,
        STRAVA_ASSETS_DAGSTER_PORT=settings.dagster_port,
        STRAVA_ASSETS_BASE_URL=f"http://127.0.0.1:{settings.port}",
        STRAVA_ASSETS_FIRST_MONTH="2015-01",
    )


def _draw_zones(installation: Installation, sandbox_url: str) -> None:
    """As the owner would: two round places of 120 m. Drawn once; a second run finds them."""
    places = httpx.get(f"{sandbox_url}/control/places", trust_env=False).raise_for_status().json()
    zone_store.add(
        installation.database,
        source="demo",
        drawn=[DrawnZone(place["name"], disc(place["lng"], place["lat"], 120.0)) for place in places],
    )


def _connect(settings: Settings) -> None:
    """What a browser would do: /connect, Strava's consent (given at once), back to the callback."""
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as browser:
        answer = browser.get(f"{settings.base_url}/connect")
    if answer.status_code != 200 or "/connect/callback" not in str(answer.url):
        raise StravaAssetsError(f"connecting failed ({answer.status_code} at {answer.url.path})")


def _subscribe(installation: Installation) -> None:
    from strava_assets.strava.account import create_subscription

    create_subscription(installation.settings, installation.database)


def _one_more_ride(installation: Installation, sandbox_url: str, before: int, stack: Stack) -> float:
    """Let a ride happen at the simulated Strava; seconds until the public map holds it."""
    from strava_assets.run_workers import working

    httpx.post(f"{sandbox_url}/control/add", json={}, trust_env=False, timeout=30).raise_for_status()
    began = time.monotonic()
    while time.monotonic() - began < _PATIENCE:
        seconds = time.monotonic() - began
        if _on_the_map(installation) > before:
            home = str(installation.settings.home_path / "dagster")
            while time.monotonic() - began < _PATIENCE and (_in_the_summaries(installation) <= before or working(home)):
                time.sleep(0.2)  # the same run's next steps; a demo does not end in the middle of it
            return seconds
        stack.look_after()
        time.sleep(0.2)
    with installation.database.transaction() as connection:
        events = list(queries().events_of_late(connection))
    told = f"its event is {events[0]['state']} ({events[0]['outcome']})" if events else "its event never came"
    raise StravaAssetsError(
        f"the ride did not reach the map within {_PATIENCE:.0f} s: {told}. "
        f"Logs are in {installation.settings.home_path / 'logs'}"
    )


def _on_the_map(installation: Installation) -> int:
    """Activities that the public index tells of."""
    try:
        index = json.loads(installation.gate().read("index.json"))
    except FileNotFoundError:
        return 0
    return sum(athlete["activities"] for athlete in index["athletes"])


def _in_the_summaries(installation: Installation) -> int:
    """Activities that the weekly figures hold."""
    gate = installation.gate()
    return sum(
        week["activities"]
        for path in gate.paths()
        if path.endswith("/weekly.json")
        for week in json.loads(gate.read(path))
    )


def _say_where(installation: Installation, stack: Stack, out: Console) -> None:
    settings = installation.settings
    out.print(
        f"\n  the map      {settings.base_url}/\n  Dagster      {stack.dagster_url}/assets\n"
        f"  the files    {settings.public_root}\n{_for_the_owner(settings, out)}",
        markup=False,
    )


def _for_the_owner(settings: Settings, out: Console) -> str:
    """Where the owner sees everything. A service's output is a log, which is no place for a key."""
    with contextlib.suppress(SettingsError):
        address = link(settings)
        return f"  only you     {address if out.is_terminal else 'strava-assets view prints a link'}\n"
    return ""


def _stay(stack: Stack) -> None:
    """Until Ctrl-C."""
    while True:
        time.sleep(1)
        stack.look_after()


@contextlib.contextmanager
def _leaving_on_signals() -> Iterator[None]:
    """SIGTERM ends like Ctrl-C: children and database are stopped in order, and that is no error."""

    def leave(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: where a shell's background job ignores it, Dagster would have SIGTERM ignored as well
    before = {number: signal.signal(number, leave) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
