"""Times of day in free texts (I6): who never named a ride has it named by a recorder, by when it began.

What belongs here: finding an instant in a name, and leaving it out. What does not: other values (`invariants`), names
of zones. A time without a date is let be: it may as well be a result, or a pace.
"""

from __future__ import annotations

import re

_MONTH = r"[^\W\d_]{3,9}\.?"
_ISO = r"\d{4}[-._/]?\d{2}[-._/]?\d{2}"
_WORDY = rf"\d{{1,2}}[. -]*{_MONTH}[ ,-]*\d{{2,4}}|{_MONTH} \d{{1,2}},? \d{{4}}"
_DAY = rf"(?:{_ISO}|\d{{1,2}}[-./]\d{{1,2}}[-./]\d{{2,4}}|{_WORDY})"
_TIME = r"(?:\d{1,2}[:h]\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]\.?m\b\.?)?|\d{1,2} ?[ap]\.?m\b\.?)"
#: As in the names of files, where there are no colons.
_BARE = r"(?:[01]\d|2[0-3])[-._]?[0-5]\d(?:[-._]?[0-5]\d)?"
_ZONE = r"(?:Z\b|[+-]\d{2}:?\d{2}\b)?"
_INSTANT = re.compile(
    rf"(?<!\d)(?:{_DAY}(?:[T ,@_-]{{1,3}}|\W+at\W+){_TIME}{_ZONE}"
    rf"|{_ISO}[T _-]{_BARE}(?!\d){_ZONE}"
    rf"|{_TIME}[ ,@_-]{{1,3}}{_DAY}"
    r"|1\d{9}(?:\d{3})?(?!\d))",
    re.IGNORECASE,
)


def tells_instant(text: str | None) -> bool:
    """Whether a day and a time stand together in a text, or a count of seconds since 1970."""
    return bool(text and _INSTANT.search(text))


def without_instant(text: str | None) -> str | None:
    """The text without them; None where no word is left. Any other text is what it was."""
    if not tells_instant(text):
        return text
    rest = re.sub(r"\(\s*\)|\[\s*\]", " ", _INSTANT.sub(" ", str(text)))
    rest = " ".join(re.sub(r"[\s_]+", " ", rest).split()).strip(" -,@.")
    return rest if re.search(r"[^\W\d_]{2}", rest) else None
