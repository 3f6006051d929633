"""Taking one import back: public files first, then what is private.

What belongs here: which imports there are, the order, and what becomes of each activity. What does not: what an
activity holds of several imports (``archive.statements``), removing a person (``purge``). Killed half-way, the same
call goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from strava_assets.archive.importer import LOCK
from strava_assets.archive.statements import merge, month_kept, set_archive
from strava_assets.database.connection import queries
from strava_assets.errors import SettingsError
from strava_assets.installation import Installation
from strava_assets.requests import request_in
from strava_assets.strava.activities import start_time
from strava_assets.warehouse import upkeep
from strava_assets.withdrawal import withdraw_hidden


@dataclass
class UndoReport:
    """What became of the activities of an import that was taken back."""

    import_id: int
    source: str
    removed: int = 0
    put_back: int = 0
    unchanged: int = 0
    tombstones: int = 0
    hidden: int = 0
    public_files: int = 0
    originals: int = 0

    def __str__(self) -> str:
        """One or two lines."""
        text = (
            f"import {self.import_id} ({self.source}) is taken back: {self.removed:,} activities removed, "
            f"{self.put_back:,} as they were before it, {self.unchanged:,} that others know as well unchanged; "
            f"{self.public_files:,} public files and {self.originals:,} originals deleted"
        )
        if self.hidden:
            text += f"\n{self.hidden:,} stay hidden, as you said last; strava-assets show changes that"
        return text


def find_import(installation: Installation, number: int | None) -> dict[str, Any]:
    """An import by its number, or the newest that counts.

    Raises
    ------
    SettingsError
        There is none.
    """
    with installation.database.transaction() as connection:
        wanted = queries().newest_import(connection) if number is None else number
        found = queries().import_by_id(connection, id=wanted) if wanted is not None else None
    if found is None:
        what = "nothing was imported" if number is None else f"there is no import {number}"
        raise SettingsError(f"{what}; see: strava-assets import --list")
    return dict(found)


def undo_import(
    installation: Installation, number: int | None = None, waiting: Callable[[], None] | None = None
) -> UndoReport:
    """Take back what one import said.

    What nobody else knows is removed; what another import or the API knows is as if this one had never been. What
    was said to be hidden stays so: nothing becomes public by this.

    Parameters
    ----------
    installation : Installation
    number : int, optional
        The newest if left out.
    waiting : callable, optional
        Called if an import of the same athlete has to end first.

    Raises
    ------
    SettingsError
        There is no such import, or it is taken back already.
    StoreUnavailable, DatabaseUnavailable
        Something could not be removed; the same call goes on.
    """
    found = find_import(installation, number)
    report = UndoReport(found["id"], found["source"])
    with installation.database.alone(LOCK, found["athlete_id"], waiting) as connection:
        with connection.transaction():
            rows = list(queries().lock_activities_of_import(connection, import_id=report.import_id))
            if found["undone_at"] is not None and not rows:
                raise SettingsError(f"import {report.import_id} was taken back before")
            going = [row["id"] for row in rows if _without(connection, installation, row, report)]
            queries().undo_import(connection, id=report.import_id)
            # with what changed: after a kill nothing else would tell that they are to be made anew
            request_in(connection, {f"{row['month']:%Y-%m}" for row in rows}, "import taken back")
        report.public_files = withdraw_hidden(installation).activities
        in_use = queries().originals_in_use(connection, import_id=report.import_id, going=going)
        report.originals = _drop_originals(installation, found["athlete_id"], {row["archive_file"] for row in in_use})
        with connection.transaction():  # what tells of the import goes last: until then it can be gone on with
            rows = list(queries().lock_activities_of_import(connection, import_id=report.import_id))
            # Strava may have told of one of them meanwhile
            rows = [row for row in rows if row["id"] in going and _without(connection, installation, row, report)]
            queries().remove_activities(connection, ids=[row["id"] for row in rows])
            report.removed = len(rows)
            queries().forget_statements(connection, import_id=report.import_id)
            queries().forget_rejected_files(connection, import_id=report.import_id)
    upkeep.take_out_what_is_gone(installation)
    return report


def _without(connection: Any, installation: Installation, row: dict[str, Any], report: UndoReport) -> bool:
    """Make an activity what it is without this import; whether nothing is left of it, and it is to be removed."""
    before, settings = row["month"], installation.settings
    others = [
        said
        for said in queries().statements_of(connection, activity_ids=[row["id"]])
        if said["import_id"] != report.import_id
    ]
    hidden = row["owner_visibility"] == "hidden"
    if others:
        merged = merge(others)
        changed = set_archive(connection, row, merged, settings.first_month, import_id=others[-1]["import_id"])
        word = "hidden" if hidden else merged.visibility
        report.hidden += hidden and merged.visibility == "everyone"
        changed |= bool(queries().put_back_word(connection, id=row["id"], owner_visibility=word))
        report.put_back += changed
        report.unchanged += not changed
        if row["month"] != before:
            request_in(connection, {f"{before:%Y-%m}"}, "import taken back")
        return False
    if not row["from_api"] and row["state"] != "gone" and row["api_expired_at"] is None:
        queries().bar_activity(connection, id=row["id"])
        return True
    start = (start_time(row["api"]) if row["api"] else None) or row["start_time"]
    row["month"], _ = month_kept(start, settings.first_month)
    whole = row["api_detailed"] and row["api_streams_state"] in ("stored", "absent")
    state = "gone" if row["state"] == "gone" else "expired" if not row["from_api"] else "landed" if whole else "listed"
    queries().without_archive(
        connection,
        id=row["id"],
        start_time=start,
        month=row["month"],
        state=state,
        owner_visibility="hidden" if hidden else None,
    )
    report.tombstones += state == "gone"
    report.put_back += state != "gone"
    request_in(connection, {f"{before:%Y-%m}"}, "import taken back")
    return False


def _drop_originals(installation: Installation, athlete: int, in_use: set[str]) -> int:
    """Delete an athlete's originals that nothing names; an import that was killed may have left some, too."""
    unused = [key for key in installation.store.keys(f"landing/archive/{athlete}") if key not in in_use]
    for key in unused:
        installation.store.delete(key)
    return len(unused)


def imports(installation: Installation) -> list[dict[str, Any]]:
    """Every import, the oldest first: rows of the query ``imports`` with a word on their ``state``."""
    with installation.database.transaction() as connection:
        rows = [dict(row) for row in queries().imports(connection)]
    for row in rows:
        if row["undone_at"] is not None:
            row["state"] = "taken back"
        elif row["finished_at"] is None:
            hours = (datetime.now(UTC) - row["started_at"]).total_seconds() / 3600
            row["state"] = "under way, or stopped" if hours < 24 else "stopped: repeat it"
        else:
            row["state"] = "stopped; gone on with later" if row["counts"].get("interrupted") else "done"
    return rows
