"""The owner's password: only what it was hashed to is ever kept.

What belongs here: hashing, comparing. What does not: who is asked for it, and how often (``gateway.owner_access``).

scrypt (RFC 7914) with N = 2^14, r = 8, p = 5: 16 MB and some tenths of a second a try, one of the strengths that
OWASP's Password Storage Cheat Sheet gives.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from strava_assets.errors import SettingsError

#: Characters.
SHORTEST, LONGEST = 12, 128
_N, _R, _P, _LENGTH = 2**14, 8, 5, 32
_HEAD = f"scrypt:{_N}:{_R}:{_P}"


def hashed(password: str, salt: bytes | None = None) -> str:
    """``scrypt:N:r:p:salt:hash``, as the settings take it: with no sign that a shell or a ``.env`` would change.

    Raises
    ------
    SettingsError
        It is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise SettingsError(f"the password must have {SHORTEST} to {LONGEST} characters; it has {len(password)}")
    salt = secrets.token_bytes(16) if salt is None else salt
    return ":".join([_HEAD, *(base64.urlsafe_b64encode(part).decode() for part in (salt, _scrypt(password, salt)))])


def is_hash(text: str) -> bool:
    """Whether `hashed` could have given this."""
    head, _, rest = text.rpartition(f"{_HEAD}:")
    salt, _, digest = rest.partition(":")
    try:
        lengths = [len(base64.b64decode(part, b"-_", validate=True)) for part in (salt, digest)]
    except (binascii.Error, ValueError):
        return False
    return not head and rest != text and lengths == [16, _LENGTH]


def matches(password: str, text: str) -> bool:
    """Whether a password is the one that was hashed; takes as long whether or not it is."""
    salt, digest = (base64.urlsafe_b64decode(part) for part in text.split(":")[-2:])
    return hmac.compare_digest(_scrypt(password[:LONGEST], salt), digest) and len(password) <= LONGEST


def _scrypt(password: str, salt: bytes) -> bytes:
    given = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=_N, r=_R, p=_P, maxmem=2**26, dklen=_LENGTH)
