"""Numbers as exports write them: a point or a comma for decimals, and what sets off thousands.

What belongs here: reading one cell by a rule, and what a cell says about the rule. What does not: whose
rule it is: ``export`` decides it once for each block of a table, never cell by cell.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

#: What decimals begin with.
Rule = Literal[".", ","]

_SIMPLE = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,20})?")
_BLANKS = re.compile(r"[\s'’\u2019\u066c]+")
_PLAIN: dict[Rule, re.Pattern[str]] = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d*)?(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d*)?(?:e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII),
}


def number(text: str, rule: Rule = ".") -> float | None:
    """The cell's number; None where it is empty, none, or not written by the rule.

    Parameters
    ----------
    text : str
        ``20500.4``, ``1,073.5`` or, by the other rule, ``1.073,5`` and ``1 073,5`` with any blank.
    rule : {'.', ','}
    """
    if rule == "." and _SIMPLE.fullmatch(text):  # nearly every cell there is
        return float(text)
    plain = _stripped(text)
    if not _PLAIN[rule].fullmatch(plain):
        return None
    value = float(plain.replace(",", "") if rule == "." else plain.replace(".", "").replace(",", "."))
    return value if math.isfinite(value) else None


def telling(text: str) -> Rule | None:
    """The only rule by which the cell can be read; None if it is empty, or can be read by both."""
    plain = _stripped(text)
    by = [rule for rule in _PLAIN if _PLAIN[rule].fullmatch(plain)]
    if len(by) == 2 and re.match(r"[+-]?0[.,]", plain):  # no group of thousands is 0
        return "." if "." in plain else ","
    return by[0] if len(by) == 1 else None


def majority(cells: Iterable[str]) -> Rule | None:
    """The rule that most of the telling cells follow; None if no cell tells."""
    told = Counter(rule for rule in map(telling, cells) if rule)
    return told.most_common(1)[0][0] if told else None


def whole(text: str) -> int | None:
    """A positive whole number of at most 18 digits, as ids are."""
    digits = text.strip().removesuffix(".0")
    return int(digits) if re.fullmatch(r"[1-9][0-9]{0,17}", digits) else None


def _stripped(text: str) -> str:
    return _BLANKS.sub("", text).replace("\u2212", "-")
