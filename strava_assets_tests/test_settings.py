"""Settings come from the names in CONTRACT, and from no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from strava_assets.errors import SettingsError
from strava_assets.settings import load, unknown_names
from strava_assets.stack import settings_environment


@pytest.fixture(autouse=True)
def no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not the ``.env`` of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)


def test_what_a_shell_sets_for_itself_is_no_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOME", "HOST", "PORT", "BASE_URL", "DATABASE_URL", "CLIENT_ID"):
        monkeypatch.setenv(name, "/somewhere/else")
    settings = load()
    assert settings.home_path == tmp_path / "var"
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8000, None)


def test_browsers_are_sent_to_the_port_that_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().base_url == "http://127.0.0.1:8000"
    monkeypatch.setenv("STRAVA_ASSETS_PORT", "8001")
    assert load().base_url == "http://127.0.0.1:8001"
    monkeypatch.setenv("STRAVA_ASSETS_BASE_URL", "https://rides.example.org/")
    assert load().base_url == "https://rides.example.org"
    monkeypatch.setenv("STRAVA_ASSETS_BASE_URL", "rides.example.org")
    with pytest.raises(SettingsError, match=r"STRAVA_ASSETS_BASE_URL: .* does not start with http"):
        load()


@pytest.mark.parametrize("name", ["SMTP_URL", "STRAVA_ASSETS_SMTP_URL"])
def test_the_mail_server_has_two_names_and_children_get_it_by_the_first(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "smtp://robot:secret-word@mail.example.org")
    settings = load()
    assert unknown_names() == {}
    assert settings_environment(settings)["SMTP_URL"] == "smtp://robot:secret-word@mail.example.org"
    assert "secret-word" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRAVA_ASSETS_ALERT_EMAIL", "secret-word"),
        ("STRAVA_ASSETS_ALERT_EMAIL", "me@example.org, secret-word@example.org"),
        ("SMTP_URL", "secret-word"),
        ("STRAVA_ASSETS_SMTP_URL", "smtp://robot:secret-word/@mail.example.org"),
    ],
)
def test_a_wrong_address_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name.removeprefix("STRAVA_ASSETS_")) as told:
        load()
    assert "secret-word" not in str(told.value)


@pytest.mark.parametrize(
    ("private", "public"),
    [
        ("", "var"),
        ("", "."),
        ("", "var/private"),
        ("", "var/private/shown"),
        ("", "file://{here}/var/private"),
        ("", "link"),
        ("", "var/inbox"),
        ("", "var/reports/public"),
        ("", "var/postgres"),
        ("var/public", ""),
        ("var/public/kept", ""),
        ("elsewhere", "elsewhere"),
        ("s3://bucket/kept", "s3://bucket"),
        ("s3://bucket", "s3://bucket/shown"),
        ("s3://bucket/all/", "s3://bucket//all"),
    ],
)
def test_nothing_private_lies_under_the_public_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, private: str, public: str
) -> None:
    (tmp_path / "var" / "private").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "var")
    monkeypatch.setenv("STRAVA_ASSETS_PRIVATE_URL", private)
    monkeypatch.setenv("STRAVA_ASSETS_PUBLIC_URL", public.format(here=tmp_path))
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        load()


@pytest.mark.parametrize(
    ("private", "public"),
    [
        ("", ""),
        ("", "var/shown"),
        ("", "var/private-no-more"),
        ("s3://bucket/kept", "s3://bucket/shown"),
        ("s3://kept", "s3://shown"),
        ("s3://var", "var/public"),
    ],
)
def test_places_of_their_own_are_accepted(monkeypatch: pytest.MonkeyPatch, private: str, public: str) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_PRIVATE_URL", private)
    monkeypatch.setenv("STRAVA_ASSETS_PUBLIC_URL", public)
    load()
