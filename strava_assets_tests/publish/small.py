"""A public root of four tiny rides: written through the real gate, on a database that their tests share.

What belongs here: these rides, and where they lie. What does not: rides that are cut; `worlds` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from strava_assets.database.connection import Database
from strava_assets.privacy import zone_store
from strava_assets.privacy.visibility import Release
from strava_assets.privacy.zones import Zone
from strava_assets.publish import csv_files, map_files
from strava_assets.publish.gate import Gate
from strava_assets.publish.judging.rules import Rules
from strava_assets.publish.paths import csv_path
from strava_assets.publish.topojson_file import CELL, Feature, arcs_of
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.publish.test_csv_judging import HOME, csv
from strava_assets_tests.publish.test_judging import ADA, EVE, PROPERTIES

#: Rides 1 to 3 are Ada's, ride 4 is Eve's; ride n begins n times 5 km east of home, and goes on for 1,100 m.
OWNERS = (ADA, ADA, ADA, EVE)
IDS = {number: (owner, f"{number:016x}") for number, owner in enumerate(OWNERS, 1)}
PATHS = {number: csv_path(*pair) for number, pair in IDS.items()}
FILES = {path: csv(5_000.0 * number) for number, path in PATHS.items()}
#: What the inputs of a CSV are remembered by.
PRINTS = {path: f"print {number}" for number, path in PATHS.items()}


def east(metres: float) -> Place:
    """A place so far east of home."""
    [(lon, lat)] = HOME.degrees(np.array([(metres, 0.0)]))
    return Place(float(lon), float(lat))


def zone_at(number: float, name: str = "Rosenhof") -> Zone:
    """A zone on a ride's first row; or, for a share of a number, so far beyond it."""
    return replace(around(east(5_000.0 * number), number=round(100 * number)), name=name)


def feature(number: int, **given: Any) -> Feature:
    """A ride as it is on the map."""
    lines = csv_files.located_lines(csv_files.decode(FILES[PATHS[number]]))
    (arcs,), (box,) = arcs_of([shapely.MultiLineString([np.rint(line / CELL) * CELL for line in lines])])
    own = {"actID": IDS[number][1], "name": f"Ride {number}", "startDate": f"2024-05-0{number}"}
    return Feature(PROPERTIES | own | given, arcs, f"print {number}", box)


FEATURES = {ADA: [feature(number) for number in (1, 2, 3)], EVE: [feature(4)]}


@dataclass
class Small:
    """A public root of these rides, and the zones that are in force."""

    root: Path
    database: Database
    zones: list[Zone] = field(default_factory=lambda: [around(HOME)])
    athletes: dict[str, str] = field(default_factory=lambda: {ADA: "Ada", EVE: "Eve"})
    strava_ids: bool = False

    def gate(self, url: str = "") -> Gate:
        """The way to it, under the zones of now."""
        rules = Rules(list(self.zones), b"key of ours", False, self.strava_ids, dict(self.athletes))
        return Gate(url or str(self.root), self.database, rules, Release("hidden", ("api",)))

    def publish(self, gate: Gate | None = None) -> Gate:
        """All four rides, the maps, and the figures."""
        gate = gate or self.gate()
        gate.publish(FILES, activities={path: number for number, path in PATHS.items()}, fingerprints=PRINTS)
        map_files.publish_map(gate, FEATURES)
        map_files.publish_summaries(gate)
        return gate

    def sql(self, text: str, *given: Any) -> list[dict[str, Any]]:
        """Say something to the database."""
        with self.database.transaction() as connection:
            cursor = connection.execute(text, given)
            return cursor.fetchall() if cursor.description else []

    def hide(self, *numbers: int) -> None:
        """Nobody may see these rides any more; who has to withdraw them was not told yet."""
        self.sql("update strava.activity set visibility = 'only_me' where id = any(%s)", list(numbers))

    def is_written(self) -> bool:
        """Whether somebody has the turn to write, as anybody else sees it."""
        [row] = self.sql("select pg_try_advisory_xact_lock(%s) as free", zone_store.LOCK)
        return not row["free"]

    def there(self) -> list[str]:
        """Every file that lies in the root."""
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())

    def shown(self, athlete: str = ADA) -> dict[str, str]:
        """Names on an athlete's map, by the ride's id."""
        there = self.gate().map_of(athlete)
        return {f.properties["actID"]: f.properties["name"] for f in there.features} if there else {}


def publics(numbers: Sequence[int]) -> list[str]:
    """Public ids of rides."""
    return [IDS[number][1] for number in numbers]
