"""As much of Google's cloud as BigQuery's own client talks to when it loads tables, over HTTP; it keeps what comes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass
class BigQuery:
    """What has been asked, and what there is."""

    url: str = ""
    datasets: dict[str, str] = field(default_factory=lambda: {"mine.rides": "EU"})
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Each load: the job as it was asked for, and the file.
    loads: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    #: What the next load ends with, instead of a table.
    refusal: dict[str, str] | None = None
    #: What every request is answered with instead, if anything.
    status: int | None = None
    patched: list[dict[str, Any]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    cloud: BigQuery
    uploads: dict[str, tuple[dict[str, Any], bytearray]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PUT(self) -> None:
        self._answer("PUT", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PATCH(self) -> None:
        self._answer("PATCH", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, verb: str, body: bytes) -> None:
        path, asked = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if path == "/token":
            return self._say(200, {"access_token": "for-an-hour", "expires_in": 3600, "token_type": "Bearer"})
        if self.headers.get("Authorization") != "Bearer for-an-hour":
            return self._say(401, _error(401, "who is that?"))
        if self.cloud.status:
            return self._say(self.cloud.status, _error(self.cloud.status, "not now\nand more"))
        if path.startswith("/upload/"):
            return self._upload(verb, body, asked)
        if match := re.fullmatch(r".*/projects/(\w+)/datasets/(\w+)(?:/tables/(\w+))?", path):
            return self._look(verb, match, body)
        if "/jobs/" in path:
            return self._say(200, self._job(self.cloud.loads[-1][0]))
        return self._say(404, _error(404, f"no {path}"))

    def _look(self, verb: str, match: re.Match[str], body: bytes) -> None:
        project, dataset, table = match.groups()
        name = f"{project}.{dataset}"
        if name not in self.cloud.datasets:
            return self._say(404, _error(404, f"Not found: Dataset {name}"))
        if table is None:
            where = {"projectId": project, "datasetId": dataset}
            return self._say(200, {"datasetReference": where, "location": self.cloud.datasets[name]})
        if f"{name}.{table}" not in self.cloud.tables:
            return self._say(404, _error(404, f"Not found: Table {name}.{table}"))
        there = self.cloud.tables[f"{name}.{table}"]
        if verb == "PATCH":
            change = json.loads(body)
            self.cloud.patched.append(change)
            labels = {**there.get("labels", {}), **change.pop("labels", {})}
            there |= {**change, "labels": {key: value for key, value in labels.items() if value is not None}}
        return self._say(200, there)

    def _upload(self, verb: str, body: bytes, asked: dict[str, list[str]]) -> None:
        if verb == "POST":
            number = str(len(self.uploads))
            self.uploads[number] = (json.loads(body), bytearray())
            return self._say(200, {}, Location=f"{self.cloud.url}/upload/here?upload={number}")
        job, held = self.uploads[asked["upload"][0]]
        held += body
        whole = self.headers["Content-Range"].rpartition("/")[2]
        if whole == "*" or len(held) < int(whole):
            return self._say(308, {}, Range=f"bytes=0-{len(held) - 1}")
        return self._take(job, bytes(held))

    def _take(self, job: dict[str, Any], data: bytes) -> None:
        self.cloud.loads.append((job, data))
        if self.cloud.refusal is None:
            where = job["configuration"]["load"]["destinationTable"]
            name = f"{where['projectId']}.{where['datasetId']}.{where['tableId']}"
            before = self.cloud.tables.get(name, {}).get("labels", {})
            self.cloud.tables[name] = {"tableReference": where, "numRows": "7", "labels": before, "etag": "1"}
        self._say(200, self._job(job))

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        status: dict[str, Any] = {"state": "DONE"}
        if self.cloud.refusal is not None:
            status["errorResult"] = self.cloud.refusal
        return {**job, "status": status, "statistics": {"load": {"outputRows": "7"}}}

    def _say(self, status: int, body: dict[str, Any], **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "errors": [{"reason": "notFound", "message": message}]}}


@contextmanager
def bigquery() -> Iterator[BigQuery]:
    """It, for a while."""
    cloud = BigQuery()
    handler = type("Handler", (_Handler,), {"cloud": cloud, "uploads": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cloud.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield cloud
    server.shutdown()
    server.server_close()


def service_account(url: str, path: Path) -> Path:
    """The credentials of a machine: a key that the token's address at ``url`` takes."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    account = {
        "type": "service_account",
        "project_id": "mine",
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": "rides@mine.example.org",
        "token_uri": f"{url}/token",
    }
    path.write_text(json.dumps(account))
    return path
