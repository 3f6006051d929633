"""Importing into an installation, and looking at what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strava_assets.archive.importer import ImportReport, import_path
from strava_assets.installation import Installation


def run(installation: Installation, path: Path, **options: Any) -> ImportReport:
    return import_path(
        path,
        database=installation.database,
        store=installation.store,
        settings=options.pop("settings", installation.settings),
        **options,
    )


def rows(
    installation: Installation, query: str = "select * from strava.activity order by identity"
) -> list[dict[str, Any]]:
    with installation.database.transaction() as connection:
        return connection.execute(query).fetchall()


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.imported, report.updated, report.already_there, report.no_track, len(report.rejected)
