"""Whatever is done to public files by hand, verify names it."""

from __future__ import annotations

import gzip
import json
import math
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish.judging.folders import NO_TIME
from strava_assets.publish.verify import verify
from strava_assets_tests.privacy import oracle
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import HOME, ride


@dataclass
class Root:
    """A public root to be tampered with; every deed says which path it was done to."""

    path: Path
    athlete: str
    older: Path  # the same root as it was before its rides were renamed and one was added

    @property
    def csvs(self) -> list[str]:
        return sorted(str(p.relative_to(self.path)) for p in (self.path / self.athlete / "streams").iterdir())

    @property
    def map(self) -> str:
        return f"{self.athlete}/activities.topojson"

    def bytes(self, where: str, change: Callable[[bytes], bytes]) -> str:
        """Change a file's bytes and hide that it was touched."""
        path = self.path / where
        before = path.read_bytes()
        after = change(before)
        assert after != before, "nothing was changed"
        path.write_bytes(after)
        os.utime(path, (NO_TIME, NO_TIME))
        return where

    def document(self, where: str, change: Callable[[Any], Any]) -> str:
        def changed(data: bytes) -> bytes:
            document = orjson.loads(data)
            change(document)
            return orjson.dumps(document)

        return self.bytes(where, changed)

    def properties(self, **given: Any) -> str:
        return self.document(
            self.map, lambda d: d["objects"]["activities"]["geometries"][0]["properties"].update(given)
        )

    def cell(self, column: str, row: int, text: str) -> str:
        def changed(data: bytes) -> bytes:
            lines = data.decode().split("\n")
            cells = lines[row].split(",")
            cells[lines[0].split(",").index(column)] = text
            lines[row] = ",".join(cells)
            return "\n".join(lines).encode()

        return self.bytes(self.csvs[0], changed)

    def add(self, where: str, data: bytes = b"x") -> str:
        path = self.path / where
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(0o644)
        for each in (path, *path.parents):
            if each.is_relative_to(self.path):
                os.utime(each, (NO_TIME, NO_TIME))
        return where

    def put(self, source: Path, where: str) -> str:
        return self.bytes(where, lambda _: source.read_bytes())

    def instead(self, where: str, make: Callable[[Path], Any]) -> str:
        path = self.path / where
        path.unlink()
        make(path)
        return where


def _swap(root: Root) -> str:
    one, two = (root.path / csv for csv in root.csvs[:2])
    first, second = one.read_bytes(), two.read_bytes()
    root.bytes(root.csvs[1], lambda _: first)
    return root.bytes(root.csvs[0], lambda _: second)


def _move(root: Root, to: str) -> str:
    (root.path / root.csvs[0]).rename(root.path / to)
    return to


def _remove(root: Root, where: str) -> str:
    (root.path / where).unlink()
    return where


def _touch(root: Root, where: str) -> str:
    os.utime(root.path / where)
    return where


def _mode(root: Root, where: str, mode: int) -> str:
    (root.path / where).chmod(mode)
    return where


def _pipe(root: Root) -> str:
    return root.instead(root.csvs[0], os.mkfifo)


def _socket(root: Root) -> str:
    where = "s.sock"
    here = os.getcwd()
    os.chdir(root.path)  # such names must be short
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(where)
    finally:
        os.chdir(here)
    return where


def _folder(root: Root, where: str) -> str:
    (root.path / where).mkdir(parents=True)
    return where


def _lines(change: Callable[[list[str]], Any]) -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        lines = data.decode().split("\n")
        change(lines)
        return "\n".join(lines).encode()

    return changed


DEEDS: dict[str, Callable[[Root], str]] = {
    # bytes of a CSV
    "a digit of a heart rate": lambda r: r.cell("heartrate", 40, "141"),
    "a digit of a position": lambda r: r.bytes(r.csvs[0], lambda d: re.sub(rb"(\.\d{5})\d", rb"\g<1>7", d, count=9)),
    "a position's precision": lambda r: r.cell("lat", 40, "47.51234567891"),
    "a decimal comma": lambda r: r.bytes(r.csvs[0], lambda d: d.replace(b".", b",", 1)),
    "decimal commas and semicolons": lambda r: r.bytes(r.csvs[0], lambda d: d.replace(b",", b";").replace(b".", b",")),
    "a thousands separator": lambda r: r.cell("distance", 40, "1'000.5"),
    "an exponent": lambda r: r.cell("heartrate", 40, "1.4e2"),
    "a needless decimal": lambda r: r.cell("heartrate", 40, "140.0"),
    "a plus sign": lambda r: r.cell("heartrate", 40, "+140"),
    "a leading zero": lambda r: r.cell("heartrate", 40, "0140"),
    "a blank": lambda r: r.cell("heartrate", 40, " 140"),
    "quotes": lambda r: r.cell("heartrate", 40, '"140"'),
    "NaN": lambda r: r.cell("heartrate", 40, "nan"),
    "infinity": lambda r: r.cell("heartrate", 40, "inf"),
    "half a position": lambda r: r.cell("lat", 40, ""),
    "a moment in time": lambda r: r.cell("time", 40, "1714543200"),
    "CR LF": lambda r: r.bytes(r.csvs[0], lambda d: d.replace(b"\n", b"\r\n")),
    "no last line end": lambda r: r.bytes(r.csvs[0], lambda d: d[:-1]),
    "an empty line more": lambda r: r.bytes(r.csvs[0], lambda d: d + b"\n"),
    "a BOM before a CSV": lambda r: r.bytes(r.csvs[0], lambda d: b"\xef\xbb\xbf" + d),
    "another encoding": lambda r: r.bytes(r.csvs[0], lambda d: d.decode().encode("utf-16")),
    "a compressed CSV": lambda r: r.bytes(r.csvs[0], gzip.compress),
    "an empty CSV": lambda r: r.bytes(r.csvs[0], lambda _: b""),
    "a header alone": lambda r: r.bytes(r.csvs[0], lambda d: d[: d.index(b"\n") + 1]),
    "half a CSV": lambda r: r.bytes(r.csvs[0], lambda d: d[: len(d) // 2]),
    "a comment": lambda r: r.bytes(r.csvs[0], lambda d: b"# home\n" + d),
    "a row twice": lambda r: r.bytes(r.csvs[0], _lines(lambda rows: rows.insert(50, rows[50]))),
    "a row less": lambda r: r.bytes(r.csvs[0], _lines(lambda rows: rows.pop(50))),
    "two rows exchanged": lambda r: r.bytes(r.csvs[0], _lines(lambda rows: rows.insert(50, rows.pop(60)))),
    "a column renamed": lambda r: r.bytes(r.csvs[0], lambda d: d.replace(b"heartrate", b"hr", 1)),
    "columns exchanged": lambda r: r.bytes(r.csvs[0], lambda d: d.replace(b"lat,lng", b"lng,lat", 1)),
    "a segment that is none": lambda r: r.cell("segment", -2, "3"),
    # bytes of a map
    "another name": lambda r: r.properties(name="Ride 99"),
    "another day": lambda r: r.properties(startDate="2024-05-30"),
    "a smaller distance": lambda r: r.properties(distance=17),
    "another gear": lambda r: r.properties(gear_name="Canyon"),
    "not partly hidden": lambda r: r.properties(partly_hidden=False),
    "a property more": lambda r: r.properties(mood="good"),
    "a vertex moved by a cell": lambda r: r.document(
        r.map, lambda d: d["arcs"][0][1].__setitem__(0, d["arcs"][0][1][0] + 1)
    ),
    "a member more": lambda r: r.document(r.map, lambda d: d.update(home=[7, 47])),
    "features in another order": lambda r: r.document(
        r.map, lambda d: d["objects"]["activities"]["geometries"].reverse()
    ),
    "a pretty map": lambda r: r.bytes(r.map, lambda d: json.dumps(json.loads(d), indent=1).encode()),
    "a BOM before a map": lambda r: r.bytes(r.map, lambda d: b"\xef\xbb\xbf" + d),
    "an empty map": lambda r: r.bytes(r.map, lambda _: b""),
    "a map of nothing": lambda r: r.bytes(r.map, lambda _: b"{}"),
    "a compressed map": lambda r: r.bytes(r.map, gzip.compress),
    "a map cut off": lambda r: r.bytes(r.map, lambda d: d[:-40]),
    # figures, index, site
    "a figure": lambda r: r.bytes(f"{r.athlete}/weekly.json", lambda d: d.replace(b'"activities":', b'"activities":1')),
    "a week less": lambda r: r.document(f"{r.athlete}/weekly.json", lambda d: d.pop()),
    "empty figures": lambda r: r.bytes(f"{r.athlete}/quarterly.json", lambda _: b""),
    "blanks in figures": lambda r: r.bytes(f"{r.athlete}/quarterly.json", lambda d: d + b" "),
    "another name in the index": lambda r: r.bytes("index.json", lambda d: d.replace(b"Ada", b"Eve")),
    "another day in the index": lambda r: r.bytes("index.json", lambda d: re.sub(rb"2024-0.", b"2024-09", d)),
    "an index of nobody": lambda r: r.bytes("index.json", lambda _: b'{"schema":1,"athletes":[]}\n'),
    "another page": lambda r: r.bytes("index.html", lambda d: d.replace(b"<", b"<!-- home --><", 1)),
    "an empty page": lambda r: r.bytes("index.html", lambda _: b""),
    # older versions put back
    "an older map": lambda r: r.put(r.older / r.map, r.map),
    "older figures": lambda r: r.put(r.older / f"{r.athlete}/weekly.json", f"{r.athlete}/weekly.json"),
    "an older index": lambda r: r.put(r.older / "index.json", "index.json"),
    "an older CSV": lambda r: r.put(r.older / r.csvs[0], r.csvs[0]),
    # names and places
    "two CSVs exchanged": _swap,
    "a CSV under another id": lambda r: _move(r, f"{r.athlete}/streams/stream_{'0' * 16}.csv"),
    "a CSV in capitals": lambda r: _move(r, r.csvs[0].replace(".csv", ".CSV")),
    "a CSV one folder up": lambda r: _move(r, r.csvs[0].replace("streams/", "")),
    "a copy with another ending": lambda r: r.add(r.csvs[0] + ".bak", (r.path / r.csvs[0]).read_bytes()),
    "a copy, compressed": lambda r: r.add(r.csvs[0] + ".gz", gzip.compress(b"x")),
    "a CSV of nobody's": lambda r: r.add(
        f"{'1' * 16}/streams/stream_{'2' * 16}.csv", (r.path / r.csvs[0]).read_bytes()
    ),
    "a map of nobody's": lambda r: r.add(f"{'1' * 16}/activities.topojson", (r.path / r.map).read_bytes()),
    "figures of nobody's": lambda r: r.add(f"{'1' * 16}/weekly.json", b"[]\n"),
    "a note": lambda r: r.add("notes.txt"),
    "a hidden file": lambda r: r.add(".htaccess"),
    "a half-written file": lambda r: r.add(f"{r.athlete}/.tmp-01ab"),
    "a script that nobody built": lambda r: r.add("assets/track.js"),
    "an empty folder": lambda r: _folder(r, "47.5000_7.6000"),
    "a removed CSV": lambda r: _remove(r, r.csvs[0]),
    "a removed map": lambda r: _remove(r, r.map),
    "removed figures": lambda r: _remove(r, f"{r.athlete}/weekly.json"),
    "a removed index": lambda r: _remove(r, "index.json"),
    "a removed page": lambda r: _remove(r, "index.html"),
    # what is beside the bytes
    "a link to the same bytes": lambda r: r.instead(r.csvs[0], lambda p: p.symlink_to(r.older / p.relative_to(r.path))),
    "a link to nowhere": lambda r: r.instead(r.csvs[0], lambda p: p.symlink_to("/nowhere")),
    "a link to a folder": lambda r: r.instead(r.csvs[0], lambda p: p.symlink_to("/usr")),
    "a pipe": _pipe,
    "a socket": _socket,
    "a file that only its owner reads": lambda r: _mode(r, r.csvs[0], 0o600),
    "a file that anybody writes": lambda r: _mode(r, r.map, 0o666),
    "a file to be executed": lambda r: _mode(r, "index.json", 0o755),
    "the time of a file": lambda r: _touch(r, r.csvs[0]),
    "the time of the index": lambda r: _touch(r, "index.json"),
    "the time of a folder": lambda r: _touch(r, f"{r.athlete}/streams"),
}


@pytest.fixture
def root(published: Published, tmp_path: Path) -> Iterator[Root]:
    """Three rides, published twice, and a page."""
    published.publish([ride(1), ride(2)])
    older = tmp_path / "older"
    shutil.copytree(published.root, older)
    published.publish([ride(n, name=f"Tour {n}", seed=n + 50) for n in (1, 2, 3)])
    gate = published.installation.gate()
    gate.publish({"index.html": b"<html></html>\n"})
    yield Root(published.root, published.athlete, older)


def test_whatever_is_done_by_hand_is_named(root: Root, published: Published, tmp_path: Path) -> None:
    assert verify(published.installation.gate()).findings == []
    whole, missed = tmp_path / "whole", []
    shutil.copytree(root.path, whole, symlinks=True)
    for deed, do in DEEDS.items():
        where = do(root)
        found = verify(published.installation.gate()).findings
        if not any(finding.where.split(",")[0] == where for finding in found):
            missed.append(f"{deed}: {where} is not among {sorted({f.where for f in found})}")
        shutil.rmtree(root.path)
        shutil.copytree(whole, root.path, symlinks=True)
    assert missed == []
    assert len(DEEDS) >= 60
    assert verify(published.installation.gate()).findings == []


def test_how_much_was_tested_and_how_near_it_came_are_told_right(root: Root, published: Published) -> None:
    """Counted and measured once more by a stranger who knows the zone."""
    database, gate = published.installation.database, published.installation.gate()
    [zone] = zone_store.in_force(database)
    files = {path: gate.read(path) for path in gate.paths()}
    secret = oracle.Secret(zone.geometry, zone.shape.center, zone.shape.geometry)
    verdict, tested = oracle.judge(files, [secret]), verify(gate).tested
    assert verdict.wrong == []
    assert tested.nearest == pytest.approx(verdict.nearest, abs=0.2)
    assert tested.files == len(files)
    assert tested.rows == verdict.rows
    assert tested.vertices == verdict.rows + verdict.vertices  # every row has a position here
    lines = 2 * sum(len(lines) for _, lines in oracle.read_map(json.loads(files[root.map])))
    assert tested.segments == tested.vertices - lines
    # a kilometre farther out than any ride, and then three
    out = HOME.metres(np.concatenate(all_lines(files[root.map])))
    farthest = out[np.argmax(np.hypot(*out.T))]
    for away, told in ((1_000.0, True), (3_000.0, False)):
        for kept in zone_store.in_force(database):
            zone_store.remove(database, kept.id)
        east, north = farthest * (1 + away / np.hypot(*farthest))
        far = HOME.polygon(circle(50, center=(east, north)))
        [zone] = zone_store.add(database, [DrawnZone("", far)])
        secret = oracle.Secret(zone.geometry, zone.shape.center, zone.shape.geometry)
        nearest = min(oracle.distances(all_lines(files[root.map]), secret)[0], 2_000.0)
        found = verify(published.installation.gate()).tested.nearest
        assert found == (pytest.approx(nearest, abs=4.0) if told else math.inf)


def all_lines(data: bytes) -> list[Any]:
    return [line for _, lines in oracle.read_map(json.loads(data)) for line in lines]


def test_a_copy_with_times_of_its_own_is_mended_by_the_next_map(root: Root, published: Published) -> None:
    for where, deed in ((root.map, _touch), (root.csvs[0], _touch), (root.csvs[1], lambda r, w: _mode(r, w, 0o600))):
        deed(root, where)
    assert verify(published.installation.gate()).findings
    _touch(root, ".")
    published.publish([ride(n, name=f"Tour {n}", seed=n + 50) for n in (1, 2, 3)])
    assert verify(published.installation.gate()).findings == []
