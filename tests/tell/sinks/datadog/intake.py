"""Datadog's API for metrics, service checks and events: refuses what the real one refuses, and fails on demand."""

from __future__ import annotations

import gzip
import json
import math
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

import zstandard

KEY = "0123456789abcdef0123456789abcdef"
LIMITS = {"/api/v2/series": (512_000, 5_242_880)}
V1 = (3_200_000, 62_914_560)
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes, "deflate": zlib.decompress, "gzip": gzip.decompress, "zstd1": zstandard.decompress,
}  # fmt: skip
TYPES = {1: "count", 2: "rate", 3: "gauge"}


class Fault(NamedTuple):
    """An answer in place of the right one; status 0: the connection is cut."""

    status: int
    headers: Mapping[str, str] = {}
    body: str = ""


class Point(NamedTuple):
    name: str
    value: float
    at: int
    kind: str
    tags: frozenset[str]
    host: str


class Wrong(Exception):
    pass


class Intake:
    """Listens until closed. `faults` are used up one a request; `now` is the wall time that points are judged by."""

    def __init__(self, now: Callable[[], float] = time.time, *, key: str = KEY) -> None:
        self.now = now
        self.key = key
        self.points: list[Point] = []
        self.checks: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.statuses: list[int] = []
        self.encodings: list[str] = []
        self.late: list[Point] = []
        """Points that were answered with 202 and are not kept, as they are too old or too new."""
        intake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                fault = intake._fault()
                if fault is not None and fault.status == 0:
                    intake.statuses.append(0)
                    self.close_connection = True
                    return
                answer = fault or intake._take(self.path, dict(self.headers), content)
                intake.statuses.append(answer.status)
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def named(self, name: str, **tags: str) -> list[Point]:
        wanted = {f"{key}:{value}" for key, value in tags.items()}
        return [each for each in list(self.points) if each.name == name and wanted <= each.tags]

    def _fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else None

    def _take(self, path: str, headers: Mapping[str, str], content: bytes) -> Fault:
        raw, plain = LIMITS.get(path, V1)
        if headers.get("DD-API-KEY") != self.key:
            return Fault(403, body='{"errors":["Forbidden"]}')
        try:
            encoding = headers.get("Content-Encoding", "identity")
            self.encodings.append(encoding)
            text = DECODE[encoding](content)
            if len(content) > raw or len(text) > plain:
                return Fault(413, body='{"errors":["Payload too large"]}')
            data = json.loads(text, parse_constant=_no_constant)
            match path:
                case "/api/v2/series":
                    found = [_point(each) for each in data["series"]]
                    fresh = [each for each in found if -600 <= self.now() - each.at <= 3600]
                    self.points += fresh
                    self.late += [each for each in found if each not in fresh]
                case "/api/v1/check_run":
                    self.checks += [_check(each) for each in (data if isinstance(data, list) else [data])]
                case "/api/v1/events":
                    self.events.append(_event(data))
                case _:
                    return Fault(404, body='{"errors":["Not found"]}')
        except (Wrong, KeyError, ValueError, TypeError, zlib.error, zstandard.ZstdError, OSError) as error:
            return Fault(400, body=json.dumps({"errors": [f"{type(error).__name__}: {error}"]}))
        return Fault(202, body='{"errors":[]}' if path in LIMITS else '{"status":"ok"}')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(20)
        self._server.server_close()


def _no_constant(name: str) -> float:
    raise Wrong(f"{name} is no JSON")


def _require(condition: bool, what: object) -> None:
    if not condition:
        raise Wrong(str(what))


def _tags(tags: list[str]) -> frozenset[str]:
    _require(all(isinstance(tag, str) and 0 < len(tag) <= 200 for tag in tags), tags)
    return frozenset(tags)


def _point(data: dict[str, Any]) -> Point:
    _require(set(data) <= {"metric", "type", "interval", "points", "tags", "resources", "unit", "source_type_name"}, data)
    _require(data["type"] in TYPES, data["type"])
    _require(isinstance(data["metric"], str) and 0 < len(data["metric"]) <= 200, data["metric"])
    _require(data["type"] != 2 or data["interval"] > 0, "a rate without an interval")
    (point,) = data["points"]
    _require(isinstance(point["timestamp"], int) and math.isfinite(point["value"]), point)
    (resource,) = data["resources"]
    _require(resource["type"] == "host", resource)
    return Point(data["metric"], point["value"], point["timestamp"], TYPES[data["type"]], _tags(data["tags"]), resource["name"])


def _check(data: dict[str, Any]) -> dict[str, Any]:
    _require(set(data) <= {"check", "host_name", "status", "tags", "timestamp", "message"}, data)
    _require(data["status"] in (0, 1, 2, 3) and isinstance(data["host_name"], str) and bool(data["check"]), data)
    return {**data, "tags": _tags(data["tags"])}


def _event(data: dict[str, Any]) -> dict[str, Any]:
    _require(len(data["title"]) <= 100 and len(data["text"]) <= 4000 and len(data["aggregation_key"]) <= 100, data)
    _require(data["alert_type"] in ("error", "warning", "info", "success"), data)
    return {**data, "tags": _tags(data["tags"])}
