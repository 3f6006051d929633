"""Questions to the warehouse: SQL in, rows out; nothing is changed by any of them.

What belongs here: which statements are questions, what an answer is, its forms. What does not: terminals (``sql_cli``),
loading (``duckdb``).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import shapely

from strava_assets.errors import SettingsError

#: Of a cell on a terminal; a track is longer.
_WIDEST = 120
_EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?(?=\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """Rows under the names of their columns. ``more``: there are more of them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    more: bool = False


def ask(connection: duckdb.DuckDBPyConnection, question: str, most: int | None = None) -> Answer:
    """The answer to one statement.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open to read.
    question : str
    most : int, optional
        Rows that are wanted; all if left out.

    Raises
    ------
    SettingsError
        It is no SQL, no question, more than one, or asks for what is not there: in a line or two.
    """
    try:
        statements = connection.extract_statements(question)
        if len(statements) != 1:
            raise SettingsError("one question at a time" if statements else "that is no question")
        if not _only_asks(connection, question):
            raise SettingsError(
                "the warehouse can only be asked: SELECT, WITH, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN"
            )
        found = connection.execute(statements[0])
        described = found.description or []
        rows: Sequence[Sequence[Any]] = found.fetchall() if most is None else found.fetchmany(most + 1)
    except duckdb.Error as error:
        raise SettingsError(_in_brief(error)) from error
    places = {at for at, column in enumerate(described) if str(column[1]).startswith("GEOMETRY")}
    if places:  # they come as WKB
        rows = [[_as_wkt(value) if at in places else value for at, value in enumerate(row)] for row in rows]
    return Answer([column[0] for column in described], rows[:most], more=most is not None and len(rows) > most)


def _as_wkt(value: bytes | None) -> str | None:
    return None if value is None else str(shapely.from_wkb(value).wkt)


def _only_asks(connection: duckdb.DuckDBPyConnection, question: str) -> bool:
    (statement,) = connection.extract_statements(question)
    if statement.type == duckdb.StatementType.EXPLAIN:  # with ANALYZE what it explains is done, too
        inner = _EXPLAIN.sub("", question, count=1)
        return inner != question and _only_asks(connection, inner)
    return bool(statement.type == duckdb.StatementType.SELECT)


def _in_brief(error: duckdb.Error) -> str:
    """DuckDB's message without the picture of where: the first line, and what it thinks was meant."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    hints = [line for line in lines[1:] if line.startswith(("Did you mean", "Candidate bindings"))]
    return " ".join([lines[0], *hints[:1]])[:300]


def as_csv(answer: Answer) -> str:
    """RFC 4180, with LF; what is null is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows([["" if value is None else _plain(value) for value in row] for row in answer.rows])
    return text.getvalue()


def as_json(answer: Answer) -> str:
    """A list of objects, a row a line."""
    lines = (json.dumps(dict(zip(answer.columns, row, strict=True)), default=_plain) for row in answer.rows)
    return "[\n" + ",\n".join(lines) + "\n]\n" if answer.rows else "[]\n"


def as_cells(answer: Answer) -> list[list[str]]:
    """For a table on a terminal: four digits after the point at most, and long texts cut off."""
    return [[_cell(value) for value in row] for row in answer.rows]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _plain(value: Any) -> Any:
    """What JSON and CSV have no type for, as a text."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int | float | list | dict) else str(value)
