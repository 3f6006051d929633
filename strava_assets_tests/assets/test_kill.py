"""Pulling the plug: whenever a run is killed, running again ends in the same public bytes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from strava_assets.installation import Installation
from strava_assets.publish.verify import verify
from strava_assets.stack import settings_environment
from strava_assets_tests.assets.conftest import public_files, run


def test_ten_kills_at_random_moments_end_in_the_same_bytes(history: Installation) -> None:
    run(history)
    undisturbed = public_files(history)
    forget(history)
    environment = {**os.environ, **settings_environment(history.settings)}
    environment.pop("DAGSTER_HOME", None)
    began = time.monotonic()
    complete(environment)
    whole = time.monotonic() - began
    assert public_files(history) == undisturbed
    moments = random.Random(11)
    for kill in range(10):
        if kill % 5 == 0:
            forget(history)
        process = subprocess.Popen(
            [sys.executable, "-m", "strava_assets", "materialize"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.3, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # whatever is public at any moment has passed the gate
        assert {f.invariant for f in verify(history.gate()).findings} <= {"I9", "I13"}
    complete(environment)
    assert public_files(history) == undisturbed
    assert verify(history.gate()).findings == []


def complete(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "strava_assets", "materialize"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def forget(installation: Installation) -> None:
    """As if nothing had ever been made: only what landed, the zones and the key are left."""
    shutil.rmtree(installation.settings.public_root)
    shutil.rmtree(Path(installation.settings.private_root) / "tables")
    with installation.database.transaction() as connection:
        connection.execute("delete from strava.public_object")
