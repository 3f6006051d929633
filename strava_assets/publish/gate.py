"""The gate: the one module that writes under the public root.

It takes bytes, has them decoded and judged again (`judge`), and only if nothing is found writes them,
atomically, changed objects only; withdrawals go through it too. What does not belong here: making the
bytes, and looking at what is public (`PublicRoot`).

Judging takes time, so the last look is taken under a lock that every writer takes, at the database as it is
then: are these the zones, may each activity be shown, is what a map rests on still public? Whatever was hidden
meanwhile cannot come back.

Public files carry no time of their own: a file's modification time would tell when a ride was
uploaded (I18). In a bucket the store sets one; see docs/privacy.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import shapely

from strava_assets.database.connection import Database, queries
from strava_assets.errors import GateOvertaken, GateRefused, MapOvertaken, StoreUnavailable
from strava_assets.privacy import zone_store
from strava_assets.privacy.invariants import Tested
from strava_assets.privacy.visibility import Release
from strava_assets.privacy.zones import Zone
from strava_assets.publish.judging.folders import MODE, NO_TIME, is_as_written, mend_marks
from strava_assets.publish.judging.judge import judge
from strava_assets.publish.judging.maps import read_map
from strava_assets.publish.judging.rules import Facts, Judgement, Map, Rules
from strava_assets.publish.paths import (
    CSV_PATH,
    INDEX,
    LAKE_ACTIVITIES_PATH,
    TOPOJSON_PATH,
    is_lake,
    is_leftover,
    lake_activities_path,
    map_path,
)
from strava_assets.publish.public_root import Known, PublicRoot, sha256
from strava_assets.stores import write_file

mimetypes.add_type("application/json", ".topojson")


@dataclass
class GateReport:
    """What one passage did. ``barred``: CSVs whose activity may not be shown any more."""

    written: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    bytes_written: int = 0
    barred: list[str] = field(default_factory=list)
    tested: Tested = field(default_factory=Tested)


@dataclass
class _Foundations:
    """What is public already, as a judgement sees it; and what it rested on.

    Attributes
    ----------
    csvs : set of str
        That had to be public.
    maps : dict of str to str or None
        SHA-256 of the maps' bytes as they were.
    read : dict of str to str or None
        SHA-256 of the CSVs' bytes that were read.
    """

    gate: Gate
    csvs: set[str] = field(default_factory=set)
    maps: dict[str, str | None] = field(default_factory=dict)
    read: dict[str, str | None] = field(default_factory=dict)

    def digest_of(self, csv: str) -> str | None:
        self.csvs.add(csv)
        known = self.gate.known().get(csv)
        return None if known is None else known.sha256

    def csv_of(self, csv: str) -> bytes | None:
        self.csvs.add(csv)
        data = self.gate.read_if_any(csv)
        self.read[csv] = sha256(data)
        return data

    def facts_of(self, paths: Sequence[str]) -> Mapping[str, Facts]:
        self.csvs.update(path for path in paths if CSV_PATH.match(path))
        return self.gate.facts(paths)

    def map_of(self, athlete: str) -> Map | None:
        path = map_path(athlete)
        data = self.gate.read_if_any(path)
        self.maps[path] = sha256(data)
        return None if data is None else read_map(data)


class Gate(PublicRoot):
    """The way into one public root.

    Parameters
    ----------
    url : str
        ``Settings.public_root``.
    database : Database
        Where it remembers what it wrote.
    rules : Rules
        Held against every byte.
    release : Release
        Held against every activity.
    """

    def __init__(self, url: str, database: Database, rules: Rules, release: Release):
        super().__init__(url, database)
        self.rules = rules
        self.release = release

    def released(self, activities: Sequence[int]) -> set[int]:
        """Of some activities (our ids), those that may be shown at this moment."""
        with self._database.transaction() as connection:
            return self._released(connection, activities)

    def not_shown(self, csvs: Iterable[str]) -> set[str]:
        """Of some CSVs, those that are not public at this moment or whose activity may not be."""
        with self._database.transaction() as connection:
            return set(self._not_shown(connection, csvs))

    def judge(self, objects: Mapping[str, bytes]) -> Judgement:
        """Hold bytes against the invariants, together with what is public already."""
        return self._judged(objects)[0]

    def _judged(self, objects: Mapping[str, bytes]) -> tuple[Judgement, _Foundations]:
        rests_on = _Foundations(self)
        return judge(objects, self.rules, rests_on), rests_on

    def publish(
        self,
        objects: Mapping[str, bytes],
        *,
        fingerprints: Mapping[str, str] | None = None,
        activities: Mapping[str, int] | None = None,
        withdraw: Iterable[str] = (),
        sceptical: bool = False,
    ) -> GateReport:
        """Prove the objects, then write those that changed; then withdraw what is named.

        Parameters
        ----------
        objects : mapping of str to bytes
            By public path.
        fingerprints, activities : mapping, optional
            Of the inputs, and the activity's id, by path; remembered. A CSV whose activity is not named, or may
            not be shown at the moment of writing, is left out.
        withdraw : iterable of str
            Paths to remove; ones that are not there are passed over.
        sceptical : bool
            Compare with the bytes that are there, not with what is remembered of them; and look at everybody's times.

        Raises
        ------
        GateRefused
            A finding; nothing was written or withdrawn.
        GateOvertaken
            A map's CSV was withdrawn meanwhile, or figures were added up from a map that is another one by now;
            nothing was written or withdrawn.
        StoreUnavailable
            The root cannot be written.
        """
        fingerprints, activities = fingerprints or {}, activities or {}
        judgement, rests_on = self._judged(objects)
        if judgement.findings:
            shown = "; ".join(f"{f.invariant} {f.where}: {f.what}" for f in judgement.findings[:3])
            more = f" and {len(judgement.findings) - 3} more" if len(judgement.findings) > 3 else ""
            raise GateRefused(f"the gate refused {len(objects)} files, nothing was written: {shown}{more}")
        report = GateReport(tested=judgement.tested)
        sizes, known = self._list(), self.known()
        with self._database.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
            if _marks(zone_store.in_force(self._database)) != _marks(self.rules.zones):
                raise GateRefused("the privacy zones changed while this was made; nothing was written: run it again")
            self._check(connection, rests_on)
            self._refresh(connection, objects)
            report.barred = self._barred(connection, objects, activities)
            # a table of what is about to be another goes first; it is made again from what is so then
            stale = [p for p in objects if p not in report.barred and self._is_another(p, objects[p], known)]
            report.withdrawn += self._withdraw(connection, self._tables_of(connection, stale) - objects.keys())
            for path, data in objects.items():
                if path in report.barred:
                    continue
                digest = hashlib.sha256(data).hexdigest()
                memory = None if sceptical else known.get(path)
                if sizes.get(path) == len(data) and self._is_same(path, digest, memory):
                    report.unchanged += 1
                else:
                    self._write(path, data)
                    report.written += 1
                    report.bytes_written += len(data)
                facts = judgement.facts.get(path, {})
                entry = Known(digest, len(data), fingerprints.get(path), activities.get(path), facts.get("under"))
                # the index tells by its time how new the maps are; a map's proof is also that of its CSVs
                if known.get(path) != entry or path == INDEX or TOPOJSON_PATH.match(path):
                    queries().put_public_object(
                        connection,
                        root=self._store.url,
                        path=path,
                        sha256=digest,
                        bytes=len(data),
                        fingerprint=entry.fingerprint,
                        activity_id=entry.activity_id,
                        facts=orjson.dumps(facts).decode(),
                    )
                known[path], sizes[path] = entry, len(data)
                if TOPOJSON_PATH.match(path):
                    self._maps[path] = digest
            report.withdrawn += self._withdraw(connection, withdraw)
            if sceptical and (folder := self._folder()) is not None:
                with contextlib.suppress(OSError):  # somebody else's file: verify tells of it
                    mend_marks(folder, known)
        return report

    def withdraw(self, paths: Iterable[str]) -> int:
        """Remove public objects; returns how many were there."""
        with self._database.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
            return self._withdraw(connection, paths)

    def proved(self, csvs: Iterable[str]) -> None:
        """Remember of CSVs that nothing in them is forbidden by the rules in force."""
        known, mark = self.known(), self.rules.mark
        paths = [path for path in csvs if path in known]
        if not paths:
            return
        with self._database.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
            read = [known[path].sha256 for path in paths]
            queries().set_proven(connection, root=self._store.url, paths=paths, read=read, mark=mark)
        for path in paths:
            known[path] = replace(known[path], under=mark)

    def _barred(self, connection: Any, objects: Iterable[str], activities: Mapping[str, int]) -> list[str]:
        """CSVs whose activity may not be shown at this moment. Call under the lock, as the next two."""
        csvs = [path for path in objects if CSV_PATH.match(path)]
        released = self._released(connection, [activities[path] for path in csvs if path in activities])
        return [path for path in csvs if activities.get(path) not in released]

    def _released(self, connection: Any, activities: Sequence[int]) -> set[int]:
        if not activities:
            return set()
        rows = queries().shown_activities(connection, ids=list(activities), **self.release.parameters())
        return {row["id"] for row in rows}

    def _check(self, connection: Any, rests_on: _Foundations) -> None:
        """Refuse what rests on a CSV that is public no more or may not be, or on a map that is another one by now."""
        changed = [path for path, digest in rests_on.maps.items() if sha256(self.read_if_any(path)) != digest]
        changed += [path for path, digest in rests_on.read.items() if sha256(self.read_if_any(path)) != digest]
        changed += self._not_shown(connection, rests_on.csvs)
        if changed:
            raise GateOvertaken(
                f"{changed[0]} was withdrawn or changed while this was made; nothing was written: run it again"
            )

    def _not_shown(self, connection: Any, csvs: Iterable[str]) -> list[str]:
        if not (paths := sorted(csvs)):
            return []
        rows = queries().public_objects_not_shown(
            connection, root=self._store.url, paths=paths, **self.release.parameters()
        )
        return [row["path"] for row in rows]

    def _refresh(self, connection: Any, objects: Iterable[str]) -> None:
        """What another process wrote or withdrew meanwhile of these is not as it was seen."""
        rows = queries().public_objects_at(connection, root=self._store.url, paths=list(objects))
        now = {row["path"]: row["sha256"] for row in rows}
        known = self.known()
        for path in objects:
            if TOPOJSON_PATH.match(path) and self._maps.get(path) != now.get(path):
                raise MapOvertaken(f"{path} was published by another meanwhile; nothing was written: run it again")
            seen = known.get(path)
            if (seen and seen.sha256) != now.get(path):
                known.pop(path, None)

    def _withdraw(self, connection: Any, paths: Iterable[str]) -> int:
        named = set(paths)
        gone = sorted(named | self._tables_of(connection, named))
        if not gone:
            return 0
        sizes = self._list()
        rows = queries().drop_public_objects(connection, root=self._store.url, paths=gone)
        there = {row["path"] for row in rows}.union(path for path in gone if path in sizes)
        # of a killed process: nobody else is writing now, and what was half written may be what has to go
        leftovers = {path for path in sizes if is_leftover(path)}
        problem: StoreUnavailable | None = None
        for path in sorted(there | leftovers):
            try:
                self._store.delete(path)
            except StoreUnavailable as error:  # the others go nevertheless
                problem = problem or error
                continue
            sizes.pop(path, None)
        self._tidy(there | leftovers)
        if problem is not None:
            raise problem
        for path in gone:
            self.known().pop(path, None)
            self._maps.pop(path, None)
        return len(there)

    def _tables_of(self, connection: Any, paths: Collection[str]) -> set[str]:
        """The public lake's files that tell what some maps and CSVs tell, or a map that is gone; under the lock."""
        lake = [path for path in self._list() if is_lake(path)]
        if not lake:
            return set()
        maps = {lake_activities_path(match[1]) for path in paths if (match := TOPOJSON_PATH.match(path))}
        # its map was deleted, and it could not be
        of_maps = [match[1] for path in lake if (match := LAKE_ACTIVITIES_PATH.match(path))]
        maps |= {lake_activities_path(athlete) for athlete in of_maps if map_path(athlete) not in self._list()}
        csvs = {path for path in paths if CSV_PATH.match(path)}
        rows = list(queries().public_facts(connection, root=self._store.url, paths=lake)) if csvs else []
        holding = {row["path"] for row in rows if not csvs.isdisjoint(row["facts"].get("csvs", ()))}
        unknown = set(lake) - {row["path"] for row in rows} if csvs else set()  # nobody remembers what is in it
        return (maps & set(lake)) | holding | unknown

    def _is_another(self, path: str, data: bytes, known: Mapping[str, Known]) -> bool:
        """Whether something else is public there."""
        return path in self._list() and (path not in known or known[path].sha256 != sha256(data))

    def _is_same(self, path: str, digest: str, known: Known | None) -> bool:
        """Whether the root holds these very bytes. The size was seen; memory or a second look tells the rest."""
        if known is not None:
            return known.sha256 == digest
        if self._store.is_folder and not is_as_written(Path(self._store.path(path))):
            return False
        return sha256(self.read_if_any(path)) == digest

    def _write(self, path: str, data: bytes) -> None:
        if not self._store.is_folder:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._store.write(path, data, content_type=kind)
            return
        try:
            write_file(Path(self._store.path(path)), data, _open_and_timeless)
        except OSError as error:
            raise StoreUnavailable(f"cannot write {self._store.url}/{path}: {error.strerror}") from error
        finally:  # what could not be written has left its time, too
            self._forget_times(path)

    def _tidy(self, gone: Collection[str]) -> None:
        """A folder bears an athlete's id, or tells that there was one: empty ones go. Call under the lock."""
        if not self._store.is_folder:
            return
        folders = {folder for path in gone for folder in list(Path(path).parents)[:-1]}
        for folder in sorted(folders, key=lambda folder: -len(folder.parts)):
            with contextlib.suppress(OSError):  # it is not empty
                Path(self._store.path(str(folder))).rmdir()
        for one_of in {Path(path).parent: path for path in gone}.values():
            self._forget_times(one_of)

    def _forget_times(self, path: str) -> None:
        """A folder's modification time tells when something in it came or went."""
        root, folder = self._store.path(""), self._store.path(path)
        while folder != root and (folder := os.path.dirname(folder)):
            # it was empty, and went; or it is somebody else's: verify tells of it
            with contextlib.suppress(FileNotFoundError, PermissionError):
                os.utime(folder, (NO_TIME, NO_TIME))


def _marks(zones: Iterable[Zone]) -> set[tuple[int, int, str, str, bytes]]:
    """What tells one set of zones from another."""
    return {(zone.id, zone.shape_id, zone.name, zone.mode, shapely.to_wkb(zone.geometry)) for zone in zones}


def _open_and_timeless(path: Path) -> None:
    """For everybody to read; without the time at which it was written (I18)."""
    path.chmod(MODE)
    os.utime(path, (NO_TIME, NO_TIME))
