"""Live status of executions: a hash that holds the last one, and pub/sub that tells of each.

Pub/sub forgets what it says while nobody listens. So a follower subscribes first, then reads the hash, and does both again after
every break: it sees the last status always, and each number once at most.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis
from backend import Backend, Connection, backend, connect_async, connect_node
from kvmon_client import AsyncClient, BreakerOpen

LIFE = 3_600
UNAVAILABLE = (BreakerOpen, redis.RedisError, OSError)

PUBLISH = """
local number = redis.call('HINCRBY', KEYS[1], 'number', 1)
redis.call('HSET', KEYS[1], 'status', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return number
"""


class Realtime:
    """Statuses of executions by id."""

    def __init__(self, server: Connection, breakers: AsyncClient, of: Backend) -> None:
        self._server = server
        self._breakers = breakers
        self._backend = of
        self._target = of.target
        self._nodes = itertools.cycle(of.nodes)

    async def tell(self, execution: str, status: str) -> bool:
        """Whether it was told; a status that could not be told is replaced by the next one anyway."""
        key = f"execution:{execution}"
        try:
            async with self._breakers.guard(self._target, "write", key=key):
                number = await self._server.eval(PUBLISH, 1, key, status, LIFE)
                await self._server.publish(key, json.dumps([number, status]))
        except UNAVAILABLE:
            return False
        return True

    async def follow(self, execution: str) -> AsyncGenerator[str, None]:
        """The status now and each one from then on, through outages."""
        key, seen = f"execution:{execution}", 0
        while True:
            try:
                async with self._listening() as channel:
                    await channel.subscribe(key)
                    async with self._breakers.guard(self._target, "read", key=key):
                        number, status = await self._server.hmget(key, "number", "status")
                    message: Any = {"data": json.dumps([int(number or 0), status])}
                    while True:
                        if message is not None:
                            number, status = json.loads(message["data"])
                            if number > seen:
                                seen = number
                                yield status
                        message = await channel.get_message(ignore_subscribe_messages=True, timeout=5.0)
                        if message is None:
                            await channel.ping()
            except UNAVAILABLE:
                verdict = self._breakers.verdict(self._target, "read", key=key)
                await asyncio.sleep(max(0.2, min(verdict.retry_after_ms / 1000, 2.0)))

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[Any]:
        """A connection of its own. A cluster carries messages to every node, so any one will do: after a break, the next."""
        async with connect_node(self._backend, *next(self._nodes)) as node, node.pubsub() as channel:
            yield channel


async def main() -> None:
    """Follow an execution that somebody else runs."""
    here = backend()
    async with AsyncClient() as breakers, connect_async(here) as server:
        await breakers.wait(2)
        live = Realtime(server, breakers, here)
        await live.tell("42", "started")
        async for status in live.follow("42"):
            print(status)
            if status == "done":
                return
            await live.tell("42", "done")


if __name__ == "__main__":
    asyncio.run(main())
