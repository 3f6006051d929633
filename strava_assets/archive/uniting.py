"""One ride, one row: a file that was imported by itself and turns out to be an activity of Strava's.

What belongs here: what becomes of two rows that are one ride, whichever came first. What does not: finding them,
which the query ``twins`` does.
"""

from __future__ import annotations

from typing import Any

from strava_assets.archive.statements import merge, set_archive
from strava_assets.database.connection import Database, queries


def unite_pair(connection: Any, file_id: int, kept_id: int, first_month: str) -> bool:
    """Give what a file said to the activity of Strava's that it is; the row that it had goes, its months are asked for.

    Strava says who may see it from then on; where it does not, and the owner said of either that it is hidden, it is.

    Parameters
    ----------
    connection : psycopg connection
        In a transaction.
    file_id, kept_id : int
        Ours.
    first_month : str

    Returns
    -------
    bool
        False if one of them has gone meanwhile.
    """
    rows = {row["id"]: row for row in queries().lock_pair(connection, ids=[file_id, kept_id])}
    if len(rows) < 2:
        return False
    file, kept = rows[file_id], rows[kept_id]
    months = {file["month"], kept["month"]}
    queries().move_statements(connection, from_id=file_id, to_id=kept_id)
    queries().remove_activity(connection, id=file_id)
    statements = list(queries().statements_of(connection, activity_ids=[kept_id]))
    set_archive(connection, kept, merge(statements), first_month, import_id=statements[-1]["import_id"])
    words = {file["owner_visibility"], kept["owner_visibility"]} - {None}
    word = "hidden" if "hidden" in words else next(iter(words), None)
    queries().put_back_word(connection, id=kept_id, owner_visibility=word)
    for month in sorted(months | {kept["month"]}):
        queries().request_month(connection, month=month, reason="one ride, two sources")
    return True


def unite_all(database: Database, first_month: str) -> int:
    """Unite whatever is found, one pair at a time; how many there were."""
    with database.transaction() as connection:
        pairs = list(queries().twins(connection))
    united = 0
    for pair in pairs:
        with database.transaction() as connection:
            united += unite_pair(connection, pair["file_id"], pair["id"], first_month)
    return united
