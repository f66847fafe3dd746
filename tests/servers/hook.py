"""A web server that takes what is posted to it, and answers as it is told."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Got(NamedTuple):
    path: str
    headers: Mapping[str, str]
    body: bytes
    arrived: int = 0
    """Its number among all that came."""

    def json(self) -> Any:
        return json.loads(self.body)


class Answer(NamedTuple):
    """Status 0: the connection is cut without an answer."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b"ok"


class Hook:
    """Listens from its constructor on. `answer` is asked for every request, which is kept in `got` only if it gets a 2xx."""

    def __init__(self, answer: Callable[[Got], Answer] = lambda _: Answer()) -> None:
        self.got: list[Got] = []
        self.refused: list[Got] = []
        hook = self
        numbers = itertools.count()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body, next(numbers))
                said = answer(got)
                (hook.got if 200 <= said.status < 300 else hook.refused).append(got)
                if said.status == 0:
                    self.close_connection = True
                    return
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.body)))
                self.end_headers()
                self.wfile.write(said.body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass  # a client that was killed

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def bodies(self) -> list[Any]:
        return [got.json() for got in list(self.got)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)
