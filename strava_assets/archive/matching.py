"""Which activity an import speaks of, among those that are there.

What belongs here: the ways in which one is recognised, the surest first. What does not: what becomes of it
(``landing``), two rows that turn out to be one ride later (``uniting``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from strava_assets.archive.entries import Said
from strava_assets.database.connection import queries


class Known:
    """Activities that a batch may be about, locked; and everything that was said of them.

    Parameters
    ----------
    connection : psycopg connection
        In a transaction.
    athlete : int
        Ours.
    said : list of Said
    """

    def __init__(self, connection: Any, athlete: int, said: list[Said]):
        self._rows = list(
            queries().lock_archived_activities(
                connection,
                athlete_id=athlete,
                identities=[told.identity for told in said],
                contents=[told.original.content for told in said if told.original],
                strava_ids=[told.strava_id for told in said if told.strava_id],
            )
        )
        self._said: dict[int, list[Mapping[str, Any]]] = {}
        for row in queries().statements_of(connection, activity_ids=[row["id"] for row in self._rows]):
            self._said.setdefault(row["activity_id"], []).append(row)

    def activity(self, told: Said) -> dict[str, Any] | None:
        """The one that is meant, if it is there."""
        ways: list[Callable[[dict[str, Any]], bool]] = [lambda row: row["identity"] == told.identity]
        if told.strava_id:
            ways.append(lambda row: row["strava_id"] == told.strava_id)
        if told.original:
            # another activity of Strava's may hold the same recording: it is another all the same
            content, from_file = told.original.content, told.strava_id is None
            ways.append(lambda row: row["archive_content"] == content and (from_file or row["strava_id"] is None))
        return next((row for way in ways for row in self._rows if way(row)), None)

    def statements(self, activity: int) -> list[Mapping[str, Any]]:
        return self._said.get(activity, [])

    def remember(self, row: dict[str, Any], said: Mapping[str, Any]) -> None:
        """For whatever else in the batch is the same activity."""
        self._rows = [other for other in self._rows if other["id"] != row["id"]] + [row]
        self._said[row["id"]] = [*others(self._said.get(row["id"], []), said), said]


def others(before: list[Mapping[str, Any]], said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was said before, less what is said anew."""
    return [other for other in before if (other["import_id"], other["said_by"]) != (said["import_id"], said["said_by"])]
