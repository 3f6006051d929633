"""Pulling every plug while an account is busy: the whole stack, real processes, SIGKILL.

``python -m strava_assets_tests.end_to_end.faults --events 200`` is the long version of the test beside it. What the
disturbed installation shows at the end is held against one that saw only the end.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr

from strava_assets.database.connection import locate
from strava_assets.errors import DatabaseUnavailable
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize, sync
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.publish.verify import verify
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import RunningSandbox, serve
from strava_assets.settings import Settings
from strava_assets.stack import Stack, free_port, running, wait_until_up
from strava_assets.strava.account import create_subscription

#: What is killed, by the name of its log; runs and PostgreSQL have none.
VICTIMS = ("gateway", "daemon", "run", "postgres", "run-workers", "code-server")
_KEY = "0123456789abcdef" * 4


def disturbed(folder: Path, events: int, kills: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Let an owner be busy while processes are killed; then compare.

    Returns
    -------
    dict
        ``same``: whether the public files are those of an undisturbed installation; ``findings`` of ``verify``;
        ``unaccounted``: events that were answered 200 and are not done; ``kills`` by victim.
    """
    with serve(synthetic_account(seed=5, activities=10), auto_approve=True, read_limit=(50_000, 50_000)) as strava:
        one = _settings(folder / "disturbed", strava)
        installation = open_installation(one)
        chance = random.Random(seed)
        with running(one) as stack, _looked_after(stack):
            _begin(installation, stack, strava)
            _settle(installation)
            say("the account is published; now it gets busy")
            killed = _be_busy(installation, stack, strava, events, kills, chance)
            _settle(installation)
            _patiently(lambda: sync(installation))  # what nobody heard of, as the gateway was gone too long
            _let_time_pass(installation)
            _settle(installation)
            say(f"settled after {sum(killed.values())} kills")
        told = [push["event"] for push in strava.pushes if 200 in push["answers"]]
        with installation.database.transaction() as connection:
            states = Counter(
                row["state"] for row in connection.execute("select state from strava.webhook_event").fetchall()
            )
            kept = {
                (row["object_id"], row["aspect_type"])
                for row in connection.execute("select object_id, aspect_type from strava.webhook_event").fetchall()
            }
        findings = verify(installation.gate()).findings
        other = open_installation(_settings(folder / "undisturbed", strava))
        _copy_zones(installation, other)
        with contextlib.ExitStack() as stack_of_one:
            _connect_by_hand(other, strava)
            stack_of_one.callback(other.database.close)
            report = materialize(other)
            assert not report.failures, report.failures
            same = _public(installation) == _public(other)
        differing = sorted(
            path
            for path in {*_public(installation), *_public(other)}
            if _public(installation).get(path) != _public(other).get(path)
        )
        installation.database.close()
    return {
        "same": same,
        "differing": differing[:5],
        "findings": findings,
        "unaccounted": [event for event in told if (event["object_id"], event["aspect_type"]) not in kept],
        "unfinished": {state: count for state, count in states.items() if state not in ("done", "ignored")},
        "events": sum(states.values()),
        "kills": dict(killed),
    }


def _be_busy(
    installation: Installation, stack: Stack, strava: RunningSandbox, events: int, kills: int, chance: random.Random
) -> Counter[str]:
    """Deeds at Strava, and among them kills at random moments; how many of which."""
    rides = sorted(strava.account.activities)
    moments = sorted(chance.sample(range(events), kills))
    victims = [VICTIMS[number % len(VICTIMS)] for number in range(kills)]
    chance.shuffle(victims)
    killed: Counter[str] = Counter()
    for number in range(events):
        _do_something(strava, rides, chance)
        time.sleep(chance.uniform(0.0, 0.4))
        if moments and number == moments[0]:
            moments.pop(0)
            time.sleep(chance.uniform(0.0, 3.0))
            killed[_kill(installation, stack, victims.pop())] += 1
    return killed


def _do_something(strava: RunningSandbox, rides: list[int], chance: random.Random) -> None:
    deed = chance.choice(["add", "rename", "rename", "retype", "hide", "show", "show", "delete"])
    if deed == "add" or len(rides) < 5:
        rides.append(_control(strava, "add")["id"])
        return
    number = chance.choice(rides)
    given: dict[str, Any] = {"id": number}
    if deed == "rename":
        given["name"] = f"Ride {chance.randrange(10**6)}"
    elif deed == "retype":
        given["sport_type"] = chance.choice(["Ride", "GravelRide", "Run"])
    elif deed == "delete":
        rides.remove(number)
    _control(strava, deed, **given)


def _kill(installation: Installation, stack: Stack, victim: str) -> str:
    if victim == "run":
        marks = list((installation.settings.home_path / "dagster" / "workers").glob("*.run"))
        for mark in marks:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int(mark.read_text()), signal.SIGKILL)
        return "run" if marks else "no run was under way"
    if victim == "postgres":
        pid = int((installation.settings.home_path / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        return victim
    child = stack.child(victim)
    if child.process is not None and child.process.poll() is None:
        os.kill(child.process.pid, signal.SIGKILL)
    return victim


@contextlib.contextmanager
def _looked_after(stack: Stack) -> Iterator[None]:
    ending = threading.Event()

    def look() -> None:
        while not ending.wait(0.5):
            with contextlib.suppress(DatabaseUnavailable):
                stack.look_after()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _begin(installation: Installation, stack: Stack, strava: RunningSandbox) -> None:
    """Zones, consent, subscription: and the first sync does the rest."""
    zones = [DrawnZone(place.name, disc(place.lng, place.lat, 120.0)) for place in strava.account.places]
    zone_store.add(installation.database, zones, source="test")
    base = installation.settings.base_url
    wait_until_up(f"{base}/healthz", stack.child("gateway"), 60)
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as browser:
        browser.get(f"{base}/connect").raise_for_status()
    create_subscription(installation.settings, installation.database)
    wait_until_up(stack.dagster_url, stack.child("webserver"), 120)
    _until(lambda: (Path(installation.settings.public_root) / "index.json").exists())


def _let_time_pass(installation: Installation) -> None:
    """For rides whose creation was told and whose deletion was not: Strava is asked for them for 23 minutes."""
    with installation.database.transaction() as connection:
        connection.execute(
            "update strava.webhook_event set attempts = 9, next_attempt_at = now() "
            "where state = 'pending' and outcome like '%does not show yet'"
        )


def _settle(installation: Installation) -> None:
    """Until no event is due, no month is asked for and no run is under way, for some seconds."""
    quiet = 0

    def calm() -> bool:
        nonlocal quiet
        try:
            busy = _busy(installation)
        except (DatabaseUnavailable, psycopg.Error):
            busy = True
        quiet = 0 if busy else quiet + 1
        return quiet >= 20

    _until(calm)


def _busy(installation: Installation) -> bool:
    with installation.database.transaction() as connection:
        row = connection.execute(
            "select (select count(*) from strava.webhook_event "
            "where state = 'requested' or state = 'pending' and next_attempt_at < now() + interval '10 seconds') "
            "+ (select count(*) from strava.month_request where wanted > done) "
            "+ (select count(*) from strava.to_land) as left"
        ).fetchone()
    with psycopg.connect(locate(installation.settings).dagster, autocommit=True) as dagster:
        runs = dagster.execute(
            "select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
        ).fetchone()
        newest = dagster.execute(
            "select coalesce(max(id) filter (where asset_key = '[\"trimmed_csvs\"]'), 0) "
            "> coalesce(max(id) filter (where asset_key = '[\"activities_topojson\"]'), 0) from event_logs "
            "where dagster_event_type = 'ASSET_MATERIALIZATION'"
        ).fetchone()
    assert row
    assert runs
    assert newest
    return bool(row["left"] or runs[0] or newest[0])


def _until(true: Callable[[], bool], seconds: float = 400.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError("it does not settle")
        time.sleep(0.2)


def _patiently(deed: Callable[[], Any]) -> None:
    def done() -> bool:
        try:
            deed()
        except DatabaseUnavailable:
            return False
        return True

    _until(done, 60)


def _copy_zones(source: Installation, target: Installation) -> None:
    """With the shapes that were drawn for them: anything else comes out differently, by design."""
    for table in ("cut_shape", "privacy_zone"):
        with source.database.transaction() as connection:
            rows = connection.execute(f"select * from strava.{table}").fetchall()
        with target.database.transaction() as connection:
            for row in rows:
                connection.execute(
                    f"insert into strava.{table} ({', '.join(row)}) overriding system value "
                    f"values ({', '.join(['%s'] * len(row))})",
                    list(row.values()),
                )


def _connect_by_hand(installation: Installation, strava: RunningSandbox) -> None:
    from urllib.parse import parse_qs, urlsplit

    from strava_assets.strava import oauth

    state, _ = oauth.new_state(installation.settings)
    answer = httpx.get(oauth.authorize_url(installation.settings, state), trust_env=False, timeout=20)
    brought = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    oauth.connect(installation.database, installation.settings, brought["code"], brought["scope"])


def _public(installation: Installation) -> dict[str, bytes]:
    gate = installation.gate()
    return {path: gate.read(path) for path in gate.paths()}


def _control(strava: RunningSandbox, deed: str, **details: Any) -> Any:
    answer = httpx.post(f"{strava.url}/control/{deed}", json=details, trust_env=False, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _settings(home: Path, strava: RunningSandbox) -> Settings:
    port = free_port()
    return Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=home,
        STRAVA_CLIENT_ID=str(strava.client_id),
        STRAVA_CLIENT_SECRET=SecretStr(strava.client_secret),
        STRAVA_API_URL=strava.api_url,
        STRAVA_OAUTH_URL=strava.oauth_url,
        STRAVA_ASSETS_SECRET_KEY=SecretStr(_KEY),
        STRAVA_ASSETS_PORT=port,
        STRAVA_ASSETS_DAGSTER_PORT=free_port(),
        STRAVA_ASSETS_BASE_URL=f"http://127.0.0.1:{port}",
    )


def main() -> int:
    """The long version."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strava-assets-faults-", ignore_cleanup_errors=True) as folder:
        found = disturbed(Path(folder), given.events, given.kills, given.seed, lambda line: print(line, flush=True))
    for name, value in found.items():
        print(f"{name}: {value}")
    return 0 if found["same"] and not (found["findings"] or found["unaccounted"] or found["unfinished"]) else 1


if __name__ == "__main__":
    raise SystemExit(main())
