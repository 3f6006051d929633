"""The rows of ``strava`` as text, and back: any PostgreSQL takes what another gave, whatever its version.

What belongs here: which tables, in which order, their rows and counters. What does not: files (``backup``), the tables
themselves (``sql/migrations``).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import IO, Any

import psycopg
from psycopg import sql

SCHEMA = "strava"
_CHUNK = 1 << 20


def tables(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """Each table's columns, those that others refer to before these."""
    rows = connection.execute(
        "select relation.relname, array_agg(attname::text order by attnum) from pg_class as relation"
        " join pg_attribute on attrelid = relation.oid"
        " where relnamespace = %s::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped"
        " and attgenerated = '' group by relation.relname",
        (SCHEMA,),
    ).fetchall()
    refers = connection.execute(
        "select distinct child.relname, parent.relname from pg_constraint"
        " join pg_class as child on child.oid = conrelid join pg_class as parent on parent.oid = confrelid"
        " where contype = 'f' and child.relnamespace = %s::regnamespace and child.oid <> parent.oid",
        (SCHEMA,),
    ).fetchall()
    columns = {name: list(of) for name, of in rows}
    order = TopologicalSorter({name: {parent for child, parent in refers if child == name} for name in sorted(columns)})
    return {name: columns[name] for name in order.static_order()}


def rows(connection: psycopg.Connection[Any], table: str, columns: Sequence[str]) -> Iterator[bytes]:
    """A table's rows in PostgreSQL's text format, UTF-8."""
    question = sql.SQL("copy {} ({}) to stdout").format(_name(table), _names(columns))
    with connection.cursor() as cursor, cursor.copy(question) as copy:
        for block in copy:
            yield bytes(block)


def empty(connection: psycopg.Connection[Any], table: str) -> None:
    """Leave nothing in a table."""
    connection.execute(sql.SQL("delete from {}").format(_name(table)))


def put_rows(
    connection: psycopg.Connection[Any], table: str, columns: Sequence[str], file: IO[bytes] | gzip.GzipFile
) -> None:
    """Rows as `rows` gave them, into an empty table; what rows set off when they come does not happen again."""
    connection.execute(sql.SQL("alter table {} disable trigger user").format(_name(table)))
    taking = sql.SQL("copy {} ({}) from stdin").format(_name(table), _names(columns))
    with connection.cursor() as cursor, cursor.copy(taking) as copy:
        while block := file.read(_CHUNK):
            copy.write(block)
    connection.execute(sql.SQL("alter table {} enable trigger user").format(_name(table)))


def counters(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """How far each counter of new ids has come."""
    found = connection.execute(
        "select sequencename, last_value from pg_sequences where schemaname = %s and last_value is not null", (SCHEMA,)
    ).fetchall()
    return {str(name): int(value) for name, value in found}


def put_counters(connection: psycopg.Connection[Any], values: Mapping[str, int]) -> None:
    """Counters go on from where they were: no id is given twice."""
    for name, value in values.items():
        connection.execute("select setval(%s::regclass, %s)", (f'{SCHEMA}."{name}"', value))


def _name(table: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, table)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
