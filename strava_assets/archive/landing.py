"""Writing what an import says into the table, some activities a commit.

What belongs here: transactions, and counting what came of each activity. What does not: what is said (``entries``), of
which activity (``matching``), what it holds of several imports (``statements``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from strava_assets.archive.entries import Entry, Said, say
from strava_assets.archive.files import Files
from strava_assets.archive.import_report import ImportReport
from strava_assets.archive.matching import Known, others
from strava_assets.archive.originals import READER, Original
from strava_assets.archive.statements import EXPORT, Merged, merge, month_kept, set_archive
from strava_assets.archive.text import one_line
from strava_assets.database.connection import queries
from strava_assets.errors import ArchiveError, DatabaseUnavailable
from strava_assets.settings import Settings

#: What a recording's name may have told, of what is kept of it.
_BY_NAME = ("filename", "name", "sport_type", "recording")
#: Why a row by itself is no activity.
_UNDATED = "its date cannot be read, and it has no recording"


@dataclass(frozen=True)
class Landing:
    """What every step of one import needs."""

    files: Files
    connection: Any
    settings: Settings
    import_id: int
    owner_visibility: str | None
    report: ImportReport
    originals: dict[str, str | None] = field(default_factory=dict)


def land(landing: Landing, batch: list[tuple[Entry, Original | None]]) -> None:
    """Write the rows of a batch, in one transaction, and count what came of each. Their originals are stored.

    Raises
    ------
    ArchiveError
        The athlete has gone meanwhile, or an activity is somebody else's.
    DatabaseUnavailable
        Strava told of one of them at the same instant; repeated, it goes on.
    """
    connection, report = landing.connection, landing.report
    with connection.transaction():
        if queries().athlete_of_import(connection, id=report.athlete_id) is None:
            raise ArchiveError(f"{report.athlete_name} was removed while these files were imported")
        facts = _facts(connection, batch)
        said = [told for entry, original in batch if (told := _listen(landing, entry, original, facts)) is not None]
        known = Known(connection, report.athlete_id, said)
        for told in said:
            _put(landing, known, told)


def _facts(connection: Any, batch: list[tuple[Entry, Original | None]]) -> dict[str, Mapping[str, Any]]:
    """What recordings tell that were not read again, as it is known; by content."""
    wanted = [found.content for _, found in batch if found and found.key and found.facts is None]
    rows = queries().facts_of_recordings(connection, contents=wanted, reader=READER) if wanted else ()
    return {row["archive_content"]: row["facts"] for row in rows}


def _listen(
    landing: Landing, entry: Entry, original: Original | None, known: Mapping[str, Mapping[str, Any]]
) -> Said | None:
    """What an entry says; what is wrong or odd about it is kept in the report."""
    report = landing.report
    facts = (original.facts or known.get(original.content)) if original else None
    if original:
        report.bytes += original.bytes
        if original.problem is not None:
            report.rejected.append((one_line(entry.name) or "?", original.problem))
    told = say(entry, original, facts, landing.settings.first_month)
    if entry.row is None and original is not None:
        (_accept if told else _reject)(landing, entry, original)
    elif entry.row is not None and told is None:
        report.rejected.append((f"activity {entry.row.strava_id}", _UNDATED))
    if told and told.archive["warnings"]:
        report.odd.append((told.archive["filename"] or "a row without a file", "; ".join(told.archive["warnings"])))
    return told


def _put(landing: Landing, known: Known, told: Said) -> None:
    """What is said, and what the activity holds of all that is said of it now."""
    connection, report = landing.connection, landing.report
    row = known.activity(told)
    if row is not None and row["athlete_id"] != report.athlete_id:
        raise ArchiveError(
            f"the activity {told.strava_id} is another athlete's already; these files are not "
            f"{report.athlete_name}'s. Import them with --athlete and the right name"
        )
    before = known.statements(row["id"]) if row else []
    said = _statement(landing, told, before)
    merged = merge([*others(before, said), said])
    report.no_track += not merged.has_track
    if row is None:
        row = _add(landing, told, merged)
        report.imported += 1
        report.months.add(f"{row['month']:%Y-%m}")
    else:
        month = row["month"]
        changed = set_archive(
            connection,
            row,
            merged,
            landing.settings.first_month,
            import_id=landing.import_id,
            strava_id=told.strava_id,
            visibility=landing.owner_visibility,
        )
        report.updated += changed
        report.already_there += not changed
        if changed:
            report.months |= {f"{moved:%Y-%m}" for moved in (month, row["month"])}
    queries().put_statement(
        connection,
        activity_id=row["id"],
        **{**said, "archive": Jsonb(said["archive"]), "visibility": landing.owner_visibility},
    )
    known.remember(row, said)


def _statement(landing: Landing, told: Said, before: list[Mapping[str, Any]]) -> dict[str, Any]:
    original, archive = told.original, told.archive
    first = next((said["archive"] for said in before if said["said_by"] == told.said_by != EXPORT), None)
    if first is not None:
        # the same recording under two names is one: it keeps what the first tells, until it is read differently
        same = (first.get("recording") or {}).get("reader") == archive["recording"]["reader"]
        archive = archive | {word: first[word] for word in (_BY_NAME if same else ("filename",))}
    return {
        "import_id": landing.import_id,
        "said_by": told.said_by,
        "archive": archive,
        # and where it is packed in two ways, one original
        "archive_file": landing.originals.setdefault(original.content, original.key) if original else None,
        "archive_content": original.content if original else None,
        "error": told.error,
        "visibility": None,
        "released_at": None,
    }


def _add(landing: Landing, told: Said, merged: Merged) -> dict[str, Any]:
    """A new activity."""
    month, _ = month_kept(merged.start, landing.settings.first_month)
    values = {
        "identity": told.identity,
        "strava_id": told.strava_id,
        "athlete_id": landing.report.athlete_id,
        "archive_file": merged.file,
        "archive_content": merged.content,
        "start_time": merged.start,
        "month": month,
    }
    added = queries().add_archived_activity(
        landing.connection,
        archive=Jsonb(merged.archive),
        import_id=landing.import_id,
        owner_visibility=landing.owner_visibility,
        error=merged.error,
        **values,
    )
    if added is None:  # a listing, or an event, was faster by an instant
        raise DatabaseUnavailable(f"the activity {told.strava_id} has just come from Strava; import again")
    return {**values, "id": added, "from_api": False, "state": "landed"}


def _reject(landing: Landing, entry: Entry, original: Original) -> None:
    queries().reject_file(
        landing.connection,
        athlete_id=landing.report.athlete_id,
        path=one_line(entry.name),
        reason=original.problem,
        sha256=original.sha256,
        import_id=landing.import_id,
    )


def _accept(landing: Landing, entry: Entry, original: Original) -> None:
    queries().accept_file(
        landing.connection,
        athlete_id=landing.report.athlete_id,
        sha256=original.sha256,
        path=one_line(entry.name),
        source=one_line(landing.files.label),
    )
