"""Dagster's word "resource": the installation, and Strava, for the assets that need them.

What belongs here: opening them once a process, when first asked. What does not: any deed.
Constructing these reads no settings and opens nothing, so that definitions load anywhere.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from strava_assets.installation import Installation, open_installation
from strava_assets.publish.gate import Gate
from strava_assets.stores import Store


class InstallationResource(dg.ConfigurableResource):
    """Settings, database, private store and the gate of this installation."""

    _opened: Installation | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: Any) -> None:
        """Nothing is opened before it is asked for."""

    @property
    def installation(self) -> Installation:
        """The installation in force, opened on first use."""
        if self._opened is None:
            self._opened = _open_once()
        return self._opened

    @property
    def store(self) -> Store:
        """The private store."""
        return self.installation.store

    def gate(self) -> Gate:
        """The way to the public root, with the zones in force now."""
        return self.installation.gate()


class _Process:
    """What this process has opened: one pool of connections serves every resource and IO manager."""

    @cached_property
    def installation(self) -> Installation:
        return open_installation()


_process = _Process()


def _open_once() -> Installation:
    return _process.installation


def use(installation: Installation) -> None:
    """Let this process's resources share an installation that is open already."""
    _process.__dict__["installation"] = installation
