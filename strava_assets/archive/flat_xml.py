"""XML as flat columns: which elements hold which text inside which record, found by C code for all records at once.

What belongs here: from bytes to texts by element name. What does not: what the elements mean (``tracks``).

Where every ``<`` begins a tag and every ``>`` ends one, a record's elements can be found by counting, with NumPy
and Arrow, and nobody visits them one by one in Python. A file that is so as it stands, and whose tags are balanced,
is taken as it is; libxml2 reads only what lies around its records. Any other (comments, entities, CDATA, other
encodings, damage) is read by libxml2 whole, in recovery mode: a missing namespace, or a file whose end is lost,
still gives its elements. It then writes them again in that plain form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
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

Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

_DECLARATION = re.compile(
    rb"""<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([\w-]+)["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>\s*"""
)
_NAME = re.compile(rb"/?[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?")
_ATTRIBUTES = r"""^(\s+[\w:.-]+="[^"<]*")+\s*/?>$"""
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
#: Elements in elements, more than any of the formats has.
_DEPTH = 24


@dataclass(frozen=True)
class Element:
    """Texts of one kind of element.

    Attributes
    ----------
    record : ndarray of int, shape (k,)
        Which record each is in; rising.
    texts : pa.StringArray, length k
    """

    record: Places
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


@dataclass(frozen=True)
class Document:
    """An XML document.

    Attributes
    ----------
    root : element
        With all that is not inside a record; records themselves may be missing.
    tags : Tags
        All of it.
    warnings : list of str
        What was odd, one line each.
    """

    root: etree._Element
    tags: Tags
    warnings: list[str]


class Tags:
    """The tags of a plain document: in three pieces each, ``<name``, `` attributes>``, text up to the next tag."""

    def __init__(self, flat: bytes) -> None:
        marks = np.frombuffer(flat, np.uint8)
        self.flat = flat
        self.start, self.end = np.flatnonzero(marks == ord("<")), np.flatnonzero(marks == ord(">"))
        if len(self.start) != len(self.end) or (self.start > self.end).any() or (self.end[:-1] > self.start[1:]).any():
            raise ValueError("not plain")
        self.alone: Flags = marks[self.end - 1] == ord("/")
        bounds = np.column_stack([self.start, self._name_ends(marks), self.end + 1]).ravel()
        self.pieces = pa.StringArray.from_buffers(
            len(bounds), pa.py_buffer(np.append(bounds, len(flat)).astype(np.int32)), pa.py_buffer(flat)
        )
        names = self.pieces.take(pa.array(np.arange(0, len(bounds), 3))).cast(pa.binary()).dictionary_encode()
        self.kind = names.indices.to_numpy()
        #: Each kind of tag: its name, with a slash in front if it closes an element.
        self.words: list[bytes] = [word[1:].rstrip() for word in names.dictionary.to_pylist()]
        self.alone |= self.of([_is_aside(word) for word in self.words])

    def _name_ends(self, marks: NDArray[np.uint8]) -> Places:
        """Where each tag's name ends: at its first blank if it has attributes."""
        ends = self.end - self.alone
        self.quoted = quoted = np.flatnonzero(marks[ends - 1] == ord('"'))
        blanks = np.flatnonzero(marks <= ord(" "))
        first = np.searchsorted(blanks, self.start[quoted])
        ends[quoted] = np.append(blanks, len(marks))[first]
        if (ends > self.end).any():
            raise ValueError("not plain")
        return ends

    def of(self, test: Collection[bool]) -> Flags:
        """From a flag for each of the words to one for each tag."""
        return np.array(test, bool)[self.kind]

    def opening(self, *names: str) -> Flags:
        """Which tags open an element of these local names."""
        return self.of([word[:1] != b"/" and _local(word) in names for word in self.words])

    def closing(self, *names: str) -> Flags:
        """Which tags close one."""
        closes = self.of([word[:1] == b"/" and _local(word[1:]) in names for word in self.words])
        return closes | (self.opening(*names) & self.alone)

    def are_sound(self) -> bool:
        """Whether names and attributes are well-formed, and every element is closed, in order.

        Pairs are struck out until none is left.
        """
        if not all(_NAME.fullmatch(word) or _is_aside(word) for word in self.words):
            return False
        attributes = self.pieces.take(pa.array(3 * self.quoted + 1))
        if not pc.all(pc.match_substring_regex(attributes, _ATTRIBUTES), min_count=0).as_py():
            return False
        number = {word: i for i, word in enumerate(self.words)}
        partner = np.array([number.get(b"/" + word, -1) for word in self.words])
        left = self.kind[~self.alone]
        for _ in range(_DEPTH):
            if not len(left):
                return True
            paired = partner[left[:-1]] == left[1:]
            keep = np.ones(len(left), bool)
            keep[:-1] &= ~paired
            keep[1:] &= ~paired
            left = left[keep]
        return False

    def without(self, *names: str) -> bytes:
        """The document without the elements of these names, which lie in no other of them."""
        heads, tails = np.flatnonzero(self.opening(*names)), np.flatnonzero(self.closing(*names))
        if not len(heads):
            return self.flat
        # records mostly follow each other: what is left lies between a few rows of them
        first = np.append(True, heads[1:] != tails[:-1] + 1)
        last = np.append(first[1:], True)
        begins, ends = self.start[heads[first]], self.end[tails[last]] + 1
        cuts = zip([0, *ends.tolist()], [*begins.tolist(), len(self.flat)], strict=True)
        return b"".join(self.flat[a:b] for a, b in cuts)


def read(data: bytes, *names: str) -> Document:
    """A document whose records have one of some local names. Entities are never resolved, nothing is fetched.

    Raises
    ------
    UnreadableRecording
        Too large, or nothing of it is XML.
    """
    if len(data) > LIMIT:
        raise UnreadableRecording(f"an XML file larger than {LIMIT // 2**20} MiB")
    if data.count(b"<") > TAGS:
        raise UnreadableRecording(f"an XML file of more than {TAGS:,} tags")
    tags = _plain(data, names)
    if tags:
        root, warnings = _tree(tags.without(*names))
        if not warnings:
            return Document(root, tags, warnings)
    root, warnings = _tree(data)
    return Document(root, Tags(etree.tostring(root, encoding="utf-8", with_tail=False)), warnings)


def records(document: Document, name: str, meanings: Mapping[str, str], inside: str | None = None) -> Records:
    """Every element of a name, in document order, with the texts of those below it.

    Parameters
    ----------
    document : Document
    name : str
        Local name of a record.
    meanings : mapping of str to str
        Local name of an element to what it means; several may mean the same. An element ``…Value`` without a
        meaning has its parent's.
    inside : str, optional
        Only records in elements of this local name.
    """
    tags = document.tags
    heads = tags.opening(name)
    if inside:
        heads &= _depth(tags.opening(inside), tags.closing(inside)) > 0
    within = _depth(heads, tags.closing(name)) > 0
    number = np.cumsum(heads) - 1
    meant = {meaning: i for i, meaning in enumerate(dict.fromkeys(meanings.values()))}
    code = np.array([-1 if word[:1] == b"/" else meant.get(meanings.get(_local(word), ""), -1) for word in tags.words])[
        tags.kind
    ]
    value = tags.of([word[:1] != b"/" and word.endswith(b"Value") for word in tags.words]) & (code < 0)
    value[1:] &= ~tags.alone[:-1]
    code[1:] = np.where(value[1:], code[:-1], code[1:])  # <HeartRateBpm><Value>
    filled = np.append(tags.start[1:], len(tags.flat)) > tags.end + 1
    told = np.flatnonzero(within & ~tags.alone & filled & (code >= 0))
    elements = {}
    for meaning, i in meant.items():
        where = told[code[told] == i]
        if len(where):
            elements[meaning] = Element(number[where], tags.pieces.take(pa.array(3 * where + 2)))
    return Records(int(heads.sum()), tags.pieces.take(pa.array(3 * np.flatnonzero(heads) + 1)), elements)


def attribute(texts: pa.StringArray, name: str) -> pa.StringArray:
    """The value of an attribute in each of the records' attributes; null where it has none."""
    found = pc.extract_regex(texts, pattern=rf'(?:^|\s){name}="(?P<value>[^"]*)"')
    return pc.struct_field(found, [0])


def local(tag: object) -> str:
    """A tag's name without namespace, or without the prefix of one that nobody declared."""
    return str(tag).rpartition("}")[2].rpartition(":")[2]


def _plain(data: bytes, names: Collection[str]) -> Tags | None:
    """The document's tags, if it is plain as it stands."""
    if len(data.translate(None, _CONTROLS)) != len(data):
        return None
    declaration = _DECLARATION.match(data)
    if declaration and (declaration[1] or b"utf-8").lower() not in (b"utf-8", b"us-ascii"):
        return None
    data = data[declaration.end() :] if declaration else data
    try:
        if b"<?" in data or not (data.isascii() or data.decode()):
            return None
        tags = Tags(data)
    except ValueError:
        return None
    heads, tails = tags.opening(*names), tags.closing(*names)
    if heads.any() and tails.any():
        first, last = tags.start[heads.argmax()], tags.end[len(tails) - 1 - tails[::-1].argmax()]
        if data.find(b"&", first, last) >= 0 or data.find(b"<!", first, last) >= 0:
            return None  # around the records libxml2 reads these
    nested = (_depth(heads, tails) > 1).any()
    return tags if tags.are_sound() and not nested else None


def _is_aside(word: bytes) -> bool:
    """Whether a tag is a comment or CDATA, without any tag in it."""
    return word[:1] == b"!" and word.endswith((b"--", b"]]"))


def _tree(data: bytes) -> tuple[etree._Element, list[str]]:
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


def _local(word: bytes) -> str:
    return word.rpartition(b":")[2].decode("utf-8", "replace")


def _depth(opening: Flags, closing: Flags) -> Places:
    """In how many elements of a kind each tag is."""
    return np.cumsum(opening.astype(np.int8) - closing.astype(np.int8), dtype=np.int64)
