"""What the API told, deleted when it is older than the owner allows (``STRAVA_ASSETS_API_RETENTION_DAYS``).

What belongs here: the order. What is public goes first, then the database says so, then the files go, and what lake
and warehouse have of it; typed and masked rows go in the runs of the months asked for. Killed half-way, the next call
goes on. What does not: Dagster's own history (``retention``), removing a person (``purge``).
"""

from __future__ import annotations

from dataclasses import dataclass

from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.partitions import first_day
from strava_assets.publish.paths import csv_path
from strava_assets.publish.taking_back import withdraw_activities
from strava_assets.strava.thresholds import forget_thresholds
from strava_assets.strava.tombstones import remove_streams
from strava_assets.warehouse import upkeep


@dataclass(frozen=True)
class ExpiryReport:
    """What was too old."""

    activities: int = 0
    public_files: int = 0
    originals: int = 0
    months: int = 0

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.activities:,} activities forgotten as the API told them: {self.public_files:,} public files, "
            f"{self.originals:,} originals; {self.months:,} months asked for again"
        )


def forget_api_originals(installation: Installation) -> ExpiryReport:
    """Delete what was last read from the API longer ago than the setting's days; nothing where it is not set.

    An activity that only the API knows keeps a row with its ids, its month and who may see it, so that no
    listing brings it back; an event may.

    Raises
    ------
    StoreUnavailable, DatabaseUnavailable
        Something could not be deleted; what was stays deleted, and the same call goes on.
    """
    days = installation.settings.api_retention_days
    if days is None:
        return ExpiryReport()
    with installation.database.transaction() as connection:
        aged = list(queries().aged_activities(connection, days=days))
    public = installation.public_ids(row for row in aged if row["from_api_only"])
    withdrawn = withdraw_activities(installation.gate(), [csv_path(*pair) for pair in public.values()]) if public else 0
    with installation.database.transaction() as connection:
        expired = list(queries().expire_activities(connection, ids=[row["id"] for row in aged], days=days))
        queries().forget_old_gear(connection, days=days)
        months = sorted({row["month"] for row in aged})
        for month in months:  # with what changed: after a kill nothing would tell that they are to be made anew
            queries().request_month(connection, month=first_day(month), reason="older than the API's data may be")
    originals = remove_streams(installation.database, installation.store)
    forget_thresholds(installation.store, installation.athletes(), days)
    if expired:
        upkeep.take_out_what_is_gone(installation)
    return ExpiryReport(len(expired), withdrawn, originals, len(months))
