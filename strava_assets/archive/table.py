"""A CSV of an export as rows of cells, whatever saved it last.

What belongs here: encodings, separators and quotes. What does not: what the cells mean. Rows are read anew
each time, so that a table of a million is never in memory as cells.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from strava_assets.errors import ArchiveError

#: No cell is longer, bytes; one that is began with a quotation mark that is not closed.
_CELL_LIMIT = 2**20
#: How spreadsheets write a CSV that is not UTF-8, by where they were sold.
_CODE_PAGES = ("cp1252", "cp1250", "cp932", "gb18030", "big5hkscs")
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Table:
    """A table by its name among the files, its bytes, and how they are to be read.

    Attributes
    ----------
    name : str
    data : bytes
    encoding : str
    separator : str
    skip : int
        Lines before the header: blank ones, and a spreadsheet's ``sep=;``.
    """

    name: str
    data: bytes
    encoding: str
    separator: str
    skip: int

    @property
    def header(self) -> list[str]:
        """The first line's cells; empty if there is none."""
        return next((cells for _, cells in _rows(self)), [])

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row below the header with its number, the header being 1; rows without any text are passed over.

        Raises
        ------
        ArchiveError
            A quotation mark is not closed, so that it is not clear where rows end.
        """
        rows = _rows(self)
        next(rows, None)
        for number, cells in rows:
            if any(cells):
                yield number, cells


def open_table(name: str, data: bytes, score: Callable[[Sequence[str]], int] = len) -> Table:
    """How a table's bytes are to be read.

    Parameters
    ----------
    name : str
    data : bytes
    score : callable
        How many names of a header are known: decides between code pages where the bytes are no UTF-8.

    Raises
    ------
    ArchiveError
        Its quotation marks do not pair.
    """
    found = [_separated(name, data, encoding) for encoding in _encodings(data)]
    return max(found, key=lambda table: score(table.header)) if len(found) > 1 else found[0]


def _encodings(data: bytes) -> Sequence[str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    if data[1:2] == b"\0":
        return ("utf-16-le",)
    if data[:1] == b"\0":
        return ("utf-16-be",)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), 2**20):
            decoder.decode(data[start : start + 2**20])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _CODE_PAGES
    return ("utf-8-sig",)


def _separated(name: str, data: bytes, encoding: str) -> Table:
    """The separator is the one that cuts the header into most cells."""
    skip, separators = 0, _SEPARATORS
    for line in _lines(data, encoding):
        told = re.fullmatch(r"sep=(.)\s*", line)
        if told:
            separators = told[1]
        elif line.strip(f"{_SEPARATORS} \r\n"):
            break
        skip += 1
    tables = [Table(name, data, encoding, separator, skip) for separator in separators]
    return max(tables, key=_width)


def _width(table: Table) -> int:
    try:
        return len(table.header)
    except ArchiveError:  # a separator that is none tears the quotation marks apart
        return 0


def _lines(data: bytes, encoding: str) -> Iterator[str]:
    # lines end as they end: a lone carriage return is the end of a row, too
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors="replace", newline="")


def _rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(_CELL_LIMIT)
    lines = _lines(table.data, table.encoding)
    number = 0
    try:
        for _ in range(table.skip):
            next(lines, None)
        for number, cells in enumerate(csv.reader(lines, delimiter=table.separator, strict=True), 1):
            yield number, cells
    except csv.Error as error:
        raise ArchiveError(
            f"{table.name}: its quotation marks do not pair after row {number} ({error}); request the archive again"
        ) from None
    except UnicodeError:
        raise ArchiveError(f"{table.name}: is cut short after row {number}; request the archive again") from None
