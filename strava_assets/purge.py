"""Removing a person completely: what is public first, then our access, then what is private, then that they were here.

What belongs here: the order, and which parts there are. What does not: removing one activity (the flow
does), zones (they are the installation's). Killed half-way, the same command goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from strava_assets.database.connection import queries
from strava_assets.errors import DamagedTable, SettingsError, StravaAssetsError
from strava_assets.installation import Installation
from strava_assets.publish import taking_back
from strava_assets.requests import request_months
from strava_assets.strava import oauth
from strava_assets.strava.thresholds import thresholds
from strava_assets.tables import UNCUT, encode, key_of, months_of
from strava_assets.training.keeping import EFFORTS, LOAD, refresh_figures
from strava_assets.warehouse import upkeep
from strava_assets.withdrawal import withdraw_hidden

#: Tables with a row an activity, then those with rows that only name the activity.
_BY_ATHLETE, _BY_ACTIVITY = ("activities", "masked_geometries", UNCUT, EFFORTS, LOAD), ("activity_streams",)


@dataclass
class PurgeReport:
    """What was removed."""

    name: str
    activities: int = 0
    public_files: int = 0
    originals: int = 0
    tables: int = 0
    access: str = ""

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.name} is removed: {self.activities:,} activities, {self.public_files:,} public files, "
            f"{self.originals:,} originals, rows in {self.tables:,} tables"
            + (f"; {self.access}" if self.access else "")
        )


def find_athlete(installation: Installation, given: str) -> int:
    """Our id of the athlete that somebody means by our id, Strava's, the public one or the name.

    Raises
    ------
    SettingsError
        There is none, or it may be two; the message names those there are.
    """
    public = installation.athletes()
    with installation.database.transaction() as connection:
        rows = list(queries().athletes(connection))
    ways = {
        row["id"]: {str(row["id"]), public[row["id"]][0], row["name"].casefold()}
        | ({str(row["strava_id"])} if row["strava_id"] is not None else set())
        for row in rows
    }
    found = [athlete for athlete, names in ways.items() if given.strip().casefold() in names]
    if len(found) == 1:
        return int(found[0])
    there = ", ".join(f"{row['id']} ({row['name']})" for row in rows) or "nobody"
    raise SettingsError(f"{given!r} is {'more than one' if found else 'no'} athlete here; there are: {there}")


def revoked_athletes(installation: Installation) -> list[int]:
    """Our ids of those who took access back, or whose removal was broken off."""
    with installation.database.transaction() as connection:
        return [row["id"] for row in queries().athletes(connection) if row["state"] == "revoked"]


def purge_athlete(installation: Installation, athlete: int, *, only_revoked: bool = False) -> PurgeReport | None:
    """Remove a person from the public root, the private store, the tables, the warehouse and the database.

    Somebody who connects again meanwhile loses what was here, and is listed anew.

    Parameters
    ----------
    installation : Installation
    athlete : int
        Our id.
    only_revoked : bool
        Only if their access is still revoked.

    Returns
    -------
    PurgeReport or None
        None if they are not here any more, or not revoked.

    Raises
    ------
    StoreUnavailable, DatabaseUnavailable
        Something could not be removed; what was stays removed, and the same call goes on.
    """
    with installation.database.transaction() as connection:
        # from here on a run that is under way reads nothing more, and the gate lets nothing of theirs through
        if not queries().stop_athlete(connection, id=athlete, only_revoked=only_revoked):
            return None
        owned = list(queries().activities_of_athlete(connection, athlete_id=athlete))
        person = queries().athlete_by_id(connection, id=athlete)
    public, name = installation.athletes()[athlete]
    report = PurgeReport(name)
    report.activities = len(owned)
    report.public_files = taking_back.withdraw_athlete(installation.gate(), public)
    withdraw_hidden(installation)  # what was on its way through the gate when they were stopped
    if person["strava_id"] is not None and not only_revoked:
        report.access = _end_access(installation, person["strava_id"])
    for source in ("archive", "api"):
        for key in installation.store.keys(f"landing/{source}/{athlete}"):
            installation.store.delete(key)
            report.originals += 1
    report.tables = _drop_rows(installation, athlete, [row["id"] for row in owned])
    told = thresholds(installation.store, set(installation.athletes()) - {athlete})
    refresh_figures(installation.store, told, installation.settings.resting_heartrate)
    # a run that is under way may yet write what it has read: these months are gone through again
    request_months(installation.database, {row["month"] for row in owned}, "somebody was removed")
    with installation.database.transaction() as connection:
        queries().delete_events_of_athlete(connection, id=athlete)
        queries().delete_activities_of_athlete(connection, id=athlete)
        queries().delete_listings_of_athlete(connection, id=athlete)
        queries().delete_athlete(connection, id=athlete)
    upkeep.take_out_what_is_gone(installation)
    return report


def _end_access(installation: Installation, strava_id: int) -> str:
    """Give our access back at Strava, if we have any; what to say of it."""
    try:
        asked = oauth.revoke(installation.database, installation.settings, strava_id)
    except StravaAssetsError as error:
        return f"Strava was not told ({error}); they can end access at https://www.strava.com/settings/apps"
    return "access at Strava is ended" if asked else ""


def _drop_rows(installation: Installation, athlete: int, activities: list[int]) -> int:
    """Rewrite each month's tables without the athlete's rows; how many had some."""
    store, touched = installation.store, 0
    for table, column, values in (
        *((table, "activity_id", activities) for table in _BY_ACTIVITY),
        *((table, "athlete_id", [athlete]) for table in _BY_ATHLETE),
    ):
        months = months_of(store, table)
        for month in months:
            try:
                rows = months[month]
            except DamagedTable:  # nobody can tell whose rows are in it, and the flow makes it again
                store.delete(key_of(table, month))
                request_months(installation.database, [month], "a damaged table")
                continue
            theirs = pa.array(values, rows.schema.field(column).type)
            kept = rows.filter(pc.invert(pc.is_in(rows.column(column), theirs)))
            if kept.num_rows == rows.num_rows:
                continue
            touched += 1
            store.write(key_of(table, month), encode(kept))  # be it empty: a run that is under way will read it
    return touched
