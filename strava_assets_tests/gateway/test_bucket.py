"""The public root in a bucket: streams are fetched from it directly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from moto.server import ThreadedMotoServer

from strava_assets.gateway.files import ADDRESS_LASTS
from strava_assets.gateway.server import listen
from strava_assets.installation import open_installation
from strava_assets_tests.gateway.running import Gateway

PUBLIC = "0123456789abcdef"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a folder in a bucket on a real S3 server."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    for name, value in (
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("NO_PROXY", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="maps")
    s3.put_object(Bucket="maps", Key=f"here/{PUBLIC}/streams/stream_{PUBLIC}.csv", Body=b"segment,time\n")
    s3.put_object(Bucket="maps", Key="here/index.json", Body=b"{}")
    yield "s3://maps/here"
    server.stop()


def test_a_stream_is_a_redirect_that_is_good_for_minutes(bucket: str, settings_of: Any) -> None:
    installation = open_installation(settings_of(STRAVA_ASSETS_PUBLIC_URL=bucket))
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    try:
        answer = gateway.get(f"/streams/{PUBLIC}/{PUBLIC}.csv")
        assert answer.status_code == 302
        asked = {
            name.lower(): values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()
        }
        lasts = int(asked["x-amz-expires"]) if "x-amz-expires" in asked else int(asked["expires"]) - time.time()
        assert lasts <= ADDRESS_LASTS <= 300
        assert httpx.get(answer.headers["location"], trust_env=False).content == b"segment,time\n"
        assert gateway.get(f"/streams/{PUBLIC}/{'f' * 16}.csv").status_code == 404
        assert gateway.get("/public/index.json").content == b"{}"
        assert gateway.get("/public/nothing.json").status_code == 404
        # the page may read from where such an address leads, and from nowhere else
        origin = answer.headers["location"].partition("/maps/")[0]
        s3 = installation.gate()._store
        s3.write("index.html", b"<!doctype html>")
        policy = gateway.get("/").headers["content-security-policy"]
        assert f"connect-src 'self' {origin};" in policy
        assert policy.count("http") == 1
        for told in (b"[1", b"7"):  # whatever lies there
            s3.write("config.json", told)
            assert gateway.get("/config.json").content == told
        s3.write("config.json", b'{"schema": 1}')
        config = gateway.get("/config.json")
        assert config.json() == {"schema": 1, "streams": "streams/{athlete}/{activity}.csv"}
        assert gateway.get("/config.json", headers={"If-None-Match": config.headers["etag"]}).status_code == 304
    finally:
        gateway.stop()
        installation.database.close()
