"""The maps follow their months: what changed is read, what must go goes, and what another made meanwhile counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.compute as pc
import pytest

from strava_assets.errors import GateOvertaken, MapOvertaken
from strava_assets.privacy import masked
from strava_assets.publish import map_building, map_files, month_files
from strava_assets.publish.map_building import Built
from strava_assets.publish.paths import CSV_PATH, INDEX, map_path
from strava_assets.publish.verify import verify
from strava_assets.stores import Store
from strava_assets.tables import Months, encode, key_of
from strava_assets_tests.publish.small import IDS, PATHS, Small, publics, zone_at
from strava_assets_tests.publish.test_judging import ADA, EVE
from strava_assets_tests.publish.worlds import ride, tables

MAY, JUNE = "2024-05", "2024-06"


@dataclass
class World:
    """Two months of two people, as tables and as CSVs."""

    small: Small
    store: Store
    rides: dict[str, list[Any]] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    numbers: bool = False
    ids: dict[int, tuple[str, str]] = field(default_factory=lambda: dict(IDS))

    def put(self, month: str, *rides: Any, csvs: bool = True, table: bool = True) -> None:
        """A month's table and its CSVs as they are from now on; or one of the two."""
        activities, streams = tables(list(rides))
        prints = masked.fingerprints(activities, self.small.zones, {"api"})
        frame = masked.mask(activities, streams, self.small.zones, {"api"}, prints)
        if table:
            self.store.write(key_of("masked", month), encode(frame))
        if csvs:
            month_files.publish_month(
                frame,
                lambda wanted: streams.filter(pc.field("activity_id").isin(wanted)),
                {number: IDS[number] for number in frame["activity_id"]},
                {},
                self.small.gate(),
                self.dropped,
            )

    def months(self) -> Months:
        keys = [month for month in (MAY, JUNE) if self.store.exists(key_of("masked", month))]
        return Months(self.store, "masked", keys)

    def build(self) -> Built:
        return map_building.build(
            self.small.gate(), self.months, lambda: self.ids, with_strava_id=self.numbers, dropped=self.dropped
        )


def short(number: int, **row: Any) -> Any:
    return ride(number, kilometres=2, **{"strava_id": 70 + number} | row)


@pytest.fixture
def world(empty: Small, tmp_path: Path) -> Iterator[World]:
    """In May Ada rode twice and Eve once, in June only Ada."""
    empty.strava_ids = True  # they may be told
    made = World(empty, Store(str(tmp_path / "private")))
    made.put(MAY, short(1), short(2), short(4))
    made.put(JUNE, short(3))
    built = made.build()
    assert (built.months_read, built.exposed, built.swept) == (2, [], 0)
    assert (built.report.activities, built.report.athletes, built.report.waiting) == (4, 2, [])
    assert built.report.topojson_bytes == sum((empty.root / map_path(who)).stat().st_size for who in (ADA, EVE))
    map_files.publish_summaries(empty.gate())
    assert shown(made) == ["Ride 1", "Ride 2", "Ride 3", "Ride 4"]
    assert verify(empty.gate()).findings == []
    yield made


def shown(world: World) -> list[str]:
    return sorted([*world.small.shown(ADA).values(), *world.small.shown(EVE).values()])


def test_months_that_did_not_change_are_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path: (world.small.root / path).read_bytes() for path in world.small.there()}
    with monkeypatch.context() as patched:
        patched.delattr(Months, "frame")
        built = world.build()
    assert (built.months_read, built.swept, built.report.gate.written) == (0, 0, 0)
    world.put(JUNE, short(3, name="Another"))
    built = world.build()
    assert (built.months_read, built.swept) == (1, 0)
    assert shown(world) == ["Another", "Ride 1", "Ride 2", "Ride 4"]
    world.put(JUNE, short(3))
    world.build()
    assert {path: (world.small.root / path).read_bytes() for path in world.small.there()} == before


def test_a_month_of_which_nobody_knows_the_version_is_read_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Months, "versions", lambda months: {MAY: "v1"})
    assert world.build().months_read == 2
    assert world.build().months_read == 1
    index = world.small.gate().known()[INDEX].fingerprint
    assert index is not None
    assert orjson.loads(index)["months"].keys() == {MAY}


@pytest.mark.parametrize("other", [{"numbers": True}, {"dropped": frozenset({"watts"})}], ids=["numbers", "columns"])
def test_every_month_is_read_where_something_else_is_wanted(world: World, other: dict[str, Any]) -> None:
    for name, value in other.items():
        setattr(world, name, value)
    world.put(MAY, short(1), short(2), short(4), table=False)
    world.put(JUNE, short(3), table=False)
    assert world.build().months_read == 2
    there = world.small.gate().map_of(EVE)
    assert there is not None
    [told] = [feature.properties for feature in there.features]
    assert told.get("strava_id") == ("74" if world.numbers else None)
    assert (told["average_watts"] is None) is bool(world.dropped)


def test_a_name_that_tells_a_zone_stands_on_no_map(world: World) -> None:
    world.put(JUNE, short(3, name="Round the nest"))
    world.build()
    assert shown(world) == ["Ride 1", "Ride 2", "Ride 4", "Road Cycling"]


def test_what_a_new_zone_forbids_goes_before_anything_is_made(world: World) -> None:
    lon, lat = world.small.gate().map_of(EVE).bbox[:2]
    zone = zone_at(4)
    shape = replace(zone.shape, center=(lon, lat))
    world.small.zones.append(replace(zone, shape=replace(shape, geometry=shape.geometry.buffer(5_000))))
    world.put(MAY, csvs=False)
    world.put(JUNE, csvs=False)
    built = world.build()
    assert built.exposed == publics([1, 2, 3, 4])
    assert built.report.activities == 0
    assert world.small.there() == [INDEX]


def test_what_has_no_csv_yet_waits_and_its_month_is_read_again(world: World) -> None:
    world.put(MAY, short(1), short(2, seed=5), short(4), csvs=False)
    built = world.build()
    assert built.report.waiting == publics([2])
    assert shown(world) == ["Ride 1", "Ride 3", "Ride 4"]
    assert (world.small.root / PATHS[2]).exists()
    world.put(MAY, short(1), short(2, seed=5), short(4))
    built = world.build()
    assert (built.months_read, built.report.waiting) == (1, [])
    assert shown(world) == ["Ride 1", "Ride 2", "Ride 3", "Ride 4"]


def test_what_belongs_to_nothing_any_more_goes_and_is_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ride that was deleted, everything of a person who has none left; and nothing that came meanwhile."""
    world.put(MAY, short(1), csvs=False)
    came, real, tries = PATHS[3].replace("00003", "00009"), map_files._publish_map, iter([GateOvertaken("withdrawn")])

    def late(*given: Any) -> Any:
        for overtaken in tries:
            world.small.gate().publish({came: (world.small.root / PATHS[3]).read_bytes()}, activities={came: 3})
            raise overtaken
        return real(*given)

    monkeypatch.setattr(map_files, "_publish_map", late)
    assert world.build().swept == 5  # two CSVs; Eve's map and figures
    assert [path for path in world.small.there() if CSV_PATH.match(path)] == [PATHS[1], PATHS[3], came]
    assert shown(world) == ["Ride 1", "Ride 3"]


def test_rides_of_people_who_are_not_there_are_on_no_map(world: World) -> None:
    del world.small.athletes[EVE]
    world.build()
    assert world.small.shown(EVE) == {}
    assert len(world.small.shown(ADA)) == 3
    del world.ids[3]
    world.put(JUNE, short(3), csvs=False)
    world.build()
    assert len(world.small.shown(ADA)) == 2


def test_all_of_it_is_done_again_where_another_publishes_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = map_files.publish_map, iter([MapOvertaken("published by another")])

    def late(*given: Any, **named: Any) -> Any:
        if overtaken := next(tries, None):
            world.put(JUNE, short(3, name="Another"))
            raise overtaken
        return real(*given, **named)

    monkeypatch.setattr(map_files, "publish_map", late)
    assert world.build().months_read == 1
    assert shown(world) == ["Another", "Ride 1", "Ride 2", "Ride 4"]
