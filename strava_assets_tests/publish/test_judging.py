"""Of a small public root in memory, whatever is wrong is found and told of its file, and nothing else is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import orjson
import pytest
import shapely

from strava_assets.privacy import invariants
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.invariants import Finding
from strava_assets.publish import csv_files, summaries, topojson_decoder, topojson_file
from strava_assets.publish.judging.judge import judge
from strava_assets.publish.judging.maps import read_map
from strava_assets.publish.judging.rules import Facts, Judgement, Map, Rules
from strava_assets.publish.paths import INDEX, csv_path, map_path
from strava_assets.publish.topojson_file import CELL, Arc, Feature, arcs_of, encode
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.publish.test_csv_judging import HOME, csv

ADA, EVE = "a" * 16, "e" * 16
IDS = [f"{number:016x}" for number in (1, 2, 3)]
MAP, CSVS = map_path(ADA), [csv_path(ADA, public) for public in IDS]
WEEKLY = f"{ADA}/weekly.json"
RULES = Rules([around(HOME)], b"key of ours", athletes={ADA: "Ada", EVE: "Eve"})
#: As far as `csv` goes: 300 m and 70 s in two segments, 6.5 m up.
PROPERTIES = dict.fromkeys(topojson_file.PROPERTIES) | {
    "name": "Round the lake",
    "type": "Ride",
    "type_extended": "Road Cycling",
    "distance": 299.5,
    "elapsed_time": 70,
    "moving_time": 70,
    "total_elevation_gain": 6.5,
    "average_speed": 4.2,
    "has_heartrate": True,
    "average_heartrate": 118,
    "max_heartrate": 130,
    "startDate": "2024-05-01",
    "private": False,
    "partly_hidden": True,
}
FILES = {path: csv(5_000.0 * (1 + number)) for number, path in enumerate(CSVS)}


def lines_of(path: str) -> list[np.ndarray]:
    """A CSV's lines, in cells of the grid."""
    return [np.rint(line / CELL) for line in csv_files.located_lines(csv_files.decode(FILES[path]))]


def drawn(public: str, lines: Sequence[np.ndarray], **given: Any) -> Feature:
    (arcs,), (box,) = arcs_of([shapely.MultiLineString([line * CELL for line in lines])])
    return Feature(PROPERTIES | {"actID": public} | given, arcs, box=box)


FEATURES = [drawn(public, lines_of(path)) for public, path in zip(IDS, CSVS, strict=True)]


@dataclass
class Remembered:
    """What is public already."""

    facts: dict[str, Facts] = field(default_factory=dict)
    maps: dict[str, Map] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=lambda: FILES)

    def digest_of(self, csv: str) -> str | None:
        return hashlib.sha256(self.files[csv]).hexdigest() if csv in self.files else None

    def csv_of(self, csv: str) -> bytes | None:
        return self.files.get(csv)

    def facts_of(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: self.facts[path] for path in paths if path in self.facts}

    def map_of(self, athlete: str) -> Map | None:
        return self.maps.get(athlete)


OF_CSVS = judge(FILES, RULES, Remembered()).facts


def found(data: bytes, rules: Rules = RULES, public: Remembered | None = None) -> list[tuple[str, str, str]]:
    """Of a map alone, beside the CSVs: which invariant, where and what; of a feature its number and id."""
    findings = judge({MAP: data}, rules, public or Remembered(OF_CSVS)).findings
    assert all(finding.where.startswith(MAP) for finding in findings)
    return [(f.invariant, f.where.removeprefix(MAP).removeprefix(", feature "), f.what) for f in findings]


def at(number: int) -> str:
    return f"{number} ({IDS[number]})"


def with_second(feature: Feature) -> bytes:
    return encode([FEATURES[0], feature, FEATURES[2]])


def second(**given: Any) -> bytes:
    return with_second(replace(FEATURES[1], properties=FEATURES[1].properties | given))


def test_what_is_right_is_found_to_be_and_counted() -> None:
    data = encode(FEATURES)
    weekly = summaries.encode_periods(summaries.periods([f.properties for f in FEATURES], summaries.week_start))
    index = summaries.encode_index([(ADA, "Ada", read_map(data))])
    result = judge({MAP: data, WEEKLY: weekly, INDEX: index, "index.html": b"<html>"}, RULES, Remembered(OF_CSVS))
    assert result.findings == []
    assert result.tested == invariants.Tested(vertices=15, segments=9, files=4)  # near nothing
    result = judge(FILES | {MAP: data}, RULES, Remembered(OF_CSVS))
    assert result.findings == []
    assert (result.tested.vertices, result.tested.rows, result.tested.files) == (30, 15, 4)
    assert list(result.facts) == [*CSVS, MAP]


@pytest.mark.parametrize(
    ("change", "invariant", "what"),
    [
        ({"private": True}, "I15", "private is not false"),
        ({"private": None}, "I15", "private is not false"),
        ({"name": "Home to the nest"}, "I14", "name tells the name of a private zone"),
        ({"gear_name": "Nest bike"}, "I14", "gear_name tells the name of a private zone"),
        ({"strava_id": "12345"}, "I7", "'strava_id' is no published name"),
        ({"type_extended": "Ride at 06:30"}, "I6", "type_extended holds a time of day"),
        ({"startDate": "2024-05-01T06:30"}, "I6", "startDate is not what it should be"),
        ({"distance": 320}, "I5", "distance is longer than the visible track"),
        ({"elapsed_time": 72}, "I5", "elapsed_time or moving_time is more than the visible time"),
        ({"max_heartrate": 131}, "I5", "max_heartrate is more than any visible sample's"),
        ({"total_elevation_gain": 8}, "I5", "total_elevation_gain is more than the visible ascents"),
    ],
)
def test_a_property_that_tells_too_much_is_found_on_its_activity(
    change: dict[str, Any], invariant: str, what: str
) -> None:
    told = found(second(**change))
    assert (invariant, at(1), what) in told
    assert {where for _, where, _ in told} == {at(1)}
    assert len(told) == 1 or {words.split()[0] for _, _, words in told} == {next(iter(change))}


def test_a_property_that_is_missing_is_found() -> None:
    short = {name: value for name, value in FEATURES[1].properties.items() if name != "calories"}
    assert found(with_second(replace(FEATURES[1], properties=short))) == [("I7", at(1), "calories is missing")]


def test_each_segments_ascents_may_be_rounded() -> None:
    assert found(second(total_elevation_gain=7.8)) == []


def test_a_kind_of_sport_may_be_called_as_a_zone_is() -> None:
    assert found(second(name="Nest Cycling", type_extended="Nest Cycling")) == []


def test_a_link_to_strava_is_told_where_the_owner_wants_it() -> None:
    assert found(second(strava_id="12345"), replace(RULES, allow_strava_ids=True)) == []


NO_ID, NO_CSV = "actID is no public id, or stands twice", "has no CSV of its visible samples"


@pytest.mark.parametrize("public", ["12345678901", "home", "A" * 16, "0" * 17])
def test_an_id_that_is_none_of_ours_is_found(public: str) -> None:
    assert found(second(actID=public)) == [("I8", f"1 ({public})", NO_ID), ("I9", f"1 ({public})", NO_CSV)]


def test_an_id_that_is_no_text_or_stands_twice_is_found() -> None:
    assert {("I8", "1 (5)", NO_ID), ("I7", "1 (5)", "actID is not what it should be")} <= set(found(second(actID=5)))
    assert found(encode([*FEATURES, FEATURES[1]])) == [("I8", f"3 ({IDS[1]})", NO_ID)]


def test_an_activity_without_a_csv_is_found() -> None:
    public = Remembered({path: OF_CSVS[path] for path in CSVS[:2]})
    assert found(encode(FEATURES), public=public) == [("I9", at(2), NO_CSV)]


def test_an_activity_of_which_nothing_has_a_position_is_found() -> None:
    nowhere = judge({CSVS[1]: csv(lat=[""] * 5, lng=[""] * 5)}, RULES, Remembered()).facts
    none = replace(FEATURES[1], arcs=[], box=None, properties=FEATURES[1].properties | {"distance": 0.0})
    told = found(with_second(none), public=Remembered(OF_CSVS | nowhere))
    assert {("I11", at(1), OTHER_LINES), ("I9", at(1), NO_LINE)} <= set(told)


OTHER_LINES, NO_LINE = "its lines are not those of its CSV", "has no visible line"


@pytest.mark.parametrize(("east", "north"), [(3, 0), (-3, 0), (0, 3), (0, -3)])
def test_lines_that_leave_their_csvs_box_are_found(east: int, north: int) -> None:
    """By three metres, where one is what the grid makes of it."""
    for far, told in ((1, [("I11", at(1), OTHER_LINES)]), (0, [])):
        moved = [line + [far * east, far * north] for line in lines_of(CSVS[1])]
        assert found(with_second(drawn(IDS[1], moved))) == told


def test_one_vertex_outside_the_box_is_enough() -> None:
    for line, vertex in ((0, 1), (1, 0)):
        for sign in (-1, 1):
            moved = lines_of(CSVS[1])
            moved[line][vertex] += [0, 4 * sign]
            assert found(with_second(drawn(IDS[1], moved))) == [("I11", at(1), OTHER_LINES)]


def test_lines_that_are_missing_are_found() -> None:
    one = replace(FEATURES[1], arcs=FEATURES[1].arcs[:1], box=None)
    assert found(with_second(one)) == [("I11", at(1), OTHER_LINES)]
    none = replace(FEATURES[1], arcs=[], box=None)
    assert found(with_second(none)) == [("I11", at(1), OTHER_LINES), ("I9", at(1), NO_LINE)]
    point = replace(FEATURES[1], arcs=[FEATURES[1].arcs[0], FEATURES[1].arcs[1]._replace(steps=b"")], box=None)
    assert found(with_second(point)) == [("I9", at(1), NO_LINE)]


def test_a_line_in_a_zone_is_found_and_named() -> None:
    lines = lines_of(CSVS[1])
    home = np.rint(np.array([HOME.lon, HOME.lat]) / CELL)
    lines[1] = np.vstack([lines[1], home])
    told = found(with_second(drawn(IDS[1], lines)))
    assert ("I1", at(1), "a vertex or segment lies inside a private zone's cut") in told
    assert {where for _, where, _ in told} == {at(1)}


NOT_OURS = ("I7", "", "is not written as we write it: bytes could tell something beside what they mean")


def edited(change: Callable[[dict[str, Any]], Any], features: Sequence[Feature] = FEATURES) -> bytes:
    document = orjson.loads(encode(features))
    change(document)
    return orjson.dumps(document)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["arcs"].append([[1, 1], [2, 2]]), ("I9", "", "holds arcs that no activity uses")),
        (lambda d: d.update(home=1, zone=2), ("I7", "", "has the unknown member 'home'")),
        (lambda d: d["transform"].update(scale=[1e-5, 2e-5]), ("I10", "", "the transform's grid is not the fixed one")),
        (lambda d: d.update(bbox=[]), ("I10", "", "bbox is not that of the visible lines")),
    ],
)
def test_a_file_that_holds_more_or_other_things_is_found(
    change: Callable[[dict[str, Any]], Any], told: tuple[str, str, str]
) -> None:
    both = found(edited(change))
    assert {NOT_OURS, told} <= set(both)
    assert len(both) == 2 or told[0] == "I10"


def test_spaces_and_members_that_stand_twice_are_found() -> None:
    good = encode(FEATURES)
    for odd in (good.replace(b'"type":', b'"type": ', 1), good.replace(b'{"type":', b'{"type":"home","type":', 1)):
        assert found(odd) == [NOT_OURS]


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("by", [-1, 1])
def test_a_box_written_by_our_own_hand_that_is_another_is_found(corner: int, by: int) -> None:
    """By a metre, whether or not anything in the file is new."""
    whole = np.array(topojson_file.read(encode(FEATURES)).box)
    whole[corner] += by
    forged = encode([replace(feature, box=tuple(whole.tolist())) for feature in FEATURES])
    box = ("I10", "", "bbox is not that of the visible lines")
    told = [box, ("I10", "", "the transform does not begin at the visible lines' corner")][: 2 if corner < 2 else 1]
    assert found(forged) == told
    proven = Remembered(OF_CSVS | judge({MAP: encode(FEATURES)}, RULES, Remembered(OF_CSVS)).facts)
    assert found(forged, public=proven) == told


def test_a_map_of_nothing_tells_no_place() -> None:
    assert found(encode([])) == []
    place = ("I10", "", "tells a place although nothing is visible")
    assert found(topojson_file._head([], (1, 2, 3, 4)) + b',"arcs":[]}') == [place]
    for told in ({"bbox": [7.5, 47.4, 7.6, 47.5]}, {"transform": {"scale": [CELL, CELL], "translate": [7.6, 0.0]}}):
        assert found(edited(lambda d, told=told: d.update(told), [])) == [NOT_OURS, place]


def test_what_cannot_be_read_is_told_with_why() -> None:
    [(invariant, where, what)] = found(b"{}")
    assert (invariant, where) == ("I7", "")
    assert what.startswith("cannot be read as what it is: not a TopoJSON file of activities (KeyError")
    arc = FEATURES[1].arcs[0]
    [(invariant, where, what)] = found(
        with_second(replace(FEATURES[1], arcs=[Arc(arc.x, arc.y, b"],[1"), FEATURES[1].arcs[1]]))
    )
    assert (invariant, where) == ("I7", "")
    assert what == "cannot be read as what it is: a position has other than two numbers"


class TestWhatWasProven:
    """Of a map that was judged before, only what is new is looked at."""

    FIRST = judge({MAP: encode(FEATURES)}, RULES, Remembered(OF_CSVS))
    FACTS = OF_CSVS | FIRST.facts

    def again(self, data: bytes, facts: dict[str, Facts] | None = None, **given: Any) -> Judgement:
        return judge({MAP: data}, RULES, Remembered(facts or self.FACTS, **given))

    def test_is_remembered_with_its_box(self) -> None:
        assert self.FIRST.facts.keys() == {MAP}
        facts = self.FIRST.facts[MAP]
        assert facts.keys() == {"under", "boxes"}
        assert facts["under"] == RULES.mark
        boxes = [np.concatenate([f(np.concatenate(lines_of(csv)), axis=0) for f in (np.min, np.max)]) for csv in CSVS]
        assert np.allclose(list(facts["boxes"].values()), np.array(boxes) * CELL, atol=1e-9, rtol=0)

    def test_is_not_looked_at_again_and_stays_remembered(self) -> None:
        result = self.again(encode(FEATURES))
        assert (result.findings, result.tested.vertices, result.facts) == ([], 0, self.FIRST.facts)

    def test_of_what_is_gone_nothing_stays_remembered(self) -> None:
        result = self.again(encode(FEATURES[1:]))
        assert (result.findings, result.tested.vertices) == ([], 0)
        assert len(result.facts[MAP]["boxes"]) == 2

    def test_is_proven_again_under_other_rules_or_an_older_releases(self) -> None:
        facts = self.FIRST.facts[MAP]
        for other in ({**facts, "under": "another"}, {"boxes": facts["boxes"]}, {"under": facts["under"]}):
            result = self.again(encode(FEATURES), self.FACTS | {MAP: other})
            assert (result.findings, result.tested.vertices, result.facts) == ([], 15, self.FIRST.facts)

    def test_is_proven_again_where_it_changed_and_nowhere_else(self) -> None:
        result = self.again(second(name="Another name"))
        assert (result.findings, result.tested.vertices) == ([], 5)
        files = FILES | {CSVS[1]: FILES[CSVS[1]] + b"\n"}
        result = self.again(encode(FEATURES), files=files)
        assert (result.findings, result.tested.vertices) == ([], 5)
        for moved in ([line + [0, 3] for line in lines_of(CSVS[1])], lines_of(CSVS[1])[:1]):
            [told] = self.again(with_second(drawn(IDS[1], moved))).findings
            assert (told.invariant, told.where) == ("I11", f"{MAP}, feature {at(1)}")

    def test_is_proven_only_of_what_we_wrote(self) -> None:
        assert self.again(edited(lambda d: d.update(home=1))).tested.vertices == 15


class TestFilesTogether:
    """What no kind of file is judged by alone."""

    def test_the_installations_key_is_in_no_file(self) -> None:
        objects = {"index.html": b"<p>key of ours</p>", "config.json": b"{}", "assets/a.js": b"x key of ours"}
        findings = judge(objects, RULES, Remembered()).findings
        what = "holds the installation's key"
        assert findings == [Finding("I14", "index.html", what), Finding("I14", "assets/a.js", what)]
        assert judge(objects, replace(RULES, key=b""), Remembered()).findings == []

    def test_a_name_that_is_none_and_a_file_that_is_none_are_found(self) -> None:
        objects = {"notes.txt": b"x", CSVS[0]: b"lat,lng\n", "index.html": b"x"}
        assert judge(objects, RULES, Remembered()).findings == [
            Finding("I7", "notes.txt", "is no public file's name"),
            Finding("I7", CSVS[0], "cannot be read as what it is: no column segment"),
        ]

    def test_without_a_zone_nothing_of_anybody_is_shown(self) -> None:
        i16 = [Finding("I16", "zones", "there is no privacy zone in force; nothing is published")]
        nothing, full = {map_path(EVE): encode([])}, {MAP: encode(FEATURES)}
        without, public = replace(RULES, zones=[]), Remembered(OF_CSVS)
        for objects in (FILES, full, nothing | full):
            assert judge(objects, without, public).findings == i16
            assert judge(objects, replace(without, allow_no_zones=True), public).findings == []
        assert judge(nothing | {"index.html": b"x"}, without, public).findings == []

    def test_rows_beside_the_line_that_a_map_shows_are_found(self) -> None:
        lines = {path: [line * CELL for line in lines_of(path)] for path in CSVS}
        assert judge(FILES, RULES, Remembered(), lines).findings == []
        lines[CSVS[1]] = [line + [0, 0.001] for line in lines[CSVS[1]]]
        [told] = judge(FILES, RULES, Remembered(), lines).findings
        assert (told.invariant, told.where) == ("I11", CSVS[1])
        assert re.fullmatch("a row lies 11[12] m from the map's line", told.what)


class TestSums:
    """Figures and the index are those of the maps, to the byte."""

    SHOWN = read_map(encode(FEATURES))
    WEEKS = summaries.encode_periods(summaries.periods([f.properties for f in FEATURES], summaries.week_start))
    QUARTERS = summaries.encode_periods(summaries.periods([f.properties for f in FEATURES], summaries.quarter_start))

    def told(self, path: str, data: bytes, rules: Rules = RULES, **maps: Map) -> list[tuple[str, str, str]]:
        public = Remembered(maps={ADA: self.SHOWN} | {{"eve": EVE}[who]: shown for who, shown in maps.items()})
        return [(f.invariant, f.where, f.what) for f in judge({path: data}, rules, public).findings]

    @staticmethod
    def wrong(path: str) -> list[tuple[str, str, str]]:
        return [("I13", path, "cannot be recomputed from the published activities")]

    def test_weeks_and_quarters_are_held_against_their_map(self) -> None:
        quarterly = f"{ADA}/quarterly.json"
        assert self.told(WEEKLY, self.WEEKS) == self.told(quarterly, self.QUARTERS) == []
        for path, data in ((WEEKLY, self.QUARTERS), (quarterly, self.WEEKS), (WEEKLY, self.WEEKS + b" ")):
            assert self.told(path, data) == self.wrong(path)

    def test_the_map_that_is_judged_with_them_counts_and_not_the_one_that_was(self) -> None:
        result = judge(
            {MAP: encode(FEATURES[:2]), WEEKLY: self.WEEKS}, RULES, Remembered(OF_CSVS, maps={ADA: self.SHOWN})
        )
        assert [(f.invariant, f.where, f.what) for f in result.findings] == self.wrong(WEEKLY)

    def test_of_no_map_there_are_no_figures(self) -> None:
        theirs = f"{EVE}/weekly.json"
        assert self.told(theirs, b"[]\n") == []
        assert self.told(theirs, self.WEEKS) == self.wrong(theirs)

    def test_what_cannot_be_added_up_has_no_figures(self) -> None:
        for odd in ({"startDate": "soon"}, {"startDate": None}, {"distance": "far"}):
            shown = topojson_decoder.decode(second(**odd))
            public = Remembered(maps={ADA: shown})
            findings = judge({WEEKLY: self.WEEKS}, RULES, public).findings
            assert [(f.invariant, f.where, f.what) for f in findings] == self.wrong(WEEKLY)

    def test_the_index_is_held_against_all_maps(self) -> None:
        eves = read_map(encode([FEATURES[1]]))
        both = summaries.encode_index([(ADA, "Ada", self.SHOWN), (EVE, "Eve", eves)])
        assert self.told(INDEX, both, eve=eves) == []
        assert self.told(INDEX, both) == self.wrong(INDEX)  # she has no map
        assert self.told(INDEX, both, eve=self.SHOWN) == self.wrong(INDEX)
        for odd in (both + b" ", b"[]", b'{"athletes": 5}', b'{"athletes": [{}]}', b"{", both.replace(b"Ada", b"Eva")):
            assert self.told(INDEX, odd, eve=eves) == self.wrong(INDEX)

    def test_of_nobody_there_is_an_index(self) -> None:
        nobody = summaries.encode_index([])
        assert self.told(INDEX, nobody) == []
        assert self.told(INDEX, nobody + b" ") == self.wrong(INDEX)

    def test_whom_nobody_knows_is_called_as_the_index_says(self) -> None:
        index = summaries.encode_index([(ADA, "Somebody", self.SHOWN)])
        assert self.told(INDEX, index, replace(RULES, athletes={EVE: "Eve"})) == []

    def test_an_athletes_name_does_not_tell_a_zones(self) -> None:
        index = summaries.encode_index([(ADA, "Ada", self.SHOWN), (EVE, "Eve of the Nest", self.SHOWN)])
        rules = replace(RULES, athletes={ADA: "Ada", EVE: "Eve of the Nest"})
        assert self.told(INDEX, index, rules, eve=self.SHOWN) == [
            ("I14", INDEX, "a name tells the name of a private zone")
        ]


def test_rules_are_told_apart_by_whatever_is_held_against_the_bytes() -> None:
    zone, other = around(HOME), around(HOME, number=2)
    moved = CutShape((7.7, 47.5), zone.shape.geometry)
    larger = CutShape(zone.shape.center, zone.shape.geometry.buffer(1))
    rules = [
        *(Rules([changed], b"") for changed in (zone, other, replace(zone, name="x"), replace(zone, mode="ends_only"))),
        *(Rules([replace(zone, shape=shape)], b"") for shape in (moved, larger)),
        Rules([replace(zone, geometry=zone.geometry.buffer(0.001))], b""),
        *(Rules(zones, b"") for zones in ([], [zone, other])),
        *(Rules([zone], b"", allow_no_zones=no, allow_strava_ids=ids) for no, ids in ((True, False), (False, True))),
    ]
    assert len({each.mark for each in rules}) == len(rules)
    assert Rules([other, zone], b"another key", athletes={ADA: "Ada"}).mark == Rules([zone, other], b"").mark


def test_judgements_of_several_parts_are_one() -> None:
    whole = Judgement()
    for number in range(3):
        part = Judgement(
            [Finding("I1", str(number), "x")], {str(number): {}}, invariants.Tested(1, 2, 3, 4, 50.0 - number)
        )
        whole.add(part)
    assert [finding.where for finding in whole.findings] == ["0", "1", "2"]
    assert list(whole.facts) == ["0", "1", "2"]
    assert whole.tested == invariants.Tested(3, 6, 9, 12, 48.0)
