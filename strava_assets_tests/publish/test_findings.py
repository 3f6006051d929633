"""A finding says which invariant is broken, in which file, and how; and nothing of where the place is."""

from __future__ import annotations

import re

from strava_assets.publish.paths import map_path
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.test_damaged_maps import damaged, map_of


def test_every_finding_of_every_damaged_map_says_what_and_where(published: Published) -> None:
    path, gate = map_path(published.athlete), published.installation.gate()
    index = {"index.json": b"{}", f"{published.athlete}/weekly.json": b"[]\n", "notes.txt": b"x"}
    seen = set()
    for wrong, data in damaged(map_of(published).read_bytes()).items():
        findings = gate.judge({path: data} | index).findings
        assert findings, wrong
        for finding in findings:
            assert re.fullmatch(r"I([1-9]|1[0-8])", finding.invariant), wrong
            assert finding.where.startswith((path, *index)), (wrong, finding)
            assert len(finding.what) > 10, (wrong, finding)
            assert not re.search(r"\b7\.[56]\d|\b47\.[45]\d", finding.what), (wrong, finding)
        seen |= {finding.invariant for finding in findings}
    assert {"I6", "I7", "I8", "I10", "I13"} <= seen


def test_a_passage_tells_what_it_did(published: Published) -> None:
    path = next((published.root / published.athlete / "streams").iterdir())
    name, data, gate = str(path.relative_to(published.root)), path.read_bytes(), published.installation.gate()
    number = next(entry.activity_id for known, entry in gate.known().items() if known == name)
    assert gate.withdraw([name, "nothing.csv"]) == 1
    report = gate.publish({name: data}, activities={name: number})
    assert (report.written, report.unchanged, report.bytes_written, report.barred) == (1, 0, len(data), [])
    assert (report.tested.files, report.tested.rows) == (1, data.count(b"\n") - 1)
    report = gate.publish({name: data}, activities={name: number}, withdraw=[name])
    assert (report.written, report.unchanged, report.bytes_written, report.withdrawn) == (0, 1, 0, 1)
    assert not path.exists()
