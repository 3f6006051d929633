"""Maps that were cut off, edited by hand or written by others: told, refused, and nothing forbidden stays in them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from strava_assets.errors import GateRefused
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_files, taking_back, topojson_file
from strava_assets.publish.paths import csv_path, map_path
from strava_assets.publish.topojson_file import Arc, Feature
from strava_assets.publish.verify import verify
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.test_attacks import on_a_track


def _features(document: dict[str, Any]) -> list[dict[str, Any]]:
    return document["objects"]["activities"]["geometries"]


def _nothing_but_a_box(document: dict[str, Any]) -> None:
    document["objects"]["activities"]["geometries"], document["arcs"] = [], []


def _finer(document: dict[str, Any]) -> None:
    document["transform"]["scale"] = [1e-6, 1e-6]
    document["arcs"] = [[[10 * x, 10 * y] for x, y in arc] for arc in document["arcs"]]


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an arc without positions": lambda d: d["arcs"].__setitem__(0, []),
    "an arc that is none": lambda d: d["arcs"].__setitem__(0, {}),
    "no arcs": lambda d: d.update(arcs=None),
    "a number for a position": lambda d: d["arcs"][0].insert(2, 5),
    "a step beyond 64 bits": lambda d: d["arcs"][0].insert(2, [2**63 + 5, 1]),
    "a step out of the world": lambda d: d["arcs"][0].insert(2, [2**62, 2**62]),
    "a box of one number": lambda d: d.update(bbox=5),
    "a box of text": lambda d: d.update(bbox="home"),
    "a transform of nothing": lambda d: d["transform"].update(translate=None),
    "a nested transform": lambda d: d["transform"].update(scale=[[1e-5, 1e-5]]),
    "another's grid": _finer,
    "nothing but a box": _nothing_but_a_box,
    "properties that are none": lambda d: _features(d)[0].update(properties=[]),
    "no name": lambda d: _features(d)[0]["properties"].pop("name"),
    "no id": lambda d: _features(d)[0]["properties"].pop("actID"),
    "an id that is none": lambda d: _features(d)[0]["properties"].update(actID=[1]),
    "a bike that is a number": lambda d: _features(d)[0]["properties"].update(gear_name=5),
    "a day that is none": lambda d: _features(d)[0]["properties"].update(startDate="soon"),
    "a distance in words": lambda d: _features(d)[0]["properties"].update(distance="far"),
    "a kind that is a number": lambda d: _features(d)[0]["properties"].update(type=5),
}


def damaged(good: bytes) -> dict[str, bytes]:
    """Maps that are none, or not ours, by what is wrong with them."""
    odd = {"cut off": good[:-100], "garbage": b"x" * len(good), "empty": b"", "not an object": b"null"}
    odd["structure in a step"] = good.replace(b"]],[[", b"]], [[", 1)
    for name, change in CHANGES.items():
        document = orjson.loads(good)
        change(document)
        odd[name] = orjson.dumps(document)
    assert good not in odd.values()
    return odd


def map_of(published: Published) -> Path:
    return published.root / map_path(published.athlete)


def lay(published: Published, data: bytes, as_long: bool) -> None:
    """Put a map where ours was; the gate overlooks nothing because it is ``as_long`` as what it wrote."""
    map_of(published).parent.mkdir(exist_ok=True)
    map_of(published).write_bytes(data)
    if as_long:
        with published.installation.database.transaction() as connection:
            connection.execute(
                "update strava.public_object set bytes = %s where path = %s", (len(data), map_path(published.athlete))
            )


def test_it_is_found_and_passes_no_gate(published: Published) -> None:
    path, good = map_of(published), map_of(published).read_bytes()
    for wrong, data in damaged(good).items():
        with pytest.raises(GateRefused, match="the gate refused 1 files"):
            published.installation.gate().publish({map_path(published.athlete): data})
        assert path.read_bytes() == good, wrong
        path.write_bytes(data)
        assert {f.invariant for f in verify(published.installation.gate()).findings} - {"I13"}, wrong
        path.write_bytes(good)


def test_figures_are_not_made_of_what_is_none(published: Published) -> None:
    good = map_of(published).read_bytes()
    weekly = published.root / published.athlete / "weekly.json"
    were = weekly.read_bytes()
    for wrong, data in damaged(good).items():
        if wrong == "nothing but a box":  # of nothing there are figures
            continue
        lay(published, data, as_long=True)
        gate = published.installation.gate()
        with contextlib.suppress(GateRefused):  # not where only its lines are wrong
            map_files.publish_summaries(gate)
        assert weekly.read_bytes() == were


@pytest.mark.parametrize("as_long", [True, False])
def test_what_has_to_go_does_not_stay_in_it(published: Published, as_long: bool) -> None:
    good = map_of(published).read_bytes()
    for number, (wrong, data) in enumerate(damaged(good).items()):
        if number % 8 == 0:  # every ride's CSV was withdrawn once
            published.publish()
        activity = 1 + number % 8
        hidden = published.ids[activity]
        lay(published, data, as_long)
        change(published, "update strava.activity set visibility = 'only_me' where id = %s", activity)
        withdraw_hidden(published.installation)
        assert not (published.root / csv_path(*hidden)).exists(), wrong
        if map_of(published).exists():
            assert hidden[1].encode() not in map_of(published).read_bytes(), wrong
            assert map_of(published).read_bytes() != data, wrong
        change(published, "update strava.activity set visibility = 'everyone' where id = %s", activity)
    published.publish()
    assert map_of(published).read_bytes() == good


def change(published: Published, sql: str, *given: Any) -> None:
    with published.installation.database.transaction() as connection:
        connection.execute(sql, given)


@pytest.mark.parametrize("as_long", [True, False])
def test_the_next_look_takes_it_away_and_a_run_makes_it_again(published: Published, as_long: bool) -> None:
    good = map_of(published).read_bytes()
    for wrong, data in damaged(good).items():
        lay(published, data, as_long)
        taking_back.withdraw_exposed(published.installation.gate())
        assert not map_of(published).exists() or map_of(published).read_bytes() == good, wrong
    published.publish()
    assert map_of(published).read_bytes() == good
    assert verify(published.installation.gate()).findings == []


def test_two_lines_are_not_taken_for_one_that_reads_alike(published: Published) -> None:
    """What was proven of two arcs is not proven of one whose bytes are those of both."""
    place, _ = on_a_track(published)
    zone_store.add(published.installation.database, [DrawnZone("", place.polygon(circle(50)))])
    published.publish()
    there = topojson_file.read(map_of(published).read_bytes())
    numbers = [number for number, member in enumerate(there.features) if len(member.arcs) == 2]
    assert numbers
    members = [Feature(member.properties, member.arcs, box=there.box) for member in there.features]
    first, second = members[numbers[0]].arcs
    for between in (b"|", b"]],[["):
        one = Arc(first.x, first.y, first.steps + between + b"%d,%d%b" % second)
        members[numbers[0]] = Feature(members[numbers[0]].properties, [one], box=there.box)
        with pytest.raises(GateRefused, match="I7"):
            published.installation.gate().publish({map_path(published.athlete): topojson_file.encode(members)})


def test_what_an_older_release_remembered_of_a_map_proves_nothing(published: Published) -> None:
    good = map_of(published).read_bytes()
    change(
        published,
        "update strava.public_object set facts = jsonb_build_object('under', facts -> 'under', 'proven', "
        "(select jsonb_agg(mark) from jsonb_object_keys(facts -> 'boxes') as mark)) where path = %s",
        map_path(published.athlete),
    )
    gate = published.installation.gate()
    assert gate.judge({map_path(published.athlete): good}).tested.vertices > 0
    taking_back.withdraw_exposed(gate)
    published.publish()
    assert map_of(published).read_bytes() == good
    assert published.installation.gate().judge({map_path(published.athlete): good}).tested.vertices == 0


def test_figures_that_say_more_than_they_mean_are_found(published: Published) -> None:
    path = published.root / published.athlete / "weekly.json"
    good = path.read_bytes()
    for odd in (good + b" ", good.replace(b'{"start":', b'{"start":"at 7.6, 47.5","start":', 1)):
        path.write_bytes(odd)
        assert "I13" in {f.invariant for f in verify(published.installation.gate()).findings}
