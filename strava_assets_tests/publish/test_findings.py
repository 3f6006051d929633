"""A finding says which invariant is broken, in which file, and how; and nothing of where the place is."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

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


@pytest.mark.parametrize(
    ("change", "invariant", "words"),
    [
        ({"total_elevation_gain": 5000}, "I5", "total_elevation_gain is more than the visible ascents"),
        ({"max_heartrate": 210}, "I5", "max_heartrate is more than any visible sample's"),
        ({"average_watts": 900}, "I5", "average_watts is more than any visible sample's"),
        ({"private": True}, "I15", "private is not false"),
        ({"home": 1}, "I7", "'home' is no published name"),
        ({"startDate": "2024-02-31"}, "I6", "startDate is not what it should be"),
    ],
)
def test_what_one_ride_tells_too_much_is_found_beside_its_csv(
    published: Published, change: dict[str, Any], invariant: str, words: str
) -> None:
    document = orjson.loads(map_of(published).read_bytes())
    member = document["objects"]["activities"]["geometries"][2]["properties"]
    member.update(change)
    findings = published.installation.gate().judge({map_path(published.athlete): orjson.dumps(document)}).findings
    told = [finding for finding in findings if finding.what == words]
    assert [finding.invariant for finding in told] == [invariant]
    assert member["actID"] in told[0].where


@pytest.mark.parametrize("corner", range(4))
def test_a_box_that_is_another_is_found(published: Published, corner: int) -> None:
    document = orjson.loads(map_of(published).read_bytes())
    document["bbox"][corner] += 1e-5
    findings = published.installation.gate().judge({map_path(published.athlete): orjson.dumps(document)}).findings
    assert ("I10", map_path(published.athlete)) in {(finding.invariant, finding.where) for finding in findings}


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
