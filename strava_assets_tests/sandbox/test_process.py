"""The simulation as a process of its own, as the demo starts it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from strava_assets.errors import SettingsError
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import serve

COMMAND = [sys.executable, "-m", "strava_assets.sandbox"]


def test_it_says_in_one_line_when_it_is_ready_and_ends_when_told():
    process = subprocess.Popen(
        [*COMMAND, "--activities", "5", "--arrived", "1", "--auto-approve", "--read-limit", "7,70"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        assert httpx.get(f"{url}/control/log", trust_env=False).json()["calls"] == 0
        back = httpx.get(
            f"{url}/oauth/authorize",
            trust_env=False,
            params={"client_id": "1001", "redirect_uri": "http://localhost/back", "scope": "activity:read"},
        )
        code = httpx.URL(back.headers["location"]).params["code"]
        token = httpx.post(
            f"{url}/oauth/token",
            trust_env=False,
            data={
                "client_id": "1001",
                "client_secret": "sandbox-secret",
                "grant_type": "authorization_code",
                "code": code,
            },
        ).json()["access_token"]
        listed = httpx.get(
            f"{url}/api/v3/athlete/activities", trust_env=False, headers={"Authorization": f"Bearer {token}"}
        )
        assert listed.headers["x-readratelimit-limit"] == "7,70"
        assert listed.json()[0]["start_date"].startswith("2024-07-01")
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert out == ""
    assert err == ""


def test_a_port_in_use_is_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, "--activities", "1", "--port", str(port)], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert str(port) in done.stderr


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    done = subprocess.run([*COMMAND, "--folder", str(tmp_path / "absent")], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


def test_it_listens_on_loopback_only():
    with pytest.raises(SettingsError, match="loopback"), serve(synthetic_account(activities=1), host="0.0.0.0"):
        pass
