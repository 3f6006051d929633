"""What was not imported, why, and what to do about it.

What belongs here: an advice for every reason, and the table of one import. What does not: finding reasons
(``recordings``, ``files``, ``export``).
"""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

from strava_assets.errors import StoreUnavailable
from strava_assets.stores import write_file

_AGAIN = "Get it again from where it came, or export the ride from Strava (its page, Export Original), and import that."
_PACKING = "Unpack it, and import what is inside."
#: What a reason says, and what to do then; the first that fits.
_ADVICE = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (r"password|encrypted|protected", "Unpack it with its password, and import what is inside."),
        (r"gone since|not a regular file|link to nothing", "Put it back, and import again."),
        (r"^a link", "Put what it links to there, and import again."),
        (r"^packed with|two files of this name", "Unpack the zip, and import the folder."),
        (r"leads out of the zip|device or a pipe", "Nobody packs a ride like that; leave it out."),
        (r"ended the reader", "Import it alone; if that fails, too, it can be left out: nothing else depends on it."),
        (r"cannot be read: |permission", "Make it readable for you (chmod u+r), and import again."),
        (r"larger than|too large|unpacks? to|of more than", "No recording is that large: look, or leave it out."),
        (r"packed in a way|a zip of|nested", _PACKING),
        (r"^an empty file|nothing but blanks", _AGAIN),
        (r"route|course|waypoints|kind", "It was never ridden; leave it out. Routes belong into a route planner."),
        (r"neither fit|neither gpx|not xml that|no gpx", "It is no recording; leave it out."),
        (r"cut short|damaged|broken|truncated|crc|gzip|checksum", _AGAIN),
        (r"no samples|without a time|no times|no time", "There is nothing in it that can be shown; leave it out."),
        (r"positions? is valid|outside the world", "Its positions are no places on Earth. " + _AGAIN),
        (r"date|clock", "Correct its date in a text editor, or leave it out."),
    )
)  # fmt: skip
#: Where nothing better is known.
ELSE = "Leave it out, or report it with the file: it may be of a kind that is not known yet."
_COLUMNS = ("file", "why", "what to do")


def advice(reason: str) -> str:
    """What to do about a file that was not imported for this reason; one line."""
    return next((what for pattern, what in _ADVICE if pattern.search(reason)), ELSE)


def write_report(folder: Path, import_id: int, rejected: list[tuple[str, str]]) -> Path:
    """Write what one import did not take, as CSV; only its owner may read it.

    Parameters
    ----------
    folder : Path
    import_id : int
        A repeated import's table replaces the one before.
    rejected : list of (str, str)
        Files, with the reason.

    Raises
    ------
    StoreUnavailable
        It cannot be written; everything else is done.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((_harmless(name), _harmless(reason), advice(reason)) for name, reason in rejected)
    path = folder / f"import-{import_id}-quarantine.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_file(path, text.getvalue().encode(), lambda file: os.chmod(file, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"everything is imported, but {path} cannot be written: {error.strerror}") from error
    return path


def _harmless(cell: str) -> str:
    """Whatever a file is called, a spreadsheet takes it for no formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
