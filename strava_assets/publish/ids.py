"""Public ids: a keyed hash in place of every real id.

What belongs here: the hash. What does not: what it is used for. Stable for an installation; without
the key nobody can tell which activity or athlete it stands for, or that two installations share one.
"""

from __future__ import annotations

import hmac


def public_id(key: bytes, kind: str, identity: str) -> str:
    """The public id of something.

    Parameters
    ----------
    key : bytes
        The installation's secret (``Settings.key()``).
    kind : {'athlete', 'activity'}
    identity : str
        What tells it from others of its kind.

    Returns
    -------
    str
        16 hex digits.
    """
    return hmac.digest(key, f"{kind}\0{identity}".encode(), "sha256").hex()[:16]
