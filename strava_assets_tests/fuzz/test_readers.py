"""Damaged files of every kind: a recording or a refusal in one line, and nothing else. And the fuzzer would notice."""

from __future__ import annotations

import random
from pathlib import Path

from strava_assets.archive.recordings import Recording, read_recording
from strava_assets_tests.fuzz.__main__ import main
from strava_assets_tests.fuzz.readers import SLACK, Report, damaged, fuzz, seeds


def test_no_damage_is_a_fault(tmp_path: Path) -> None:
    report = fuzz(6, 1, tmp_path)
    assert report.faults == []
    kinds = {kind for kind, _ in report.outcomes}
    assert kinds == set(seeds())
    assert {kind for kind, outcome in report.outcomes if outcome == "read"} == kinds, "damage that leaves nothing"


def test_planted_faults_are_found(tmp_path: Path) -> None:
    def brittle(data: bytes, name: str) -> Recording:
        recording = read_recording(data, name)
        if recording.warnings:
            raise KeyError("planted")
        return recording

    report = fuzz(1, 1, tmp_path, brittle)
    assert "KeyError: 'planted'" in report.faults[0]
    assert not report.good
    assert read_recording((tmp_path / "fault-0").read_bytes(), "it is kept").warnings


def test_the_same_seed_is_the_same_damage() -> None:
    data = seeds()["gpx"]
    assert damaged(random.Random(7), data, data) == damaged(random.Random(7), data, data)


def test_a_little_memory_more_is_the_allocators() -> None:
    assert not Report(warm=100, after=100 + SLACK).grew
    assert Report(warm=100, after=101 + SLACK).grew


def test_the_command_says_what_became_of_how_many(capsys) -> None:
    assert main(["readers", "--minutes", "0.01", "--seed", "3"]) == 0
    assert "0 faults; slowest" in capsys.readouterr().out
