"""Looking at an installation: settings, database, stores, zones, Strava; what is wrong and what to do.

What belongs here: one row a question. What does not: mending anything.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
from pydantic import SecretStr

from strava_assets import alerts, mail
from strava_assets.database.connection import locate, one_line, queries
from strava_assets.errors import DatabaseUnavailable, StravaAssetsError, StravaError, StravaForbidden
from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import zone_store
from strava_assets.publish.csv_files import column_choice
from strava_assets.secret_values import AWS, FILE, GOOGLE, reference_of
from strava_assets.settings import Settings, unknown_names
from strava_assets.strava import oauth, subscriptions
from strava_assets.strava.account import clients
from strava_assets.strava.backlog import cost
from strava_assets.strava.client import http_options
from strava_assets.strava.webhooks import verify_token

#: Seconds that Strava waits for the callback.
_STRAVA_WAITS = 2.0
#: A daemon whose heart did not beat for so many seconds does not run.
_HEARTBEAT = 120.0
_KEPT = {"": "set", FILE: "in a file", AWS: "in AWS Secrets Manager", GOOGLE: "in Google Secret Manager"}


@dataclass(frozen=True)
class Row:
    """One answer: ``ok``, ``warn`` or ``fail``."""

    verdict: str
    what: str
    found: str


def examine(settings: Settings) -> list[Row]:
    """Ask every question; one that cannot be asked is a failed row, not an exception."""
    rows = [Row("ok", str(field.alias), _shown(settings, name)) for name, field in type(settings).model_fields.items()]
    rows += [
        Row("warn", name, "is no setting" + (f"; did you mean {nearest}?" if nearest else ""))
        for name, nearest in unknown_names().items()
    ]
    try:
        installation = open_installation(settings)
    except StravaAssetsError as error:
        return [*rows, Row("fail", "database and private store", str(error))]
    rows.append(Row("ok", "database", "up to date"))
    for question in (_private, _public, _zones, _strava, _subscription, _daemon, _mail):
        try:
            rows += question(installation)
        except StravaAssetsError as error:
            rows.append(Row("fail", question.__name__.strip("_"), str(error)))
    return rows


def _private(installation: Installation) -> Iterator[Row]:
    installation.store.write("doctor.txt", b"written by strava-assets doctor\n")
    installation.store.delete("doctor.txt")
    yield Row("ok", "private store", installation.store.url)


def _public(installation: Installation) -> Iterator[Row]:
    column_choice(installation.settings.public_columns)
    count = len(installation.gate().known())
    yield Row("ok", "public root", f"{installation.settings.public_root}: {count:,} files")


def _zones(installation: Installation) -> Iterator[Row]:
    zones = zone_store.in_force(installation.database)
    if installation.settings.publish_without_zones:
        yield Row("warn", "privacy zones", "STRAVA_ASSETS_PUBLISH_WITHOUT_ZONES is set: nothing is hidden")
        return
    drawn = sum(zone.origin == "drawn" for zone in zones)
    found = len({zone.shape_id for zone in zones if zone.origin == "provisional"})
    if not drawn:
        yield Row(
            "warn",
            "privacy zones",
            f"none drawn; {found} places where tracks start or end are hidden "
            "provisionally. Draw your own: strava-assets zones suggest, zones add",
        )
    else:
        rest = f"; {found} more places are hidden until you decide: strava-assets zones list" if found else ""
        yield Row("ok", "privacy zones", f"{drawn} drawn{rest}")


def _strava(installation: Installation) -> Iterator[Row]:
    settings = installation.settings
    if not (settings.client_id and settings.client_secret):
        yield Row("ok", "Strava application", "not configured; not needed for exports")
        return
    with installation.database.transaction() as connection:
        athletes = list(queries().tokens_of_everyone(connection))
    client_for = clients(settings, installation.database)
    for athlete in athletes:
        who = f"athlete {athlete['name']}"
        missing = oauth.judge_scopes(",".join(athlete["scopes"]))
        try:
            client_for(athlete["id"]).athlete()  # one read, which also tells how many are left
        except StravaForbidden as error:  # the application's owner let the subscription to Strava end
            yield Row("fail", "Strava application", str(error))
            break
        except StravaError as error:
            yield Row("fail", who, str(error))
            continue
        if missing:
            yield Row("warn", who, f"connected, but not everything was allowed: {'; '.join(missing)}")
        else:
            yield Row("ok", who, "connected")
    if not athletes:
        yield Row("warn", "athletes", f"nobody has connected: open {settings.base_url}/connect")
    yield Row("ok", "API reads", cost(settings, installation.database))


def _subscription(installation: Installation) -> Iterator[Row]:
    settings = installation.settings
    if not (settings.client_id and settings.client_secret):
        return
    there = subscriptions.list_subscriptions(settings)
    if not there:
        yield Row(
            "warn", "webhook", "no subscription: new rides wait for the reconcile. strava-assets subscription create"
        )
    elif there[0].callback_url != subscriptions.callback_url(settings):
        yield Row(
            "fail",
            "webhook",
            "Strava sends events to another address than STRAVA_ASSETS_BASE_URL and this key make: "
            "strava-assets subscription delete, then create",
        )
    else:
        yield Row("ok", "webhook", f"subscription {there[0].id}")
    yield _callback(settings)


def _callback(settings: Settings) -> Row:
    """What Strava's handshake would find, asked from here."""
    began, challenge = time.monotonic(), secrets.token_hex(8)
    asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token(settings)}
    try:
        with httpx.Client(timeout=_STRAVA_WAITS, **http_options(settings.base_url)) as http:
            answer = http.get(subscriptions.callback_url(settings), params=asked)
        good = answer.status_code == 200 and answer.json() == {"hub.challenge": challenge}
    except (httpx.HTTPError, ValueError):
        good = False
    took = time.monotonic() - began
    if good and took < _STRAVA_WAITS:
        return Row("ok", "callback", f"{settings.base_url} answers the handshake within {took:.1f} s")
    return Row(
        "warn",
        "callback",
        f"{settings.base_url} does not answer Strava's handshake within {_STRAVA_WAITS:.0f} s from here: "
        "is the gateway up (strava-assets up), and is the address the one that reaches it?",
    )


def _daemon(installation: Installation) -> Iterator[Row]:
    """By its heartbeats: sensors and schedules run only while it lives."""
    try:
        with psycopg.connect(locate(installation.settings).dagster, connect_timeout=10) as connection:
            row = connection.execute(
                "select extract(epoch from now() - max(timestamp) at time zone 'utc') from daemon_heartbeats"
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"Dagster's database does not answer: {one_line(error)}") from error
    age = None if row is None or row[0] is None else float(row[0])
    if age is not None and age < _HEARTBEAT:
        yield Row("ok", "Dagster daemon", f"its heart beat {age:.0f} s ago")
    else:
        last = "it never ran here" if age is None else f"its last heartbeat was {age / 60:,.0f} minutes ago"
        yield Row("warn", "Dagster daemon", f"{last}: nothing follows the account until strava-assets up")


def _mail(installation: Installation) -> Iterator[Row]:
    settings = installation.settings
    missing = alerts.missing(settings)
    if settings.smtp_url is None or settings.alert_email is None:
        here = "nobody is told of failures; to be told, set " if len(missing) > 1 else "nobody is told without "
        yield Row("ok" if len(missing) > 1 else "warn", "mail", here + " and ".join(missing))
        return
    mail.greet(mail.mail_server(settings.smtp_url.get_secret_value()))
    yield Row("ok", "mail", "the server answers; nothing was sent")


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if name == "database_url":
        return "set" if value else "embedded PostgreSQL"
    if isinstance(value, SecretStr):
        return f"{_KEPT[(reference_of(value) or '').partition(':')[0]]} (not shown)"
    if name == "private_url":
        return settings.private_root
    if name == "public_url":
        return settings.public_root
    return "—" if value is None or value == "" else str(value)
