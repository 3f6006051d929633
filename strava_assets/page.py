"""The page as it is to be published: the built files with what the owner chose; and whether the public one is another.

What belongs here: from the settings to those files. What does not: building them (``dashboard.build``), their words
(``dashboard.choices``), writing them (``publish.gate``).
"""

from __future__ import annotations

import hashlib

from strava_assets.dashboard import site_files
from strava_assets.dashboard.choices import chosen
from strava_assets.database.connection import queries
from strava_assets.errors import StravaAssetsError
from strava_assets.installation import Installation
from strava_assets.settings import Settings
from strava_assets.stores import Store


def files(settings: Settings) -> dict[str, bytes]:
    """The page's files, by public path.

    Raises
    ------
    StravaAssetsError
        The page was not built.
    """
    return chosen(site_files(), settings.map_choices, Store(settings.public_root).signed_origin())


def other_than_published(installation: Installation) -> str:
    """Tells of a page that should be public from the one that is; empty if they are the same, or none is public."""
    try:
        wanted = {path: hashlib.sha256(data).hexdigest() for path, data in files(installation.settings).items()}
    except StravaAssetsError:  # it is not built: whoever publishes is told
        return ""
    with installation.database.transaction() as connection:
        rows = queries().public_objects_at(connection, root=installation.settings.public_root, paths=list(wanted))
        there = {row["path"]: row["sha256"] for row in rows}
    if "index.html" not in there or there == wanted:
        return ""
    return hashlib.sha256(repr((sorted(wanted.items()), sorted(there.items()))).encode()).hexdigest()[:16]
