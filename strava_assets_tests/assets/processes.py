"""``strava-assets materialize``, or another command, in processes that may be killed.

They are forked from one that has imported everything: whoever is killed at a random moment is killed at work.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import dagster_postgres.utils
from psycopg_pool import ConnectionPool

from strava_assets.cli import main
from strava_assets.database import connection
from strava_assets.installation import Installation
from strava_assets.stack import settings_environment

_WARM = multiprocessing.get_context("forkserver")
_WARM.set_forkserver_preload(
    [__name__, "strava_assets.definitions", "strava_assets.archive.originals", "geopandas", "topojson.ops"]
)


@dataclass
class Started:
    """A command that was started, and where it writes what it says of errors."""

    process: BaseProcess
    errors: Path

    def end(self, seconds: float = 240.0) -> tuple[int | None, str]:
        """Exit code and what was said, once it has ended."""
        self.process.join(seconds)
        return self.process.exitcode, self.errors.read_text()


def warm_up() -> None:
    """Wait until everything is imported: from then on a command takes as long as its work."""
    process = _WARM.Process(target=int)
    process.start()
    process.join()


def start(installation: Installation, patient: bool = True, command: Sequence[object] = ("materialize",)) -> Started:
    """Start a command for an installation; unless ``patient``, a server that does not answer is given up at once."""
    environment = {**os.environ, **settings_environment(installation.settings)}
    environment.pop("DAGSTER_HOME", None)
    if installation.settings.database_url is None:
        environment.pop("STRAVA_ASSETS_DATABASE_URL", None)
    errors = installation.settings.home_path / f"said-{os.urandom(4).hex()}"
    process = _WARM.Process(target=_run, args=(environment, errors, patient, [str(word) for word in command]))
    process.start()
    return Started(process, errors)


def _run(environment: dict[str, str], errors: Path, patient: bool, command: list[str]) -> None:
    for descriptor, path in ((1, os.devnull), (2, str(errors))):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ.clear()
    os.environ.update(environment)
    if not patient:
        dagster_postgres.utils.calculate_delay = lambda **given: 0.0
        connection.ConnectionPool = _HastyPool
    sys.argv = ["strava-assets", *command]
    main()


class _HastyPool(ConnectionPool):
    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **{**named, "timeout": 1.0})
