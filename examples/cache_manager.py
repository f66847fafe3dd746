"""A cache that never makes anything fail or wait: what it cannot tell in time is computed.

Three kinds of values, each with its own life time: answers of APIs, analyses of code, answers of AI models.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import redis
from backend import Connection, backend, connect_async
from kvmon_client import AsyncClient, BreakerOpen

LIFE = {"api": 300, "code": 3_600, "ai": 86_400}
"""Seconds, by kind."""

UNAVAILABLE = (BreakerOpen, redis.RedisError)

Compute = Callable[[], Awaitable[Any]]


class CacheManager:
    """Values are JSON. What several ask for at once is computed once in this process."""

    def __init__(self, server: Connection, breakers: AsyncClient, target: str) -> None:
        self._server = server
        self._breakers = breakers
        self._target = target
        self._running: dict[str, asyncio.Task[Any]] = {}

    async def get(self, kind: str, question: object, compute: Compute) -> Any:
        """The value for this question, from the cache or computed; what `compute` raises is raised."""
        key = f"cache:{kind}:{hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()}"
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._find(key, kind, compute))
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)  # one who asks may be cancelled without harm to the others

    async def _find(self, key: str, kind: str, compute: Compute) -> Any:
        found = await self._read(key)
        if found is not None:
            return json.loads(found)
        value = await compute()
        await self._write(key, json.dumps(value), LIFE[kind])
        return value

    async def _read(self, key: str) -> str | None:
        try:
            async with self._breakers.guard(self._target, "read", key=key):
                found: str | None = await self._server.get(key)
                return found
        except UNAVAILABLE:
            return None

    async def _write(self, key: str, text: str, life: int) -> None:
        try:
            async with self._breakers.guard(self._target, "write", key=key):
                await self._server.set(key, text, ex=round(life * random.uniform(0.9, 1.1)))  # not all end at once
        except UNAVAILABLE:
            pass  # the next one who asks computes it again


async def main() -> None:
    """Ask the same twice."""
    here = backend()
    async with AsyncClient() as breakers, connect_async(here) as server:
        await breakers.wait(2)
        cache = CacheManager(server, breakers, here.target)

        async def answer() -> dict[str, str]:
            print("computing")
            return {"text": "42"}

        for _ in range(2):
            print(await cache.get("ai", {"model": "m", "prompt": "what?"}, answer))


if __name__ == "__main__":
    asyncio.run(main())
