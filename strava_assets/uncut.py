"""The whole history as its owner may see it: the files of the public root once more, with nothing cut out.

What belongs here: from typed tables to those bytes, by the functions that make the published ones. What does not: who
may see them (``gateway.owner_access``), answering (``gateway.owner``).

Nothing here knows the public root or the gate. Masked with no zone, a month is kept in the private store like any
other table (`UNCUT`), so that only activities that changed are gone through again.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely

from strava_assets.database.connection import queries
from strava_assets.installation import Installation
from strava_assets.privacy import cut, geodesy, masked, visibility
from strava_assets.privacy.tracks import Area
from strava_assets.privacy.zones import unfolded
from strava_assets.publish import map_files, month_files, summaries, topojson_file
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import INDEX, map_path
from strava_assets.publish.topojson_file import Feature, MapFile
from strava_assets.tables import UNCUT, encode, if_any, key_of, months_of

#: Counts up whenever the same originals come out otherwise.
VERSION = "1"

_LOOKED_AT = [
    "activity_id",
    "fingerprint",
    "name",
    "gear_name",
    "visibility",
    "provenance",
    "sport_type",
    "positions",
]
_NOTHING = ZoneNames([])


@dataclass(frozen=True)
class View:
    """The history at one moment.

    Attributes
    ----------
    mark : str
        Of everything that it was made from.
    files : dict of str to bytes
        ``index.json`` and each athlete's map and figures, by CONTRACT's paths.
    where : dict
        The month and our id of an activity, by the public ids of athlete and activity.
    """

    mark: str
    files: dict[str, bytes]
    where: dict[tuple[str, str], tuple[str, int]]


def view(installation: Installation, before: View | None = None) -> View:
    """The whole history now.

    Parameters
    ----------
    installation : Installation
    before : View, optional
        What this gave last time: it is given again if nothing changed.

    Raises
    ------
    StoreUnavailable, DatabaseUnavailable
    """
    mark = _mark(installation)
    if before is not None and before.mark == mark:
        return before
    with installation.database.transaction() as connection:
        ids = installation.public_ids(queries().identities(connection))
    features: dict[str, list[Feature]] = {}
    where: dict[tuple[str, str], tuple[str, int]] = {}
    for month in months_of(installation.store, "activities"):
        for activity, athlete, feature in _features(installation, month, ids):
            features.setdefault(athlete, []).append(feature)
            where[athlete, feature.properties["actID"]] = (month, activity)
    return View(mark, _files(features, dict(installation.athletes().values())), where)


def stream(installation: Installation, seen: View, athlete: str, activity: str) -> bytes | None:
    """One activity's samples as a CSV in CONTRACT's columns, by public ids; None if there is none such.

    All of its samples are in it, but for those before, between and after parts that can be drawn.
    """
    month, number = seen.where.get((athlete, activity), ("", 0))
    frame = None if not month else _month(installation, month)
    if frame is None or number not in set(frame.loc[frame["hidden_because"].isna(), "activity_id"]):
        return None
    samples = months_of(installation.store, "activity_streams").read(month, activities=[number])
    return month_files.encode(pd.DataFrame(frame), samples, [number], frozenset(), whole=True)[0]


def lines_in(installation: Installation, months: Mapping[str, int], area: Area) -> dict[int, shapely.MultiLineString]:
    """The parts of lines that lie in an area, lon/lat, by our id; ``months`` are those to look through."""
    # along the grid of lon/lat, as the lines themselves are
    outline = unfolded(geodesy.geometry_to_degrees(shapely.segmentize(area.geometry, 50.0), area.center))
    found: dict[int, shapely.MultiLineString] = {}
    for month in months:
        frame = _month(installation, month)
        if frame is not None:
            drawn = frame[frame["hidden_because"].isna()]
            near = drawn[shapely.intersects(drawn.geometry.to_numpy(), outline)]
            for number, geometry in zip(near["activity_id"], near.geometry, strict=True):
                # each step by itself: overlaying whole tracks would dissolve what goes out and back
                if parts := _inside(geometry, outline):
                    found[int(number)] = shapely.multilinestrings(parts)
    return found


def _inside(geometry: shapely.MultiLineString, outline: shapely.Geometry) -> list[Any]:
    """Stretches of a line within an outline, in order: whole steps that touch it, clipped at both ends."""
    parts = []
    for line in shapely.get_parts(geometry):
        coords = shapely.get_coordinates(line)
        steps = shapely.linestrings(np.stack([coords[:-1], coords[1:]], axis=1))
        inside = shapely.intersection(steps[shapely.intersects(steps, outline)], outline)
        pieces = shapely.get_parts(shapely.get_parts(inside))
        parts += list(pieces[shapely.get_type_id(pieces) == 1])
    return parts


def _mark(installation: Installation) -> str:
    parts: list[Any] = [VERSION, masked.VERSION, month_files.VERSION, sorted(installation.settings.sources)]
    parts.append(sorted(installation.athletes().items()))
    for table in ("activities", "activity_streams"):
        months = months_of(installation.store, table)
        versions = months.versions()
        parts += [sorted(versions.items()), "" if len(versions) == len(months) else uuid.uuid4().hex]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _month(installation: Installation, month: str) -> geopandas.GeoDataFrame | None:
    """A month masked by nothing, from the table that is kept as far as it is still right."""
    prints = _prints(installation, month)
    if prints is None:
        return None
    there = if_any(months_of(installation.store, UNCUT).frame, month)
    old = masked.empty() if there is None else there
    kept = old[old["fingerprint"].eq(old["activity_id"].map(prints))]
    changed = sorted(prints.keys() - set(kept["activity_id"].astype(int)))
    if not changed and there is not None and len(kept) == len(old):
        return old
    frame = kept
    if changed:
        samples = months_of(installation.store, "activity_streams").read(month, activities=changed)
        typed = months_of(installation.store, "activities").read(month, activities=changed)
        made = masked.uncut(typed, samples, prints)
        frame = pd.concat([kept, made]) if len(kept) else made
    frame = frame.sort_values("activity_id", ignore_index=True)
    installation.store.write(key_of(UNCUT, month), encode(frame))
    if _prints(installation, month) != prints:  # somebody was removed meanwhile: nothing of theirs is to be left
        installation.store.delete(key_of(UNCUT, month))
    return frame


def _prints(installation: Installation, month: str) -> dict[int, str] | None:
    """What each activity's row depends on; None where there is no such month."""
    months = months_of(installation.store, "activities", [month])
    typed = if_any(lambda key: months.read(key, columns=["activity_id", "fingerprint"]), month)
    if typed is None:
        return None
    common = f"uncut {VERSION}|{masked.VERSION}|{cut.TOLERANCE}"
    return {
        row["activity_id"]: hashlib.sha256(f"{common}|{row['fingerprint']}".encode()).hexdigest()
        for row in typed.to_pylist()
    }


def _features(
    installation: Installation, month: str, ids: Mapping[int, tuple[str, str]]
) -> list[tuple[int, str, Feature]]:
    """A month's activities: our id, the athlete's public id, the feature; with names as they are, and who sees it."""
    typed = if_any(lambda key: months_of(installation.store, "activities").read(key, columns=_LOOKED_AT), month)
    if typed is None:
        return []
    rows = {row["activity_id"]: row for row in typed.to_pylist()}
    # rows that came or went meanwhile are there at the next look
    frame = _month(installation, month)
    if frame is None:
        return []
    frame = frame[frame["activity_id"].isin(rows.keys())]
    own = {ids[number][1]: number for number in rows if number in ids}
    found = []
    for athlete, features in map_files.features_of(frame, ids, _NOTHING, with_strava_id=True).items():
        for feature in features:
            number = own[feature.properties["actID"]]
            found.append((number, athlete, _plainly(feature, rows[number], installation)))
    return found


def _plainly(feature: Feature, row: Mapping[str, Any], installation: Installation) -> Feature:
    """A feature with the names that its owner gave, and whether others may see any of it."""
    reason = visibility.reason_hidden(
        row["visibility"],
        row["provenance"],
        row["sport_type"] or "",
        row["positions"] or 0,
        installation.settings.sources,
    )
    told = {"name": row["name"], "gear_name": row["gear_name"], "private": reason is not None}
    return replace(feature, properties={**feature.properties, **told, "hidden_because": reason})


def _files(features: Mapping[str, list[Feature]], names: Mapping[str, str]) -> dict[str, bytes]:
    """The files of the whole, as ``map_files`` publishes them."""
    files: dict[str, bytes] = {}
    maps = []
    for athlete, members in sorted(features.items()):
        ordered = map_files.newest_first(members)
        files[map_path(athlete)] = topojson_file.encode(ordered)
        maps.append((athlete, names[athlete], MapFile(ordered, topojson_file.box_of(ordered))))
        properties = [feature.properties for feature in ordered]
        for name, start in (("weekly", summaries.week_start), ("quarterly", summaries.quarter_start)):
            files[f"{athlete}/{name}.json"] = summaries.encode_periods(summaries.periods(properties, start))
    files[INDEX] = summaries.encode_index(maps)
    return files
