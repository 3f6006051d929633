"""XML as flat columns: which elements hold which text inside which record, found by C code for all records at once.

What belongs here: from bytes to texts by element name. What does not: what the elements mean (``tracks``).

libxml2 reads the bytes, in recovery mode: a missing namespace, or a file whose end is lost, still gives its
elements. It writes them again without comments, entities or a ``>`` in any value, so that every ``<`` begins
a tag and every ``>`` ends one. Then a record's elements can be found by counting, with NumPy and Arrow, and
nobody visits them one by one in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lxml import etree
from numpy.typing import NDArray

from strava_assets.errors import UnreadableRecording

#: As a tree in memory XML takes some ten times its bytes, or 300 bytes an element; a day at 1 Hz with all
#: sensors is 50 MB and 1.7 million elements.
LIMIT, TAGS = 128 * 2**20, 6_000_000


@dataclass(frozen=True)
class Element:
    """Texts of one kind of element.

    Attributes
    ----------
    record : ndarray of int, shape (k,)
        Which record each is in; rising.
    texts : pa.StringArray, length k
    """

    record: NDArray[np.int64]
    texts: pa.StringArray


@dataclass(frozen=True)
class Records:
    """Elements of one name, and what is inside them.

    Attributes
    ----------
    count : int
    attributes : pa.StringArray
        One text a record: what follows its name in its tag, values in double quotes.
    elements : dict of str to Element
        By meaning.
    """

    count: int
    attributes: pa.StringArray
    elements: dict[str, Element]


def tree(data: bytes) -> tuple[etree._Element, list[str]]:
    """The root element, and what was odd, one line each. Entities are never resolved and nothing is fetched.

    Raises
    ------
    UnreadableRecording
        Too large, or nothing of it is XML.
    """
    if len(data) > LIMIT:
        raise UnreadableRecording(f"an XML file larger than {LIMIT // 2**20} MiB")
    if data.count(b"<") > TAGS:
        raise UnreadableRecording(f"an XML file of more than {TAGS:,} tags")
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        raise UnreadableRecording("not XML that can be read")
    fatal = [entry for entry in parser.error_log if entry.level_name == "FATAL"]
    return root, [f"damaged XML from line {fatal[0].line} on; what could be read was"] if fatal else []


def local(tag: object) -> str:
    """A tag's name without namespace, or without the prefix of one that nobody declared."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]


def records(root: etree._Element, name: str, meanings: Mapping[str, str], inside: str | None = None) -> Records:
    """Every element of a name, in document order, with the texts of those below it.

    Parameters
    ----------
    root : element
    name : str
        Local name of a record.
    meanings : mapping of str to str
        Local name of an element to what it means; several may mean the same. An element ``…Value`` without a
        meaning has its parent's.
    inside : str, optional
        Only records in elements of this local name.
    """
    flat = etree.tostring(root, encoding="utf-8", with_tail=False)
    marks = np.frombuffer(flat, np.uint8)
    start, end = np.flatnonzero(marks == ord("<")), np.flatnonzero(marks == ord(">"))
    alone = marks[end - 1] == ord("/")
    name_end = _name_ends(marks, start, end, alone)
    # three pieces a tag: <name | attributes> | text up to the next tag
    bounds = np.column_stack([start, name_end, end + 1]).ravel()
    pieces = pa.StringArray.from_buffers(
        len(bounds), pa.py_buffer(np.append(bounds, len(flat)).astype(np.int32)), pa.py_buffer(flat)
    )
    names = pieces.take(pa.array(np.arange(0, len(bounds), 3))).cast(pa.binary()).dictionary_encode()
    kind = names.indices.to_numpy()
    words = [word.decode("utf-8", "replace").lstrip("<") for word in names.dictionary.to_pylist()]

    def are(*wanted: str) -> NDArray[np.bool_]:
        return np.array([word[:1] != "/" and local(word) in wanted for word in words], bool)[kind]

    def closing(wanted: str) -> NDArray[np.bool_]:
        return np.array([word[:1] == "/" and local(word[1:]) == wanted for word in words], bool)[kind] | (
            are(wanted) & alone
        )

    heads = are(name)
    if inside:
        heads &= _depth(are(inside), closing(inside)) > 0
    within = _depth(heads, closing(name)) > 0
    number = np.cumsum(heads) - 1
    meant = {meaning: i for i, meaning in enumerate(dict.fromkeys(meanings.values()))}
    code = np.array([-1 if word[:1] == "/" else meant.get(meanings.get(local(word), ""), -1) for word in words])[kind]
    value = np.array([word[:1] != "/" and word.endswith("Value") for word in words], bool)[kind] & (code < 0)
    value[1:] &= ~alone[:-1]
    code[1:] = np.where(value[1:], code[:-1], code[1:])  # <HeartRateBpm><Value>
    filled = np.append(start[1:], len(flat)) > end + 1
    told = np.flatnonzero(within & ~alone & filled & (code >= 0))
    elements = {}
    for meaning, i in meant.items():
        where = told[code[told] == i]
        if len(where):
            elements[meaning] = Element(number[where], pieces.take(pa.array(3 * where + 2)))
    return Records(int(heads.sum()), pieces.take(pa.array(3 * np.flatnonzero(heads) + 1)), elements)


def attribute(texts: pa.StringArray, name: str) -> pa.StringArray:
    """The value of an attribute in each of the records' attributes; null where it has none."""
    found = pc.extract_regex(texts, pattern=rf'(?:^|\s){name}="(?P<value>[^"]*)"')
    return pc.struct_field(found, [0])


def _name_ends(
    marks: NDArray[np.uint8], start: NDArray[np.int64], end: NDArray[np.int64], alone: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Where each tag's name ends: at its first blank if it has attributes."""
    ends = end - alone
    quoted = np.flatnonzero(marks[ends - 1] == ord('"'))
    blanks = np.flatnonzero(marks == ord(" "))
    ends[quoted] = blanks[np.searchsorted(blanks, start[quoted])]
    return ends


def _depth(opening: NDArray[np.bool_], closing: NDArray[np.bool_]) -> NDArray[np.int64]:
    """In how many elements of a kind each tag is."""
    return np.cumsum(opening.astype(np.int8) - closing.astype(np.int8), dtype=np.int64)
