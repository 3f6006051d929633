"""The map's file holds every vertex, and anybody's reader can read it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from topojson import Topology

from strava_assets.publish import topojson_file
from strava_assets.publish.topojson_decoder import decode
from strava_assets.publish.topojson_file import CELL, Arc, Feature, arcs_of, encode, read

steps = st.lists(st.tuples(st.integers(-400, 400), st.integers(-400, 400)), min_size=1, max_size=30)

PROPERTIES = dict.fromkeys(topojson_file.PROPERTIES) | {
    "name": "Ride",
    "type": "Ride",
    "type_extended": "Road Cycling",
    "has_heartrate": False,
    "startDate": "2024-05-01",
    "private": False,
    "partly_hidden": False,
}


def feature(lines: list[np.ndarray], number: int = 1) -> Feature:
    drawn = shapely.MultiLineString([line * CELL for line in lines])
    (arcs,), (box,) = arcs_of([drawn])
    return Feature(PROPERTIES | {"actID": f"{number:016x}"}, arcs, box=box)


def same(got: list[np.ndarray], expected: list[np.ndarray]) -> bool:
    return len(got) == len(expected) and all(
        np.array_equal(np.rint(a / CELL).astype(int), b) for a, b in zip(got, expected, strict=True)
    )


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(-179 * 10**5, 179 * 10**5),
    st.integers(-80 * 10**5, 80 * 10**5),
)
def test_no_vertex_is_lost_or_moved(walks: list[list[list[tuple[int, int]]]], x: int, y: int) -> None:
    tracks = [[np.cumsum([(x, y), *line], axis=0) for line in lines] for lines in walks]
    data = encode([feature(lines, number) for number, lines in enumerate(tracks)])
    decoded = decode(data)
    for got, lines in zip(decoded.features, tracks, strict=True):
        assert same(got.lines, lines)
    again = read(data).features
    assert encode(again) == data
    assert encode(again[1:]) == encode([feature(lines, 1 + n) for n, lines in enumerate(tracks[1:])])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_can_be_read_is_written_as_these_very_bytes(data: st.DataObject) -> None:
    line = np.array([(0, 0), (40, 30), (90, 10), (30, 200)]) - 700_000
    good = encode([feature([line], 1), feature([line + 9, line[::-1] + 500], 2), feature([line * 2], 3)])
    at = data.draw(st.integers(0, len(good) - 1))
    odd = (
        good[:at]
        + data.draw(st.binary(max_size=3) | st.sampled_from([b"]],[[", b" ", b'"', b",", b"0"]))
        + good[at + data.draw(st.integers(0, 2)) :]
    )
    try:
        found = read(odd)
    except ValueError:
        return
    assert encode([Feature(entry.properties, entry.arcs, box=found.box) for entry in found.features]) == odd


def test_an_arc_that_belongs_to_nothing_is_not_ours() -> None:
    good = encode([feature([np.array([(0, 0), (40, 30)])])])
    assert good.endswith(b"]]]}")
    with pytest.raises(ValueError, match="not a map as we write it"):
        read(good.removesuffix(b"]}") + b",[[0,0],[5,5]]]}")


@pytest.mark.parametrize("start", [b"00,0", b" 0,0", b"+0,0", b"-0,0", b"0_0,0", b"0,0,0", b"0", b"", b"0.0,0"])
def test_a_first_position_written_otherwise_is_not_ours(start: bytes) -> None:
    good = encode([feature([np.array([(0, 0), (40, 30)])])])
    assert b"[[[0,0]," in good
    with pytest.raises(ValueError, match="not a map as we write it"):
        read(good.replace(b"[[[0,0],", b"[[[" + start + b"],"))


def test_a_file_without_activities_can_be_read() -> None:
    assert read(encode([])).features == []
    assert decode(encode([])).features == []


def test_the_far_end_of_an_out_and_back_stays() -> None:
    line = np.array([(0, 0), (5, -52), (5, -312), (5, -357), (5, -331), (5, 0), (0, 0)]) + 700_000
    assert same(decode(encode([feature([line])])).features[0].lines, [line])


def test_another_reader_reads_the_same_lines() -> None:
    line = np.array([(0, 0), (40, 30), (90, 10), (30, 200)]) + 700_000
    other = line[::-1] + 500
    data = json.loads(encode([feature([line], 1), feature([line + 9, other], 2)]))
    geojson = json.loads(Topology(data, object_name="activities", topology=False, prequantize=False).to_geojson())
    lines = [shapely.geometry.shape(entry["geometry"]) for entry in geojson["features"]]
    assert shapely.hausdorff_distance(lines[0], shapely.LineString(line * CELL)) < 1e-9
    assert shapely.hausdorff_distance(lines[1], shapely.MultiLineString([(line + 9) * CELL, other * CELL])) < 1e-9


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b'"properties":{', b'"properties":[],"x":{', "properties are no object"),
        (
            b'"type":"Topology"',
            b'"type": "Topology"',
            "its bytes are not those that its activities would be written as",
        ),
        (b'"arcs":[0],', b'"arcs":[1],', "IndexError"),
        (b'"arcs":[[[0,0],', b'"arcs":[[{},', "its arcs are no list of lists of positions"),
        (b"]]]}", b"]]] }", "its arcs are no list of lists of positions"),
        (b"[[[0,0],", b"[[[00,0],", "a position is not written as we write it"),
        (b"[[[0,0],", b"[[[", "invalid literal"),
    ],
)
def test_a_map_that_is_not_written_as_ours_is_refused_with_why(before: bytes, after: bytes, words: str) -> None:
    good = encode([feature([np.array([(0, 0), (40, 30)]) + 700_000])])
    assert good.count(before) == 1
    odd = good.replace(before, after)
    with pytest.raises(ValueError, match=f"^not a map as we write it .*{words}"):
        read(odd)


def test_a_line_of_one_position_is_read_as_it_is() -> None:
    arc = Arc(700_012, -4_700_034, b"")
    members = [feature([np.array([(0, 0), (40, 30)])]), Feature(PROPERTIES, [arc])]
    assert read(encode(members)).features[1].arcs == [arc]


def test_of_nothing_the_file_has_no_box_and_no_corner() -> None:
    document = json.loads(encode([]))
    assert (document["bbox"], document["arcs"]) == ([], [])
    assert document["transform"] == {"scale": [CELL, CELL], "translate": [0.0, 0.0]}
    assert (read(encode([])).bbox, read(encode([])).translate) == ([], [])


def test_what_goes_on_being_published_has_properties_of_contracts_kinds() -> None:
    line = np.array([(0, 0), (40, 30)])
    good = read(encode([feature([line], 1), feature([line + 9], 2)]))
    assert topojson_file.with_our_properties(good) is good
    for change, words in (({"private": "no"}, "private is not what it should be"), ({"name": 5}, "name is not")):
        members = [good.features[0], Feature(good.features[1].properties | change, good.features[1].arcs)]
        with pytest.raises(ValueError, match=words):
            topojson_file.with_our_properties(topojson_file.MapFile(members, good.box))


def test_the_box_is_that_of_all_lines_whether_or_not_it_was_known() -> None:
    lines = [np.array([(0, 0), (40, 30)]) + 700_000, np.array([(-90, 10), (30, 200)]) + 700_000]
    members = [feature([line], number) for number, line in enumerate(lines)]
    told = encode(members)
    assert read(told).box == (699_910, 700_000, 700_040, 700_200)
    for unknown in ([0], [1], [0, 1]):
        some = [Feature(m.properties, m.arcs, box=None if k in unknown else m.box) for k, m in enumerate(members)]
        assert encode(some) == told
