"""No secret leaves the places where it belongs: everything that the system says is searched for every secret.

One run through connecting, subscribing, events and the pipeline, with every failure that a part can meet, at log
level DEBUG; and all that was said meanwhile. A new secret setting is found by itself, as long as it is a
`SecretStr`; one that is none goes into `also_secret`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import psycopg
import pytest
from psycopg import sql

from strava_assets import cli
from strava_assets.database.connection import locate
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation, open_installation
from strava_assets.sandbox.athlete import synthetic_account
from strava_assets.sandbox.server import RunningSandbox, serve
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets.strava.account import clients, drain_events, events_requested
from strava_assets.strava.client import StravaClient
from strava_assets.strava.webhooks import path_token, verify_token
from strava_assets_tests.gateway.running import Gateway, address

PASSWORD = "the-database-s-p4ssword"
EMAIL = "somebody.private@example.org"
#: Where a secret may be, by protocol: Strava wants the client secret in this one address.
ALLOWED = {("Strava was asked: GET /api/v3/push_subscriptions", "STRAVA_CLIENT_SECRET")}


def also_secret(settings: Settings, sandbox: RunningSandbox) -> dict[str, str]:
    """Secrets that are no setting, by name; and settings that no stranger may read."""
    found = {
        "token of the webhook's path": path_token(settings),
        "verify token": verify_token(settings),
        "e-mail address": EMAIL,
    }
    for number, grant in enumerate(sandbox.state.grants._grants):
        found[f"refresh token {number}"] = grant.refresh
        found |= {f"access token {number}.{at}": token for at, token in enumerate(grant.access)}
    return found


def secrets_of(settings: Settings) -> dict[str, str]:
    """Every secret setting, by name; of an address also the password in it."""
    found = {}
    for name, described in type(settings).model_fields.items():
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            text = value.get_secret_value()
            found[str(described.alias)] = text
            if password := urlsplit(text).password if "://" in text else None:
                found[f"password of {described.alias}"] = password
    return found


@dataclass
class Heard:
    """What was said, by whom."""

    said: list[tuple[str, str]] = field(default_factory=list)

    def note(self, who: str, what: object) -> None:
        """One more."""
        self.said.append((who, what.decode(errors="replace") if isinstance(what, bytes) else str(what)))

    def leaks(self, secrets: dict[str, str]) -> list[str]:
        """Who said which secret; never the secret itself."""
        found = set()
        for who, what in self.said:
            for name, secret in secrets.items():
                if (secret in what or quote(secret, safe="") in what) and (who, name) not in ALLOWED:
                    found.add(f"{who} holds the {name}")
        return sorted(found)


class Browser(httpx.Client):
    """A person's browser: what its own library logs is not ours."""

    def send(self, *arguments: Any, **options: Any) -> httpx.Response:
        me = threading.get_ident()

        def is_not_mine(record: logging.LogRecord) -> bool:
            return record.thread != me

        library = [logging.getLogger(f"httpcore.{part}") for part in ("connection", "http11")]
        for logger in library:
            logger.addFilter(is_not_mine)
        try:
            return super().send(*arguments, **options)
        finally:
            for logger in library:
                logger.removeFilter(is_not_mine)


@dataclass
class Scene:
    """An installation whose every part is listened to."""

    installation: Installation
    sandbox: RunningSandbox
    gateway: Gateway
    heard: Heard
    command: Callable[..., int]

    def strava(self, deed: str, **details: Any) -> Any:
        """Do something at Strava."""
        answer = httpx.post(f"{self.sandbox.url}/control/{deed}", json=details, trust_env=False, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def failing(self, what: str, deed: Callable[[], Any]) -> None:
        """Do something that fails, and listen to how."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - any
            deed()
        self.heard.note(f"the exception of {what}", "".join(traceback.format_exception(caught.value)))
        self.heard.note(f"the exception of {what}", repr(caught.value))

    def visit(self, path: str, **options: Any) -> httpx.Response:
        """A page of the gateway, followed to its end by a browser."""

        def listen_to(answer: httpx.Response) -> None:
            if str(answer.request.url).startswith(self.gateway.url):
                answer.read()
                # a Location leads to Strava or back: it holds a state, which is no secret, and nothing else
                self.heard.note(f"the page {answer.request.url.path.partition('/webhook')[0]}", answer.text)
                self.heard.note("a header of a page", answer.headers)

        with Browser(
            follow_redirects=True, trust_env=False, timeout=30, event_hooks={"response": [listen_to]}
        ) as browser:
            return browser.request(options.pop("method", "GET"), self.gateway.url + path, **options)


@pytest.fixture
def scene(
    settings_of: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Scene]:
    """Strava, gateway and command line, all at their most talkative."""
    caplog.set_level(logging.DEBUG)
    before = dict(os.environ)
    heard = Heard()
    listening = listen("127.0.0.1", 0)
    with serve(
        synthetic_account(seed=1, activities=12),
        auto_approve=True,
        push_spacing=0.05,
        hang=0.3,
        read_limit=(5000, 5000),
        client_secret="the-client-s-s3cret",
        signing_key="the-signing-k3y",
    ) as sandbox:
        plain = settings_of()
        url = plain.database_url.get_secret_value() if plain.database_url else ""
        settings = settings_of(
            STRAVA_ASSETS_DATABASE_URL=url.replace(":@/", f":{PASSWORD}@/"),  # the server trusts whoever gets there
            STRAVA_API_URL=sandbox.api_url,
            STRAVA_OAUTH_URL=sandbox.oauth_url,
            STRAVA_CLIENT_ID=sandbox.client_id,
            STRAVA_CLIENT_SECRET=sandbox.client_secret,
            STRAVA_ASSETS_WEBHOOK_SIGNING_KEY="the-signing-k3y",
            STRAVA_ASSETS_BASE_URL=address(listening),
            STRAVA_ASSETS_ALERT_EMAIL=EMAIL,
            SMTP_URL="smtp://mailer:the-m4iler-s-password@127.0.0.1:9",
        )
        for name, value in settings_environment(settings).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)

        def command(*arguments: str, **environment: str) -> int:
            capfd.readouterr()
            code = 0
            with monkeypatch.context() as patch:
                patch.setattr(sys, "argv", ["strava-assets", *arguments])
                for name, value in environment.items():
                    patch.setenv(name, value)
                try:
                    cli.main()
                except SystemExit as done:
                    code = int(done.code or 0)
            said = capfd.readouterr()
            heard.note(f"strava-assets {' '.join(arguments)}", said.out + said.err)
            return code

        opened = open_installation(settings)
        gateway = Gateway(opened, listening)
        yield Scene(opened, sandbox, gateway, heard, command)
        gateway.stop()
        opened.database.close()
    os.environ.clear()
    os.environ.update(before)


def test_no_secret_is_said_anywhere(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    settings, sandbox, heard = scene.installation.settings, scene.sandbox, scene.heard
    codes = []
    # connecting: well, with an invented code, with Strava out of order
    assert "is connected" in scene.visit("/connect").text
    for trouble in (None, 500, "garbage", 429):
        with Browser(trust_env=False, timeout=20) as browser:
            consent = browser.get(browser.get(f"{scene.gateway.url}/connect").headers["location"])
            back = {name: value[0] for name, value in parse_qs(urlsplit(consent.headers["location"]).query).items()}
            codes.append(back["code"])
            if trouble:
                scene.strava("fail", calls=1, status=trouble, path="/oauth/token")
            code = back["code"] if trouble else "an-invented-c0de"
            cookies = dict(browser.cookies)
        answer = scene.visit("/connect/callback", params={**back, "code": code}, cookies=cookies)
        assert answer.status_code >= 400
    codes.append("an-invented-c0de")
    # subscribing and events: good, bad, forged, from strangers
    assert scene.command("subscription", "create") == 0
    assert scene.command("subscription", "list") == 0
    number = scene.strava("add")["id"]
    wait_for(lambda: [push for push in sandbox.pushes if 200 in push["answers"]])
    webhook = f"/webhook/{path_token(settings)}"
    forged = {"owner_id": 1, "subscription_id": 1, "object_type": "activity", "object_id": number}
    for body in (b"{", json.dumps(forged).encode(), b"x" * 70_000):
        for path in (webhook, "/webhook/wrong"):
            answer = scene.visit(path, method="POST", content=body, headers={"X-Strava-Signature": "t=1,v1=0"})
            assert answer.status_code in (403, 413)
    scene.visit(webhook, params={"hub.verify_token": "wrong", "hub.mode": "subscribe", "hub.challenge": "x"})
    scene.visit(webhook, params={"hub.verify_token": verify_token(settings)})
    # Strava's failures: what the drain, a client and the commands make of them
    for status in (500, 503, 401, "garbage", "empty", "hang", 429):
        scene.strava("fail", calls=3, status=status)
        report = drain_events(settings, scene.installation.database)
        heard.note("the sensor's tick", report)
        with scene.installation.database.transaction() as connection:
            connection.execute("update strava.webhook_event set next_attempt_at = now()")
        scene.strava("fail", calls=0)
    scene.strava("advance_clock", seconds=900)
    with scene.installation.database.transaction() as connection:
        connection.execute("delete from strava.api_quota")
        connection.execute("update strava.athlete set state = 'active'")
    me = sandbox.account.id
    with scene.installation.database.transaction() as connection:
        ours = connection.execute("select id from strava.athlete where strava_id = %s", (me,)).fetchone()
    assert ours is not None
    token = clients(settings, scene.installation.database)(ours["id"])._token
    scene.strava("fail", calls=1, status="hang")
    scene.failing("a client that waits", lambda: StravaClient(settings, token, timeout=(0.1, 0.1)).athlete())
    scene.strava("fail", calls=0)
    nobody = settings.model_copy(update={"api_url": "http://127.0.0.1:9/api/v3"})
    scene.failing("a client without a Strava", lambda: StravaClient(nobody, token, timeout=(0.1, 0.1)).athlete())
    for status in (401, 403, 500, "garbage"):
        scene.strava("fail", calls=1, status=status, path="push_subscriptions")
        assert scene.command("subscription", "list") == 1
    assert scene.command("subscription", "list", STRAVA_API_URL="http://127.0.0.1:9/api/v3") == 1
    assert scene.command("subscription", "create", STRAVA_CLIENT_SECRET="another") == 1
    # the pipeline, first in trouble, then not
    drained = drain_events(settings, scene.installation.database)
    events_requested(scene.installation.database, drained.handled)
    scene.strava("fail", calls=2, status=500, path="/streams")
    assert scene.command("sync") == 0
    month = drained.months[0]
    scene.command("materialize", "--months", month)
    assert scene.command("materialize", "--months", month) == 0
    for rest in (("verify",), ("zones", "list"), ("doctor",), ("subscription", "delete")):
        scene.command(*rest)
    wrong = f"postgresql://somebody:{PASSWORD}@127.0.0.1:9/strava"
    for rest in (("doctor",), ("sync",), ("materialize",)):
        assert scene.command(*rest, STRAVA_ASSETS_DATABASE_URL=wrong) == 1
    scene.command("doctor", STRAVA_ASSETS_DATABASE_URL=f"postgresql://somebody:{PASSWORD}/@127.0.0.1:9/strava")
    scene.command("doctor", STRAVA_ASSETS_SECRET_KEY="too-short-a-k3y")
    for path in ("/", "/index.json", "/public/index.json", "/healthz", "/readyz", "/nothing"):
        scene.visit(path)
    # everything that was said
    for record in caplog.records:
        heard.note(f"the log of {record.name}", logging.Formatter().format(record))
    for entry in sandbox.log:
        heard.note(f"Strava was asked: {entry['method']} {entry['path']}", entry["path"] + "?" + entry["query"])
    for path in Path(settings.public_root).rglob("*"):
        if path.is_file():
            heard.note("a public file", path.read_bytes())
    urls = locate(settings)
    for base, url in (("Dagster's database", urls.dagster), ("our database", urls.strava)):
        for name, rows in dump(url):
            heard.note(f"{base}, {name}", rows)
    # nothing was said of what is secret; and there was a lot that could have been
    secrets = {**secrets_of(settings), **also_secret(settings, sandbox), "short key": "too-short-a-k3y"}
    secrets |= {f"OAuth code {at}": code for at, code in enumerate(codes)}
    assert len(secrets) >= 14
    assert heard.leaks(secrets) == []
    speakers = " ".join({who for who, _ in heard.said})
    for one in (
        "the log of strava_assets.gateway",
        "the log of urllib3",
        "a public file",
        "event_logs",
        "webhook_event",
    ):
        assert one in speakers, f"{one} was not heard"
    assert any(
        who == "Dagster's database, public.event_logs" and "ASSET_MATERIALIZATION" in what for who, what in heard.said
    )


def test_a_secret_that_is_said_is_found() -> None:
    heard = Heard()
    heard.note("a page", "nothing")
    heard.note("a log", "GET /?token=a%2Fb")
    assert heard.leaks({"token": "a/b", "other": "x-y-z"}) == ["a log holds the token"]


def dump(url: str) -> Iterator[tuple[str, str]]:
    """Every table of a database, and everything in it as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(
                sql.SQL("select one::text from {} as one").format(sql.Identifier(schema, table))
            ).fetchall()
            yield f"{schema}.{table}", "\n".join(row[0] for row in rows)


def wait_for(ask: Callable[[], Any], seconds: float = 20.0) -> None:
    """Until something is there."""
    until = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.05)
