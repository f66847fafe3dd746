"""A cluster full of keys whose numbers are known, and what the servers say that they weigh."""

from __future__ import annotations

import socket
from binascii import crc_hqx
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import hiredis

from tests.servers.cluster import SLOTS
from tests.servers.server import HOST, Server

Command = tuple[str | int, ...]

FLUSH = 1 << 20
"""Bytes that are sent at once."""

_TEXT = "x" * 1000
_DAY = 86_400

WEIGH = """
local cursor, sums = ARGV[1], {}
for i = 2, #ARGV do sums[i - 1] = 0 end
local found = redis.call('SCAN', cursor, 'COUNT', 2000)
for _, key in ipairs(found[2]) do
  for i = 2, #ARGV do
    if string.sub(key, 1, #ARGV[i]) == ARGV[i] then sums[i - 1] = sums[i - 1] + redis.call('MEMORY', 'USAGE', key) end
  end
end
return {found[1], sums}
"""
"""Some steps of adding up MEMORY USAGE of all keys by the beginnings of their names."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Keys of one purpose: the share of all that they are, and the commands that make the one of a number."""

    prefix: str
    share: float
    make: Callable[[str, int], Command]
    expiring: Callable[[int], bool] = lambda _: True


def _text(least: int, most: int) -> Callable[[str, int], Command]:
    return lambda name, number: ("SET", name, _TEXT[: least + number * 7919 % (most - least)])


def _fields(name: str, number: int) -> Command:
    return ("HSET", name, *(word for field in range(1 + number % 8) for word in (f"field:{field}", _TEXT[: number % 60])))


def _items(name: str, number: int) -> Command:
    return ("RPUSH", name, *(_TEXT[: item % 30] for item in range(1 + number % 40)))


KINDS = (
    Kind("session:", 0.5, _text(0, 200), lambda number: number % 20 != 0),
    Kind("api:", 0.3, _text(20, 520)),
    Kind("rate:", 0.12, lambda name, number: ("SET", name, number % 100)),
    Kind("execution:", 0.05, _fields, lambda number: number % 2 == 0),
    Kind("queue:", 0.01, _items, lambda _: False),
    Kind("else:", 0.02, _text(5, 50), lambda _: False),
)
"""Shares add up to one."""


def numbers(keys: int) -> dict[str, int]:
    """How many keys of each prefix there are among so many."""
    return {kind.prefix: round(keys * kind.share) for kind in KINDS}


def commands(keys: int) -> Iterator[tuple[str, Command]]:
    """What fills a key space, with the key of each."""
    for kind, count in zip(KINDS, numbers(keys).values(), strict=True):
        for number in range(count):
            name = f"{kind.prefix}{number}"
            yield name, kind.make(name, number)
            if kind.expiring(number):
                yield name, ("EXPIRE", name, _DAY + number % _DAY)


class Pipe:
    """Commands to one server whose replies nobody waits for."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection((HOST, server.port), timeout=120)
        self._buffer = bytearray(hiredis.pack_command(("CLIENT", "REPLY", "OFF")))  # type: ignore[arg-type]  # its stub knows one word only

    def send(self, command: Command) -> None:
        """At some time."""
        self._buffer += hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub knows one word only
        if len(self._buffer) >= FLUSH:
            self._flush()

    def close(self) -> None:
        """When all was done."""
        self._buffer += hiredis.pack_command(("CLIENT", "REPLY", "ON"))  # type: ignore[arg-type]  # its stub knows one word only
        self._flush()
        answer = self._socket.recv(64)
        assert answer == b"+OK\r\n", answer  # noqa: S101 - a refusal would have been said too
        self._socket.close()

    def _flush(self) -> None:
        self._socket.sendall(self._buffer)
        self._buffer.clear()


def fill(primaries: Sequence[Server], keys: int) -> None:
    """So many keys, each at its shard of a cluster as `tests.servers.cluster` forms it. Raises AssertionError."""
    pipes = [Pipe(server) for server in primaries]
    count = len(primaries)
    ends = [SLOTS * (place + 1) // count for place in range(count)]
    owner = [next(place for place, end in enumerate(ends) if slot < end) for slot in range(SLOTS)]
    for name, command in commands(keys):
        pipes[owner[crc_hqx(name.encode(), 0) % SLOTS]].send(command)
    for pipe in pipes:
        pipe.close()
    there = sum(server.command("DBSIZE") for server in primaries)
    assert there == sum(numbers(keys).values()), f"{there} keys are there"  # noqa: S101 - what follows would be wrong


def weights(primaries: Sequence[Server]) -> Mapping[str, int]:
    """Bytes of all keys by prefix, as the servers say them, in steps of some milliseconds."""
    prefixes = [kind.prefix for kind in KINDS]
    total = dict.fromkeys(prefixes, 0)
    for server in primaries:
        with server.client(timeout=120) as client:
            cursor = "0"
            while True:
                cursor, sums = client.command("EVAL", WEIGH, 0, cursor, *prefixes)
                for prefix, more in zip(prefixes, sums, strict=True):
                    total[prefix] += more
                if cursor == "0":
                    break
    return total
