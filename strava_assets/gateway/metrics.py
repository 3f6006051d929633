"""``/metrics``: how the gateway and what it stands on are doing, as Prometheus reads it.

What belongs here: counting requests, asking the database for the state, who may ask. What does not: deciding what is
wrong (``doctor``, ``alerts``).

When something arrives is nobody else's business: whoever sees the counts go up knows when a ride was uploaded. So the
address is there for who brings the token of ``STRAVA_ASSETS_METRICS_TOKEN``; without one, for this machine only (as
``owner_access`` tells it), and only while ``STRAVA_ASSETS_BASE_URL`` is this machine, too: what a request says of
itself, its host's name first, a stranger writes behind a proxy or a tunnel. For everybody else it does not exist. No
label holds anything of a request but the kind of its address.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from strava_assets.database.connection import Database, queries
from strava_assets.errors import DatabaseUnavailable
from strava_assets.gateway.owner_access import way_of
from strava_assets.settings import Settings

_PREFIX = "strava_assets_"
#: First parts of addresses, as they are counted; every other is a file of the map.
_KINDS = ("webhook", "healthz", "readyz", "connect", "streams", "mine", "metrics", "public")
_HELP = {
    "activities": "Activities by state; quarantined ones are in their state, too.",
    "webhook_events": "Stored webhook events by what became of them.",
    "webhook_events_oldest_waiting_seconds": "Since when the oldest event waits that is not done; 0 if none does.",
    "months_waiting": "Months that are to be gone through.",
    "athletes": "Connected athletes by state.",
    "public_files": "Files under the public root.",
    "last_publication_timestamp_seconds": "When the gate wrote last, seconds since 1970; 0 if never.",
}


class Metrics:
    """What one gateway has counted.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings):
        self._settings = settings
        self._is_at_home = _is_loopback(urlsplit(settings.base_url).hostname or "")
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            f"{_PREFIX}http_requests",
            "Requests by kind of address and status.",
            ["kind", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            f"{_PREFIX}http_request_seconds",
            "From a request's head to its answer's head.",
            ["kind"],
            registry=self.registry,
        )

    def may_ask(self, request: Request) -> bool:
        """Whether a request brings the token; or comes from this machine, where nothing leads in from elsewhere."""
        token = self._settings.metrics_token
        given = request.headers.get("authorization", "").encode("utf-8", "surrogatepass")
        if token is not None and hmac.compare_digest(given, b"Bearer " + token.get_secret_value().encode()):
            return True
        near = request.client is not None and _is_loopback(request.client.host)
        return self._is_at_home and near and way_of(request, self._settings) == "local"

    def text(self, database: Database) -> bytes:
        """Everything, in Prometheus's text format."""
        state = CollectorRegistry()
        state.register(_State(self._settings, database))
        return generate_latest(self.registry) + generate_latest(state)


class _State(Collector):
    """What the database tells, at the moment of asking."""

    def __init__(self, settings: Settings, database: Database):
        self._settings, self._database = settings, database

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: it would cost a question at the start."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One gauge a name."""
        up = GaugeMetricFamily(f"{_PREFIX}database_up", "Whether PostgreSQL answers.", value=1)
        gauges: dict[str, GaugeMetricFamily] = {}
        try:
            with self._database.transaction() as connection:
                rows = list(
                    queries().counts_for_metrics(
                        connection, root=self._settings.public_root, application=self._settings.client_id or ""
                    )
                )
        except DatabaseUnavailable:
            yield GaugeMetricFamily(up.name, up.documentation, value=0)
            return
        for row in rows:
            name, labels = row["name"], ["state"] if row["label"] else []
            text = _HELP.get(name, "Reads that Strava still allows in this window.")
            gauge = gauges.setdefault(name, GaugeMetricFamily(f"{_PREFIX}{name}", text, labels=labels))
            gauge.add_metric([row["label"]] if labels else [], row["value"])
        yield up
        yield from gauges.values()


class Counting:
    """Counts every answer, whoever gives it."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self.app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, kind = time.perf_counter(), _kind(scope["path"])

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._metrics.requests.labels(kind, str(message["status"])).inc()
                self._metrics.seconds.labels(kind).observe(time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, sending)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _kind(path: str) -> str:
    first = path.lstrip("/").partition("/")[0]
    return first if first in _KINDS else "map"


async def metrics(request: Request) -> Response:
    """What Prometheus asks for; for strangers an address like any that does not exist."""
    kept: Metrics = request.app.state.metrics
    if not kept.may_ask(request):
        raise HTTPException(404, "not found")
    text = await run_in_threadpool(kept.text, request.app.state.database)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})
