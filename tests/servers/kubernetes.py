"""The API of Kubernetes as kvmon meets it, over TLS: lists in pages, watches, versions that are forgotten, tokens that end."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from tests.servers.tls import Certificates

Item = dict[str, Any]
KINDS = {"pods": "Pod", "services": "Service"}
FORBIDDEN = "pods is forbidden: User kvmon cannot list resource"


class Change(NamedTuple):
    version: int
    plural: str
    before: Item | None
    after: Item | None


class KubernetesApi:
    """Holds Services and Pods. `tokens` are those that are good; `asked` counts what was asked, by verb and plural."""

    def __init__(self, certificates: Certificates) -> None:
        self.tokens = {"one"}
        self.asked: Counter[str] = Counter()
        self.seen: list[str] = []
        self.forbidden: set[str] = set()
        self._items: dict[tuple[str, str, str], Item] = {}
        self._changes: list[Change] = []
        self._version = self._oldest = 100
        self._epoch = 0
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that left
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates["server.pem"], certificates["server.key"])
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def pod(self, name: str, port: int = 6379, *, namespace: str = "web", phase: str = "Running", **about: Any) -> None:
        """Add or change a Pod; `about` are annotations (as `kvmon/…`), but for `labels`."""
        spec = {"containers": [{"name": "redis", "ports": [{"containerPort": port}]}]}
        self._put("pods", namespace, name, about, {"spec": spec, "status": {"phase": phase, "podIP": "127.0.0.1"}})

    def service(self, name: str, *ports: int, namespace: str = "web", **about: Any) -> None:
        """Add or change a Service."""
        self._put("services", namespace, name, about, {"spec": {"ports": [{"port": port} for port in ports]}})

    def delete(self, plural: str, name: str, namespace: str = "web") -> None:
        with self._news:
            self._change(plural, (plural, namespace, name), None)

    def forget(self) -> None:
        """What changed up to now can be told to nobody any more; watches are cut."""
        with self._news:
            self._oldest = self._version + 1
            self._version += 1
        self.cut()

    def cut(self) -> None:
        """Break every watch."""
        with self._news:
            self._epoch += 1
            self._news.notify_all()

    def _put(self, plural: str, namespace: str, name: str, about: dict[str, Any], more: Item) -> None:
        labels = about.pop("labels", {})
        annotations = {f"kvmon/{key}": value for key, value in about.items()}
        with self._news:
            metadata = {"name": name, "namespace": namespace, "annotations": annotations, "labels": labels}
            self._change(plural, (plural, namespace, name), {"metadata": metadata, **more})

    def _change(self, plural: str, key: tuple[str, str, str], item: Item | None) -> None:
        self._version += 1
        before = self._items.pop(key, None)
        if item is not None:
            item["metadata"]["resourceVersion"] = str(self._version)
            self._items[key] = item
        self._changes.append(Change(self._version, plural, before, item))
        self._news.notify_all()

    def page(self, plural: str, namespace: str, asked: dict[str, str]) -> tuple[int, Item]:
        self.asked[f"list {plural}"] += 1
        with self._news:
            since, _, start = asked.get("continue", f"{self._version}:0").partition(":")
            if int(since) < self._oldest:
                return 410, status(410, "The provided continue parameter is too old")
            found = [item for key, item in sorted(self._items.items()) if key[0] == plural and _fits(item, namespace, asked)]
        begin, limit = int(start), int(asked.get("limit", "0")) or len(found)
        more = {"continue": f"{since}:{begin + limit}"} if begin + limit < len(found) else {}
        return 200, {
            "kind": f"{KINDS[plural]}List",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": since, **more},
            "items": found[begin : begin + limit],
        }

    def events(self, plural: str, namespace: str, asked: dict[str, str]) -> Iterator[Item | None]:
        """Those that follow; None where the watch is cut."""
        self.asked[f"watch {plural}"] += 1
        end = time.monotonic() + float(asked.get("timeoutSeconds", "60"))
        with self._news:
            seen, epoch = int(asked["resourceVersion"]), self._epoch
            if seen < self._oldest:
                yield {"type": "ERROR", "object": status(410, f"too old resource version: {seen}")}
                return
            while time.monotonic() < end:
                for change in self._changes:
                    if change.version > seen and change.plural == plural:
                        event = _event(change, namespace, asked)
                        if event is not None:
                            yield event
                seen = self._version
                yield {"type": "BOOKMARK", "object": {**_kind(plural), "metadata": {"resourceVersion": str(seen)}}}
                self._news.wait(0.5)
                if self._epoch != epoch:
                    yield None
                    return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._server.shutdown()
        self._thread.join(20)
        self._server.server_close()


def _kind(plural: str) -> Item:
    return {"kind": KINDS[plural], "apiVersion": "v1"}


def status(code: int, message: str) -> Item:
    return {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "code": code,
        "reason": {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 422: "Invalid"}[code],
    }  # fmt: skip


def _fits(item: Item | None, namespace: str, asked: dict[str, str]) -> bool:
    if item is None or (namespace and item["metadata"]["namespace"] != namespace):
        return False
    wanted = (term.partition("=") for term in asked.get("labelSelector", "").split(",") if term)
    return all(item["metadata"]["labels"].get(name) == value for name, _, value in wanted)


def _event(change: Change, namespace: str, asked: dict[str, str]) -> Item | None:
    """As a watch with a selector tells it: what no longer fits was deleted."""
    before, after = (_fits(item, namespace, asked) for item in (change.before, change.after))
    if after and change.after is not None:
        return {"type": "MODIFIED" if before else "ADDED", "object": {**_kind(change.plural), **change.after}}
    if before and change.before is not None:
        metadata = {**change.before["metadata"], "resourceVersion": str(change.version)}
        return {"type": "DELETED", "object": {**_kind(change.plural), **change.before, "metadata": metadata}}
    return None


def _question(path: str) -> tuple[str, str, dict[str, str]]:
    """Plural, namespace ("": all) and parameters."""
    parts = urlsplit(path)
    *before, plural = parts.path.removeprefix("/api/v1/").split("/")
    return plural, before[1] if before else "", {name: values[-1] for name, values in parse_qs(parts.query).items()}


def _stream(to: BaseHTTPRequestHandler, events: Iterator[Item | None]) -> None:
    to.send_response(200)
    to.send_header("Content-Type", "application/json")
    to.send_header("Transfer-Encoding", "chunked")
    to.end_headers()
    with suppress(OSError):
        for event in events:
            if event is None:
                to.close_connection = True
                return
            line = json.dumps(event).encode() + b"\n"
            half = len(line) // 2  # an event may come in pieces
            for piece in (line[:half], line[half:]):
                to.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                to.wfile.flush()
        to.wfile.write(b"0\r\n\r\n")


def _handler(api: KubernetesApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            plural, namespace, asked = _question(self.path)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            api.seen.append(token)
            if token not in api.tokens:
                self._answer(401, status(401, "Unauthorized"))
            elif namespace in api.forbidden:
                self._answer(403, status(403, FORBIDDEN))
            elif "sendInitialEvents" in asked:  # of a newer API
                self._answer(422, status(422, "sendInitialEvents is forbidden for watch"))
            elif asked.get("watch") in ("true", "1"):
                _stream(self, api.events(plural, namespace, asked))
            else:
                self._answer(*api.page(plural, namespace, asked))

        def _answer(self, code: int, body: Item) -> None:
            text = json.dumps(body).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
