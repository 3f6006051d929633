"""Events at a constant rate, whatever the answers do: a process of its own, told on stdin what to send.

The arrivals are an open loop: each event has a moment at which it is due, and its latency counts from then, so
that a stall of the gateway is seen by all events that were due meanwhile. Requests are made ready beforehand;
while it runs, this process does little more than write and read.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from typing import Any

import uvloop


class Line(asyncio.Protocol):
    """One connection; it carries one event at a time."""

    def __init__(self, load: Load):
        self.load, self.answer, self.number = load, b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def send(self, number: int) -> None:
        self.number, self.answer = number, b""
        self.transport.write(self.load.requests[number])

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, whole, body = self.answer.partition(b"\r\n\r\n")
        if whole and len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0):
            number, self.number = self.number, -1
            self.load.answered(number, head[9:12].decode())
            if self.load.fresh or b"connection: close" in head.lower():
                self.transport.close()
            else:
                self.load.free.append(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.load.free:
            self.load.free.remove(self)
        if self.number >= 0:
            self.load.answered(self.number, "connection lost")


class Load:
    """A run: requests, when each is due, and what came back.

    Parameters
    ----------
    requests : list of bytes
    rate : float
        Requests a second.
    host, port : str, int
    fresh : bool
        A new connection for each, instead of free ones first, as a proxy has them.
    """

    def __init__(self, requests: list[bytes], rate: float, host: str, port: int, fresh: bool):
        self.requests, self.rate, self.host, self.port, self.fresh = requests, rate, host, port, fresh
        self.free: list[Line] = []
        self.lines = 0
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.late = 0.0
        self.opening: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self.began, self.done = time.perf_counter(), asyncio.Event()
        number = 0
        while number < len(self.requests):
            now = time.perf_counter()
            while number < len(self.requests) and self.due(number) <= now:
                self.late = max(self.late, now - self.due(number))
                self.fire(number)
                number += 1
            if number < len(self.requests):
                await asyncio.sleep(max(0.0, self.due(number) - time.perf_counter()))
        await asyncio.wait_for(self.done.wait(), 30)

    def due(self, number: int) -> float:
        return self.began + number / self.rate

    def fire(self, number: int) -> None:
        if self.free:
            self.free.pop().send(number)
            return
        task = asyncio.get_running_loop().create_task(self.open(number))
        self.opening.add(task)
        task.add_done_callback(self.opening.discard)

    async def open(self, number: int) -> None:
        self.lines += 1
        try:
            _, line = await asyncio.get_running_loop().create_connection(lambda: Line(self), self.host, self.port)
            line.send(number)
        except OSError as error:
            self.answered(number, type(error).__name__)

    def answered(self, number: int, status: str) -> None:
        self.latencies.append(time.perf_counter() - self.due(number))
        self.statuses[status] += 1
        if len(self.latencies) == len(self.requests):
            self.done.set()


def requests(told: dict[str, Any]) -> list[bytes]:
    """Every event's request: activities in random order, each event at a second of its own, so that none is another."""
    rng = random.Random(told["first"])
    made = []
    for number in range(told["events"]):
        event = {
            "aspect_type": "update",
            "event_time": told["first"] + number,
            "object_id": rng.choice(told["activities"]),
            "object_type": "activity",
            "owner_id": told["owner_id"],
            "subscription_id": told["subscription_id"],
            "updates": {"title": f"Ride {number}"},
        }
        body = json.dumps(event).encode()
        head = (
            f"POST {told['path']} HTTP/1.1\r\nHost: {told['host']}:{told['port']}\r\nUser-Agent: load\r\n"
            f"Accept-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        made.append(f"{head}{'Connection: close' if told['fresh'] else 'Accept: */*'}\r\n\r\n".encode() + body)
    return made


def main() -> None:
    told = json.loads(sys.stdin.readline())
    load = Load(requests(told), told["rate"], told["host"], told["port"], told["fresh"])
    before = time.process_time()
    uvloop.run(load.run())
    latencies = sorted(load.latencies)
    print(
        json.dumps(
            {
                "statuses": load.statuses,
                "milliseconds": {
                    str(share): 1000 * latencies[min(len(latencies) - 1, int(share / 100 * len(latencies)))]
                    for share in (50, 95, 99, 99.9, 100)
                },
                "late": 1000 * load.late,
                "lines": load.lines,
                "cpu": time.process_time() - before,
            }
        )
    )


if __name__ == "__main__":
    main()
