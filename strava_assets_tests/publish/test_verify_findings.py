"""What verify finds in a small public root, told to the word; and how much it reads at a time."""

from __future__ import annotations

import os
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

import orjson
import pytest

from strava_assets.privacy.invariants import Finding
from strava_assets.publish import verify as verifying
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.folders import NO_TIME
from strava_assets.publish.paths import INDEX, map_path
from strava_assets.publish.verify import verify
from strava_assets_tests.publish.small import FILES, PATHS, Small
from strava_assets_tests.publish.test_judging import ADA, EVE

OTHER_BYTES = "has other bytes than were published"


def found(small: Small) -> set[Finding]:
    """Everything but folders' times: tests write there by hand."""
    return {f for f in verify(small.gate()).findings if "time tells" not in f.what}


def remove(small: Small, *paths: str) -> None:
    for path in paths:
        (small.root / path).unlink()


def missing(*paths: str) -> set[Finding]:
    return {Finding("I12", path, "was published and is missing") for path in paths}


def test_nothing_is_found_where_nothing_is_wrong_and_everything_is_counted(small: Small) -> None:
    result = verify(small.gate())
    assert result.findings == []
    assert (result.tested.files, result.tested.rows) == (11, 20)
    assert result.facts.keys() >= FILES.keys()


def test_an_empty_root_has_nothing_missing(empty: Small) -> None:
    assert verify(empty.gate()).findings == []
    empty.gate().publish({"index.html": b"<html>"})
    assert verify(empty.gate()).findings == []


def test_what_belongs_to_a_map_and_is_missing_is_named(small: Small) -> None:
    gone = [f"{EVE}/weekly.json", f"{ADA}/quarterly.json", INDEX]
    remove(small, *gone)
    assert found(small) == missing(*gone) | {Finding("I13", path, "is missing") for path in gone}


def test_a_csv_that_is_on_no_map_is_named(small: Small) -> None:
    gate = small.gate()
    gate.withdraw([map_path(EVE), f"{EVE}/weekly.json", f"{EVE}/quarterly.json"])
    assert Finding("I9", PATHS[4], "is on no map") in found(small)
    assert not [f for f in found(small) if f.invariant == "I9" and f.where != PATHS[4]]


def test_a_map_that_is_none_is_named_and_the_rest_is_looked_at_all_the_same(small: Small) -> None:
    (small.root / map_path(ADA)).write_bytes(b"{")
    told = found(small)
    assert {(f.invariant, f.where) for f in told} >= {("I7", map_path(ADA)), ("I12", map_path(ADA))}
    assert {f.where for f in told if f.invariant == "I9"} == {PATHS[1], PATHS[2], PATHS[3]}


def test_a_row_beside_its_line_is_found_in_its_csv(small: Small) -> None:
    header, *rows = FILES[PATHS[2]].decode().splitlines(keepends=True)
    cells = rows[1].split(",")
    cells[3] = f"{float(cells[3]) + 0.0007:.6f}"
    (small.root / PATHS[2]).write_text("".join([header, rows[0], ",".join(cells), *rows[2:]]))
    assert {(f.invariant, f.where) for f in found(small)} >= {("I11", PATHS[2]), ("I12", PATHS[2])}


def test_what_is_not_as_it_was_written_is_named_once(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map's number that no rule can tell; and what must not be read is told for what it is alone."""
    asked, read = set[str](), Gate.read
    monkeypatch.setattr(Gate, "read", lambda gate, path: (asked.add(path), read(gate, path))[1])
    document = orjson.loads((small.root / map_path(EVE)).read_bytes())
    document["objects"]["activities"]["geometries"][0]["properties"]["max_heartrate"] = 129
    (small.root / map_path(EVE)).write_bytes(orjson.dumps(document))
    remove(small, PATHS[1])
    (small.root / PATHS[1]).symlink_to(small.root / PATHS[2])
    told = verify(small.gate()).findings
    assert [f for f in told if f.where == map_path(EVE) and f.invariant == "I12"] == [
        Finding("I12", map_path(EVE), OTHER_BYTES)
    ]
    assert [f for f in told if f.where == PATHS[1]] == [Finding("I7", PATHS[1], "is a link")]
    assert asked == {*small.there()} - {PATHS[1]}


def test_what_goes_while_everything_is_read_is_not_there(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    read, gone = Gate.read, {PATHS[3], f"{EVE}/weekly.json"}

    def reading(gate: Gate, path: str) -> bytes:
        if path in gone:
            raise FileNotFoundError(path)
        return read(gate, path)

    monkeypatch.setattr(Gate, "read", reading)
    told = found(small)
    assert told >= missing(*gone) | {Finding("I13", f"{EVE}/weekly.json", "is missing")}
    assert {f.where for f in told if f.invariant == "I12"} == gone


@pytest.mark.parametrize(("batch", "steps"), [(100, [11, 11]), (3, [10, 11, 11]), (1, [8, 9, 10, 11, 11])])
def test_progress_is_told_after_each_batch_and_ends_with_everything(
    small: Small, monkeypatch: pytest.MonkeyPatch, batch: int, steps: list[int]
) -> None:
    """Seven of the eleven files are no CSVs, and are read before."""
    monkeypatch.setattr(verifying, "_BATCH", batch)
    told: list[tuple[int, int]] = []
    result = verify(small.gate(), lambda done, all_: told.append((done, all_)))
    assert told == [(step, 11) for step in steps]
    assert (result.findings, result.tested.rows) == ([], 20)


@pytest.mark.parametrize(
    ("worth", "cores", "begun"), [(4, 2, True), (3, 8, True), (5, 2, False), (4, 1, False), (1, 1, False)]
)
def test_processes_are_begun_where_there_are_cores_for_them_and_enough_to_read(
    small: Small, monkeypatch: pytest.MonkeyPatch, worth: int, cores: int, begun: bool
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(verifying, "WORTH_PROCESSES", worth)
    monkeypatch.setattr(verifying, "cores", lambda: cores)
    monkeypatch.setattr(verifying, "pool_of", lambda count, _: (asked.append(count), nullcontext(None))[1])
    assert verify(small.gate()).findings == []
    assert asked == ([cores] if begun else [])


def test_no_more_is_under_way_than_keeps_the_processes_busy(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch more than there are cores: they wait in memory."""
    waiting: list[int] = []

    class Pool:
        under_way = 0

        def submit(self, work: Any, *given: Any) -> Future[Any]:
            pool.under_way += 1
            waiting.append(pool.under_way)
            done: Future[Any] = Future()
            done.set_result(work(*given))
            result = done.result

            def taken(timeout: float | None = None) -> Any:
                pool.under_way -= 1
                return result(timeout)

            done.result = taken
            return done

    pool = Pool()
    monkeypatch.setattr(verifying, "_BATCH", 1)
    monkeypatch.setattr(verifying, "WORTH_PROCESSES", 1)
    monkeypatch.setattr(verifying, "cores", lambda: 2)
    monkeypatch.setattr(verifying, "pool_of", lambda *_: nullcontext(pool))
    result = verify(small.gate())
    assert (result.findings, result.tested.rows) == ([], 20)
    assert waiting == [1, 2, 3, 3]
    assert pool.under_way == 0


def test_marks_are_among_the_findings(small: Small) -> None:
    os.utime(small.root / PATHS[1])
    assert verify(small.gate()).findings == [Finding("I18", PATHS[1], "its time tells when it was written")]
    os.utime(small.root / PATHS[1], (NO_TIME, NO_TIME))
    assert verify(small.gate()).findings == []
