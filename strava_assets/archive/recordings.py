"""One activity file to one typed recording, whatever its format.

What belongs here: telling formats apart, by content and never by name. What does not: the formats
themselves (``fit``, ``tracks``), and unpacking (``unpack``).
"""

from __future__ import annotations

import re

from strava_assets.archive.file_names import name_of, sport_of
from strava_assets.archive.fit import is_fit, read_fit
from strava_assets.archive.samples import Recording, assemble
from strava_assets.archive.sport_types import UNKNOWN, by_device
from strava_assets.archive.tracks import is_xml, read_track
from strava_assets.archive.unpack import GZIP, ZIP, content, opening
from strava_assets.errors import UnreadableRecording

__all__ = ["SUFFIXES", "Recording", "extension", "looks_like_recording", "read_recording"]

#: What files of activities are called, case aside.
SUFFIXES = (".fit", ".gpx", ".tcx", ".fit.gz", ".gpx.gz", ".tcx.gz")

_XML_ROOT = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(\w+:)?(gpx|TrainingCenterDatabase)\b", re.DOTALL)


def read_recording(data: bytes, filename: str) -> Recording:
    """Read a FIT, GPX or TCX file, gzipped or not.

    Parameters
    ----------
    data : bytes
        The file as found.
    filename : str
        Its path; tells name and sport where the file does not, never the format.

    Returns
    -------
    Recording
        Times in UTC, positions in degrees (WGS 84), everything else in ``schema.CHANNELS``' units.
        Cadence on foot is strides a minute (steps ÷ 2), which is what the three formats hold.

    Raises
    ------
    UnreadableRecording
        For any bytes that are no recording, or a broken one, with the reason in one line.
    """
    if not data:
        raise UnreadableRecording("an empty file (0 bytes)")
    inside = content(data)
    if is_fit(inside):
        return _named(assemble(read_fit(inside)), filename)
    if is_xml(inside):
        return _named(assemble(read_track(inside)), filename)
    if not inside.strip(b" \t\r\n\0"):
        raise UnreadableRecording("nothing but blanks")
    raise UnreadableRecording("neither FIT, GPX nor TCX")


def _named(recording: Recording, filename: str) -> Recording:
    """What a file does not say of itself, its name may."""
    if recording.name is None:
        recording.name = name_of(filename)
    if recording.sport == UNKNOWN:
        recording.sport = sport_of(filename)
    recording.sport = by_device(recording.sport, recording.device)
    return recording


def looks_like_recording(head: bytes) -> bool:
    """Whether a file of any name is one, to judge by its first few kilobytes."""
    if head[:2] == GZIP:
        head = opening(head)
    return is_fit(head) or _XML_ROOT.match(head.removeprefix(b"\xef\xbb\xbf")) is not None


def extension(data: bytes) -> str:
    """What a file of this content is called: ``fit``, ``gpx`` or ``tcx``, with ``.gz`` or ``.zip``."""
    suffix = ".gz" if data[:2] == GZIP else ".zip" if data[:4] == ZIP else ""
    inside = content(data) if suffix else data
    if is_fit(inside):
        return f"fit{suffix}"
    return f"{'tcx' if b'<Activities' in inside else 'gpx'}{suffix}"
