"""Free text from files, in a form that a database, a table and a log line can hold."""

from __future__ import annotations

import re

#: Control characters and halves of surrogate pairs; joiners inside emoji stay.
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")


def one_line(text: str | None, limit: int = 500) -> str | None:
    """The text on one line without control characters, cut at ``limit`` characters; None if nothing is left."""
    return _UNPRINTABLE.sub(" ", text or "").strip()[:limit] or None
