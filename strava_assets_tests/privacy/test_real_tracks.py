"""Real recordings under zones laid over their starts, ends, passes, halts and laps; all of them in ``benchmarks``."""

from __future__ import annotations

from pathlib import Path

from strava_assets_tests.privacy import real_tracks


def test_no_real_recording_shows_a_zone_that_is_laid_over_it(real_data: Path) -> None:
    found = real_tracks.judge_recordings(real_data, zones=12, seed=5, most=30)
    assert found.wrong == []
    assert found.counts["recordings shown"] > 20
    assert found.counts["of them cut"] > 8
