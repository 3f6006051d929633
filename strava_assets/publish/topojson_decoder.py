"""TopoJSON as anybody reads it: by the specification alone (https://github.com/topojson/topojson-specification).

What belongs here: from bytes to properties and lines. What does not: how we write them (`topojson_file`): this reader
knows nothing of it, so that it can tell whether that is right.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from strava_assets.quick_json import without_collector

# 64 bits hold the sum of as many steps as fit into memory
_FARTHEST = 2**36


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
    canonical: bool  # written without spaces, and no member twice: the first one is lost in reading


@without_collector()
def decode(data: bytes) -> DecodedTopology:
    """Read a file by the specification alone.

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
        if not (_numbers(scale, 2) and _numbers(translate, 2)):
            raise ValueError("the transform is not two pairs of numbers")
        if not isinstance(document["arcs"], list):
            raise ValueError("the arcs are not a list")
        if document["bbox"] != [] and not _numbers(document["bbox"], 4):
            raise ValueError("the bbox is not four numbers")
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
            if not isinstance(geometry["properties"], dict):
                raise ValueError("a feature has no properties")
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
            data == orjson.dumps(document),
        )
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not a TopoJSON file of activities ({type(error).__name__}: {str(error)[:80]})") from error


def _numbers(given: Any, count: int) -> bool:
    return isinstance(given, list) and len(given) == count and set(map(type, given)) <= {int, float}


def _arcs(encoded: list[list[list[int]]], scale: list[float], translate: list[float]) -> list[NDArray[np.float64]]:
    """Positions of each arc, degrees."""
    if not encoded:
        return []
    cells, ends = cells_of(encoded)
    positions = cells.astype(np.float64) * scale + translate
    if not (np.abs(positions) <= [180.001, 90.001]).all():
        raise ValueError("a vertex lies outside the world")
    return np.split(positions, ends[:-1])


def cells_of(encoded: list[list[list[int]]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of all arcs from their deltas, in cells, shape (n, 2), and where each arc ends.

    Raises
    ------
    ValueError
        There is something other than pairs of whole numbers, or an arc without any.
    """
    if not (set(map(type, encoded)) <= {list} and all(encoded)):
        raise ValueError("an arc is not a list of positions")
    positions = list(itertools.chain.from_iterable(encoded))
    if not (set(map(type, positions)) <= {list} and set(map(len, positions)) <= {2}):
        raise ValueError("a position has other than two numbers")
    numbers = list(itertools.chain.from_iterable(positions))
    if not (set(map(type, numbers)) <= {int} and min(numbers) >= -_FARTHEST and max(numbers) <= _FARTHEST):
        raise ValueError("an arc holds something other than whole numbers of which a sum can be told")
    sizes = np.fromiter(map(len, encoded), np.int64, len(encoded))
    ends = np.cumsum(sizes)
    sums = np.cumsum(np.array(numbers, np.int64).reshape(-1, 2), axis=0)
    before = np.concatenate([np.zeros((1, 2), np.int64), sums])[ends - sizes]
    return sums - np.repeat(before, sizes, axis=0), ends


def _joined(part: list[int], arcs: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """A line's positions from its arcs; a negative index is an arc the other way round."""
    pieces = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in part]
    return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
