"""Who may see what is private: by a link that this machine's owner was given, or by the owner's password.

What belongs here: the two ways in, sessions, and what a request must look like. What does not: what is shown
(``owner``), how a password is hashed (``owner_password``).

That a request comes from this machine proves nothing: behind a reverse proxy or a tunnel every stranger's does. So

- the **link** of ``strava-assets view`` holds a key, good for half a day, and it counts only where the request names a
  loopback host and shows no trace of having been passed on;
- the **password** counts there as well, and under the installation's own ``https://`` address, nowhere else. Wrong
  ones make everybody wait, longer each time; a link of this machine is a way in nevertheless.

Either gives a session: a signed cookie that lasts half a day, and never longer than the gateway. Where there is
neither way, there is nothing: the address answers as any other that does not exist.

Checked against OWASP ASVS 4.0, level 1: 2.1.1-2 length of passwords, 2.2.1 no guessing, 2.4.1 scrypt, 2.10 no secret
in the program; 3.1.1 no session in an address, 3.2.1 a new one at each login, 3.2.2 random, 3.3.1 logout ends it at the
server, 3.3.2 it ends by itself, 3.4.1-5 Secure (on https), HttpOnly, SameSite=Strict, path; 4.2.2 no cross-site
request; 7.1.1-2 no secret and no place in a log; 8.2.1 nothing cached; 9.1.1 https but for loopback; 13.1.3 no key in
an address beyond the first look (it is exchanged at once, and good on this machine only); 13.2.5 content types; 14.4
headers.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from strava_assets.errors import SettingsError
from strava_assets.owner_password import matches
from strava_assets.settings import Settings
from strava_assets.strava.keys import derive

#: Where the owner's view is.
PATH = "/mine"
COOKIE = "strava_assets_owner"
#: Seconds that a link is good for, and a session.
LINK_LASTS = SESSION_LASTS = 12 * 3600
#: Wrong passwords that cost no wait; and the longest one, seconds.
_FREE, _LONGEST_WAIT = 3, 900.0

#: How a request came: to this machine's own name, or through the installation's https address.
Way = Literal["local", "https"]

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)
#: What proxies, tunnels and content networks add.
_PASSED_ON = re.compile(
    r"forwarded|via|cdn-loop|x-(forwarded|real|client|cluster|original|envoy|amzn|amz-cf|azure|arr|vercel|appengine|"
    r"remote|proxy|host|scheme|ssl|request-id|b3)\b.*|(true-client|cf|fly|fastly|ngrok|tailscale|akamai|incap)-.*|"
    r"proxy-.*|traceparent"
)


def way_of(request: HTTPConnection, settings: Settings) -> Way | None:
    """How a request came; None if by a way on which nothing private is shown, as under a name that is not ours."""
    hosts = request.headers.getlist("host")
    if len(hosts) != 1:
        return None
    passed_on = any(_PASSED_ON.fullmatch(name) for name in request.headers)
    # browsers have not spoken HTTP/1.0 for decades, but some proxies do, and add nothing
    if _LOOPBACK.fullmatch(hosts[0]) and not passed_on and request.scope.get("http_version") != "1.0":
        return "local"
    ours = urlsplit(settings.base_url)
    told = request.headers.get("x-forwarded-proto", "https")
    if ours.scheme == "https" and hosts[0].lower() == ours.netloc.lower() and told == "https":
        return "https"
    return None


def link(settings: Settings, now: float | None = None) -> str:
    """An address that opens the owner's view in a browser on this machine, for half a day.

    Raises
    ------
    SettingsError
        The gateway does not listen where this machine's own name leads.
    """
    host = {"127.0.0.1": "127.0.0.1", "0.0.0.0": "127.0.0.1", "localhost": "localhost", "::": "[::1]", "::1": "[::1]"}
    if settings.host not in host:
        raise SettingsError(
            f"the gateway listens on {settings.host} (STRAVA_ASSETS_HOST), and a link is good on this machine only; "
            "set a password instead: strava-assets view --password"
        )
    until = str(int((time.time() if now is None else now) + LINK_LASTS))
    return f"http://{host[settings.host]}:{settings.port}{PATH}/?key={until}.{_mark(_link_key(settings), until)}"


class OwnerAccess:
    """Who is the owner, in one gateway.

    Parameters
    ----------
    settings : Settings
    now : callable
        The time, seconds since 1970.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time):
        self._settings, self._now = settings, now
        self._link_key = _link_key(settings)
        # with a part that no other process has: a session that was ended stays so
        self._session_key = hashlib.sha256(derive(settings, "owner/session") + secrets.token_bytes(32)).digest()
        self._ended: dict[str, float] = {}
        self.tries = Tries()

    @property
    def has_password(self) -> bool:
        """Whether the owner has set one."""
        return self._settings.owner_password_hash is not None

    def way(self, request: HTTPConnection) -> Way | None:
        """As `way_of`."""
        return way_of(request, self._settings)

    def may_know(self, request: HTTPConnection) -> bool:
        """Whether a request is answered at all; else it is told that there is no such address."""
        if self.way(request) is None:
            return False
        return self.has_password or self.is_owner(request) or self.has_key(request)

    def is_owner(self, request: HTTPConnection) -> bool:
        """Whether a request carries a session that is good where it came from."""
        way = self.way(request)
        kind, until, number, mark = (*request.cookies.get(COOKIE, "").split("."), "", "", "", "")[:4]
        good = _same(mark, _mark(self._session_key, f"{kind}.{until}.{number}"))
        if not good or way is None or number in self._ended or float(until) < self._now():
            return False
        return kind == "password" or way == "local"  # what a link opened stays on this machine

    def has_key(self, request: HTTPConnection) -> bool:
        """Whether a request comes by a link that is good."""
        until, _, mark = request.query_params.get("key", "").partition(".")
        good = _same(mark, _mark(self._link_key, until))
        return good and self.way(request) == "local" and float(until) >= self._now()

    def knows(self, password: str) -> bool:
        """Whether a password is the owner's; takes tenths of a second."""
        kept = self._settings.owner_password_hash
        return kept is not None and matches(password, kept.get_secret_value())

    def begin(self, kind: Literal["key", "password"]) -> str:
        """A new session, as the cookie's value."""
        told = f"{kind}.{int(self._now() + SESSION_LASTS)}.{secrets.token_urlsafe(18)}"
        return f"{told}.{_mark(self._session_key, told)}"

    def end(self, request: HTTPConnection) -> None:
        """End the session of a request that `is_owner`."""
        _, until, number, _ = request.cookies[COOKIE].split(".")
        self._ended = {other: when for other, when in self._ended.items() if when >= self._now()}
        self._ended[number] = float(until)

    def same_origin(self, request: HTTPConnection) -> bool:
        """Whether a browser says that one of our own pages sent a request; one that says nothing is not believed."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        host = request.headers["host"].lower()
        ours = f"https://{host}" if self.way(request) == "https" else f"http://{host}"
        if site is None and origin is None:
            return False
        return site in (None, "same-origin") and origin in (None, ours)


class Tries:
    """How long everybody has to wait before another password is looked at.

    Parameters
    ----------
    clock : callable
        Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock, self.wrong, self._due = clock, 0, 0.0

    @property
    def wait(self) -> float:
        """Seconds; 0 if one may be tried now."""
        return max(0.0, self._due - self._clock())

    def begin(self) -> None:
        """One more, taken for wrong until it proves right: others that come meanwhile wait, too."""
        self.wrong += 1
        if self.wrong > _FREE:
            self._due = self._clock() + min(2.0 ** min(self.wrong - _FREE, 20), _LONGEST_WAIT)

    def right(self) -> None:
        """The last one was right."""
        self.wrong, self._due = 0, 0.0


def _link_key(settings: Settings) -> bytes:
    return derive(settings, "owner/link")


def _mark(key: bytes, told: str) -> str:
    return hmac.new(key, told.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
