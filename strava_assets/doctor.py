"""Looking at an installation: settings, database, stores, zones, Strava; what is wrong and what to do.

What belongs here: one row a question. What does not: mending anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from strava_assets import alerts, mail
from strava_assets.errors import StravaAssetsError
from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import zone_store
from strava_assets.publish.csv_files import column_choice
from strava_assets.settings import Settings, unknown_names


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
    for question in (_private, _public, _zones, _strava, _mail):
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
    elif not any(zone.origin == "drawn" for zone in zones):
        yield Row(
            "warn",
            "privacy zones",
            f"none drawn; {len(zones)} places where tracks start or end are hidden "
            "provisionally. Draw your own: strava-assets zones suggest, zones add",
        )
    else:
        yield Row("ok", "privacy zones", f"{len(zones)} drawn")


def _strava(installation: Installation) -> Iterator[Row]:
    settings = installation.settings
    if not (settings.client_id and settings.client_secret):
        yield Row("ok", "Strava application", "not configured; not needed for exports")
        return
    with installation.database.transaction() as connection:
        athletes = connection.execute(
            "select name, state from strava.athlete where access_token is not null or state <> 'active'"
        ).fetchall()
    for athlete in athletes:
        good = athlete["state"] == "active"
        yield Row(
            "ok" if good else "fail",
            f"athlete {athlete['name']}",
            "connected" if good else f"{athlete['state']}: open {settings.base_url}/connect again",
        )
    if not athletes:
        yield Row("warn", "athletes", f"nobody has connected: open {settings.base_url}/connect")


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
    if hasattr(value, "get_secret_value"):
        return "set (not shown)"
    if name == "private_url":
        return settings.private_root
    if name == "public_url":
        return settings.public_root
    return "—" if value is None or value == "" else str(value)
