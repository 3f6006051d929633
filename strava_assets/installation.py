"""One installation: settings, database and private store, opened together.

What belongs here: handing the parts to whoever does the work, the command line, Dagster's resources
and tests alike. What does not: any work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from strava_assets.database.connection import Database, open_database, queries
from strava_assets.errors import SettingsError
from strava_assets.privacy import zone_store
from strava_assets.privacy.visibility import Release
from strava_assets.publish.gate import Gate
from strava_assets.publish.ids import public_id
from strava_assets.publish.judging.rules import Rules
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import CSV_PATH
from strava_assets.settings import Settings, load
from strava_assets.stores import Store, open_private


@dataclass(frozen=True)
class Installation:
    """Everything that a deed needs."""

    settings: Settings
    database: Database
    store: Store

    @property
    def release(self) -> Release:
        """What the settings let be shown."""
        return Release(self.settings.import_visibility, self.settings.sources)

    def gate(self) -> Gate:
        """The way to the public root, with the zones in force now.

        Raises
        ------
        SettingsError
            What is public was made with another secret key: with this one every address would change.
        """
        settings = self.settings
        zones = zone_store.in_force(self.database)
        names = ZoneNames(zones)
        athletes = {public: "Athlete" if names.told_by(name) else name for public, name in self.athletes().values()}
        gate = Gate(
            settings.public_root,
            self.database,
            Rules(
                zones=zones,
                key=settings.key(),
                allow_no_zones=settings.publish_without_zones,
                allow_strava_ids=settings.link_to_strava,
                athletes=athletes,
            ),
            self.release,
        )
        shown = {match[1] for path in gate.known() if (match := CSV_PATH.match(path))}
        if shown and shown.isdisjoint(athletes):
            raise SettingsError(
                f"the secret key is not the one that the files in {settings.public_root} were made with. Restore "
                f"{settings.home_path / 'secret.key'} (or STRAVA_ASSETS_SECRET_KEY); or, to go on with new public "
                "addresses, remove those files first"
            )
        return gate

    def athletes(self) -> dict[int, tuple[str, str]]:
        """Public id and name of each athlete, by our id."""
        key = self.settings.key()
        with self.database.transaction() as connection:
            return {
                row["id"]: (public_id(key, "athlete", row["identity"]), row["name"])
                for row in queries().athletes(connection)
            }

    def public_ids(self, rows: Iterable[Mapping[str, Any]]) -> dict[int, tuple[str, str]]:
        """Public ids of athlete and activity by our activity id, for rows of the ``identities`` queries."""
        key, athletes = self.settings.key(), self.athletes()
        return {
            row["id"]: (athletes[row["athlete_id"]][0], public_id(key, "activity", row["identity"])) for row in rows
        }


def open_installation(settings: Settings | None = None) -> Installation:
    """Open what the settings name; the embedded PostgreSQL is started if it is used.

    Raises
    ------
    SettingsError, DatabaseUnavailable, StoreUnavailable
    """
    settings = settings or load()
    return Installation(settings, open_database(settings), open_private(settings))
