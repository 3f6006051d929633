"""``activities.topojson``: one file an athlete, encoded with the topojson library.

What belongs here: the format, CONTRACT's properties and their order, writing it, and reading what was written here
without looking into its lines: of ten years, one ride is new. What does not: which activities are in it, whether the
bytes are good (`gate`), and what they mean to anybody else (`topojson_decoder`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely

from strava_assets.privacy.invariants import property_types
from strava_assets.publish.topojson_decoder import cells_of
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
#: West, south, east, north, in cells of the grid.
Box = tuple[int, int, int, int]
# what stands around the arcs, and between two of them
_NO_ARCS, _ARCS, _NEXT, _END = b',"arcs":[]}', b',"arcs":[[[', b"]],[[", b"]]]}"


class Arc(NamedTuple):
    """A line as it stands in the file.

    Attributes
    ----------
    x, y : int
        Its first position, in cells of the grid counted from 0° N 0° E.
    steps : bytes
        JSON of all others, each counted from the position before it, without the brackets around it all:
        ``],[dx,dy],[dx,dy``.
    """

    x: int
    y: int
    steps: bytes


@dataclass(frozen=True)
class Feature:
    """One activity on the map, its lines encoded.

    Attributes
    ----------
    properties : dict
        In the order in which they are written.
    arcs : list of Arc
        Its lines.
    made_from : str
        The fingerprint that its CSV has to have; empty where both are public already.
    box : Box, optional
        Of its lines. Where all are known, the file's need not be looked for.
    """

    properties: dict[str, Any]
    arcs: list[Arc]
    made_from: str = ""
    box: Box | None = None


@without_collector()
def arcs_of(geometries: Sequence[shapely.MultiLineString]) -> tuple[list[list[Arc]], list[Box]]:
    """The arcs of each MultiLineString (EPSG:4326, on the grid), and its box, for `Feature`."""
    if not len(geometries):
        return [], []
    from topojson.ops import delta_encoding

    # The library's own Topology takes a vertex for needless where a line turns back on itself: the far end of
    # every out-and-back would be lost. So lines become arcs here, one each, and the library encodes them.
    parts, owner = shapely.get_parts(np.asarray(geometries, dtype=object), return_index=True)
    coords, line = shapely.get_coordinates(parts, return_index=True)
    cells = np.rint(coords / CELL).astype(np.int64)
    arcs = [_arc(deltas) for deltas in delta_encoding(np.split(cells, np.flatnonzero(np.diff(line)) + 1))]
    first = np.searchsorted(owner, np.arange(len(geometries) + 1))
    starts = np.searchsorted(owner[line], np.arange(len(geometries)))
    boxes = np.concatenate([np.minimum.reduceat(cells, starts), np.maximum.reduceat(cells, starts)], axis=1)
    return [arcs[start:end] for start, end in itertools.pairwise(first.tolist())], list(map(tuple, boxes.tolist()))


def _arc(deltas: list[list[int]]) -> Arc:
    (x, y), told = deltas[0], orjson.dumps(deltas)
    return Arc(x, y, told[told.index(b"]") : -2])


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
    box = box_of(features)
    arcs = [arc for feature in features for arc in feature.arcs]
    x, y = (0, 0) if box is None else box[:2]
    return _head(features, box) + (_ARCS + _joined(arcs, x, y) + _END if arcs else _NO_ARCS)


def _joined(arcs: Sequence[Arc], x: int, y: int) -> bytes:
    return _NEXT.join([b"%d,%d%b" % (arc[0] - x, arc[1] - y, arc[2]) for arc in arcs])


def box_of(features: Sequence[Feature]) -> Box | None:
    """Of all lines; None if there are none."""
    boxes = [feature.box for feature in features if feature.box is not None]
    if boxes and len(boxes) == len(features):
        return _union(boxes)
    arcs = [arc for feature in features for arc in feature.arcs]
    if not arcs:
        return None
    cells, _ = cells_of(orjson.loads(b"[[[" + _joined(arcs, 0, 0) + b"]]]"))
    return (*cells.min(axis=0).tolist(), *cells.max(axis=0).tolist())


def _union(boxes: Sequence[Box]) -> Box:
    """The box around boxes."""
    numbers = np.array(boxes)
    return (*numbers[:, :2].min(axis=0).tolist(), *numbers[:, 2:].max(axis=0).tolist())


def _head(features: Sequence[Feature], box: Box | None) -> bytes:
    """The file as far as its arcs."""
    collection = []
    for feature, end in zip(features, itertools.accumulate(len(f.arcs) for f in features), strict=True):
        own = range(end - len(feature.arcs), end)
        collection.append(
            {
                "type": "LineString" if len(own) == 1 else "MultiLineString",
                "arcs": list(own) if len(own) == 1 else [[arc] for arc in own],
                "properties": feature.properties,
            }
        )
    bbox = _degrees(box)
    head = {
        "type": "Topology",
        "bbox": bbox,
        "transform": {"scale": [CELL, CELL], "translate": bbox[:2] or [0.0, 0.0]},
        "objects": {"activities": {"type": "GeometryCollection", "geometries": collection}},
    }
    return orjson.dumps(head)[:-1]


def _degrees(cells: Sequence[int] | None) -> list[float]:
    """Cells of the grid as the file tells them; nothing of nothing."""
    return [round(number * CELL, 5) for number in cells or ()]


@dataclass(frozen=True)
class MapFile:
    """A file that `encode` wrote.

    Attributes
    ----------
    features : list of Feature
        Without their boxes, which are not in the file.
    box : Box or None
        As the file tells it.
    """

    features: list[Feature]
    box: Box | None

    @property
    def bbox(self) -> list[float]:
        """The box, degrees."""
        return _degrees(self.box)

    @property
    def translate(self) -> list[float]:
        """The transform's beginning, degrees: the box's corner."""
        return self.bbox[:2]


@without_collector()
@functools.lru_cache(maxsize=2)  # one publication holds the same bytes against the map, its sums and the index
def read(data: bytes) -> MapFile:
    """Read a file without looking into its lines. What it returns is shared: not to be changed.

    These features in this order, with this box, are written as these very bytes. Nothing else is proven: the box may
    be another's, and an arc's steps or a property may be anything.

    Raises
    ------
    ValueError
        `encode` did not write it.
    """
    try:
        at = data.rindex(b',"arcs":[')
        document = orjson.loads(data[:at] + b"}")
        corners = [round(number / CELL) for number in document["bbox"]]
        box = (corners[0], corners[1], corners[2], corners[3]) if corners else None
        x, y = (0, 0) if box is None else box[:2]
        arcs = [_placed(piece, x, y) for piece in _pieces(data, at)]
        features = [
            Feature(
                geometry["properties"], [arcs[part if isinstance(part, int) else part[0]] for part in geometry["arcs"]]
            )
            for geometry in document["objects"]["activities"]["geometries"]
        ]
        if not all(isinstance(feature.properties, dict) for feature in features):
            raise ValueError("properties are no object")
        if _head(features, box) != data[:at] or len(arcs) != sum(len(feature.arcs) for feature in features):
            raise ValueError("its bytes are not those that its activities would be written as")
        return MapFile(features, box)
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError, ValueError) as error:
        raise ValueError(f"not a map as we write it ({type(error).__name__}: {str(error)[:80]})") from error


def with_our_properties(found: MapFile) -> MapFile:
    """The file again, if its properties are of CONTRACT's kinds: to be gone on with, by who did not write it.

    Raises
    ------
    ValueError
        They are not.
    """
    for feature in found.features:
        if wrong := property_types("", feature.properties, PROPERTIES):
            raise ValueError(wrong[0].what)
    return found


def _pieces(data: bytes, at: int) -> list[bytes]:
    """The arcs, from each one's first position to its last."""
    if data.endswith(_NO_ARCS):
        return []
    if not (data.startswith(_ARCS, at) and data.endswith(_END)):
        raise ValueError("its arcs are no list of lists of positions")
    return data[at + len(_ARCS) : -len(_END)].split(_NEXT)


def _placed(piece: bytes, x: int, y: int) -> Arc:
    end = piece.find(b"]")
    start = piece if end < 0 else piece[:end]
    column, row = map(int, start.split(b","))
    if b"%d,%d" % (column, row) != start:
        raise ValueError("a position is not written as we write it")
    return Arc(column + x, row + y, piece[len(start) :])
