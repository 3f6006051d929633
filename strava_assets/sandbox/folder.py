"""Real files as an account: a folder of FIT, GPX and TCX, an export zip or folder, or one file.

What belongs here: which activities there are, and their samples as Strava would hand them out. What does
not: parsing (``archive``). It asks the same reader as an import does, so that both ways into the product
see the same samples in the same order.

Every file is parsed once when the account is first listed, and again when somebody asks for its
samples; nothing is kept but figures. A file that changed meanwhile is no longer there.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from strava_assets.archive.export import Export, find_table, read_export
from strava_assets.archive.files import Files, open_files, recordings
from strava_assets.archive.recordings import Recording, read_recording
from strava_assets.archive.unpack import content
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets.sandbox.account import Account, Activity, Samples
from strava_assets.sandbox.figures import figures

_ATHLETE: dict[str, Any] = {
    "id": 31_400_159,
    "username": "folder",
    "resource_state": 3,
    "firstname": "Someone",
    "lastname": "Else",
    "city": None,
    "state": None,
    "country": None,
    "sex": None,
    "premium": False,
    "summit": False,
    "created_at": "2010-01-01T00:00:00Z",
    "updated_at": "2024-01-01T00:00:00Z",
    "clubs": [],
}
#: A file's odometer may be absent; Strava then measures along the positions. This one stays with the file.
_SERVED = (
    "time",
    "distance",
    "lat",
    "lng",
    "altitude",
    "velocity_smooth",
    "grade_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
)


def folder_account(path: str | Path, visibility: str = "everyone") -> Account:
    """Files as an account.

    Parameters
    ----------
    path : str or Path
        A folder, an export (zip or folder with ``activities.csv``), or one file.
    visibility : str
        Of every activity, as files carry none.

    Returns
    -------
    Account
        An activity a readable recording, and a manual one a row of an export without its file. Ids are the
        export's, else made from what the file holds, so that they are the same wherever it lies. Files
        with the same content are one; unreadable ones are not in the account.

    Raises
    ------
    ArchiveError
        There is nothing at ``path``, or nothing in it.
    """
    path = Path(path)
    stack = ExitStack()
    files = stack.enter_context(open_files(path))
    table = find_table(files)
    export = read_export(files, table) if table else None
    found = [] if export else recordings(files)
    if not export and not found:
        raise ArchiveError(f"{path} holds neither an activities.csv nor any FIT, GPX or TCX file")

    def load() -> Iterator[Activity]:
        return _of_export(files, export, visibility) if export else _of_files(files, found, visibility)

    return Account(dict(_ATHLETE), load, kept=stack)


def _of_files(files: Files, found: list[str], visibility: str) -> Iterator[Activity]:
    seen: set[str] = set()
    for name in found:
        try:
            inside = content(files.read(name))
            digest = hashlib.sha256(inside).hexdigest()
            recording = read_recording(inside, name)
        except UnreadableRecording:
            continue
        if digest not in seen:
            seen.add(digest)
            # 52 bits: what JSON's numbers hold exactly everywhere
            yield _activity(int(digest[:13], 16), files, name, digest, recording, visibility, {})


def _of_export(files: Files, export: Export, visibility: str) -> Iterator[Activity]:
    for row in export.rows:
        told = {name: row.archive.get(name) for name in ("name", "sport_type") if row.archive.get(name)}
        try:
            inside = content(files.read(row.filename)) if row.filename in files else None
            recording = read_recording(inside, str(row.filename)) if inside is not None else None
        except UnreadableRecording:
            continue
        if recording is not None and inside is not None:
            digest = hashlib.sha256(inside).hexdigest()
            yield _activity(row.strava_id, files, str(row.filename), digest, recording, visibility, told, row.start)
        elif row.start is not None:
            facts = {
                name: row.archive[name]
                for name in ("distance", "moving_time", "elapsed_time", "calories")
                if row.archive.get(name) is not None
            }
            yield Activity(row.strava_id, row.start, _fields(visibility, told, {}) | facts | {"manual": True})


def _activity(
    number: int,
    files: Files,
    name: str,
    digest: str,
    recording: Recording,
    visibility: str,
    told: dict[str, Any],
    start: datetime | None = None,
) -> Activity:
    own = {
        "name": recording.name,
        "sport_type": recording.sport,
        "device_name": recording.device,
        "external_id": name.rpartition("/")[2],
    }
    moment = start or recording.start or datetime.fromtimestamp(0, UTC)
    return Activity(
        number,
        moment,
        _fields(visibility, told, own),
        functools.partial(_samples, files, name, digest),
        known=figures(_arrays(recording)),
    )


def _fields(visibility: str, told: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    fields = {name: value for name, value in own.items() if value is not None} | told
    sport = fields.setdefault("sport_type", "Workout")
    fields.setdefault("name", f"{sport} from a file")
    return fields | {"visibility": visibility, "timezone": "(GMT+00:00) UTC", "utc_offset": 0.0}


def _samples(files: Files, name: str, digest: str) -> Samples:
    try:
        inside = content(files.read(name))
        if hashlib.sha256(inside).hexdigest() != digest:
            raise LookupError(f"{name} changed")
        return _arrays(read_recording(inside, name))
    except UnreadableRecording as error:
        raise LookupError(f"{name}: {error}") from None


def _arrays(recording: Recording) -> Samples:
    """The table's columns as they are: same samples, same order; NaN where there is no value."""
    return {
        name: np.asarray(recording.table.column(name).to_numpy(zero_copy_only=False), dtype=float)
        for name in _SERVED
        if name in recording.table.column_names
    }
