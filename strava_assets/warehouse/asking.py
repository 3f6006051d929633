"""Questions to the warehouse: SQL in, rows out; nothing is changed by any of them.

What belongs here: which statements are questions, what an answer is, its forms. What does not: terminals (``sql_cli``),
loading (``duckdb``).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import duckdb
import shapely

from strava_assets.errors import SettingsError

T = TypeVar("T")

#: Of a cell on a terminal; a track is longer.
_WIDEST = 120
_EXPLAIN = re.compile(r"^\s*explain\s+(analyze\s+)?(?=\w)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """Rows under the names of their columns. ``more``: there are more of them."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    more: bool = False


def ask(connection: duckdb.DuckDBPyConnection, question: str, most: int = 1_000) -> Answer:
    """The answer to one statement, or its beginning.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Open to read.
    question : str
    most : int
        Rows that are wanted.

    Raises
    ------
    SettingsError
        It is no SQL, no question, more than one, or asks for what is not there: in a line or two.
    """
    found = next(blocks(connection, question, most + 1))
    return Answer(found.columns, found.rows[:most], more=len(found.rows) > most)


def blocks(connection: duckdb.DuckDBPyConnection, question: str, rows: int = 10_000) -> Iterator[Answer]:
    """The whole answer, so many rows at a time: samples are millions. The first block may be empty.

    Raises
    ------
    SettingsError
        As `ask` does.
    """
    try:
        statements = connection.extract_statements(question)
        if len(statements) != 1:
            raise SettingsError("one question at a time" if statements else "that is no question")
        if not _only_asks(connection, question):
            raise SettingsError(
                "the warehouse can only be asked: SELECT, WITH, FROM, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN"
            )
        found = _heeding_ctrl_c(connection, lambda: connection.execute(statements[0]))
        described = found.description or []
        places = {at for at, column in enumerate(described) if str(column[1]).startswith("GEOMETRY")}
        first = True
        while (block := _heeding_ctrl_c(connection, lambda: found.fetchmany(rows))) or first:
            told: Sequence[Sequence[Any]] = block
            if places:  # they come as WKB
                told = [[_as_wkt(value) if at in places else value for at, value in enumerate(row)] for row in block]
            yield Answer([column[0] for column in described], told)
            first = False
    except duckdb.Error as error:
        raise SettingsError(_in_brief(error)) from error


def _heeding_ctrl_c(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """What ``work`` returns; in a thread of its own, as Python hears of no Ctrl-C in one where DuckDB computes."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        doing = thread.submit(work)
        try:
            return doing.result()
        except KeyboardInterrupt:
            while not doing.done():  # what has not begun yet is not interrupted
                connection.interrupt()
                wait([doing], timeout=0.05)
            raise


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


def as_csv(answers: Iterable[Answer]) -> Iterator[str]:
    """RFC 4180, with LF; what is null is empty, lists and structs are JSON."""
    for number, answer in enumerate(answers):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if number == 0:
            writer.writerow(answer.columns)
        writer.writerows([[_in_csv(value) for value in row] for row in answer.rows])
        yield text.getvalue()


def as_json(answers: Iterable[Answer]) -> Iterator[str]:
    """A list of objects, a row a line."""
    before = "[\n"
    for answer in answers:
        for row in answer.rows:
            yield before + json.dumps(dict(zip(answer.columns, map(_in_json, row), strict=True)), allow_nan=False)
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


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
    if isinstance(value, dict):
        text = f"{{{', '.join(f'{name}: {_cell(held)}' for name, held in value.items())}}}"
    else:
        text = f"[{', '.join(map(_cell, value))}]" if isinstance(value, list) else str(value)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _in_csv(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return json.dumps(_in_json(value))
    return "" if value is None else value if isinstance(value, str | int | float | Decimal) else _in_json(value)


def _in_json(value: Any) -> Any:
    """What JSON has no type for, as a text; numbers that are none, as null."""
    if isinstance(value, float | Decimal):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _in_json(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_in_json(held) for held in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str | int) else str(value)
