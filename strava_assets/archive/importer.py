"""Landing files: originals into the private store, one row an activity into ``strava.activity``.

What belongs here: one pass over an export or a folder, safe to kill and to repeat. What does not: what
the files mean (``export``, ``recordings``), and asking for the months that changed.

Each activity is its original first, then one commit. So whatever is in the table can be read, and a
repeated import finds what is there by content.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from psycopg.types.json import Jsonb

from strava_assets.archive.export import FIGURES, Export, Row, existing_file, find_table, left_over, read_export
from strava_assets.archive.files import Files, open_files, recordings
from strava_assets.archive.owners import find_owner
from strava_assets.archive.recordings import SUFFIXES, Recording, extension, read_recording
from strava_assets.archive.text import one_line
from strava_assets.archive.unpack import content
from strava_assets.database.connection import Database, queries
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.settings import Settings
from strava_assets.stores import Store

#: Counts up whenever the same bytes are read differently, so that a repeated import reads them again.
READER = 2
#: What Strava writes where it could not find the file itself.
_LOST = "#error#"


@dataclass
class ImportReport:
    """What an import did.

    Attributes
    ----------
    imported, updated, already_there : int
        Activities that are new, changed, or as they were (files that occur twice included).
    no_track : int
        Of all of them, those without any position.
    rejected : list of (str, str)
        Files that could not be read, with the reason in one line.
    odd : list of (str, str)
        Files that were read, with what was odd in one line.
    months : set of str
        ``YYYY-MM`` of everything that changed, a killed import before this one included.
    bytes : int
        Read from originals.
    seconds : float
    warnings : list of str
        What the owner should know, one line each.
    """

    athlete_id: int
    athlete_name: str
    imported: int = 0
    updated: int = 0
    already_there: int = 0
    no_track: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Landing:
    """What every step of one import needs."""

    files: Files
    database: Database
    store: Store
    settings: Settings
    import_id: int
    owner_visibility: str | None
    report: ImportReport


def import_path(
    path: str | Path,
    *,
    athlete: str | None = None,
    visibility: str | None = None,
    database: Database,
    store: Store,
    settings: Settings,
    progress: Callable[[int, int, str], None] | None = None,
) -> ImportReport:
    """Land an export (zip or folder), a folder of recordings, or one recording.

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
        Called with how many are done, how many there are, and the name of the one that begins.

    Raises
    ------
    ArchiveError
        The whole cannot be imported: there is nothing, it is no export, or it is not clear whose it is.
    """
    began = time.monotonic()
    with open_files(Path(path)) as files:
        export, names = _contents(files, Path(path))
        owner = find_owner(database, athlete, export)
        with database.transaction() as connection:
            import_id = queries().begin_import(connection, athlete_id=owner.id, source=one_line(files.label) or "")
        report = ImportReport(owner.id, owner.name)
        landing = _Landing(files, database, store, settings, import_id, visibility, report)
        entries: list[tuple[str, Any]] = (
            [(row.filename or f"activity {row.strava_id}", row) for row in export.rows]
            if export
            else [(name, name) for name in names]
        )
        for done, (name, entry) in enumerate(entries):
            if progress:
                progress(done, len(entries), name)
            if isinstance(entry, Row):
                _land_row(landing, entry)
            else:
                _land_file(landing, entry)
        if progress:
            progress(len(entries), len(entries), "")
        if export:
            report.warnings += export.warnings + left_over(files, export)
    report.seconds = time.monotonic() - began
    _finish(landing)
    return report


def _contents(files: Files, path: Path) -> tuple[Export | None, list[str]]:
    table = find_table(files)
    if table:
        return read_export(files, table), []
    names = recordings(files)
    if not names:
        raise ArchiveError(f"{path} holds neither an activities.csv nor any FIT, GPX or TCX file")
    return None, names


def _land_file(landing: _Landing, name: str) -> None:
    """One recording that no table describes; identified by what it holds, not by its name or packing."""
    report = landing.report
    data = b""
    try:
        data = landing.files.read(name)
        report.bytes += len(data)
        inside = content(data)
        identity = f"file:{hashlib.sha256(inside).hexdigest()}"
        known = _known(landing, identity, None)
        facts = _facts_known(known) or _facts(read_recording(inside, name))
    except UnreadableRecording as error:
        _reject(landing, name, data, str(error))
        return
    archive = {
        "name": facts["name"],
        "sport_type": facts["sport_type"],
        "start": facts["start"],
        **{figure: facts["figures"].get(figure) for figure in FIGURES},
        "gear_name": None,
        "gear_sports": None,
        # the same recording under two names is one: it keeps the first
        "filename": known["archive"]["filename"] if known and known["archive"] else one_line(name),
    }
    key = known["archive_file"] if known and known["archive_file"] else _key(landing, name, data)
    _put(landing, key, data)
    _commit(landing, identity, None, datetime.fromisoformat(facts["start"]), archive, facts, key, None)
    with landing.database.transaction() as connection:
        queries().accept_file(
            connection,
            athlete_id=report.athlete_id,
            sha256=hashlib.sha256(data).hexdigest(),
            path=one_line(name),
            source=one_line(landing.files.label),
        )


def _land_row(landing: _Landing, row: Row) -> None:
    """One row of an export, with its recording if it has a readable one."""
    report = landing.report
    identity = f"strava:{row.strava_id}"
    facts, key, error = None, None, None
    warnings: list[str] = []
    name = existing_file(landing.files, row.filename)
    if name:
        try:
            data = landing.files.read(name)
            report.bytes += len(data)
            key = _key(landing, name, data)
            known = _known(landing, identity, row.strava_id)
            same = known and known["archive_file"] == key
            facts = (_facts_known(known) if same else None) or _facts(read_recording(data, name))
            _put(landing, key, data)
        except UnreadableRecording as problem:
            facts, key, error = None, None, str(problem)
            report.rejected.append((one_line(name) or "?", error))
    elif row.filename:
        warnings.append(
            "Strava could not export its file"
            if _LOST in row.filename
            else "the file that its row names is not in the export"
        )
    start = row.start or (datetime.fromisoformat(facts["start"]) if facts else None)
    if start is None:
        report.rejected.append((f"activity {row.strava_id}", "its date cannot be read, and it has no recording"))
        return
    archive = row.archive | {"start": start.isoformat()}
    _commit(landing, identity, row.strava_id, start, archive, facts, key, error, warnings)


def _commit(
    landing: _Landing,
    identity: str,
    strava_id: int | None,
    start: datetime,
    archive: dict[str, Any],
    facts: Mapping[str, Any] | None,
    key: str | None,
    error: str | None,
    warnings: list[str] | None = None,
) -> None:
    """Write the row, in one transaction, and count what came of it."""
    report = landing.report
    month, odd = _month(start, landing.settings.first_month)
    archive |= {
        "device_name": facts["device_name"] if facts else None,
        "recording": facts,
        "warnings": [*(facts["warnings"] if facts else []), *(warnings or []), *odd],
    }
    if archive["warnings"]:
        report.odd.append((archive["filename"] or f"activity {strava_id}", "; ".join(archive["warnings"])))
    values: dict[str, Any] = {
        "archive_file": key,
        "import_id": landing.import_id,
        "owner_visibility": landing.owner_visibility,
        "start_time": start,
        "month": month,
    }
    with landing.database.transaction() as connection:
        known = queries().archived_activity(
            connection, athlete_id=report.athlete_id, identity=identity, strava_id=strava_id
        )
        if known is None:
            added = queries().add_archived_activity(
                connection,
                athlete_id=report.athlete_id,
                identity=identity,
                strava_id=strava_id,
                archive=Jsonb(archive),
                error=error,
                **values,
            )
            if added:
                report.imported += 1
                report.no_track += not (facts and facts["track"])
                return
            known = queries().archived_activity(
                connection, athlete_id=report.athlete_id, identity=identity, strava_id=strava_id
            )
        if known["athlete_id"] != report.athlete_id:
            raise ArchiveError(
                f"the activity {strava_id} is another athlete's already; these files are not "
                f"{report.athlete_name}'s. Import them with --athlete and the right name"
            )
        if key is None and known["archive_file"] and known["archive"]:
            # an older export held its recording: what that said stays
            error, archive["recording"] = None, known["archive"].get("recording")
            archive["device_name"] = known["archive"].get("device_name")
        if known["from_api"]:  # Strava itself says when it was, and has the samples where the file is broken
            values |= {"start_time": known["start_time"], "month": known["month"]}
            archive["warnings"] += [f"its file: {error}"] if error else []
            error = None
        readable = key or known["archive_file"] or not known["from_api"]
        state = "landed" if readable and known["state"] != "gone" else known["state"]
        changed = queries().set_archived_activity(
            connection, id=known["id"], archive=Jsonb(archive), state=state, error=error, **values
        )
    report.updated += changed is not None
    report.already_there += changed is None
    report.no_track += not (archive["recording"] and archive["recording"]["track"])
    if changed is not None:
        report.months |= {f"{moved:%Y-%m}" for moved in (known["month"], values["month"])}


def _known(landing: _Landing, identity: str, strava_id: int | None) -> dict[str, Any] | None:
    with landing.database.transaction() as connection:
        return queries().archived_activity(
            connection, athlete_id=landing.report.athlete_id, identity=identity, strava_id=strava_id
        )


def _facts(recording: Recording) -> dict[str, Any]:
    """What is kept of a recording beside its bytes."""
    return {
        "reader": READER,
        "start": recording.start.isoformat() if recording.start else None,
        "sport_type": recording.sport,
        "name": recording.name,
        "device_name": recording.device,
        "figures": recording.figures,
        "samples": recording.table.num_rows,
        "track": "lat" in recording.table.column_names,
        "warnings": recording.warnings,
        "computed": recording.computed,
    }


def _facts_known(known: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What this reader said of the same bytes before."""
    facts = ((known or {}).get("archive") or {}).get("recording")
    return facts if facts and facts.get("reader") == READER else None


def _key(landing: _Landing, name: str, data: bytes) -> str:
    named = next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), None)
    suffix = named or f".{extension(data)}"
    return f"landing/archive/{landing.report.athlete_id}/{hashlib.sha256(data).hexdigest()}{suffix}"


def _put(landing: _Landing, key: str, data: bytes) -> None:
    if not landing.store.exists(key):
        landing.store.write(key, data)


def _reject(landing: _Landing, name: str, data: bytes, reason: str) -> None:
    landing.report.rejected.append((one_line(name) or "?", reason))
    with landing.database.transaction() as connection:
        queries().reject_file(
            connection,
            athlete_id=landing.report.athlete_id,
            path=one_line(name),
            reason=reason,
            sha256=hashlib.sha256(data).hexdigest(),
            import_id=landing.import_id,
        )


def _month(start: datetime, first_month: str) -> tuple[date, list[str]]:
    """The partition: the UTC month, within those that there are; and a word on a clock that is out of them."""
    first = date.fromisoformat(f"{first_month}-01")
    month = start.astimezone(UTC).date().replace(day=1)
    kept = min(max(month, first), datetime.now(UTC).date().replace(day=1))
    return kept, [] if kept == month else [f"it starts in {month:%Y-%m}: kept with {kept:%Y-%m}"]


def _finish(landing: _Landing) -> None:
    report = landing.report
    counts = {
        "imported": report.imported,
        "updated": report.updated,
        "already_there": report.already_there,
        "no_track": report.no_track,
        "rejected": len(report.rejected),
        "bytes": report.bytes,
        "seconds": round(report.seconds, 1),
    }
    with landing.database.transaction() as connection:
        report.months |= {
            row["month"] for row in queries().months_of_unfinished_imports(connection, athlete_id=report.athlete_id)
        }
        queries().finish_import(connection, id=landing.import_id, athlete_id=report.athlete_id, counts=Jsonb(counts))
