"""Whose trouble it is when an activity cannot be read: its own, or Strava's.

What belongs here: the one question that tells. What does not: who waits then, and for how long (``draining``,
``landing``), nor what an answer means by itself (``answers``).
"""

from __future__ import annotations

from strava_assets.errors import StravaError, StravaForbidden, StravaRateLimited, StravaUnauthorized, StravaUnavailable
from strava_assets.strava.client import StravaClient

#: Errors that may mean that Strava answers nothing, or nothing to us; after a `Probe`, they do mean it.
OUTAGE = (StravaUnavailable, StravaForbidden)


class Probe:
    """Asks, where an activity cannot be read, whether Strava answers us at all: 500, 503 and 403 may mean either.

    Parameters
    ----------
    lasting : bool
        One answer is good for the probe's life, which is seconds then. Else every failure asks again.
    """

    def __init__(self, lasting: bool = False):
        self._lasting, self._answered = lasting, False

    def judge(self, error: StravaError, client: StravaClient | None) -> StravaError:
        """What a failed read of an activity means for the others.

        Parameters
        ----------
        error : StravaError
            The read's.
        client : StravaClient or None
            The one that read; None if there was none. It may spend a read, or a few on a Strava that is down.

        Returns
        -------
        StravaError
            One of `OUTAGE`: Strava is down. `StravaRateLimited` or `StravaUnauthorized`: as ever. Any other:
            the trouble is the activity's own.
        """
        if client is None or not isinstance(error, OUTAGE):
            return error
        if not (self._lasting and self._answered):
            try:
                client.athlete()
            except (StravaRateLimited, StravaUnauthorized) as told:
                return told
            except StravaError:
                return error
        self._answered = True
        return StravaError(str(error))
