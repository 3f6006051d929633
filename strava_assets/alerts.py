"""What is wrong, and telling the owner by mail: once when it begins, once when it is over.

What belongs here: what counts as trouble, what is known of it (table ``alert``), when a mail is due and what
it says. What does not: SMTP (``mail``), reading Dagster's runs (``runs``), looking by the clock (``sensors``).
A mail names no place, ride or zone and holds no secret: error messages may, so they are not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from strava_assets import mail
from strava_assets.database.connection import Database, queries
from strava_assets.errors import MailNotSent, MailRefused
from strava_assets.settings import Settings

#: Mails in an hour and in a day; what comes to pass beyond is gathered for the next.
AN_HOUR, A_DAY = 6, 24
#: Lines about one kind of trouble in one mail.
_SHOWN = 20


@dataclass(frozen=True)
class Run:
    """A finished run of Dagster.

    Attributes
    ----------
    id, job : str
    partitions : tuple of str
        In order; empty for a job that has none.
    ended_at : datetime
        Aware.
    recovers : tuple of str
        Jobs whose success makes a failure of this one good.
    failure : str or None
        Why, in words; None: it succeeded.
    """

    id: str
    job: str
    partitions: tuple[str, ...]
    ended_at: datetime
    recovers: tuple[str, ...]
    failure: str | None = None


def missing(settings: Settings) -> list[str]:
    """Names of the settings that mail needs and that are not set."""
    needed = {"STRAVA_ASSETS_ALERT_EMAIL": settings.alert_email, "SMTP_URL": settings.smtp_url}
    return [name for name, value in needed.items() if value is None]


def watch(settings: Settings, database: Database, runs: Iterable[Run], now: datetime | None = None) -> str:
    """Note what began and what is over, and tell what is not told yet.

    Parameters
    ----------
    settings : Settings
        With both settings that mail needs.
    database : Database
    runs : iterable of Run
        Finished since the last look, the oldest first. Ones that were seen before do no harm.
    now : datetime, optional
        Aware.

    Returns
    -------
    str
        How it stands, without names.
    """
    now = now or datetime.now(UTC)
    with database.transaction() as connection:
        for run in runs:
            _note_run(connection, settings, run)
        _note_athletes(connection, settings, now)
        _note_events(connection, now)
        _note_withdrawal(connection, now)
        _note_reading(connection, settings, now)
    return _tell(settings, database, now)


def _note_run(connection: Any, settings: Settings, run: Run) -> None:
    if run.failure is None:
        queries().end_of_runs(connection, job=run.job, partitions=list(run.partitions), at=run.ended_at)
        return
    again = "" if run.partitions else "\nWhen the cause is gone: run it again on that page"
    _note(
        connection,
        subject=f"run:{run.job}",
        jobs=list(run.recovers),
        partitions=list(run.partitions),
        title=f"the run of {run.job}",
        wrong=f"failed{run.failure}",
        remedy=f"See http://127.0.0.1:{settings.dagster_port}/runs/{run.id}{again}",
        since=run.ended_at,
        seen_at=run.ended_at,
        lasting=False,
    )


def _note_athletes(connection: Any, settings: Settings, now: datetime) -> None:
    queries().forget_who_left(connection)
    queries().end_of_reconnects(connection, now=now)
    for athlete in queries().athletes_to_connect_again(connection):
        _note(
            connection,
            subject=f"athlete:{athlete['id']}",
            athlete_id=athlete["id"],
            title=f"the connection of {athlete['name']} to Strava",
            wrong="is refused: nothing new arrives",
            remedy=f"Open {settings.base_url}/connect and allow access again",
            since=now,
            seen_at=now,
        )


def _note_events(connection: Any, now: datetime) -> None:
    stuck = queries().events_stuck(connection, now=now)
    outcome = _nameless(stuck["outcome"] or "Nobody has looked at them yet")
    _note_stuck(
        connection,
        stuck,
        now,
        subject="events",
        title="following Strava's events",
        wrong=f"stands still: {stuck['events']} have waited for more than an hour. {outcome}",
        remedy="They are tried again by themselves. What can be mended here: strava-assets doctor",
    )


def _note_withdrawal(connection: Any, now: datetime) -> None:
    stuck = queries().withdrawal_stuck(connection, now=now)
    _note_stuck(
        connection,
        stuck,
        now,
        subject="withdrawal",
        title="withdrawing what may not be shown",
        wrong="fails: what must be withdrawn could not be, and may still be public. "
        f"Events that wait for it for more than an hour: {stuck['events']}",
        remedy="It is tried again by itself. Look at the public root's store; strava-assets doctor",
    )


def _note_stuck(connection: Any, stuck: Mapping[str, Any], now: datetime, *, subject: str, **words: str) -> None:
    """Events that are stuck are trouble; none are the end of it."""
    if stuck["events"]:
        _note(connection, subject=subject, since=stuck["since"], seen_at=now, **words)
    else:
        queries().end_of_trouble(connection, subject=subject, now=now)


def _note_reading(connection: Any, settings: Settings, now: datetime) -> None:
    stuck = queries().reading_stuck(connection, application=settings.client_id or "", now=now)
    if stuck is None:
        queries().end_of_trouble(connection, subject="reading", now=now)
    elif stuck["lasts"]:
        _note(
            connection,
            subject="reading",
            title="reading from Strava",
            wrong=f"fails again and again: {_nameless(stuck['reason'])}",
            remedy="It is tried again by itself. What can be mended here: strava-assets doctor",
            since=now,
            seen_at=now,
        )


def _nameless(reason: str) -> str:
    """What Strava's answer meant, without the number of a ride."""
    return re.sub(r"\bactivity \d+", "an activity", reason)


def _note(connection: Any, **values: Any) -> None:
    queries().note_trouble(connection, **{"athlete_id": None, "jobs": [], "partitions": [], "lasting": True, **values})


def _tell(settings: Settings, database: Database, now: datetime) -> str:
    """One mail about everything that is due. It is marked after it was handed in: a crash in between says it twice."""
    if settings.alert_email is None or settings.smtp_url is None:
        return "nobody is told"
    with database.transaction() as connection:
        if not queries().lock_alerts(connection):
            return "another process is telling"
        due = list(queries().untold(connection, now=now))
        if not due:
            found = queries().troubles(connection)
            held = f"; {found['held']} began again and is told later" if found["held"] else ""
            return f"{found['wrong']} wrong, and told{held}" if found["wrong"] else "nothing is wrong"
        lately = queries().mails_lately(connection, now=now)
        waits = f"{len(due)} to be told: "
        if lately["refused_at"] is not None:
            return waits + "the last mail was refused; tried again after a quarter of an hour"
        if lately["this_hour"] >= AN_HOUR or lately["this_day"] >= A_DAY:
            return waits + f"after {lately['this_hour']} mails within an hour they are gathered"
        try:
            mail.send(
                mail.mail_server(settings.smtp_url.get_secret_value()),
                settings.alert_email.get_secret_value(),
                *_words(due),
            )
        except MailRefused as error:
            queries().put_mail(connection, now=now, refused=str(error))
            return waits + f"{error}; tried again after a quarter of an hour"
        except MailNotSent as error:
            return waits + f"{error}; tried again at the next tick"
        queries().mark_told(connection, subjects=[row["subject"] for row in due], now=now)
        queries().put_mail(connection, now=now, refused=None)
    ended = sum(row["ended_at"] is not None for row in due)
    return f"told of {len(due) - ended} that went wrong and {ended} that work again"


def _words(due: list[dict[str, Any]]) -> tuple[str, str]:
    """Subject and text of the mail."""
    wrong = [row for row in due if row["ended_at"] is None]
    ended = [row for row in due if row["ended_at"] is not None]
    told = [f"{row['title']} {row['wrong'].partition(':')[0]}" for row in wrong]
    told += [f"{row['title']} works again" for row in ended]
    counts = [f"{len(rows)} {word}" for rows, word in ((wrong, "wrong"), (ended, "working again")) if rows]
    lines = []
    for row in [*wrong[:_SHOWN], *ended[:_SHOWN]]:
        title = row["title"][0].upper() + row["title"][1:]
        if row["ended_at"] is None:
            lines += [f"{title} {row['wrong']}.", f"Since {_time(row['since'])}.", row["remedy"]]
            lines += [*_months(row["partitions"]), ""]
        else:
            lines += [f"{title} works again.", f"Wrong from {_time(row['since'])} to {_time(row['ended_at'])}.", ""]
    if hidden := max(0, len(wrong) - _SHOWN) + max(0, len(ended) - _SHOWN):
        lines += [f"And {hidden} more; strava-assets doctor and the Dagster UI show how it stands.", ""]
    lines += ["Each is told once, and once more when it works again."] if wrong else []
    return f"strava_assets: {told[0] if len(told) == 1 else ', '.join(counts)}", "\n".join(lines).rstrip() + "\n"


def _months(partitions: list[str]) -> list[str]:
    """Months that failed and did not succeed since, as the commands that do them again."""
    from strava_assets.partitions import ranges  # Dagster's; who looks by the clock has it already

    spans = ["..".join(dict.fromkeys(span)) for span in ranges(partitions, longest=len(partitions))]
    lines = [f"strava-assets materialize --months {span}" for span in spans[:_SHOWN]]
    more = [f"and {len(spans) - _SHOWN} more"] if len(spans) > _SHOWN else []
    return ["When the cause is gone:", *lines, *more] if lines else []


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
