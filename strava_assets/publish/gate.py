"""The gate: the one module that writes under the public root.

It takes bytes, has them decoded and judged again (`judge`), and only if nothing is found writes them,
atomically, changed objects only; withdrawals go through it too. Nothing else knows the public root's
handle. What does not belong here: making the bytes.

Public files carry no time of their own: a file's modification time would tell when a ride was
uploaded (I18). In a bucket the store sets one; see docs/privacy.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mimetypes
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from strava_assets.database.connection import Database, queries
from strava_assets.errors import GateRefused, StoreUnavailable
from strava_assets.privacy import zone_store
from strava_assets.privacy.invariants import Tested
from strava_assets.privacy.zones import Zone
from strava_assets.publish import topojson_file
from strava_assets.publish.judge import Facts, Judgement, Rules, judge
from strava_assets.publish.topojson_file import DecodedTopology
from strava_assets.stores import Store, write_file

#: Every public file's modification time: 1 January 2000, UTC.
NO_TIME = 946_684_800

mimetypes.add_type("application/json", ".topojson")


@dataclass(frozen=True)
class Known:
    """What the gate remembers of an object it wrote."""

    sha256: str
    bytes: int
    fingerprint: str | None
    activity_id: int | None
    facts: Facts


@dataclass
class GateReport:
    """What one passage did."""

    written: int = 0
    unchanged: int = 0
    withdrawn: int = 0
    bytes_written: int = 0
    tested: Tested = field(default_factory=Tested)


class Gate:
    """The way to one public root.

    Parameters
    ----------
    url : str
        ``Settings.public_root``.
    database : Database
        Where it remembers what it wrote.
    rules : Rules
        Held against every byte.
    """

    def __init__(self, url: str, database: Database, rules: Rules):
        self._store = Store(url)
        self._database = database
        self.rules = rules
        self._known: dict[str, Known] | None = None
        self._sizes: dict[str, int] | None = None

    def known(self) -> dict[str, Known]:
        """What was written and is still there with its size, by path."""
        if self._known is None:
            with self._database.transaction() as connection:
                rows = list(queries().public_objects(connection, root=self._store.url, prefix=""))
            sizes = self._list()
            self._known = {
                row["path"]: Known(row["sha256"], row["bytes"], row["fingerprint"], row["activity_id"], row["facts"])
                for row in rows
                if sizes.get(row["path"]) == row["bytes"]
            }
        return self._known

    def remembered(self, folder: str) -> list[str]:
        """Everything below a folder that was written and not withdrawn, whether or not it is there."""
        with self._database.transaction() as connection:
            rows = queries().public_objects(connection, root=self._store.url, prefix=f"{folder}/")
            return [row["path"] for row in rows]

    def paths(self) -> list[str]:
        """Everything under the root, whoever wrote it."""
        return sorted(self._list())

    def read(self, path: str) -> bytes:
        """A public object's bytes; FileNotFoundError if there is none."""
        return self._store.read(path)

    def topology(self, athlete: str) -> DecodedTopology | None:
        """The decoded map of an athlete as it is public now, by public id."""
        path = f"{athlete}/activities.topojson"
        return topojson_file.decode(self.read(path)) if path in self._list() else None

    def judge(self, objects: Mapping[str, bytes]) -> Judgement:
        """Hold bytes against the invariants, together with what is public already."""
        known = self.known()
        return judge(objects, self.rules, lambda path: known[path].facts if path in known else None, self.topology)

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
            Of the inputs, and the activity's id, by path; remembered.
        withdraw : iterable of str
            Paths to remove; ones that are not there are passed over.
        sceptical : bool
            Compare with the bytes that are there, not with what is remembered of them.

        Raises
        ------
        GateRefused
            A finding; nothing was written or withdrawn.
        StoreUnavailable
            The root cannot be written.
        """
        fingerprints, activities = fingerprints or {}, activities or {}
        judgement = self.judge(objects)
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
            for path, data in objects.items():
                digest = hashlib.sha256(data).hexdigest()
                if sizes.get(path) == len(data) and self._is_same(path, digest, None if sceptical else known.get(path)):
                    report.unchanged += 1
                else:
                    self._write(path, data)
                    report.written += 1
                    report.bytes_written += len(data)
                entry = Known(
                    digest, len(data), fingerprints.get(path), activities.get(path), judgement.facts.get(path, {})
                )
                if known.get(path) != entry:
                    queries().put_public_object(
                        connection,
                        root=self._store.url,
                        path=path,
                        sha256=digest,
                        bytes=len(data),
                        fingerprint=entry.fingerprint,
                        activity_id=entry.activity_id,
                        facts=json.dumps(entry.facts),
                    )
                known[path], sizes[path] = entry, len(data)
            report.withdrawn = self._withdraw(connection, withdraw)
        return report

    def withdraw(self, paths: Iterable[str]) -> int:
        """Remove public objects; returns how many were there."""
        with self._database.transaction() as connection:
            connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
            return self._withdraw(connection, paths)

    def _withdraw(self, connection: Any, paths: Iterable[str]) -> int:
        sizes = self._list()
        gone = sorted(set(paths))
        removed = 0
        for path in gone:
            if path in sizes:
                self._store.delete(path)
                self._drop_empty_folders(path)
                self._forget_times(path)
                del sizes[path]
                removed += 1
            self.known().pop(path, None)
        if gone:
            queries().drop_public_objects(connection, root=self._store.url, paths=gone)
        return removed

    def _is_same(self, path: str, digest: str, known: Known | None) -> bool:
        """Whether the root holds these very bytes. The size was seen; memory or a second look tells the rest."""
        if known is not None:
            return known.sha256 == digest
        return hashlib.sha256(self.read(path)).hexdigest() == digest

    def _list(self) -> dict[str, int]:
        if self._sizes is None:
            self._sizes = self._store.sizes(unfinished=True)
        return self._sizes

    def _write(self, path: str, data: bytes) -> None:
        if not self._store.is_folder:
            kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
            self._store.write(path, data, content_type=kind)
            return
        try:
            write_file(Path(self._store.path(path)), data, _open_and_timeless)
        except OSError as error:
            raise StoreUnavailable(f"cannot write {self._store.url}/{path}: {error.strerror}") from error
        self._forget_times(path)

    def _drop_empty_folders(self, path: str) -> None:
        """A folder bears an athlete's id, or tells that there was one. Call under the lock."""
        if self._store.is_folder:
            for folder in list(Path(path).parents)[:-1]:
                with contextlib.suppress(OSError):  # it is not empty
                    Path(self._store.path(str(folder))).rmdir()

    def _forget_times(self, path: str) -> None:
        """A folder's modification time tells when something in it came or went."""
        if not self._store.is_folder:
            return
        root = Path(self._store.path(""))
        for folder in [parent for parent in Path(self._store.path(path)).parents if parent.is_relative_to(root)]:
            if folder.is_dir():
                os.utime(folder, (NO_TIME, NO_TIME))


def _marks(zones: Iterable[Zone]) -> set[tuple[int, int, bytes]]:
    """What tells one set of zones from another."""
    return {(zone.id, zone.shape_id, shapely.to_wkb(zone.geometry)) for zone in zones}


def _open_and_timeless(path: Path) -> None:
    """For everybody to read; without the time at which it was written (I18)."""
    path.chmod(0o644)
    os.utime(path, (NO_TIME, NO_TIME))
