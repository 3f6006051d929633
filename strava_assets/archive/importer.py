"""An import from its beginning to its end: what there is, whose it is, each batch, the months that changed.

What belongs here: one pass over an export or a folder, safe to stop and to repeat. What does not: reading files
(``originals``), writing rows (``landing``), taking one back (``strava_assets.undo``).

Each activity is its original first, then one commit. So whatever is in the table can be read, and a
repeated import finds what is there by content. Imports of one athlete take turns.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from strava_assets.archive.entries import Entry, find_entries
from strava_assets.archive.export import Export, left_over
from strava_assets.archive.files import open_files
from strava_assets.archive.import_report import ImportReport
from strava_assets.archive.landing import Landing, land
from strava_assets.archive.originals import READER, Original, Source, land_originals
from strava_assets.archive.owners import find_owner
from strava_assets.archive.quarantine import write_report
from strava_assets.archive.text import one_line
from strava_assets.archive.uniting import unite_all
from strava_assets.database.connection import Database, queries
from strava_assets.publish.ids import public_id
from strava_assets.settings import Settings
from strava_assets.stores import Store

__all__ = ["LOCK", "ImportReport", "import_path"]

#: Half of an advisory lock; the other is our athlete's id.
LOCK = 0x494D_504F
#: Activities in a commit.
_BATCH = 32
#: Activities that are named where several are meant.
_NAMED = 10


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
        export, entries = find_entries(files, path)
        owner = find_owner(database, athlete, export)
        report = ImportReport(owner.id, owner.name)
        with database.alone(LOCK, owner.id, waiting) as connection:
            report.import_id = _begin(connection, owner.id, one_line(files.label) or "")
            landing = Landing(files, connection, settings, report.import_id, visibility, report)
            source = _source(connection, path, store, owner.id)
            with closing(land_originals((entry.name for entry in entries), files, source, len(entries))) as originals:
                for batch in _batches(_told(zip(entries, originals, strict=True), len(entries), progress)):
                    land(landing, batch)
            if export:
                report.warnings += export.warnings + left_over(files, export) + _gone(landing) + _places(export, path)
            report.seconds = time.monotonic() - began
            _finish(landing)
        report.united = unite_all(database, settings.first_month)
        report.warnings += _alike(database, report, settings.key())
    if report.rejected:
        report.quarantine = write_report(settings.home_path / "reports", report.import_id, report.rejected)
    return report


def _places(export: Export, path: Path) -> list[str]:
    """A word on the places that the owner hides on Strava."""
    if not export.privacy_zones:
        return []
    return [f"The export holds the places that you hide on Strava; hide them here: strava-assets zones add {path}"]


def _gone(landing: Landing) -> list[str]:
    """A word on activities that earlier exports held: an export does not say what was deleted."""
    rows = queries().not_in_this_export(
        landing.connection, athlete_id=landing.report.athlete_id, import_id=landing.import_id
    )
    ids = [str(row["strava_id"]) for row in rows]
    if not ids:
        return []
    named = " ".join(ids[:_NAMED]) + (" …" if len(ids) > _NAMED else "")
    return [
        f"Earlier exports hold activities that this one does not: {len(ids):,}. They stay; if you deleted them on "
        f"Strava, hide them here: strava-assets hide {named}"
    ]


def _alike(database: Database, report: ImportReport, key: bytes) -> list[str]:
    """A word on files that may be one ride in several forms. Two devices begin and end a ride seconds apart."""
    with database.transaction() as connection:
        rows = list(queries().look_alike(connection, athlete_id=report.athlete_id, import_id=report.import_id))
    found = {public_id(key, "activity", row["identity"]): f"{row['filename']} (as {row['other']})" for row in rows}
    if not found:
        return []
    first, more = [*found][:_NAMED], " …" if len(found) > _NAMED else ""
    return [
        f"Files that begin and end with another one: {len(found):,}, {', '.join(found[name] for name in first)}{more}. "
        f"Each counts; if they are the same ride, hide one: strava-assets hide {' '.join(first)}{more}"
    ]


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
    found: Iterable[tuple[Entry, Original | None]], count: int, progress: Callable[[int, int, str, int], None] | None
) -> Iterator[tuple[Entry, Original | None]]:
    read = 0
    for done, (entry, original) in enumerate(found):
        if progress:
            progress(done, count, entry.label, read)
        read += original.bytes if original else 0
        yield entry, original
    if progress:
        progress(count, count, "", read)


def _batches(
    found: Iterator[tuple[Entry, Original | None]],
) -> Iterator[list[tuple[Entry, Original | None]]]:
    for first in found:
        yield list(chain([first], islice(found, _BATCH - 1)))


def _finish(landing: Landing) -> None:
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
