"""``python -m strava_assets_tests.fuzz --seconds 300``: random requests at a gateway of its own; exit 1 on a fault.

What belongs here: starting the gateway, and the table. What does not: making requests (``fuzzing``).
"""

from __future__ import annotations

import argparse
import contextlib
import os
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
from strava_assets_tests.fuzz.fuzzing import Report, fuzz
from strava_assets_tests.fuzz.openapi import PUBLIC, document


def main(arguments: list[str] | None = None) -> int:
    """Fuzz, print, and say whether all is well."""
    parser = argparse.ArgumentParser("strava_assets_tests.fuzz", description="Random requests at the gateway.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args(arguments)
    with a_gateway() as (settings, process, routes):
        report = fuzz(settings.base_url, routes, process.pid, given.seconds, given.seed)
        alive = process.poll() is None
    show(report, given.seconds, given.seed)
    return 0 if alive and not report.faults and not report.grew else 1


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
            _env_file=None,  # type: ignore[call-arg]
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
