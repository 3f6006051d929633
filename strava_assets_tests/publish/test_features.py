"""From masked rows to what stands on the map: CONTRACT's properties, and nothing that tells more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from strava_assets.privacy import masked
from strava_assets.publish import map_files, topojson_file
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.topojson_decoder import decode
from strava_assets.publish.topojson_file import CELL, Feature, encode
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import HOME, ride, tables

IDS = {number: ("a" * 16, f"{number:016x}") for number in range(1, 9)}


def features(*rides: Any, hidden: bool = False, **options: Any) -> list[Feature]:
    """Features of the first athlete's rides; with ``hidden`` part of each is."""
    activities, streams = tables(list(rides))
    zones = [around(HOME)] if hidden else []
    frame = masked.mask(activities, streams, zones, {"api"}, masked.fingerprints(activities, zones, {"api"}))
    names = ZoneNames([around(HOME)])  # it is called "nest"
    return map_files.features_of(frame, IDS, names, **options).get("a" * 16, [])


def properties(**row: Any) -> dict[str, Any]:
    [feature] = features(ride(1, **row))
    return feature.properties


def test_properties_are_contracts_in_its_order() -> None:
    assert tuple(properties()) == topojson_file.PROPERTIES
    told = properties(name="Home again", gear_name="Rocinante")
    assert (told["actID"], told["name"], told["type"]) == (f"{1:016x}", "Home again", "Ride")
    assert (told["gear_name"], told["startDate"]) == ("Rocinante", "2024-05-02")
    assert told["private"] is told["partly_hidden"] is False
    assert told["has_heartrate"] is True


def test_numbers_are_numbers_and_what_is_not_known_is_null() -> None:
    told = properties()
    assert told["calories"] == 500
    assert isinstance(told["calories"], int)
    assert isinstance(told["distance"], (int, float))
    assert told["average_cadence"] is None
    [hidden] = features(ride(1), hidden=True)
    assert hidden.properties["partly_hidden"] is True
    assert hidden.properties["calories"] is None


def test_stravas_numbers_are_told_only_where_the_owner_wants_it() -> None:
    assert "strava_id" not in properties(strava_id=9_876_543_210)
    [feature] = features(ride(1, strava_id=9_876_543_210), with_strava_id=True)
    assert feature.properties["strava_id"] == "9876543210"
    assert list(feature.properties)[-1] == "strava_id"
    [feature] = features(ride(1), with_strava_id=True)  # a file has none
    assert "strava_id" not in feature.properties


@pytest.mark.parametrize(("name", "gear"), [("To the Nest", "my Nest bike"), ("nest", "NEST")])
def test_a_text_that_tells_a_zone_is_replaced_and_the_other_one_is_not(name: str, gear: str) -> None:
    told = properties(name=name, gear_name="Rocinante")
    assert (told["name"], told["gear_name"]) == ("Road Cycling", "Rocinante")
    told = properties(name="Honest work", gear_name=gear)
    assert (told["name"], told["gear_name"]) == ("Honest work", None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("2024-05-02 08:01", "Road Cycling"), ("Running 5/2/24 8:01 am", "Running"), ("Nest 2024-05-02T08:01:00Z", None)],
)
def test_a_name_that_the_recorder_gave_tells_no_time_of_day(name: str, shown: str | None) -> None:
    """I6."""
    told = properties(name=name, gear_name=name)
    assert told["name"] == (shown or "Road Cycling")
    assert told["gear_name"] == (None if shown == "Road Cycling" else shown)


def test_what_is_hidden_or_has_no_id_is_no_feature() -> None:
    made = features(ride(1), ride(2, visibility="only_me"), ride(3), ride(99))
    assert [feature.properties["actID"] for feature in made] == [f"{1:016x}", f"{3:016x}"]
    assert features(ride(2, visibility="only_me")) == []


@pytest.mark.parametrize(
    ("column", "gone"),
    [
        ("heartrate", {"average_heartrate", "max_heartrate"}),
        ("watts", {"average_watts"}),
        ("altitude", {"total_elevation_gain"}),
        ("temp", set()),
    ],
)
def test_a_figure_of_a_column_that_is_not_published_is_not_told(column: str, gone: set[str]) -> None:
    [feature] = features(ride(1), dropped=frozenset({column}))
    whole = properties()
    assert {name for name, value in feature.properties.items() if value != whole[name]} - {"has_heartrate"} == gone
    assert all(feature.properties[name] is None for name in gone)
    assert feature.properties["has_heartrate"] is (column != "heartrate")


def test_a_feature_knows_its_box() -> None:
    [feature] = features(ride(1))
    [line] = decode(encode([feature])).features[0].lines
    assert feature.box == tuple(np.rint([*line.min(axis=0) / CELL, *line.max(axis=0) / CELL]).astype(int))


def test_a_feature_waits_for_a_csv_with_the_same_columns() -> None:
    [one], [other] = features(ride(1)), features(ride(1), dropped=frozenset({"heartrate"}))
    assert one.made_from != other.made_from


def test_the_order_of_a_days_rides_tells_no_clock(published: Published) -> None:
    days = {number: 2 + number // 4 for number in range(1, 9)}
    published.publish(
        [ride(number, start_time=datetime(2024, 5, day, 4 + number, tzinfo=UTC)) for number, day in days.items()]
    )
    there = published.installation.gate().map_of(published.athlete)
    assert there is not None
    got = [(feature.properties["startDate"], feature.properties["actID"]) for feature in there.features]
    assert [day for day, _ in got] == ["2024-05-04"] + ["2024-05-03"] * 4 + ["2024-05-02"] * 3
    by_clock = [(f"2024-05-{day:02d}", published.ids[number][1]) for number, day in days.items()]
    assert got == sorted(sorted(by_clock, key=lambda entry: entry[1]), key=lambda entry: entry[0], reverse=True)
    assert got not in (sorted(by_clock, reverse=True), by_clock[::-1])
