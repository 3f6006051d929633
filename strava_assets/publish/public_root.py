"""What is public now, and what is remembered of having written it.

What belongs here: looking, and comparing what is there with what the gate wrote. What does not: writing; only the
`Gate`, which is one of these, does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strava_assets.database.connection import Database, queries
from strava_assets.errors import MapOvertaken
from strava_assets.privacy import zone_store
from strava_assets.privacy.invariants import Finding
from strava_assets.publish import topojson_file
from strava_assets.publish.judging.folders import judge_folder
from strava_assets.publish.judging.rules import Facts
from strava_assets.publish.paths import TOPOJSON_PATH, is_lake, map_path
from strava_assets.publish.topojson_file import MapFile
from strava_assets.stores import Store


@dataclass(frozen=True)
class Known:
    """What the gate remembers of an object it wrote. ``under``: the mark of the rules under which it was proven."""

    sha256: str
    bytes: int
    fingerprint: str | None
    activity_id: int | None
    under: str | None


class PublicRoot:
    """One public root, to look at.

    Parameters
    ----------
    url : str
        ``Settings.public_root``.
    database : Database
        Where it is remembered what was written.
    """

    def __init__(self, url: str, database: Database):
        self._store = Store(url)
        self._database = database
        self._known: dict[str, Known] | None = None
        self._maps: dict[str, str] = {}  # SHA-256 of those that there were when this was begun
        self._begun = False
        self._sizes: dict[str, int] | None = None

    @property
    def url(self) -> str:
        """Of the public root."""
        return self._store.url

    def known(self) -> dict[str, Known]:
        """What was written and is still there with its size, by path."""
        if self._known is None:
            with self._database.transaction() as connection:
                rows = list(queries().public_objects(connection, root=self._store.url, prefix=""))
            sizes = self._list()
            if not self._begun:
                self._begun = True
                self._maps = {row["path"]: row["sha256"] for row in rows if TOPOJSON_PATH.match(row["path"])}
            self._known = {row["path"]: _known(row) for row in rows if sizes.get(row["path"]) == row["bytes"]}
        return self._known

    def facts(self, paths: Sequence[str]) -> dict[str, Facts]:
        """What the bytes of some public objects say, by path: `judge` found it when they were written.

        Raises
        ------
        MapOvertaken
            Another wrote or withdrew one of them since they were looked at.
        """
        known = self.known()
        there = [path for path in paths if path in known]
        if not there:
            return {}
        with self._database.transaction() as connection:
            rows = {row["path"]: row for row in queries().public_facts(connection, root=self._store.url, paths=there)}
        for path in there:
            if path not in rows or rows[path]["sha256"] != known[path].sha256:
                raise MapOvertaken(
                    f"{path} was withdrawn or published by another meanwhile; nothing was written: run it again"
                )
        return {path: rows[path]["facts"] for path in there}

    def tables_left(self) -> list[str]:
        """Tables of the public lake that tell of a CSV that is public no more: they could not be deleted with it.

        Raises
        ------
        MapOvertaken
            As `facts`.
        """
        there = self._list()
        told = self.facts([path for path in there if is_lake(path)])
        return [path for path, facts in told.items() if any(csv not in there for csv in facts.get("csvs", ()))]

    def look_again(self, begin_anew: bool = True) -> None:
        """Forget what was seen of the public root: others write there, too.

        Whoever goes on with what was made from an earlier look does not begin anew: a newer map is not overwritten.
        """
        self._known = self._sizes = None
        self._begun = self._begun and not begin_anew

    def marks(self) -> tuple[list[Finding], set[str]]:
        """What a public folder tells beside its files' bytes, as `judge_folder`; nothing of a bucket."""
        if (folder := self._folder()) is None:
            return [], set()
        found = judge_folder(folder)
        if found[0]:  # who writes at this moment has not forgotten the time yet
            with self._database.transaction() as connection:
                connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
                found = judge_folder(folder)
        return found

    def unlike_written(self, digests: Mapping[str, str], passed_over: Collection[str] = ()) -> dict[str, str]:
        """What is not as it was written, by path: what of it.

        Parameters
        ----------
        digests : mapping of str to str
            SHA-256 of everything that is there, by path.
        passed_over : collection of str
            Paths that are not to be read.
        """
        with self._database.transaction() as connection:
            rows = queries().public_objects(connection, root=self._store.url, prefix="")
            written = {row["path"]: row["sha256"] for row in rows}
            odd = [path for path in {*written, *digests} if written.get(path) != digests.get(path)]
        if not odd:
            return {}
        with self._database.transaction() as connection:  # others write meanwhile; now they do not
            connection.execute("select pg_advisory_xact_lock(%s)", (zone_store.LOCK,))
            rows = queries().public_objects_at(connection, root=self._store.url, paths=odd)
            written = {row["path"]: row["sha256"] for row in rows}
            there = {path: None if path in passed_over else sha256(self.read_if_any(path)) for path in odd}
        return {
            path: "was published and is missing"
            if there[path] is None
            else ("was published by nobody" if path not in written else "has other bytes than were published")
            for path in sorted(odd)
            if written.get(path) != there[path]
        }

    def remembered(self, folder: str) -> list[str]:
        """Everything below a folder that was written and not withdrawn, whether or not it is there."""
        with self._database.transaction() as connection:
            rows = queries().public_objects(connection, root=self._store.url, prefix=f"{folder}/")
            return [row["path"] for row in rows]

    def paths(self) -> list[str]:
        """Everything under the root, whoever wrote it."""
        return sorted(self._list())

    def sizes(self) -> Mapping[str, int]:
        """The same, with the bytes of each."""
        return self._list()

    def read(self, path: str) -> bytes:
        """A public object's bytes; FileNotFoundError if there is none."""
        return self._store.read(path)

    def read_if_any(self, path: str) -> bytes | None:
        """A public object's bytes; None if there is none: another process may have withdrawn it since it was seen."""
        try:
            return self.read(path)
        except FileNotFoundError:
            return None

    def map_of(self, athlete: str) -> MapFile | None:
        """The map of an athlete as it is public now, by public id; None if there is none.

        Raises
        ------
        ValueError
            It is damaged.
        """
        data = self.read_if_any(map_path(athlete))
        return None if data is None else topojson_file.with_our_properties(topojson_file.read(data))

    def _folder(self) -> Path | None:
        """Where the public files lie, if that is a folder; there may be none yet."""
        return Path(self._store.path("")) if self._store.is_folder else None

    def _list(self) -> dict[str, int]:
        if self._sizes is None:
            self._sizes = self._store.sizes(unfinished=True)
        return self._sizes


def sha256(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _known(row: Mapping[str, Any]) -> Known:
    return Known(row["sha256"], row["bytes"], row["fingerprint"], row["activity_id"], row["under"])
