"""Two fuzzers at once: schemathesis, which knows the routes, and one that breaks HTTP itself.

What belongs here: making requests, and counting what came back. What does not: starting a gateway (``__main__``).
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import psutil
import requests
import schemathesis
from hypothesis import HealthCheck, Phase

_BATCH = 10
_PATIENCE = 0.1  # seconds
_EVENT = (
    b'{"aspect_type": "update", "event_time": 1516126040, "object_id": 7, "object_type": "activity", "owner_id": 3,'
    b' "subscription_id": 1, "updates": {"title": "Messy", "private": "true"}}'
)
#: Memory that may come and go, bytes: the allocator's, not ours.
SLACK = 12 * 2**20


@dataclass
class Report:
    """What came back.

    Attributes
    ----------
    statuses : Counter
        Answers by (route, status); no answer is status 0.
    examples : list of str
        Requests that were answered 5xx, cut short.
    before, warm, after : int
        Resident memory of the gateway, bytes: at first, after a fifth of the time, at the end.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    before: int = 0
    warm: int = 0
    after: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, route: str, status: int, what: str) -> None:
        """One more answer."""
        with self._lock:
            self.statuses[route, status] += 1
            if status >= 500 and len(self.examples) < 20:
                self.examples.append(f"{status} {route}: {what[:300]}")

    @property
    def faults(self) -> int:
        """Answers that no request may cause."""
        return sum(count for (_, status), count in self.statuses.items() if status >= 500)

    @property
    def grew(self) -> bool:
        """Whether memory did, by more than an allocator's whims."""
        return self.after > self.warm + SLACK


def fuzz(url: str, document: Any, pid: int, seconds: float, seed: int = 0) -> Report:
    """Send random requests for a while.

    Parameters
    ----------
    url : str
        The gateway's.
    document : dict
        Its routes, OpenAPI.
    pid : int
        Its process.
    seconds : float
    seed : int
        The same requests again, as far as they are ours.
    """
    report, process = Report(), psutil.Process(pid)
    ending = threading.Event()
    fuzzers = [
        threading.Thread(target=_by_schema, args=(url, document, seed, ending, report)),
        *(
            threading.Thread(target=_by_bytes, args=(url, _tokens(document), seed + lane, ending, report))
            for lane in range(4)  # most of the time each waits for an answer that may never come
        ),
    ]
    report.before = process.memory_info().rss
    for fuzzer in fuzzers:
        fuzzer.start()
    try:
        _sleep(seconds / 5, fuzzers)
        report.warm = process.memory_info().rss
        _sleep(seconds * 4 / 5, fuzzers)
    finally:
        ending.set()
        for fuzzer in fuzzers:
            fuzzer.join()
    report.after = process.memory_info().rss
    return report


def _sleep(seconds: float, fuzzers: list[threading.Thread]) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.1)
        assert all(fuzzer.is_alive() for fuzzer in fuzzers), "a fuzzer itself failed"


def _by_schema(url: str, document: Any, seed: int, ending: threading.Event, report: Report) -> None:
    """Well-formed requests, and ones that are nearly so, a few of each route at a time."""
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    strategies = [
        (operation.label, operation.as_strategy(generation_mode=mode))
        for operation in operations
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    ]
    with requests.Session() as session:
        session.trust_env = False

        def ask(route: str, case: Any) -> None:
            try:
                answer = case.call(base_url=url, session=session, timeout=20, allow_redirects=False)
            except requests.exceptions.ConnectionError:
                report.note(route, 0, "")
            except (requests.RequestException, ValueError):
                pass  # what requests itself does not send
            else:
                body = answer.request.body or b""
                report.note(route, answer.status_code, f"{answer.request.url} {body!r}")

        first = seed
        while not ending.is_set():
            for label, strategy in strategies:
                if ending.is_set() and seed >= first + len(strategies):  # each route has had its turn
                    break
                seed += 1
                _try(label, strategy, seed, ask)


def _try(label: str, strategy: Any, seed: int, ask: Any) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=_BATCH,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=strategy)
    def batch(case: Any) -> None:
        ask(label, case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # nothing about this route can be wrong
            batch()


def _by_bytes(url: str, tokens: list[str], seed: int, ending: threading.Event, report: Report) -> None:
    """Requests put together from good and bad parts, some with bytes changed, several on one connection."""
    parts = urlsplit(url)
    rng = random.Random(seed)
    while not ending.is_set():
        said = b"".join(_broken(rng, _request(rng, tokens)) for _ in range(rng.choice((1, 1, 1, 5))))
        for status in _say(parts.hostname or "", parts.port or 80, said) or [0]:
            report.note("bytes", status, repr(said))


def _say(host: str, port: int, said: bytes) -> list[int]:
    """Statuses of the answers to some bytes."""
    answer = b""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=20) as line:
        line.sendall(said)
        line.settimeout(_PATIENCE)  # half a request is waited for longer than that
        while chunk := line.recv(65536):
            answer += chunk
    return [int(rest[:3]) for rest in answer.split(b"HTTP/1.1 ")[1:] if rest[:3].isdigit()]


def _request(rng: random.Random, tokens: list[str]) -> bytes:
    path = rng.choice(
        [
            "/",
            "/index.json",
            "/public/index.json",
            "/public/%2e%2e/%00",
            "/connect",
            "/connect/callback?code=x&state=1.2",
            "/readyz",
            *[f"/webhook/{token}" for token in tokens],
            "/" + "".join(chr(rng.randrange(33, 127)) for _ in range(rng.randrange(40))),
        ]
    )
    method = rng.choice(["GET"] * 5 + ["POST"] * 5 + ["HEAD", "OPTIONS", "DELETE", "get", "CONNECT"])
    body = rng.choice([b"", b"{}", _EVENT, _EVENT, b"[" * rng.randrange(3000), rng.randbytes(rng.randrange(300))])
    headers = [
        "Host: x",
        rng.choice([f"Content-Length: {len(body)}"] * 4 + ["Content-Length: 7", "Transfer-Encoding: chunked", "X: y"]),
        rng.choice(
            ["Connection: close"] * 5 + ["Connection: keep-alive", "Expect: 100-continue", "Upgrade: websocket"]
        ),
        rng.choice(["Accept-Encoding: gzip", "Cookie: " + "a" * rng.randrange(5000), "X-Strava-Signature: t=1,v1=0"]),
        rng.choice(["If-None-Match: *", "If-None-Match: W/,,,", "Range: bytes=0-", "X-Forwarded-For: ,"]),
    ]
    rng.shuffle(headers)
    return f"{method} {path} HTTP/1.1\r\n".encode() + "\r\n".join(headers).encode() + b"\r\n\r\n" + body


def _broken(rng: random.Random, said: bytes) -> bytes:
    changed = bytearray(said)
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 3, 10))):
        at = rng.randrange(len(changed))
        changed[at : at + rng.choice((0, 1, 1, 5))] = rng.randbytes(rng.choice((0, 1, 1, 3)))
    return bytes(changed) or b"\r\n"


def _tokens(document: Any) -> list[str]:
    post = document["paths"]["/webhook/{token}"]["post"]
    return [post["parameters"][0]["schema"]["const"]]
