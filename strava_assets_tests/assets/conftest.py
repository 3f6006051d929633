"""A history of imported rides, run through Dagster on real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from strava_assets.installation import Installation
from strava_assets.pipeline import PipelineReport, materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets_tests.conftest import HOME
from strava_assets_tests.privacy.worlds import circle


def public_files(installation: Installation) -> dict[str, bytes]:
    """Every public file's bytes, by path."""
    gate = installation.gate()
    return {path: gate.read(path) for path in gate.paths()}


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
