"""What is public and must not be is told, and goes at once; whatever else there is stays, and is whole."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from strava_assets.errors import GateRefused, MapOvertaken, StoreUnavailable
from strava_assets.privacy.zones import ENDS_ONLY, Zone, disc
from strava_assets.publish import map_files, taking_back
from strava_assets.publish.gate import Gate
from strava_assets.publish.paths import CSV_PATH, INDEX, map_path
from strava_assets.publish.taking_back import Exposed, withdraw_activities, withdraw_athlete, withdraw_exposed
from strava_assets.publish.verify import verify
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.publish.small import FEATURES, FILES, IDS, PATHS, Small, east, feature, publics, zone_at
from strava_assets_tests.publish.test_csv_judging import HOME
from strava_assets_tests.publish.test_judging import ADA, EVE

#: A place where nobody goes.
FAR = replace(around(east(90_000), number=9), name="Faraway")


def on_the_map(number: int) -> Exposed:
    return Exposed(f"2024-05-0{number}", f"Ride {number}", PATHS[number])


def taken_back(small: Small) -> tuple[list[str], list[list[Exposed]]]:
    """What was withdrawn; and what was told, each time."""
    told: list[list[Exposed]] = []
    return withdraw_exposed(small.gate(), lambda found: told.append(sorted(found))), told


def csvs(small: Small) -> list[int]:
    """Rides whose CSV is there."""
    return [number for number, path in PATHS.items() if (small.root / path).exists()]


def index(small: Small) -> dict[str, tuple[str, int]]:
    """Name and number of activities of each athlete in the index."""
    entries = json.loads((small.root / INDEX).read_bytes())["athletes"]
    return {entry["id"]: (entry["name"], entry["activities"]) for entry in entries}


def edit(small: Small, path: str, old: bytes, new: bytes) -> None:
    """By hand, and to the same length."""
    data = (small.root / path).read_bytes()
    assert old in data
    (small.root / path).write_bytes(data.replace(old, new))


def only_these_remain(small: Small, *numbers: int) -> None:
    """On maps, in figures, index and CSVs; and nothing is wrong with them."""
    assert csvs(small) == list(numbers)
    assert [*small.shown(ADA), *small.shown(EVE)] == [*publics([n for n in (3, 2, 1, 4) if n in numbers])]
    # files that a test wrote by hand have times
    assert [f for f in verify(small.gate()).findings if f.invariant != "I18"] == []


def between(number: int) -> Zone:
    """A zone between a ride's two segments: what its CSV says has to be read."""
    return zone_at(number + 0.12, f"between {number}")


class TestNewZone:
    """A zone is drawn where somebody went."""

    def test_takes_away_what_goes_there_after_it_was_told(self, small: Small) -> None:
        small.zones.append(zone_at(2))
        told = []

        def tell(found: Collection[Exposed]) -> None:
            assert csvs(small) == [1, 2, 3, 4]
            assert IDS[2][1] in small.shown()
            told.append(list(found))

        assert withdraw_exposed(small.gate(), tell) == publics([2])
        assert told == [[on_the_map(2)]]
        only_these_remain(small, 1, 3, 4)
        assert index(small) == {ADA: ("Ada", 2), EVE: ("Eve", 1)}
        mark = small.gate().rules.mark
        assert {entry.under for path, entry in small.gate().known().items() if CSV_PATH.match(path)} == {mark}

    def test_takes_it_away_also_where_nobody_wants_to_be_told(self, small: Small) -> None:
        weekly = small.root / EVE / "weekly.json"
        weekly.write_bytes(weekly.read_bytes()[::-1])
        before = weekly.read_bytes()
        small.zones += [zone_at(2)]
        assert withdraw_exposed(small.gate()) == publics([2])
        assert csvs(small) == [1, 3, 4]
        assert weekly.read_bytes() == before  # nobody asked for somebody else's figures

    @pytest.mark.parametrize(("beside", "goes"), [(310.0, [2]), (316.0, [])])
    def test_takes_what_comes_as_near_as_a_line_may_lie_from_its_rows(
        self, small: Small, beside: float, goes: list[int]
    ) -> None:
        """So that no row has to be read."""
        [(lon, lat)] = HOME.degrees(np.array([(10_000.0, beside)]))
        small.zones += [around(Place(float(lon), float(lat)), 300.0, number=7)]
        assert taken_back(small)[0] == publics(goes)

    def test_takes_it_from_every_athlete(self, small: Small) -> None:
        small.zones += [zone_at(1), zone_at(4)]
        assert taken_back(small) == (publics([1, 4]), [[on_the_map(1), on_the_map(4)]])
        only_these_remain(small, 2, 3)
        assert index(small) == {ADA: ("Ada", 2)}

    def test_takes_it_from_maps_before_any_csv_is_read(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        """To read all of them takes long."""
        small.zones += [zone_at(2, "Ride 1"), between(1), between(3)]
        small.sql(  # a run has written one since
            "update strava.public_object set facts = facts || jsonb_build_object('under', %s::text) where path = %s",
            *(small.gate().rules.mark, PATHS[4]),
        )
        read, seen = Gate.read, []

        def reading(gate: Gate, path: str) -> bytes:
            if path.endswith(".csv"):
                seen.append((small.shown(), csvs(small)))
            return read(gate, path)

        monkeypatch.setattr(Gate, "read", reading)
        withdraw_exposed(small.gate())
        assert seen == [({IDS[3][1]: "Ride 3", IDS[1][1]: "Road Cycling"}, [1, 3, 4])] * 2

    def test_asks_no_csv_that_lies_elsewhere(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        small.zones += [zone_at(2)]
        asked, read = list[str](), Gate.read
        monkeypatch.setattr(Gate, "read", lambda gate, path: (asked.append(path), read(gate, path))[1])
        withdraw_exposed(small.gate())
        assert [path for path in asked if path.endswith(".csv")] == []

    def test_leaves_alone_what_lies_elsewhere(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        small.zones += [FAR]
        monkeypatch.delattr(taking_back, "publish_map")
        assert taken_back(small) == ([], [])
        assert csvs(small) == [1, 2, 3, 4]

    def test_is_held_only_once_against_what_was_proven(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(taking_back, "topojson_decoder")
        assert taken_back(small) == ([], [])

    @pytest.mark.parametrize("at_once", [1, 2, 200])
    def test_finds_csvs_that_are_on_no_map(self, small: Small, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
        monkeypatch.setattr(taking_back, "_AT_ONCE", at_once)
        gate = small.gate()
        gate.withdraw([path for path in gate.paths() if not CSV_PATH.match(path)])
        small.zones += [zone_at(number) for number in (1, 3, 4)]
        (small.root / PATHS[1]).write_bytes(b"x" * len(FILES[PATHS[1]]))  # and those after it
        told = [Exposed("", "", PATHS[number]) for number in (1, 3, 4)]
        assert taken_back(small) == (publics([1, 3, 4]), [told])
        assert csvs(small) == [2]

    def test_finds_what_only_a_map_shows(self, small: Small) -> None:
        """Its CSV was removed by hand; and of another map nobody knows what it shows."""
        edit(small, map_path(EVE), b"Ride 4", b"Ride 9")
        (small.root / PATHS[2]).unlink()
        (small.root / PATHS[1]).unlink()
        small.zones += [zone_at(2), zone_at(1)]
        assert taken_back(small) == (publics([1, 2]), [[on_the_map(1), on_the_map(2)]])
        only_these_remain(small, 3, 4)
        assert small.shown(EVE) == {IDS[4][1]: "Ride 9"}

    def test_finds_what_only_a_map_shows_that_is_not_the_last_one(self, small: Small) -> None:
        edit(small, map_path(ADA), b"Ride 3", b"Ride 9")
        (small.root / PATHS[4]).unlink()
        small.zones += [zone_at(4)]
        assert taken_back(small) == (publics([4]), [[on_the_map(4)]])
        only_these_remain(small, 1, 2, 3)

    def test_finds_what_stops_where_only_ends_are_hidden(self, small: Small) -> None:
        """The middle one of three rows lies in the zone: one may pass there; its time was taken out by hand."""
        place = east(10_100)
        zone = replace(around(place, 50.0, number=7), geometry=disc(place.lon, place.lat, 40.0), mode=ENDS_ONLY)
        small.zones += [zone]
        assert taken_back(small) == ([], [])
        unproven(small)
        edit(small, PATHS[2], b"\n0,20,", b"\n0,,")
        assert taken_back(small) == (publics([2]), [[on_the_map(2)]])

    def test_does_not_trust_what_cannot_be_read(self, small: Small) -> None:
        """A CSV of rubbish; others are looked at nevertheless."""
        edit(small, map_path(ADA), b"Ride 3", b"Ride 9")
        (small.root / PATHS[1]).write_bytes(b"x" * len(FILES[PATHS[1]]))
        small.zones += [between(1), zone_at(2)]
        assert taken_back(small) == (publics([1, 2]), [[on_the_map(1), on_the_map(2)]])
        only_these_remain(small, 3, 4)

    def test_finds_the_rest_where_something_goes_meanwhile(self, small: Small) -> None:
        edit(small, map_path(EVE), b"Ride 4", b"Ride 9")
        small.zones += [between(1), zone_at(3), zone_at(4)]
        gate, told = small.gate(), list[list[Exposed]]()
        gate.known()
        for path in (PATHS[1], map_path(ADA)):
            (small.root / path).unlink()
        assert withdraw_exposed(gate, lambda found: told.append(sorted(found))) == publics([3, 4])
        assert told == [[Exposed("", "", PATHS[3]), replace(on_the_map(4), name="Ride 9")]]
        assert csvs(small) == [2]
        assert index(small) == {}

    def test_begins_anew_where_another_publishes_meanwhile(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        small.zones += [zone_at(2)]
        overtaken_once(monkeypatch)
        assert withdraw_exposed(small.gate()) == publics([2])
        only_these_remain(small, 1, 3, 4)


def unproven(small: Small) -> None:
    """As if other rules had been held against what is public."""
    small.sql("update strava.public_object set facts = jsonb_set(facts, '{under}', '\"old\"')")


def overtaken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = taking_back.publish_map, iter([MapOvertaken("published by another")])

    def late(*given: Any, **named: Any) -> Any:
        if overtaken := next(tries, None):
            raise overtaken
        return real(*given, **named)

    monkeypatch.setattr(taking_back, "publish_map", late)


class TestNames:
    """A zone is given a name that stands on the map."""

    def test_are_replaced_and_other_texts_stay(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        gears = {1: "my Rosenhof bike", 2: "Canyon", 3: None}
        members = [
            feature(n, gear_name=gear, name="To Rosenhof" if n == 2 else f"Ride {n}") for n, gear in gears.items()
        ]
        map_files.publish_map(small.gate(), {ADA: members}, others_stay=True)
        small.zones += [replace(FAR, name="Rosenhof")]
        assert taken_back(small) == ([], [])
        there = small.gate().map_of(ADA)
        assert there is not None
        assert {f.properties["actID"]: (f.properties["name"], f.properties["gear_name"]) for f in there.features} == {
            IDS[1][1]: ("Ride 1", None),
            IDS[2][1]: ("Road Cycling", "Canyon"),
            IDS[3][1]: ("Ride 3", None),
        }
        only_these_remain(small, 1, 2, 3, 4)

    def test_are_replaced_also_where_something_goes(self, small: Small) -> None:
        small.zones += [zone_at(3, "Ride 1")]
        assert taken_back(small) == (publics([3]), [[on_the_map(3)]])
        assert small.shown() == {IDS[2][1]: "Ride 2", IDS[1][1]: "Road Cycling"}
        only_these_remain(small, 1, 2, 4)

    @pytest.mark.parametrize("named", [ADA, EVE])
    def test_of_athletes_are_replaced_in_the_index(self, small: Small, named: str) -> None:
        small.athletes[named] = "Athlete"
        assert taken_back(small) == ([], [])
        assert index(small)[named] == ("Athlete", 3 if named == ADA else 1)
        assert len(index(small)) == 2

    @pytest.mark.parametrize("odd", [b"{", b"{}", b"[]", b'{"athletes":[{"id":1}]}', b'{"athletes":5}'])
    def test_are_not_trusted_in_an_index_that_is_none(self, small: Small, odd: bytes) -> None:
        (small.root / INDEX).write_bytes(odd)
        assert taken_back(small) == ([], [])
        assert index(small) == {ADA: ("Ada", 3), EVE: ("Eve", 1)}

    def test_stand_in_no_index_where_there_is_none(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        (small.root / INDEX).unlink()
        monkeypatch.delattr(taking_back, "publish_map")
        assert taken_back(small) == ([], [])


@pytest.mark.parametrize("athlete", [ADA, EVE])
@pytest.mark.parametrize("zones", [[], [FAR]], ids=["no new zone", "a new zone"])
def test_a_map_that_nobody_wrote_so_is_written_anew(small: Small, athlete: str, zones: list[Any]) -> None:
    """Its figures and box may be anything; what it shows stays, if it may."""
    edit(small, map_path(athlete), b'"Ride 4"' if athlete == EVE else b'"Ride 3"', b'"Ride 9"')
    small.zones += zones
    assert [f.invariant for f in verify(small.gate()).findings if f.where == map_path(athlete)].count("I12") == 1
    assert taken_back(small) == ([], [])
    assert "Ride 9" in small.shown(athlete).values()
    only_these_remain(small, 1, 2, 3, 4)


def test_a_map_that_is_none_goes_and_others_stay(small: Small) -> None:
    data = (small.root / map_path(ADA)).read_bytes()
    (small.root / map_path(ADA)).write_bytes(b"x" * len(data))
    assert taken_back(small) == ([], [])
    assert (small.shown(ADA), small.shown(EVE)) == ({}, {IDS[4][1]: "Ride 4"})
    assert csvs(small) == [1, 2, 3, 4]
    assert index(small) == {EVE: ("Eve", 1)}


class TestActivities:
    """Rides that may not be shown any more."""

    def test_go_from_maps_figures_and_index_and_then_their_csvs(self, small: Small) -> None:
        assert withdraw_activities(small.gate(), [PATHS[1], PATHS[4], "nothing.csv"]) == 2
        only_these_remain(small, 2, 3)
        assert index(small) == {ADA: ("Ada", 2)}

    def test_leave_the_others_where_they_are(self, small: Small) -> None:
        assert withdraw_activities(small.gate(), [PATHS[2]]) == 1
        only_these_remain(small, 1, 3, 4)
        assert index(small) == {ADA: ("Ada", 2), EVE: ("Eve", 1)}

    def test_go_with_their_map_where_nobody_knows_whose_they_are(self, small: Small) -> None:
        del small.athletes[ADA]
        assert withdraw_activities(small.gate(), [PATHS[1]]) == 1
        assert index(small) == {EVE: ("Eve", 1)}
        assert [path for path in small.there() if path.startswith(ADA)] == [PATHS[2], PATHS[3]]

    def test_go_also_where_another_publishes_meanwhile(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        overtaken_once(monkeypatch)
        assert withdraw_activities(small.gate(), [PATHS[2]]) == 1
        only_these_remain(small, 1, 3, 4)

    def test_do_not_bring_back_what_another_publishes_meanwhile(
        self, small: Small, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real, others = taking_back.readable_map, iter([small.gate()])

        def late(gate: Gate, athlete: str) -> Any:
            there = real(gate, athlete)
            for other in others:  # it was read, and now another one is published
                map_files.publish_map(other, {ADA: [feature(2), feature(3, name="Another")]}, others_stay=True)
            return there

        monkeypatch.setattr(taking_back, "readable_map", late)
        withdraw_activities(small.gate(), [PATHS[2]])
        assert small.shown() == {IDS[3][1]: "Another"}

    @pytest.mark.parametrize("trouble", [GateRefused, StoreUnavailable, ValueError])
    def test_take_whole_maps_with_them_where_no_smaller_one_can_be_made(
        self,
        small: Small,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        trouble: Callable[[str], Exception],
    ) -> None:
        gate = small.gate()
        gate.withdraw([map_path(EVE)])

        def failing(*_: Any, **__: Any) -> None:
            map_files.publish_map(small.gate(), {EVE: FEATURES[EVE]}, others_stay=True)  # by another
            raise trouble("no space left")

        monkeypatch.setattr(taking_back, "publish_map", failing)
        with caplog.at_level(logging.WARNING):
            assert withdraw_activities(gate, [PATHS[2]]) == 1
        assert small.there() == sorted([PATHS[1], PATHS[3], PATHS[4]])
        assert caplog.messages == ["the map is withdrawn whole until it is made again: no space left"]

    def test_are_no_concern_of_somebody_elses_figures(self, small: Small) -> None:
        weekly = small.root / EVE / "weekly.json"
        weekly.write_bytes(weekly.read_bytes()[::-1])
        before = weekly.read_bytes()
        withdraw_activities(small.gate(), [PATHS[2]])
        assert weekly.read_bytes() == before


class TestAthlete:
    """Somebody who is to be forgotten."""

    def test_goes_with_every_file_and_every_memory(self, small: Small) -> None:
        (small.root / PATHS[1]).unlink()  # it is remembered
        (small.root / ADA / "notes.txt").write_text("x")
        assert withdraw_athlete(small.gate(), ADA) == 6
        assert index(small) == {EVE: ("Eve", 1)}
        assert not (small.root / ADA).exists()
        assert small.gate().remembered(ADA) == []
        only_these_remain(small, 4)

    def test_goes_first_from_the_map_and_the_index(self, small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
        seen, withdraw = [], Gate.withdraw

        def watched(gate: Gate, paths: Any) -> int:
            seen.append((index(small), csvs(small)))
            return withdraw(gate, paths)

        monkeypatch.setattr(Gate, "withdraw", watched)
        withdraw_athlete(small.gate(), ADA)
        assert seen == [({EVE: ("Eve", 1)}, [1, 2, 3, 4])]

    def test_of_whom_nothing_is_there_leaves_the_map_as_it_is(
        self, small: Small, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(taking_back, "publish_map")
        assert withdraw_athlete(small.gate(), "b" * 16) == 0
        only_these_remain(small, 1, 2, 3, 4)
