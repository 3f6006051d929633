"""The command ``strava-assets sql``: a prompt for the warehouse, and one question from the command line.

What belongs here: arguments, the prompt, how answers look. What does not: what may be asked (``warehouse.asking``).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

import typer
from rich.table import Table

from strava_assets.errors import SettingsError
from strava_assets.settings import load
from strava_assets.terminal import err, opened, out, table

#: Columns of a terminal that has room for everything.
_ANY_WIDTH = 100_000
#: Rows that the prompt shows of an answer.
_SHOWN = 40
#: What one types who never saw this prompt; as commands they begin with a point.
_WORDS = ("help", "quit", "exit")
_PROMPT, _GOES_ON = "strava> ", "   ...> "
_HELP = """\
Any question in SQL, ended by ; — for example:  select * from weekly order by 1 desc limit 10;
.tables     what there is          .tables NAME   its columns
.help       this                   .quit          or Ctrl-D
Ctrl-C forgets what is typed, or stops a question. Nothing that you ask changes anything."""


def sql(
    query: Annotated[
        str | None, typer.Argument(help="One question; a prompt if left out. - reads it from stdin.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the answer as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    no_refresh: Annotated[bool, typer.Option("--no-refresh", help="Ask what was loaded last.")] = False,
) -> None:
    """Ask your whole history in SQL, as tables and views. By week, quarter, year and gear; nothing is changed."""
    from strava_assets.stores import open_private
    from strava_assets.warehouse import asking, duckdb

    if as_csv and as_json:
        raise SettingsError("--csv and --json exclude one another")
    settings = load()
    if not no_refresh:
        _refresh(settings)
    question = sys.stdin.read() if query == "-" else query
    with duckdb.reading(open_private(settings), duckdb.path_of(settings)) as connection:
        if question is None:
            _prompt(connection)
            return
        if as_csv:
            sys.stdout.writelines(asking.as_csv(asking.blocks(connection, question)))
        elif as_json:
            sys.stdout.writelines(asking.as_json(asking.blocks(connection, question)))
        else:
            _show(asking.ask(connection, question), ": all of them with --csv or --json")


def _refresh(settings: Any) -> None:
    """Bring the warehouse up to date, if something moved on."""
    from strava_assets.warehouse import duckdb, upkeep

    installation = opened(settings)
    try:
        if upkeep.is_current(installation) and duckdb.is_current(installation.store, duckdb.path_of(settings)):
            return
        err.print("bringing the warehouse up to date")
        upkeep.refresh_lake(installation)
        upkeep.refresh_figures(installation)
        upkeep.load_warehouse(installation)
    finally:
        installation.database.close()


def _prompt(connection: Any) -> None:
    """Ask until Ctrl-D."""
    with suppress(ImportError):  # not everywhere
        import readline  # noqa: F401 - the line can be edited, and earlier ones come back
    if sys.stdin.isatty():
        out.print("The whole history, private. .help says how, .tables what there is.")
    typed = ""
    while True:
        try:
            line = input((_GOES_ON if typed else _PROMPT) if sys.stdin.isatty() else "")
        except EOFError:
            if typed.strip():
                _answer(connection, typed)
            return
        except KeyboardInterrupt:
            out.print()
            typed = ""
            continue
        if not typed and line.strip().rstrip(";").lower() in _WORDS:
            line = f".{line.strip().rstrip(';').lower()}"
        if not typed and line.strip().startswith("."):
            if line.split()[0] in (".quit", ".exit"):
                return
            _command(connection, line.split())
            continue
        typed += line + "\n"
        if not typed.strip():
            typed = ""
        elif typed.rstrip().endswith(";"):
            _answer(connection, typed)
            typed = ""


def _command(connection: Any, words: list[str]) -> None:
    if words[0] == ".tables" and len(words) > 1:
        name = words[1].replace('"', '""')
        _answer(connection, f'select column_name, column_type from (describe "{name}")')
    elif words[0] == ".tables":
        _answer(
            connection,
            "select table_name as name, case table_type when 'VIEW' then 'view' else 'table' end as kind "
            "from information_schema.tables where table_name <> 'strava_assets_made_from' order by kind, name",
        )
    else:
        out.print(_HELP if words[0] == ".help" else f"{words[0]} is not known\n{_HELP}")


def _answer(connection: Any, question: str) -> None:
    from strava_assets.warehouse import asking

    try:
        _show(asking.ask(connection, question, most=_SHOWN))
    except SettingsError as error:
        err.print(str(error))
    except KeyboardInterrupt:
        err.print("stopped")


def _show(answer: Any, where_more: str = "") -> None:
    from strava_assets.warehouse import asking

    rows = asking.as_cells(answer)
    shown = table(*answer.columns)
    for row in rows:
        shown.add_row(*row)
    if out.measure(shown, options=out.options.update(max_width=_ANY_WIDTH)).maximum <= out.width:
        out.print(shown)
    else:  # side by side nothing could be read
        for number, row in enumerate(rows, start=1):
            out.print(_one_below_the_other(number, answer.columns, row))
    count = len(answer.rows)
    out.print(f"{count:,}{' and more' if answer.more else ''} row{'' if count == 1 else 's'}", end="")
    out.print(where_more if answer.more else "")


def _one_below_the_other(number: int, columns: Sequence[str], row: Sequence[str]) -> Table:
    shown = table("row", f"{number:,}")
    for name, value in zip(columns, row, strict=True):
        shown.add_row(name, value)
    return shown
