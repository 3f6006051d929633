"""One ride, one row: a file that was imported by itself and turns out to be an activity of Strava's.

What belongs here: what becomes of two rows that are one ride, whichever came first. What does not: finding them,
which the query ``twins`` does.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from strava_assets.archive.statements import merge, set_archive
from strava_assets.database.connection import Database, queries


def unite(connection: Any, first_month: str) -> tuple[int, set[str]]:
    """Give what files said to the activities of Strava's that they are; the rows that they had go.

    Strava says who may see it from then on; where it does not, and the owner said of either that it is hidden, it is.

    Parameters
    ----------
    connection : psycopg connection
        In a transaction.
    first_month : str

    Returns
    -------
    (int, set of str)
        How many there were, and the months touched (``YYYY-MM``): they are to be asked for.
    """
    months: set[str] = set()
    pairs = list(queries().twins(connection))
    for pair in pairs:
        rows = {row["id"]: row for row in queries().lock_pair(connection, ids=[pair["file_id"], pair["id"]])}
        if len(rows) < 2:
            continue
        file, kept = rows[pair["file_id"]], rows[pair["id"]]
        months |= {f"{row['month']:%Y-%m}" for row in rows.values()}
        queries().move_statements(connection, from_id=file["id"], to_id=kept["id"])
        queries().remove_activity(connection, id=file["id"])
        statements = list(queries().statements_of(connection, activity_ids=[kept["id"]]))
        set_archive(connection, kept, merge(statements), first_month, import_id=statements[-1]["import_id"])
        words = {file["owner_visibility"], kept["owner_visibility"]} - {None}
        word = "hidden" if "hidden" in words else next(iter(words), None)
        queries().put_back_word(connection, id=kept["id"], owner_visibility=word)
        months.add(f"{kept['month']:%Y-%m}")
    return len(pairs), months


def unite_all(database: Database, first_month: str) -> int:
    """`unite` what a listing or an event brought; the months are asked for at once. Returns how many there were."""
    with database.transaction() as connection:
        united, months = unite(connection, first_month)
        for month in sorted(months):
            queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason="one ride, two sources")
    return united
