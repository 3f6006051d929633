"""What the gate remembers of what it wrote is what lies there; and a judgement rests on what it asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from strava_assets.errors import GateOvertaken, GateRefused, StoreUnavailable
from strava_assets.publish.gate import Gate, _Foundations
from strava_assets.publish.judging.rules import Facts
from strava_assets.publish.paths import INDEX, csv_path, map_path
from strava_assets.publish.public_root import Known
from strava_assets.publish.topojson_file import encode
from strava_assets.stores import Store
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.test_judging import ADA, CSVS, EVE, FEATURES, MAP


class Seen:
    """Of three CSVs, one is public; of two maps, one is."""

    def known(self) -> dict[str, Known]:
        return {CSVS[0]: Known("digest", 5, None, None, None)}

    def facts(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        return {path: {"rows": len(path)} for path in paths}

    def read_if_any(self, path: str) -> bytes | None:
        return encode(FEATURES) if path == MAP else None


def test_a_judgement_rests_on_whatever_it_asked_for() -> None:
    rests_on = _Foundations(Seen())
    assert (rests_on.digest_of(CSVS[0]), rests_on.digest_of(CSVS[1])) == ("digest", None)
    assert rests_on.csvs == set(CSVS[:2])
    assert rests_on.facts_of([CSVS[2], MAP]) == {CSVS[2]: {"rows": len(CSVS[2])}, MAP: {"rows": len(MAP)}}
    assert rests_on.csvs == set(CSVS)
    shown = rests_on.map_of(ADA)
    assert shown is not None
    assert len(shown.features) == 3
    assert rests_on.map_of(EVE) is None
    assert rests_on.maps == {MAP: hashlib.sha256(encode(FEATURES)).hexdigest(), map_path(EVE): None}


def a_csv(published: Published, number: int = 3) -> tuple[str, bytes]:
    path = csv_path(*published.ids[number])
    return path, (published.root / path).read_bytes()


def test_a_map_of_which_nothing_is_new_is_not_written_over_a_csv_that_went(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, path = published.installation.gate(), map_path(published.athlete)
    data = gate.read(path)
    assert gate.judge({path: data}).tested.vertices == 0
    judged = Gate._judged

    def meanwhile(self: Gate, objects: Any) -> Any:
        try:
            return judged(self, objects)
        finally:
            published.installation.gate().withdraw([a_csv(published)[0]])

    monkeypatch.setattr(Gate, "_judged", meanwhile)
    with pytest.raises(GateOvertaken, match="was withdrawn or changed while this was made"):
        gate.publish({path: data})


def test_what_was_written_is_remembered_by_whoever_comes_next(published: Published) -> None:
    gate = published.installation.gate()
    path, data = a_csv(published)
    number = gate.known()[path].activity_id
    assert number is not None
    gate.withdraw([path])
    assert path not in gate.known()
    assert path not in gate.sizes()
    gate.publish({path: data}, fingerprints={path: "print"}, activities={path: number})
    told = Known(hashlib.sha256(data).hexdigest(), len(data), "print", number, gate.rules.mark)
    assert gate.known()[path] == published.installation.gate().known()[path] == told
    assert gate.sizes()[path] == len(data)
    assert gate.publish({path: data}, activities={path: number}).unchanged == 1
    assert gate.known()[path] == published.installation.gate().known()[path]
    assert gate.known()[path].fingerprint is None


def test_what_is_proven_is_remembered_with_the_rules_and_what_is_not_there_is_not(published: Published) -> None:
    gate, (path, _) = published.installation.gate(), a_csv(published)
    with published.installation.database.transaction() as connection:
        connection.execute("update strava.public_object set facts = jsonb_set(facts, '{under}', '\"old\"')")
    gate = published.installation.gate()
    assert gate.known()[path].under == "old"
    gate.proved([path, "nothing.csv"])
    gate.proved(["nothing.csv"])
    for each in (gate, published.installation.gate()):
        assert {name for name, entry in each.known().items() if entry.under == gate.rules.mark} == {path}


def test_only_who_is_sceptical_looks_at_the_bytes_again(published: Published) -> None:
    gate, (path, data) = published.installation.gate(), a_csv(published)
    number = gate.known()[path].activity_id
    assert number is not None
    (published.root / path).write_bytes(data[:-2] + b"7\n")
    assert gate.publish({path: data}, activities={path: number}).written == 0
    assert gate.publish({path: data}, activities={path: number}, sceptical=True).written == 1
    assert (published.root / path).read_bytes() == data
    os.utime(published.root / path)
    os.utime(published.root / published.athlete)
    gate = published.installation.gate()
    assert gate.publish({path: data}, activities={path: number}, sceptical=True).written == 1
    assert gate.marks() == ([], set())
    assert gate.publish({path: data}, activities={path: number}, sceptical=True).unchanged == 1


def test_a_refusal_tells_three_findings_and_how_many_more(published: Published) -> None:
    gate = published.installation.gate()
    for count, more in ((2, ""), (3, ""), (4, " and 1 more"), (5, " and 2 more")):
        objects = {f"note{number}.txt": b"x" for number in range(count)}
        shown = "; ".join(f"I7 {name}: is no public file's name" for name in list(objects)[:3])
        with pytest.raises(GateRefused) as refusal:
            gate.publish(objects)
        assert str(refusal.value) == f"the gate refused {count} files, nothing was written: {shown}{more}"


def test_what_was_half_written_goes_with_the_next_withdrawal_and_empty_folders_too(published: Published) -> None:
    left = published.root / published.athlete / "streams" / ".tmp-0a1b"
    left.write_bytes(b"half")
    gate = published.installation.gate()
    gate.withdraw(["nothing.csv"])
    assert not left.exists()
    everything = gate.paths()
    assert gate.withdraw(everything) == len(everything)
    assert list(published.root.iterdir()) == []
    assert gate.marks() == ([], set())
    assert published.installation.gate().known() == gate.known() == {}


def test_what_cannot_be_removed_keeps_nothing_else_there(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, (stays, _) = published.installation.gate(), a_csv(published)
    delete = Store.delete

    def refusing(self: Store, key: str) -> None:
        if key == stays:
            raise StoreUnavailable("locked")
        delete(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", refusing)
        with pytest.raises(StoreUnavailable, match="locked"):
            gate.withdraw(gate.paths())
    assert [str(path.relative_to(published.root)) for path in files(published.root)] == [stays]
    gate = published.installation.gate()
    assert gate.withdraw([stays]) == 1
    assert files(published.root) == []


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_the_index_and_maps_are_dated_anew_and_nothing_else_is(published: Published) -> None:
    gate = published.installation.gate()
    names = [INDEX, map_path(published.athlete), f"{published.athlete}/weekly.json"]

    def written() -> dict[str, Any]:
        with published.installation.database.transaction() as connection:
            rows = connection.execute("select path, written_at from strava.public_object").fetchall()
        return {row["path"]: row["written_at"] for row in rows}

    before, prints = written(), {path: entry.fingerprint for path, entry in gate.known().items()}
    gate.publish({name: gate.read(name) for name in names}, fingerprints={n: p for n, p in prints.items() if p})
    after = written()
    assert {path for path in before if before[path] != after[path]} == set(names[:2])
