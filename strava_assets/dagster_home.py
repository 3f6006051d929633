"""Dagster's home: the file that describes its instance, and the variables that every process of it needs.

What belongs here: where Dagster finds itself. What does not: its storage (``instance``), what runs there.
"""

from __future__ import annotations

from pathlib import Path

import strava_assets
from strava_assets.database.connection import locate
from strava_assets.errors import SettingsError
from strava_assets.settings import Settings


def project_file(name: str) -> Path:
    """``dagster.yaml`` or ``workspace.yaml``: beside the package in a checkout, inside it when installed."""
    package = Path(strava_assets.__file__).parent
    for folder in (package.parent, package):
        if (folder / name).is_file():
            return folder / name
    raise SettingsError(f"the installation is incomplete: {name} is missing; install it again")


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Make Dagster's home and name its database; the variables that every Dagster process needs.

    Returns
    -------
    dict of str
        ``DAGSTER_HOME``, ``STRAVA_ASSETS_DAGSTER_URL`` and the settings as absolute paths.
    """
    home = settings.home_path / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    described = project_file("dagster.yaml").read_bytes()
    if not (copy := home / "dagster.yaml").exists() or copy.read_bytes() != described:
        copy.write_bytes(described)  # not while another process may be reading it, unless it is another version's
    return {
        "DAGSTER_HOME": str(home),
        "STRAVA_ASSETS_DAGSTER_URL": locate(settings).dagster_sqlalchemy,
        "STRAVA_ASSETS_HOME": str(settings.home_path),
        "DAGSTER_EVENT_BATCH_SIZE": "200",
        # listing ten years of an account, or what a reconcile finds, takes longer than the usual minute
        "DAGSTER_SENSOR_GRPC_TIMEOUT_SECONDS": "600",
        "DAGSTER_SCHEDULE_GRPC_TIMEOUT_SECONDS": "600",
        # gRPC and telemetry say nothing that a user could act on
        "GRPC_VERBOSITY": "ERROR",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
