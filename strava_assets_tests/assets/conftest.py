"""A history of imported rides, run through Dagster on real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from strava_assets.archive.importer import import_path
from strava_assets.installation import Installation
from strava_assets.pipeline import PipelineReport, materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.recordings import folder_of_rides

HOME = Place(7.6, 47.5)


def public_files(installation: Installation) -> dict[str, bytes]:
    """Every public file's bytes, by path."""
    gate = installation.gate()
    return {path: gate.read(path) for path in gate.paths()}


@pytest.fixture
def bring_in(tmp_path: Path) -> Callable[..., Any]:
    """Import a folder of rides."""

    def bring(installation: Installation, folder: Path | None = None, visibility: str = "everyone") -> Any:
        return import_path(
            folder or folder_of_rides(tmp_path / "rides", HOME),
            athlete="Ada",
            visibility=visibility,
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
            progress=None,
        )

    return bring


@pytest.fixture
def history(installation: Installation, bring_in: Callable[..., Any]) -> Iterator[Installation]:
    """Twelve rides from a home with a zone around it, landed but not run."""
    zone_store.add(installation.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
    bring_in(installation)
    before = dict(os.environ)
    yield installation
    os.environ.clear()
    os.environ.update(before)


def run(installation: Installation, **options: Any) -> PipelineReport:
    """Run the pipeline; nothing may fail."""
    report = materialize(installation, **options)
    assert report.failures == []
    return report
