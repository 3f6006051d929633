"""GeoParquet 1.1: tables with one geometry column that GIS programs, databases and data frames open alike.

What belongs here: geometries as WKB, their boxes, the ``geo`` metadata, the order along a curve, how bytes are packed.
What does not: which tables there are (``warehouse.lake``, ``publish.public_lake``). The format: https://geoparquet.org/releases/v1.1.0/
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

#: Columns of every table with a geometry.
GEOMETRY, BBOX = "geometry", "bbox"
#: Its corners, in degrees; single precision, rounded outwards, as others write it.
BOX_TYPE = pa.struct([(corner, pa.float32()) for corner in ("xmin", "ymin", "xmax", "ymax")])
#: Rows that a reader fetches or passes over together: DuckDB's own number.
ROW_GROUP = 122_880
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])

Degrees = NDArray[np.float64]


def points(lon: Degrees, lat: Degrees) -> pa.Array:
    """Points as WKB.

    Parameters
    ----------
    lon, lat : ndarray, shape (n,)
        Degrees; NaN where there is no position, and then the point is null.
    """
    wkb = np.empty(len(lon), _POINT)
    wkb["order"], wkb["type"], wkb["x"], wkb["y"] = 1, 1, lon, lat
    ends = np.arange(len(lon) + 1, dtype=np.int32) * _POINT.itemsize
    known = pa.array(np.isfinite(lon))
    return pc.if_else(
        known,
        pa.Array.from_buffers(pa.binary(), len(lon), [None, pa.py_buffer(ends), pa.py_buffer(wkb.tobytes())]),
        pa.scalar(None, pa.binary()),
    )


def shapes(geometries: NDArray[np.object_]) -> pa.Array:
    """Any geometries as WKB; None is null."""
    return pa.array(shapely.to_wkb(geometries), pa.binary())


def boxes(west: Degrees, south: Degrees, east: Degrees, north: Degrees) -> pa.StructArray:
    """The column of boxes; NaN corners are null. No box is smaller than what it was made from."""
    low = [_rounded(corner, -np.inf) for corner in (west, south)]
    high = [_rounded(corner, np.inf) for corner in (east, north)]
    return pa.StructArray.from_arrays(
        [pa.array(corner) for corner in (*low, *high)], fields=list(BOX_TYPE), mask=pa.array(np.isnan(west))
    )


def _rounded(values: Degrees, towards: float) -> NDArray[np.float32]:
    near = values.astype(np.float32)
    wrong = near > values if towards < 0 else near < values
    return np.where(wrong, np.nextafter(near, np.float32(towards)), near)


def along_curve(lon: Degrees, lat: Degrees) -> NDArray[np.int64]:
    """Places along a Hilbert curve over the whole globe: what is near is mostly near in number.

    The same place has the same number in every file. NaN comes last.
    """
    known = np.isfinite(lon)
    number = np.full(len(lon), np.iinfo(np.int64).max)
    if known.any():
        places = geopandas.GeoSeries(shapely.points(lon[known], lat[known]))
        number[known] = places.hilbert_distance(total_bounds=(-180.0, -90.0, 180.0, 90.0)).to_numpy()
    return number


def encode(table: pa.Table, kinds: list[str]) -> bytes:
    """The same bytes as `write` writes."""
    sink = io.BytesIO()
    with writing(table.schema, sink, kinds) as append:
        append(table)
    return sink.getvalue()


def write(table: pa.Table, path: Path, kinds: list[str]) -> int:
    """Write a table with the columns `GEOMETRY` (WKB) and `BBOX`; the same table gives the same bytes.

    Nothing is in the file beside the table and its ``geo`` metadata. Encodings are Parquet's first ones, dictionary
    and plain, below zstd: those that cloud engines read, too.

    Parameters
    ----------
    table : pa.Table
    path : Path
    kinds : list of str
        Types of the geometries, such as ``Point``.

    Returns
    -------
    int
        Bytes.
    """
    with writing(table.schema, path, kinds) as append:
        append(table)
    return path.stat().st_size


@contextmanager
def writing(schema: pa.Schema, sink: Path | BinaryIO, kinds: list[str]) -> Iterator[Callable[[pa.Table], None]]:
    """`write` for a table that comes in pieces; gives what each of them is to be given to."""
    numbers = [f.name for f in schema if pa.types.is_float64(f.type)]
    plain = {GEOMETRY, BBOX, *numbers}
    extents: list[list[pa.Scalar]] = []
    with pq.ParquetWriter(
        sink,
        schema.remove_metadata(),
        compression="zstd",
        compression_level=3,
        use_dictionary=[f.name for f in schema if f.name not in plain],
        write_statistics=[f.name for f in schema if f.name not in (GEOMETRY, BBOX)]
        + [f"{BBOX}.{corner.name}" for corner in BOX_TYPE],
        store_schema=False,
    ) as writer:

        def append(piece: pa.Table) -> None:
            writer.write_table(piece.replace_schema_metadata(None), row_group_size=ROW_GROUP)
            extents.append(_extent(piece))

        yield append
        writer.add_key_value_metadata({"geo": json.dumps(_geo(extents, kinds), separators=(",", ":"))})


def _extent(table: pa.Table) -> list[pa.Scalar]:
    corners = [pc.struct_field(table.column(BBOX), corner.name) for corner in BOX_TYPE]
    return [pc.min(corners[0]), pc.min(corners[1]), pc.max(corners[2]), pc.max(corners[3])]


def _geo(extents: list[list[pa.Scalar]], kinds: list[str]) -> dict[str, Any]:
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted(kinds),
        "crs": _crs84(),
        "edges": "planar",
        "covering": {BBOX: {corner.name: [BBOX, corner.name] for corner in BOX_TYPE}},
    }
    known = [[corner.as_py() for corner in extent] for extent in extents if extent[0].is_valid]
    if known:
        west, south, east, north = zip(*known, strict=True)
        column["bbox"] = [min(west), min(south), max(east), max(north)]
    return {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}


@functools.cache
def _crs84() -> dict[str, Any]:
    """Longitude, latitude in WGS 84, as PROJJSON."""
    return pyproj.CRS("OGC:CRS84").to_json_dict()
