"""What happens to an account in a test, and what is kept of it: listed, landed, looked at."""

from __future__ import annotations

from datetime import date
from typing import Any

from strava_assets.strava.account import clients
from strava_assets.strava.landing import LandingReport, land_months
from strava_assets.strava.listing import ListingReport, list_account
from strava_assets.strava.originals import storable
from strava_assets_tests.strava.conftest import World


def listed(world: World) -> ListingReport:
    return list_account(world.database, world.client(), world.athlete_id, None, None, world.settings)


def land_all(world: World) -> LandingReport:
    months = [row["month"] for row in world.sql("select distinct month from strava.activity")]
    return land_months(
        world.database,
        world.installation.store,
        clients(world.settings, world.database),
        months,
        settings=world.settings,
    )


def a_ride(world: World) -> dict[str, Any]:
    """One that has landed, for everybody to see."""
    return world.sql(
        "select * from strava.activity where state = 'landed' and api_streams_state = 'stored' "
        "and visibility = 'everyone' order by id limit 1"
    )[0]


def ride(world: World, number: int) -> dict[str, Any]:
    return world.sql("select * from strava.activity where strava_id = %s", number)[0]


def imported(world: World, summary: dict[str, Any], athlete: int) -> int:
    """An activity as the import of an export leaves it."""
    with world.database.transaction() as connection:
        number = connection.execute(
            "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, archive, archive_file, "
            "state, landed_at) values (%s, %s, %s, %s, %s, %s, 'landing/archive/x.gpx', 'landed', now()) returning id",
            (
                athlete,
                f"strava:{summary['id']}",
                summary["id"],
                summary["start_date"],
                date.fromisoformat(summary["start_date"][:7] + "-01"),
                storable({"name": "from the export"}),
            ),
        ).fetchone()
    return int(number["id"])
