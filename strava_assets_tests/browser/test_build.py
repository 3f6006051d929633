"""What the build of the page promises: small, self-contained, reproducible, quick when there is nothing to do."""

from __future__ import annotations

import gzip
import re
import time
from pathlib import Path

import pytest

from strava_assets import dashboard
from strava_assets.dashboard.build import build, npm
from strava_assets.dashboard.choices import Choices, chosen
from strava_assets.errors import StravaAssetsError

HERE = Path(__file__).parent
LOCKS = [Path(dashboard.__file__).parent / "package-lock.json", HERE / "package-lock.json"]


def test_file_names_carry_their_content_s_hash(site: dict[str, bytes]) -> None:
    assert {"index.html", "favicon.svg"} < set(site)
    assets = [path for path in site if path.startswith("assets/")]
    assert len(assets) + 2 == len(site)
    assert all(re.fullmatch(r"assets/[\w.]+-[\w-]{8}\.(js|css|png|svg)", path) for path in assets)


def test_the_page_needs_no_inline_code_and_no_absolute_address(site: dict[str, bytes]) -> None:
    page = site["index.html"].decode()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert all(address.startswith("./") for address in re.findall(r'(?:src|href)="([^"]+)"', page))


def test_the_script_is_within_its_150_kilobytes(site: dict[str, bytes]) -> None:
    scripts = [data for path, data in site.items() if path.endswith(".js")]
    assert sum(len(gzip.compress(data, 9)) for data in scripts) < 150_000


def test_nothing_is_parsed_as_html_by_our_own_code() -> None:
    sources = Path(dashboard.__file__).parent / "src"
    found = [
        path.name
        for path in sources.rglob("*.ts")
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=["dashboard", "tests"])
def test_the_locks_name_no_place_of_download(lock: Path) -> None:
    text = lock.read_text()
    assert '"resolved"' not in text
    assert "registry" not in text


def test_a_second_build_does_nothing(site: dict[str, bytes]) -> None:
    began = time.perf_counter()
    folder = build()
    assert time.perf_counter() - began < 0.5
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {f"public/{path}" for path in site} | {f"mine/{path}" for path in dashboard.owner_files()}


def test_a_page_that_was_not_built_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dashboard, "DIST", tmp_path / "dist")
    with pytest.raises(StravaAssetsError, match="make setup"):
        dashboard.site_files()


def test_a_failing_npm_says_what_did_not_work(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"build": "echo the reason; exit 3"}}')
    with pytest.raises(StravaAssetsError, match=r"(?s)does not compile.*the reason"):
        npm(tmp_path, "run", "--silent", "build", deed="the map page does not compile")


def test_the_page_s_pure_modules_keep_their_promises(tools: Path, site: dict[str, bytes]) -> None:
    npm(HERE, "run", "--silent", "unit", deed="a unit test of the page fails")


def test_the_built_page_has_a_place_for_the_owner_s_policy(site: dict[str, bytes]) -> None:
    files = chosen(site, Choices(tiles_url="https://tile.example.org/{z}/{x}/{y}.png"))
    assert files["index.html"].count(b"https://tile.example.org;") == 1
