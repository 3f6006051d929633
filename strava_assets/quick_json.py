"""JSON of streams and maps: hundreds of thousands of numbers at once.

What belongs here: orjson, and the standard library where orjson is stricter (numbers beyond 64 bits,
half a surrogate, NaN). What does not: what the JSON says.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
from collections.abc import Iterator
from typing import Any

import orjson


def loads(data: bytes | str) -> Any:
    """Read JSON; raises ValueError where `json.loads` does."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)


def dumps(value: Any) -> bytes:
    """Write JSON without spaces, UTF-8. NaN, which JSON does not know, is null."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(_finite(value), separators=(",", ":"), allow_nan=False).encode()


def _finite(value: Any) -> Any:
    """The same value with null for NaN and the infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Pause the collector of cyclic garbage: a million small lists are none, and going through them costs more
    than making them."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()
