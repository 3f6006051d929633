"""Maps, figures and the index are those of what is public now: what waits, what stays, what goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from strava_assets.errors import GateOvertaken, GateRefused, MapOvertaken
from strava_assets.publish import map_files
from strava_assets.publish.map_files import MapReport, publish_map, publish_summaries, sweep
from strava_assets.publish.paths import INDEX, map_path
from strava_assets_tests.publish.small import FEATURES, FILES, PATHS, Small, feature, publics
from strava_assets_tests.publish.test_judging import ADA, EVE

WEEKLY, QUARTERLY = (f"{EVE}/{name}.json" for name in ("weekly", "quarterly"))


def athletes(small: Small) -> list[str]:
    return [entry["id"] for entry in json.loads((small.root / INDEX).read_bytes())["athletes"]]


def told(report: MapReport) -> tuple[int, int, list[str]]:
    return report.activities, report.athletes, report.waiting


class TestMap:
    """An athlete's map."""

    def test_shows_what_has_a_csv(self, small: Small) -> None:
        report = publish_map(small.gate(), FEATURES)
        assert told(report) == (4, 2, [])
        assert report.topojson_bytes == sum((small.root / map_path(athlete)).stat().st_size for athlete in (ADA, EVE))
        assert (report.gate.written, report.gate.unchanged) == (0, 3)

    def test_waits_for_what_is_hidden_missing_or_made_from_something_else(self, small: Small) -> None:
        small.hide(1)  # its CSV is still there
        (small.root / PATHS[4]).unlink()
        older = replace(feature(3), made_from="an older cut")
        report = publish_map(small.gate(), {EVE: FEATURES[EVE], ADA: [feature(1), feature(2), older]})
        assert told(report) == (1, 1, publics([1, 3, 4]))
        assert [*small.shown(ADA)] == publics([2])
        assert not (small.root / map_path(EVE)).exists()
        report = publish_map(small.gate(), {ADA: [replace(feature(3), made_from="")]})  # from nothing but a map
        assert told(report) == (1, 1, [])

    def test_goes_where_nothing_is_to_be_shown_and_others_are_made(self, small: Small) -> None:
        small.hide(1, 2, 3)
        report = publish_map(small.gate(), FEATURES)
        assert told(report) == (1, 1, publics([1, 2, 3]))
        assert athletes(small) == [EVE]
        assert [path for path in small.there() if path.startswith(ADA)] == [PATHS[1], PATHS[2], PATHS[3]]
        assert report.gate.withdrawn == 3

    def test_goes_also_where_nobody_remembers_it(self, small: Small) -> None:
        small.sql("delete from strava.public_object where path = %s", map_path(ADA))
        assert publish_map(small.gate(), {ADA: [], EVE: FEATURES[EVE]}).gate.withdrawn == 3
        assert small.shown(ADA) == {}

    @pytest.mark.parametrize("stay", [{"others_stay": True}, {"others_stay": False}, {}], ids=str)
    def test_of_somebody_who_is_not_named_stays_or_goes(self, small: Small, stay: dict[str, bool]) -> None:
        report = publish_map(small.gate(), {ADA: FEATURES[ADA]}, **stay)
        stays = stay.get("others_stay", False)
        assert athletes(small) == ([ADA, EVE] if stays else [ADA])
        assert report.athletes == 1 + stays
        assert [path in small.there() for path in (map_path(EVE), WEEKLY, QUARTERLY)] == [stays] * 3

    def test_of_somebody_else_does_not_stay_where_it_is_damaged(self, small: Small) -> None:
        data = (small.root / map_path(EVE)).read_bytes()
        (small.root / map_path(EVE)).write_bytes(b"x" * len(data))
        assert publish_map(small.gate(), {ADA: FEATURES[ADA]}, others_stay=True).athletes == 1
        assert athletes(small) == [ADA]
        assert not (small.root / map_path(EVE)).exists()

    def test_of_somebody_who_left_goes(self, small: Small) -> None:
        del small.athletes[EVE]
        publish_map(small.gate(), {ADA: FEATURES[ADA]}, others_stay=True)
        assert athletes(small) == [ADA]

    def test_is_mended_where_somebody_wrote_over_it(self, small: Small) -> None:
        data = (small.root / map_path(ADA)).read_bytes()
        (small.root / map_path(ADA)).write_bytes(data.replace(b"Ride 1", b"Ride 9"))
        assert publish_map(small.gate(), FEATURES).gate.written == 1
        assert (small.root / map_path(ADA)).read_bytes() == data


class TestFigures:
    """Weeks and quarters, added up from the maps."""

    def test_are_those_of_whom_they_were_asked_for(self, small: Small) -> None:
        figures = [f"{ADA}/weekly.json", f"{ADA}/quarterly.json", WEEKLY, QUARTERLY]
        were = {path: (small.root / path).read_bytes() for path in figures}
        for path in figures:
            (small.root / path).write_bytes(were[path][::-1])  # as long as it was
        assert publish_summaries(small.gate(), [EVE]).written == 2
        assert [(small.root / path).read_bytes() == were[path] for path in figures] == [False, False, True, True]
        assert publish_summaries(small.gate()).written == 2
        assert {path: (small.root / path).read_bytes() for path in figures} == were

    def test_are_not_made_of_a_damaged_map(self, small: Small) -> None:
        data = (small.root / map_path(EVE)).read_bytes()
        (small.root / map_path(EVE)).write_bytes(b"x" * len(data))
        with pytest.raises(GateRefused, match=f"{map_path(EVE)} is damaged; publish the map again, then its figures"):
            publish_summaries(small.gate())

    def test_are_none_of_a_map_that_goes_meanwhile(self, small: Small) -> None:
        gate = small.gate()
        gate.known()
        (small.root / map_path(EVE)).unlink()
        publish_summaries(gate, [EVE])
        assert (small.root / WEEKLY).read_bytes() == (small.root / QUARTERLY).read_bytes() == b"[]\n"


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        (PATHS[1], False),  # it is expected
        (PATHS[2], True),
        (PATHS[1].replace("00001", "00009"), True),
        (map_path(ADA), False),
        (map_path("b" * 16), True),
        (f"{ADA}/weekly.json", False),
        (f"{'b' * 16}/weekly.json", True),
        (f"{'b' * 16}/quarterly.json", True),
        (INDEX, False),
        ("index.html", False),
        ("notes.txt", False),
        (f"{ADA}/.tmp-0a1b", True),
    ],
)
def test_what_belongs_to_nothing_is_swept_and_nothing_of_other_people(small: Small, path: str, goes: bool) -> None:
    (small.root / path).parent.mkdir(exist_ok=True)
    if not (small.root / path).exists():
        (small.root / path).write_bytes(b"x")
    expected = {*FILES} - {PATHS[2]}
    others = [] if path == PATHS[2] else [PATHS[2]]
    assert sweep(small.gate(), expected, among=[path, "nothing.csv"]) == goes
    assert (small.root / path).exists() is not goes
    assert sweep(small.gate(), expected) == len(others)
    assert not (small.root / PATHS[2]).exists()
    assert sweep(small.gate(), expected) == 0


class Looking:
    """A gate that tells how it was asked to look again."""

    def __init__(self) -> None:
        self.looked: list[bool] = []

    def look_again(self, begin_anew: bool) -> None:
        self.looked.append(begin_anew)


def overtaken(times: int, error: type[Exception]) -> Callable[..., str]:
    """A deed that is overtaken so often."""
    left = iter(range(times))

    def deed(*_: Any) -> str:
        for _ in left:
            raise error("overtaken")
        return "done"

    return deed


SETTLED: list[Callable[[Any, Any, pytest.MonkeyPatch], Any]] = [
    lambda gate, deed, patch: (patch.setattr(map_files, "_publish_map", deed), publish_map(gate, {}))[1],
    lambda gate, deed, patch: (patch.setattr(map_files, "_publish_summaries", deed), publish_summaries(gate))[1],
]


@pytest.mark.parametrize("publish", SETTLED, ids=["map", "figures"])
def test_what_is_withdrawn_meanwhile_is_left_out_and_a_newer_map_is_not_overwritten(
    monkeypatch: pytest.MonkeyPatch, publish: Callable[..., Any]
) -> None:
    gate = Looking()
    assert publish(gate, overtaken(3, GateOvertaken), monkeypatch) == "done"
    assert gate.looked == [False] * 3
    with pytest.raises(GateOvertaken):
        publish(gate, overtaken(4, GateOvertaken), monkeypatch)
    assert gate.looked == [False] * 6
    with pytest.raises(MapOvertaken):
        publish(gate, overtaken(1, MapOvertaken), monkeypatch)
    assert len(gate.looked) == 6


def test_who_read_the_maps_begins_anew_where_another_published() -> None:
    gate: Any = Looking()
    assert map_files.until_alone(gate, overtaken(3, MapOvertaken)) == "done"
    assert gate.looked == [True] * 3
    with pytest.raises(MapOvertaken):
        map_files.until_alone(gate, overtaken(4, MapOvertaken))
    assert gate.looked == [True] * 6
    with pytest.raises(GateOvertaken):
        map_files.until_alone(gate, overtaken(1, GateOvertaken))
    assert len(gate.looked) == 6
