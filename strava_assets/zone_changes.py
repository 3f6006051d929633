"""What follows from a change of zones: what showed the place is withdrawn and told of, and its months are asked for.

What belongs here: the order of these, and the report for the owner. What does not: changing zones
(``privacy.zone_store``), how files are taken back (``publish.taking_back``), what a command says (``zones_cli``).

Nothing of it asks Strava for anything: what is cut anew is read from the private store.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.privacy.zones import Zone
from strava_assets.publish.taking_back import Exposed, withdraw_exposed
from strava_assets.requests import ZONES, months_in_reach, request_months


@dataclass(frozen=True)
class Consequences:
    """What became of a change.

    Attributes
    ----------
    exposed : list of Exposed
        Activities that were public and showed the place, newest first; they were withdrawn.
    report : Path or None
        The private file that names all of them.
    months : int
        To be done again.
    """

    exposed: list[Exposed]
    report: Path | None
    months: int


def follow_up(installation: Installation, zones: Sequence[Zone]) -> Consequences:
    """Withdraw what the zones in force forbid, report it, and have the months in reach of changed zones done again.

    Parameters
    ----------
    installation : Installation
    zones : sequence of Zone
        Those that changed.

    Raises
    ------
    StoreUnavailable, GateRefused
        Something could not be withdrawn, or the report not be written; the months are asked for nevertheless.
    """
    months = months_in_reach(installation.store, zones)
    request_months(installation.database, months, ZONES)  # first: a crash below must not lose them
    found: set[Exposed] = set()
    try:
        withdraw_exposed(installation.gate(), found.update)
    finally:
        exposed = sorted(found, reverse=True)
        report = _report(installation.settings.home_path / "reports", exposed) if exposed else None
    return Consequences(exposed, report, len(months))


def _report(folder: Path, exposed: Collection[Exposed]) -> Path:
    """A table for the owner's eyes."""
    path = folder / f"shown-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.csv"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["date", "name", "path"])
            writer.writerows((each.date, each.name, each.path) for each in exposed)
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error.strerror}") from error
    return path
