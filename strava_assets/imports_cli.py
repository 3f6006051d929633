"""The commands ``import``, ``show`` and ``hide``: bringing files in, taking an import back, who may see what came.

What belongs here: arguments, the progress bar, and what is said. What does not: doing it (``archive.importer``,
``undo``, ``release``).
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from strava_assets.errors import SettingsError
from strava_assets.terminal import bar, err, opened, out, table

#: Files that an import names, of each kind; the rest is counted.
_ODD_SHOWN, _REJECTED_SHOWN = 40, 20


def import_(
    path: Annotated[
        str | None, typer.Argument(help="An export zip or folder, a folder of GPX/FIT/TCX files, or one file.")
    ] = None,
    athlete: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    visibility: Annotated[
        str | None, typer.Option(help="everyone or hidden: files do not say who may see a ride.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="Every import there was.")] = False,
    undo: Annotated[
        bool,
        typer.Option("--undo", help="Take the newest import back, or the one whose number is said in PATH's place."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Land an export, or files. Safe to stop and to repeat; --undo takes it back."""
    if list_:
        _list()
    elif undo:
        _undo(path, yes)
    elif path is None:
        raise SettingsError("say what to import: the export's zip, a folder, or a file")
    elif visibility not in (None, "everyone", "hidden"):
        raise SettingsError(f"--visibility is everyone or hidden, not {visibility!r}")
    else:
        _import(Path(path), athlete, visibility)


def _import(path: Path, athlete: str | None, visibility: str | None) -> None:
    from strava_assets.archive.importer import import_path

    installation = opened()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))  # whoever ends us is answered as Ctrl-C is
    with bar("importing") as step:
        began = time.monotonic()

        def told(done: int, total: int, name: str, read: int) -> None:
            seconds = max(time.monotonic() - began, 0.1)
            step(name, done, total, f"{done / seconds:,.0f} activities/s, {read / 1e6 / seconds:,.1f} MB/s")

        report = import_path(
            path,
            athlete=athlete,
            visibility=visibility,
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
            progress=told,
            waiting=_say_that_we_wait,
        )
    _print_report(report)
    if (visibility or installation.settings.import_visibility) == "hidden":
        out.print(
            "Files do not say who may see a ride, so none is published that you have not released. When these may be "
            f"shown: strava-assets show --import {report.import_id}; or set STRAVA_ASSETS_IMPORT_VISIBILITY=everyone."
        )
    out.print(f"Next: strava-assets materialize. To take it back: strava-assets import --undo {report.import_id}")


def _say_that_we_wait() -> None:
    err.print("Another import of this athlete is under way; this begins when it is done.")


def _print_report(report: Any) -> None:
    from strava_assets.archive.quarantine import advice

    shown = table("", "activities", title=report.athlete_name)
    for label, count in (
        ("imported", report.imported),
        ("updated", report.updated),
        ("already there", report.already_there),
        ("without a track", report.no_track),
        ("quarantined", len(report.rejected)),
    ):
        shown.add_row(label, f"{count:,}")
    if report.united:
        shown.add_row("one ride with another source", f"{report.united:,}")
    out.print(shown)
    out.print(
        f"{report.bytes / 1e6:,.1f} MB in {report.seconds:,.1f} s: "
        f"{_activities(report) / max(report.seconds, 0.1):,.0f} activities/s"
    )
    if report.rejected:
        problems = table("file", "why it could not be read", "what to do")
        for name, reason in report.rejected[:_REJECTED_SHOWN]:
            problems.add_row(name, reason, advice(reason))
        out.print(problems)
        more = len(report.rejected) - _REJECTED_SHOWN
        out.print(f"{f'and {more:,} more; all of them' if more > 0 else 'As a table'}: {report.quarantine}")
    if report.odd:
        oddities = table("file", "read, but odd")
        for name, what in report.odd[:_ODD_SHOWN]:
            oddities.add_row(name, what)
        out.print(oddities)
        if len(report.odd) > _ODD_SHOWN:
            out.print(f"and {len(report.odd) - _ODD_SHOWN:,} more odd files")
    for warning in report.warnings:
        out.print(warning)


def _activities(report: Any) -> int:
    return int(report.imported + report.updated + report.already_there)


def _list() -> None:
    from strava_assets.undo import imports

    rows = imports(opened())
    shown = table("id", "athlete", "from", "when", "", "activities", "only from it", "quarantined")
    for row in rows:
        shown.add_row(
            str(row["id"]),
            row["athlete"],
            row["source"],
            f"{row['started_at']:%Y-%m-%d %H:%M} UTC",
            row["state"],
            f"{row['activities']:,}",
            f"{row['only_here']:,}",
            f"{row['counts'].get('rejected', 0):,}",
        )
    out.print(shown if rows else "Nothing was imported.")


def _undo(given: str | None, yes: bool) -> None:
    from strava_assets.undo import find_import, imports, undo_import

    installation = opened()
    found = find_import(installation, _number(given))
    if not yes and sys.stdin.isatty():
        [row] = [row for row in imports(installation) if row["id"] == found["id"]]
        typer.confirm(
            f"Take back import {row['id']} ({row['source']} of {row['athlete']})? {row['only_here']:,} activities "
            "are known from nowhere else.",
            abort=True,
        )
    out.print(str(undo_import(installation, found["id"], _say_that_we_wait)))
    out.print("Next: strava-assets materialize")


def _number(given: str | None) -> int | None:
    if given is None:
        return None
    if not given.isdecimal() or len(given) > 18:
        raise SettingsError(f"{given!r} is no import's number; see: strava-assets import --list")
    return int(given)


_Activities = Annotated[
    list[str] | None,
    typer.Argument(metavar="ACTIVITY...", help="As the map's address names it (16 characters), or Strava's number."),
]
_Import = Annotated[str | None, typer.Option("--import", metavar="ID", help="All that this import told of.")]


def show(activities: _Activities = None, import_id: _Import = None) -> None:
    """Let everyone see imported activities, or all of one import."""
    report = _release("everyone", activities, import_id)
    out.print(f"{report.changed:,} activities may be shown now; {report.unchanged:,} might before")
    if report.by_strava:
        out.print(f"Of {report.by_strava:,} of them Strava says who may see them, and that counts.")
    out.print("Next: strava-assets materialize")


def hide(activities: _Activities = None, import_id: _Import = None) -> None:
    """Hide imported activities, or all of one import. What is public of them is withdrawn at once."""
    report = _release("hidden", activities, import_id)
    out.print(
        f"{report.changed:,} activities are hidden now, {report.unchanged:,} were before; "
        f"{report.public_files:,} public files withdrawn"
    )
    if report.by_strava:
        out.print(
            f"Of {report.by_strava:,} of them Strava says who may see them, and that counts: hide those there, and "
            "they are withdrawn here."
        )


def _release(word: str, activities: list[str] | None, import_id: str | None) -> Any:
    from strava_assets.release import release

    number = _number(import_id)
    if bool(activities) == (number is not None):
        raise SettingsError("say which activities, or --import and its number (strava-assets import --list)")
    return release(opened(), word, activities or [], number)
