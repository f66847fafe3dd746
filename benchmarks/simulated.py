"""Thousands of servers in one process: each connection is another server, which replays what a real one said.

Replies come from a real server, asked once for each question; INFO then counts on, and differs from server to server. So many
real servers would take the whole machine, and one real server would tell each of ten thousand pollers about all the others.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import re
import socket
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import count
from random import Random

import hiredis

from benchmarks.measure import Replayed
from tests.servers.server import Server

VARIANTS = 64
"""Kinds of servers: each has its commands in another order, as real ones do."""

MOVING = re.compile(
    rb"(?m)^(server_time_usec|uptime_in_seconds|total_commands_processed|total_net_input_bytes|total_net_output_bytes|used_memory|"
    rb"used_memory_rss|used_cpu_sys|used_cpu_user|instantaneous_ops_per_sec|keyspace_hits|cmdstat_info:calls=|cmdstat_get:calls=)"
    rb"(:?)(\d+)"
)
"""What changes from one poll to the next where a server has work to do."""

_numbers = count()


class Simulated(asyncio.Protocol):
    """One server, for as long as its connection lasts."""

    def __init__(self, real: Replayed) -> None:
        self._real = real
        self._variant = next(_numbers) % VARIANTS
        self._reader = hiredis.Reader()
        self._keys: dict[bytes, bytes] = {}
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - TCP can be written to
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See Protocol."""
        self._reader.feed(data)
        replies = []
        while (words := self._reader.gets()) is not False:
            assert isinstance(words, list)  # noqa: S101 - commands are arrays
            replies.append(self._reply(tuple(words)))
        assert self._transport is not None  # noqa: S101 - it was made
        self._transport.write(b"".join(replies))

    def _reply(self, words: tuple[bytes, ...]) -> bytes:
        name = words[0].upper()
        if name == b"INFO":
            return info(self._real.reply(words), self._variant, int(time.monotonic() * 4))
        if name == b"SET":
            self._keys[words[1]] = words[2]
            return b"+OK\r\n"
        if name == b"GET":
            value = self._keys.get(words[1])
            return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)
        return self._real.reply(words)


@lru_cache(maxsize=4 * VARIANTS)
def info(reply: bytes, variant: int, tick: int) -> bytes:
    """The reply as this kind of server gives it in this quarter of a second."""
    _, _, body = reply.partition(b"\r\n")
    head, mark, rest = body.partition(b"# Commandstats\r\n")
    commands, more, tail = rest.partition(b"\r\n\r\n")
    lines = commands.split(b"\r\n")
    Random(variant).shuffle(lines)  # noqa: S311 - an order, no secret
    body = head + mark + b"\r\n".join(lines) + more + tail
    body = re.sub(rb"(?m)^run_id:.*$", b"run_id:" + hashlib.sha1(b"%d" % variant).hexdigest().encode() + b"\r", body)  # noqa: S324
    body = MOVING.sub(lambda found: b"%s%s%d" % (found[1], found[2], int(found[3]) + tick * (variant + 1) % 1_000_003), body)
    body = body.removesuffix(b"\r\n")
    return b"$%d\r\n%s\r\n" % (len(body), body)


async def serve(real: Replayed) -> None:
    """Until nobody reads what this says: its port, on the first line."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Simulated(real), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kind", default="valkey-wheel", help="which server is replayed")
    given = options.parse_args(arguments)
    from kvmon.daemon.descriptors import raise_limit
    from tests.replies.record import load

    raise_limit()
    with Server(given.kind) as server:
        with server.client() as client:
            load(client)
        with socket.create_connection(tuple(server.address.rsplit(":", 1))) as plain:  # type: ignore[arg-type] # a port as text is fine
            asyncio.run(serve(Replayed(plain)))


if __name__ == "__main__":
    main()
