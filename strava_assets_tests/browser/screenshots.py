"""``python -m strava_assets_tests.browser.screenshots HOME FOLDER``: the README's pictures, of an installation.

The pages are the ones that are built now; the rides are the simulated athlete's, which ``make demo`` left. What belongs
here: which pictures. What does not: what is done on the page (scenarios.mjs, ownerScenarios.mjs).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from strava_assets.dashboard import site_files
from strava_assets.dashboard.build import build, install, node
from strava_assets.dashboard.choices import Choices, chosen
from strava_assets.gateway.owner_access import link
from strava_assets.gateway.server import listen
from strava_assets.installation import open_installation
from strava_assets.settings import Settings
from strava_assets_tests.browser import server
from strava_assets_tests.gateway.running import Gateway

HERE = Path(__file__).parent
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PICTURES = {
    "map-light.png": {**DESKTOP, "hash": "#by=quarter"},
    "map-dark.png": {**DESKTOP, "dark": True, "hash": "#tab=table", "open": "Road", "series": ["heartrate"]},
    "map-heat.png": {**DESKTOP, "dark": True, "hash": "#heat=1&of=time"},
    "map-phone.png": {**PHONE},
}
OWNER_S_PICTURES = {"map-owner.png": {**DESKTOP, "view": "difference", "zones": True}}


def main(home: Path, folder: Path) -> None:
    """Take all pictures.

    Parameters
    ----------
    home : Path
        Of an installation that has published something.
    folder : Path
        Where the pictures go.
    """
    build()
    install(HERE)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "public"
        shutil.copytree(home / "public", copy, ignore=shutil.ignore_patterns("assets", ".*"))
        for path, data in chosen(site_files(), Choices(title="Where we have been")).items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(data)
        with server.serve(copy) as url:
            _take(url, "picture", PICTURES, folder)
    settings = Settings(_env_file=None, STRAVA_ASSETS_HOME=home)
    installation = open_installation(settings)
    gateway = Gateway(installation, listen("127.0.0.1", 0))
    try:
        key = link(settings).partition("?")[2]
        _take(f"{gateway.url}/mine/?{key}", "ownerPicture", OWNER_S_PICTURES, folder)
    finally:
        gateway.stop()
        installation.database.close()


def _take(url: str, scenario: str, pictures: dict[str, dict[str, Any]], folder: Path) -> None:
    orders = [
        json.dumps({"url": url, "scenario": scenario, "shot": str((folder / name).resolve()), **order})
        for name, order in pictures.items()
    ]
    done = subprocess.run(
        [str(node()), str(HERE / "drive.mjs")],
        input="\n".join(orders) + "\n",
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    for name, line in zip(pictures, done.stdout.splitlines(), strict=True):
        seen = json.loads(line)
        if "failed" in seen:
            sys.exit(f"{name}: {seen['failed']}")
        print(f"{folder / name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
