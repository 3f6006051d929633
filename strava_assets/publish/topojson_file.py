"""``activities.topojson``: one file an athlete, encoded with the topojson library, read back by its own reader.

What belongs here: the format, CONTRACT's properties and their order, an independent decoder of the
specification (https://github.com/topojson/topojson-specification). What does not: which activities are
in it, and whether the bytes are good (``publish.gate``).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from strava_assets.quick_json import without_collector

#: Properties in CONTRACT's names and order.
PROPERTIES = (
    "actID",
    "name",
    "type",
    "type_extended",
    "distance",
    "elapsed_time",
    "moving_time",
    "total_elevation_gain",
    "average_speed",
    "max_speed",
    "average_watts",
    "calories",
    "has_heartrate",
    "average_heartrate",
    "max_heartrate",
    "average_cadence",
    "gear_name",
    "startDate",
    "private",
    "partly_hidden",
)
#: Only where the owner opted in (STRAVA_ASSETS_LINK_TO_STRAVA).
OPTIONAL_PROPERTIES = ("strava_id",)
#: The fixed grid of the map's lines, degrees (``privacy.lines.CELLS``).
CELL = 1e-5


@dataclass(frozen=True)
class Feature:
    """One activity on its way to the map.

    Attributes
    ----------
    properties : dict
    arcs : list of list of [int, int]
        Its lines in cells of the grid: the first position of each counted from 0° N 0° E, every other one from
        the position before it, as TopoJSON wants them.
    made_from : str
        The fingerprint that its CSV has to have; empty where both are public already.
    box : (int, int, int, int), optional
        Of its lines: west, south, east, north, in cells. Where all are known, the file's need not be looked for.
    """

    properties: dict[str, Any]
    arcs: list[list[list[int]]]
    made_from: str = ""
    box: tuple[int, int, int, int] | None = None


@without_collector()
def arcs_of(
    geometries: Sequence[shapely.MultiLineString],
) -> tuple[list[list[list[list[int]]]], list[tuple[int, int, int, int]]]:
    """The arcs of each MultiLineString (EPSG:4326, on the grid), and its box, for `Feature`."""
    if not len(geometries):
        return [], []
    from topojson.ops import delta_encoding

    # The library's own Topology takes a vertex for needless where a line turns back on itself: the far end of
    # every out-and-back would be lost. So lines become arcs here, one each, and the library encodes them.
    parts, owner = shapely.get_parts(np.asarray(geometries, dtype=object), return_index=True)
    coords, line = shapely.get_coordinates(parts, return_index=True)
    cells = np.rint(coords / CELL).astype(np.int64)
    arcs = delta_encoding(np.split(cells, np.flatnonzero(np.diff(line)) + 1))
    first = np.searchsorted(owner, np.arange(len(geometries) + 1))
    starts = np.searchsorted(owner[line], np.arange(len(geometries)))
    boxes = np.concatenate([np.minimum.reduceat(cells, starts), np.maximum.reduceat(cells, starts)], axis=1)
    return [arcs[start:end] for start, end in itertools.pairwise(first.tolist())], list(map(tuple, boxes.tolist()))


@without_collector()
def encode(features: Sequence[Feature]) -> bytes:
    """Write the file.

    Parameters
    ----------
    features : sequence of Feature
        In the order in which they are to appear.

    Returns
    -------
    bytes
        TopoJSON, quantised on a grid of 1e-5 degrees that never moves: one activity's vertices do not
        depend on the others'. The transform begins at the corner of what is visible.
    """
    arcs = [arc for feature in features for arc in feature.arcs]
    names = (*PROPERTIES, *OPTIONAL_PROPERTIES)
    collection = []
    for feature, end in zip(features, itertools.accumulate(len(f.arcs) for f in features), strict=True):
        own = range(end - len(feature.arcs), end)
        collection.append(
            {
                "type": "LineString" if len(own) == 1 else "MultiLineString",
                "arcs": list(own) if len(own) == 1 else [[arc] for arc in own],
                "properties": {name: feature.properties[name] for name in names if name in feature.properties},
            }
        )
    corner, far = np.zeros(2, np.int64), np.zeros(2, np.int64)
    boxes = [feature.box for feature in features if feature.box is not None]
    if arcs and len(boxes) == len(features):
        corner, far = np.array(boxes)[:, :2].min(axis=0), np.array(boxes)[:, 2:].max(axis=0)
    elif arcs:
        cells, _ = _cells(arcs)
        corner, far = cells.min(axis=0), cells.max(axis=0)
    x, y = corner.tolist()
    west, south = (round(value, 5) for value in (corner * CELL).tolist())
    east, north = (round(value, 5) for value in (far * CELL).tolist())
    return _dump(
        {
            "type": "Topology",
            "bbox": [west, south, east, north] if arcs else [],
            "transform": {"scale": [CELL, CELL], "translate": [west, south]},
            "objects": {"activities": {"type": "GeometryCollection", "geometries": collection}},
            "arcs": [[[arc[0][0] - x, arc[0][1] - y], *arc[1:]] for arc in arcs],
        }
    )


@without_collector()
def features_of(data: bytes) -> list[Feature]:
    """The features of a file that `encode` wrote, to be written once more; nothing is proven of them.

    Raises
    ------
    ValueError
        It is no file of ours.
    """
    try:
        document = orjson.loads(data)
        x, y = (round(degrees / CELL) for degrees in document["transform"]["translate"])
        arcs = [[[arc[0][0] + x, arc[0][1] + y], *arc[1:]] for arc in document["arcs"]]
        return [
            Feature(
                geometry["properties"], [arcs[part if isinstance(part, int) else part[0]] for part in geometry["arcs"]]
            )
            for geometry in document["objects"]["activities"]["geometries"]
        ]
    except (KeyError, TypeError, IndexError, OverflowError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not a TopoJSON file of activities ({type(error).__name__})") from error


@dataclass(frozen=True)
class DecodedFeature:
    """One feature as its bytes say: properties, and lines of lon, lat, each of shape (k, 2)."""

    properties: dict[str, Any]
    lines: list[NDArray[np.float64]]


@dataclass(frozen=True)
class DecodedTopology:
    """A file as its bytes say."""

    features: list[DecodedFeature]
    bbox: list[float]
    translate: list[float]
    scale: list[float]
    members: tuple[str, ...]
    unused_arcs: int
    as_we_write: bool = True


@without_collector()
@functools.lru_cache(maxsize=2)  # one publication holds the same bytes against the map, its sums and the index
def decode(data: bytes) -> DecodedTopology:
    """Read the file again, by the specification alone. What it returns is shared: not to be changed.

    Raises
    ------
    ValueError
        It is not valid TopoJSON, or not of CONTRACT's shape.
    """
    try:
        document = orjson.loads(data)
        if set(document["transform"]) != {"scale", "translate"} or set(document["objects"]["activities"]) != {
            "type",
            "geometries",
        }:
            raise ValueError("it has members that are not ours")
        if document["type"] != "Topology" or list(document["objects"]) != ["activities"]:
            raise ValueError("not a Topology with the one object 'activities'")
        scale, translate = document["transform"]["scale"], document["transform"]["translate"]
        arcs = _arcs(document["arcs"], scale, translate)
        collection = document["objects"]["activities"]
        if collection["type"] != "GeometryCollection":
            raise ValueError("'activities' is not a GeometryCollection")
        used: set[int] = set()
        features = []
        for geometry in collection["geometries"]:
            if geometry["type"] not in ("LineString", "MultiLineString"):
                raise ValueError(f"a feature is a {geometry['type']}")
            parts = [geometry["arcs"]] if geometry["type"] == "LineString" else geometry["arcs"]
            extra = set(geometry) - {"type", "arcs", "properties"}
            if extra:
                raise ValueError(f"a feature has the member {sorted(extra)[0]!r}")
            used.update(i if i >= 0 else ~i for part in parts for i in part)
            features.append(DecodedFeature(geometry["properties"], [_joined(part, arcs) for part in parts]))
        return DecodedTopology(
            features,
            document["bbox"],
            translate,
            scale,
            tuple(document),
            len(set(range(len(arcs))) - used),
            data == _dump(document),  # not so where a member stands twice: the first one is lost in reading
        )
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not a TopoJSON file of activities ({type(error).__name__}: {str(error)[:80]})") from error


def _arcs(encoded: list[list[list[int]]], scale: list[float], translate: list[float]) -> list[NDArray[np.float64]]:
    """Positions of each arc, degrees."""
    if not encoded:
        return []
    cells, ends = _cells(encoded)
    return np.split(cells.astype(np.float64) * scale + translate, ends[:-1])


def _cells(encoded: list[list[list[int]]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all arcs from their deltas, shape (n, 2), and where each arc ends."""
    positions = list(itertools.chain.from_iterable(encoded))
    if not set(map(len, positions)) <= {2}:
        raise ValueError("a position has other than two numbers")
    numbers = list(itertools.chain.from_iterable(positions))
    if not set(map(type, numbers)) <= {int}:
        raise ValueError("an arc holds something other than whole numbers")
    sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
    ends = np.cumsum(sizes)
    sums = np.cumsum(np.array(numbers, np.int64).reshape(-1, 2), axis=0)
    before = np.concatenate([np.zeros((1, 2), np.int64), sums])[ends - sizes]
    return sums - np.repeat(before, sizes, axis=0), ends


def _joined(part: list[int], arcs: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A line's positions from its arcs; a negative index is an arc the other way round."""
    pieces = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in part]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])


def _dump(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document)
