"""``python -m strava_assets_tests.fuzz --seconds 300``: random requests at a gateway of its own; exit 1 on a fault.

``python -m strava_assets_tests.fuzz readers --minutes 10`` damages files and reads them, in a process of its own.

What belongs here: starting the gateway, and the tables. What does not: making requests (``fuzzing``) or damage
(``readers``).
"""

from __future__ import annotations

import argparse
import concurrent.futures.process
import contextlib
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from strava_assets.database.connection import queries
from strava_assets.installation import open_installation
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import serve
from strava_assets.settings import Settings
from strava_assets.stack import free_port, settings_environment
from strava_assets.strava import oauth
from strava_assets.strava.webhooks import path_token, verify_token
from strava_assets_tests.fuzz import readers
from strava_assets_tests.fuzz.fuzzing import Report, fuzz
from strava_assets_tests.fuzz.openapi import PUBLIC, document


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, print, and say whether all is well."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["readers"]:
        return fuzz_readers(arguments[1:])
    parser = argparse.ArgumentParser("strava_assets_tests.fuzz", description="Random requests at the gateway.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args(arguments)
    with a_gateway() as (settings, process, routes):
        report = fuzz(settings.base_url, routes, process.pid, given.seconds, given.seed)
        alive = process.poll() is None
    show(report, given.seconds, given.seed)
    return 0 if alive and not report.faults and not report.grew else 1


def fuzz_readers(arguments: list[str]) -> int:
    """Damage files and read them; a process that dies of one is a fault, too."""
    parser = argparse.ArgumentParser("strava_assets_tests.fuzz readers", description="Damaged files for the readers.")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="strava-assets-fuzz-"))
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            report = pool.submit(readers.fuzz, given.minutes * 60, given.seed, folder).result()
        except concurrent.futures.process.BrokenProcessPool:
            print(f"the process died of {folder / 'current'}")
            return 1
    out = Console(width=None if sys.stdout.isatty() else 140)
    table = Table(
        "files", "read", "refused", "faults", title=f"{given.minutes:g} min of damaged files, seed {given.seed}"
    )
    for kind in sorted({kind for kind, _ in report.outcomes}):
        table.add_row(kind, *(f"{report.outcomes[kind, outcome]:,}" for outcome in ("read", "refused", "fault")))
    out.print(table)
    for fault in report.faults[:20]:
        out.print(fault, markup=False)
    out.print(
        f"{report.outcomes.total():,} files, {len(report.faults)} faults; slowest {report.slowest[0]:.2f} s "
        f"({report.slowest[1]}); memory {report.warm / 2**20:.0f} → {report.after / 2**20:.0f} MiB (warm, end)"
    )
    if report.faults:
        out.print(f"the files are in {folder}")
    else:
        shutil.rmtree(folder)
    return 0 if report.good else 1


@contextlib.contextmanager
def a_gateway() -> Iterator[tuple[Settings, subprocess.Popen[bytes], Any]]:
    """A gateway process with an athlete, a subscription, a few public files and a Strava that answers."""
    with (
        tempfile.TemporaryDirectory(prefix="strava-assets-") as folder,
        serve(synthetic_account(seed=1, activities=10), auto_approve=True) as strava,
    ):
        Path(folder).chmod(0o755)  # an embedded server that runs as another user must get here
        port = free_port()
        settings = Settings(
            _env_file=None,
            STRAVA_CLIENT_ID=strava.client_id,
            STRAVA_CLIENT_SECRET=strava.client_secret,
            STRAVA_API_URL=strava.api_url,
            STRAVA_OAUTH_URL=strava.oauth_url,
            STRAVA_ASSETS_HOME=Path(folder) / "home",
            STRAVA_ASSETS_BASE_URL=f"http://127.0.0.1:{port}",
            STRAVA_ASSETS_PORT=port,
        )
        installation = open_installation(settings)
        with installation.database.transaction() as connection:
            queries().put_subscription(connection, id=1, callback_url="here")
            connection.execute("insert into strava.athlete (name, strava_id) values ('Ada', 3)")
        files = ["index.html", "index.json", "assets/map-abc.js", f"{PUBLIC}/streams/stream_{PUBLIC}.csv"]
        for name in files:
            path = Path(settings.public_root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}\n" * 200)
        state, cookie = oauth.new_state(settings)
        known = {"subscription_id": 1, "owner_id": 3}
        process = subprocess.Popen(
            [sys.executable, "-m", "strava_assets.gateway"],
            env={**os.environ, **settings_environment(settings)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until = time.monotonic() + 60
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if httpx.get(f"{settings.base_url}/readyz", trust_env=False, timeout=5).status_code == 200:
                        break
                assert time.monotonic() < until, "the gateway does not come up"
                time.sleep(0.1)
            yield (
                settings,
                process,
                document(path_token(settings), verify_token(settings), state, cookie, known, files),
            )
        finally:
            process.terminate()
            process.wait()
            installation.database.close()


def show(report: Report, seconds: float, seed: int) -> None:
    """The report as a table."""
    out = Console(width=None if sys.stdout.isatty() else 140)
    routes: dict[str, dict[int, int]] = defaultdict(dict)
    for (route, status), count in sorted(report.statuses.items()):
        routes[route][status] = count
    table = Table("route", "requests", "answers", title=f"{seconds:.0f} s of random requests, seed {seed}")
    for route, statuses in routes.items():
        told = ", ".join(f"{count:,} × {status or 'no answer'}" for status, count in statuses.items())
        table.add_row(route, f"{sum(statuses.values()):,}", told)
    out.print(table)
    for example in report.examples:
        out.print(example, markup=False)
    mebibytes = " → ".join(f"{size / 2**20:.1f}" for size in (report.before, report.warm, report.after))
    out.print(
        f"{report.statuses.total():,} requests, {report.faults} faults; memory {mebibytes} MiB (start, warm, end)"
    )
    if report.grew:
        out.print("memory GREW")


if __name__ == "__main__":
    sys.exit(main())
