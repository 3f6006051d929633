"""Arrow's threads outlive the interpreter: nothing of Python's may be left in their hands."""

from __future__ import annotations

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strava_assets.arrow_memory import readable


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
