"""Asking Strava: raw JSON through stravalib's protocol layer, with time-outs and without sleeping.

What belongs here: one read, its retries and its errors. What does not: what answers mean for us
(``landing``), where tokens come from (``tokens``). stravalib's models are never used: they drop and
corrupt fields. Its import takes long and changes how warnings are shown, so it happens late and the
change is undone.
"""

from __future__ import annotations

import functools
import logging
import random
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from strava_assets import quick_json
from strava_assets.errors import StravaError, StravaNotFound, StravaUnauthorized
from strava_assets.settings import Settings
from strava_assets.strava.answers import lacks_scope, problem, unavailable
from strava_assets.strava.quota import Ledger, Work, answered_at

logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses; Strava wants the secret in one of them
#: Strava's most for one page.
PER_PAGE = 200
STREAM_KEYS = (
    "time",
    "distance",
    "latlng",
    "altitude",
    "velocity_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
    "moving",
    "grade_smooth",
)
#: Seconds for the connection, and for each wait for bytes.
TIMEOUT = (5.0, 30.0)
_PAUSES = (0.3, 1.0)

#: Gives an access token; told the one that Strava has just refused, a fresh one (or the same: there is none).
TokenSource = Callable[[str | None], str]


class StravaClient:
    """One athlete's view of the API.

    Parameters
    ----------
    settings : Settings
        The two base URLs.
    token : callable
        `TokenSource`; asked before every read.
    ledger : Ledger, optional
        The quota to note and to respect.
    timeout : (float, float)
        Seconds for the connection, and for each wait for bytes.

    Attributes
    ----------
    reads_spent : int
        Answers received; each counts against the quota.
    """

    def __init__(
        self,
        settings: Settings,
        token: TokenSource,
        ledger: Ledger | None = None,
        timeout: tuple[float, float] = TIMEOUT,
    ):
        self._settings, self._token, self._ledger, self._timeout = settings, token, ledger, timeout
        self.reads_spent = 0

    @functools.cached_property
    def _protocol(self) -> Any:
        return _protocol(self._settings, self._note, self._timeout)

    def athlete(self) -> dict[str, Any]:
        """The athlete whose token this is."""
        return _expect(dict, self._get("/athlete", "the athlete", patient=True), "the athlete")

    def pages(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[list[dict[str, Any]]]:
        """Summaries of activities that started in a stretch, a page of up to 200 at a time; one read each.

        Parameters
        ----------
        after, before : datetime, optional
            Aware; None is open. The order is Strava's.
        """
        bounds = {name: int(value.timestamp()) for name, value in (("after", after), ("before", before)) if value}
        for page in range(1, 10_000):
            what = f"page {page} of the activities"
            found = _expect(
                list, self._get("/athlete/activities", what, patient=True, page=page, per_page=PER_PAGE, **bounds), what
            )
            yield [item for item in found if isinstance(item, dict)]
            if len(found) < PER_PAGE:
                return

    def activities(self, after: datetime | None = None, before: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Summaries of activities that started in a stretch, one by one; see `pages`."""
        for page in self.pages(after, before):
            yield from page

    def activity(self, strava_id: int) -> dict[str, Any]:
        """An activity in full.

        Raises
        ------
        StravaNotFound
            It was deleted, or is not shown to this athlete.
        StravaError
            Any other of its tree.
        """
        what = f"activity {strava_id}"
        return _expect(dict, self._get("/activities/{id}", what, id=strava_id, include_all_efforts="false"), what)

    def streams(self, strava_id: int) -> dict[str, Any] | None:
        """All streams that an activity has, by type, at full resolution; None if it has none (404)."""
        what = f"the streams of activity {strava_id}"
        try:
            found = self._get(
                "/activities/{id}/streams", what, id=strava_id, keys=",".join(STREAM_KEYS), key_by_type="true"
            )
        except StravaNotFound:
            return None
        if isinstance(found, list):  # some answers ignore key_by_type
            found = {item["type"]: item for item in found if isinstance(item, dict) and "type" in item}
        return _expect(dict, found, what)

    def gear(self, gear_id: str) -> dict[str, Any]:
        """A bike or a pair of shoes; bikes tell their ``frame_type``."""
        return _expect(dict, self._get("/gear/{id}", f"gear {gear_id}", id=gear_id), f"gear {gear_id}")

    def _note(self, headers: Any, method: str) -> None:
        """Our limiter: it writes down what the answer says of both windows, and never sleeps."""
        self.reads_spent += 1
        if self._ledger is not None:
            self._ledger.note(headers)

    def _get(self, path: str, what: str, patient: bool = False, **parameters: Any) -> Any:
        """One read. ``patient``: try a 500 again, which for a single activity only means that it is corrupt."""
        pauses = list(_PAUSES)
        refused: str | None = None
        while True:
            error, token = self._ask(path, what, parameters, refused)
            if not isinstance(error, StravaError):
                return error
            status = error.status
            if isinstance(error, StravaUnauthorized) and error.token_refused and refused is None:
                refused = token  # another process may have a newer one, or it can be refreshed
                continue
            brief = error.brief and status in (502, 503, 504, None)
            if not (brief or (patient and status == 500)) or not pauses:
                raise error
            time.sleep(pauses.pop(0) * random.uniform(0.7, 1.3))

    def _ask(self, path: str, what: str, parameters: dict[str, Any], refused: str | None) -> tuple[Any, str]:
        """The answer, or the error that it means; and the token that was used."""
        import requests

        if self._ledger is not None:
            self._ledger.check()
        token = self._token(refused)
        if token == refused:
            return problem(401, None, {}, what), token
        self._protocol.access_token = token
        try:
            return self._protocol.get(path, **parameters), token
        except requests.HTTPError as error:  # stravalib's own are these
            answer: Any = error.response
            body = _json(answer)
            if answer.status_code == 429 and self._ledger is not None:
                self._ledger.refused(answer.headers)
            found = problem(answer.status_code, body, answer.headers, what, answered_at(answer.headers))
            found.token_refused = answer.status_code == 401 and not lacks_scope(body)
            found.brief = True
            return found, token
        except requests.ConnectTimeout:
            found = unavailable(f"Strava does not answer within {self._timeout[0]:.0f} s ({what})")
        except requests.Timeout:
            found = unavailable(f"Strava does not answer {what} within {self._timeout[1]:.0f} s; try again later")
        except requests.exceptions.JSONDecodeError:
            found = unavailable(f"Strava answers {what} with something that is not JSON; try again later")
        except requests.RequestException as error:
            host = urlsplit(self._settings.api_url).netloc
            found = unavailable(f"no connection to Strava at {host} ({type(error).__name__}); try again later")
            found.brief = True
        return found, token


def warm() -> None:
    """Load what a first read loads, for a process that others are forked from."""
    _protocol_class()


class Clients(Protocol):
    """Gives an athlete's client by our id, for a kind of work."""

    def __call__(self, athlete_id: int, work: Work | None = None, /) -> StravaClient:
        """The same one each time; without ``work``, for the work that this was made for."""


def http_options(url: str) -> dict[str, Any]:
    """Options for an HTTP client to one of the base URLs: proxies of the environment are not for loopback."""
    return {"trust_env": urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1")}


def _protocol(settings: Settings, limiter: Callable[..., None], longest: tuple[float, float]) -> Any:
    """stravalib's protocol layer with our session and limiter; it reads no environment and refreshes nothing."""
    import requests
    from requests.adapters import HTTPAdapter

    moved = (("https://www.strava.com/api/v3", settings.api_url), ("https://www.strava.com/oauth", settings.oauth_url))

    class MovingAdapter(HTTPAdapter):
        """Sends to the configured hosts, and never without a time-out."""

        def send(
            self,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: Any = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> requests.Response:
            for old, new in moved:
                if request.url.startswith(old):
                    request.url = new + request.url[len(old) :]
                    break
            answer = Answer()
            answer.__dict__ |= vars(super().send(request, stream, timeout or longest, verify, cert, proxies))
            return answer

    class Answer(requests.Response):
        """Reads its JSON quickly."""

        def json(self, **_: Any) -> Any:
            return _answer_json(self)

    session = requests.Session()
    session.trust_env = http_options(settings.api_url)["trust_env"]
    session.max_redirects = 3
    session.mount("https://www.strava.com/", MovingAdapter())
    return _protocol_class()(requests_session=session, rate_limiter=limiter)


def _answer_json(response: Any) -> Any:
    import requests

    try:
        return quick_json.loads(response.content)
    except ValueError:
        raise requests.exceptions.JSONDecodeError("no JSON", "", 0) from None


@functools.cache
def _protocol_class() -> Any:
    shown = warnings.showwarning
    with warnings.catch_warnings():  # stravalib.exc sets a filter and redirects warnings to logging
        from stravalib.protocol import ApiV3

        redirected = warnings.showwarning is not shown
    if redirected:
        logging.captureWarnings(False)
        warnings.showwarning = shown
    logging.getLogger("stravalib").setLevel(logging.WARNING)

    class Protocol(ApiV3):
        """Knows no client secret, so that it never refreshes by itself."""

        def _check_credentials(self) -> None:
            return None

    return Protocol


def _expect(kind: type, value: Any, what: str) -> Any:
    if not isinstance(value, kind):
        raise unavailable(
            f"Strava answers {what} with {type(value).__name__} instead of {kind.__name__}; try again later"
        )
    return value


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None
