"""A ride whose samples Strava does not have yet is on no map, fails nothing, and comes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from strava_assets import resources, sensors
from strava_assets.resources import InstallationResource
from strava_assets.strava.account import drain_events, events_requested
from strava_assets_tests.strava.conftest import World
from strava_assets_tests.strava.events import subscribe, tell


@pytest.mark.parametrize("world", [{"activities": 3}], indirect=True)
def test_a_ride_comes_onto_the_map_when_strava_has_its_samples(zoned: World) -> None:
    resources.use(zoned.installation)
    subscribe(zoned)
    start = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    number = zoned.control("add", start=start, streams_after=3600)["id"]
    tell(zoned, "create", number)
    told_of = drain_events(zoned.settings, zoned.database)
    events_requested(zoned.database, told_of.handled)
    zoned.run(told_of.months)
    assert not [path for path in zoned.public_files() if path.endswith(".csv")]
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance)
        waits = sensors.requested_months(context, installation=InstallationResource())
        assert isinstance(waits, dg.SkipReason)
        assert str(waits.skip_message).startswith("1 activity could not be read yet; asked again from")
        zoned.control("advance_clock", seconds=3700)
        zoned.sql("update strava.activity set next_landing_at = now() where next_landing_at is not null")
        asked = sensors.requested_months(context, installation=InstallationResource())
    assert isinstance(asked, dg.SensorResult)
    assert [(request.job_name, request.partition_key) for request in asked.run_requests or []] == [
        ("follow", told_of.months[0])
    ]
    zoned.run(told_of.months)
    assert len([path for path in zoned.public_files() if path.endswith(".csv")]) == 1
    assert len([entry for entry in zoned.requests(f"/activities/{number}") if not entry["path"].endswith("s")]) == 1
