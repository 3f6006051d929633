"""A new zone over a history from Strava: withdrawn, reported, cut anew, and Strava is not asked for anything."""

from __future__ import annotations

import pytest

from strava_assets.database.connection import queries
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import csv_files
from strava_assets.publish.verify import verify
from strava_assets.zone_changes import follow_up
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.strava.conftest import World


def csvs(world: World) -> dict[str, bytes]:
    return {path: data for path, data in world.public_files().items() if path.endswith(".csv")}


def asked_for(world: World) -> list[str]:
    with world.database.transaction() as connection:
        return [row["month"] for row in queries().requested_months(connection, fresh_events=True)]


@pytest.mark.parametrize("world", [{"activities": 10}], indirect=True)
def test_a_new_zone_costs_no_read_and_touches_only_months_in_reach(zoned: World) -> None:
    zoned.run()
    before, asked = csvs(zoned), len(zoned.requests(""))
    assert asked_for(zoned) == []
    path = sorted(before)[0]
    decoded = csv_files.decode(before[path])
    place = Place(decoded.columns["lng"][decoded.rows // 2], decoded.columns["lat"][decoded.rows // 2])
    added = zone_store.put(zoned.database, [DrawnZone("", place.polygon(circle(80)))]).added
    done = follow_up(zoned.installation, added, "zones")
    gone = before.keys() - csvs(zoned).keys()
    assert {each.path for each in done.exposed} == gone >= {path}
    assert verify(zoned.installation.gate()).findings == []
    months = asked_for(zoned)
    assert 0 < len(months) == done.months < len(zoned.sql("select distinct month from strava.activity"))
    zoned.run(months)
    after = csvs(zoned)
    assert after.keys() >= gone
    assert {path for path in before if after[path] != before[path]} == gone
    assert verify(zoned.installation.gate()).findings == []
    assert asked_for(zoned) == []
    assert len(zoned.requests("")) == asked
