"""Typed tables as Parquet, one file a month, in the private store.

What belongs here: keys, Parquet, compression, reading months when asked for. What does not: what is in
a table, Dagster. A folder and ``s3://`` are the same code (``stores``).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

import geopandas
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
import shapely

from strava_assets.errors import DamagedTable
from strava_assets.stores import Store

#: Of every geometry that is kept.
_CRS = pyproj.CRS("EPSG:4326")

Table: TypeAlias = pa.Table | geopandas.GeoDataFrame
T = TypeVar("T")
#: The table of months with nothing cut out, for their owner's eyes; made whenever the owner looks (``uncut``).
UNCUT = "uncut"
#: What Parquet files begin and end with.
_MAGIC = b"PAR1"


class Months(Mapping[str, pa.Table]):
    """The months of one asset's table that there are, read when asked for.

    ``months[key]`` is an Arrow table; `frame` reads a GeoDataFrame.
    """

    def __init__(self, store: Store, folder: str, keys: list[str]):
        self._store, self._folder, self._keys = store, folder, keys

    def __getitem__(self, month: str) -> pa.Table:
        return self.read(month)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def read(
        self,
        month: str,
        columns: list[str] | None = None,
        activities: Sequence[int] | pa.Array | None = None,
        use_threads: bool = True,
    ) -> pa.Table:
        """One month's table.

        Parameters
        ----------
        month : str
        columns : list of str, optional
            All of them if left out.
        activities : sequence of int, optional
            Only rows of these; ``activity_id`` must be among the columns.
        use_threads : bool
            Several columns at a time.

        Raises
        ------
        KeyError
            There is none.
        DamagedTable
            Its file is cut off or overwritten.
        """
        if month not in self._keys:
            raise KeyError(month)
        file = self._store.open_for_arrow(key_of(self._folder, month))
        try:
            # read_table goes by way of datasets, which takes twice as long for one file
            with file:
                table = pq.ParquetFile(file).read(columns, use_threads=use_threads)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(month) from error
        if activities is None:
            return table
        return table.filter(pc.is_in(table.column("activity_id"), pa.array(activities, pa.int64())))

    def frame(self, month: str) -> geopandas.GeoDataFrame:
        """One month's table with geometries; raises as `read` does."""
        table = self.read(month).to_pandas()
        try:
            geometry = shapely.from_wkb(table["geometry"].to_numpy())
        except (KeyError, shapely.errors.GEOSException) as error:
            raise self._damaged(month) from error
        # geopandas' own reader parses the file's CRS each time, which costs more than the rest
        return geopandas.GeoDataFrame(table, geometry=geometry, crs=_CRS)

    def versions(self) -> dict[str, str]:
        """What tells each month's table from what it was before; nothing is read."""
        there = self._store.versions(f"tables/{self._folder}")
        return {month: there[key] for month in self._keys if (key := key_of(self._folder, month)) in there}

    def is_whole(self, month: str) -> bool:
        """Whether the month's file is there and ends as Parquet does; a few bytes are read."""
        return month in self._keys and self._store.read_end(key_of(self._folder, month), 4) == _MAGIC

    def _damaged(self, month: str) -> DamagedTable:
        return DamagedTable(
            f"{self._store.url}/{key_of(self._folder, month)} is damaged; it is made again by: "
            f"strava-assets materialize --months {month} --force"
        )


def if_any(read: Callable[[str], T], month: str) -> T | None:
    """What ``read`` gives, or None where there is nothing or only a damaged file: it is made again then."""
    try:
        return read(month)
    except (KeyError, DamagedTable):
        return None


def key_of(table: str, month: str) -> str:
    """Where a month's table is kept in the private store."""
    return f"tables/{table}/{month}.parquet"


def months_of(store: Store, table: str, within: list[str] | None = None) -> Months:
    """The months of a table that there are (``within`` some)."""
    there = [key.rsplit("/", 1)[-1].removesuffix(".parquet") for key in store.keys(f"tables/{table}")]
    return Months(store, table, [month for month in there if within is None or month in set(within)])


def encode(table: Table) -> bytes:
    """A table as Parquet; with geometries, as GeoParquet.

    Numbers of many digits are split into their bytes and packed by what is quickest to unpack: next to zstd and
    dictionaries, of which they have none that is shorter than they are, a month of samples takes three quarters of
    the room and a third of the time. Every reader of Parquet knows both.
    """
    sink = io.BytesIO()
    if isinstance(table, geopandas.GeoDataFrame):
        table.to_parquet(sink, compression="zstd", index=False)
        return sink.getvalue()
    wide = [field.name for field in table.schema if pa.types.is_float64(field.type)]
    others = [field.name for field in table.schema if field.name not in wide]
    pq.write_table(table, sink, compression="lz4", use_dictionary=others, use_byte_stream_split=wide)
    return sink.getvalue()
