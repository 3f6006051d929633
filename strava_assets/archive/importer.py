"""Landing files: originals into the private store, one row an activity into ``strava.activity``.

What belongs here: one pass over an export or a folder, safe to stop and to repeat. What does not: reading files
(``originals``), what an activity holds of several imports (``statements``), taking one back (``strava_assets.undo``).

Each activity is its original first, then one commit. So whatever is in the table can be read, and a
repeated import finds what is there by content. Imports of one athlete take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from strava_assets.archive import dates
from strava_assets.archive.export import FIGURES, Export, Row, existing_file, find_table, left_over, read_export
from strava_assets.archive.files import Files, open_files, recordings
from strava_assets.archive.originals import READER, Original, Source, land_originals
from strava_assets.archive.owners import find_owner
from strava_assets.archive.quarantine import write_report
from strava_assets.archive.statements import EXPORT, Merged, file_statement, merge, month_kept, set_archive
from strava_assets.archive.text import one_line
from strava_assets.archive.uniting import unite_all
from strava_assets.database.connection import Database, queries
from strava_assets.errors import ArchiveError, DatabaseUnavailable
from strava_assets.settings import Settings
from strava_assets.stores import Store

#: Half of an advisory lock; the other is our athlete's id.
LOCK = 0x494D_504F
#: Activities in a commit.
_BATCH = 32
#: What Strava writes where it could not find the file itself.
_LOST = "#error#"


@dataclass
class ImportReport:
    """What an import did.

    Attributes
    ----------
    import_id : int
    imported, updated, already_there : int
        Activities that are new, changed, or as they were (files that occur twice included).
    no_track : int
        Of all of them, those without any position.
    united : int
        Files that turned out to be activities that were known from elsewhere.
    rejected : list of (str, str)
        Files that could not be read, with the reason in one line.
    odd : list of (str, str)
        Files that were read, with what was odd in one line.
    months : set of str
        ``YYYY-MM`` of everything that changed, a stopped import before this one included; they are asked for.
    bytes : int
        Read from originals.
    seconds : float
    warnings : list of str
        What the owner should know, one line each.
    quarantine : Path or None
        A table of what was rejected, with what to do.
    """

    athlete_id: int
    athlete_name: str
    import_id: int = 0
    imported: int = 0
    updated: int = 0
    already_there: int = 0
    no_track: int = 0
    united: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    quarantine: Path | None = None


@dataclass(frozen=True)
class _Entry:
    """One activity to come: a row of an export, with its recording if it has one; or a recording by itself."""

    name: str | None
    row: Row | None = None

    @property
    def label(self) -> str:
        return (self.row.filename or f"activity {self.row.strava_id}") if self.row else self.name or "?"


@dataclass(frozen=True)
class _Said:
    """What one import says of one activity."""

    identity: str
    strava_id: int | None
    said_by: str
    archive: dict[str, Any]
    original: Original | None
    error: str | None


@dataclass(frozen=True)
class _Landing:
    """What every step of one import needs."""

    files: Files
    connection: Any
    settings: Settings
    import_id: int
    owner_visibility: str | None
    report: ImportReport
    originals: dict[str, str | None] = field(default_factory=dict)


def import_path(
    path: str | Path,
    *,
    athlete: str | None = None,
    visibility: str | None = None,
    database: Database,
    store: Store,
    settings: Settings,
    progress: Callable[[int, int, str, int], None] | None = None,
    waiting: Callable[[], None] | None = None,
) -> ImportReport:
    """Land an export (zip or folder), a folder of recordings, or one recording; and ask for the months that changed.

    Parameters
    ----------
    path : str or Path
    athlete : str, optional
        Name (case aside) or Strava id; else the export's profile, else the only one there is, else "me".
    visibility : {'everyone', 'hidden'}, optional
        The owner's word on who may see them. Without it, what was said before stays, and for what is new
        the setting decides, now and whenever it changes.
    database : Database
    store : Store
        The private one.
    settings : Settings
    progress : callable, optional
        Called with how many are done, how many there are, the name of the next, and the bytes read until then.
    waiting : callable, optional
        Called if another import of the same athlete has to end first.

    Raises
    ------
    ArchiveError
        The whole cannot be imported: there is nothing, it is no export, or it is not clear whose it is.
    DatabaseUnavailable, StoreUnavailable
        In the middle; what was landed stays, and the same import goes on.
    """
    began = time.monotonic()
    path = Path(path).absolute()
    with open_files(path) as files:
        export, names = _contents(files, path)
        owner = find_owner(database, athlete, export)
        report = ImportReport(owner.id, owner.name)
        entries = (
            [_Entry(existing_file(files, row.filename), row) for row in export.rows]
            if export
            else [_Entry(name) for name in names]
        )
        with database.alone(LOCK, owner.id, waiting) as connection:
            report.import_id = _begin(connection, owner.id, one_line(files.label) or "")
            landing = _Landing(files, connection, settings, report.import_id, visibility, report)
            source = _source(connection, path, store, owner.id)
            with closing(land_originals((entry.name for entry in entries), files, source, len(entries))) as originals:
                for batch in _batches(_told(zip(entries, originals, strict=True), len(entries), progress)):
                    _commit(landing, batch)
            if export:
                report.warnings += export.warnings + left_over(files, export) + _places(export, path)
            report.seconds = time.monotonic() - began
            _finish(landing)
        report.united = unite_all(database, settings.first_month)
    if report.rejected:
        report.quarantine = write_report(settings.home_path / "reports", report.import_id, report.rejected)
    return report


def _contents(files: Files, path: Path) -> tuple[Export | None, list[str]]:
    table = find_table(files)
    if table:
        return read_export(files, table), []
    names = recordings(files)
    if not names:
        raise ArchiveError(f"{path} holds neither an activities.csv nor any FIT, GPX or TCX file")
    return None, names


def _places(export: Export, path: Path) -> list[str]:
    """A word on the places that the owner hides on Strava."""
    if not export.privacy_zones:
        return []
    return [f"The export holds the places that you hide on Strava; hide them here: strava-assets zones add {path}"]


def _begin(connection: Any, athlete: int, source: str) -> int:
    stopped = queries().resume_import(connection, athlete_id=athlete, source=source)
    return stopped or queries().begin_import(connection, athlete_id=athlete, source=source)


def _source(connection: Any, path: Path, store: Store, athlete: int) -> Source:
    folder = f"landing/archive/{athlete}/"
    known = {
        row["archive_content"]: (row["archive_file"], row["current"])
        for row in queries().known_recordings(connection, folder=folder, reader=READER)
    }
    return Source(path, store.url, folder, known)


def _told(
    found: Iterable[tuple[_Entry, Original | None]], count: int, progress: Callable[[int, int, str, int], None] | None
) -> Iterator[tuple[_Entry, Original | None]]:
    read = 0
    for done, (entry, original) in enumerate(found):
        if progress:
            progress(done, count, entry.label, read)
        read += original.bytes if original else 0
        yield entry, original
    if progress:
        progress(count, count, "", read)


def _batches(
    found: Iterator[tuple[_Entry, Original | None]],
) -> Iterator[list[tuple[_Entry, Original | None]]]:
    for first in found:
        yield list(chain([first], islice(found, _BATCH - 1)))


def _commit(landing: _Landing, batch: list[tuple[_Entry, Original | None]]) -> None:
    """Write the rows of a batch, in one transaction, and count what came of each. Their originals are stored."""
    connection, report = landing.connection, landing.report
    with connection.transaction():
        if queries().athlete_of_import(connection, id=report.athlete_id) is None:
            raise ArchiveError(f"{report.athlete_name} was removed while these files were imported")
        facts = _facts(connection, batch)
        said = [told for entry, original in batch if (told := _say(landing, entry, original, facts)) is not None]
        known = _Known(connection, report.athlete_id, said)
        for told in said:
            _put(landing, known, told)


def _facts(connection: Any, batch: list[tuple[_Entry, Original | None]]) -> dict[str, Mapping[str, Any]]:
    """What recordings tell that were not read again, as it is known; by content."""
    wanted = [found.content for _, found in batch if found and found.key and found.facts is None]
    rows = queries().facts_of_recordings(connection, contents=wanted, reader=READER) if wanted else ()
    return {row["archive_content"]: row["facts"] for row in rows}


def _say(
    landing: _Landing, entry: _Entry, original: Original | None, known: Mapping[str, Mapping[str, Any]]
) -> _Said | None:
    """What an entry says of its activity; None if it is none."""
    report = landing.report
    facts = (original.facts or known.get(original.content)) if original else None
    if original:
        report.bytes += original.bytes
        if original.problem is not None:
            report.rejected.append((one_line(entry.name) or "?", original.problem))
    if entry.row is not None:
        return _say_row(landing, entry.row, original, facts)
    assert original is not None
    if facts is None:
        _reject(landing, entry, original)
        return None
    _accept(landing, entry, original)
    archive = {
        "name": facts["name"],
        "sport_type": facts["sport_type"],
        "start": facts["start"],
        **{figure: facts["figures"].get(figure) for figure in FIGURES},
        "gear_name": None,
        "gear_sports": None,
        "filename": one_line(entry.name),
    }
    by_itself = file_statement(original.content)
    return _Said(by_itself, None, by_itself, _whole(landing, archive, facts, []), original, None)


def _say_row(landing: _Landing, row: Row, original: Original | None, facts: Mapping[str, Any] | None) -> _Said | None:
    warnings: list[str] = []
    if original is None and row.filename:
        warnings.append(
            "Strava could not export its file"
            if _LOST in row.filename
            else "the file that its row names is not in the export"
        )
    start, odd = dates.agreed(row.dates, datetime.fromisoformat(facts["start"]) if facts and facts["start"] else None)
    if start is None:
        landing.report.rejected.append(
            (f"activity {row.strava_id}", "its date cannot be read, and it has no recording")
        )
        return None
    archive = _whole(landing, row.archive | {"start": start.isoformat()}, facts, [*warnings, *odd])
    return _Said(
        f"strava:{row.strava_id}",
        row.strava_id,
        EXPORT,
        archive,
        original if facts else None,
        original.problem if original else None,
    )


def _whole(
    landing: _Landing, archive: dict[str, Any], facts: Mapping[str, Any] | None, warnings: list[str]
) -> dict[str, Any]:
    """With what its recording says, and everything that is odd."""
    _, odd = month_kept(datetime.fromisoformat(archive["start"]), landing.settings.first_month)
    whole = archive | {
        "device_name": facts["device_name"] if facts else None,
        "recording": facts,
        "warnings": [*(facts["warnings"] if facts else []), *warnings, *odd],
    }
    if whole["warnings"]:
        landing.report.odd.append((archive["filename"] or "a row without a file", "; ".join(whole["warnings"])))
    return whole


class _Known:
    """Activities that a batch may be about, locked; and everything that was said of them."""

    def __init__(self, connection: Any, athlete: int, said: list[_Said]):
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

    def activity(self, told: _Said) -> dict[str, Any] | None:
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
        self._said[row["id"]] = [*_others(self._said.get(row["id"], []), said), said]


def _put(landing: _Landing, known: _Known, told: _Said) -> None:
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
    merged = merge([*_others(before, said), said])
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


def _statement(landing: _Landing, told: _Said, before: list[Mapping[str, Any]]) -> dict[str, Any]:
    original = told.original
    archive = told.archive
    if any(said["said_by"] == told.said_by != EXPORT for said in before):
        # the same recording under two names is one: it keeps the first
        first = next(said for said in before if said["said_by"] == told.said_by)
        archive = archive | {"filename": first["archive"]["filename"]}
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


def _others(before: list[Mapping[str, Any]], said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was said before, less what is said anew."""
    return [other for other in before if (other["import_id"], other["said_by"]) != (said["import_id"], said["said_by"])]


def _add(landing: _Landing, told: _Said, merged: Merged) -> dict[str, Any]:
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


def _reject(landing: _Landing, entry: _Entry, original: Original) -> None:
    queries().reject_file(
        landing.connection,
        athlete_id=landing.report.athlete_id,
        path=one_line(entry.name),
        reason=original.problem,
        sha256=original.sha256,
        import_id=landing.import_id,
    )


def _accept(landing: _Landing, entry: _Entry, original: Original) -> None:
    queries().accept_file(
        landing.connection,
        athlete_id=landing.report.athlete_id,
        sha256=original.sha256,
        path=one_line(entry.name),
        source=one_line(landing.files.label),
    )


def _finish(landing: _Landing) -> None:
    """Ask for the months, and say what was done: at once."""
    report, connection = landing.report, landing.connection
    counts = {
        "imported": report.imported,
        "updated": report.updated,
        "already_there": report.already_there,
        "no_track": report.no_track,
        "rejected": len(report.rejected),
        "bytes": report.bytes,
        "seconds": round(report.seconds, 1),
    }
    with connection.transaction():
        report.months |= {
            row["month"] for row in queries().months_of_unfinished_imports(connection, athlete_id=report.athlete_id)
        }
        for month in sorted(report.months):
            queries().request_month(connection, month=date.fromisoformat(f"{month}-01"), reason="import")
        queries().finish_import(connection, id=landing.import_id, athlete_id=report.athlete_id, counts=Jsonb(counts))
