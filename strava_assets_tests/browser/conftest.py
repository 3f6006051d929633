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


@pytest.fixture
def visit(root: Path, tools: Path) -> Iterator[Visit]:
    """Calls a scenario in a fresh browser and returns what was seen; a browser that cannot run fails the test."""
    with server.serve(root) as url:

        def go(scenario: str, size: tuple[int, int] = DESKTOP, **order: Any) -> dict[str, Any]:
            whole = {"url": url, "scenario": scenario, "width": size[0], "height": size[1], **order}
            done = subprocess.run(
                [str(node()), str(HERE / "drive.mjs"), json.dumps(whole)],
                capture_output=True,
                text=True,
                timeout=180,
                check=False,
            )
            assert done.returncode == 0, f"{scenario}: {done.stderr[-3000:]}"
            return json.loads(done.stdout.strip().splitlines()[-1])

        yield go
