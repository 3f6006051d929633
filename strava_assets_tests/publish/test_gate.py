"""The gate lets nothing through that breaks an invariant, and verify finds it when somebody else did."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import shapely

from strava_assets.errors import GateRefused, StoreUnavailable
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import taking_back
from strava_assets.publish.gate import NO_TIME, Gate
from strava_assets.publish.judging.rules import Judgement
from strava_assets.publish.paths import csv_path, map_path
from strava_assets.publish.topojson_decoder import decode
from strava_assets.publish.topojson_file import CELL, Feature, arcs_of, encode, read
from strava_assets.publish.verify import verify
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import HOME, Place, ride


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def found(published: Published) -> set[str]:
    return {finding.invariant for finding in verify(published.installation.gate()).findings}


def edit_map(published: Published, change: object) -> None:
    path = published.root / published.athlete / "activities.topojson"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_bytes(json.dumps(document).encode())


def a_csv(published: Published) -> Path:
    return sorted((published.root / published.athlete / "streams").iterdir())[0]


def test_what_was_published_keeps_every_invariant(published: Published) -> None:
    judgement = verify(published.installation.gate())
    assert judgement.findings == []
    assert judgement.tested.rows > 1000
    assert judgement.tested.nearest > 25


def test_the_same_again_writes_nothing(published: Published) -> None:
    before = files(published.root)
    assert published.publish().written == 0
    assert published.publish(force=True).written == 0
    assert files(published.root) == before


def test_a_vertex_moved_into_a_zone_is_found(published: Published) -> None:
    def move(document: dict) -> None:
        scale, translate = document["transform"]["scale"], document["transform"]["translate"]
        arc = document["arcs"][0]
        x, y = (sum(point[axis] for point in arc) for axis in (0, 1))
        home = [round((HOME.lon - translate[0]) / scale[0]), round((HOME.lat - translate[1]) / scale[1])]
        arc.append([home[0] - x, home[1] - y])

    edit_map(published, move)
    assert "I1" in found(published)


def test_a_row_put_back_is_found(published: Published) -> None:
    path = a_csv(published)
    header, first, *rest = path.read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True)) | {
        "lat": f"{HOME.lat:.6f}",
        "lng": f"{HOME.lon:.6f}",
    }
    path.write_text("\n".join([header, ",".join(row.values()), first, *rest, ""]))
    assert "I2" in found(published)


def test_a_total_restored_is_found(published: Published) -> None:
    def restore(document: dict) -> None:
        document["objects"]["activities"]["geometries"][0]["properties"]["distance"] += 400

    edit_map(published, restore)
    assert "I5" in found(published)


@pytest.mark.parametrize(
    ("name", "value", "invariant"),
    [
        ("startDate", "2024-05-02T06:01:00Z", "I6"),
        ("start_time", "06:01", "I7"),
        ("moving_time", 99999, "I5"),
        ("average_speed", 99.0, "I5"),
        ("actID", "12345678901", "I8"),
        ("private", True, "I15"),
        ("description", "x", "I7"),
        ("name", "Round Rosenhof", "I14"),
        ("calories", 480, "I5"),
        ("elapsed_time", 1714543200, "I6"),
    ],
)
def test_a_property_that_tells_too_much_is_found(
    published: Published, name: str, value: object, invariant: str
) -> None:
    def change(document: dict) -> None:
        document["objects"]["activities"]["geometries"][0]["properties"][name] = value

    edit_map(published, change)
    path = published.root / published.athlete / "activities.topojson"
    path.write_bytes(path.read_bytes().replace(b'": ', b'":'))
    assert invariant in found(published)


@pytest.mark.parametrize(("line", "invariant"), [(1, "I3"), (-1, "I3")])
def test_times_that_are_not_rebased_are_found(published: Published, line: int, invariant: str) -> None:
    path = a_csv(published)
    header, *rows = path.read_text().splitlines()
    cells = rows[0 if line == 1 else -1].split(",")
    cells[header.split(",").index("time")] = "17" if line == 1 else "3"
    rows[0 if line == 1 else -1] = ",".join(cells)
    path.write_text("\n".join([header, *rows, ""]))
    assert invariant in found(published)


def test_what_is_withdrawn_while_everything_is_read_is_no_crash(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, gone = Gate.read, csv_path(*published.ids[3])

    def read(gate: Gate, path: str) -> bytes:
        if path == gone:
            raise FileNotFoundError(path)
        return real(gate, path)

    monkeypatch.setattr(Gate, "read", read)
    findings = verify(published.installation.gate()).findings
    # its place on the map, which was read before; and that it is remembered
    assert {finding.invariant for finding in findings} == {"I9", "I12"}


def test_a_missing_or_foreign_file_is_found(published: Published) -> None:
    a_csv(published).unlink()
    (published.root / "notes.txt").write_text("my address")
    assert {"I9", "I7"} <= found(published)


def test_a_wrong_summary_or_index_is_found(published: Published) -> None:
    for name in (f"{published.athlete}/weekly.json", "index.json"):
        path = published.root / name
        path.write_text(path.read_text().replace('"activities":', '"activities":1'))
    findings = verify(published.installation.gate()).findings
    assert {finding.where for finding in findings if finding.invariant == "I13"} >= {
        f"{published.athlete}/weekly.json",
        "index.json",
    }


def test_the_gate_refuses_and_writes_nothing(published: Published) -> None:
    before = files(published.root)
    gate = published.installation.gate()
    good = a_csv(published)
    path = str(good.relative_to(published.root))
    bad = good.read_bytes() + f"0,{10**6},0,{HOME.lat:.6f},{HOME.lon:.6f},300,5,0,140,200\n".encode()
    with pytest.raises(GateRefused, match="I2"):
        gate.publish({path.replace("stream_", "stream_")[:-5] + "0.csv": good.read_bytes(), path: bad})
    assert files(published.root) == before


def test_one_finding_is_enough_to_refuse(published: Published) -> None:
    path = a_csv(published)
    table = [row.split(",") for row in path.read_text().splitlines()]
    swapped = "".join(",".join([*row[:-2], row[-1], row[-2]]) + "\n" for row in table).encode()
    objects, before = {str(path.relative_to(published.root)): swapped}, files(published.root)
    gate = published.installation.gate()
    assert [finding.invariant for finding in gate.judge(objects).findings] == ["I7"]
    with pytest.raises(GateRefused, match="columns are not in CONTRACT's order"):
        gate.publish(objects)
    assert files(published.root) == before


def test_verify_believes_the_bytes_and_no_memory(published: Published) -> None:
    path = a_csv(published)
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[: len(rows) // 2]))
    findings = verify(published.installation.gate()).findings
    assert any(f.invariant == "I5" and path.stem.removeprefix("stream_") in f.where for f in findings)


def test_a_csv_that_is_on_no_map_is_found(published: Published) -> None:
    path = a_csv(published)
    stray = path.with_name("stream_0123456789abcdef.csv")
    stray.write_bytes(path.read_bytes())
    findings = verify(published.installation.gate()).findings
    assert ("I9", str(stray.relative_to(published.root))) in {(f.invariant, f.where) for f in findings}


def test_without_any_zone_nothing_is_published(published: Published) -> None:
    for zone in zone_store.stored(published.installation.database):
        zone_store.remove(published.installation.database, zone.id)
    before = files(published.root)
    path = a_csv(published)
    with pytest.raises(GateRefused, match="I16"):
        published.installation.gate().publish({str(path.relative_to(published.root)): path.read_bytes()})
    assert files(published.root) == before


def test_files_tell_no_time(published: Published) -> None:
    published.publish([*(ride(number) for number in range(1, 9)), ride(9)])
    for path in [published.root, *published.root.rglob("*")]:
        assert path.stat().st_mtime == NO_TIME, path


def test_a_file_tells_no_time_from_its_first_moment(published: Published) -> None:
    path, gate = a_csv(published), published.installation.gate()
    key, data = path.relative_to(published.root).as_posix(), path.read_bytes()
    number = next(entry.activity_id for where, entry in gate.known().items() if where == key)
    assert number is not None
    gate.withdraw([key])
    gate.publish({key: data}, activities={key: number})
    for told in (path, path.parent, published.root):
        assert told.stat().st_mtime == NO_TIME, told


def test_a_folder_does_not_tell_when_something_in_it_was_withdrawn(published: Published) -> None:
    path = a_csv(published)
    published.installation.gate().withdraw([str(path.relative_to(published.root))])
    for folder in (path.parent, path.parent.parent, published.root):
        assert folder.stat().st_mtime == NO_TIME, folder


def test_an_unwritable_root_is_a_clear_line_and_loses_nothing(published: Published) -> None:
    before = files(published.root)
    target = published.root / published.athlete / "streams"
    moved = target.with_name("elsewhere")
    os.rename(target, moved)
    target.write_text("in the way")
    try:
        with pytest.raises(StoreUnavailable, match="cannot"):
            published.publish([ride(number, seed=99) for number in range(1, 9)])
    finally:
        target.unlink()
        os.rename(moved, target)
    assert files(published.root) == before


def test_a_file_that_vanished_or_was_cut_off_comes_back(published: Published) -> None:
    before = files(published.root)
    victims = sorted((published.root / published.athlete / "streams").iterdir())
    victims[0].unlink()
    victims[1].write_bytes(victims[1].read_bytes()[:100])
    assert published.publish().written == 2
    assert files(published.root) == before


def test_a_ride_that_is_hidden_goes_everywhere(published: Published) -> None:
    rides = [ride(number, visibility="only_me" if number == 3 else "everyone") for number in range(1, 9)]
    assert published.publish(rides).withdrawn == 1
    public = published.ids[3][1]
    assert all(public not in path and public.encode() not in data for path, data in files(published.root).items())
    assert found(published) == set()


def test_a_new_zone_withdraws_at_once(published: Published) -> None:
    path = a_csv(published)
    middle = path.read_text().splitlines()[700].split(",")
    header = path.read_text().splitlines()[0].split(",")
    place = type(HOME)(float(middle[header.index("lng")]), float(middle[header.index("lat")]))
    zone_store.add(published.installation.database, [DrawnZone("", place.polygon(circle(100)))])
    withdrawn = taking_back.withdraw_exposed(published.installation.gate())
    assert path.stem.removeprefix("stream_") in withdrawn
    assert not path.exists()
    assert found(published) == set()


def test_a_new_zone_withdraws_also_what_nobody_remembers(published: Published) -> None:
    """As a killed writer left it, or somebody's hand: on no map, in no memory."""
    path = a_csv(published)
    stray = path.with_name("stream_0123456789abcdef.csv")
    header, *rows = path.read_text().splitlines()
    cells = dict(zip(header.split(","), rows[700].split(","), strict=True))
    stray.write_bytes(path.read_bytes())
    published.installation.gate().withdraw([str(path.relative_to(published.root))])
    place = Place(float(cells["lng"]), float(cells["lat"]))
    zone_store.add(published.installation.database, [DrawnZone("", place.polygon(circle(100)))])
    assert "0123456789abcdef" in taking_back.withdraw_exposed(published.installation.gate())
    assert not stray.exists()


def test_names_that_tell_a_zones_name_are_replaced(published: Published) -> None:
    published.publish([ride(1, name="Back to rosenhof, wet")])
    data = b"".join(files(published.root).values())
    assert b"osenhof" not in data
    assert b'"name":"Road Cycling"' in data
    assert found(published) == set()


def test_adding_a_ride_changes_no_other_ones_bytes(published: Published) -> None:
    before = files(published.root)
    published.publish([*(ride(number) for number in range(1, 9)), ride(9, kilometres=30)])
    after = files(published.root)
    assert {path: after[path] for path in before if path.endswith(".csv")} == {
        path: data for path, data in before.items() if path.endswith(".csv")
    }


class TestWhatWasProven:
    """Of ten years' rides one is new: the gate proves that one, and the others only if something about them changed."""

    def test_is_not_proven_again(self, published: Published) -> None:
        judgement = judged(published, lambda data: data)
        assert judgement.findings == []
        assert judgement.tested.vertices == 0

    def test_but_what_is_new_is(self, published: Published) -> None:
        with published.installation.database.transaction() as connection:
            connection.execute(
                "update strava.public_object set facts = facts #- array['boxes', "
                "(select min(mark) from jsonb_object_keys(facts -> 'boxes') as mark)] where path = %s",
                (map_path(published.athlete),),
            )
        sizes = [sum(map(len, feature.lines)) for feature in decode(map_of(published)).features]
        assert judged(published, lambda data: data).tested.vertices in sizes

    def test_is_proven_again_under_another_zone(self, published: Published) -> None:
        [ride_, *_] = decode(map_of(published)).features
        lon, lat = ride_.lines[0][len(ride_.lines[0]) // 2]
        zone_store.add(published.installation.database, [DrawnZone("new", Place(lon, lat).polygon(circle(80)))])
        judgement = judged(published, lambda data: data)
        assert {finding.invariant for finding in judgement.findings} == {"I1"}
        assert judgement.tested.vertices > 100

    def test_is_proven_again_with_another_csv(self, published: Published) -> None:
        """As after a process that wrote another CSV and was killed before it wrote the map."""
        with published.installation.database.transaction() as connection:
            connection.execute(
                "update strava.public_object set sha256 = 'another', facts = jsonb_set(facts, '{length}', '1') "
                "where path = %s",
                (csv_path(*published.ids[3]),),
            )
        assert {"I5"} <= {finding.invariant for finding in judged(published, lambda data: data).findings}

    @pytest.mark.parametrize(
        ("change", "invariant"),
        [
            (lambda d: d["arcs"][3][1].__setitem__(0, d["arcs"][3][1][0] + 90_000), "I11"),
            (lambda d: d["arcs"][3][0].__setitem__(0, d["arcs"][3][0][0] + 3_000), "I11"),
            (lambda d: d["arcs"][3].append([0]), "I7"),
            (lambda d: d["arcs"][3].append([0, 0.5]), "I7"),
            (lambda d: d["arcs"][3].append("home"), "I7"),
            (lambda d: d["objects"]["activities"]["geometries"][2]["properties"].update(distance=99999), "I5"),
            (lambda d: d["objects"]["activities"]["geometries"][2]["properties"].update(home=1), "I7"),
            (lambda d: (them := d["objects"]["activities"]["geometries"]).extend(them[:1]), "I8"),
            (lambda d: d["arcs"].append([[1, 1], [2, 2]]), "I9"),
            (lambda d: d["bbox"].__setitem__(2, d["bbox"][2] + 0.5), "I10"),
            (lambda d: d["transform"].update(scale=[1e-5, 2e-5]), "I10"),
        ],
    )  # fmt: skip
    def test_is_proven_again_if_it_changed(
        self, published: Published, change: Callable[[Any], None], invariant: str
    ) -> None:
        def changed(data: bytes) -> bytes:
            document = orjson.loads(data)
            change(document)
            return orjson.dumps(document)

        assert invariant in {finding.invariant for finding in judged(published, changed).findings}

    @pytest.mark.parametrize("corner", [(0, -1), (0, 1), (1, -1), (1, 1)])
    def test_a_vertex_outside_its_csvs_box_is_found(self, published: Published, corner: tuple[int, int]) -> None:
        """A few metres west, east, south or north of it, in a file whose own box is as large."""
        axis, sign = corner

        def moved(data: bytes) -> bytes:
            members = list(read(data).features)
            number = max(range(len(members)), key=lambda k: sign * decode(data).features[k].lines[0][:, axis].max())
            line = np.rint(decode(data).features[number].lines[0] / CELL)
            line[(sign * line[:, axis]).argmax(), axis] += sign * 4
            (arcs,), (box,) = arcs_of([shapely.MultiLineString([line * CELL])])
            rest = [Feature(member.properties, member.arcs) for member in members]
            rest[number] = Feature(members[number].properties, arcs, box=box)
            return encode(rest)

        assert "I11" in {finding.invariant for finding in judged(published, moved).findings}

    @pytest.mark.parametrize("odd", [b"], [", b"],\n[", b"] ,[", b"],[ ", b"]],[[", b"],[+", b"],[0"])
    def test_bytes_between_positions_tell_nothing(self, published: Published, odd: bytes) -> None:
        def changed(data: bytes) -> bytes:
            at = data.index(b"],[", data.rindex(b'"arcs":[') + 40)
            return data[:at] + odd + data[at + 3 :]

        assert {"I7", "I9"} & {finding.invariant for finding in judged(published, changed).findings}


def judged(published: Published, change: Callable[[bytes], bytes]) -> Judgement:
    """The gate's judgement of the map that is public, changed, as it would be before it was written."""
    return published.installation.gate().judge({map_path(published.athlete): change(map_of(published))})


def map_of(published: Published) -> bytes:
    return (published.root / map_path(published.athlete)).read_bytes()


@pytest.mark.parametrize(("told", "passes"), [("77", True), ("1234567890", True), ("7.6, 47.5", False)])
def test_a_number_of_stravas_is_no_time_of_day(published: Published, told: str, passes: bool) -> None:
    gate, path = published.installation.gate(), f"{published.athlete}/activities.topojson"
    gate.rules = dataclasses.replace(gate.rules, allow_strava_ids=True)
    document = orjson.loads(gate.read(path))
    for feature in document["objects"]["activities"]["geometries"]:
        feature["properties"]["strava_id"] = told
    data = orjson.dumps(document)
    assert ({f.invariant for f in gate.judge({path: data}).findings} == set()) is passes
