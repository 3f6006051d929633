"""Publishers: ours, through the gate; and ones that leak as others do.

What belongs here: from people to public bytes by path. What does not: the attacks.

The leaky ones cut with our own code along the drawn zone's edge, or along a shape that is drawn too often, and keep
what others keep. So an attack meets the same files everywhere; only the promise is broken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import cut_shapes, figures, geodesy, masked, zone_store
from strava_assets.privacy.cut_shapes import CutShape
from strava_assets.privacy.zones import DrawnZone, Zone
from strava_assets.publish import csv_files, map_files, month_files, taking_back, topojson_file
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.settings import Settings
from strava_assets_tests.attacks.people import Person, tables
from strava_assets_tests.attacks.public_files import Floats, View, read

#: Public bytes of one athlete, by path below the athlete's folder.
Files = dict[str, bytes]
#: What is public at one time, by person.
Snapshot = list[Files]


@dataclass
class Ours:
    """An installation whose athletes are the simulated people.

    Attributes
    ----------
    installation : Installation
    people : list of Person
    activities, streams : pa.Table
        Everybody's.
    ids : dict
        Public ids of athlete and activity by our activity id.
    """

    installation: Installation
    people: list[Person]
    activities: pa.Table
    streams: pa.Table
    ids: dict[int, tuple[str, str]]

    def publish(self, rides: Callable[[int], bool] = lambda _: True) -> None:
        """Publish, through the gate, the rides whose number among their owner's satisfies a condition."""
        number = self._number_of_owner()
        chosen = self.activities.filter(pa.array([rides(k) for k in number]))
        taking_back.withdraw_exposed(self.installation.gate())
        zones = zone_store.in_force(self.installation.database)
        frame = masked.mask(chosen, self.streams, zones, {"api"}, masked.fingerprints(chosen, zones, {"api"}))
        gate = self.installation.gate()
        month_files.publish_month(
            frame,
            lambda wanted: self.streams.filter(pc.is_in(self.streams.column("activity_id"), pa.array(wanted))),
            self.ids,
            {},
            gate,
            frozenset(),
        )
        features = map_files.features_of(frame, self.ids, ZoneNames(gate.rules.zones))
        map_files.until_alone(gate, lambda: map_files.publish_map(gate, features))
        map_files.publish_summaries(gate)

    def cover_ends(self, rides: Callable[[int], bool] = lambda _: True) -> None:
        """Provisional zones for these rides' ends, as a run makes them before it masks."""
        kept = self.activities.filter(pa.array([rides(k) for k in self._number_of_owner()])).to_pandas()
        ends = np.vstack([kept[["first_lng", "first_lat"]].to_numpy(), kept[["last_lng", "last_lat"]].to_numpy()])
        zone_store.cover_ends(self.installation.database, ends)

    def public(self) -> Snapshot:
        """What lies in the public folder now, by person."""
        root = Path(self.installation.settings.public_root)
        folder_of = {athlete: public for athlete, (public, _) in self.installation.athletes().items()}
        return [
            {
                str(path.relative_to(root / folder)): path.read_bytes()
                for path in (root / folder).rglob("*")
                if path.is_file()
            }
            for folder in (folder_of[person.number + 1] for person in self.people)
        ]

    def centers(self) -> list[Floats]:
        """The middle of the shape that is cut for each person, metres in their city; no stranger has it."""
        shapes = {zone.name: zone.shape for zone in zone_store.in_force(self.installation.database)}
        own = [(person, shapes[person.zone.name]) for person in self.people]
        return [
            person.metres(np.array([shape.center]))[0] + np.array(shape.geometry.centroid.coords[0])
            for person, shape in own
        ]

    def _number_of_owner(self) -> list[int]:
        owner = self.activities.column("athlete_id").to_numpy()
        first = np.searchsorted(owner, owner)
        return (np.arange(len(owner)) - first).tolist()


@contextmanager
def ours(people: list[Person], settings: Settings) -> Iterator[Ours]:
    """An installation of one's own that knows the people and their rides; nothing is drawn or published yet."""
    installation = open_installation(settings)
    activities, streams = tables(people)
    with installation.database.transaction() as connection:
        for person in people:
            connection.execute("insert into strava.athlete (name) values (%s)", (f"Athlete {person.number}",))
        connection.execute(
            "insert into strava.activity (athlete_id, identity, start_time, month, state, visibility, api) "
            "select a, 'strava:' || n, '2024-05-01', '2024-05-01', 'landed', 'everyone', '{}' "
            "from unnest(%s::int[], %s::int[]) with ordinality as t(a, n, k) order by k",
            (activities.column("athlete_id").to_pylist(), activities.column("activity_id").to_pylist()),
        )
        rows = connection.execute("select id, athlete_id, identity from strava.activity order by id").fetchall()
    assert [row["id"] for row in rows] == activities.column("activity_id").to_pylist()
    yield Ours(installation, people, activities, streams, installation.public_ids(rows))
    installation.database.close()


#: How `ours` is used.
World = AbstractContextManager[Ours]


@dataclass(frozen=True)
class Leaks:
    """What a leaky publisher keeps.

    Attributes
    ----------
    totals : callable or None
        From a ride's true distance (m) to the one that is published; None: the visible one.
    speed : bool
        Whether ``average_speed`` and ``moving_time`` are the whole ride's.
    rows : set of str
        Of ``time`` and ``distance``, those that the CSV's rows count from the hidden start.
    csvs : bool
        Whether there are CSVs at all.
    summaries : bool
        Whether the weekly figures are added up from whole rides.
    """

    totals: Callable[[float], float] | None = None
    speed: bool = False
    rows: frozenset[str] = frozenset()
    csvs: bool = True
    summaries: bool = False


def edge(person: Person) -> CutShape:
    """The drawn zone itself, cut as it was drawn."""
    zone = person.zone.geometry
    center = geodesy.middle(zone)
    return CutShape(center, geodesy.geometry_to_plane(zone, center))


def drawn(person: Person) -> CutShape:
    """A shape like ours. Whoever calls it twice leaks."""
    return cut_shapes.draw(person.zone.geometry)


@dataclass
class Leaky:
    """Rides cut by a leaky publisher's shapes, ready to be written with whatever else leaks."""

    people: list[Person]
    activities: pa.Table
    streams: pa.Table
    frame: geopandas.GeoDataFrame

    def public(self, leaks: Leaks) -> Snapshot:
        """Public files by person."""
        rows = self.activities.to_pylist()
        ids = {row["activity_id"]: (str(row["athlete_id"]), f"{row['activity_id']:016x}") for row in rows}
        features = map_files.features_of(self.frame, ids, ZoneNames([]))
        truth = {f"{row['activity_id']:016x}": row for row in rows}
        files: list[Files] = []
        for person in self.people:
            members = features.get(str(person.number + 1), [])
            for feature in members:
                whole = truth[feature.properties["actID"]]
                if leaks.totals:
                    feature.properties["distance"] = leaks.totals(whole["distance"])
                if leaks.speed:
                    feature.properties.update({name: whole[name] for name in ("average_speed", "moving_time")})
            files.append({"activities.topojson": topojson_file.encode(members)})
            if leaks.summaries:
                files[-1]["weekly.json"] = json.dumps(
                    [
                        {"start": f.properties["startDate"], "distance": truth[f.properties["actID"]]["distance"]}
                        for f in members
                    ]
                ).encode()
        if leaks.csvs:
            place = {person.number: k for k, person in enumerate(self.people)}
            for athlete, name, data in self._csvs(leaks.rows):
                files[place[athlete]][f"streams/stream_{name}.csv"] = data
        return files

    def _csvs(self, absolute: frozenset[str]) -> Iterator[tuple[int, str, bytes]]:
        shown = self.frame[self.frame["hidden_because"].isna()]
        ids = [int(number) for number in shown["activity_id"]]
        month = masked.MonthSamples.of(self.streams, ids)
        runs = masked.runs_of(shown, month)
        visible = figures.rebased(month.samples, runs, month.channels["distance"])
        owner = runs.activity[visible.run]
        columns = {name: values[visible.index] for name, values in month.channels.items() if name != "moving"}
        columns["segment"] = (visible.run - np.searchsorted(runs.activity, np.arange(len(ids)))[owner]).astype(float)
        if "time" not in absolute:
            columns["time"] = visible.time
        if "distance" not in absolute:
            columns["distance"] = visible.distance
        starts = np.searchsorted(owner, np.arange(len(ids) + 1)).astype(np.int64)
        athletes = (shown["athlete_id"].astype(int) - 1).tolist()
        for athlete, activity, data in zip(athletes, ids, csv_files.encode(columns, starts), strict=True):
            yield athlete, f"{activity:016x}", data


def leaky(people: list[Person], shape: Callable[[Person], CutShape] = edge) -> Leaky:
    """Cut everybody's rides by a shape of the publisher's choice."""
    activities, streams = tables(people)
    zones = [Zone(p.number, "", p.zone.geometry, p.number, shape(p)) for p in people]
    return Leaky(people, activities, streams, _masked(activities, streams, zones))


def _masked(activities: pa.Table, streams: pa.Table, zones: Sequence[Zone]) -> geopandas.GeoDataFrame:
    return masked.mask(activities, streams, zones, {"api"}, masked.fingerprints(activities, zones, {"api"}))


def draw_zones(world: Ours, expansion: float = cut_shapes.EXPANSION) -> None:
    """Everybody draws the zone around their home."""
    zone_store.add(world.installation.database, [person.zone for person in world.people], expansion=expansion)


def draw_zones_again(world: Ours) -> None:
    """Everybody removes their zone, and draws it again."""
    database = world.installation.database
    for zone in zone_store.in_force(database):
        zone_store.remove(database, zone.id)
        zone_store.add(database, [DrawnZone(zone.name, zone.geometry)])


def rename_zones(world: Ours) -> None:
    """Everybody draws the zone a little smaller under another name, then removes the first one."""
    database = world.installation.database
    for zone in zone_store.in_force(database):
        person = world.people[int(zone.name.split()[-1])]
        zone_store.add(database, [DrawnZone(f"Again {person.number}", person.disc(0.9 * person.radius))])
        zone_store.remove(database, zone.id)


def enlarge_zones(world: Ours, metres: float) -> None:
    """Everybody draws their zone again so much larger, and removes the one before."""
    database = world.installation.database
    for zone in zone_store.in_force(database):
        person = world.people[int(zone.name.split()[-1])]
        radius = math.sqrt(shapely.transform(zone.geometry, person.metres).area / math.pi)
        zone_store.add(database, [DrawnZone(zone.name, person.disc(radius + metres))])
        zone_store.remove(database, zone.id)


def with_rides(person: Person, count: int) -> Person:
    """The same person, with only the first few rides."""
    return replace(person, rides=person.rides[:count])


def views(people: Sequence[Person], files: Snapshot) -> list[View]:
    """What a stranger reads of each person's files."""
    return [read(own, person.metres) for person, own in zip(people, files, strict=True)]


def stacked(snapshots: Sequence[Sequence[View]]) -> list[list[View]]:
    """Versions of everybody → everybody's versions."""
    return [list(own) for own in zip(*snapshots, strict=True)]
