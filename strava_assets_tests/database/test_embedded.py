"""The embedded PostgreSQL starts on demand, is shared, outlives kills, and stops with its last user."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from strava_assets.database import embedded
from strava_assets.database.connection import Database, locate, prepare
from strava_assets.errors import DatabaseUnavailable, SettingsError
from strava_assets.settings import Settings

HOLD = """
import sys, time
from strava_assets.database.connection import open_database
from strava_assets.settings import load
database = open_database(load())
with database.transaction() as connection:
    connection.execute("select count(*) from strava.activity")
print("up", flush=True)
sys.stdin.readline()
"""


def begin(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "STRAVA_ASSETS_HOME": str(home)},
    )


def hold(home: Path) -> subprocess.Popen[str]:
    process = begin(home)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "up"
    return process


def server(home: Path) -> int | None:
    file = home / "postgres" / "postmaster.pid"
    if not file.exists():
        return None
    number = int(file.read_text().splitlines()[0])
    return number if psutil.pid_exists(number) and psutil.Process(number).status() != psutil.STATUS_ZOMBIE else None


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("\n", timeout=30)


def kill_server(home: Path) -> int:
    """Kill it with all of its processes; the number that it had."""
    number = server(home)
    assert number is not None
    for process in [psutil.Process(number), *psutil.Process(number).children(recursive=True)]:
        process.kill()
    return number


@pytest.mark.parametrize("sign", ["PG_VERSION", "base/5"])
def test_a_first_start_that_was_broken_off_begins_anew(tmp_path: Path, sign: str) -> None:
    first = begin(tmp_path)
    while not (tmp_path / "postgres" / sign).exists():
        assert first.poll() is None
        time.sleep(0.001)
    first.kill()  # what it began goes on for a while
    first.wait()
    leave(hold(tmp_path))


def test_a_folder_that_is_no_server_of_ours_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.time, "sleep", lambda seconds: None)
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letters.txt").write_text("Dear Ada")
    with pytest.raises(DatabaseUnavailable, match="does not start"):
        embedded.start(tmp_path / "postgres")
    assert (tmp_path / "postgres" / "letters.txt").read_text() == "Dear Ada"


def test_it_is_shared_and_stops_with_the_last_user(tmp_path: Path) -> None:
    users = [hold(tmp_path) for _ in range(2)]
    number = server(tmp_path)
    assert number is not None
    leave(users[0])
    assert server(tmp_path) == number
    leave(users[1])
    assert server(tmp_path) is None


def test_a_killed_user_does_not_keep_it_up_for_ever(tmp_path: Path) -> None:
    killed, other = hold(tmp_path), hold(tmp_path)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    leave(other)
    assert server(tmp_path) is None


def test_a_killed_server_recovers_and_holders_that_were_cut_off_do_not_matter(tmp_path: Path) -> None:
    user = hold(tmp_path)
    number = kill_server(tmp_path)
    user.kill()
    user.wait()
    (tmp_path / "postgres" / ".handle_pids.json").write_text(json.dumps([1])[:-1])
    time.sleep(0.2)
    again = hold(tmp_path)
    assert server(tmp_path) not in (None, number)
    leave(again)


def test_a_server_that_another_started_after_a_kill_stops_with_the_last_user_too(tmp_path: Path) -> None:
    first = hold(tmp_path)
    killed = psutil.Process(kill_server(tmp_path))
    second = hold(tmp_path)
    leave(second)
    assert server(tmp_path) is not None
    killed.wait(timeout=30)  # a zombie may pass for a server
    leave(first)
    assert server(tmp_path) is None


def test_ten_processes_migrate_at_once(settings_of: object, postgres: str) -> None:
    settings = settings_of()
    url = settings.database_url.get_secret_value()
    code = (
        "import sys; from strava_assets.database.connection import *; from strava_assets.settings import Settings;"
        "prepare(locate(Settings(_env_file=None, STRAVA_ASSETS_DATABASE_URL=sys.argv[1])))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE) for _ in range(6)]
    for process in processes:
        _, problem = process.communicate(timeout=120)
        assert process.returncode == 0, problem.decode()
    prepare(locate(settings))
    with Database(url).transaction() as connection:
        assert connection.execute("select count(*) as n from strava.athlete").fetchone() == {"n": 0}


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("mysql://somebody@nowhere/x", SettingsError, "must look like postgresql://"),
        ("postgresql://somebody:secret-word@127.0.0.1:1/strava", DatabaseUnavailable, "cannot connect to PostgreSQL"),
        ("postgresql://somebody:secret-word@host.invalid/strava", DatabaseUnavailable, "cannot connect to PostgreSQL"),
    ],
)
def test_a_wrong_url_is_a_clear_line_without_the_password(url: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        prepare(locate(Settings(_env_file=None, STRAVA_ASSETS_DATABASE_URL=url)))
    assert "secret-word" not in str(caught.value)
    assert "\n" not in str(caught.value)
