"""How many processes, and that they end."""

from __future__ import annotations

import os
import sys

import pytest

from strava_assets.processes import cores


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody says which cores are ours")
def test_cores_that_are_not_ours_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert cores() == 1
