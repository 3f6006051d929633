"""The private warehouse: whole or as it was, whoever looks at it meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.warehouse import load_activities
from strava_assets_tests.assets.conftest import run


def rows(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute("select count(*) from strava_activities").fetchone()
    return int(found[0]) if found else 0


def test_it_holds_every_activity_and_is_the_owners_alone(history: Installation) -> None:
    run(history)
    path = history.settings.home_path / "warehouse.duckdb"
    assert rows(path) == 12
    assert path.stat().st_mode & 0o777 == 0o600


def test_somebody_who_reads_it_is_no_hindrance(history: Installation) -> None:
    run(history)
    path = history.settings.home_path / "warehouse.duckdb"
    reader = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    assert load_activities(history.store, path) == 12
    reader.communicate("")
    assert rows(path) == 12


def test_what_cannot_be_written_is_said_and_leaves_the_old_one(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(history)
    path = history.settings.home_path / "warehouse.duckdb"

    def full(source: Path, target: Path) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        with pytest.raises(StoreUnavailable, match="No space left on device"):
            load_activities(history.store, path)
    assert rows(path) == 12
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".tmp-")] == []
