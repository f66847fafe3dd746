"""Listeners on loopback that misbehave, each in one way."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket, threading.Event], None]


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def listening(behaviour: Behaviour) -> Iterator[int]:
    """The port of a listener whose every connection is handed to `behaviour`, with an event that ends it."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                behaviour(self.request, over)

    with _Listener(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield listener.server_address[1]
        finally:
            over.set()
            listener.shutdown()
            thread.join(20)


def silence(_connection: socket.socket, over: threading.Event) -> None:
    """Accepts and never answers."""
    over.wait()


def garbage(connection: socket.socket, _over: threading.Event) -> None:
    """Answers with bytes that are no reply."""
    connection.recv(1 << 16)
    connection.sendall(b"\x00\xffHTTP/1.1 400 Bad Request\r\n\r\n" * 50)


def endless_line(connection: socket.socket, over: threading.Event) -> None:
    """A status reply without an end."""
    connection.recv(1 << 16)
    connection.sendall(b"+")
    while not over.is_set():
        connection.sendall(b"x" * (1 << 16))


def huge_reply(connection: socket.socket, over: threading.Event) -> None:
    """An INFO of half a gigabyte."""
    connection.recv(1 << 16)
    connection.sendall(b"$536870912\r\n")
    while not over.is_set():
        connection.sendall(b"field:1\r\n" * 8192)


def nested(connection: socket.socket, _over: threading.Event) -> None:
    """Arrays in arrays, ten thousand deep."""
    connection.recv(1 << 16)
    connection.sendall(b"*1\r\n" * 10_000 + b":1\r\n")


def wrong_types(connection: socket.socket, over: threading.Event) -> None:
    """Numbers and nothings where texts and lists belong, for ever."""
    while not over.is_set() and connection.recv(1 << 16):
        connection.sendall(b":1\r\n$-1\r\n*-1\r\n*2\r\n:1\r\n$-1\r\n" * 20)


def slow_drip(connection: socket.socket, over: threading.Event) -> None:
    """A byte now and then: never silent long enough for a deadline of each read."""
    connection.recv(1 << 16)
    for byte in b"$100000\r\n" + b"x" * 100_000:
        if over.wait(0.1):
            return
        connection.sendall(bytes([byte]))


HOSTILE: tuple[Behaviour, ...] = (silence, garbage, endless_line, huge_reply, nested, wrong_types, slow_drip)
