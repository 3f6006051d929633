"""Each of several CSVs is held against every invariant of rows, and what it says is remembered as it says it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from strava_assets.privacy import invariants
from strava_assets.privacy.zones import ENDS_ONLY
from strava_assets.publish import csv_files
from strava_assets.publish.judging.csvs import judge_csvs
from strava_assets.publish.judging.rules import Judgement, Rules
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.privacy.worlds import Place

HOME = Place(7.6, 47.5)
HEADER = ["segment", "time", "distance", "lat", "lng", "altitude", "heartrate"]


def csv(east: float = 5_000.0, header: list[str] = HEADER, **change: list[Any]) -> bytes:
    """Two segments, of three rows and of two, a hundred metres a step, so far east of home."""
    metres = east + np.array([0, 100, 200, 1_000, 1_100.0])
    lon, lat = HOME.degrees(np.column_stack([metres, np.zeros(5)])).round(6).T
    columns: dict[str, Any] = {
        "segment": [0, 0, 0, 1, 1],
        "time": [0, 20, 40, 0, 30],
        "distance": [0, 100, 200, 0, 100],
        "lat": lat,
        "lng": lon,
        "altitude": [300, 305.5, 303, 310, 311],
        "heartrate": [100, "", 130, 120, 110],
    } | change
    lines = [header, *zip(*(columns[name] for name in header), strict=True)]
    return "".join(",".join(map(str, line)) + "\n" for line in lines).encode()


def judged(*files: bytes, mode: str = ENDS_ONLY) -> Judgement:
    """Beside a home where only ends are hidden."""
    zones, result = [replace(around(HOME), mode=mode)], Judgement()
    csvs = {f"{number}.csv": csv_files.decode(data) for number, data in enumerate(files)}
    judge_csvs(csvs, invariants.forbidden_areas(zones), Rules(zones, b""), result)
    return result


def test_what_is_as_it_should_be_is_remembered_as_it_is() -> None:
    result = judged(csv(), csv(20_000.0))
    assert result.findings == []
    assert (result.tested.rows, result.tested.vertices, result.tested.segments) == (10, 10, 6)
    facts = result.facts["0.csv"]
    assert facts.pop("length") == pytest.approx(300, abs=1.5)
    west, south, east, north = facts.pop("bbox")
    assert np.ptp(HOME.metres(np.array([(west, south), (east, north)])), axis=0) == pytest.approx([1_100, 0], abs=3)
    assert facts.pop("under") == Rules([replace(around(HOME), mode=ENDS_ONLY)], b"").mark
    highest = {"heartrate": 130.0}
    assert facts == {"rise": 6.5, "highest": highest, "rows": 5, "segments": 2, "time": 70.0}
    assert list(result.facts) == ["0.csv", "1.csv"]


def test_what_is_unknown_in_between_is_passed_over_and_sums_are_of_tenths() -> None:
    facts = judged(csv(time=[0, 20.2, 40.3, 0, 30.1], altitude=[300, "", 303.3, 310, 311.1])).facts["0.csv"]
    assert (facts["rise"], facts["time"]) == (4.4, 70.4)
    north = judged(csv(lat=[47.5, 47.5003, 47.5, 47.5, 47.5], lng=[7.7] * 5)).facts["0.csv"]
    assert north["length"] == 66.7  # 0.0006 degrees of a meridian


def test_a_file_without_a_position_is_refused_and_lies_nowhere() -> None:
    result = judged(csv(lat=[""] * 5, lng=[""] * 5))
    assert "a segment starts without a position" in {found.what for found in result.findings}
    facts = result.facts["0.csv"]
    assert (facts["bbox"], facts["length"], facts["segments"]) == (None, 0, 0)


def test_what_a_file_does_not_tell_is_no_fact() -> None:
    bare = judged(csv(header=HEADER[:5])).facts["0.csv"]
    assert "rise" not in bare
    assert bare["highest"] == {}
    assert judged(csv(heartrate=[""] * 5)).facts["0.csv"]["highest"] == {}


@pytest.mark.parametrize(
    ("wrong", "invariant", "where", "words"),
    [
        (csv(time=[1, 20, 40, 0, 30]), "I3", "1.csv", "time does not start at 0"),
        (csv(distance=[0, 100, 300, 0, 100]), "I5", "1.csv", "distance is longer"),
        (csv(heartrate=[100, 1714543200, "", 120, 110]), "I6", "1.csv", "heartrate looks like an instant"),
        (csv(-1_000.0), "I2", "1.csv, segment 1", "inside a private zone's cut"),
        (csv(-100.0, time=[0, 20, 100, 0, 30]), "I2", "1.csv", "somebody stops inside"),
        (csv(header=[*HEADER[:5], "heartrate", "altitude"]), "I7", "1.csv", "not in CONTRACT's order"),
        (csv(header=[*HEADER, "home"], home=[1] * 5), "I7", "1.csv", "'home' is no published name"),
    ],
)
def test_whatever_is_wrong_is_found_beside_files_in_which_nothing_is(
    wrong: bytes, invariant: str, where: str, words: str
) -> None:
    for files in ((csv(), wrong), (csv(), wrong, csv(20_000.0))):
        result = judged(*files)
        assert (invariant, where) in {(found.invariant, found.where) for found in result.findings}
        assert any(words in found.what for found in result.findings)
        assert all(found.where.startswith("1.csv") for found in result.findings)


def test_two_wrong_files_are_both_told() -> None:
    wrong = csv(time=[1, 20, 40, 0, 30]), csv(header=[*HEADER[:5], "heartrate", "altitude"]), csv(-1_000.0)
    assert [found.where for found in judged(*wrong).findings] == ["0.csv", "1.csv", "2.csv, segment 1"]
