"""Who may ask for the athlete's data: codes, access tokens, refresh tokens, and how they age.

What belongs here: the rules of Strava's tokens. What does not: HTTP (``oauth``).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

#: An access token lives six hours.
LIFETIME = 6 * 3600
#: With more than this left, a refresh gives back the token that there is.
_FRESH = 3600

SCOPES = (
    "read",
    "read_all",
    "profile:read_all",
    "profile:write",
    "activity:read",
    "activity:read_all",
    "activity:write",
)


@dataclass
class Grant:
    """One consent of the athlete.

    Attributes
    ----------
    scope : frozenset of str
    refresh : str
        The refresh token in force; a former one is worth nothing.
    access : dict
        Access token to when it ends (s since 1970); the last one is the newest.
    """

    scope: frozenset[str]
    refresh: str
    access: dict[str, float] = field(default_factory=dict)

    @property
    def newest(self) -> tuple[str, float]:
        """The newest access token and when it ends."""
        return list(self.access.items())[-1]


class Grants:
    """All consents of the one athlete to the one application."""

    def __init__(self) -> None:
        self._codes: dict[str, frozenset[str]] = {}
        self._grants: list[Grant] = []

    def code(self, scope: frozenset[str]) -> str:
        """A code that can be exchanged once."""
        code = secrets.token_hex(20)
        self._codes[code] = scope
        return code

    def exchange(self, code: str, now: float) -> Grant | None:
        """The grant of a code; None if it is not one, or no longer."""
        scope = self._codes.pop(code, None)
        if scope is None:
            return None
        grant = Grant(scope, secrets.token_hex(20))
        grant.access[secrets.token_hex(20)] = now + LIFETIME
        self._grants.append(grant)
        return grant

    def renew(self, refresh: str, now: float) -> Grant | None:
        """Renew by refresh token, rotating it when the access token has an hour or less; None if invalid."""
        grant = next((grant for grant in self._grants if grant.refresh == refresh), None)
        if grant is not None and grant.newest[1] - now <= _FRESH:
            grant.refresh = secrets.token_hex(20)
            grant.access = {token: ends for token, ends in grant.access.items() if ends > now}
            grant.access[secrets.token_hex(20)] = now + LIFETIME
        return grant

    def of(self, access: str, now: float) -> Grant | None:
        """The grant that an access token belongs to; None if it is not one, or has ended."""
        return next((grant for grant in self._grants if grant.access.get(access, 0) > now), None)

    def covers(self, scope: frozenset[str]) -> bool:
        """Whether the athlete has consented to this much already."""
        return any(scope <= grant.scope for grant in self._grants)

    @property
    def scope(self) -> frozenset[str]:
        """Everything consented to; empty when the athlete is not connected."""
        return frozenset().union(*(grant.scope for grant in self._grants))

    def revoke(self, token: str | None = None) -> bool:
        """End all consents, by any token of any of them or, without one, by the athlete; whether there was one."""
        known = any(token is None or token == grant.refresh or token in grant.access for grant in self._grants)
        if known:
            self._grants.clear()
            self._codes.clear()
        return known
