"""The page of a bucket in a real Chromium: from the bucket itself, and from the gateway with presigned streams."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strava_assets import page
from strava_assets.gateway.server import listen
from strava_assets.installation import open_installation
from strava_assets.stores import Store
from strava_assets_tests.browser import public_root
from strava_assets_tests.browser.conftest import visits
from strava_assets_tests.gateway.running import Gateway

RIDE = public_root.invent(12)[0]


@pytest.fixture
def bucket(s3: str, settings_of: Any, tmp_path: Path, site: dict[str, bytes]) -> Iterator[Gateway]:
    """A gateway before a bucket with the page and a small history in it."""
    installation = open_installation(settings_of(STRAVA_ASSETS_PUBLIC_URL="s3://public-rides/map"))
    store = Store(installation.settings.public_root)
    public_root.write(tmp_path / "root", public_root.invent(12))
    written = {
        path.relative_to(tmp_path / "root").as_posix(): path.read_bytes()
        for path in (tmp_path / "root").rglob("*")
        if path.is_file()
    }
    types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for path, data in {**written, **page.files(installation.settings)}.items():
        store.write(path, data, content_type=types.get(Path(path).suffix, "application/json"))
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    yield gateway
    gateway.stop()
    installation.database.close()


def test_a_profile_comes_from_the_bucket_itself_by_a_presigned_address(
    bucket: Gateway, s3: str, driver: subprocess.Popen[str]
) -> None:
    seen = visits(driver, f"{bucket.url}/")("open", ride=RIDE.id)
    assert seen["console"] == [], "the page's policy refuses the bucket"
    assert seen["card"]["lines"] == 3
    (signed,) = seen["foreign"]
    assert signed.startswith(f"{s3}/public-rides/map/{public_root.ATHLETE}/streams/stream_{RIDE.id}.csv?")
    assert f"/streams/{public_root.ATHLETE}/{RIDE.id}.csv" in seen["requests"]


def test_where_the_bucket_lets_no_other_page_read_the_gateway_hands_it_out(
    bucket: Gateway, driver: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bucket.server.config.app.state.files
    monkeypatch.setattr(files, "address", lambda key: "http://127.0.0.1:1/refused")
    seen = visits(driver, f"{bucket.url}/")("open", ride=RIDE.id)
    assert seen["card"]["lines"] == 3
    assert f"/{public_root.ATHLETE}/streams/stream_{RIDE.id}.csv" in seen["requests"]


def test_the_bucket_as_a_static_host_needs_no_gateway(bucket: Gateway, s3: str, driver: subprocess.Popen[str]) -> None:
    import boto3

    anybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::public-rides/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anybody]})
    boto3.client("s3").put_bucket_policy(Bucket="public-rides", Policy=policy)
    seen = visits(driver, f"{s3}/public-rides/map/index.html")("open", ride=RIDE.id)
    assert (seen["console"], seen["foreign"]) == ([], [])
    assert seen["card"]["lines"] == 3
