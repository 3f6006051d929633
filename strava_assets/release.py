"""The owner's word on who may see what was imported; what is hidden is withdrawn at once.

What belongs here: finding what is meant, and saying it. What does not: what the word counts for
(``privacy.visibility``), and what Strava says itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from strava_assets.database.connection import queries
from strava_assets.errors import SettingsError
from strava_assets.installation import Installation
from strava_assets.requests import request_in
from strava_assets.undo import find_import
from strava_assets.withdrawal import withdraw_hidden

_PUBLIC_ID = re.compile(r"[0-9a-f]{16}")


@dataclass
class ReleaseReport:
    """What the owner's word changed.

    Attributes
    ----------
    changed, unchanged : int
    by_strava : int
        Activities where Strava says who may see them, so that the word does not count.
    public_files : int
        Withdrawn at once.
    months : set of str
        Asked for.
    """

    changed: int = 0
    unchanged: int = 0
    by_strava: int = 0
    public_files: int = 0
    months: set[str] = field(default_factory=set)


def release(installation: Installation, word: str, activities: Sequence[str], import_id: int | None) -> ReleaseReport:
    """The owner's word on who may see some activities, or all of one import. What is hidden is withdrawn at once.

    Parameters
    ----------
    installation : Installation
    word : {'everyone', 'hidden'}
    activities : sequence of str
        Public ids, as in the map's addresses, or Strava's numbers.
    import_id : int or None
        All activities that this import told of.

    Raises
    ------
    SettingsError
        Something of this is not there.
    StoreUnavailable
        A public file could not be withdrawn; the next call, or run, goes on.
    """
    ids = _ids(installation, activities) if import_id is None else []
    report = ReleaseReport()
    if import_id is not None:
        find_import(installation, import_id)
    with installation.database.transaction() as connection:
        if import_id is not None:
            ids = [row["id"] for row in queries().activities_of_import(connection, import_id=import_id)]
        queries().put_owners_word(connection, ids=ids, import_id=import_id, word=word)
        for row in queries().release_activities(connection, ids=ids, word=word):
            report.changed += row["changed"]
            report.unchanged += not row["changed"]
            report.by_strava += row["visibility"] != "unknown"
            if row["changed"]:
                report.months.add(row["month"])
        request_in(connection, report.months, "released" if word == "everyone" else "hidden")
    report.public_files = withdraw_hidden(installation).activities
    return report


def _ids(installation: Installation, given: Sequence[str]) -> list[int]:
    """Our ids of activities by public id or Strava's number."""
    with installation.database.transaction() as connection:
        rows = list(queries().identities(connection))
        numbers = [int(text) for text in given if text.isdecimal() and len(text) < 19]
        by_number = {
            str(row["strava_id"]): row["id"] for row in queries().activities_by_number(connection, strava_ids=numbers)
        }
    wanted_public = any(_PUBLIC_ID.fullmatch(text) for text in given)
    public = {ids[1]: ours for ours, ids in installation.public_ids(rows).items()} if wanted_public else {}
    found = {text: public.get(text) or by_number.get(text) for text in given}
    if missing := [text for text, ours in found.items() if ours is None]:
        raise SettingsError(
            f"no activity {missing[0]!r} is here; say the 16 characters of its page on the map, or Strava's number"
        )
    return sorted({ours for ours in found.values() if ours is not None})
