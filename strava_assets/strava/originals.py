"""Strava's JSON as PostgreSQL can keep it.

What belongs here: making an answer storable without losing anything that could be stored. What does
not: reading fields of it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from psycopg.types.json import Jsonb


def storable(value: Any) -> Jsonb:
    """A JSON value for a jsonb column.

    NUL and lone surrogates, which jsonb refuses, become U+FFFD; NaN and infinities become null. People do
    name their rides like that.
    """
    try:
        text = json.dumps(value, allow_nan=False)
        if "\\u0000" not in text and "\\ud" not in text:
            return Jsonb(value)
    except ValueError:
        pass
    return Jsonb(_clean(value))


def clean_text(text: str) -> str:
    """``text`` without what UTF-8 and PostgreSQL cannot hold."""
    return text.replace("\0", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {clean_text(str(key)): _clean(item) for key, item in value.items()}
    return value
