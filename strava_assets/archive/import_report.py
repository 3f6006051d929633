"""What an import did, for whoever asked for it.

What belongs here: what is counted and said. What does not: printing it (``strava_assets.imports_cli``), the table of
what was rejected (``quarantine``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class ImportReport:
    """What an import did.

    Attributes
    ----------
    import_id : int
    imported, updated, already_there : int
        Activities that are new, changed, or as they were (files that occur twice included).
    no_track : int
        Of all of them, those without any position.
    united : int
        Files that turned out to be activities that were known from elsewhere.
    rejected : list of (str, str)
        Files that could not be read, with the reason in one line.
    odd : list of (str, str)
        Files that were read, with what was odd in one line.
    months : set of str
        ``YYYY-MM`` of everything that changed, a stopped import before this one included; they are asked for.
    bytes : int
        Read from originals.
    seconds : float
    warnings : list of str
        What the owner should know, one line each.
    quarantine : Path or None
        A table of what was rejected, with what to do.
    """

    athlete_id: int
    athlete_name: str
    import_id: int = 0
    imported: int = 0
    updated: int = 0
    already_there: int = 0
    no_track: int = 0
    united: int = 0
    rejected: list[tuple[str, str]] = field(default_factory=list)
    odd: list[tuple[str, str]] = field(default_factory=list)
    months: set[str] = field(default_factory=set)
    bytes: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)
    quarantine: Path | None = None
