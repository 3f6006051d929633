"""Every error that a user can cause or should read, as one small tree.

What belongs here: the classes, and nothing else. A message is one or two lines: what is wrong,
and what to do. The command line prints it and exits with ``exit_code``; a traceback is a bug.
"""

from __future__ import annotations

from datetime import datetime


class StravaAssetsError(Exception):
    """The root: a sentence for a person."""

    exit_code = 1


class SettingsError(StravaAssetsError):
    """A setting or an argument is wrong."""

    exit_code = 2


class DatabaseUnavailable(StravaAssetsError):
    """PostgreSQL cannot be reached, started or brought up to date."""


class StoreUnavailable(StravaAssetsError):
    """The private or the public store cannot be read or written."""


class DamagedTable(StoreUnavailable):
    """A typed table that is no table any more; whoever makes it makes it again."""


class BackupError(StravaAssetsError):
    """A backup that cannot be written, or is none."""


class ArchiveError(StravaAssetsError):
    """An export, or a folder of files, that cannot be imported as a whole."""

    exit_code = 2


class UnreadableRecording(StravaAssetsError):
    """One file that is no recording, or is broken; the others are not affected."""


class ZoneFileError(StravaAssetsError):
    """A privacy zones file that is refused whole; the zones in force stay in force."""

    exit_code = 2


class ProjectionFailed(StravaAssetsError):
    """Positions could not be turned into metres: nobody could say what is near a private place."""


class GateRefused(StravaAssetsError):
    """Bytes that would have broken a privacy invariant; nothing was written."""


class MailNotSent(StravaAssetsError):
    """The mail server did not take a mail: try again."""


class MailRefused(MailNotSent):
    """The mail server, or we, will not do it with these settings."""


class GateOvertaken(GateRefused):
    """What these bytes rest on was withdrawn or changed while they were made; nothing was written."""


class MapOvertaken(GateOvertaken):
    """Another process published this map meanwhile: it is to be made anew from what is so now; nothing was written."""


class StravaError(StravaAssetsError):
    """An answer of Strava that is not the one asked for.

    Attributes
    ----------
    status : int or None
        Of the answer; None if there was none.
    token_refused : bool
        A fresh token may help.
    brief : bool
        The same question may be answered in a second.
    """

    status: int | None = None
    token_refused = False
    brief = False


class StravaNotFound(StravaError):
    """404: it does not exist, or not for us."""


class StravaUnauthorized(StravaError):
    """401: the token or its scopes do not suffice; the athlete must connect again."""


class StravaForbidden(StravaError):
    """The application is refused, not the athlete: it is inactive, unknown, or at its limit of athletes."""


class StravaRateLimited(StravaError):
    """429: the application's quota is spent until ``retry_at`` (aware UTC)."""

    def __init__(self, message: str, retry_at: datetime):
        super().__init__(message, retry_at)  # both: what a process tells another one is made anew from them
        self.retry_at = retry_at

    def __str__(self) -> str:
        return str(self.args[0])


class StravaUnavailable(StravaError):
    """5xx, a time-out, no connection, or an answer that is not JSON: ask again later."""
