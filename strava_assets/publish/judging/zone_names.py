"""The names of private zones in texts that are to be public (I14)."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

from strava_assets.privacy.zones import Zone


class ZoneNames:
    """Finds the names of private zones in texts, however they are written."""

    def __init__(self, zones: Sequence[Zone]):
        names = {_plain_text(zone.name) for zone in zones}
        self._names = sorted(name for name in names if len(name) >= 2)

    def told_by(self, text: str | None) -> bool:
        """Whether a text tells a zone's name: as words, or (from four letters on) as the beginning of one."""
        if not text or not self._names:
            return False
        plain = f" {_plain_text(text)} "
        return any(f" {name}" + ("" if len(name) >= 4 else " ") in plain for name in self._names)


@functools.lru_cache(maxsize=20_000)  # people name their rides alike
def _plain_text(text: str) -> str:
    """Letters and digits only, without case or accents, words apart by one space."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[\W_]+", " ", bare).split())
