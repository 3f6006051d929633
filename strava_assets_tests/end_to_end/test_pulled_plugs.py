"""Whatever is killed while an account is busy: nothing is lost, nothing doubled, nothing shown that may not be."""

from __future__ import annotations

from pathlib import Path

from strava_assets_tests.end_to_end.faults import disturbed


def test_killed_processes_leave_no_trace_in_the_public_files(tmp_path: Path) -> None:
    tmp_path.parent.chmod(0o755)  # an embedded server that runs as another user must get here
    tmp_path.chmod(0o755)
    found = disturbed(tmp_path, events=16, kills=4, seed=3, say=lambda line: None)
    assert found["same"], found["differing"]
    assert found["findings"] == []
    assert found["unaccounted"] == []
    assert found["unfinished"] == {}
    assert sum(found["kills"].values()) == 4
