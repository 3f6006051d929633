"""Settings come from the names in CONTRACT, and from no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from strava_assets.settings import load


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
