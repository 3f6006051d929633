"""Pulling the plug: whenever a run is killed, running again ends in the same public bytes."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

from strava_assets.installation import Installation
from strava_assets.privacy.invariants import Finding
from strava_assets.publish.verify import verify
from strava_assets_tests.assets.conftest import public_files
from strava_assets_tests.assets.processes import start, warm_up


def test_ten_kills_at_random_moments_end_in_the_same_bytes(history: Installation) -> None:
    warm_up()
    began = time.monotonic()
    complete(history)
    whole = time.monotonic() - began
    undisturbed = public_files(history)
    moments = random.Random(11)
    for kill in range(10):
        if kill % 5 == 0:
            forget(history)
        process = start(history).process
        time.sleep(moments.uniform(0.1, 1.0) * whole)
        process.kill()
        process.join()
        # whatever is public at any moment has passed the gate
        assert [finding for finding in verify(history.gate()).findings if not is_half_done(finding)] == []
    complete(history)
    assert public_files(history) == undisturbed
    assert verify(history.gate()).findings == []


def is_half_done(finding: Finding) -> bool:
    """A CSV has no map yet, or nobody remembers it; a file has its time, or no name yet: the next run mends it all."""
    return finding.invariant in ("I9", "I12", "I13", "I18") or finding.where.rsplit("/", 1)[-1].startswith(".tmp-")


def complete(installation: Installation) -> None:
    code, said = start(installation).end()
    assert code == 0, said


def forget(installation: Installation) -> None:
    """As if nothing had ever been made: only what landed, the zones and the key are left."""
    shutil.rmtree(installation.settings.public_root)
    shutil.rmtree(Path(installation.settings.private_root) / "tables")
    with installation.database.transaction() as connection:
        connection.execute("delete from strava.public_object")
