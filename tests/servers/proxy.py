"""A way to a server that can go wrong: bytes that are swallowed, come late or one by one, connections that are cut."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from typing import Self

PIECE = 1 << 16


class Proxy(socketserver.ThreadingTCPServer):
    """Between clients and the server's port. Its attributes may be changed at any moment.

    `swallows`: nothing goes through any more, and nobody is told (half-open TCP); `delay` seconds for each answer; `drips`:
    answers come byte by byte, `delay` seconds apart.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        self.behind = port
        self.swallows = self.drips = False
        self.delay = 0.0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def cut(self) -> None:
        """End every connection that is open now."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """Let everything through; what was swallowed is lost, with its connections."""
        self.swallows = self.drips = False
        self.delay = 0.0
        self.cut()

    @contextlib.contextmanager
    def holding(self, *sockets: socket.socket):  # type: ignore[no-untyped-def]  # noqa: ANN201 - of no interest to tests
        with self._lock:
            self._open.update(sockets)
        try:
            yield
        finally:
            with self._lock:
                self._open.difference_update(sockets)

    def pump(self, source: socket.socket, sink: socket.socket, *, answers: bool) -> None:
        """Carry bytes until either side ends."""
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                if self.swallows:
                    continue
                if answers and self.drips:
                    for byte in data:
                        time.sleep(self.delay)
                        sink.sendall(bytes([byte]))
                    continue
                if answers and self.delay:
                    time.sleep(self.delay)
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self.shutdown()
        self._thread.join(20)
        self.server_close()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        proxy = self.server
        assert isinstance(proxy, Proxy)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", proxy.behind), timeout=20) as server:
            server.settimeout(None)
            client: socket.socket = self.request
            with proxy.holding(client, server):
                back = threading.Thread(target=proxy.pump, args=(server, client), kwargs={"answers": True}, daemon=True)
                back.start()
                proxy.pump(client, server, answers=False)
                back.join(20)
