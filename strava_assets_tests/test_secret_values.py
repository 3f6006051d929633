"""A secret may be given as it is, in a file, or by where it is kept; it is never shown."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from strava_assets import secret_values
from strava_assets.doctor import examine
from strava_assets.errors import SettingsError
from strava_assets.settings import Settings, load, unknown_names
from strava_assets.stack import settings_environment
from strava_assets_tests.warehouse.google_cloud import service_account

WORD = "a-word-that-nobody-may-see"
NAME = "STRAVA_CLIENT_SECRET"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No ``.env`` of whoever runs the tests, and nothing that an earlier test asked for."""
    monkeypatch.chdir(tmp_path)
    secret_values._ask.cache_clear()


def value_of(settings: Settings) -> str:
    assert settings.client_secret is not None
    return settings.client_secret.get_secret_value()


def test_a_mounted_file_holds_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "strava").write_text(f"{WORD}\n")
    monkeypatch.setenv(f"{NAME}_FILE", "strava")
    settings = load()
    assert value_of(settings) == WORD
    assert WORD not in repr(settings)
    assert unknown_names() == {}
    # children look for themselves: no environment holds it
    assert settings_environment(settings)[NAME] == f"file:{tmp_path / 'strava'}"
    monkeypatch.setenv(NAME, settings_environment(settings)[NAME])
    assert value_of(load()) == WORD


@pytest.mark.parametrize("name", sorted(secret_values.secret_names(Settings).values()))
def test_every_secret_can_be_in_a_file_that_the_env_file_names(name: str, tmp_path: Path) -> None:
    good = {
        "STRAVA_ASSETS_ALERT_EMAIL": f"{WORD}@example.org",
        "SMTP_URL": f"smtp://robot:{WORD}@mail.example.org",
        "STRAVA_ASSETS_OWNER_PASSWORD_HASH": f"scrypt:16384:8:5:{'A' * 22}==:{'A' * 43}=",
    }.get(name, WORD)
    (tmp_path / "held").write_text(good)
    (tmp_path / ".env").write_text(f"{name}_FILE={tmp_path / 'held'}\n")
    settings = load()
    (field,) = [field for field, alias in secret_values.secret_names(Settings).items() if alias == name]
    assert getattr(settings, field).get_secret_value() == good
    assert good not in "".join(settings_environment(settings).values())


def test_a_secret_in_a_file_is_checked_as_any_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "address").write_text(WORD)
    monkeypatch.setenv("STRAVA_ASSETS_ALERT_EMAIL_FILE", "address")
    with pytest.raises(SettingsError, match="STRAVA_ASSETS_ALERT_EMAIL: is no e-mail address") as told:
        load()
    assert WORD not in str(told.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file"),
        (b" \n", "is empty"),
        (b"\xff\xfe" + WORD.encode(), "is no text"),
        (WORD.encode() * 5000, "too large for a secret"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "held").write_bytes(content)
    monkeypatch.setenv(f"{NAME}_FILE", "held")
    with pytest.raises(SettingsError, match=f"{NAME}: .*{words}") as told:
        load()
    assert WORD not in str(told.value)
    assert "\n" not in str(told.value)


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "held").write_text("other")
    monkeypatch.setenv(f"{NAME}_FILE", "held")
    monkeypatch.setenv(NAME, WORD)
    with pytest.raises(SettingsError, match=f"{NAME} and {NAME}_FILE are both set") as told:
        load()
    assert WORD not in str(told.value)
    monkeypatch.delenv(NAME)
    # what the program itself says, as the demo does, comes first
    assert value_of(Settings(STRAVA_CLIENT_SECRET="given", _env_file=None)) == "given"


class TestAmazon:
    """AWS Secrets Manager, over HTTP."""

    @pytest.fixture
    def kept(self, s3: str) -> Any:
        import boto3

        httpx.post(f"{s3}/moto-api/reset", trust_env=False)
        client = boto3.client("secretsmanager")
        client.create_secret(Name="rides/strava", SecretString=WORD)
        client.create_secret(Name="rides/all", SecretString=json.dumps({"client": WORD, "number": 3}))
        client.create_secret(Name="rides/bytes", SecretBinary=b"\x00\x01")
        return client

    def test_a_secret_or_a_member_of_one_is_asked_for_once(self, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        arn = kept.describe_secret(SecretId="rides/all")["ARN"]
        for reference in ("aws-secret:rides/strava", "aws-secret:rides/all#client", f"aws-secret:{arn}#client"):
            monkeypatch.setenv(NAME, reference)
            assert value_of(load()) == WORD
            assert settings_environment(load())[NAME] == reference
        kept.put_secret_value(SecretId="rides/strava", SecretString="changed")
        monkeypatch.setenv(NAME, "aws-secret:rides/strava")
        assert value_of(load()) == WORD  # until the process starts anew

    @pytest.mark.parametrize(
        ("reference", "words"),
        [
            ("rides/none", "answers ResourceNotFoundException for rides/none"),
            ("rides/all#number", "no JSON object with a text 'number'"),
            ("rides/strava#client", "no JSON object with a text 'client'"),
            ("rides/bytes", "is binary"),
        ],
    )
    def test_what_is_not_there_is_said_in_a_line(
        self, kept: Any, monkeypatch: pytest.MonkeyPatch, reference: str, words: str
    ) -> None:
        monkeypatch.setenv(NAME, f"aws-secret:{reference}")
        with pytest.raises(SettingsError, match=f"{NAME}: .*{words}") as told:
            load()
        assert WORD not in str(told.value)

    def test_nobody_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", WORD)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv(NAME, "aws-secret:rides/strava")
        with pytest.raises(SettingsError, match="AWS Secrets Manager cannot be asked for rides/strava") as told:
            load()
        assert WORD not in str(told.value)


class Google(BaseHTTPRequestHandler):
    """Google's token address and Secret Manager, as far as we use them."""

    secrets = {"projects/mine/secrets/strava/versions/latest": WORD, "projects/mine/secrets/strava/versions/1": "old"}

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, {"access_token": "for-an-hour", "expires_in": 3600, "token_type": "Bearer"})

    def do_GET(self) -> None:
        path, _, verb = self.path.removeprefix("/v1/").rpartition(":")
        if self.headers["Authorization"] != "Bearer for-an-hour" or verb != "access":
            self._say(401, {})
        elif path.endswith("/rubbish/versions/latest"):
            self._say(200, {"payload": {"data": "not base64!"}})
        elif path in self.secrets:
            self._say(200, {"payload": {"data": base64.b64encode(self.secrets[path].encode()).decode()}})
        else:
            self._say(404, {"error": {"code": 404}})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


class TestGoogle:
    """Google Secret Manager, over HTTP, with a service account's key."""

    @pytest.fixture
    def cloud(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Google)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        account = service_account(url, tmp_path / "account.json")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", f"{url}/")
        yield
        server.shutdown()
        server.server_close()

    @pytest.mark.parametrize(
        ("reference", "value"),
        [("strava", WORD), ("projects/mine/secrets/strava", WORD), ("projects/mine/secrets/strava/versions/1", "old")],
    )
    def test_a_secret_is_asked_for(
        self, cloud: None, monkeypatch: pytest.MonkeyPatch, reference: str, value: str
    ) -> None:
        monkeypatch.setenv(NAME, f"gcp-secret:{reference}")
        assert value_of(load()) == value
        assert settings_environment(load())[NAME] == f"gcp-secret:{reference}"

    @pytest.mark.parametrize(
        ("reference", "words"),
        [("none", "answers 404 for projects/mine/secrets/none"), ("rubbish", "answers with no secret")],
    )
    def test_what_is_not_there_is_said_in_a_line(
        self, cloud: None, monkeypatch: pytest.MonkeyPatch, reference: str, words: str
    ) -> None:
        monkeypatch.setenv(NAME, f"gcp-secret:{reference}")
        with pytest.raises(SettingsError, match=f"{NAME}: .*{words}"):
            load()

    def test_without_credentials_it_is_said_what_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
        monkeypatch.setenv(NAME, "gcp-secret:strava")
        with pytest.raises(SettingsError, match=f"{NAME}: Google Secret Manager cannot be asked for strava: "):
            load()


def test_doctor_says_where_a_secret_is_and_not_what(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installation: Any
) -> None:
    (tmp_path / "held").write_text(WORD)
    settings = Settings(
        _env_file=None,
        STRAVA_CLIENT_SECRET=f"file:{tmp_path / 'held'}",
        STRAVA_ASSETS_HOME=installation.settings.home,
        STRAVA_ASSETS_DATABASE_URL=installation.settings.database_url,
        STRAVA_ASSETS_SECRET_KEY=installation.settings.secret_key,
    )
    rows = {row.what: row.found for row in examine(settings)}
    assert rows[NAME] == "in a file (not shown)"
    assert WORD not in str(rows)
