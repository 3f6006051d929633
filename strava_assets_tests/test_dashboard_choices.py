"""What the owner chose for the map: the page's config, and what the page may ask of whom."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from strava_assets import dashboard, page
from strava_assets.dashboard.choices import Choices, chosen, config, content_policy, tiles_origin
from strava_assets.errors import SettingsError
from strava_assets.installation import Installation, open_installation
from strava_assets.settings import load

PAGE = b'<meta http-equiv="Content-Security-Policy" content="default-src \'self\'"><title>x</title>'


def test_without_a_choice_nothing_is_asked_of_anybody_else() -> None:
    policy = content_policy("")
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "unsafe" not in policy
    assert json.loads(config(Choices())) == {"schema": 1, "title": None, "tiles": None, "units": None, "theme": None}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", "https://tile.openstreetmap.org"),
        ("https://{s}.tile.example.org/{z}/{x}/{y}.png", "https://*.tile.example.org"),
        ("http://127.0.0.1:8080/{z}/{x}/{y}.png", "http://127.0.0.1:8080"),
        ("/tiles/{z}/{x}/{y}.png", ""),
    ],
)
def test_with_tiles_only_their_host_is_admitted(url: str, origin: str) -> None:
    assert tiles_origin(url) == origin
    images = next(part for part in content_policy(url).split("; ") if part.startswith("img-src"))
    assert images == f"img-src 'self' data: {origin}".strip()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "tile.example.org", "https://a;script-src *", "//evil.example", "https://{s}/x"]
)
def test_what_is_no_address_of_tiles_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_MAP_TILES_URL", url)
    with pytest.raises(SettingsError, match=r"STRAVA_ASSETS_MAP_TILES_URL.*not like https"):
        load()


def test_the_page_carries_the_policy_and_the_config_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_MAP_TILES_URL", "https://tile.example.org/{z}/{x}/{y}.png")
    monkeypatch.setenv("STRAVA_ASSETS_MAP_TITLE", 'Ada & "Bo"')
    monkeypatch.setenv("STRAVA_ASSETS_MAP_UNITS", "imperial")
    files = chosen({"index.html": PAGE, "assets/a.js": b"1"}, load().map_choices)
    assert content_policy("https://tile.example.org/{z}/{x}/{y}.png").encode() in files["index.html"]
    assert files["assets/a.js"] == b"1"
    assert json.loads(files["config.json"]) == {
        "schema": 1,
        "title": 'Ada & "Bo"',
        "tiles": {"url": "https://tile.example.org/{z}/{x}/{y}.png", "attribution": "© OpenStreetMap contributors"},
        "units": "imperial",
        "theme": None,
    }


def test_with_a_bucket_only_its_origin_may_be_read_from() -> None:
    policy = content_policy("", "https://maps.s3.amazonaws.com")
    assert "connect-src 'self' https://maps.s3.amazonaws.com;" in policy
    assert policy.replace(" https://maps.s3.amazonaws.com", "") == content_policy("")


def test_another_title_makes_the_page_another_one_than_the_public(settings_of: Any) -> None:
    """What asks for it to be published again; nothing does where none is public."""
    opened = open_installation(settings_of())
    try:
        assert page.other_than_published(opened) == ""
        opened.gate().publish(page.files(opened.settings))
        assert page.other_than_published(opened) == ""
        renamed = dataclasses.replace(opened, settings=settings_of(STRAVA_ASSETS_MAP_TITLE="Our rides"))
        first = page.other_than_published(renamed)
        again = dataclasses.replace(opened, settings=settings_of(STRAVA_ASSETS_MAP_TITLE="Our ways"))
        assert len({"", first, page.other_than_published(again)}) == 3
        opened.gate().publish(page.files(renamed.settings))
        assert page.other_than_published(renamed) == ""
        opened.gate().publish({"index.html": b"of an older build"})
        assert page.other_than_published(renamed) not in ("", first)
    finally:
        opened.database.close()


def test_a_page_that_is_not_built_is_nobody_s_wish(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation.gate().publish({"index.html": b"there"})
    assert page.other_than_published(installation) != ""
    monkeypatch.setattr(dashboard, "DIST", tmp_path)
    assert page.other_than_published(installation) == ""


def test_a_page_without_a_place_for_the_policy_is_not_published() -> None:
    with pytest.raises(ValueError, match="no place"):
        chosen({"index.html": b"<title>x</title>"}, Choices())
