"""``python -m strava_assets_tests.browser.screenshots ROOT FOLDER``: the README's pictures, of a public root.

The page is the one that is built now; the files are the simulated athlete's, which ``make demo`` published. What
belongs here: which pictures. What does not: what is done on the page (scenarios.mjs).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from strava_assets.dashboard import site_files
from strava_assets.dashboard.build import build, install, node
from strava_assets.dashboard.choices import Choices, chosen
from strava_assets_tests.browser import server

HERE = Path(__file__).parent
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PICTURES = {
    "map-light.png": {**DESKTOP, "hash": "#by=quarter"},
    "map-dark.png": {**DESKTOP, "dark": True, "hash": "#tab=table", "open": "Road", "series": ["heartrate"]},
    "map-heat.png": {**DESKTOP, "dark": True, "hash": "#heat=1&of=time"},
    "map-phone.png": {**PHONE},
}


def main(root: Path, folder: Path) -> None:
    """Take all pictures.

    Parameters
    ----------
    root : Path
        A public root.
    folder : Path
        Where the pictures go.
    """
    build()
    install(HERE)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "public"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns("assets", ".*"))
        for path, data in chosen(site_files(), Choices(title="Where we have been")).items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(data)
        with server.serve(copy) as url:
            orders = [
                json.dumps({"url": url, "scenario": "picture", "shot": str((folder / name).resolve()), **order})
                for name, order in PICTURES.items()
            ]
            done = subprocess.run(
                [str(node()), str(HERE / "drive.mjs")],
                input="\n".join(orders) + "\n",
                stdout=subprocess.PIPE,
                text=True,
                timeout=300,
                check=True,
            )
    for name, line in zip(PICTURES, done.stdout.splitlines(), strict=True):
        seen = json.loads(line)
        if "failed" in seen:
            sys.exit(f"{name}: {seen['failed']}")
        print(f"{folder / name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
