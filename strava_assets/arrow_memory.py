"""Bytes that Arrow may keep for itself.

What belongs here: the one way in which bytes are handed to Arrow's readers. What does not: what they hold.
"""

from __future__ import annotations

import pyarrow as pa


def readable(data: bytes) -> pa.BufferReader:
    """A copy of ``data`` in memory that Arrow owns, to be read as a file.

    Arrow's readers hand their input to threads of Arrow's own, which may let go of it after the interpreter
    has ended. Where that input is a Python object (``bytes``, ``BytesIO``), the process then dies with
    "terminate called without an active exception" after all its work is done.
    """
    buffer = pa.allocate_buffer(len(data))
    pa.FixedSizeBufferWriter(buffer).write(data)
    return pa.BufferReader(buffer)
