"""What must go before anything else is done: found by the state it is in, not by the event that told of it.

What belongs here: one cheap question to the database, and what follows if it finds something. Whoever learns
something of an account asks it; a crash before that is healed by whoever asks next. What does not: how files are
taken back (``publish.taking_back``), removing a whole person (``purge``).
"""

from __future__ import annotations

from dataclasses import dataclass

from strava_assets.archive.uniting import unite_all
from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.publish.taking_back import withdraw_activities
from strava_assets.strava.tombstones import remove_streams


@dataclass
class Withdrawn:
    """What had to go."""

    activities: int = 0
    streams: int = 0

    def __str__(self) -> str:
        """A few words; none if there was nothing."""
        public = f"{self.activities} activities withdrawn from public" if self.activities else ""
        private = f"{self.streams} originals deleted" if self.streams else ""
        return ", ".join(part for part in (public, private) if part)


def withdraw_hidden(installation: Installation) -> Withdrawn:
    """Withdraw whatever is public and may not be shown now; delete what Strava gave of activities that are gone.

    Parameters
    ----------
    installation : Installation

    Returns
    -------
    Withdrawn

    Raises
    ------
    StoreUnavailable
        Something could not be removed: the next call goes on. Originals stay until everything public has gone.
    """
    found = Withdrawn()
    # a file that turns out to be a ride which Strava shows to nobody may be public until now
    unite_all(installation.database, installation.settings.first_month)
    with installation.database.transaction() as connection:
        rows = queries().hidden_public_objects(
            connection, root=installation.settings.public_root, **installation.release.parameters()
        )
        hidden = [row["path"] for row in rows]
    if hidden:
        withdraw_activities(installation.gate(), hidden)
        found.activities = len(hidden)
    found.streams = remove_streams(installation.database, installation.store)
    return found
