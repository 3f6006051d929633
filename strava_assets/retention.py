"""Bounding Dagster's own history, which grows for ever otherwise (about 15 KB an activity).

What belongs here: forgetting old events that no page of the UI needs: everything but the newest
materialisation of each partition, the newest check, and what is younger than the bound. What does not:
ticks (``dagster.yaml`` bounds those) and data of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from strava_assets.database.connection import queries
from strava_assets.errors import DatabaseUnavailable

#: Runs and their events are kept this long, days.
KEEP_DAYS = 60


@dataclass(frozen=True)
class Forgotten:
    """How much was forgotten."""

    events: int
    runs: int


def forget_old_runs(dagster_url: str, days: int = KEEP_DAYS) -> Forgotten:
    """Delete events older than ``days`` that nothing shows any more, then runs without any event left.

    Parameters
    ----------
    dagster_url : str
        libpq URL of Dagster's database.
    days : int
        Younger ones are kept whole, as is every unfinished run.
    """
    try:
        with psycopg.connect(dagster_url) as connection:
            events = queries().forget_events(connection, days=days)
            runs = queries().forget_runs(connection, days=days)
            return Forgotten(events, runs)
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"Dagster's history cannot be tidied: {str(error).splitlines()[0]}") from error
