"""Everything that a running simulation remembers, and its clock.

What belongs here: state that several routes share. What does not: routes. Only the server's own event
loop touches it, so nothing is locked; the account, which threads share, locks itself.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from strava_assets.sandbox.account import Account
from strava_assets.sandbox.grants import Grants
from strava_assets.sandbox.quota import Quota

CLIENT_ID, CLIENT_SECRET = "1001", "sandbox-secret"
#: Requests remembered; older ones are forgotten.
_LOGGED = 50_000


@dataclass
class Trouble:
    """Calls that are to fail: how many more, how, and those whose path holds a text."""

    calls: int
    status: int | str
    path: str = ""


@dataclass
class State:
    """A simulation.

    Attributes
    ----------
    auto_approve : bool
        The consent page consents by itself.
    callback_domain : str
        Where the application may send browsers back to, beside loopback.
    push_spacing : float
        Seconds between the attempts to deliver an event; Strava waits a minute or two.
    signing_key : str
        Events are signed with it; empty: they are not.
    hang : float
        Seconds that a hanging call hangs.
    future : bool
        As from June 2027: no ``/api/v3``, tokens in the header only, no ``/oauth/deauthorize``.
    ahead : float
        Seconds that the clock here is ahead of the machine's.
    """

    account: Account
    client_id: str = CLIENT_ID
    client_secret: str = CLIENT_SECRET
    auto_approve: bool = False
    callback_domain: str = ""
    push_spacing: float = 1.0
    signing_key: str = ""
    hang: float = 120.0
    future: bool = False
    ahead: float = 0.0
    inactive: bool = False
    grants: Grants = field(default_factory=Grants)
    quota: Quota = field(default_factory=Quota)
    troubles: list[Trouble] = field(default_factory=list)
    subscription: dict[str, Any] | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    pushes: list[dict[str, Any]] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since 1970 on the simulation's clock."""
        return time.time() + self.ahead

    def note(self, entry: dict[str, Any]) -> None:
        """Remember a request."""
        self.log.append(entry)
        if len(self.log) > _LOGGED:
            del self.log[: _LOGGED // 10]

    def trouble(self, path: str) -> int | str | None:
        """How this call is to fail, if it is; used up by asking."""
        for item in self.troubles:
            reaches = item.path in path if item.path else "/oauth/" not in path
            if item.calls > 0 and reaches:
                item.calls -= 1
                return item.status
        return None

    def is_application(self, given: dict[str, str]) -> bool:
        """Whether ``client_id`` and ``client_secret`` are the application's."""
        return (given.get("client_id"), given.get("client_secret")) == (self.client_id, self.client_secret)


async def form(request: Request) -> dict[str, str]:
    """Parameters of a request, of its address and of its form body; the body wins."""
    body = (await request.body()).decode("utf-8", "replace")
    return dict(request.query_params) | dict(parse_qsl(body, keep_blank_values=True))
