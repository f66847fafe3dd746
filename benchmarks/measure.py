"""What a process costs and how long a page takes."""

from __future__ import annotations

import contextlib
import http.client
import socket
import statistics
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import hiredis

from tests.servers.server import Server


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process, in nanosecond steps: the usual clock's 10 ms are forty polls."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Traffic(NamedTuple):
    """What a server has seen so far."""

    reads: int
    connections: int
    infos: int
    cpu: float

    @classmethod
    def of(cls, server: Server) -> Traffic:
        """What it says now, by INFO on a new connection."""
        with server.client() as client:
            text = client.command("INFO", "everything")
        fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        calls = fields.get("cmdstat_info", "calls=0").partition(",")[0].removeprefix("calls=")
        return cls(
            int(fields["total_reads_processed"]), int(fields["total_connections_received"]), int(calls), cpu_seconds(server.pid)
        )

    def since(self, earlier: Traffic) -> Traffic:
        """The difference, without the one connection and INFO that looking cost."""
        return Traffic(
            self.reads - earlier.reads - 1,
            self.connections - earlier.connections - 1,
            self.infos - earlier.infos - 1,
            self.cpu - earlier.cpu,
        )


@contextmanager
def load(server: Server, *, per_second: float = 200.0) -> Iterator[None]:
    """Reads and writes of some kinds, so that the numbers of INFO move."""
    over = threading.Event()

    def work() -> None:
        commands = (
            ("SET", "a", "1", "EX", 60), ("GET", "a"), ("GET", "none"), ("INCR", "n"), ("LPUSH", "l", "x"), ("LTRIM", "l", 0, 99),
            ("HSET", "h", "f", "v"), ("HGETALL", "h"), ("ZADD", "z", 1, "m"), ("ZRANGE", "z", 0, -1),
            ("EXPIRE", "a", 30), ("DEL", "a"),
        )  # fmt: skip
        with server.client() as client:
            number = 0
            while not over.wait(1 / per_second):
                client.command(*commands[number % len(commands)])
                number += 1

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


class Latency(NamedTuple):
    """Milliseconds."""

    p50: float
    p99: float


def latency(url: str, requests: int, *, kept: bool) -> Latency:
    """Of whole answers, over one kept connection or a new one each time."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    took = []
    for number in range(requests + 3):
        begun = time.perf_counter()
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        answer.read()
        if not kept:
            connection.close()
        if number >= 3:  # the first ones warm up
            took.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return Latency(statistics.median(took), statistics.quantiles(took, n=100, method="inclusive")[98])


class Replayed:
    """The bytes of a real server's replies: each question is asked once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._known: dict[tuple[bytes, ...], bytes] = {}

    def reply(self, words: tuple[bytes, ...]) -> bytes:
        """What it said."""
        found = self._known.get(words)
        if found is None:
            found = self._known[words] = self._asked(words)
        return found

    def _asked(self, words: tuple[bytes, ...]) -> bytes:
        self._socket.sendall(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub knows one word only
        reader, found = hiredis.Reader(), b""
        while reader.gets() is False:
            received = self._socket.recv(1 << 16)
            found += received
            reader.feed(received)
        return found
