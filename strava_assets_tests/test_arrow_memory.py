"""Arrow's threads outlive the interpreter: nothing of Python's may be left in their hands."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strava_assets import stores, tables
from strava_assets.arrow_memory import readable
from strava_assets.publish import csv_files
from strava_assets.stores import Store


def test_the_reader_holds_a_copy_and_not_the_bytes() -> None:
    data = bytes(range(256)) * 100
    before = sys.getrefcount(data)
    reader = readable(data)
    assert sys.getrefcount(data) == before
    assert reader.read() == data
    assert not reader.closed


@pytest.mark.parametrize("rows", [0, 3])
def test_a_table_comes_back(rows: int) -> None:
    table = pa.table({"a": pa.array(range(rows), pa.int64())})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    assert pq.read_table(readable(sink.getvalue().to_pybytes())).equals(table)


def test_nothing_at_all_can_be_read() -> None:
    assert readable(b"").read() == b""


def test_tables_of_a_bucket_and_csvs_are_read_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[bytes] = []

    def watched(data: bytes) -> pa.BufferReader:
        handed.append(data)
        return readable(data)

    monkeypatch.setattr(stores, "readable", watched)
    monkeypatch.setattr(csv_files, "readable", watched)
    store, table = Store("memory://read-through-it"), tables.encode(pa.table({"a": [1]}))
    store.write(tables.key_of("t", "2024-01"), table)
    assert tables.months_of(store, "t")["2024-01"].num_rows == 1
    csv = b"segment,time,distance,lat,lng\n0,0,0,47.500000,7.600000\n0,1,5,47.500010,7.600010\n"
    assert csv_files.decode(csv).rows == 2
    assert handed == [table, csv]


def test_a_table_in_a_folder_is_a_file_of_arrows_own(tmp_path: Path) -> None:
    store, table = Store(str(tmp_path)), pa.table({"a": [1.5, None], "b": ["one", "two"]})
    store.write(tables.key_of("t", "2024-01"), tables.encode(table))
    assert isinstance(store.open_for_arrow(tables.key_of("t", "2024-01")), pa.OSFile)
    assert tables.months_of(store, "t")["2024-01"].equals(table)
    assert tables.months_of(store, "t").read("2024-01", ["b"]).column_names == ["b"]


def test_a_table_as_they_were_written_before_is_read(tmp_path: Path) -> None:
    store, table, sink = (
        Store(str(tmp_path)),
        pa.table({"a": [1.5, None], "b": ["one", "two"]}),
        pa.BufferOutputStream(),
    )
    pq.write_table(table, sink, compression="zstd")
    store.write(tables.key_of("t", "2024-01"), sink.getvalue().to_pybytes())
    assert tables.months_of(store, "t")["2024-01"].equals(table)
