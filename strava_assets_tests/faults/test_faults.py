"""The table of faults is kept: what it plants can be planted, and the planting tells what no test sees."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from strava_assets_tests.faults.fault import Fault
from strava_assets_tests.faults.planting import ROOT, caught, copy_of_the_project, misplaced
from strava_assets_tests.faults.table import FAULTS

#: A line that no test sees: it says why, and nothing else.
UNSEEN = Fault(
    "a docstring is another",
    "publish/ids.py",
    '"""The public id of something.',
    '"""The public id of anything.',
    ("publish/test_ids.py",),
)


def test_every_faults_text_stands_once_in_its_file_and_its_tests_are_there() -> None:
    assert misplaced(FAULTS) == []
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30


def test_a_text_that_is_gone_and_a_test_that_is_gone_are_told() -> None:
    told = misplaced(
        [
            dataclasses.replace(UNSEEN, before="no such text"),
            dataclasses.replace(UNSEEN, before="key"),
            dataclasses.replace(UNSEEN, tests=("publish/test_ids.py::test_nothing", "publish/test_nothing.py")),
        ]
    )
    assert [line.split(": ", 1)[1].split(" ")[0] for line in told] == ["its", "its", "there", "there"]


def test_a_fault_is_caught_and_what_no_test_sees_is_not(tmp_path: Path) -> None:
    folder = copy_of_the_project(tmp_path)
    [unkeyed] = [fault for fault in FAULTS if fault.file == "publish/ids.py"]
    assert caught(folder, unkeyed)
    assert not caught(folder, UNSEEN)
    for name in ("publish/ids.py", "privacy/cut.py"):
        assert (folder / "strava_assets" / name).read_bytes() == (ROOT / "strava_assets" / name).read_bytes()
