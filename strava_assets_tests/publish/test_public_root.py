"""What is public, and what is remembered of it, is told as it is at that moment."""

from __future__ import annotations

import hashlib
import os
from types import SimpleNamespace
from typing import Any

import pytest

from strava_assets.errors import MapOvertaken
from strava_assets.privacy.invariants import Finding
from strava_assets.publish import public_root
from strava_assets.publish.judging.folders import NO_TIME
from strava_assets.publish.paths import INDEX, map_path
from strava_assets.publish.public_root import Known, PublicRoot, sha256
from strava_assets_tests.publish.small import FILES, IDS, PATHS, Small
from strava_assets_tests.publish.test_judging import ADA, EVE

EVERYTHING = sorted(
    [INDEX, *PATHS.values()]
    + [
        f"{athlete}/{name}"
        for athlete in (ADA, EVE)
        for name in ("activities.topojson", "quarterly.json", "weekly.json")
    ]
)


def digests(small: Small) -> dict[str, str]:
    return {path: str(sha256((small.root / path).read_bytes())) for path in small.there()}


def test_a_small_root_is_what_it_should_be(small: Small) -> None:
    gate = small.gate()
    assert gate.paths() == sorted(gate.sizes()) == small.there() == EVERYTHING
    assert gate.sizes()[PATHS[2]] == len(FILES[PATHS[2]])
    told = Known(digests(small)[PATHS[2]], len(FILES[PATHS[2]]), "print 2", 2, gate.rules.mark)
    assert gate.known()[PATHS[2]] == told
    assert sorted(gate.known()) == EVERYTHING
    there = gate.map_of(EVE)
    assert there is not None
    assert [feature.properties["actID"] for feature in there.features] == [IDS[4][1]]
    assert gate.map_of("b" * 16) is None
    assert sha256(None) is None
    assert sha256(b"x") == hashlib.sha256(b"x").hexdigest()


def test_another_roots_files_are_not_taken_for_ours(small: Small) -> None:
    other = PublicRoot(str(small.root.with_name("elsewhere")), small.database)
    assert (other.known(), other.paths(), other.remembered(ADA)) == ({}, [], [])
    assert other.facts([PATHS[1]]) == {}
    assert other.unlike_written({}) == {}


def test_what_was_seen_once_is_not_looked_at_again_until_somebody_asks_for_it(small: Small) -> None:
    gate = small.gate()
    assert PATHS[1] in gate.known()
    (small.root / PATHS[1]).unlink()
    (small.root / PATHS[2]).write_bytes(b"x")
    assert {PATHS[1], PATHS[2]} <= gate.known().keys()
    assert gate.paths() == EVERYTHING
    gate.look_again()
    assert not {PATHS[1], PATHS[2]} & gate.known().keys()
    assert gate.paths() == [path for path in EVERYTHING if path != PATHS[1]]
    assert gate.sizes()[PATHS[2]] == 1


@pytest.mark.parametrize("given", [{}, {"begin_anew": False}])
def test_who_goes_on_with_what_they_made_takes_no_newer_map_for_theirs(small: Small, given: dict[str, bool]) -> None:
    gate = small.gate()
    path, data = map_path(EVE), gate.read(map_path(EVE))
    gate.known()
    other = small.gate()
    other.publish({path: data.replace(b"Ride 4", b"Ride 5")})
    gate.look_again(**given)
    if not given:
        assert gate.publish({path: data}).written == 1
        return
    with pytest.raises(MapOvertaken, match=f"{path} was published by another"):
        gate.publish({path: data})


def test_what_is_half_written_is_seen_too(small: Small) -> None:
    (small.root / ADA / ".tmp-0a").write_bytes(b"half")
    assert small.gate().sizes()[f"{ADA}/.tmp-0a"] == 4


class TestFacts:
    """What bytes say is told of the bytes that were seen."""

    def test_are_told_of_what_is_known_and_of_nothing_else(self, small: Small) -> None:
        facts = small.gate().facts([PATHS[1], PATHS[4], "nothing.csv"])
        assert facts.keys() == {PATHS[1], PATHS[4]}
        assert facts[PATHS[1]]["rows"] == 5

    def test_where_nothing_is_known_nobody_is_asked(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        gate = small.gate()
        gate.known()
        monkeypatch.delattr(public_root, "queries")
        assert gate.facts(["nothing.csv"]) == gate.facts([]) == {}

    @pytest.mark.parametrize(
        "deed",
        [
            "delete from strava.public_object where path = %s",
            "update strava.public_object set sha256 = 'another' where path = %s",
        ],
    )
    def test_are_not_told_of_what_another_wrote_or_withdrew_meanwhile(self, small: Small, deed: str) -> None:
        gate = small.gate()
        gate.known()
        small.sql(deed, PATHS[3])
        with pytest.raises(MapOvertaken, match=f"{PATHS[3]} was withdrawn or published by another"):
            gate.facts([PATHS[1], PATHS[3]])
        assert gate.facts([PATHS[1]]).keys() == {PATHS[1]}


class TestMarks:
    """What a folder tells beside its files' bytes."""

    def test_are_those_of_the_folder(self, small: Small) -> None:
        assert small.gate().marks() == ([], set())
        os.utime(small.root / PATHS[1])
        (small.root / "link").symlink_to(small.root / INDEX)
        os.utime(small.root, (NO_TIME, NO_TIME))
        findings, unreadable = small.gate().marks()
        assert set(findings) == {
            Finding("I18", PATHS[1], "its time tells when it was written"),
            Finding("I7", "link", "is a link"),
        }
        assert unreadable == {"link"}

    def test_where_there_is_no_folder_there_are_none(self, empty: Small) -> None:
        assert empty.gate().marks() == ([], set())
        empty.root.write_text("in the way")
        assert empty.gate().marks() == ([], set())

    def test_a_bucket_has_none_also_where_a_folder_has_its_name(self, small: Small) -> None:
        os.utime(small.root / PATHS[1])
        assert small.gate(f"memory:/{small.root}").marks() == ([], set())

    def test_are_looked_at_again_while_nobody_writes(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        """Who is writing just now has not forgotten the time yet."""
        looked: list[bool] = []
        real = public_root.judge_folder

        def looking(root: Any) -> Any:
            looked.append(small.is_written())
            found = real(root)
            os.utime(small.root / PATHS[1], (NO_TIME, NO_TIME))  # and now they have
            return found

        monkeypatch.setattr(public_root, "judge_folder", looking)
        assert small.gate().marks() == ([], set())
        assert looked == [False]
        os.utime(small.root / PATHS[1])
        assert small.gate().marks() == ([], set())
        assert looked == [False, False, True]


class TestUnlikeWritten:
    """What is not as it was written is told by name, and what of it."""

    def test_is_nothing_where_everything_is_and_nobody_waits_for_that(
        self, small: Small, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = SimpleNamespace(public_objects=public_root.queries().public_objects)
        monkeypatch.setattr(public_root, "queries", lambda: once)  # nothing is asked a second time
        assert small.gate().unlike_written(digests(small)) == {}

    def test_is_what_is_missing_foreign_or_other(self, small: Small) -> None:
        (small.root / PATHS[2]).unlink()
        (small.root / PATHS[1]).write_bytes(b"x")
        (small.root / "notes.txt").write_bytes(b"x")
        told = small.gate().unlike_written(digests(small))
        assert told == {
            PATHS[1]: "has other bytes than were published",
            PATHS[2]: "was published and is missing",
            "notes.txt": "was published by nobody",
        }
        assert list(told) == sorted(told)

    def test_what_is_not_to_be_read_is_not(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        (small.root / PATHS[1]).write_bytes(b"x")
        (small.root / PATHS[2]).write_bytes(b"x")
        gate, read = small.gate(), PublicRoot.read
        asked: list[str] = []
        monkeypatch.setattr(PublicRoot, "read", lambda gate, path: (asked.append(path), read(gate, path))[1])
        told = gate.unlike_written(digests(small), {PATHS[1]})
        assert told == {PATHS[1]: "was published and is missing", PATHS[2]: "has other bytes than were published"}
        assert asked == [PATHS[2]]

    def test_is_looked_at_again_while_nobody_writes(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        """It was read before another wrote it, or withdrew it."""
        were, gate, read = digests(small), small.gate(), PublicRoot.read
        held: list[bool] = []
        monkeypatch.setattr(
            PublicRoot, "read", lambda gate, path: (held.append(small.is_written()), read(gate, path))[1]
        )
        assert gate.unlike_written(were | {PATHS[1]: "older"}) == {}
        assert held == [True]
        small.gate().withdraw([PATHS[1]])
        held.clear()
        assert gate.unlike_written(were) == {}
        assert held == [True]


def test_what_was_written_of_somebody_is_remembered_whether_or_not_it_is_there(small: Small) -> None:
    (small.root / PATHS[2]).unlink()
    small.sql("update strava.public_object set path = path || 'f' where path = %s", PATHS[3])
    theirs = [path for path in EVERYTHING if path.startswith(f"{ADA}/") and path != PATHS[3]]
    assert sorted(small.gate().remembered(ADA)) == sorted([*theirs, f"{PATHS[3]}f"])
    assert small.gate().remembered(EVE) == [path for path in EVERYTHING if path.startswith(f"{EVE}/")]
    assert small.gate().remembered(ADA[:-1]) == []
