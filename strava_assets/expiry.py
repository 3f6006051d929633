"""What the API told, deleted when it is older than the owner allows (``STRAVA_ASSETS_API_RETENTION_DAYS``).

What belongs here: the order. What is public goes first, then the database says so, then the files go; typed,
masked and warehouse rows go in the runs of the months asked for. Killed half-way, the next call goes on. What
does not: Dagster's own history (``retention``), removing a person (``purge``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.publish import map_files
from strava_assets.requests import request_months

#: As ``strava.landing.streams_key`` names them.
_STREAMS = re.compile(r"/(\d+)\.streams\.json\.gz$")


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
    withdrawn = map_files.withdraw_activities(installation.gate(), set(public.values())) if public else 0
    with installation.database.transaction() as connection:
        expired = list(queries().expire_activities(connection, ids=[row["id"] for row in aged], days=days))
        queries().forget_old_gear(connection, days=days)
    months = request_months(installation.database, {row["month"] for row in aged}, "older than the API's data may be")
    return ExpiryReport(len(expired), withdrawn, _delete_streams(installation), months)


def _delete_streams(installation: Installation) -> int:
    """Delete streams of activities that are expired, those that a killed call left, too; how many there were."""
    files = [(int(match[1]), key) for key in installation.store.keys("landing/api") if (match := _STREAMS.search(key))]
    # while their rows are locked, no event can bring them back and have their streams written anew
    with installation.database.transaction() as connection:
        rows = queries().lock_expired(connection, strava_ids=[number for number, _ in files])
        expired = {row["strava_id"] for row in rows}
        old = [key for number, key in files if number in expired]
        for key in old:
            installation.store.delete(key)
    return len(old)
