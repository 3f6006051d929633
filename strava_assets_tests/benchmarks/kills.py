"""An import by the real command, killed many times at random moments, ends as if nobody had disturbed it.

What belongs here: the long version of what the tests do three times. What does not: what is compared
(``assets.test_imports``).
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from strava_assets.installation import open_installation
from strava_assets.settings import Settings
from strava_assets_tests.assets.processes import warm_up
from strava_assets_tests.assets.test_imports import exported, killed_and_repeated


def options(parser: argparse.ArgumentParser) -> None:
    """What it can be asked for."""
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rides", type=int, default=200)


def main(kills: int = 20, rides: int = 200) -> bool:
    """Run it in a home of its own; an assertion tells what differs."""
    with tempfile.TemporaryDirectory(prefix="strava-assets-") as folder:
        home = Path(folder)
        opened = open_installation(
            Settings(_env_file=None, STRAVA_ASSETS_HOME=home / "home", STRAVA_ASSETS_SECRET_KEY="0123456789abcdef" * 4)
        )
        warm_up()
        begun = killed_and_repeated(opened, exported(home / "export.zip", range(1, rides + 1)), kills)
        opened.database.close()
    print(
        f"{rides} rides, begun {begun} times, killed {kills} times at work: "
        "rows, originals and public bytes are the same"
    )
    return begun >= kills
