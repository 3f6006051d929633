"""What several imports said of one activity, and what the activity holds of it.

What belongs here: the one rule by which statements become the archive's part of an activity, and writing it, for
landing and for taking back alike. What does not: files, what the API says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from strava_assets.archive.sport_types import by_recording
from strava_assets.database.connection import queries

#: A row of an export's table; anything else is a recording by itself.
EXPORT = "export"


@dataclass(frozen=True)
class Merged:
    """The archive's part of an activity.

    Attributes
    ----------
    archive : dict
        As ``activities.activity_row`` reads it.
    file, content : str or None
        Where its original is in the private store, and the SHA-256 of the recording itself.
    error : str or None
        Why its recording cannot be read, where no import has another.
    visibility : {'everyone', 'hidden'} or None
        The owner's newest word.
    """

    archive: dict[str, Any]
    file: str | None
    content: str | None
    error: str | None
    visibility: str | None

    @property
    def start(self) -> datetime:
        """Aware UTC."""
        return datetime.fromisoformat(self.archive["start"])

    @property
    def has_track(self) -> bool:
        """Whether its recording has any position."""
        return bool(self.archive.get("recording") and self.archive["recording"]["track"])


def file_statement(content: str) -> str:
    """Who says what a recording by itself says: ``file:`` and the SHA-256 of what it holds. Its identity, too."""
    return f"file:{content}"


def merge(statements: Sequence[Mapping[str, Any]]) -> Merged:
    """What an activity holds of everything that is said of it.

    An export's table knows more than a file, and a newer import more than an older one. An original that an older
    export held, and a newer one does not, stays.

    Parameters
    ----------
    statements : sequence of mapping
        Rows of the query ``statements_of``; at least one.
    """
    ranked = sorted(statements, key=lambda said: (said["said_by"] == EXPORT, said["import_id"]))
    best = ranked[-1]
    recorded = [said for said in ranked if said["archive_file"]]
    archive, file = dict(best["archive"]), recorded[-1] if recorded else None
    if file is not None and file is not best:
        archive["recording"] = file["archive"].get("recording")
        archive["device_name"] = file["archive"].get("device_name")
    if archive.get("recording"):
        archive["sport_type"] = by_recording(archive["sport_type"], archive["recording"]["sport_type"])
    words = sorted((said["released_at"], said["visibility"]) for said in statements if said["visibility"])
    return Merged(
        archive,
        file["archive_file"] if file else None,
        file["archive_content"] if file else None,
        None if file else best["error"],
        words[-1][1] if words else None,
    )


def set_archive(
    connection: Any,
    row: dict[str, Any],
    merged: Merged,
    first_month: str,
    *,
    import_id: int | None,
    strava_id: int | None = None,
    visibility: str | None = None,
) -> bool:
    """Write what an activity holds of the archive; whether that is anything new.

    Parameters
    ----------
    connection : psycopg connection
        In a transaction.
    row : dict
        Of a query that locks it, such as ``lock_archived_activities``; brought up to date.
    merged : Merged
    first_month : str
    import_id : int or None
        Who changes it.
    strava_id : int, optional
        If it turned out to be an activity of Strava's.
    visibility : {'everyone', 'hidden'}, optional
        The owner's word, if a new one is given.
    """
    start, (month, _) = merged.start, month_kept(merged.start, first_month)
    archive, error = merged.archive, merged.error
    if row["from_api"]:  # Strava itself says when it was, and has the samples where the file is broken
        start, month = row["start_time"], row["month"]
        archive = archive | {"warnings": [*archive["warnings"], *([f"its file: {error}"] if error else [])]}
        error = None
    readable = merged.file or not row["from_api"]
    now = {
        "archive_file": merged.file,
        "start_time": start,
        "month": month,
        "state": "landed" if readable and row["state"] != "gone" else row["state"],
    }
    changed = queries().set_archived_activity(
        connection,
        id=row["id"],
        strava_id=strava_id,
        archive=Jsonb(archive),
        archive_content=merged.content,
        owner_visibility=visibility,
        error=error,
        import_id=import_id,
        **now,
    )
    if changed is None and merged.content and not row["archive_content"]:
        queries().set_archive_content(connection, id=row["id"], content=merged.content)
    row |= now | {"archive_content": merged.content, "strava_id": row["strava_id"] or strava_id}
    return changed is not None


def month_kept(start: datetime, first_month: str) -> tuple[date, list[str]]:
    """The partition: the UTC month, within those that there are; and a word on a clock that is out of them."""
    first = date.fromisoformat(f"{first_month}-01")
    month = start.astimezone(UTC).date().replace(day=1)
    kept = min(max(month, first), datetime.now(UTC).date().replace(day=1))
    return kept, [] if kept == month else [f"it starts in {month:%Y-%m}: kept with {kept:%Y-%m}"]
