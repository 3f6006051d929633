"""The gateway, over real HTTP: files, refusals, the consent, the webhook."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from strava_assets.errors import SettingsError
from strava_assets.gateway.server import listen, serve
from strava_assets.gateway.webhook import LARGEST_BODY
from strava_assets.publish.paths import lake_activities_path, lake_samples_path
from strava_assets.strava.webhooks import path_token, verify_token
from strava_assets_tests.gateway.conftest import know
from strava_assets_tests.gateway.running import EVENT, Gateway

PUBLIC = "0123456789abcdef"


@pytest.fixture
def gateway(shared: Gateway) -> Gateway:
    """A gateway before a small public root and a database that knows nobody."""
    with shared.installation.database.transaction() as connection:
        connection.execute("truncate strava.webhook_event, strava.webhook_subscription, strava.athlete cascade")
    shutil.rmtree(shared.public, ignore_errors=True)
    shared.public.mkdir(parents=True)
    (shared.public / "index.json").write_text('{"schema": 1, "athletes": []}')
    (shared.public / "assets").mkdir()
    (shared.public / "assets" / "index-abc.js").write_text("let map;" * 500)
    streams = shared.public / PUBLIC / "streams"
    streams.mkdir(parents=True)
    (streams / f"stream_{PUBLIC}.csv").write_text("segment,time\n0,0\n")
    (shared.public / ".hidden").write_text("hidden")
    (shared.public.parent / "secret.txt").write_text("secret")
    (shared.public / "link.txt").symlink_to(shared.public.parent / "secret.txt")
    return shared


def test_before_anything_is_published_a_page_says_so(gateway: Gateway) -> None:
    answer = gateway.get("/")
    assert answer.status_code == 200
    assert "Nothing is published yet" in answer.text
    (gateway.public / "index.html").write_text("<!doctype html>map")
    assert gateway.get("/").text == "<!doctype html>map"


def test_the_map_brings_its_own_stricter_policy(gateway: Gateway) -> None:
    (gateway.public / "index.html").write_text("<!doctype html>map")
    for path in ("/", "/index.html", "/public/index.html"):
        policy = gateway.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; ")
        assert policy.endswith("frame-ancestors 'none'")
    assert gateway.get("/index.json").headers["content-security-policy"].startswith("default-src 'self'")


def test_files_are_there_under_both_addresses(gateway: Gateway) -> None:
    assert gateway.get("/public/index.json").json() == gateway.get("/index.json").json()
    answer = gateway.get(f"/streams/{PUBLIC}/{PUBLIC}.csv")
    assert answer.text == "segment,time\n0,0\n"
    assert answer.headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize("name_of", [lake_activities_path, lambda athlete: lake_samples_path(athlete, "2024-05")])
def test_the_public_lake_is_there_too(gateway: Gateway, name_of: Callable[[str], str]) -> None:
    file = gateway.public / name_of(PUBLIC)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"PAR1")
    answer = gateway.get(f"/public/{name_of(PUBLIC)}")
    assert (answer.status_code, answer.content) == (200, b"PAR1")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"


def test_a_file_that_one_has_is_not_sent_again(gateway: Gateway) -> None:
    first = gateway.get("/public/index.json")
    again = gateway.get("/public/index.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    (gateway.public / "index.json").write_text('{"schema": 1, "athletes": [1]}')
    changed = gateway.get("/public/index.json", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


def test_large_text_is_compressed(gateway: Gateway) -> None:
    with httpx.stream(
        "GET", gateway.url + "/assets/index-abc.js", headers={"Accept-Encoding": "gzip"}, trust_env=False
    ) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == b"let map;" * 500
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/index.json", "/nothing", "/healthz", "/webhook/x", "/connect/callback"])
def test_every_answer_carries_the_security_headers_and_no_file_time(gateway: Gateway, path: str) -> None:
    headers = gateway.get(path).headers
    assert "default-src" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "last-modified" not in headers
    assert "unsafe-inline" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    "target",
    [
        "/public/../secret.txt",
        "/public/%2e%2e/secret.txt",
        "/public/..%2fsecret.txt",
        "/public//etc/passwd",
        "/public/%2fetc%2fpasswd",
        "/public/%252e%252e/secret.txt",
        "/public/..\\secret.txt",
        "/public/.hidden",
        "/.hidden",
        "/public/link.txt",
        "/public/%00",
        "/public/assets",
        "/public/assets/",
        "//etc/passwd",
        "/public/index.json/../../secret.txt",
        f"/streams/{PUBLIC}/..%2f..%2fx.csv",
        "/streams/../secret.csv",
        "/public/" + "a" * 5000,
    ],
)
def test_nothing_outside_the_public_root_is_ever_served(gateway: Gateway, target: str) -> None:
    answer = gateway.raw(target)
    assert answer.split(b" ")[1] in (b"404", b"400"), answer[:200]
    assert b"secret" not in answer.partition(b"\r\n\r\n")[2]
    assert b"hidden" not in answer.partition(b"\r\n\r\n")[2]


def test_it_says_when_it_is_ready(gateway: Gateway) -> None:
    assert gateway.get("/healthz").status_code == 200
    assert gateway.get("/readyz").json() == {"status": "ready"}


def test_strava_s_handshake_is_answered_only_with_both_secrets(gateway: Gateway) -> None:
    path, verify = path_token(gateway.settings), verify_token(gateway.settings)
    asked = {"hub.mode": "subscribe", "hub.challenge": "15f7d1a9", "hub.verify_token": verify}
    good = gateway.get(f"/webhook/{path}", params=asked)
    assert (good.status_code, good.json()) == (200, {"hub.challenge": "15f7d1a9"})
    assert gateway.get("/webhook/wrong", params=asked).status_code == 403
    assert gateway.get(f"/webhook/{path}", params={**asked, "hub.verify_token": "STRAVA"}).status_code == 403
    assert gateway.get(f"/webhook/{path}").status_code == 403


def kept(gateway: Gateway) -> list[tuple[str, int]]:
    with gateway.installation.database.transaction() as connection:
        return [
            (row["state"], row["deliveries"])
            for row in connection.execute("select state, deliveries from strava.webhook_event order by id").fetchall()
        ]


def test_an_event_is_committed_before_it_is_answered(gateway: Gateway) -> None:
    know(gateway.installation)
    assert gateway.post(EVENT).status_code == 200
    assert gateway.post(EVENT).status_code == 200
    assert kept(gateway) == [("pending", 2)]


def test_events_that_are_not_ours_are_refused(gateway: Gateway) -> None:
    assert gateway.post(EVENT).status_code == 403  # no subscription is known yet
    know(gateway.installation)
    assert gateway.post(EVENT, token="wrong").status_code == 403
    assert gateway.post({**EVENT, "subscription_id": 2}).status_code == 403
    assert gateway.post({**EVENT, "owner_id": 4}).status_code == 403
    assert [state for state, _ in kept(gateway)] == ["ignored"] * 3


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\x00", b"[" * 50_000, json.dumps({**EVENT, "object_id": None}).encode()]
)
def test_what_is_no_event_is_a_bad_request(gateway: Gateway, body: bytes) -> None:
    know(gateway.installation)
    assert gateway.post(body).status_code == 400
    assert kept(gateway) == []


def test_hostile_words_in_an_event_do_no_harm(gateway: Gateway) -> None:
    know(gateway.installation)
    updates = {"title": "\x00'; drop table x --\ud800", "x" * 5000: {"deep": [1]}}
    assert gateway.post({**EVENT, "updates": updates}).status_code == 200


def test_a_body_that_is_too_long_is_refused(gateway: Gateway) -> None:
    know(gateway.installation)
    assert gateway.post(b" " * (LARGEST_BODY + 1)).status_code == 413
    chunks = (b" " * 1024 for _ in range(80))
    answer = httpx.post(f"{gateway.url}/webhook/{path_token(gateway.settings)}", content=chunks, trust_env=False)
    assert answer.status_code == 413


def test_without_an_application_the_connect_page_says_what_is_missing(gateway: Gateway) -> None:
    answer = gateway.get("/connect")
    assert answer.status_code == 503
    assert "STRAVA_CLIENT_ID" in answer.text


def test_an_answer_from_nowhere_connects_nobody(gateway: Gateway) -> None:
    answer = gateway.get("/connect/callback", params={"code": "x", "state": "<script>alert(1)</script>"})
    assert answer.status_code == 400
    assert "<script>" not in answer.text


def test_an_event_that_cannot_be_kept_is_asked_for_again(gateway: Gateway) -> None:
    know(gateway.installation)
    with gateway.installation.database.transaction() as connection:
        connection.execute("alter table strava.webhook_event rename to away")
    assert gateway.post(EVENT).status_code == 503
    with gateway.installation.database.transaction() as connection:
        connection.execute("alter table strava.away rename to webhook_event")
    assert gateway.post(EVENT).status_code == 200


def test_a_port_in_use_is_one_line(settings_of: Any) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} on 127.0.0.1 .*STRAVA_ASSETS_PORT"):
            serve(settings_of(STRAVA_ASSETS_PORT=port))
