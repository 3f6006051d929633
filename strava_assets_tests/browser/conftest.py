"""The built page beside hand-written public files, and a Chromium that visits it.

What belongs here: fixtures. What does not: promises (the tests), what is done on the page (scenarios.mjs).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strava_assets.dashboard import site_files
from strava_assets.dashboard.build import build, install, node
from strava_assets_tests.browser import public_root, server

HERE = Path(__file__).parent
DESKTOP, PHONE = (1440, 900), (390, 844)

Visit = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def site() -> dict[str, bytes]:
    """The page's files, built from the present sources."""
    build()
    return site_files()


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the tests' own npm packages, a whole Chromium among them."""
    return install(HERE)


@pytest.fixture
def root(tmp_path: Path, site: dict[str, bytes]) -> Path:
    """A folder with the page and nothing else yet."""
    folder = tmp_path / "public"
    for path, data in site.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


@pytest.fixture
def published(root: Path) -> list[public_root.Activity]:
    """The invented history, published beside the page; the activities, newest first."""
    activities = public_root.invent()
    public_root.write(root, activities)
    return activities


@pytest.fixture(scope="session")
def driver(tools: Path) -> Iterator[subprocess.Popen[str]]:
    """One browser for all tests of this process; each visit has its own profile."""
    with subprocess.Popen(
        [str(node()), str(HERE / "drive.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


@pytest.fixture
def visit(root: Path, driver: subprocess.Popen[str]) -> Iterator[Visit]:
    """Calls a scenario in a fresh profile and returns what was seen; a browser that cannot run fails the test."""
    with server.serve(root) as url:
        yield visits(driver, url)


def visits(driver: subprocess.Popen[str], url: str) -> Visit:
    """Calls scenarios on a page, each in a fresh profile."""

    def go(scenario: str, size: tuple[int, int] = DESKTOP, **order: Any) -> dict[str, Any]:
        assert driver.stdin is not None
        assert driver.stdout is not None
        whole = {"url": url, "scenario": scenario, "width": size[0], "height": size[1], **order}
        driver.stdin.write(json.dumps(whole) + "\n")
        driver.stdin.flush()
        answer = driver.stdout.readline()
        assert answer, "the browser is gone"
        seen = json.loads(answer)
        assert "failed" not in seen, f"{scenario}: {seen['failed']}"
        return seen

    return go
