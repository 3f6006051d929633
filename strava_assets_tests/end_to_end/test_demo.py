"""What ``make demo ONCE=1`` runs, run; and its public files, read as a stranger would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.stack import free_port
from strava_assets.stores import Store
from strava_assets.warehouse import duckdb
from strava_assets_tests.end_to_end.outsider import Outsider
from strava_assets_tests.warehouse.recomputed import assert_same_figures

ACTIVITIES = 220


def demo(folder: Path) -> str:
    environment = {
        **os.environ,
        "STRAVA_ASSETS_PORT": str(free_port()),
        "STRAVA_ASSETS_DAGSTER_PORT": str(free_port()),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "strava_assets", "demo", "--once"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    folder.parent.chmod(0o755)  # an embedded server that runs as another user must get here
    return folder, demo(folder)


def stranger(folder: Path) -> Outsider:
    secrets = [((place.lng, place.lat), 120.0) for place in synthetic_account(activities=20).places]
    return Outsider(folder / "var" / "demo" / "public", secrets)


def test_two_hundred_rides_are_published_and_no_stranger_finds_home(home: tuple[Path, str]) -> None:
    folder, said = home
    found = stranger(folder)
    assert found.wrong == []
    assert found.activities >= 201
    assert str(folder / "var" / "demo" / "public") in said
    assert "http://127.0.0.1:" in said


def test_nothing_hidden_at_strava_is_public(home: tuple[Path, str]) -> None:
    folder, _ = home
    root = folder / "var" / "demo" / "public"
    account = synthetic_account(activities=ACTIVITIES)
    details = [account.detail(number) for number in account.activities]
    text = "\n".join(
        path.read_text(errors="replace") for path in root.rglob("*") if path.is_file() and path.suffix != ".js"
    )
    for detail in details:
        assert str(detail["id"]) not in text
    shown = Counter(
        feature["properties"]["name"]
        for path in root.rglob("*.topojson")
        for feature in json.loads(path.read_text())["objects"]["activities"]["geometries"]
    )
    allowed = Counter(d["name"] for d in details if d["visibility"] == "everyone")
    assert sum(d["visibility"] != "everyone" for d in details) > 3
    assert (shown - allowed).total() <= 1, "no more than the ride that arrived later"
    assert "Zwift" not in text
    assert any(not name.isascii() for name in shown)


def test_a_second_run_goes_on_and_one_more_ride_arrives(home: tuple[Path, str]) -> None:
    folder, _ = home
    root = folder / "var" / "demo" / "public"
    before = {path: path.read_bytes() for path in root.rglob("*.csv")}
    first = stranger(folder).activities
    began = time.monotonic()
    assert "it was there already" in demo(folder)
    assert time.monotonic() > began
    assert {path: path.read_bytes() for path in before} == before
    found = stranger(folder)
    assert found.activities == first + 1
    assert found.wrong == []


def test_weeks_and_quarters_of_the_simulated_athlete_are_those_that_pandas_adds_up(home: tuple[Path, str]) -> None:
    place = home[0] / "var" / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "strava_assets", "sql", "select count(*) as n from strava_activities", "--csv"],
        env={**os.environ, "STRAVA_ASSETS_HOME": str(place), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > ACTIVITIES
    store = Store(str(place / "private"))
    with duckdb.reading(store, place / "warehouse.duckdb") as connection:
        assert assert_same_figures(connection, store) > 200
