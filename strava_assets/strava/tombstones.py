"""What is left to remove of an activity that is gone, or expired: its streams' file in the private store.

What belongs here: deleting files whose row says already that the activity is gone. What does not: finding that
out (``listing``, ``draining``, ``landing``, ``expiry``), recordings that an owner imported (they stay), public files.
"""

from __future__ import annotations

from strava_assets.database.connection import Database, queries
from strava_assets.stores import Store


def remove_streams(database: Database, store: Store) -> int:
    """Delete the streams of every activity that is gone, or of which the API's part was too old.

    The row goes first, then the file, then the row forgets where it was: killed in between, the next call goes
    on. Whoever brings an activity back meanwhile waits for the row, and writes its file after this.

    Parameters
    ----------
    database : Database
    store : Store
        The private one.

    Returns
    -------
    int
        Files.

    Raises
    ------
    StoreUnavailable
        One could not be deleted.
    """
    removed = 0
    while True:
        with database.transaction() as connection:
            rows = list(queries().lock_gone_streams(connection))
            for row in rows:
                store.delete(row["api_streams"])
            queries().forget_streams(connection, ids=[row["id"] for row in rows])
        removed += len(rows)
        if not rows:
            return removed


def forget_if_gone(database: Database, store: Store, activity: int, key: str) -> None:
    """Delete streams that were written while their activity went, or expired.

    Parameters
    ----------
    database : Database
    store : Store
    activity : int
        Our id.
    key : str
        Where they were written.
    """
    with database.transaction() as connection:
        row = queries().lock_activity(connection, id=activity)
        if row is None or row["state"] == "gone" or row["api_expired_at"] is not None:
            store.delete(key)
