"""A map is read by the specification alone: whatever that allows, and of CONTRACT's shape; all else is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
import pytest

from strava_assets.publish.topojson_decoder import decode


def geometry(arcs: list[Any], **given: Any) -> dict[str, Any]:
    kind = "MultiLineString" if isinstance(arcs[0], list) else "LineString"
    return {"type": kind, "arcs": arcs, "properties": {"name": "x"}} | given


def topology(*geometries: dict[str, Any], arcs: list[Any] | None = None) -> dict[str, Any]:
    """Three arcs around 7° E 47° N, on a grid of a tenth of a degree; the second goes on where the first ends."""
    return {
        "type": "Topology",
        "bbox": [7, 47, 8.5, 48],
        "transform": {"scale": [0.1, 0.1], "translate": [7, 47]},
        "objects": {"activities": {"type": "GeometryCollection", "geometries": list(geometries)}},
        "arcs": arcs or [[[0, 0], [1, 2], [3, -1]], [[4, 1], [1, 0], [0, 1]], [[9, 9], [-2, -2]]],
    }


FIRST, SECOND, THIRD = [(0, 0), (1, 2), (4, 1)], [(4, 1), (5, 1), (5, 2)], [(9, 9), (7, 7)]


@pytest.mark.parametrize(
    ("arcs", "lines"),
    [
        ([0], [FIRST]),
        ([2], [THIRD]),
        ([~0], [FIRST[::-1]]),
        ([~2], [THIRD[::-1]]),
        ([0, 1], [FIRST + SECOND[1:]]),
        ([~1, ~0], [(FIRST + SECOND[1:])[::-1]]),
        ([[0], [2]], [FIRST, THIRD]),
        ([[2], [~1, ~0]], [THIRD, (FIRST + SECOND[1:])[::-1]]),
    ],
)
def test_lines_are_joined_from_arcs_whichever_way_round(arcs: list[Any], lines: list[Any]) -> None:
    found = decode(orjson.dumps(topology(geometry(arcs))))
    assert [np.rint((line - [7, 47]) * 10).tolist() for line in found.features[0].lines] == [
        np.array(line).tolist() for line in lines
    ]
    used = {number if number >= 0 else ~number for number in np.concatenate([np.ravel(part) for part in arcs])}
    assert found.unused_arcs == 3 - len(used)
    assert found.features[0].properties == {"name": "x"}


def test_what_stands_beside_the_lines_is_told_as_it_stands() -> None:
    document = topology(geometry([0]), geometry([[1], [2]])) | {"home": 1}
    found = decode(orjson.dumps(document))
    assert (found.bbox, found.translate, found.scale) == ([7, 47, 8.5, 48], [7, 47], [0.1, 0.1])
    assert found.members == ("type", "bbox", "transform", "objects", "arcs", "home")
    assert (found.canonical, found.unused_arcs, len(found.features)) == (True, 0, 2)
    assert not decode(orjson.dumps(document, option=orjson.OPT_INDENT_2)).canonical


def test_of_no_activities_there_is_no_box() -> None:
    found = decode(orjson.dumps(topology() | {"arcs": [], "bbox": []}))
    assert (found.features, found.bbox, found.unused_arcs) == ([], [], 0)


@pytest.mark.parametrize(("axis", "farthest"), [(0, 180), (1, 90)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_vertex_beyond_the_world_is_refused(axis: int, farthest: int, sign: int) -> None:
    for beyond, accepted in ((0.0009, True), (0.002, False)):
        document = topology(geometry([0]), arcs=[[[0, 0], [1, 1]]])
        document["transform"]["translate"] = [0, 0]
        document["transform"]["scale"][axis] = sign * (farthest + beyond)
        if accepted:
            assert len(decode(orjson.dumps(document)).features) == 1
        else:
            with pytest.raises(ValueError, match="a vertex lies outside the world"):
                decode(orjson.dumps(document))


def _activities(document: dict[str, Any]) -> dict[str, Any]:
    return document["objects"]["activities"]


def _arc(number: int, arc: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda d: d["arcs"].__setitem__(number, arc)


TOPOLOGY, MEMBERS = "not a Topology with the one object 'activities'", "it has members that are not ours"
PAIRS, BOX = "the transform is not two pairs of numbers", "the bbox is not four numbers"
ARC, POSITION = "an arc is not a list of positions", "a position has other than two numbers"
NUMBERS = "an arc holds something other than whole numbers of which a sum can be told"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d["transform"].update(home=[7, 47]), MEMBERS),
        (lambda d: _activities(d).update(home=[7, 47]), MEMBERS),
        (lambda d: d.update(type="Topologie"), TOPOLOGY),
        (lambda d: d["objects"].update(home={"type": "Point", "coordinates": [7, 47]}), TOPOLOGY),
        (lambda d: d["transform"].update(scale=[0.1]), PAIRS),
        (lambda d: d["transform"].update(scale=[0.1, "0.1"]), PAIRS),
        (lambda d: d["transform"].update(scale="01"), PAIRS),
        (lambda d: d["transform"].update(translate=[7, 47, 300]), PAIRS),
        (lambda d: d["transform"].update(translate=[7, None]), PAIRS),
        (lambda d: d.update(arcs={}), "the arcs are not a list"),
        (lambda d: d.update(bbox=[7, 47, 8]), BOX),
        (lambda d: d.update(bbox=[7, 47, 8, "home"]), BOX),
        (lambda d: d.update(bbox=None), BOX),
        (lambda d: _activities(d).update(type="FeatureCollection"), "'activities' is not a GeometryCollection"),
        (lambda d: _activities(d)["geometries"][0].update(type="Point"), "a feature is a Point"),
        (lambda d: _activities(d)["geometries"][0].update(properties=[]), "a feature has no properties"),
        (lambda d: _activities(d)["geometries"][0].update(id=5, at=7), "a feature has the member 'at'"),
        (_arc(1, []), ARC),
        (_arc(1, {}), ARC),
        (_arc(1, "home"), ARC),
        (lambda d: d.update(arcs=[[], []]), ARC),
        (_arc(1, [[0, 0], [1]]), POSITION),
        (_arc(1, [[0, 0], [1, 2, 300]]), POSITION),
        (_arc(1, [[0, 0], "ab"]), POSITION),
        (_arc(1, [[0, 0], {"1": 1, "2": 2}]), POSITION),
        (_arc(1, [[0, 0], [1, 0.5]]), NUMBERS),
        (_arc(1, [[0, 0], [1, True]]), NUMBERS),
        (_arc(1, [[0, 0], [1, 2**36 + 1]]), NUMBERS),
        (_arc(1, [[0, 0], [-(2**36) - 1, 1]]), NUMBERS),
        (_arc(1, [[0, 0], [2**36, 1]]), "a vertex lies outside the world"),
        (_arc(1, [[0, 0], [-(2**36), 1]]), "a vertex lies outside the world"),
        (lambda d: d.pop("arcs"), r"not a TopoJSON file of activities \(KeyError: 'arcs'\)"),
        (lambda d: _activities(d)["geometries"][0].update(arcs=[5]), r"not a TopoJSON file of activities \(IndexError"),
        (lambda d: _activities(d).update(geometries=None), r"not a TopoJSON file of activities \(TypeError"),
    ],
)
def test_what_is_of_another_shape_is_refused_with_why(change: Callable[[dict[str, Any]], Any], words: str) -> None:
    document = topology(geometry([0]), geometry([[1], [2]]))
    assert len(decode(orjson.dumps(document)).features) == 2
    change(document)
    with pytest.raises(ValueError, match=f"^{words}"):
        decode(orjson.dumps(document))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{", b"\xff"])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a TopoJSON file of activities"):
        decode(data)
