"""Keys for one purpose each, derived from the installation's secret.

What belongs here: the derivation. What does not: what a key is used for. One purpose's key tells
nothing of another's, nor of the secret.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strava_assets.settings import Settings


def derive(settings: Settings, purpose: str) -> bytes:
    """32 bytes for ``purpose``, the same in every process of this installation (HKDF-SHA256, RFC 5869)."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"strava_assets/{purpose}".encode())
    return kdf.derive(settings.key())
