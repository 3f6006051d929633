"""``strava-assets view``: a link to the owner's view, or a password that only its hash is kept of."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from rich.console import Console
from typer.testing import CliRunner

from strava_assets import cli, demo
from strava_assets.errors import SettingsError
from strava_assets.gateway.owner_access import link
from strava_assets.owner_password import hashed, is_hash, matches
from strava_assets.settings import load
from strava_assets_tests.conftest import Run

PASSWORD = "correct horse battery"


def test_a_link_leads_to_this_machine_only(
    strava_assets: Run,
    monkeypatch: pytest.MonkeyPatch,
    settings_of: Callable[..., Any],
) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_BASE_URL", "https://rides.example.org")
    code, said = strava_assets("view")
    address = urlsplit(said.splitlines()[0])
    assert (code, address.netloc, address.path) == (0, "127.0.0.1:8000", "/mine/")
    assert list(parse_qs(address.query)) == ["key"]
    assert link(settings_of(STRAVA_ASSETS_HOST="::", STRAVA_ASSETS_PORT=9000)).startswith(
        "http://[::1]:9000/mine/?key="
    )
    with pytest.raises(SettingsError, match=r"view --password"):
        link(settings_of(STRAVA_ASSETS_HOST="192.168.1.5"))


def test_the_link_of_another_installation_is_another_one(settings_of: Callable[..., Any]) -> None:
    other = settings_of(STRAVA_ASSETS_SECRET_KEY="f" * 64)
    assert link(settings_of(), 0.0) == link(settings_of(), 0.0) != link(other, 0.0)


@pytest.mark.parametrize(
    ("terminal", "told"), [(True, "http://127.0.0.1:8000/mine/?key="), (False, "strava-assets view")]
)
def test_up_prints_the_link_on_a_terminal_and_never_into_a_log(
    settings_of: Callable[..., Any], terminal: bool, told: str
) -> None:
    said = demo._for_the_owner(settings_of(), Console(file=io.StringIO(), force_terminal=terminal))
    assert told in said
    assert ("key=" in said) is terminal
    assert demo._for_the_owner(settings_of(STRAVA_ASSETS_HOST="192.168.1.5"), Console(file=io.StringIO())) == ""


def test_of_a_password_only_a_hash_is_printed_that_the_settings_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(cli.app, ["view", "--password"], input=f"{PASSWORD}\n{PASSWORD}\n")
    assert said.exit_code == 0
    assert PASSWORD not in said.output
    (line,) = (line for line in said.output.splitlines() if line.startswith("STRAVA_ASSETS_OWNER_PASSWORD_HASH="))
    (tmp_path / ".env").write_text(line)
    taken = load().owner_password_hash
    assert taken is not None
    assert matches(PASSWORD, taken.get_secret_value())


def test_a_short_password_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, ["view", "--password"], input="short\nshort\n")
    assert isinstance(done.exception, SettingsError)
    assert "12 to 128 characters; it has 5" in str(done.exception)


def test_a_hash_knows_its_password_and_no_other(settings_of: Callable[..., Any]) -> None:
    kept = hashed(PASSWORD)
    assert matches(PASSWORD, kept)
    assert not matches(PASSWORD + "x", kept)
    assert not matches("x" * 10_000, kept)
    assert hashed(PASSWORD) != kept  # another salt
    assert not {"$", "#", " ", "'", '"'} & set(kept)  # goes through .env and shells as it is
    taken = settings_of(STRAVA_ASSETS_OWNER_PASSWORD_HASH=kept).owner_password_hash
    assert taken is not None
    assert taken.get_secret_value() == kept


@pytest.mark.parametrize("wrong", [PASSWORD, "scrypt:16384:8:5:", "scrypt:1:1:1:AAAA:AAAA", "scrypt:16384:8:5:é:x"])
def test_what_is_no_hash_is_refused(settings_of: Callable[..., Any], wrong: str) -> None:
    assert not is_hash(wrong)
    with pytest.raises(ValidationError, match=r"view --password"):
        settings_of(STRAVA_ASSETS_OWNER_PASSWORD_HASH=wrong)
