"""What strangers try: odd requests, half requests, endless ones. None gets more than a plain refusal."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from strava_assets.gateway import protocol, webhook
from strava_assets.gateway.app import SECURITY_HEADERS
from strava_assets.gateway.files import PublicFiles
from strava_assets.gateway.server import listen
from strava_assets.strava.webhooks import parse_event, path_token
from strava_assets_tests.gateway.running import EVENT, Gateway
from strava_assets_tests.strava.test_signature import mark

ROUTES = ["/", "/index.json", "/public/index.json", "/streams/a/b.csv", "/connect", "/connect/callback", "/healthz"]


def head(answer: bytes) -> tuple[int, dict[str, str]]:
    """Status and headers of a raw answer."""
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    named = (line.partition(": ") for line in lines[1:])
    return int(lines[0].split()[1]), {name.lower(): value for name, _, value in named}


def guarded(headers: Any) -> bool:
    """Whether the headers that every answer carries are there."""
    return all(name.lower() in headers for name in SECURITY_HEADERS)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ROUTES)
def test_other_methods_are_not_allowed(shared: Gateway, method: str, path: str) -> None:
    answer = shared.http.request(method, shared.url + path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert guarded(answer.headers)


def test_the_webhook_says_which_methods_it_has(shared: Gateway) -> None:
    answer = shared.http.delete(f"{shared.url}/webhook/x")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_head_is_get_without_a_body(shared: Gateway) -> None:
    for path in ROUTES:
        got, asked = shared.get(path), shared.http.head(shared.url + path)
        assert (asked.status_code, asked.content) == (got.status_code, b"")


def test_a_fault_of_ours_is_one_sentence_with_the_headers_of_every_answer(
    shared: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a detail that is nobody's business")

    monkeypatch.setattr(PublicFiles, "answer", fail)
    answer = shared.get("/index.json")
    assert (answer.status_code, answer.text) == (500, "something went wrong; the gateway's log says what\n")
    assert guarded(answer.headers)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(EVENT)[:-1] + ', "owner_id": 3}',
        json.dumps(EVENT).replace("{}", '{"private": "true", "private": "false"}'),
        json.dumps(EVENT).replace("{}", '{"x": NaN}'),
        json.dumps(EVENT).replace("{}", '{"x": -Infinity}'),
        json.dumps(EVENT).replace("7", "7.0"),
        json.dumps(EVENT).replace("7", "1e3"),
        json.dumps(EVENT).replace("7", "9" * 40),
        json.dumps(EVENT).replace("7", "9" * 5000),
        json.dumps(EVENT).replace("{}", '{"x": ' + "9" * 5000 + "}"),
        json.dumps(EVENT).replace("{}", '{"x": ' + "[" * 20_000 + "]" * 20_000 + "}"),
        json.dumps(EVENT).replace("{}", "{" + ",".join(f'"{number}": ""' for number in range(60)) + "}"),
        json.dumps(EVENT) + "x",
        "\ufeff" + json.dumps(EVENT),
        json.dumps(EVENT).encode("utf-16"),
        json.dumps(EVENT).encode() + b"\xff",
        b"\x00" * 100,
        b"aspect_type=create&object_id=7",
    ],
)
def test_what_is_not_strictly_an_event_is_a_bad_request(shared: Gateway, body: str | bytes) -> None:
    answer = shared.post(body.encode() if isinstance(body, str) else body)
    assert answer.status_code == 400
    assert guarded(answer.headers)


def test_however_deep_it_is_it_is_an_event_or_none() -> None:
    for depth in range(1, 1500):
        body = json.dumps(EVENT).replace("{}", '{"x": ' + "[" * depth + "]" * depth + "}").encode()
        with contextlib.suppress(ValueError):
            parse_event(body).parameters()


def test_a_body_that_does_not_come_is_not_waited_for(shared: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "BODY_LASTS", 0.2)
    start = f"POST /webhook/{path_token(shared.settings)} HTTP/1.1\r\nHost: x\r\n"
    for rest in ("Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"):
        status, headers = head(shared.say((start + rest).encode()))
        assert (status, headers["connection"]) == (408, "close")
        assert guarded(headers)


def test_a_body_without_an_end_is_cut_off(shared: Gateway) -> None:
    start = f"POST /webhook/{path_token(shared.settings)} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    status, headers = head(shared.say(start.encode(), *[chunk] * 200))
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET /ind"])
def test_a_request_that_does_not_come_is_not_waited_for(
    shared: Gateway, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(protocol, "HEAD_LASTS", 0.2)
    monkeypatch.setattr(shared.server.config, "timeout_keep_alive", 0.2)
    assert shared.say(said) == b""
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    assert shared.say(whole + said).startswith(b"HTTP/1.1 200")  # nor a second one on the same connection


def test_a_head_without_an_end_is_cut_off(shared: Gateway) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 1000) for number in range(1000))
    for endless in (b"GET / HTTP/1.1\r\n", b"GET /" + b"a" * 1_000_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000):
        answer = shared.say(endless, lines, lines, lines)
        assert answer == b"" or head(answer)[0] == 400  # the connection may be gone before the answer is read


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET index.html HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX\x00: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_the_headers_of_every_answer(shared: Gateway, said: bytes) -> None:
    answer = shared.say(said)
    status, headers = head(answer)
    assert status in (400, 405)
    assert guarded(headers)
    assert b"Traceback" not in answer


def test_strangers_do_not_fill_the_log(shared: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        shared.say(b"hello\r\n\r\n")
        shared.say(
            b"GET /index.json HTTP/1.1\r\nHost: x\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        shared.get("/../../etc/passwd")
        shared.post(b"{")
        shared.post({**EVENT, "owner_id": 8}, token="wrong")
        for number in range(5):
            shared.post({**EVENT, "owner_id": 100 + number})
    said = [record.getMessage() for record in caplog.records if record.name.startswith(("uvicorn", "strava_assets"))]
    assert said == ["1 events refused; of the last one, its subscription or its owner is unknown"]


def test_a_wish_for_a_websocket_is_answered_like_any_other_request(shared: Gateway) -> None:
    for path in ("/", "/webhook/x"):
        status, headers = head(
            shared.say(
                f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
        )
        assert status == shared.get(path).status_code
        assert guarded(headers)


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example\r\nX-Forwarded-Host: evil.example", "[::1", "a b", "é"]
)
@pytest.mark.parametrize("path", ["/", "/connect", "/healthz/", "//evil.example", "http://evil.example/"])
def test_the_host_header_leads_nowhere(shared: Gateway, host: str, path: str) -> None:
    answer = shared.say(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status, headers = head(answer)
    assert status in (200, 400, 404, 503)
    assert guarded(headers)
    assert b"evil" not in answer


def test_a_request_without_a_host_is_no_fault_of_ours(shared: Gateway) -> None:
    assert head(shared.say(b"GET / HTTP/1.0\r\n\r\n"))[0] == 200
    assert head(shared.say(b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n"))[0] in (400, 404, 405)


@pytest.mark.parametrize("name", ["state", "code", "error", "scope"])
def test_no_header_can_be_smuggled_in_through_the_consent(shared: Gateway, name: str) -> None:
    for path in ("/connect", "/connect/callback"):
        answer = shared.raw(f"{path}?{name}=x%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>")
        _, headers = head(answer)
        assert "a=b" not in headers.get("set-cookie", "")
        assert b"<script>" not in answer


def test_links_to_folders_outside_the_public_root_lead_nowhere(shared: Gateway) -> None:
    shared.public.mkdir(parents=True)
    (shared.public.parent / "secret.txt").write_text("secret")
    (shared.public / "up").symlink_to(shared.public.parent)
    (shared.public / "round").symlink_to("round")
    for path in ("/up/secret.txt", "/public/up/secret.txt", "/round", "/round/x", f"/{'a' * 300}", f"/{'a/' * 250}b"):
        assert shared.get(path).status_code == 404


def test_with_a_key_only_signed_events_are_taken(shared: Gateway) -> None:
    with_key = shared.settings.model_copy(update={"webhook_signing_key": SecretStr("open sesame")})
    signed = Gateway(replace(shared.installation, settings=with_key), listen("127.0.0.1", 0))
    body, now = json.dumps(EVENT).encode(), int(time.time())
    url = f"{signed.url}/webhook/{path_token(signed.settings)}"

    def sent(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return shared.http.post(url, content=body, headers=named).status_code

    assert sent() == 403
    assert sent(X_Strava_Signature=f"t={now},v1={'0' * 64}") == 403
    assert sent(X_Strava_Signature=f"t={now - 400},v1={mark(now - 400, body)}") == 403
    assert sent(X_Strava_Signature=f"t={now},v1={mark(now, body)}") == 200
    assert sent(X_Strava_Signature=f"t={now},v1={'0' * 64},v1={mark(now, body)}") == 200
    signed.stop()


def test_without_a_key_a_signature_is_not_looked_at(shared: Gateway) -> None:
    url = f"{shared.url}/webhook/{path_token(shared.settings)}"
    answer = shared.http.post(url, json=EVENT, headers={"X-Strava-Signature": "t=1,v1=0"})
    assert answer.status_code == 200
