"""The private input: the zones in force and the shapes that are cut for them.

What belongs here: ``privacy_zones``. What does not: adding zones (the command ``zones add``).
Its metadata says how many there are and no more: neither Z, H nor a name may leave (I14).
"""

import dagster as dg

from strava_assets.assets.common import OWNERS
from strava_assets.places import TRACKS, cover_tables
from strava_assets.privacy import zone_store
from strava_assets.resources import InstallationResource
from strava_assets.tables import months_of


@dg.asset(
    group_name="private",
    kinds={"postgres", "geopandas"},
    owners=OWNERS,
    code_version="1",
    description="The places to hide: the drawn polygons and, for each, its secret cut shape, drawn once and kept. "
    "Until there is one, every place where a track starts or ends. Private; leaves the database only "
    "for the owner's own PostGIS, where one is set.",
)
def privacy_zones(installation: InstallationResource) -> dg.MaterializeResult:
    """Make sure that there is something to cut, and count it."""
    opened = installation.installation
    tables = months_of(opened.store, "activities")
    added = cover_tables(opened, (tables.read(month, columns=TRACKS) for month in tables))
    zones = zone_store.in_force(opened.database)
    drawn = sum(zone.origin == "drawn" for zone in zones)
    return dg.MaterializeResult(
        metadata={
            "zones in force": len(zones),
            "drawn": drawn,
            "provisional": len(zones) - drawn,
            "new": len(added),
            "cut shapes": len({zone.shape_id for zone in zones}),
        }
    )
