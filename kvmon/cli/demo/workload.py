"""A made-up application: sessions, a cache that misses, a queue, a leaderboard, and now and then something slow or wrong."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Sequence

from kvmon.clock import SystemClock
from kvmon.errors import TargetError
from kvmon.model.conversation import Command
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.wire import Connection

Part = Callable[["Client"], Awaitable[None]]

KEYS = 20_000
DAY = 120.0
"""Seconds of a made-up day: traffic rises and falls in it."""

# Bounded: some milliseconds of the server's time.
SLOW = "local n = 0 for i = 1, tonumber(ARGV[1]) do n = n + i end return n"


class Client:
    """One connection of the made-up application; it connects again when its connection is lost."""

    def __init__(self, name: str, port: int) -> None:
        self.clock = SystemClock()
        self.chance = random.Random(name)  # noqa: S311 - no secret depends on it
        self._name = name
        self._connection = Connection(Node(Target("demo", ()), Address("127.0.0.1", port)), clock=self.clock)

    async def send(self, commands: Sequence[Command], patience: float = 10.0) -> None:
        """Send a pipeline; error replies are part of the show."""
        if not self._connection.connected:
            await self._connection.connect(patience)
            await self._connection.ask([("CLIENT", "SETNAME", self._name)], patience)
        await self._connection.ask(commands, patience)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


async def work(primary: int, replica: int) -> None:
    """Run every part until cancelled."""
    parts: tuple[tuple[str, int, Part], ...] = (
        ("web", primary, _pages),
        ("sessions", primary, _sessions),
        ("reader", replica, _reads),
        ("producer", primary, _produce),
        ("consumer", primary, _consume),
        ("reports", primary, _reports),
        ("intruder", primary, _mistakes),
    )
    async with asyncio.TaskGroup() as group:
        for name, port, part in parts:
            group.create_task(_forever(name, port, part))


async def _forever(name: str, port: int, part: Part) -> None:
    client = Client(name, port)
    try:
        while True:
            try:
                await part(client)
            except TargetError:
                await asyncio.sleep(1.0)
    finally:
        await client.close()


def _crowd(client: Client, most: int) -> int:
    """How many now: between a fifth and all, with the time of the made-up day."""
    return max(1, round(most * (0.6 + 0.4 * math.sin(client.clock.monotonic() * 2 * math.pi / DAY))))


def _popular(client: Client) -> int:
    return min(KEYS - 1, int(client.chance.paretovariate(0.35)))


async def _pages(client: Client) -> None:
    """A cache in front of something: reads, and writes of what was missed; large values, so that memory fills and evicts."""
    numbers = [_popular(client) for _ in range(_crowd(client, 40))]
    writes = [number for number in numbers if client.chance.random() < 0.25]
    commands: list[Command] = [("GET", f"page:{number}") for number in numbers]
    commands += [("SET", f"page:{number}", "x" * client.chance.randint(200, 6000), "EX", 300) for number in writes]
    await client.send(commands)
    await asyncio.sleep(0.1)


async def _sessions(client: Client) -> None:
    """Hashes with short lives, a leaderboard, a set of who is here, keys without a TTL."""
    commands: list[Command] = []
    for _ in range(_crowd(client, 10)):
        user = client.chance.randrange(2_000)
        commands += [
            ("HSET", f"session:{user}", "seen", user, "cart", client.chance.randrange(9)),
            ("EXPIRE", f"session:{user}", client.chance.choice((2, 5, 60))),
            ("ZINCRBY", "leaderboard", client.chance.randrange(10), f"user:{user}"),
            ("SADD", "online", user),
            ("SREM", "online", client.chance.randrange(2_000)),
            ("SET", f"profile:{user}", "p" * 64),
        ]
    await client.send(commands)
    await asyncio.sleep(0.2)


async def _reads(client: Client) -> None:
    """Reads from the replica."""
    await client.send([("GET", f"page:{_popular(client)}") for _ in range(_crowd(client, 20))])
    await asyncio.sleep(0.2)


async def _produce(client: Client) -> None:
    """A job now and then, an entry in a stream, a message to whoever listens."""
    await client.send([
        ("LPUSH", "jobs", client.chance.randrange(1_000)),
        ("XADD", "events", "MAXLEN", "~", 1_000, "*", "kind", "job"),
        ("PUBLISH", "news", "job"),
    ])  # fmt: skip
    await asyncio.sleep(client.chance.uniform(0.5, 3.0))


async def _consume(client: Client) -> None:
    """Waits for jobs: a blocked client most of the time."""
    await client.send([("BRPOP", "jobs", 5)], patience=15.0)


async def _reports(client: Client) -> None:
    """Something slow, and a fork."""
    await client.send([("EVAL", SLOW, 0, client.chance.randint(800_000, 1_600_000)), ("ZRANGE", "leaderboard", 0, -1)])
    if client.chance.random() < 0.1:
        await client.send([("BGSAVE",)])
    await asyncio.sleep(client.chance.uniform(2.0, 6.0))


async def _mistakes(client: Client) -> None:
    """A wrong type, a wrong password."""
    await client.send([("SET", "text", "x"), ("LPUSH", "text", "y"), ("AUTH", "nobody", "guess")])
    await asyncio.sleep(client.chance.uniform(3.0, 8.0))
