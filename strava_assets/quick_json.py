"""JSON for streams: hundreds of thousands of numbers an activity.

What belongs here: orjson, and the standard library where orjson is stricter (numbers beyond 64 bits,
half a surrogate, NaN). What does not: what the JSON says.
"""

from __future__ import annotations

import json
import math
from typing import Any

import orjson


def loads(data: bytes) -> Any:
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
