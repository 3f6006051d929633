"""A new zone over a history from Strava: withdrawn, reported, cut anew, and Strava is not asked for anything."""

from __future__ import annotations

import numpy as np

from strava_assets.database.connection import queries
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import csv_files
from strava_assets.publish.verify import verify
from strava_assets.strava.listing import list_account
from strava_assets.zone_changes import follow_up
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.strava.conftest import World


def csvs(world: World) -> dict[str, bytes]:
    return {path: data for path, data in world.public_files().items() if path.endswith(".csv")}


def asked_for(world: World) -> list[str]:
    with world.database.transaction() as connection:
        return [row["month"] for row in queries().requested_months(connection, fresh_events=True)]


def farthest_from_home(world: World, files: dict[str, bytes]) -> tuple[str, Place]:
    """Of all that is public, the position that is farthest from where most rides begin, and whose it is."""
    home, found = world.sandbox.account.places[0], []
    for path, data in files.items():
        columns = csv_files.decode(data).columns
        away = np.hypot(columns["lng"] - home.lng, columns["lat"] - home.lat)
        at = int(np.nanargmax(away))
        found.append((float(away[at]), path, Place(float(columns["lng"][at]), float(columns["lat"][at]))))
    _, path, place = max(found, key=lambda each: each[0])
    return path, place


def test_a_new_zone_costs_no_read_and_touches_only_months_in_reach(zoned: World) -> None:
    list_account(zoned.database, zoned.client(), zoned.athlete_id, None, None, zoned.settings)
    rows = zoned.sql("select to_char(month, 'YYYY-MM') as month from strava.activity group by 1 order by count(*) desc")
    zoned.run(sorted(row["month"] for row in rows[:3]))
    before, asked = csvs(zoned), len(zoned.requests(""))
    path, place = farthest_from_home(zoned, before)
    already = set(asked_for(zoned))
    added = zone_store.put(zoned.database, [DrawnZone("", place.polygon(circle(80)))]).added
    done = follow_up(zoned.installation, added)
    gone = before.keys() - csvs(zoned).keys()
    assert {each.path for each in done.exposed} == gone >= {path}
    assert verify(zoned.installation.gate()).findings == []
    months = [month for month in asked_for(zoned) if month not in already]
    assert 0 < len(months) == done.months < 3
    zoned.run(months)
    after = csvs(zoned)
    assert after.keys() >= gone
    assert {path for path in before if after[path] != before[path]} == gone
    assert verify(zoned.installation.gate()).findings == []
    assert len(zoned.requests("")) == asked
