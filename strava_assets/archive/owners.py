"""Whose files these are.

What belongs here: finding or making the athlete of an import. What does not: reading the export.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from strava_assets.archive.export import Export
from strava_assets.archive.text import one_line
from strava_assets.database.connection import Database, queries
from strava_assets.errors import ArchiveError

#: What the owner is called when nobody says and nobody else is there.
DEFAULT_NAME = "me"


@dataclass(frozen=True)
class Owner:
    """An athlete: our id, and the name."""

    id: int
    name: str


def find_owner(database: Database, wanted: str | None, export: Export | None) -> Owner:
    """The athlete of an import, made if new.

    Parameters
    ----------
    wanted : str, optional
        A name (case aside) or a Strava id, as the owner gave it.
    export : Export, optional
        Its profile decides where ``wanted`` is not given.

    Raises
    ------
    ArchiveError
        It cannot be told whose the files are, or the export is somebody else's.
    """
    strava_id = export.athlete_id if export else None
    named = export.athlete_name if export else None
    with database.transaction() as connection:
        known = list(queries().athletes_for_import(connection))
        by_id = next((row for row in known if strava_id and row["strava_id"] == strava_id), None)
        wanted = one_line(wanted, 100)
        if wanted:
            chosen = _matching(known, wanted)
            if by_id and chosen is not by_id:
                raise ArchiveError(
                    f"this export is {by_id['name']}'s (Strava id {strava_id}), not {wanted}'s; leave out --athlete"
                )
            if chosen and strava_id and chosen["strava_id"] not in (None, strava_id):
                raise ArchiveError(
                    f"this export is of the Strava athlete {strava_id}, but {chosen['name']} is "
                    f"{chosen['strava_id']}; leave out --athlete"
                )
        elif strava_id or named:
            # a name alone is no proof where the other's number is known and differs
            same = _matching([row for row in known if row["strava_id"] in (None, strava_id) or not strava_id], named)
            chosen, wanted = by_id or same, named or f"athlete {strava_id}"
        elif len(known) > 1:
            names = ", ".join(row["name"] for row in known[:5])
            raise ArchiveError(f"several athletes are known ({names}); say whose files these are with --athlete NAME")
        else:
            chosen, wanted = (known[0] if known else None), DEFAULT_NAME
        if chosen is None:
            chosen = _new(connection, strava_id, wanted)
        elif strava_id and chosen["strava_id"] is None:
            queries().learn_strava_id(connection, id=chosen["id"], strava_id=strava_id)
        return Owner(chosen["id"], chosen["name"])


def _matching(known: list[dict[str, Any]], name: str | None) -> dict[str, Any] | None:
    if not name:
        return None
    return next((row for row in known if row["name"] == name), None) or next(
        (row for row in known if row["name"].lower() == name.lower() or str(row["strava_id"]) == name), None
    )


def _new(connection: Any, strava_id: int | None, name: str) -> dict[str, Any]:
    """A new athlete; where two people have one name, the second carries the number."""
    for candidate in (name, f"{name} ({strava_id})"):
        added = queries().add_imported_athlete(connection, strava_id=strava_id, name=candidate)
        if added:
            return added
    raise ArchiveError(f"the athlete {name!r} is being added by another import; repeat this one when it is done")
