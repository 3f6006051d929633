"""Free text from files, in a form that a database, a table and a log line can hold.

What belongs here: putting words into one form. What does not: what they mean.
"""

from __future__ import annotations

import re
import unicodedata

#: Control characters and halves of surrogate pairs; joiners inside emoji stay.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
#: Accents of Latin letters, once decomposed. Those of kana are other characters, and stay.
_ACCENTS = re.compile(r"[\u0300-\u036f]+")


def one_line(text: str | None, limit: int = 500) -> str | None:
    """The text on one line without control characters, cut at ``limit`` characters; None if nothing is left."""
    return _UNPRINTABLE.sub(" ", text or "").strip()[:limit] or None


def unaccented(text: str) -> str:
    """Lower case, without accents, wide and narrow forms made one, and every run of blanks one space."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return " ".join(unicodedata.normalize("NFKC", decomposed).casefold().split())


def letters(text: str) -> str:
    """Letters and digits alone, so that ``Max. Herzfrequenz`` and ``max herzfrequenz`` are one word."""
    return re.sub(r"[\W_]+", "", unaccented(text))
