"""What a fault is.

What belongs here: its shape. What does not: the faults, `cutting` and `publishing`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    name : str
        In words.
    file : str
        Below ``strava_assets``.
    before, after : str
        What stands there, and what is planted in its place.
    tests : tuple of str
        Below ``strava_assets_tests``: one of these has to fail.
    """

    name: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
